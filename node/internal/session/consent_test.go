package session

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// once makes a change just before the first proposal of a kind is applied.
func (w *world) once(kind command.Kind, change func()) {
	w.set(func() {
		w.before = func(c command.Command) {
			if c.Kind == kind {
				w.set(func() { w.before = nil })
				change()
			}
		}
	})
}

// P2: a consent is not registered on a commission that was taken away meanwhile.
func TestAStaleConsentIsDecidedAnew(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := opened(w)
		w.once(command.KindRegisterConsent, func() { w.block("late") })
		b.send(protocol.Consent{Request: 7, Days: 1})
		for f := expect[protocol.Opened](b); f.Request != 7; {
			f = expect[protocol.Opened](b)
		}
		b.send(protocol.EndConsent{Request: 8})
		for f := expect[protocol.Opened](b); f.Request != 8; {
			f = expect[protocol.Opened](b)
		}
		w.once(command.KindRegisterConsent, func() { w.dismiss(commission) })
		b.send(protocol.Consent{Request: 9, Days: 1})
		for revoked := false; !revoked; { // the answer to the act may be there first: it is the same answer
			switch f := b.next().(type) {
			case protocol.Revoke:
				revoked = true
				if f.Fault != protocol.FaultNoCommission {
					t.Errorf("revoked with %+v", f)
				}
			case protocol.Refused:
				if f.Fault != protocol.FaultNoCommission || f.Request != 9 {
					t.Errorf("refused with %+v", f)
				}
			case nil:
				t.Fatalf("closed with %d, where the view is to be withdrawn", b.conn.code)
			}
		}
		b.hangUp()
		registered := 0
		for _, e := range w.log() {
			if e.Activity == record.RegisterConsent {
				registered++
			}
		}
		if registered != 1 {
			t.Errorf("%d consents were registered, want 1", registered)
		}
	})
}

// An end is never too late, whatever has changed meanwhile.
func TestAnEndOfAConsentIsNeverStale(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		w.consent("one", 0)
		b := opened(w)
		w.once(command.KindEndConsent, func() { w.block("late") })
		b.send(protocol.EndConsent{Request: 7})
		for f := expect[protocol.Opened](b); f.Request != 7; {
			if f = expect[protocol.Opened](b); f.Request == 7 && f.Basis != protocol.BasisNone {
				t.Errorf("after the end opened with %+v", f)
			}
		}
		b.hangUp()
	})
}

// What is refused with a person and a patient known is in the access log, under the
// number that the browser was told.
func TestRefusedActsAreRecorded(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.row(command.KindConsentPage, 0, w.ring.Patient(patient), [16]byte{1}, []byte("no consent"))
		b := dial(w)
		b.send(protocol.Hello{Version: protocol.Version, Person: doctorKey})
		expect[protocol.Welcome](b)
		b.open(patient)
		first := b.refusedWith(protocol.FaultNoCommission)
		b.send(protocol.Choose{Commission: commission})
		expect[protocol.Chosen](b)
		b.open(patient)
		if f := expect[protocol.Opened](b); f.MayConsent {
			t.Fatalf("with a consent that cannot be read opened with %+v", f)
		}
		b.send(protocol.Consent{Request: 3, Days: 1})
		second := b.refusedWith(protocol.FaultUnknownFacts)
		b.hangUp()
		if diff := cmp.Diff([]string{"Öppna patient: no", "Öppna patient: yes", "Registrera samtycke: no"}, w.activities()); diff != "" {
			t.Fatal(diff)
		}
		log := w.log()
		if text(log[0].ID) != first.ID || text(log[2].ID) != second.ID || log[0].Patient != patient || log[0].Actor.Employee != doctor {
			t.Errorf("told %q and %q; recorded %+v", first.ID, second.ID, log)
		}
	})
}
