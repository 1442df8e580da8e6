package client

import (
	"slices"
	"strings"
	"testing"

	"tvilling/protocol"
)

// gravities are alerts of one view, the newest the least grave.
func gravities() []protocol.Item {
	grade := func(at protocol.Item, detail string) protocol.Item {
		at.Header.Detail = detail
		return at
	}
	on := func(n byte, day string) protocol.Item { return doc(n, protocol.AlertInformation, day) }
	past, void := grade(on(1, "20240601"), "Livshotande"), grade(on(2, "20240501"), "Skadlig")
	past.Header.Status, void.Header.Nullified = "Inaktuell", true
	return []protocol.Item{
		past, void,
		grade(on(3, "20240401"), "Lindrig"), grade(on(4, "20230401"), "Besvärande, Misstänkt"),
		grade(on(5, "20220401"), ""), grade(on(6, "20220301"), "Besvärande klåda var som helst"),
		grade(on(7, "20210401"), "Skadlig, Bekräftad"),
		grade(on(8, "20100401"), "Livshotande, Bekräftad"), grade(on(9, "20150401"), "LIVSHOTANDE"),
	}
}

func graded(t *testing.T) *feed {
	f := newFeed(t)
	f.do(Measured{Height: 5000, Row: 100})
	f.put(gravities()...)
	return f
}

// However the list comes to be of alerts alone, what threatens life stands first.
func TestAlertsStandBySeverity(t *testing.T) {
	for name, in := range map[string]Input{
		"the mark in the head": Act{ActAlerts, ""}, "the filter": Typed{FieldFilter, "3"}, "the lane": Act{ActLane, "3"},
	} {
		f := graded(t)
		f.act(ActByProvider, "")
		f.do(in)
		if got, want := f.rows(), []byte{9, 8, 7, 5, 6, 3, 4, 1, 2}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		if got := strings.Join(f.headings(), "; "); got != "Livshotande: 2[ dokument]; Skadliga: 1[ dokument]; Annan allvarlighet, eller ingen angiven: 2[ dokument]; Besvärande eller lindriga: 2[ dokument]; Historiska eller makulerade: 2[ dokument]" {
			t.Errorf("%s: %s", name, got)
		}
		if html := page(f.play); !strings.Contains(html, `data-test="by-severity" aria-pressed="true"`) || strings.Contains(html, `data-test="by-type"`) {
			t.Errorf("%s: the order is not named", name)
		}
		f.act(ActByTime, "")
		if got, want := f.rows(), []byte{1, 2, 3, 4, 5, 6, 7, 9, 8}; !slices.Equal(got, want) {
			t.Errorf("%s: by time %v, want %v", name, got, want)
		}
		f.act(ActAlerts, "")
		if got := f.rows(); got[0] != 9 {
			t.Errorf("%s: the mark pressed anew lists %v", name, got)
		}
		f.act(ActClearFilter, "")
		if f.s.List.Query.Group != GroupProvider || strings.Contains(page(f.play), "by-severity") {
			t.Errorf("%s: with no filter the list is not as it was", name)
		}
		f.act(ActBySeverity, "")
		if f.s.List.Query.Group == GroupSeverity {
			t.Errorf("%s: what is no alert is listed by severity", name)
		}
	}
}

// An alert that turns grave while the list is read keeps its row, and says so there; the
// rows around it stand under their own headings.
func TestAnAlertThatTurnsGrave(t *testing.T) {
	f := graded(t)
	f.act(ActAlerts, "")
	mild := gravities()[2]
	mild.Rev, mild.Header.Detail = 99, "Livshotande"
	more := doc(10, protocol.AlertInformation, "20200101")
	more.Header.Detail = "Skadlig"
	f.do(Measured{Height: 100, Row: 100})
	f.put(mild, more)
	if got, want := f.rows(), []byte{9, 8, 7, 10, 5, 6, 3, 4, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := f.s.List.Documents - len(f.rows()); got != 0 || len(f.s.List.Rows) != 15 {
		t.Errorf("%d rows, want five headings and ten documents", len(f.s.List.Rows))
	}
	f.act(ActBySeverity, "")
	if got, want := f.rows(), []byte{3, 9, 8, 7, 10, 5, 6, 4, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("asked anew: %v, want %v", got, want)
	}
}

// That an alert holds no more is said once in its row, and always.
func TestAHistoricRowSaysSoOnce(t *testing.T) {
	r := renderer{s: &State{}}
	for _, c := range []struct {
		nullified bool
		tag, said string
	}{{false, "row-historic", "Historisk"}, {true, "row-status", "Inaktuell"}} {
		item := alert(1, "Skadlig", c.nullified)
		item.Header.Status = "Inaktuell"
		row := r.row(item, false)
		if n := strings.Count(row, "row-historic") + strings.Count(row, "row-status"); n != 1 || !strings.Contains(row, c.tag) || !strings.Contains(strings.ToLower(row), strings.ToLower(c.said)) {
			t.Errorf("%+v: %s", c, row)
		}
	}
}
