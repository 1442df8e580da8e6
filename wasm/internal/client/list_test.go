package client

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tvilling/protocol"
)

func rowsOf(keys ...byte) (rows []Row) {
	for _, k := range keys {
		if k == 0 {
			rows = append(rows, Row{Heading: Heading{Group: GroupType, Contract: protocol.Diagnosis}})
			continue
		}
		rows = append(rows, Row{Key: protocol.DocumentKey{15: k}})
	}
	return rows
}

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		name        string
		rows, top   int
		height      int
		first, last int
	}{
		{"empty", 0, 0, 700, 0, 0},
		{"few", 3, 0, 700, 0, 3},
		{"at the top", 1000, 0, 700, 0, 19},
		{"in the middle", 1000, 7_000, 700, 92, 119},
		{"at the end", 1000, 69_300, 700, 982, 1000},
		{"beyond the end", 10, 70_000, 700, 2, 10},
		{"a window said to be huge", 1000, 0, 1_000_000, 0, maxWindow},
	} {
		l := List{Rows: make([]Row, c.rows), Top: c.top, Height: c.height, RowHeight: 70}
		if first, last := l.window(); first != c.first || last != c.last {
			t.Errorf("%s: %d to %d, want %d to %d", c.name, first, last, c.first, c.last)
		}
	}
}

func TestWindowCoversWhatIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60_000).Draw(t, "rows")
		l := List{Rows: make([]Row, n), RowHeight: rapid.IntRange(20, 200).Draw(t, "row"), Height: rapid.IntRange(1, 3_000).Draw(t, "height")}
		l.Top = rapid.IntRange(0, l.bottom()).Draw(t, "top")
		first, last := l.window()
		if first < 0 || last > n || first > last || last-first > maxWindow {
			t.Fatalf("%d to %d of %d", first, last, n)
		}
		if first*l.RowHeight > l.Top || last < n && last*l.RowHeight < l.Top+l.Height && last-first < maxWindow {
			t.Fatalf("rows %d to %d do not cover %d to %d", first, last, l.Top, l.Top+l.Height)
		}
	})
}

func TestKeyboard(t *testing.T) {
	for _, c := range []struct {
		key          string
		at, want     byte
		top, wantTop int
	}{
		{"ArrowDown", 1, 2, 0, 0},
		{"ArrowDown", 3, 4, 0, 300}, // over a heading, scrolled just into sight
		{"ArrowUp", 4, 3, 400, 300},
		{"ArrowUp", 1, 1, 0, 0}, // the first row has its heading above it
		{"Home", 5, 1, 400, 0},
		{"End", 1, 6, 0, 500},
		{"PageDown", 1, 3, 0, 100},
		{"PageUp", 6, 4, 500, 400}, // a type's first document is seen with its heading
		{"ArrowDown", 6, 6, 500, 500},
	} {
		l := List{Rows: rowsOf(0, 1, 2, 3, 0, 4, 5, 6), Height: 300, RowHeight: 100, Active: protocol.DocumentKey{15: c.at}, Top: c.top}
		if !l.move(c.key) {
			t.Errorf("%s is not taken", c.key)
		}
		if l.Active != (protocol.DocumentKey{15: c.want}) || l.Top != c.wantTop {
			t.Errorf("%s from %d: at %d, top %d; want %d, top %d", c.key, c.at, l.Active[15], l.Top, c.want, c.wantTop)
		}
	}
	l := List{Rows: rowsOf(1)}
	if l.move("a") || (&List{}).move("End") {
		t.Error("a key that means nothing was taken")
	}
}

func TestOneTabStopThatIsPainted(t *testing.T) {
	l := List{Rows: rowsOf(0, 1, 2, 3), Height: 300, RowHeight: 100}
	if got := l.tabStop(); got != 1 {
		t.Errorf("no active row: stop %d, want the first document", got)
	}
	l.Active = protocol.DocumentKey{15: 3}
	if got := l.tabStop(); got != 3 {
		t.Errorf("stop %d, want the active row", got)
	}
}

func TestOrderAndFilter(t *testing.T) {
	p := toOverview(t)
	p.act(ActByType, "")
	if got, want := p.titles(), "[GetCareDocumentation]d2 [GetDiagnosis]d3 d1 [GetAlertInformation]d4 "; got != want {
		t.Errorf("by type %q, want %q", got, want)
	}
	p.do(Typed{FieldFilter, "2"})
	if got, want := p.titles(), "[GetDiagnosis]d3 d1 "; got != want {
		t.Errorf("filtered %q, want %q", got, want)
	}
	p.act(ActByTime, "")
	p.do(Typed{FieldFilter, "0"})
	if got, want := p.titles(), "d2 d3 d1 d4 "; got != want {
		t.Errorf("by time %q, want %q", got, want)
	}
	p.act(ActAlerts, "")
	if got, want := p.titles(), "[]d4 "; got != want {
		t.Errorf("alerts %q, want %q", got, want)
	}
	if got := p.s.View.Store.len(); got != 4 {
		t.Errorf("a filter took documents from the store: %d left", got)
	}
}

