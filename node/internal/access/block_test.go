package access_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

// open is facts under which everything is shown.
func open(t fataler) access.Facts {
	t.Helper()
	return access.Facts{
		Question: access.Question{
			Employee: id(t, protocol.ParseEmployeeID, "NURSE"), Commission: id(t, protocol.ParseCommissionID, "CARE-1"),
			Patient: id(t, protocol.ParsePatientID, "199701062383"),
		},
		AsOf:     access.Freshness{Blocks: now, Consents: now, Relations: now, Commissions: now, Persons: now},
		Employed: true,
		Commission: projection.Commission{
			ID: "CARE-1", Purpose: "Vård och behandling", CareProvider: "PROVIDER-A", CareUnit: "WARD-1",
			Rights: []projection.Right{{Activity: "Läsa", InformationClass: "alla", Scope: "SJF"}},
		},
		Relations: []projection.Relation{{CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: now}},
		Consents:  []access.Consent{{Consent: projection.Consent{ID: "C", CareProvider: "PROVIDER-A", CareUnit: "WARD-1", Start: now}}},
	}
}

// TestBlockThatDoesNotSayWhatItBlocksHitsAll: but never the own unit's.
func TestBlockThatDoesNotSayWhatItBlocksHitsAll(t *testing.T) {
	for name, b := range map[string]projection.Block{
		"an inner block without a unit":     {Inner: true, CareProvider: "PROVIDER-B"},
		"the own care provider's":           {Inner: true, CareProvider: "PROVIDER-A"},
		"an outer block without a provider": {},
		"an inner block without a provider": {Inner: true, CareUnit: "WARD-9"},
		"a block of nobody":                 {Inner: true},
	} {
		f := open(t)
		f.Blocks = []projection.Block{b}
		d := access.Decide(f, now)
		for _, a := range records() {
			own := a.CareProvider == "PROVIDER-A" && a.CareUnit == "WARD-1"
			if shown := d.Document(a, everything).Shown; shown != own {
				t.Errorf("%s: record %+v shown %v", name, a, shown)
			}
		}
	}
}

// TestRepeatedHour compares blocks around the end of summer time with every reading of
// the clock: a record is hit if by any reading of the block's bounds and of the
// record's time it lies between them, and within the hour that comes twice it may be hit
// even so. A block whose bounds contradict each other by every reading hits everything.
func TestRepeatedHour(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	sundays := []time.Time{
		time.Date(2025, 10, 26, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), time.Date(2021, 10, 31, 0, 0, 0, 0, time.UTC),
		time.Date(1995, 9, 24, 0, 0, 0, 0, time.UTC), time.Date(1996, 10, 27, 0, 0, 0, 0, time.UTC),
		time.Date(2025, 10, 19, 0, 0, 0, 0, time.UTC), time.Date(1995, 10, 29, 0, 0, 0, 0, time.UTC), // once
	}
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.SampledFrom(sundays).Draw(t, "day")
		wall := func(what string) time.Time {
			return day.Add(time.Hour + time.Duration(rapid.OneOf(rapid.IntRange(0, 3*60*60), rapid.SampledFrom([]int{3599, 3600, 5400, 7199, 7200})).Draw(t, what))*time.Second)
		}
		from, to, at := wall("from"), wall("to"), wall("record")
		f := open(t)
		f.Blocks = []projection.Block{{ID: "B", CareProvider: "PROVIDER-B", Start: digits(t, from), End: digits(t, to)}}
		d := access.Decide(f, now)
		got := !d.Document(raftfsm.Attributes{Contract: 1, CareProvider: "PROVIDER-B", CareUnit: "WARD-9", Time: int64(digits(t, at))}, everything).Shown

		hit, possible := false, false
		for _, first := range readings(from, loc) {
			for _, last := range readings(to, loc) {
				possible = possible || !first.After(last)
				for _, when := range readings(at, loc) {
					hit = hit || !when.Before(first) && !when.After(last)
				}
			}
		}
		if want := hit || !possible; got != want && (want || len(readings(at, loc)) == 1) {
			t.Fatalf("a block from %v to %v hits %v: %v, want %v", from, to, at, got, want)
		}
	})
}

func digits(t fataler, wall time.Time) protocol.Civil {
	t.Helper()
	return id(t, protocol.ParseCivil, wall.Format("20060102150405"))
}

// readings returns the instants at which clocks show a time: in autumn there may be two.
func readings(wall time.Time, loc *time.Location) []time.Time {
	var all []time.Time
	for _, offset := range []time.Duration{time.Hour, 2 * time.Hour} {
		at := wall.Add(-offset)
		if _, shown := at.In(loc).Zone(); time.Duration(shown)*time.Second == offset {
			all = append(all, at)
		}
	}
	return all
}

func TestDocumentAllocatesNothing(t *testing.T) {
	f := open(t)
	for _, provider := range []string{"PROVIDER-C", "PROVIDER-D"} {
		f.Blocks = append(f.Blocks, projection.Block{ID: provider, CareProvider: provider, Start: 20251026023000_7, Exempt: []string{"lak"}})
	}
	d, all := access.Decide(f, now), records()
	if n := testing.AllocsPerRun(100, func() {
		for _, a := range all {
			d.Document(a, everything)
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d records", n, len(all))
	}
}
