package access_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

var everything = access.Contracts(protocol.Contracts()...)

func own() raftfsm.Attributes {
	return raftfsm.Attributes{Contract: uint8(protocol.Diagnosis), CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Time: 20260301000000_4}
}

func TestZeroDenies(t *testing.T) {
	var d access.Decision
	if d.Permitted() || d.MayConsent() || d.MayAttest() || d.Basis() != protocol.BasisNone || d.Step() != protocol.EmergencyNone || d.ValidUntil() != 0 {
		t.Error("the zero decision permits")
	}
	if s := d.Survey(slices.Values([]raftfsm.Attributes{own()})); s.Others || s.Blocked || s.Providers != nil || d.BlocksKnown() {
		t.Errorf("the zero decision tells %+v", s)
	}
	if got, want := d.Document(own(), everything), (access.Verdict{Reason: access.ReasonNotPermitted}); got != want {
		t.Errorf("the zero decision's verdict: %+v", got)
	}
	if d.Fault() != protocol.FaultInternal {
		t.Errorf("the zero decision is told as %d", d.Fault())
	}
	if access.Decide(access.Facts{}, now).Permitted() {
		t.Error("the zero facts permit")
	}
	var v access.Verdict
	if v.Shown {
		t.Error("the zero verdict shows")
	}
}

// TestBrowserIsToldOnlyWhatItMay holds the whole table of what a browser is told.
func TestBrowserIsToldOnlyWhatItMay(t *testing.T) {
	want := map[access.Reason]protocol.Fault{
		access.ReasonNone:                protocol.FaultInternal,
		access.ReasonNobody:              protocol.FaultWhoAreYou,
		access.ReasonClock:               protocol.FaultUnknownFacts,
		access.ReasonCommissionsUnknown:  protocol.FaultUnknownFacts,
		access.ReasonEmployeeUnknown:     protocol.FaultNoCommission,
		access.ReasonCommissionUnknown:   protocol.FaultNoCommission,
		access.ReasonCommissionNotYet:    protocol.FaultNoCommission,
		access.ReasonCommissionEnded:     protocol.FaultNoCommission,
		access.ReasonCommissionPlaceless: protocol.FaultCommission,
		access.ReasonPurpose:             protocol.FaultCommission,
		access.ReasonRight:               protocol.FaultCommission,
		access.ReasonPatientID:           protocol.FaultPatientID,
		access.ReasonPersonsUnknown:      protocol.FaultUnknownFacts,
		access.ReasonProtected:           protocol.FaultProtected,
		access.ReasonRelationsUnknown:    protocol.FaultUnknownFacts,
		access.ReasonEngagementUnknown:   protocol.FaultUnknownFacts,
		access.ReasonNoEngagement:        protocol.FaultNoEngagement,
		access.ReasonConsent:             protocol.FaultNone,
		access.ReasonEmergency:           protocol.FaultNone,
		access.ReasonEmergencyProviders:  protocol.FaultNone,
		access.ReasonOwnOnly:             protocol.FaultNone,
		access.ReasonDeceased:            protocol.FaultNone,
		access.ReasonConsentsUnknown:     protocol.FaultNone,
		access.ReasonNotPermitted:        protocol.FaultNotFound,
		access.ReasonOwnerUnknown:        protocol.FaultNotFound,
		access.ReasonOutsideRight:        protocol.FaultNotFound,
		access.ReasonNoBasis:             protocol.FaultNotFound,
		access.ReasonFirstStep:           protocol.FaultNotFound,
		access.ReasonBlocksUnknown:       protocol.FaultNotFound,
		access.ReasonOuterBlock:          protocol.FaultNotFound,
		access.ReasonInnerBlock:          protocol.FaultNotFound,
		access.ReasonNotChosen:           protocol.FaultNotFound,
		access.ReasonOwnUnit:             protocol.FaultNone,
		access.ReasonOwnProvider:         protocol.FaultNone,
		access.ReasonOtherProvider:       protocol.FaultNone,
		access.ReasonEngagementUnasked:   protocol.FaultUnknownFacts,
		access.ReasonNoDocument:          protocol.FaultNotFound,
		access.ReasonAskBlocksUnknown:    protocol.FaultUnknownFacts,
		access.ReasonAskNoBasis:          protocol.FaultNoBasis,
		access.ReasonActConsentsUnknown:  protocol.FaultUnknownFacts,
		access.ReasonActDeceased:         protocol.FaultDeceased,
		access.ReasonActGiver:            protocol.FaultGiver,
		access.ReasonActStep:             protocol.FaultEmergencyTerms,
		access.ReasonNoFollowUp:          protocol.FaultFollowUp,
		access.ReasonConsentAttested:     protocol.FaultNone,
		access.ReasonEmergencyAttested:   protocol.FaultNone,
		access.ReasonConsentEnded:        protocol.FaultNone,
		access.ReasonPolicy:              protocol.FaultPolicy,
	}
	seen := map[string]bool{}
	count := 0
	for r := access.ReasonNone; r.String() != "unknown reason"; r++ {
		count++
		if fault, ok := want[r]; !ok || r.Fault() != fault {
			t.Errorf("%q is told as %d, want %d (in the table: %v)", r, r.Fault(), fault, ok)
		}
		if seen[r.String()] {
			t.Errorf("two reasons say %q", r)
		}
		if found, ok := access.ReasonOf(r.String()); found != r || ok != (r != access.ReasonNone) {
			t.Errorf("by what %q says is found %q (%v)", r, found, ok)
		}
		seen[r.String()] = true
	}
	if count != len(want) {
		t.Errorf("%d reasons, %d in the table", count, len(want))
	}
	if got := access.Reason(200).Fault(); got != protocol.FaultInternal {
		t.Errorf("an unknown reason is told as %d", got)
	}
}

