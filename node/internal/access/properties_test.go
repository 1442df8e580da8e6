package access_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

var (
	_ access.View   = (*raftfsm.View)(nil)
	_ access.Opener = (*sealing.Ring)(nil)
)

// The pools are small, so that things meet often.
var (
	providers = rapid.SampledFrom([]string{"PROVIDER-A", "PROVIDER-B"})
	units     = rapid.SampledFrom([]string{"WARD-1", "WARD-2", "WARD-3"})
	employees = rapid.SampledFrom([]string{"", "NURSE", "DOCTOR"})
	moments   = rapid.Custom(func(t *rapid.T) protocol.Instant {
		return now + protocol.Instant(rapid.Int64Range(-3, 3).Draw(t, "moment"))
	})
	openEnds = rapid.OneOf(moments, rapid.Just(protocol.Instant(0)))
	starts   = rapid.OneOf(openEnds, rapid.SampledFrom([]protocol.Instant{now - access.EmergencyFor - 1, now - access.EmergencyFor, now - access.EmergencyFor + 2}))
	civils   = rapid.SampledFrom([]protocol.Civil{0, 5, 20250000000000_2, 20260301000000_4, 20260301120000_7, 20260302000000_4, 20260401000000_4})
)

const now protocol.Instant = 1_780_000_000_000

func someRelations(t *rapid.T) projection.Relation {
	return projection.Relation{
		CareProvider: providers.Draw(t, "provider"), CareUnit: units.Draw(t, "unit"), Employee: employees.Draw(t, "employee"),
		Start: openEnds.Draw(t, "start"), End: openEnds.Draw(t, "end"),
	}
}

func someConsents(t *rapid.T) access.Consent {
	return access.Consent{Consent: projection.Consent{
		ID: "C", CareProvider: providers.Draw(t, "provider"), CareUnit: units.Draw(t, "unit"), Employee: employees.Draw(t, "employee"),
		Start: starts.Draw(t, "start"), End: openEnds.Draw(t, "end"),
		Emergency: rapid.SampledFrom([]protocol.EmergencyStep{0, 0, 1, 2, 3}).Draw(t, "emergency"), Local: rapid.Bool().Draw(t, "local"),
	}}
}

func someBlocks(t *rapid.T) projection.Block {
	return projection.Block{
		ID: "B", Inner: rapid.Bool().Draw(t, "inner"), CareProvider: providers.Draw(t, "provider"), CareUnit: units.Draw(t, "unit"),
		Start: civils.Draw(t, "from"), End: civils.Draw(t, "to"),
		Exempt: rapid.SliceOfN(rapid.SampledFrom([]string{"lak", "upp", "voo"}), 0, 2).Draw(t, "exempt"),
		Lifts: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) projection.Lift {
			return projection.Lift{CareUnit: units.Draw(t, "unit"), Employee: employees.Draw(t, "employee"), End: openEnds.Draw(t, "end")}
		}), 0, 2).Draw(t, "lifts"),
	}
}

// aged draws as of when something is known, around its bound and around this clock.
func aged(t *rapid.T, what string, bound protocol.Instant) protocol.Instant {
	return rapid.SampledFrom([]protocol.Instant{
		now, now, now, now - 5, now + 10, now - bound, now - bound + 1, now - bound - 1, now + access.MaxClockSkew, now + access.MaxClockSkew + 2,
	}).Draw(t, what)
}

