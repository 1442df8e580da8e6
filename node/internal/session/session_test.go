package session

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// scripted runs a script in a bubble, against a world of its own.
func scripted(t *testing.T, script func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { script(t, newWorld(t, nil)) })
}

func TestTheWholeWay(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := dial(w)
		b.send(protocol.Hello{Version: protocol.Version})
		hello := expect[protocol.Welcome](b)
		if len(hello.People) != 4 || len(hello.Commissions) != 0 || hello.Person.Key != "" {
			t.Fatalf("nobody is chosen, and yet: %+v", hello)
		}
		b.send(protocol.Hello{Version: protocol.Version, Person: doctorKey})
		hello = expect[protocol.Welcome](b)
		if hello.Person.Name != "Disa Doktor" || len(hello.Commissions) != 2 || hello.Commissions[0].Usable || !hello.Commissions[1].Usable {
			t.Fatalf("the doctor is greeted with %+v, %+v", hello.Person, hello.Commissions)
		}
		b.send(protocol.Choose{Commission: commission})
		expect[protocol.Chosen](b)
		request := b.open(patient)
		if got, want := expect[protocol.Opened](b), (protocol.Opened{Request: request, MayConsent: true, MayAttest: true}); got != want {
			t.Fatalf("opened with %+v, want %+v", got, want)
		}
		b.show(protocol.Diagnosis)
		expect[protocol.End](b)
		if diff := cmp.Diff(map[string]bool{ownDoc.text: true, sameDoc.text: true}, b.titles()); diff != "" {
			t.Fatalf("without consent (-want +got):\n%s", diff)
		}
		b.send(protocol.Consent{Request: 90, Days: 7})
		opened := expect[protocol.Opened](b)
		for opened.Request == 0 { // unasked, since the basis changed
			opened = expect[protocol.Opened](b)
		}
		if want := (protocol.Opened{Request: 90, Basis: protocol.BasisConsent, Ends: now() + 7*dayMillis}); opened != want {
			t.Fatalf("after consent opened with %+v, want %+v", opened, want)
		}
		b.show(protocol.Diagnosis, protocol.CareContacts)
		expect[protocol.End](b)
		if diff := cmp.Diff(map[string]bool{ownDoc.text: true, sameDoc.text: true, otherDoc.text: true}, b.titles()); diff != "" {
			t.Fatalf("with consent (-want +got):\n%s", diff)
		}
		request = b.read(w.key(otherDoc))
		body := expect[protocol.BodyFrame](b)
		if body.Request != request || body.Document != w.key(otherDoc) || body.Body.Sections[0].Nodes[0].Text != otherDoc.text {
			t.Fatalf("read %+v", body)
		}
		b.hangUp()
		want := []string{"Öppna patient: yes", "Läsa: yes", "Registrera samtycke: yes", "Öppna patient: yes", "Läsa: yes", "Läsa: yes"}
		if diff := cmp.Diff(want, w.activities()); diff != "" {
			t.Errorf("the access log (-want +got):\n%s", diff)
		}
		last := w.log()[5]
		if last.Patient != patient || last.Actor.Employee != doctor || last.Actor.Commission != commission || last.Scope.Document != w.key(otherDoc) ||
			last.Scope.View == "" || last.Session == "" || last.Node != "a1" || last.Decision.Basis != protocol.BasisConsent || last.Purpose != record.PurposeCare {
			t.Errorf("the entry of the reading is %+v", last)
		}
		for _, secret := range []string{patient.Reveal(), doctorID, "Disa", otherDoc.text, fmt.Sprintf("%x", w.key(otherDoc))} {
			if strings.Contains(w.logged.String(), secret) {
				t.Errorf("the operator's log holds %q", secret)
			}
		}
	})
}

