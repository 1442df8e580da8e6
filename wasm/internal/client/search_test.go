package client

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tvilling/protocol"
)

func TestFold(t *testing.T) {
	for _, c := range [][2]string{
		{"", ""}, {"Blodtryck", "blodtryck"}, {"ÅÄÖ åäö", "åäö åäö"}, {"Café à la José", "cafe a la jose"},
		{"Müller", "muller"}, {"Ångström", "ångström"}, {"A\u030angstro\u0308m", "ångström"}, {"e\u0301", "e"},
		{"Æ Ø", "ä ö"}, {"µg/L", "µg/l"}, {"\u0308", ""}, {"šč", "šč"},
	} {
		if got := fold(c[0]); got != c[1] {
			t.Errorf("%q folds to %q, want %q", c[0], got, c[1])
		}
	}
}

func TestDayIsSearchedAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.SampledFrom([]string{"2024", "202403", "20240315", "2024031514", "20240315143059", "0999"}).Draw(t, "digits")
		at := parsed(protocol.ParseCivil(digits))
		want := at.String()
		want = want[:min(len(want), 10)]
		if got := string(appendDay(nil, at)); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	})
	if got := string(appendDay(nil, 0)); got != "" {
		t.Errorf("no time is written %q", got)
	}
}

// searched is an overview with documents of two care providers.
func searched(t *testing.T) *feed {
	f := newFeed(t)
	rows := []protocol.CoverageRow{{CareProvider: "SE1-A", Name: "Region Norr", Contract: protocol.Diagnosis}, {CareProvider: "SE2-B", Name: "Söderkliniken", Contract: protocol.Diagnosis}}
	f.get(1, protocol.Coverage{Rows: rows})
	docs := testDocs()
	for i, h := range []protocol.Header{
		{Title: "Hypertoni", Detail: "I10.9", Author: "Karin Öberg", AuthorRole: "Läkare", Unit: "Vinden", Status: "final"},
		{Title: "Återbesök", Author: "Élodie Åström", AuthorRole: "Sjuksköterska", Unit: "Kupolen"},
		{Title: "Hypertoni, kontroll", Unit: "Kupolen"},
		{Title: "Penicillin"},
	} {
		at := &docs[i].Header
		at.Title, at.Detail, at.Author, at.AuthorRole, at.Unit, at.Status = h.Title, h.Detail, h.Author, h.AuthorRole, h.Unit, h.Status
		at.CareProvider = parsed(protocol.ParseCareProviderID([]string{"SE1-A", "SE2-B"}[i%2]))
		docs[i].Rev += 50
	}
	f.put(docs...)
	return f
}

func TestSearch(t *testing.T) {
	f := searched(t)
	for _, c := range []struct {
		typed string
		want  string
	}{
		{"hyper", "\x03\x01"}, {"HYPER", "\x03\x01"}, {"hyper vinden", "\x01"}, {"vinden hyper", "\x01"}, {"oberg", ""}, {"öberg", "\x01"},
		{"elodie", "\x02"}, {"åstr", "\x02"}, {"2024-01", "\x01"}, {"2023", "\x04"}, {"diagnos", "\x03\x01"}, {"söder", "\x02\x04"},
		{"norr diagnos kontroll", "\x03"}, {"läkare", "\x01"}, {"final", "\x01"}, {"I10", "\x01"}, {"  ", "\x02\x03\x01\x04"}, {"", "\x02\x03\x01\x04"}, {"finns inte", ""},
	} {
		f.do(Typed{FieldSearch, c.typed})
		if got := string(f.rows()); got != c.want {
			t.Errorf("%q finds %q, want %q", c.typed, got, c.want)
		}
	}
	f.act(ActLanguage, "en")
	f.do(Typed{FieldSearch, "diagnoses"})
	english := string(f.rows())
	f.act(ActLanguage, "sv")
	f.do(Typed{FieldSearch, "diagnoser"})
	if swedish := string(f.rows()); english+swedish != "\x03\x01\x03\x01" {
		t.Errorf("types are found as %q in English, %q in Swedish", english, swedish)
	}
}

// TestSearchNarrowedIsTheSearchAnew types and erases, letter by letter.
func TestSearchNarrowedIsTheSearchAnew(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := searched(t)
		for range rapid.IntRange(1, 12).Draw(rt, "keys") {
			if rapid.IntRange(0, 3).Draw(rt, "what") == 0 {
				d := doc(rapid.ByteRange(1, 8).Draw(rt, "key"), protocol.Diagnosis, "2024")
				d.Rev, d.Header.Title = rapid.Uint64().Draw(rt, "rev"), rapid.SampledFrom([]string{"Hypertoni", "hy", "kontroll"}).Draw(rt, "title")
				f.put(d)
				continue
			}
			text := rapid.SampledFrom([]string{"h", "hy", "hyp", "hyp k", "hyp ko", "hyp kon vin", "ko", "di", "diag", "x", ""}).Draw(rt, "text")
			f.do(Typed{FieldSearch, text})
			fresh := newStore()
			fresh.speak(names{f.s.Lang, f.s.Me.Coverage})
			for _, d := range f.docs {
				fresh.put(d)
			}
			want := fresh.look(f.s.List.Query)
			got := f.s.View.Store.look(f.s.List.Query)
			if len(got.found) != len(want.found) {
				rt.Fatalf("%q finds %d, from the beginning %d", text, len(got.found), len(want.found))
			}
			for i := range got.found {
				if f.s.View.Store.record(got.found[i]).item.Key != fresh.record(want.found[i]).item.Key {
					rt.Fatalf("%q: another document at %d", text, i)
				}
			}
		}
	})
}

