package session

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

func TestHello(t *testing.T) {
	cases := map[string]struct {
		frame protocol.Frame
		fault protocol.Fault
		code  protocol.CloseCode
	}{
		"another version": {protocol.Hello{Version: protocol.Version + 2}, protocol.FaultVersion, protocol.CloseVersion},
		"no version":      {protocol.Hello{}, protocol.FaultVersion, protocol.CloseVersion},
		"not first":       {protocol.Beat{}, protocol.FaultMalformed, protocol.CloseMalformed},
		"ahead":           {protocol.Hello{Version: protocol.Version, After: protocol.Position{Epoch: 7, Index: 1000}}, protocol.FaultBehind, protocol.CloseBehind},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			scripted(t, func(t *testing.T, w *world) {
				b := dial(w)
				b.send(c.frame)
				b.refusedWith(c.fault)
				b.closedWith(c.code)
			})
		})
	}
}

func TestHelloWaitsForThePosition(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dial(w)
		after := protocol.Position{Epoch: 7, Index: w.fsm.AppliedIndex() + 1}
		began := time.Now()
		timer := time.AfterFunc(catchUpWithin/2, w.putUsual)
		defer timer.Stop()
		b.send(protocol.Hello{Version: protocol.Version, After: after})
		if got := expect[protocol.Welcome](b); got.Position.Index < after.Index || time.Since(began) != catchUpWithin/2 {
			t.Errorf("welcomed at %d after %v", got.Position.Index, time.Since(began))
		}
		b.hangUp()
	})
}

// A position of another epoch means nothing here: one is welcomed at once.
func TestHelloFromAnotherEpoch(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dial(w)
		began := time.Now()
		b.send(protocol.Hello{Version: protocol.Version, After: protocol.Position{Epoch: 6, Index: 1000}})
		if got := expect[protocol.Welcome](b); got.Position.Epoch != 7 || time.Since(began) != 0 {
			t.Errorf("welcomed with %+v after %v", got.Position, time.Since(began))
		}
		b.hangUp()
	})
}

func TestNobodyIsSignedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.service.cfg.Identity = identity.Certificate{}
		b := dial(w)
		b.send(protocol.Hello{Version: protocol.Version, Person: doctorKey})
		b.refusedWith(protocol.FaultWhoAreYou)
		b.closedWith(protocol.CloseForbidden)
	})
}

func TestProductionRefusesAChoiceOfPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := newWorld(t, nil).service.cfg
		cfg.Environment = protocol.Production
		if _, err := New(cfg); err == nil {
			t.Error("a production node lets one choose who to be")
		}
	})
}

func TestASilentSocketIsClosed(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dial(w)
		began := time.Now()
		b.closedWith(protocol.CloseSlow)
		if passed := time.Since(began); passed != helloWithin {
			t.Errorf("without Hello closed after %v", passed)
		}
		b = dial(w).greet(commission)
		b.mute = true
		began = time.Now()
		b.closedWith(protocol.CloseSlow)
		if passed := time.Since(began); passed != silenceLimit+beatEvery {
			t.Errorf("without Beat closed after %v", passed)
		}
	})
}

func TestMalformedFramesCloseTheSession(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dial(w).greet(commission)
		b.conn.toNode <- []byte{0xc1}
		b.refusedWith(protocol.FaultMalformed)
		b.closedWith(protocol.CloseMalformed)
	})
}

// P3, with the line cut: a node that hears from no leader stops renewing leases, and
// goes when the last one it gave has run out.
func TestLeaseStopsWithoutALeader(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := watching(w)
		expect[protocol.Heartbeat](b)
		began := time.Now()
		w.set(func() { w.silent = began })
		last := began
		for f := b.next(); f != nil; f = b.next() {
			if _, beat := f.(protocol.Heartbeat); beat {
				last = time.Now()
			}
		}
		if b.conn.code != protocol.CloseNoLeader || last.Sub(began) > leaderWithin {
			t.Errorf("closed with %d; the last heartbeat came %v after the last word from a leader", b.conn.code, last.Sub(began))
		}
		if end := time.Since(last); end < lease || end > lease+beatEvery {
			t.Errorf("closed %v after the last heartbeat", end)
		}
		<-b.done
	})
}

