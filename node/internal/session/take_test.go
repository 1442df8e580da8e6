package session

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

func (b *browser) takeOff(how protocol.TakeHow, documents ...protocol.DocumentKey) uint32 {
	b.t.Helper()
	b.request++
	b.send(protocol.Take{Request: b.request, Generation: b.generation, How: how, Documents: documents})
	return b.request
}

// allowing is a world whose operator allows everything.
func allowing(t *testing.T, script func(t *testing.T, w *world)) {
	t.Helper()
	scripted(t, func(t *testing.T, w *world) {
		w.service.cfg.Policy.Print, w.service.cfg.Policy.Copy = true, true
		script(t, w)
	})
}

// What is taken off the screen is recorded before it may be: how, and whose it is.
func TestTake(t *testing.T) {
	allowing(t, func(t *testing.T, w *world) {
		w.putUsual()
		w.consent("one", 0)
		b := watching(w)
		before := len(w.log())
		w.set(func() {
			w.before = func(command.Command) {
				if n := b.told(protocol.KindTaken); n != len(w.log())-before {
					t.Errorf("let go of %d, recorded %d", n, len(w.log())-before)
				}
			}
		})
		for i, c := range []struct {
			how       protocol.TakeHow
			documents []protocol.DocumentKey
			activity  record.Activity
			owners    string
		}{
			{protocol.TakePrint, nil, record.Printed, ownUnit + " " + sameUnit + " " + otherUnit},
			{protocol.TakeCopy, []protocol.DocumentKey{w.key(otherDoc)}, record.Copied, otherUnit},
			{protocol.TakeSave, []protocol.DocumentKey{w.key(sameDoc), w.key(ownDoc), w.key(ownDoc)}, record.Saved, ownUnit + " " + sameUnit},
		} {
			asked := b.takeOff(c.how, c.documents...)
			got := expect[protocol.Taken](b)
			e := w.log()[before+i]
			var owners []string
			for _, r := range e.Scope.Resources {
				owners = append(owners, r.CareUnit)
			}
			if got.Request != asked || got.ID != text(e.ID) || e.Activity != c.activity || !e.Decision.Permit || strings.Join(owners, " ") != c.owners {
				t.Errorf("%v: answered %+v, recorded %v of %q", c.how, got, e.Activity, owners)
			}
			if one := len(c.documents) == 1; one != (e.Scope.Document != protocol.DocumentKey{}) || !slices.Equal(e.Scope.Contracts, []uint8{uint8(protocol.Diagnosis)}) {
				t.Errorf("%v: recorded %+v", c.how, e.Scope)
			}
		}
		b.hangUp()
	})
}

// What the operator does not allow is not done, and that it was asked for is recorded.
func TestPolicy(t *testing.T) {
	for _, c := range []struct {
		policy Policy
		how    protocol.TakeHow
		fault  protocol.Fault
	}{
		{Policy{}, protocol.TakePrint, protocol.FaultPolicy},
		{Policy{}, protocol.TakeCopy, protocol.FaultPolicy},
		{Policy{}, protocol.TakeSave, protocol.FaultPolicy},
		{Policy{Print: true}, protocol.TakePrint, 0},
		{Policy{Print: true}, protocol.TakeCopy, protocol.FaultPolicy},
		{Policy{Print: true}, protocol.TakeSave, protocol.FaultPolicy},
		{Policy{Copy: true}, protocol.TakePrint, protocol.FaultPolicy},
		{Policy{Copy: true}, protocol.TakeCopy, 0},
		{Policy{Copy: true}, protocol.TakeSave, 0},
		{Policy{Print: true, Copy: true}, 0, protocol.FaultMalformed},
	} {
		scripted(t, func(t *testing.T, w *world) {
			w.service.cfg.Policy = c.policy
			w.putUsual()
			b := watching(w)
			b.takeOff(c.how)
			if c.fault == 0 {
				expect[protocol.Taken](b)
			} else {
				f := b.refusedWith(c.fault)
				log := w.log()
				if last := log[len(log)-1]; c.fault == protocol.FaultPolicy && (len(log) != 3 || last.Decision.Permit || text(last.ID) != f.ID || last.Scope.Resources != nil) {
					t.Errorf("%+v, %v: recorded %+v", c.policy, c.how, last)
				}
			}
			b.hangUp()
		})
	}
}

// What is not in the view cannot be taken, whatever the reason.
func TestTakeOfWhatIsNotShown(t *testing.T) {
	allowing(t, func(t *testing.T, w *world) {
		w.putUsual()
		w.put(doc{protocol.CareContacts, "c", ownProvider, ownUnit, "kontakt"})
		w.consent("one", 0)
		w.block("b")
		b := dial(w).greet(commission)
		b.takeOff(protocol.TakePrint)
		b.refusedWith(protocol.FaultNotOpen)
		b.hangUp()
		b = watching(w)
		var told []protocol.Refused
		for _, d := range []doc{otherDoc, lostDoc, {protocol.Diagnosis, "nothing", ownProvider, ownUnit, ""}, {protocol.CareContacts, "c", ownProvider, ownUnit, ""}} {
			b.takeOff(protocol.TakePrint, w.key(ownDoc), w.key(d))
			told = append(told, b.refusedWith(protocol.FaultNotFound))
		}
		for i, e := range w.log()[2:] {
			if e.Decision.Permit || text(e.ID) != told[i].ID {
				t.Errorf("refused %+v, recorded %+v", told[i], e.Decision)
			}
		}
		w.put(doc{protocol.Diagnosis, "later", ownProvider, "SE1000000001-U7", "av en annan enhet"})
		b.quiet()
		b.takeOff(protocol.TakePrint, w.key(doc{protocol.Diagnosis, "later", "", "", ""}))
		b.refusedWith(protocol.FaultNotFound)
		b.send(protocol.Take{Request: 99, Generation: b.generation + 1, How: protocol.TakePrint})
		b.refusedWith(protocol.FaultNotFound)
		b.hangUp()
	})
}