func TestFacetsCountWhatWouldBe(t *testing.T) {
	f := searched(t)
	f.do(Typed{FieldSearch, "hyper"})
	f.do(Typed{FieldUnit, "Vinden"})
	facets := f.s.facets()
	if got := facets.Types[protocol.Diagnosis]; got != 1 || facets.Types[protocol.AlertInformation] != 0 {
		t.Errorf("%d diagnoses in the unit, want 1", got)
	}
	if got := facets.Units; len(got) != 2 || got[0] != (Facet{"Kupolen", "Kupolen", 1}) || got[1] != (Facet{"Vinden", "Vinden", 1}) {
		t.Errorf("units %v", got)
	}
	if got := facets.Providers; len(got) != 1 || got[0] != (Facet{"SE1-A", "Region Norr", 1}) {
		t.Errorf("providers %v", got)
	}
	f.do(Typed{FieldProvider, "SE2-B"})
	if got := f.s.facets().Providers; len(got) != 2 || got[1] != (Facet{"SE2-B", "Söderkliniken", 0}) || len(f.rows()) != 0 {
		t.Errorf("the one in force is not there: %v", got)
	}
	var keys []protocol.DocumentKey
	for key := range f.docs {
		keys = append(keys, key)
	}
	f.act(ActClearFilter, "")
	f.do(f.batch(nil, keys[:3]...))
	n := 0
	for _, u := range f.s.facets().Units {
		n += u.N
	}
	if n > 1 {
		t.Errorf("facets count documents that are gone: %v", f.s.facets().Units)
	}
}

func TestDaysNarrow(t *testing.T) {
	f := newFeed(t) // 2024-03-01, 02-01, 01-01, 2023-01-01
	for _, c := range []struct{ since, upTo, want string }{
		{"2024-01-15", "", "\x02\x03"}, {"", "2024-01-15", "\x01\x04"}, {"2024-02-01", "2024-02-01", "\x03"}, {"2024", "", "\x02\x03\x01"}, {"", "2023", "\x04"}, {"2024-0", "", "\x02\x03\x01\x04"},
	} {
		f.act(ActClearFilter, "")
		f.do(Typed{FieldSince, c.since})
		f.do(Typed{FieldUpTo, c.upTo})
		if got := string(f.rows()); got != c.want {
			t.Errorf("from %q to %q: %q, want %q", c.since, c.upTo, got, c.want)
		}
	}
}

func TestNamesHaveTheOrderOfTheAlphabet(t *testing.T) {
	want := []string{"Alingsås", "andra", "Arvika", "Åmål", "Ängelholm", "äpplet", "Öregrund"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, collate)
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, pair := range [][2]string{{"Vårdcentralen Ö", "Vårdcentralen Ö"}, {"Kafe", "Kafé"}, {"kafé", "Kafé"}} {
		if n := collate(pair[0], pair[1]); (n == 0) != (pair[0] == pair[1]) || n != -collate(pair[1], pair[0]) {
			t.Errorf("%q and %q: %d", pair[0], pair[1], n)
		}
	}
	if collate("Kafé", "Kafeteria") >= 0 || collate("Kafé", "kaf") <= 0 {
		t.Error("an accent makes another letter")
	}
}

// Words that are said once more are told once more: a screen reader hears of changes alone.
func TestTheSameWordsAreSaidAnew(t *testing.T) {
	p := toOverview(t)
	painter := NewPainter()
	told := func(id string) bool {
		return strings.Contains(painter.Paint(&p.s, nil), "h"+fieldEnd+id)
	}
	p.do(Typed{FieldSearch, "d"})
	first := strings.TrimSpace(p.s.Said.Status)
	told("said-status")
	if told("said-status") {
		t.Fatal("told without being said")
	}
	for _, words := range []string{"d ", "d  ", "d "} {
		p.do(Typed{FieldSearch, words})
		if said := strings.TrimSpace(p.s.Said.Status); said != first || !told("said-status") {
			t.Errorf("%q is not told after %q", said, first)
		}
	}
	for i := range byte(2) {
		p.get(1, protocol.Revoke{Generation: p.s.View.Generation, Next: p.s.View.Generation + 1, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{{15: i + 1}}})
		if p.s.Said.Alert == "" || !told("said-alert") {
			t.Errorf("removal %d is not told", i+1)
		}
	}
}
