package access_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// TestLinkedIdentitiesAreOnePatient: what is kept under any identity counts, and the
// decision says under which, so that it can be changed there.
func TestLinkedIdentitiesAreOnePatient(t *testing.T) {
	w, q := permitting(t)
	linked := id(t, protocol.ParsePatientID, linkedID)
	w.person(q.Patient, projection.Person{Linked: []string{linkedID, "199701062383"}})
	w.person(linked, projection.Person{Deceased: true})
	w.consent(linked, projection.Consent{ID: "C2", CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: now, Emergency: protocol.EmergencyContent})
	facts, err := access.Collect(w, w.ring, q, access.Engagement{})
	if err != nil {
		t.Fatal(err)
	}
	d := access.Decide(facts, now)
	if !slices.Equal(d.Linked(), []protocol.PatientID{linked}) || !d.Deceased() {
		t.Errorf("%d linked identities, deceased %v", len(d.Linked()), d.Deceased())
	}
	under := map[string]bool{}
	for _, c := range d.Consents() {
		under[c.ID+" "+c.Patient.Reveal()] = true
	}
	if diff := cmp.Diff(map[string]bool{"C1 199701062383": true, "C2 " + linkedID: true}, under); diff != "" {
		t.Errorf("standing consents (-want +got):\n%s", diff)
	}
}

// TestLinkedIdentitiesAreBounded: a chain of links is followed as far as there may be
// identities, and one more makes the patient unknown.
func TestLinkedIdentitiesAreBounded(t *testing.T) {
	chain := []string{
		linkedID, "198001612392", "196001012381", "196001022380", "196001032389", "196001042388", "196001052387", "196001062386", "196001072385",
	}
	for length := range len(chain) + 1 {
		w, q := permitting(t)
		from := q.Patient
		for _, text := range chain[:length] {
			w.person(from, projection.Person{Linked: []string{text}})
			from = id(t, protocol.ParsePatientID, text)
		}
		facts, err := access.Collect(w, w.ring, q, access.Engagement{})
		d := access.Decide(facts, now)
		if want := length <= projection.MaxLinked; d.Permitted() != want || (err == nil) != want {
			t.Errorf("%d linked identities: %s, %v", length, d.Reason(), err)
		}
		if d.Permitted() && len(d.Linked()) != length {
			t.Errorf("%d of %d linked identities", len(d.Linked()), length)
		}
	}
}

// TestRefusalTellsNothingOfThePatient holds that what is known of a patient who does
// not open does not leave the gate.
func TestRefusalTellsNothingOfThePatient(t *testing.T) {
	w, q := permitting(t)
	q.Patient = id(t, protocol.ParsePatientID, "201701032391")
	w.person(q.Patient, projection.Person{Deceased: true, Linked: []string{linkedID}})
	facts, err := access.Collect(w, w.ring, q, access.Engagement{})
	if err != nil {
		t.Fatal(err)
	}
	d := access.Decide(facts, now)
	if d.Permitted() || d.Child() || d.Deceased() || d.Linked() != nil || d.Consents() != nil || !d.NeedsEngagement() {
		t.Errorf("%s: child %v, deceased %v, %d linked", d.Reason(), d.Child(), d.Deceased(), len(d.Linked()))
	}
}

func TestBounds(t *testing.T) {
	want := map[raftfsm.Projection]protocol.Instant{
		raftfsm.Blocks: 600_000, raftfsm.Consents: 600_000, raftfsm.Relations: 600_000, raftfsm.Commissions: 1_800_000, raftfsm.Persons: 86_400_000,
	}
	for p := range raftfsm.Projection(20) {
		if got := access.Bound(p); got != want[p] {
			t.Errorf("the bound of projection %d is %d ms, want %d", p, got, want[p])
		}
	}
	if projection.MaxLinked != command.MaxLinked {
		t.Errorf("a patient may have %d linked identities, and the log takes %d", projection.MaxLinked, command.MaxLinked)
	}
	if access.EngagementFor != 60_000 || access.EmergencyFor != 4*3_600_000 {
		t.Errorf("%d, %d", access.EngagementFor, access.EmergencyFor)
	}
}

func TestFollowsUp(t *testing.T) {
	right := projection.Right{Activity: "Läsa", InformationClass: "logg", Scope: "VG"}
	good := projection.Commission{ID: "LOG-1", Purpose: "Administration", CareProvider: "PROVIDER-A", Rights: []projection.Right{{Activity: "Skriva"}, right}}
	for name, c := range map[string]struct {
		change func(*projection.Commission)
		want   bool
	}{
		"good":             {func(*projection.Commission) {}, true},
		"with a unit":      {func(c *projection.Commission) { c.CareUnit = "WARD-1" }, true},
		"to the end":       {func(c *projection.Commission) { c.Start, c.End = now, now }, true},
		"not yet":          {func(c *projection.Commission) { c.Start = now + 1 }, false},
		"ended":            {func(c *projection.Commission) { c.End = now - 1 }, false},
		"nameless":         {func(c *projection.Commission) { c.ID = "" }, false},
		"no care provider": {func(c *projection.Commission) { c.CareProvider = "" }, false},
		"for care":         {func(c *projection.Commission) { c.Purpose = "Vård och behandling" }, false},
		"no right":         {func(c *projection.Commission) { c.Rights = nil }, false},
		"of everything": {func(c *projection.Commission) {
			c.Rights = []projection.Right{{Activity: "Läsa", InformationClass: "alla", Scope: "VG"}}
		}, false},
		"shared": {func(c *projection.Commission) {
			c.Rights = []projection.Right{{Activity: "Läsa", InformationClass: "logg", Scope: "SJF"}}
		}, false},
		"to write": {func(c *projection.Commission) {
			c.Rights = []projection.Right{{Activity: "Skriva", InformationClass: "logg", Scope: "VG"}}
		}, false},
	} {
		commission := good
		c.change(&commission)
		if got := access.FollowsUp(commission, now); got != c.want {
			t.Errorf("%s: follows up %v", name, got)
		}
		if c.want && access.Usable(commission, now) {
			t.Errorf("%s: who follows up may open patients", name)
		}
	}
}