// someFacts draws facts that permit more often than not, or nothing would be tested.
func someFacts(t *rapid.T) access.Facts {
	f := access.Facts{
		Question: access.Question{
			Employee:   id(t, protocol.ParseEmployeeID, "NURSE"),
			Commission: id(t, protocol.ParseCommissionID, "CARE-1"),
			Patient:    id(t, protocol.ParsePatientID, "199701062383"),
		},
		Index: 7,
		AsOf: access.Freshness{
			Blocks: aged(t, "blocks", access.Bound(raftfsm.Blocks)), Consents: aged(t, "consents", access.Bound(raftfsm.Consents)),
			Relations: aged(t, "relations", access.Bound(raftfsm.Relations)), Commissions: now, Persons: now,
			Engagement: aged(t, "engagement", access.EngagementFor),
		},
		Engaged:  rapid.Bool().Draw(t, "answer"),
		Person:   projection.Person{Deceased: rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "deceased")},
		Employed: true,
		Commission: projection.Commission{
			ID: "CARE-1", Purpose: "Vård och behandling", CareProvider: "PROVIDER-A", CareUnit: "WARD-1",
			Rights: []projection.Right{{Activity: "Läsa", InformationClass: rapid.SampledFrom([]string{"alla", "alla", "voo", "lak"}).Draw(t, "class"), Scope: "SJF"}},
		},
		Relations: rapid.SliceOfN(rapid.Custom(someRelations), 0, 3).Draw(t, "relations"),
		Consents:  rapid.SliceOfN(rapid.Custom(someConsents), 0, 3).Draw(t, "consents"),
		Blocks:    rapid.SliceOfN(rapid.Custom(someBlocks), 0, 3).Draw(t, "blocks"),
	}
	if rapid.Bool().Draw(t, "edges") {
		f.Commission.Start, f.Commission.End = openEnds.Draw(t, "start"), openEnds.Draw(t, "end")
		f.AsOf.Commissions = aged(t, "commissions", access.Bound(raftfsm.Commissions))
		f.AsOf.Persons = aged(t, "persons", access.Bound(raftfsm.Persons))
		f.Person.Protected = rapid.Bool().Draw(t, "protected")
	}
	if rapid.Bool().Draw(t, "engaged") {
		f.Relations = append(f.Relations, projection.Relation{CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: now, End: openEnds.Draw(t, "end")})
	}
	if rapid.Bool().Draw(t, "grounded") {
		f.Consents = append(f.Consents, access.Consent{Consent: projection.Consent{
			ID: "C", CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: now, End: openEnds.Draw(t, "end"),
			Emergency: protocol.EmergencyStep(rapid.IntRange(0, 2).Draw(t, "step")),
		}})
	}
	return f
}

// records is one of every sort.
func records() []raftfsm.Attributes {
	var all []raftfsm.Attributes
	for _, contract := range []protocol.Contract{protocol.CareDocumentation, protocol.MedicationHistory} {
		for _, provider := range []string{"", "PROVIDER-A", "PROVIDER-B"} {
			for _, unit := range []string{"", "WARD-1", "WARD-2", "WARD-3"} {
				for _, time := range []int64{0, 20260301000000_4, 20260302000000_4} {
					all = append(all, raftfsm.Attributes{Contract: uint8(contract), CareProvider: provider, CareUnit: unit, Time: time})
				}
			}
		}
	}
	return all
}

// shown returns which records are shown of everything chosen.
func shown(f access.Facts, at protocol.Instant) []bool {
	d, all := access.Decide(f, at), records()
	out := make([]bool, len(all))
	for i, a := range all {
		out[i] = d.Document(a, access.Contracts(protocol.Contracts()...)).Shown
	}
	return out
}

// surveyed returns what the lower rungs tell of the records.
func surveyed(f access.Facts, at protocol.Instant, all []raftfsm.Attributes) access.Survey {
	d := access.Decide(f, at)
	return d.Survey(slices.Values(all))
}

func neverMore(t *rapid.T, what string, before, after []bool) {
	for i := range before {
		if after[i] && !before[i] {
			t.Fatalf("%s shows record %+v, which was hidden", what, records()[i])
		}
	}
}

// neverTellsMore holds that no more care providers are said to have information.
func neverTellsMore(t *rapid.T, what string, before, after access.Survey) {
	if after.Others && !before.Others {
		t.Fatalf("%s tells that others have information", what)
	}
	for _, m := range after.Providers {
		had := slices.ContainsFunc(before.Providers, func(b access.Mark) bool { return b.CareProvider == m.CareProvider && b.Has })
		if m.Has && !had {
			t.Fatalf("%s tells that %s has information", what, m.CareProvider)
		}
	}
}

// less holds that facts with less ground show no more, and tell no more.
func less(t *rapid.T, what string, before, after access.Facts) {
	neverMore(t, what, shown(before, now), shown(after, now))
	neverTellsMore(t, what, surveyed(before, now, records()), surveyed(after, now, records()))
}

func TestLessGroundNeverShowsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts(t)
		more := f
		more.Blocks = append(slices.Clone(f.Blocks), rapid.Custom(someBlocks).Draw(t, "added"))
		less(t, "an added block", f, more)
		for i, c := range f.Consents {
			g := f
			g.Consents = slices.Delete(slices.Clone(f.Consents), i, i+1)
			neverMore(t, "a removed consent", shown(f, now), shown(g, now))
			if before := access.Decide(f, now); c.Emergency == 0 && before.Basis() == protocol.BasisConsent {
				neverTellsMore(t, "a removed consent", surveyed(f, now, records()), surveyed(g, now, records()))
			}
			if c.Emergency == protocol.EmergencyContent {
				g.Consents = slices.Clone(f.Consents)
				g.Consents[i].Emergency = protocol.EmergencyProviders
				neverMore(t, "an emergency in its first step", shown(f, now), shown(g, now))
			}
		}
		for i := range f.Relations {
			g := f
			g.Relations = slices.Delete(slices.Clone(f.Relations), i, i+1)
			less(t, "a removed relation", f, g)
		}
		for i, b := range f.Blocks {
			for j := range b.Lifts {
				g := f
				g.Blocks = slices.Clone(f.Blocks)
				g.Blocks[i].Lifts = slices.Delete(slices.Clone(b.Lifts), j, j+1)
				less(t, "a removed lift", f, g)
			}
			g := f
			g.Blocks = slices.Clone(f.Blocks)
			g.Blocks[i].Exempt = nil
			less(t, "a block without its exemptions", f, g)
			g.Blocks[i].CareUnit = ""
			if b.Inner {
				less(t, "an inner block that does not say of which unit", f, g)
			}
			if b.CareProvider != "PROVIDER-A" || b.Inner && b.CareUnit != "WARD-1" {
				g.Blocks[i].CareProvider = ""
				less(t, "a block that does not say by whom", f, g)
			}
		}
		for what, change := range map[string]func(*access.Facts){
			"a commission without rights": func(g *access.Facts) { g.Commission.Rights = nil },
			"a protected identity":        func(g *access.Facts) { g.Person.Protected = true },
			"a deceased patient":          func(g *access.Facts) { g.Person.Deceased = true },
			"an answer that says no":      func(g *access.Facts) { g.Engaged = false },
			"no answer":                   func(g *access.Facts) { g.Engaged, g.AsOf.Engagement = false, 0 },
		} {
			g := f
			change(&g)
			less(t, what, f, g)
		}
	})
}

// TestEmergencyNeverShowsWhatIsBlocked: an emergency shows at most what a consent
// shows, and of what is blocked nothing.
func TestEmergencyNeverShowsWhatIsBlocked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts(t)
		consented := f
		f.Consents = slices.DeleteFunc(slices.Clone(f.Consents), func(c access.Consent) bool { return c.Emergency == 0 })
		none := f
		none.Consents = nil
		consented.Consents = []access.Consent{{Consent: projection.Consent{ID: "C", CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: 1}}}
		neverMore(t, "an emergency, beside a consent,", shown(consented, now), shown(f, now))
		neverMore(t, "nothing, beside an emergency,", shown(f, now), shown(none, now))
		d := access.Decide(consented, now)
		for i, is := range shown(f, now) {
			if reason := d.Document(records()[i], access.Contracts(protocol.Contracts()...)).Reason; is && (reason == access.ReasonOuterBlock || reason == access.ReasonInnerBlock) {
				t.Fatalf("an emergency shows record %+v, which is blocked", records()[i])
			}
		}
		if d := access.Decide(f, now); d.Step() == protocol.EmergencyProviders {
			for i, is := range shown(f, now) {
				if is && records()[i].CareProvider != "PROVIDER-A" {
					t.Fatalf("an emergency's first step shows record %+v", records()[i])
				}
			}
		}
	})
}

func TestUnknownNeverShowsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts(t)
		unknown := rapid.SampledFrom([]protocol.Instant{0, -1, now - access.Bound(raftfsm.Persons) - 1, now + access.MaxClockSkew + 1, 1<<63 - 1, -1 << 63}).Draw(t, "as of")
		for name, forget := range map[string]func(*access.Freshness){
			"blocks":      func(a *access.Freshness) { a.Blocks = unknown },
			"consents":    func(a *access.Freshness) { a.Consents = unknown },
			"relations":   func(a *access.Freshness) { a.Relations = unknown },
			"commissions": func(a *access.Freshness) { a.Commissions = unknown },
			"persons":     func(a *access.Freshness) { a.Persons = unknown },
			"engagement":  func(a *access.Freshness) { a.Engagement = unknown },
			"neither relations nor engagement": func(a *access.Freshness) {
				a.Relations, a.Engagement = unknown, unknown
			},
		} {
			g := f
			forget(&g.AsOf)
			less(t, "unknown "+name, f, g)
			if s := surveyed(g, now, records()); name == "blocks" && (s.Others || s.Blocked || len(s.Providers) > 0) {
				t.Fatalf("unknown blocks tell %+v", s)
			}
			for i, is := range shown(g, now) {
				a := records()[i]
				own := a.CareProvider == "PROVIDER-A" && a.CareUnit == "WARD-1"
				switch {
				case !is:
				case name == "commissions", name == "persons", name == "neither relations nor engagement",
					name == "consents" && a.CareProvider != "PROVIDER-A",
					name == "blocks" && !own:
					t.Fatalf("unknown %s permits record %+v", name, a)
				}
			}
		}
		for _, missing := range []access.Question{
			{Commission: f.Question.Commission, Patient: f.Question.Patient},
			{Employee: f.Question.Employee, Patient: f.Question.Patient},
			{Employee: f.Question.Employee, Commission: f.Question.Commission},
		} {
			g := f
			g.Question = missing
			if access.Decide(g, now).Permitted() {
				t.Fatal("a question that does not say all permits")
			}
		}
		if access.Decide(f, 0).Permitted() || access.Decide(f, -now).Permitted() {
			t.Fatal("an unknown time permits")
		}
	})
}

// visible is what a browser learns of a decision without asking further.
type visible struct {
	Permitted, MayConsent, MayAttest, Child, Deceased, Needs bool

	Fault protocol.Fault
	Basis protocol.Basis
	Step  protocol.EmergencyStep
	Ends  protocol.Instant
}

func visibleOf(f access.Facts, at protocol.Instant) visible {
	d := access.Decide(f, at)
	return visible{
		Permitted: d.Permitted(), MayConsent: d.MayConsent(), MayAttest: d.MayAttest(), Child: d.Child(), Deceased: d.Deceased(),
		Needs: d.NeedsEngagement(), Fault: d.Fault(), Basis: d.Basis(), Step: d.Step(), Ends: d.BasisEnds(),
	}
}

// TestHoldsUntilItSays: what is decided holds until ValidUntil, whatever else time
// brings, and a decision that permits holds at its own time.
func TestHoldsUntilItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts(t)
		d := access.Decide(f, now)
		if !d.Permitted() {
			if d.ValidUntil() != 0 {
				t.Fatal("a denial says how long it holds")
			}
			return
		}
		if d.ValidUntil() < now || d.ValidUntil() > now+access.Bound(raftfsm.Commissions) {
			t.Fatalf("holds until %d ms from now", d.ValidUntil()-now)
		}
		later := min(d.ValidUntil(), now+protocol.Instant(rapid.OneOf(
			rapid.Int64Range(0, 6), rapid.Int64Range(0, int64(access.Bound(raftfsm.Commissions))),
		).Draw(t, "later")))
		if diff := cmp.Diff(shown(f, now), shown(f, later)); diff != "" {
			t.Fatalf("%d ms later, before ValidUntil, other records are shown:\n%s", later-now, diff)
		}
		if diff := cmp.Diff(surveyed(f, now, records()), surveyed(f, later, records())); diff != "" {
			t.Fatalf("%d ms later, before ValidUntil, other things are told:\n%s", later-now, diff)
		}
		if diff := cmp.Diff(visibleOf(f, now), visibleOf(f, later)); diff != "" {
			t.Fatalf("%d ms later, before ValidUntil, it is decided otherwise:\n%s", later-now, diff)
		}
	})
}