// P3: what loses its ground while it is recorded is not let go of.
func TestTakeOfWhatIsTakenAway(t *testing.T) {
	for what, c := range map[string]struct {
		happens func(w *world)
		list    bool
	}{
		"the document is blocked":   {func(w *world) { w.block("b") }, false},
		"one of the list is":        {func(w *world) { w.block("b") }, true},
		"the document is removed":   {func(w *world) { w.replace(protocol.Diagnosis, ownDoc) }, false},
		"the patient is not cared ": {func(w *world) { w.unrelate() }, true},
	} {
		t.Run(what, func(t *testing.T) {
			allowing(t, func(t *testing.T, w *world) {
				w.consent("one", 0)
				w.put(ownDoc, otherDoc)
				b := watching(w)
				var documents []protocol.DocumentKey
				if !c.list {
					documents = append(documents, w.key(otherDoc))
				}
				w.once(command.KindRecordAccess, func() { c.happens(w) })
				b.takeOff(protocol.TakePrint, documents...)
				synctest.Wait()
				refused := 0
				for _, f := range b.beats(time.Second) {
					switch f := f.(type) {
					case protocol.Taken:
						t.Errorf("let go of %+v", f)
					case protocol.Refused:
						refused++
					}
				}
				if refused != 1 {
					t.Errorf("refused %d times", refused)
				}
				b.hangUp()
			})
		})
	}
}

func TestTakesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(l *Limits) { l.InFlight = 2 })
		w.putUsual()
		b := watching(w)
		w.set(func() { w.dead = true })
		b.takeOff(protocol.TakePrint)
		b.takeOff(protocol.TakePrint)
		third := b.takeOff(protocol.TakePrint)
		if f := b.refusedWith(protocol.FaultBusy); f.Request != third {
			t.Errorf("refused %+v", f)
		}
		b.refusedWith(protocol.FaultNoQuorum)
		b.refusedWith(protocol.FaultNoQuorum)
		b.hangUp()
	})
}

// thinking keeps what users think.
type thinking struct {
	kept []protocol.Feedback
	err  error
}

func (k *thinking) Add(f protocol.Feedback) (string, error) {
	if k.err != nil {
		return "", k.err
	}
	k.kept = append(k.kept, f)
	return fmt.Sprint("F", len(k.kept)), nil
}

// What a user thinks is kept, so often an hour, and neither the log nor the record of
// access hears of it.
func TestFeedback(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		kept := &thinking{}
		w.service.cfg.Policy.Feedback = kept
		b := dial(w).greet(commission)
		for i := range feedbackPerHour {
			b.send(protocol.Feedback{Request: uint32(i), Page: "overview", Grade: 4, Text: "Listan hoppar"})
			if got := expect[protocol.Thanked](b); got.Request != uint32(i) || got.ID != fmt.Sprint("F", i+1) {
				t.Errorf("thanked %+v", got)
			}
		}
		b.send(protocol.Feedback{Grade: 1})
		b.refusedWith(protocol.FaultBusy)
		b.beats(time.Hour)
		b.send(protocol.Feedback{Grade: 1})
		expect[protocol.Thanked](b)
		for _, text := range []string{"", "Anna 191212-1212", strings.Repeat("a", 301)} {
			b.send(protocol.Feedback{Text: text})
			b.refusedWith(protocol.FaultFeedback)
		}
		b.hangUp()
		if len(kept.kept) != feedbackPerHour+1 || len(w.log()) != 0 {
			t.Errorf("%d are kept, %d entries", len(kept.kept), len(w.log()))
		}
		for _, secret := range []string{"hoppar", "191212", "F1"} {
			if strings.Contains(w.logged.String(), secret) {
				t.Errorf("%q is logged", secret)
			}
		}
		if n, failed := w.service.Requests().Feedback.Read(); n != feedbackPerHour+5 || failed != 0 {
			t.Errorf("%d asked, %d failed", n, failed)
		}
	})
}

// many is a node that takes no more.
type many struct{ error }

func (many) Fault() protocol.Fault { return protocol.FaultBusy }

func TestFeedbackThatIsNotKept(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dial(w).greet(commission)
		b.send(protocol.Feedback{Grade: 1})
		b.refusedWith(protocol.FaultBusy) // nobody is asked here
		kept := &thinking{err: many{errors.New("many")}}
		w.service.cfg.Policy.Feedback = kept
		b.send(protocol.Feedback{Grade: 1})
		b.refusedWith(protocol.FaultBusy)
		kept.err = errors.New("a disk")
		b.send(protocol.Feedback{Grade: 1})
		b.refusedWith(protocol.FaultInternal)
		b.hangUp()
		n, failed := w.service.Requests().Feedback.Read()
		if diff := cmp.Diff([]uint64{3, 2}, []uint64{n, failed}); diff != "" {
			t.Errorf("counted (-want +got):\n%s", diff)
		}
	})
}