func TestARevokeMustBeAcknowledged(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := watching(w)
		b.mute = true
		began := time.Now()
		w.unrelate()
		b.closedWith(protocol.CloseNoAck)
		if passed := time.Since(began); passed != ackWithin {
			t.Errorf("closed after %v, want %v", passed, ackWithin)
		}
		entries := w.log()
		if last := entries[len(entries)-1]; last.Activity != record.RevokeUnacknowledged || last.Scope.View == "" {
			t.Errorf("the last entry is %+v", last)
		}
	})
}

// Nothing of an older generation leaves after a Revoke, but for the one frame whose
// writing had begun.
func TestARevokeJumpsTheQueue(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.consent("one", 0)
		for i := range 20 {
			var docs []doc
			for j := range 100 {
				id := fmt.Sprintf("%d-%d", i, j)
				docs = append(docs, doc{protocol.Diagnosis, id, otherProvider, otherUnit, strings.Repeat(id, 60)})
			}
			w.put(docs...)
		}
		w.put(ownDoc)
		b := dial(w).greet(commission)
		b.open(patient)
		expect[protocol.Opened](b)
		b.show(protocol.Diagnosis)
		synctest.Wait() // the whole view is queued, and nothing of it read
		w.unconsent("one")
		synctest.Wait()
		if f, first := b.next().(protocol.Begin); !first {
			t.Fatalf("first comes %T", f)
		}
		f, second := b.next().(protocol.Revoke)
		if !second {
			t.Fatalf("then comes no Revoke")
		}
		for _, f := range b.quiet() {
			if _, says := f.(protocol.Opened); !says {
				t.Errorf("after the Revoke comes %T", f)
			}
		}
		if b.generation != f.Next {
			t.Errorf("generation %d, want %d", b.generation, f.Next)
		}
		b.show(protocol.Diagnosis)
		expect[protocol.End](b)
		if len(b.items) != 1 {
			t.Errorf("%d documents, want the own one", len(b.items))
		}
		b.hangUp()
	})
}

// While a new choice is on its way the browser shows the old one, and what loses its
// ground there is taken away at once: not only when the new view has arrived.
func TestAnOlderViewIsRevokedToo(t *testing.T) {
	ownAlert := doc{protocol.AlertInformation, "alert", ownProvider, ownUnit, "egen varning"}
	otherAlert := doc{protocol.AlertInformation, "alert2", otherProvider, otherUnit, "en annans varning"}
	setting := func(w *world) *browser {
		w.consent("one", 0)
		w.put(ownDoc, otherDoc)
		w.put(ownAlert)
		b := watching(w)
		if !b.titles()[otherDoc.text] {
			w.t.Fatal("the other's document is not on the screen")
		}
		return b
	}
	everything := func(frames []protocol.Frame) (n int) {
		for _, f := range frames {
			if r, is := f.(protocol.Revoke); is && len(r.Documents) == 0 {
				n++
			}
		}
		return n
	}
	t.Run("the new view is queued", func(t *testing.T) {
		scripted(t, func(t *testing.T, w *world) {
			b := setting(w)
			b.show(protocol.AlertInformation)
			synctest.Wait() // nothing of the new view is read
			w.block("one")
			if n := everything(b.quiet()); n != 1 || b.shown {
				t.Errorf("%d times everything is revoked, shown: %t", n, b.shown)
			}
			b.hangUp()
		})
	})
	t.Run("the new view waits for its record", func(t *testing.T) {
		scripted(t, func(t *testing.T, w *world) {
			b := setting(w)
			w.set(func() { w.dead = true })
			b.show(protocol.AlertInformation)
			synctest.Wait()
			w.block("one")
			if n := everything(b.quiet()); n != 1 || b.shown {
				t.Errorf("%d times everything is revoked, shown: %t", n, b.shown)
			}
			w.set(func() { w.dead = false })
			b.hangUp()
		})
	})
	t.Run("its source removes it", func(t *testing.T) {
		scripted(t, func(t *testing.T, w *world) {
			b := setting(w)
			w.set(func() { w.dead = true })
			b.show(protocol.AlertInformation)
			synctest.Wait()
			w.replace(protocol.Diagnosis, ownDoc)
			if n := everything(b.quiet()); n != 1 || b.shown {
				t.Errorf("%d times everything is revoked, shown: %t", n, b.shown)
			}
			w.set(func() { w.dead = false })
			b.hangUp()
		})
	})
	t.Run("it is shown by another connection", func(t *testing.T) {
		scripted(t, func(t *testing.T, w *world) {
			setting(w).hangUp()
			b := opened(w)
			w.set(func() { w.dead = true })
			b.generation++
			b.send(protocol.Show{Generation: b.generation, Contracts: []protocol.Contract{protocol.Diagnosis}, Resumed: true})
			synctest.Wait()
			w.block("one")
			if n := everything(b.quiet()); n != 1 {
				t.Errorf("%d times everything is revoked", n)
			}
			w.set(func() { w.dead = false })
			b.hangUp()
		})
	})
	// P9: what is not on the screen is not missed.
	t.Run("a block of what is not shown", func(t *testing.T) {
		scripted(t, func(t *testing.T, w *world) {
			b := setting(w)
			w.put(otherAlert)
			w.replace(protocol.Diagnosis, ownDoc)
			b.quiet()
			b.show(protocol.CareDocumentation)
			synctest.Wait()
			w.block("one")
			if n := everything(b.quiet()); n != 0 {
				t.Error("everything is revoked, and nothing of it was blocked")
			}
			b.hangUp()
		})
	})
}