// headings are the painted headings: what is heard of them beyond what is seen in [].
func (p *play) headings() (out []string) {
	for _, row := range Render(&p.s).Rows.Items {
		if row.Heading {
			out = append(out, strings.NewReplacer(`<h3>`, "", `<span class="under">`, "", `<span class="unseen">`, "[", `</span></span></h3>`, "]").Replace(row.HTML))
		}
	}
	return out
}

// A heading says how many documents stand under it in the list as it is now.
func TestHeadingsCountWhatIsListed(t *testing.T) {
	f := newFeed(t)
	f.do(Measured{Height: 2000, Row: 100})
	expect := func(when string, want ...string) {
		t.Helper()
		if got := f.headings(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	f.act(ActByType, "")
	expect("by type", "Dokument: 1[ dokument]", "Diagnoser: 2[ dokument]", "Uppmärksamhetsinformation: 1[ dokument]")
	f.act(ActLanguage, "en")
	expect("in English", "Notes: 1[ document]", "Diagnoses: 2[ documents]", "Alerts: 1[ document]")
	f.act(ActLanguage, "sv")
	f.do(Typed{FieldSearch, "d3"})
	expect("filtered", "Diagnoser: 1[ dokument]")
	f.act(ActClearFilter, "")
	f.do(Measured{Height: 100, Row: 100})
	f.do(Pointed{true})
	f.put(doc(9, protocol.CareDocumentation, "20250101"), doc(8, protocol.Diagnosis, "20200101"))
	f.do(Measured{Height: 2000, Row: 100})
	if f.s.List.Held != 1 {
		t.Fatalf("%d held", f.s.List.Held)
	}
	expect("one held, one let in", "Dokument: 1[ dokument]", "Diagnoser: 3[ dokument]", "Uppmärksamhetsinformation: 1[ dokument]")
	var effects []Effect
	f.s, effects = Step(f.s, Event{f.now, 0, f.batch(nil, protocol.DocumentKey{15: 3}, protocol.DocumentKey{15: 4})}) // no frame comes
	if !slices.Contains(effects, Effect(Paint{})) {
		t.Error("a removal is not painted at once")
	}
	expect("two removed", "Dokument: 1[ dokument]", "Diagnoser: 2[ dokument]")
	f.act(ActShowHeld, "")
	expect("the held one shown", "Dokument: 2[ dokument]", "Diagnoser: 2[ dokument]")
	f.act(ActByProvider, "")
	if got := f.headings(); len(got) != 1 || !strings.HasSuffix(got[0], ": 4[ dokument]") {
		t.Errorf("by care provider: %q", got)
	}
	f.act(ActByTime, "")
	expect("by time")
}

func TestFocusedRowThatVanishesHandsTheFocusToTheHeading(t *testing.T) {
	p := toOverview(t)
	items := testDocs()
	p.do(Focused{rowID(items[1].Key)})
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultConsentEnded, Documents: []protocol.DocumentKey{items[1].Key}})
	if !slices.Contains(p.last, Effect(FocusOn{idListHeading})) {
		t.Error("the focus was not moved")
	}
	if p.s.Said.Status == "" || p.s.Said.Alert == "" {
		t.Errorf("nothing was said: %+v", p.s.Said)
	}
}

func TestStoreAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, model := newStore(), map[protocol.DocumentKey]protocol.Item{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			item := doc(rapid.Byte().Draw(t, "key")%9, protocol.Contract(rapid.IntRange(1, 12).Draw(t, "contract")), "2024")
			item.Rev = rapid.Uint64().Draw(t, "rev")
			if rapid.Bool().Draw(t, "put") {
				s.put(item)
				model[item.Key] = item
			} else {
				s.remove(item.Key)
				delete(model, item.Key)
			}
		}
		var count uint32
		var digest uint64
		var of [256]int
		for _, i := range model {
			count++
			digest += protocol.Mix(i.Key, i.Rev)
			of[i.Header.Contract]++
		}
		if !s.agrees(count, digest) || s.counts != of {
			t.Fatal("the store and the model differ")
		}
	})
}
