package session

import (
	"fmt"
	"testing"
	"testing/synctest"

	"tvilling/protocol"
)

// Slow readers together hold no more of the node's memory than it has for them, and
// give it back.
func TestTheNodeHasABudgetForSlowReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(l *Limits) { l.NodeBytes = 200 << 10 })
		docs := make([]doc, 300)
		for i := range docs {
			docs[i] = doc{protocol.Diagnosis, fmt.Sprint("d", i), ownProvider, ownUnit, fmt.Sprintf("diagnos %0100d", i)}
		}
		w.put(docs...)
		slow := []*browser{opened(w), opened(w), opened(w), opened(w)}
		patient := opened(w)
		for _, b := range slow {
			b.mute = true
			b.show(protocol.Diagnosis)
			synctest.Wait()
		}
		if held := w.service.budget.held.Load(); held > 200<<10 || !w.service.budget.tight() {
			t.Fatalf("%d bytes are held", held)
		}
		patient.show(protocol.Diagnosis)
		patient.refusedWith(protocol.FaultBusy)
		for _, b := range slow {
			b.hangUp()
		}
		patient.show(protocol.Diagnosis)
		expect[protocol.End](patient)
		patient.hangUp()
		if held := w.service.budget.held.Load(); held != 0 {
			t.Errorf("%d bytes are held for nobody", held)
		}
	})
}

// What goes beyond the whole of it ends the session that asks, and no other.
func TestBeyondTheBudgetTheSessionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(l *Limits) { l.NodeBytes = 4 << 10 })
		w.putUsual()
		shown, late := watching(w), opened(w)
		docs := make([]doc, 100)
		for i := range docs {
			docs[i] = doc{protocol.CareContacts, fmt.Sprint("d", i), ownProvider, ownUnit, fmt.Sprintf("kontakt %0100d", i)}
		}
		w.put(docs...)
		late.show(protocol.CareContacts)
		late.closedWith(protocol.CloseSlow)
		shown.read(w.key(ownDoc))
		expect[protocol.BodyFrame](shown)
		shown.hangUp()
	})
}

// opened is a browser with the patient open and nothing shown.
func opened(w *world) *browser {
	b := dial(w).greet(commission)
	b.open(patient)
	expect[protocol.Opened](b)
	return b
}