func TestContractSet(t *testing.T) {
	s := access.Contracts(protocol.Diagnosis, protocol.NoContract, 63, 64, 255)
	for c := range protocol.Contract(255) {
		if got := s.Has(c); got != (c == protocol.Diagnosis) {
			t.Errorf("Has(%d) = %v", c, got)
		}
	}
	for _, c := range protocol.Contracts() {
		if !everything.Has(c) {
			t.Errorf("the set of all lacks %s", c)
		}
	}
}

// permitting is a world where NURSE may see the patient with consent, and the question.
func permitting(t testing.TB) (*world, access.Question) {
	t.Helper()
	w := newWorld(t)
	q := access.Question{
		Employee:   id(t, protocol.ParseEmployeeID, "NURSE"),
		Commission: id(t, protocol.ParseCommissionID, "CARE-1"),
		Patient:    id(t, protocol.ParsePatientID, "199701062383"),
	}
	for p := range buckets {
		w.asOf[p] = now
	}
	w.commission(q.Employee, projection.Commission{
		ID: "CARE-1", Name: "Vård och behandling, avdelning 1", Purpose: "Vård och behandling", CareProvider: "PROVIDER-A", CareUnit: "WARD-1",
		CareUnitName: "Avdelning 1", CareProviderName: "Regionen", EmployeeName: "Anna Andersson", EmployeeTitle: "Sjuksköterska",
		Rights: []projection.Right{{Activity: "Läsa", InformationClass: "alla", Scope: "SJF"}},
	})
	w.relation(q.Patient, projection.Relation{CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: now})
	w.consent(q.Patient, projection.Consent{ID: "C1", CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: now})
	return w, q
}

const linkedID = "198001012395"

func TestDecisionTellsWhatItRestsOn(t *testing.T) {
	w, q := permitting(t)
	w.asOf[raftfsm.Consents] = now - 5
	facts, err := access.Collect(w, w.ring, q, access.Engagement{})
	if err != nil {
		t.Fatal(err)
	}
	d := access.Decide(facts, now)
	if !d.Permitted() || d.Index() != 7 || d.Question() != q || d.Commission().Name != "Vård och behandling, avdelning 1" {
		t.Errorf("decision at %d of commission %q: %s", d.Index(), d.Commission().Name, d.Reason())
	}
	if got, want := d.AsOf(), [6]protocol.Instant{now, now - 5, now, now, now, 0}; got != want {
		t.Errorf("as of %v, want %v", got, want)
	}
	if got := d.Consents(); len(got) != 1 || got[0].ID != "C1" {
		t.Errorf("rests on consents %v", got)
	}
	if got, want := d.ValidUntil(), now-5+access.Bound(raftfsm.Consents); got != want {
		t.Errorf("holds until %d, want %d", got, want)
	}
}

