package session

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// room is a ward full of screens: three members of staff at three units, each with two
// patients open, and all of them see everything. The names say who sees whom.
type room struct {
	*world
	all map[string]*browser
}

// people are who has a screen, and where.
var people = []struct {
	name, key      string
	employee       protocol.EmployeeID
	commission     protocol.CommissionID
	provider, unit string
}{
	{"doctor", doctorKey, doctor, commission, ownProvider, ownUnit},
	{"nurse", nurseKey, nurse, nursing, ownProvider, sameUnit},
	{"outsider", outsiderKey, outsider, outside, otherProvider, otherUnit},
}

var patients = []struct {
	name string
	id   protocol.PatientID
}{{"/1", patient}, {"/2", stranger}}

// prepare is what stands before anybody looks.
func prepare(w *world) {
	for _, who := range people {
		w.commissionOf(who.employee, care(who.commission, who.provider, who.unit))
		for _, whom := range patients {
			w.relateTo(whom.id, who.provider, who.unit, 0)
			w.consentOf(whom.id, projection.Consent{ID: who.name + whom.name, CareProvider: who.provider, CareUnit: who.unit})
		}
	}
	for i, whom := range patients {
		for _, d := range []doc{ownDoc, sameDoc, otherDoc} {
			d.id += string(rune('1' + i))
			w.putOf(whom.id, d)
		}
	}
}

func enter(w *world) *room {
	r := &room{world: w, all: map[string]*browser{}}
	for _, who := range people {
		for _, whom := range patients {
			b := dial(w).greetAs(who.key, who.commission)
			b.open(whom.id)
			expect[protocol.Opened](b)
			b.show(protocol.Diagnosis)
			expect[protocol.End](b)
			r.all[who.name+whom.name] = b
		}
	}
	r.watch(0)
	return r
}

// watch lets time pass, while every browser reads, and returns what came but for
// heartbeats.
func (r *room) watch(seconds int) map[string][]protocol.Frame {
	r.t.Helper()
	came := map[string][]protocol.Frame{}
	take := func() {
		for name, b := range r.all {
			for _, f := range b.quiet() {
				if _, beat := f.(protocol.Heartbeat); !beat {
					came[name] = append(came[name], f)
				}
			}
		}
	}
	take()
	for range seconds {
		time.Sleep(time.Second) // in the bubble nothing waits
		take()
	}
	return came
}

// leave ends every session.
func (r *room) leave() {
	for _, b := range r.all {
		b.hangUp()
	}
}

// touched is what one screen is to notice: what is taken from it, or that there is more.
type touched struct {
	fault protocol.Fault
	left  []string // titles; of whom everything is taken: none
	wider bool
}

const inHalfAMinute = 30 * 1000

