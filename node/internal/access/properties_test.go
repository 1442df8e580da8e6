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
		Start: openEnds.Draw(t, "start"), End: openEnds.Draw(t, "end"),
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

// someFacts draws facts that permit more often than not, or nothing would be tested.
func someFacts(t *rapid.T) access.Facts {
	age := rapid.SampledFrom([]protocol.Instant{now, now, now - 5, now - access.Bound(raftfsm.Consents), now + 10, now - access.Bound(raftfsm.Consents) + 1})
	f := access.Facts{
		Question: access.Question{
			Employee:   id(t, protocol.ParseEmployeeID, "NURSE"),
			Commission: id(t, protocol.ParseCommissionID, "CARE-1"),
			Patient:    id(t, protocol.ParsePatientID, "199701062383"),
		},
		Index: 7,
		AsOf: access.Freshness{
			Blocks: age.Draw(t, "blocks"), Consents: age.Draw(t, "consents"),
			Relations: age.Draw(t, "relations"), Commissions: age.Draw(t, "commissions"), Persons: age.Draw(t, "persons"),
		},
		Employed: true,
		Commission: projection.Commission{
			ID: "CARE-1", Purpose: "Vård och behandling", CareProvider: "PROVIDER-A", CareUnit: "WARD-1",
			Rights: []projection.Right{{Activity: "Läsa", InformationClass: rapid.SampledFrom([]string{"alla", "voo", "lak"}).Draw(t, "class"), Scope: "SJF"}},
			Start:  openEnds.Draw(t, "start"), End: openEnds.Draw(t, "end"),
		},
		Relations: rapid.SliceOfN(rapid.Custom(someRelations), 0, 3).Draw(t, "relations"),
		Consents:  rapid.SliceOfN(rapid.Custom(someConsents), 0, 3).Draw(t, "consents"),
		Blocks:    rapid.SliceOfN(rapid.Custom(someBlocks), 0, 3).Draw(t, "blocks"),
	}
	if rapid.Bool().Draw(t, "engaged") {
		f.Relations = append(f.Relations, projection.Relation{CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: now, End: openEnds.Draw(t, "end")})
	}
	if rapid.Bool().Draw(t, "consented") {
		f.Consents = append(f.Consents, access.Consent{Consent: projection.Consent{ID: "C", CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: now, End: openEnds.Draw(t, "end")}})
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

func neverMore(t *rapid.T, what string, before, after []bool) {
	for i := range before {
		if after[i] && !before[i] {
			t.Fatalf("%s shows record %+v, which was hidden", what, records()[i])
		}
	}
}

func TestLessGroundNeverShowsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts(t)
		before := shown(f, now)

		more := f
		more.Blocks = append(slices.Clone(f.Blocks), rapid.Custom(someBlocks).Draw(t, "added"))
		neverMore(t, "an added block", before, shown(more, now))

		for i := range f.Consents {
			less := f
			less.Consents = slices.Delete(slices.Clone(f.Consents), i, i+1)
			neverMore(t, "a removed consent", before, shown(less, now))
		}
		for i := range f.Relations {
			less := f
			less.Relations = slices.Delete(slices.Clone(f.Relations), i, i+1)
			neverMore(t, "a removed relation", before, shown(less, now))
		}
		for i := range f.Blocks {
			less := f
			less.Blocks = slices.Clone(f.Blocks)
			less.Blocks[i].Lifts, less.Blocks[i].Exempt = nil, nil
			neverMore(t, "a block without its lifts and exemptions", before, shown(less, now))
		}
		less := f
		less.Commission.Rights = nil
		neverMore(t, "a commission without rights", before, shown(less, now))
	})
}

func TestUnknownNeverShowsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts(t)
		before := shown(f, now)
		unknown := rapid.SampledFrom([]protocol.Instant{0, -1, now - access.Bound(raftfsm.Consents) - 1, now + access.MaxClockSkew + 1, 1<<63 - 1, -1 << 63}).Draw(t, "as of")
		for name, forget := range map[string]func(*access.Freshness){
			"blocks":      func(a *access.Freshness) { a.Blocks = unknown },
			"consents":    func(a *access.Freshness) { a.Consents = unknown },
			"relations":   func(a *access.Freshness) { a.Relations = unknown },
			"commissions": func(a *access.Freshness) { a.Commissions = unknown },
		} {
			g := f
			forget(&g.AsOf)
			after := shown(g, now)
			neverMore(t, "unknown "+name, before, after)
			for i, a := range records() {
				own := a.CareProvider == "PROVIDER-A" && a.CareUnit == "WARD-1"
				switch {
				case !after[i]:
				case name == "commissions", name == "relations",
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

// TestHoldsUntilItSays: what is shown may be shown until ValidUntil, and a decision
// that permits holds at its own time.
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
		if d.ValidUntil() < now || d.ValidUntil() > now+access.Bound(raftfsm.Consents) {
			t.Fatalf("holds until %d ms from now", d.ValidUntil()-now)
		}
		later := min(d.ValidUntil(), now+protocol.Instant(rapid.Int64Range(0, int64(access.Bound(raftfsm.Consents))).Draw(t, "later")))
		if diff := cmp.Diff(shown(f, now), shown(f, later)); diff != "" {
			t.Fatalf("%d ms later, before ValidUntil, other records are shown:\n%s", later-now, diff)
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
		engaged := slices.ContainsFunc(f.Relations, func(r projection.Relation) bool {
			return mine(r.CareProvider, r.CareUnit, r.Employee, r.Start, r.End)
		})
		consented := slices.ContainsFunc(f.Consents, func(c access.Consent) bool {
			return mine(c.CareProvider, c.CareUnit, c.Employee, c.Start, c.End)
		})
		for i, is := range shown(f, now) {
			a := records()[i]
			if !is {
				continue
			}
			if !engaged || a.CareProvider == "" || a.CareUnit == "" || a.CareProvider != "PROVIDER-A" && !consented {
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