// P1: nothing is disclosed without a record, whatever is asked for.
func TestWithoutQuorumNothingIsDisclosed(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := dial(w).greet(commission)
		w.set(func() { w.dead = true })
		b.open(patient)
		b.refusedWith(protocol.FaultNoQuorum)
		w.set(func() { w.dead = false })
		b.open(patient)
		expect[protocol.Opened](b)
		w.set(func() { w.dead = true })
		b.show(protocol.Diagnosis)
		b.refusedWith(protocol.FaultNoQuorum)
		b.send(protocol.Consent{Request: 80, Days: 1})
		b.refusedWith(protocol.FaultNoQuorum)
		w.set(func() { w.dead = false })
		b.show(protocol.Diagnosis)
		expect[protocol.End](b)
		w.set(func() { w.dead = true })
		b.read(w.key(ownDoc))
		b.refusedWith(protocol.FaultNoQuorum)
		b.hangUp()
		if diff := cmp.Diff([]uint64{2, 1, 2, 1, 1, 1}, w.requests()); diff != "" {
			t.Errorf("opened, shown and read, with what failed of it (-want +got):\n%s", diff)
		}
	})
}

// A denial that cannot be recorded is told as that, not as a denial; one that can, is.
func TestDenialsAreRecorded(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dial(w).greet(commission)
		b.open(stranger)
		refused := b.refusedWith(protocol.FaultNoEngagement)
		entry := w.log()[0]
		if entry.Decision.Permit || text(entry.ID) != refused.ID || entry.Patient != stranger {
			t.Errorf("refusal %q is recorded as %+v", refused.ID, entry)
		}
		b.hangUp()
		c := dial(w).greet(improper)
		c.open(patient)
		c.refusedWith(protocol.FaultCommission)
		c.hangUp()
		if diff := cmp.Diff([]uint64{2, 0, 0, 0, 0, 0}, w.requests()); diff != "" {
			t.Errorf("what the gate refuses counts as failed (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"Öppna patient: no", "Öppna patient: no"}, w.activities()); diff != "" {
			t.Error(diff)
		}
	})
}

// P2: what changes between the decision and its record makes the decision stale.
func TestAStaleDecisionIsMadeAnew(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := dial(w).greet(commission)
		once := func(kind command.Kind, change func()) {
			w.set(func() {
				w.before = func(c command.Command) {
					if c.Kind == kind {
						w.set(func() { w.before = nil })
						change()
					}
				}
			})
		}
		once(command.KindRecordAccess, func() { w.consent("late", 0) })
		b.open(patient)
		if got := expect[protocol.Opened](b); got.Basis != protocol.BasisConsent {
			t.Fatalf("opened on what was before: %+v", got)
		}
		once(command.KindRecordAccess, w.unrelate)
		b.show(protocol.Diagnosis)
		for f := b.next(); ; f = b.next() { // whether the refusal comes as well is a matter of order
			if _, disclosed := f.(protocol.Begin); disclosed {
				t.Fatal("shown on what was before")
			}
			if f, revoked := f.(protocol.Revoke); revoked && f.Fault == protocol.FaultNoEngagement {
				break
			}
		}
		b.quiet()
		w.relate(0)
		n := 0
		w.set(func() {
			w.before = func(c command.Command) {
				if c.Kind == command.KindRecordAccess {
					n++
					w.relate(now() + dayMillis + protocol.Instant(n))
				}
			}
		})
		b.open(patient)
		b.refusedWith(protocol.FaultBusy)
		if n != decideTries {
			t.Errorf("decided %d times, want %d", n, decideTries)
		}
		b.hangUp()
	})
}