// TestAllBlockedIsAsNone (P9): a patient whose every record is blocked cannot be told
// from one who has none, but for the question whether any is blocked, and in an emergency.
func TestAllBlockedIsAsNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts(t)
		all := slices.DeleteFunc(records(), func(a raftfsm.Attributes) bool {
			return a.CareProvider == "PROVIDER-A" && a.CareUnit == "WARD-1" // hit by no block
		})
		blocked := f
		blocked.Blocks = append(slices.Clone(f.Blocks),
			projection.Block{ID: "1", CareProvider: "PROVIDER-B"},
			projection.Block{ID: "2", Inner: true, CareProvider: "PROVIDER-A", CareUnit: "WARD-2"},
			projection.Block{ID: "3", Inner: true, CareProvider: "PROVIDER-A", CareUnit: "WARD-3"})
		for _, a := range all {
			if d := access.Decide(blocked, now); d.Document(a, access.Contracts(protocol.Contracts()...)).Shown {
				t.Fatalf("record %+v is not blocked", a)
			}
		}
		if diff := cmp.Diff(visibleOf(f, now), visibleOf(blocked, now)); diff != "" {
			t.Fatalf("blocks can be told from what opens:\n%s", diff)
		}
		got, want := surveyed(blocked, now, all), surveyed(f, now, nil)
		got.Blocked = false // told when asked
		if access.Decide(f, now).Basis() == protocol.BasisEmergency {
			got.Providers = slices.DeleteFunc(got.Providers, func(m access.Mark) bool { return m.Blocked && !m.Has })
		}
		if got.Others != want.Others || len(got.Providers) != len(want.Providers) {
			t.Fatalf("all blocked tells %+v, none %+v", got, want)
		}
	})
}

// TestShownHasItsGround asks the law's question the other way round, by a formulation
// of its own: for what is shown, the ground must be there.
func TestShownHasItsGround(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts(t)
		mine := func(provider, unit, employee string, start, end protocol.Instant) bool {
			return provider == "PROVIDER-A" && unit == "WARD-1" && employee != "DOCTOR" &&
				start != 0 && now >= start && (end == 0 || now <= end)
		}
		within := func(asOf, bound protocol.Instant) bool { return asOf >= now-bound && asOf <= now+access.MaxClockSkew }
		engaged := f.Engaged && within(f.AsOf.Engagement, access.EngagementFor) || within(f.AsOf.Relations, access.Bound(raftfsm.Relations)) &&
			slices.ContainsFunc(f.Relations, func(r projection.Relation) bool {
				return mine(r.CareProvider, r.CareUnit, r.Employee, r.Start, r.End)
			})
		consented := !f.Person.Deceased && slices.ContainsFunc(f.Consents, func(c access.Consent) bool {
			return mine(c.CareProvider, c.CareUnit, c.Employee, c.Start, c.End) && c.Emergency != protocol.EmergencyProviders && c.Emergency < 3
		})
		for i, is := range shown(f, now) {
			a := records()[i]
			if !is {
				continue
			}
			if !engaged || f.Person.Protected || a.CareProvider == "" || a.CareUnit == "" || a.CareProvider != "PROVIDER-A" && !consented {
				t.Fatalf("record %+v is shown without its ground", a)
			}
			for _, b := range f.Blocks {
				plain := b.Start == 0 && b.End == 0 && len(b.Exempt) == 0 && len(b.Lifts) == 0
				outer := !b.Inner && b.CareProvider == a.CareProvider && a.CareProvider != "PROVIDER-A"
				inner := b.Inner && b.CareProvider == a.CareProvider && b.CareUnit == a.CareUnit &&
					!(a.CareProvider == "PROVIDER-A" && a.CareUnit == "WARD-1")
				if plain && (outer || inner) {
					t.Fatalf("record %+v is shown under block %+v", a, b)
				}
			}
		}
	})
}

func TestDecideIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts(t)
		turned := f
		turned.Relations, turned.Consents, turned.Blocks = slices.Clone(f.Relations), slices.Clone(f.Consents), slices.Clone(f.Blocks)
		slices.Reverse(turned.Relations)
		slices.Reverse(turned.Consents)
		slices.Reverse(turned.Blocks)
		a, b, again := access.Decide(f, now), access.Decide(turned, now), access.Decide(f, now)
		for _, other := range []access.Decision{b, again} {
			if a.Reason() != other.Reason() || a.Basis() != other.Basis() || a.BasisEnds() != other.BasisEnds() || a.ValidUntil() != other.ValidUntil() {
				t.Fatal("the same facts in another order are decided otherwise")
			}
		}
		if diff := cmp.Diff(shown(f, now), shown(turned, now)); diff != "" {
			t.Fatalf("the same facts in another order show other records:\n%s", diff)
		}
	})
}