// What a clock does not vouch for is not rested on, and can be ended all the same: another
// node's clock may.
func TestAConsentCanBeEndedWhateverTheClockSays(t *testing.T) {
	for name, c := range map[string]struct {
		row  projection.Consent
		asOf protocol.Instant
		ends bool
	}{
		"it stands":                           {projection.Consent{Start: now}, now, true},
		"registered by a clock that is ahead": {projection.Consent{Start: now + 300_000, End: now + 900_000, Local: true}, now, true},
		"known as of a time to come":          {projection.Consent{Start: now}, now + 300_000, true},
		"both":                                {projection.Consent{Start: now + 300_000, Local: true}, now + 300_000, true},
		"known as of long ago":                {projection.Consent{Start: now}, now - 2*access.Bound(raftfsm.Consents), true},
		"over":                                {projection.Consent{Start: now - 10, End: now - 1}, now, false},
		"to begin, as somebody decided":       {projection.Consent{Start: now + 300_000}, now, false},
	} {
		w, q := permitting(t)
		w.asOf[raftfsm.Consents] = c.asOf
		delete(w.rows, place{raftfsm.Consents, w.ring.Patient(q.Patient)})
		c.row.ID, c.row.CareProvider, c.row.CareUnit = "C1", "PROVIDER-A", "WARD-1"
		w.consent(q.Patient, c.row)
		facts, err := access.Collect(w, w.ring, q, access.Engagement{})
		if err != nil {
			t.Fatal(err)
		}
		d := access.Decide(facts, now)
		if got := len(d.Consents()) == 1; got != c.ends {
			t.Errorf("%s: it can be ended: %v", name, got)
		}
		if rests := d.Basis() == protocol.BasisConsent; rests != (name == "it stands") {
			t.Errorf("%s: it is rested on: %v", name, rests)
		}
	}
}