// live are the cases: what stands before, what happens, and who is to notice. An end
// by time has nothing that happens.
var live = map[string]struct {
	before, event func(w *world)
	touched       map[string]touched
}{
	"an outer block": {
		event: func(w *world) { w.block("b") },
		touched: map[string]touched{
			"doctor/1": {fault: protocol.FaultAccessChanged, left: []string{ownDoc.text, sameDoc.text}},
			"nurse/1":  {fault: protocol.FaultAccessChanged, left: []string{ownDoc.text, sameDoc.text}},
		},
	},
	"an inner block": {
		event: func(w *world) {
			w.blockOf(patient, projection.Block{ID: "b", Inner: true, CareProvider: ownProvider, CareUnit: sameUnit})
		},
		touched: map[string]touched{
			"doctor/1":   {fault: protocol.FaultAccessChanged, left: []string{ownDoc.text, otherDoc.text}},
			"outsider/1": {fault: protocol.FaultAccessChanged, left: []string{ownDoc.text, otherDoc.text}},
		},
	},
	"a lift ends by time": {
		before: func(w *world) {
			w.blockOf(patient, projection.Block{ID: "b", CareProvider: otherProvider, Lifts: []projection.Lift{{CareUnit: ownUnit, End: now() + inHalfAMinute}}})
		},
		touched: map[string]touched{"doctor/1": {fault: protocol.FaultAccessChanged, left: []string{ownDoc.text, sameDoc.text}}},
	},
	"a lift arrives": {
		before: func(w *world) { w.block("b") },
		event: func(w *world) {
			w.blockOf(patient, projection.Block{ID: "b", CareProvider: otherProvider, Lifts: []projection.Lift{{CareUnit: sameUnit, Employee: nurse.Reveal(), End: now() + dayMillis}}})
		},
		touched: map[string]touched{"nurse/1": {wider: true}},
	},
	"a block is taken back": {
		before:  func(w *world) { w.block("b") },
		event:   func(w *world) { w.unblock("b") },
		touched: map[string]touched{"doctor/1": {wider: true}, "nurse/1": {wider: true}},
	},
	"a consent ends by time": {
		before: func(w *world) {
			w.consentOf(patient, projection.Consent{ID: "nurse/1", CareProvider: ownProvider, CareUnit: sameUnit, End: now() + inHalfAMinute})
		},
		touched: map[string]touched{"nurse/1": {fault: protocol.FaultConsentEnded, left: []string{ownDoc.text, sameDoc.text}}},
	},
	"a consent arrives": {
		before: func(w *world) { w.unconsent("nurse/1") },
		event: func(w *world) {
			w.consentOf(patient, projection.Consent{ID: "new", CareProvider: ownProvider, CareUnit: sameUnit, Employee: nurse.Reveal()})
		},
		touched: map[string]touched{"nurse/1": {wider: true}},
	},
	"an emergency ends by time": {
		before: func(w *world) {
			w.consentOf(patient, projection.Consent{
				ID: "doctor/1", CareProvider: ownProvider, CareUnit: ownUnit, Employee: doctorID, End: now() + inHalfAMinute,
				Emergency: protocol.EmergencyContent, Local: true,
			})
		},
		touched: map[string]touched{"doctor/1": {fault: protocol.FaultEmergencyEnded, left: []string{ownDoc.text, sameDoc.text}}},
	},
	"a relation ends by time": {
		before:  func(w *world) { w.relate(now() + inHalfAMinute) },
		touched: map[string]touched{"doctor/1": {fault: protocol.FaultNoEngagement}},
	},
	"a relation is removed": {
		event:   (*world).unrelate,
		touched: map[string]touched{"doctor/1": {fault: protocol.FaultNoEngagement}},
	},
	"a commission is withdrawn": {
		event: func(w *world) { w.dismiss(commission) },
		touched: map[string]touched{
			"doctor/1": {fault: protocol.FaultNoCommission}, "doctor/2": {fault: protocol.FaultNoCommission},
		},
	},
	"a commission ends by time": {
		before: func(w *world) {
			c := care(nursing, ownProvider, sameUnit)
			c.End = now() + inHalfAMinute
			w.commissionOf(nurse, c)
		},
		touched: map[string]touched{
			"nurse/1": {fault: protocol.FaultNoCommission}, "nurse/2": {fault: protocol.FaultNoCommission},
		},
	},
	"an identity is protected": {
		event: func(w *world) { w.person(patient, projection.Person{Protected: true}) },
		touched: map[string]touched{
			"doctor/1": {fault: protocol.FaultProtected}, "nurse/1": {fault: protocol.FaultProtected}, "outsider/1": {fault: protocol.FaultProtected},
		},
	},
	"a patient dies": {
		event: func(w *world) { w.person(patient, projection.Person{Deceased: true}) },
		touched: map[string]touched{
			"doctor/1":   {fault: protocol.FaultConsentEnded, left: []string{ownDoc.text, sameDoc.text}},
			"nurse/1":    {fault: protocol.FaultConsentEnded, left: []string{ownDoc.text, sameDoc.text}},
			"outsider/1": {fault: protocol.FaultConsentEnded, left: []string{otherDoc.text}},
		},
	},
	"a source removes a document": {
		event: func(w *world) {
			own, same := ownDoc, sameDoc
			own.id, same.id = "own1", "same1"
			w.replace(protocol.Diagnosis, own, same)
		},
		touched: map[string]touched{
			"doctor/1":   {fault: protocol.FaultAccessChanged, left: []string{ownDoc.text, sameDoc.text}},
			"nurse/1":    {fault: protocol.FaultAccessChanged, left: []string{ownDoc.text, sameDoc.text}},
			"outsider/1": {fault: protocol.FaultAccessChanged, left: []string{ownDoc.text, sameDoc.text}},
		},
	},
}