// P3: a consent that ends takes its documents from every view in the same step.
func TestConsentEndedInAnotherTab(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		w.consent("one", 0)
		watcher, other := watching(w), watching(w)
		began := time.Now()
		other.send(protocol.EndConsent{Request: 70})
		for _, b := range []*browser{watcher, other} {
			f := expect[protocol.Revoke](b)
			if f.Fault != protocol.FaultConsentEnded || len(f.Documents) != 1 || f.Documents[0] != w.key(otherDoc) || f.Next != f.Generation+1 {
				t.Fatalf("revoked with %+v", f)
			}
		}
		if got := expect[protocol.Opened](watcher); got.Request != 0 || got.Basis != protocol.BasisNone || !got.MayConsent {
			t.Errorf("told unasked %+v", got)
		}
		for got := expect[protocol.Opened](other); got.Request != 70; {
			got = expect[protocol.Opened](other)
		}
		if passed := time.Since(began); passed != 0 {
			t.Errorf("it took %v of time", passed)
		}
		if diff := cmp.Diff(map[string]bool{ownDoc.text: true, sameDoc.text: true}, watcher.titles()); diff != "" {
			t.Error(diff)
		}
		synctest.Wait()
		count := map[record.Activity]int{}
		for _, e := range w.log() {
			count[e.Activity]++
		}
		if count[record.ViewRevoked] != 2 || count[record.RevokeAcknowledged] != 2 || count[record.EndConsent] != 1 {
			t.Errorf("recorded %v", count)
		}
		w.put(doc{protocol.Diagnosis, "new", ownProvider, ownUnit, "ny"})
		if f := expect[protocol.Batch](watcher); len(f.Upserts) != 1 {
			t.Errorf("the view does not go on: %+v", f)
		}
		watcher.hangUp()
		other.hangUp()
	})
}

func TestLostGroundTakesEverything(t *testing.T) {
	causes := map[string]struct {
		cause func(*world)
		fault protocol.Fault
	}{
		"engagement": {(*world).unrelate, protocol.FaultNoEngagement},
		"commission": {func(w *world) { w.dismiss(commission) }, protocol.FaultNoCommission},
		"erased":     {func(w *world) { w.do(command.KindErasePatient, command.ErasePatient{Subject: w.ring.Patient(patient)}) }, protocol.FaultNoEngagement},
	}
	for name, c := range causes {
		t.Run(name, func(t *testing.T) {
			scripted(t, func(t *testing.T, w *world) {
				w.putUsual()
				b := watching(w)
				c.cause(w)
				if f := expect[protocol.Revoke](b); f.Fault != c.fault || len(f.Documents) != 0 {
					t.Errorf("revoked with %+v, want TV-%d", f, c.fault)
				}
				b.generation++
				b.send(protocol.Show{Generation: b.generation, Contracts: []protocol.Contract{protocol.Diagnosis}})
				b.refusedWith(protocol.FaultNotOpen)
				b.hangUp()
			})
		})
	}
}

func TestABlockTakesDocuments(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		w.consent("one", 0)
		b := watching(w)
		w.block("outer")
		if f := expect[protocol.Revoke](b); f.Fault != protocol.FaultAccessChanged || len(f.Documents) != 1 {
			t.Fatalf("revoked with %+v", f)
		}
		w.unblock("outer")
		if f := expect[protocol.Batch](b); len(f.Upserts) != 1 || f.Upserts[0].Key != w.key(otherDoc) {
			t.Fatalf("after the block: %+v", f)
		}
		b.hangUp()
	})
}

// P9: what is hidden, what is blocked and what is not there are told alike.
func TestHiddenAndAbsentAreReadAlike(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		w.put(doc{protocol.CareContacts, "unchosen", ownProvider, ownUnit, "kontakt"})
		w.consent("one", 0)
		w.block("outer")
		b := watching(w)
		for name, key := range map[string]protocol.DocumentKey{
			"blocked": w.key(otherDoc), "ownerless": w.key(lostDoc), "absent": {1}, "not chosen": w.key(doc{contract: protocol.CareContacts, id: "unchosen"}),
		} {
			request := b.read(key)
			if got := b.refusedWith(protocol.FaultNotFound); got.Request != request {
				t.Errorf("%s: %+v", name, got)
			}
		}
		b.hangUp()
		for _, e := range w.log()[2:] {
			if e.Decision.Permit || e.Scope.Document == (protocol.DocumentKey{}) {
				t.Errorf("recorded as %+v", e)
			}
		}
	})
}