// TestUnreadableRowMakesItsProjectionUnknown holds every way in which a row may fail.
func TestUnreadableRowMakesItsProjectionUnknown(t *testing.T) {
	cases := map[string]struct {
		spoil func(*world, access.Question)
		want  access.Reason
		fault error
	}{
		"a consent that is no consent": {func(w *world, q access.Question) {
			w.put(raftfsm.Consents, w.ring.Patient(q.Patient), [16]byte{9}, []byte("junk"))
		}, access.ReasonConsentsUnknown, access.ErrRow},
		"a relation moved to another patient": {func(w *world, q access.Question) {
			other := id(t, protocol.ParsePatientID, "191212121212")
			w.relation(other, projection.Relation{CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: now})
			from, to := place{raftfsm.Relations, w.ring.Patient(other)}, place{raftfsm.Relations, w.ring.Patient(q.Patient)}
			w.rows[to] = append(w.rows[to], w.rows[from]...)
		}, access.ReasonRelationsUnknown, access.ErrRow},
		"a commission under another's key": {func(w *world, q access.Question) {
			subject := w.ring.Employee(q.Employee)
			w.rows[place{raftfsm.Commissions, subject}] = nil
			w.put(raftfsm.Commissions, subject, w.ring.Key(projection.CommissionDomain, "CARE-1"), projection.AppendCommission(nil, projection.Commission{ID: "CARE-2"}))
		}, access.ReasonCommissionsUnknown, access.ErrRow},
		"a person that is no person": {func(w *world, q access.Question) {
			w.put(raftfsm.Persons, w.ring.Patient(q.Patient), [16]byte{9}, []byte("junk"))
		}, access.ReasonPersonsUnknown, access.ErrRow},
		"a linked identity's person that is none": {func(w *world, q access.Question) {
			w.person(q.Patient, projection.Person{Linked: []string{linkedID}})
			w.damage(raftfsm.Persons, w.ring.Patient(id(t, protocol.ParsePatientID, linkedID)))
		}, access.ReasonPersonsUnknown, access.ErrRow},
		"a linked identity's consent that is none": {func(w *world, q access.Question) {
			w.person(q.Patient, projection.Person{Linked: []string{linkedID}})
			w.damage(raftfsm.Consents, w.ring.Patient(id(t, protocol.ParsePatientID, linkedID)))
		}, access.ReasonConsentsUnknown, access.ErrRow},
		"a linked identity that is no id": {func(w *world, q access.Question) {
			w.person(q.Patient, projection.Person{Linked: []string{"199701062384"}})
		}, access.ReasonPersonsUnknown, access.ErrRow},
		"more rows than are read, of two identities": {func(w *world, q access.Question) {
			w.person(q.Patient, projection.Person{Linked: []string{linkedID}})
			for i := range access.MaxRows {
				w.consent(id(t, protocol.ParsePatientID, linkedID), projection.Consent{ID: fmt.Sprint(i)})
			}
		}, access.ReasonConsentsUnknown, access.ErrRows},
		"more rows than are read": {func(w *world, q access.Question) {
			for i := range access.MaxRows {
				w.consent(q.Patient, projection.Consent{ID: fmt.Sprint(i)})
			}
		}, access.ReasonConsentsUnknown, access.ErrRows},
	}
	for name, c := range cases {
		w, q := permitting(t)
		c.spoil(w, q)
		facts, err := access.Collect(w, w.ring, q, access.Engagement{})
		if !errors.Is(err, c.fault) {
			t.Errorf("%s: Collect: %v, want %v", name, err, c.fault)
		}
		if err != nil && strings.Contains(err.Error(), "1997") {
			t.Errorf("%s: the error names the patient", name)
		}
		if got := access.Decide(facts, now).Reason(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestCommissionsAreListed(t *testing.T) {
	w, q := permitting(t)
	w.commission(q.Employee, projection.Commission{ID: "ADMIN", Purpose: "Administration", CareProvider: "PROVIDER-A", CareUnit: "WARD-1"})
	got, err := access.Commissions(w, w.ring, q.Employee)
	if err != nil {
		t.Fatal(err)
	}
	usable := map[string]bool{}
	for _, c := range got {
		usable[c.ID] = access.Usable(c, now)
	}
	if diff := cmp.Diff(map[string]bool{"CARE-1": true, "ADMIN": false}, usable); diff != "" {
		t.Errorf("commissions (-want +got):\n%s", diff)
	}
	if got, err := access.Commissions(w, w.ring, protocol.EmployeeID{}); got != nil || err != nil {
		t.Errorf("nobody's commissions: %v, %v", got, err)
	}
	w.damage(raftfsm.Commissions, w.ring.Employee(q.Employee))
	if _, err := access.Commissions(w, w.ring, q.Employee); !errors.Is(err, access.ErrRow) {
		t.Errorf("with a damaged row: %v, want ErrRow", err)
	}
}

func TestUsableAgreesWithDecide(t *testing.T) {
	good := projection.Commission{
		ID: "CARE-1", Purpose: "Vård och behandling", CareProvider: "PROVIDER-A", CareUnit: "WARD-1",
		Rights: []projection.Right{{Activity: "Läsa", InformationClass: "alla", Scope: "SJF"}},
	}
	for name, change := range map[string]func(*projection.Commission){
		"good":        func(*projection.Commission) {},
		"not yet":     func(c *projection.Commission) { c.Start = now + 1 },
		"ended":       func(c *projection.Commission) { c.End = now - 1 },
		"to the end":  func(c *projection.Commission) { c.Start, c.End = now, now },
		"no unit":     func(c *projection.Commission) { c.CareUnit = "" },
		"no provider": func(c *projection.Commission) { c.CareProvider = "" },
		"purpose":     func(c *projection.Commission) { c.Purpose = "Statistik" },
		"no right":    func(c *projection.Commission) { c.Rights = nil },
	} {
		c := good
		change(&c)
		d := access.Decide(access.Facts{
			Question: access.Question{
				Employee: id(t, protocol.ParseEmployeeID, "NURSE"), Commission: id(t, protocol.ParseCommissionID, "CARE-1"),
				Patient: id(t, protocol.ParsePatientID, "199701062383"),
			},
			AsOf: access.Freshness{Relations: now, Commissions: now, Persons: now}, Employed: true, Commission: c,
			Relations: []projection.Relation{{CareProvider: c.CareProvider, CareUnit: c.CareUnit, Start: now}},
		}, now)
		if got := access.Usable(c, now); got != d.Permitted() {
			t.Errorf("%s: usable %v, but decided %s", name, got, d.Reason())
		}
	}
}

func BenchmarkCollectAndDecide(b *testing.B) {
	w, q := permitting(b)
	for i := range 4 {
		w.block(q.Patient, projection.Block{ID: fmt.Sprint(i), CareProvider: "PROVIDER-B", Start: 20200101000000_4})
	}
	b.ReportAllocs()
	for b.Loop() {
		facts, err := access.Collect(w, w.ring, q, access.Engagement{})
		if err != nil || !permits(facts) {
			b.Fatal(err)
		}
	}
}

func permits(f access.Facts) bool {
	d := access.Decide(f, now)
	return d.Permitted()
}

func BenchmarkDocument(b *testing.B) {
	w, q := permitting(b)
	for i := range 4 {
		w.block(q.Patient, projection.Block{ID: fmt.Sprint(i), CareProvider: "PROVIDER-B", Start: 20270101000000_4})
	}
	facts, err := access.Collect(w, w.ring, q, access.Engagement{})
	if err != nil {
		b.Fatal(err)
	}
	d, a := access.Decide(facts, now), own()
	a.CareProvider = "PROVIDER-B"
	b.ReportAllocs()
	for b.Loop() {
		if !d.Document(a, everything).Shown {
			b.Fatal("hidden")
		}
	}
}