func TestAGenerationBeyondTheLimit(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := watching(w)
		b.send(protocol.Show{Generation: maxGeneration + 1, Contracts: []protocol.Contract{protocol.Diagnosis}})
		b.closedWith(protocol.CloseMalformed)
	})
}

// A batch that waits when a Revoke comes is not sent; what it held is sent after, from
// where the browser is.
func TestADroppedBatchIsMadeAnew(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		w.consent("one", 0)
		b := watching(w)
		w.put(doc{protocol.Diagnosis, "n1", ownProvider, ownUnit, "n1"})
		synctest.Wait() // being written
		var docs []doc
		for i := range 2 * batchItems {
			docs = append(docs, doc{protocol.Diagnosis, fmt.Sprint("m", i), ownProvider, ownUnit, fmt.Sprint("m", i)})
		}
		w.put(docs...)
		b.next()        // n1
		synctest.Wait() // the first of several batches is being written, the others wait
		w.unconsent("one")
		synctest.Wait()
		if f, ok := b.next().(protocol.Batch); !ok {
			t.Fatalf("the frame whose writing had begun is %T", f)
		}
		if f, ok := b.next().(protocol.Revoke); !ok || len(f.Documents) != 1 {
			t.Fatalf("then no Revoke of one document: %+v", f)
		}
		b.quiet()
		if want := 3 + 2*batchItems; len(b.items) != want {
			t.Errorf("%d documents, want %d", len(b.items), want)
		}
		b.hangUp()
	})
}

func TestASlowReaderIsCoalescedThenClosed(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := watching(w)
		began := time.Now()
		for i := range 500 {
			w.put(doc{protocol.Diagnosis, "own", ownProvider, ownUnit, fmt.Sprint("version ", i)})
			synctest.Wait()
		}
		first := expect[protocol.Batch](b)
		second := expect[protocol.Batch](b)
		if len(first.Upserts) != 1 || len(second.Upserts) != 1 || second.Upserts[0].Header.Title != "version 499" {
			t.Errorf("500 changes came as %d, then %+v", len(first.Upserts), second.Upserts)
		}
		b.quiet()
		w.put(doc{protocol.Diagnosis, "own", ownProvider, ownUnit, "and on"})
		<-b.done
		if b.conn.code != protocol.CloseSlow || time.Since(began) < writeWithin {
			t.Errorf("closed with %d after %v", b.conn.code, time.Since(began))
		}
	})
}

// A feed that ran over is made up for by a comparison.
func TestALaggedFeedIsMadeUpFor(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := watching(w)
		docs := make([]doc, raftfsm.MaxFeedChanges+1)
		for i := range docs {
			docs[i] = ownDoc
			docs[i].text = fmt.Sprint("version ", i)
		}
		w.flood(docs...)
		b.quiet()
		if last := docs[len(docs)-1].text; !b.titles()[last] || len(b.items) != 2 {
			t.Errorf("on the screen: %v", b.titles())
		}
		b.hangUp()
	})
}