// TestLive: each change reaches exactly the screens that it touches, at once or when
// its time is up, and no other screen gets anything but heartbeats.
func TestLive(t *testing.T) {
	for name, c := range live {
		t.Run(name, func(t *testing.T) {
			scripted(t, func(t *testing.T, w *world) {
				prepare(w)
				if c.before != nil {
					c.before(w)
				}
				r := enter(w)
				if early := r.watch(29); len(early) != 0 {
					t.Fatalf("before anything has happened, something comes to %v", slices.Collect(maps.Keys(early)))
				}
				if c.event != nil {
					c.event(w)
				}
				came := r.watch(3)
				if diff := cmp.Diff(sorted(c.touched), sorted(came)); diff != "" {
					t.Fatalf("who notices (-want +got):\n%s", diff)
				}
				for who, want := range c.touched {
					r.noticed(who, came[who], want)
				}
				r.leave()
			})
		})
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// noticed holds what came to one screen to what it should notice.
func (r *room) noticed(who string, came []protocol.Frame, want touched) {
	r.t.Helper()
	b := r.all[who]
	revokes, told := 0, 0
	for _, f := range came {
		switch f.(type) {
		case protocol.Revoke:
			revokes++
		case protocol.Opened:
			told++
		default:
			r.t.Fatalf("to %s comes %T", who, f)
		}
	}
	if want.wider {
		if revokes != 0 || told != 1 {
			r.t.Fatalf("%s is told %d times that there is more, and %d times revoked", who, told, revokes)
		}
		before := len(b.items)
		b.show(protocol.Diagnosis)
		expect[protocol.End](b)
		if len(b.items) != before+1 {
			r.t.Fatalf("%s sees %d documents, and before %d", who, len(b.items), before)
		}
		return
	}
	left := map[string]bool{}
	for _, title := range want.left {
		left[title] = true
	}
	if diff := cmp.Diff(left, b.titles()); diff != "" || revokes != 1 || b.lost.Fault != want.fault {
		r.t.Fatalf("%s is revoked %d times, with TV-%d; left (-want +got):\n%s", who, revokes, b.lost.Fault, diff)
	}
}

// What is taken by a block comes back by itself when the block is taken back, and what
// was lost with the patient when one opens anew.
func TestLiveComesBack(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		prepare(w)
		r := enter(w)
		w.block("b")
		r.watch(0)
		w.unblock("b")
		came := r.watch(3)
		if diff := cmp.Diff([]string{"doctor/1", "nurse/1"}, sorted(came)); diff != "" {
			t.Fatal(diff)
		}
		for who, b := range r.all {
			if len(b.items) != 3 {
				t.Errorf("%s sees %d documents, want 3", who, len(b.items))
			}
		}
		w.unrelate()
		w.person(stranger, projection.Person{Protected: true})
		r.watch(0)
		w.relate(0)
		w.person(stranger, projection.Person{})
		if came := r.watch(3); len(came) != 0 {
			t.Fatalf("what nobody has open, comes to %v", sorted(came))
		}
		for who, b := range r.all {
			if b.shown {
				continue
			}
			id := patient
			if who[len(who)-1] == '2' {
				id = stranger
			}
			b.open(id)
			expect[protocol.Opened](b)
			b.show(protocol.Diagnosis)
			expect[protocol.End](b)
			if len(b.items) != 3 {
				t.Errorf("%s sees %d documents when opened anew", who, len(b.items))
			}
		}
		r.leave()
	})
}

// Nothing is sent about a patient whose source writes what is not shown to anybody.
func TestWhatIsNotShownIsNotNoticed(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		prepare(w)
		w.block("b")
		r := enter(w)
		hidden := doc{protocol.Diagnosis, "hidden", otherProvider, otherUnit, "dold"}
		w.put(hidden)
		w.put(lostDoc)
		hidden.text = "dold igen"
		w.put(hidden)
		w.do(command.KindPutSnapshot, w.snapshotOf(patient, protocol.CareContacts, false, doc{protocol.CareContacts, "c", ownProvider, ownUnit, "kontakt"}))
		came := r.watch(5)
		if diff := cmp.Diff([]string{"outsider/1"}, sorted(came)); diff != "" {
			t.Errorf("who notices (-want +got):\n%s", diff)
		}
		r.leave()
	})
}