// A consent that is registered elsewhere widens nothing by itself, but is told.
func TestWideningIsToldUnasked(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := watching(w)
		w.consent("one", now()+dayMillis)
		if got := expect[protocol.Opened](b); got.Request != 0 || got.Basis != protocol.BasisConsent {
			t.Fatalf("told %+v", got)
		}
		w.put(doc{protocol.Diagnosis, "late", otherProvider, otherUnit, "sen"})
		for _, f := range b.quiet() {
			if _, told := f.(protocol.Opened); !told {
				t.Fatalf("shown beyond what was recorded: %T", f)
			}
		}
		b.show(protocol.Diagnosis)
		expect[protocol.End](b)
		if len(b.items) != 4 {
			t.Errorf("%d documents, want 4", len(b.items))
		}
		b.hangUp()
	})
}

func TestConsentEndsByTime(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w.putUsual()
		end := now() + 3*60*60*1000
		w.consent("one", end)
		go w.keepFresh(ctx)
		b := watching(w)
		if f := expect[protocol.Revoke](b); f.Fault != protocol.FaultConsentEnded {
			t.Fatalf("revoked with %+v", f)
		}
		if late := now() - end; late != 1 {
			t.Errorf("%d ms after the consent's last, want 1", late)
		}
		b.hangUp()
	})
}

// P10: what is not known any more denies.
func TestStaleProjectionsDeny(t *testing.T) {
	cases := map[string]struct {
		kind  command.Kind
		fault protocol.Fault
		left  int
		bound time.Duration
	}{
		"commissions": {command.KindCommissionPage, protocol.FaultUnknownFacts, 0, 30 * time.Minute},
		"relations":   {command.KindRelationPage, protocol.FaultUnknownFacts, 0, 10 * time.Minute},
		"consents":    {command.KindConsentPage, protocol.FaultUnknownFacts, 2, 10 * time.Minute},
		"blocks":      {command.KindBlockPage, protocol.FaultAccessChanged, 1, 10 * time.Minute},
		"persons":     {command.KindPersonPage, protocol.FaultUnknownFacts, 0, 24 * time.Hour},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			scripted(t, func(t *testing.T, w *world) {
				w.putUsual()
				w.consent("one", 0)
				b := watching(w)
				began := time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go w.keepFresh(ctx, c.kind)
				f := expect[protocol.Revoke](b)
				if f.Fault != c.fault || len(b.items) != c.left {
					t.Errorf("revoked with %+v, %d left, want TV-%d and %d", f, len(b.items), c.fault, c.left)
				}
				if passed := time.Since(began); passed > c.bound+time.Second {
					t.Errorf("after %v", passed)
				}
				b.hangUp()
			})
		})
	}
}

func TestConsentTerms(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dial(w).greet(commission)
		b.send(protocol.Consent{Request: 1, Days: 1})
		b.refusedWith(protocol.FaultNotOpen)
		b.open(patient)
		expect[protocol.Opened](b)
		for _, days := range []uint16{0, protocol.MaxConsentDays + 1} {
			b.send(protocol.Consent{Request: 2, Days: days})
			b.refusedWith(protocol.FaultConsentTerms)
		}
		b.send(protocol.EndConsent{Request: 3})
		if got := expect[protocol.Opened](b); got.Request != 3 || got.Basis != protocol.BasisNone {
			t.Errorf("ending nothing: %+v", got)
		}
		b.send(protocol.Consent{Request: 4, Days: 1, Personal: true})
		for got := expect[protocol.Opened](b); got.Request != 4; {
			got = expect[protocol.Opened](b)
		}
		b.send(protocol.Consent{Request: 5, Days: 30})
		if got := expect[protocol.Opened](b); got.Request != 5 || got.Ends != now()+dayMillis {
			t.Errorf("a second consent beside one that stands: %+v", got)
		}
		b.hangUp()
	})
}