// A batch that was dropped before anything of it was written leaves no trace.
func TestUndo(t *testing.T) {
	w := &view{held: map[protocol.DocumentKey]holding{}, dirty: map[protocol.DocumentKey]struct{}{}, index: 5}
	one, two := &set{}, &set{}
	w.hold(protocol.DocumentKey{1}, holding{1, one})
	w.hold(protocol.DocumentKey{2}, holding{2, two})
	was, index := *w, w.index
	was.held = maps.Clone(w.held)
	before := []held{
		w.hold(protocol.DocumentKey{1}, holding{7, two}), w.hold(protocol.DocumentKey{3}, holding{7, two}), w.drop(protocol.DocumentKey{2}), w.hold(protocol.DocumentKey{2}, holding{8, one}),
	}
	w.index = 9
	w.undo(index, before)
	if one.documents != 1 || two.documents != 1 || w.held[protocol.DocumentKey{1}].of != one {
		t.Errorf("%d documents of one set, %d of the other", one.documents, two.documents)
	}
	if diff := cmp.Diff(was.held, w.held, cmp.AllowUnexported(holding{}, set{}, setName{})); diff != "" || w.digest != was.digest || w.index != 5 || len(w.dirty) != 3 {
		t.Errorf("digest %x, index %d, %d dirty; held (-want +got):\n%s", w.digest, w.index, len(w.dirty), diff)
	}
}

func TestTooManyDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(l *Limits) { l.ViewDocuments = 2 })
		w.putUsual()
		b := watching(w)
		w.put(doc{protocol.Diagnosis, "third", ownProvider, ownUnit, "tredje"})
		if f := expect[protocol.Revoke](b); f.Fault != protocol.FaultTooMany || len(f.Documents) != 0 {
			t.Errorf("revoked with %+v", f)
		}
		b.show(protocol.Diagnosis)
		b.refusedWith(protocol.FaultTooMany)
		b.hangUp()
	})
}

// A choice that holds too much ends the view before it, and nothing else: the patient stays
// open, nothing of the old view is answered or kept up to date, and the browser, which has
// taken it away, chooses anew. What may still stand on its screen is watched over until then.
func TestAChoiceThatIsTooLargeEndsTheViewBeforeIt(t *testing.T) {
	wide := []protocol.Contract{protocol.Diagnosis, protocol.CareDocumentation}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(l *Limits) { l.ViewDocuments = 3 })
		w.putUsual()
		w.put(doc{protocol.CareDocumentation, "note one", ownProvider, ownUnit, "en"}, doc{protocol.CareDocumentation, "note two", ownProvider, ownUnit, "två"})
		b := watching(w)
		shown := len(b.items)
		b.show(wide...)
		b.refusedWith(protocol.FaultTooMany)
		b.read(w.key(ownDoc))
		b.refusedWith(protocol.FaultNotOpen)
		b.items, b.shown = nil, false // as the client does
		w.put(doc{protocol.Diagnosis, ownDoc.id, ownProvider, ownUnit, "ändrad"})
		for _, f := range b.quiet() {
			if _, beat := f.(protocol.Heartbeat); !beat {
				t.Errorf("of a view that is gone comes %+v", f)
			}
		}
		if f := expect[protocol.Heartbeat](b); f.Count != 0 || f.Digest != 0 {
			t.Errorf("a heartbeat vouches for %+v", f)
		}
		b.show(protocol.Diagnosis)
		expect[protocol.End](b)
		if len(b.items) != shown || !b.titles()["ändrad"] {
			t.Errorf("chosen anew, and shown %v", b.titles())
		}
		b.hangUp()
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(l *Limits) { l.ViewDocuments = 3 })
		w.putUsual()
		w.put(doc{protocol.CareDocumentation, "note one", ownProvider, ownUnit, "en"}, doc{protocol.CareDocumentation, "note two", ownProvider, ownUnit, "två"})
		b := watching(w)
		b.show(wide...)
		b.refusedWith(protocol.FaultTooMany)
		w.replace(protocol.Diagnosis, sameDoc) // nobody has told the node that the screen is empty
		if f := expect[protocol.Revoke](b); len(f.Documents) != 0 {
			t.Errorf("revoked with %+v", f)
		}
		b.hangUp()
	})
}

func TestRequestsInFlightAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(l *Limits) { l.InFlight = 2 })
		w.putUsual()
		b := watching(w)
		w.set(func() { w.dead = true })
		b.read(w.key(ownDoc))
		b.read(w.key(ownDoc))
		third := b.read(w.key(ownDoc))
		if f := b.refusedWith(protocol.FaultBusy); f.Request != third {
			t.Errorf("refused %d, want %d", f.Request, third)
		}
		b.hangUp()
	})
}

func TestSessionsAreBoundedAndDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(l *Limits) { l.Sessions = 2 })
		one, two := dial(w).greet(commission), dial(w).greet(commission)
		if err := w.service.Admits(certified); !errors.Is(err, ErrFull) || w.service.Count() != 2 {
			t.Errorf("%d sessions, and one more: %v", w.service.Count(), err)
		}
		dialAs(w, certified).closedWith(protocol.CloseMoving)
		late := dial(w)
		late.send(protocol.Hello{Version: protocol.Version, Person: doctorKey})
		late.refusedWith(protocol.FaultBusy)
		late.closedWith(protocol.CloseMoving)
		within := 20 * time.Second
		began, drained := time.Now(), make(chan struct{})
		go func() {
			defer close(drained)
			w.service.Drain(t.Context(), []string{"ws://b1.example/stream", "ws://b2.example/stream"}, within)
		}()
		f := expect[protocol.GoAway](one)
		if f.AfterMillis >= uint32(within.Milliseconds()/2) || len(f.Alternates) != 2 {
			t.Errorf("told %+v", f)
		}
		one.hangUp()
		two.closedWith(protocol.CloseMoving)
		<-drained
		if passed := time.Since(began); passed != within {
			t.Errorf("drained after %v", passed)
		}
		if l := w.service.Leaving(); l != (Leaving{Moved: 1, Closed: 1}) {
			t.Errorf("counted %+v", l)
		}
		if err := w.service.Admits(certified); !errors.Is(err, ErrDraining) {
			t.Errorf("a draining node admits: %v", err)
		}
	})
}

// certified is a caller whose certificate the listener has verified.
var certified = Caller{TLS: &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{}}}}}

// Who has neither a certificate nor said a word takes no place from who has.
func TestStrangersHavePlacesOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(l *Limits) { l.Sessions, l.Strangers = 2, 3 })
		began := time.Now()
		var silent []*browser
		for range 3 {
			silent = append(silent, dial(w))
		}
		synctest.Wait()
		if err := w.service.Admits(Caller{}); !errors.Is(err, ErrStrangers) {
			t.Errorf("a fourth stranger: %v", err)
		}
		dial(w).closedWith(protocol.CloseMoving)
		for range 2 {
			dialAs(w, certified).greet(commission)
		}
		for _, b := range silent {
			b.closedWith(protocol.CloseSlow)
		}
		if passed := time.Since(began); passed > helloWithin {
			t.Errorf("the silent ones held their places for %v", passed)
		}
		if err := w.service.Admits(Caller{}); err != nil {
			t.Errorf("a stranger, when they are gone: %v", err)
		}
	})
}

// Leave, and the node sends nothing more of the patient.
func TestLeave(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := watching(w)
		b.send(protocol.Leave{})
		synctest.Wait()
		w.put(doc{protocol.Diagnosis, "n", ownProvider, ownUnit, "n"})
		w.unrelate()
		if frames := b.quiet(); len(frames) != 0 {
			t.Errorf("after Leave comes %T", frames[0])
		}
		b.read(w.key(ownDoc))
		b.refusedWith(protocol.FaultNotOpen)
		b.hangUp()
	})
}

// Acts keep their order, so that a browser that comes back may send them at once.
func TestActsMayBeSentAhead(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := dial(w)
		b.send(protocol.Hello{Version: protocol.Version, Person: doctorKey})
		go func() {
			b.answer(protocol.Choose{Commission: commission})
			b.answer(protocol.Open{Request: 1, Patient: patient})
			b.answer(protocol.Show{Generation: 1, Contracts: []protocol.Contract{protocol.Diagnosis}, Resumed: true})
		}()
		b.generation = 1
		expect[protocol.End](b)
		if len(b.items) != 2 {
			t.Errorf("%d documents, want 2", len(b.items))
		}
		b.hangUp()
	})
}
