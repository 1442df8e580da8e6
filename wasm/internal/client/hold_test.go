package client

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tvilling/protocol"
)

// feed is an overview whose node goes on telling of changes.
type feed struct {
	*play
	docs  map[protocol.DocumentKey]protocol.Item
	index uint64
}

func newFeed(t *testing.T) *feed {
	f := &feed{play: toOverview(t), docs: map[protocol.DocumentKey]protocol.Item{}, index: 100}
	for _, d := range testDocs() {
		f.docs[d.Key] = d
	}
	f.do(Measured{Height: 200, Row: 100})
	return f
}

func (f *feed) batch(upserts []protocol.Item, removes ...protocol.DocumentKey) Received {
	for _, d := range upserts {
		f.docs[d.Key] = d
	}
	for _, k := range removes {
		delete(f.docs, k)
	}
	var left []protocol.Item
	for _, d := range f.docs {
		left = append(left, d)
	}
	b := protocol.Batch{Generation: f.s.View.Generation, From: f.index, To: f.index + 1, Upserts: upserts, Removes: removes}
	b.Count, b.Digest = sum(left)
	f.index++
	return Received{1, b}
}

func (f *feed) put(docs ...protocol.Item) { f.t.Helper(); f.do(f.batch(docs)) }

func (f *feed) rows() (out []byte) {
	for _, row := range f.s.List.Rows {
		if row.isDocument() {
			out = append(out, row.Key[15])
		}
	}
	return out
}

func TestWhatIsNewIsHeldWhileOneReads(t *testing.T) {
	// The list is 2 3 1 4, newest first, two rows high.
	newest, middle, oldest := doc(9, protocol.Diagnosis, "20250101"), doc(8, protocol.Diagnosis, "20240215"), doc(7, protocol.Diagnosis, "20200101")
	for _, c := range []struct {
		name   string
		before []Input
		want   []byte
		held   int
	}{
		{"nobody reads", nil, []byte{9, 2, 8, 3, 1, 4, 7}, 0},
		{"scrolled", []Input{Scrolled{100}}, []byte{2, 3, 1, 4, 7}, 2},
		{"at a row", []Input{Focused{rowID(doc(2, 0, "2024").Key)}}, []byte{2, 3, 1, 4, 7}, 2},
		{"among the tools", []Input{Focused{"tools"}}, []byte{2, 3, 1, 4, 7}, 2},
		{"the pointer at the list", []Input{Pointed{true}}, []byte{2, 3, 1, 4, 7}, 2},
		{"the pointer elsewhere again", []Input{Pointed{true}, Pointed{false}}, []byte{9, 2, 8, 3, 1, 4, 7}, 0},
		{"a document open", []Input{Act{ActRead, keyText(doc(4, 0, "2024").Key)}}, []byte{2, 3, 1, 4, 7}, 2},
		{"narrowed", []Input{Typed{FieldFilter, "2"}}, []byte{3, 1, 7}, 2},
		{"narrowed to nothing", []Input{Typed{FieldSearch, "finns inte"}}, nil, 0},
		{"narrowed to what comes", []Input{Typed{FieldSearch, "d9"}}, []byte{9}, 0},
		{"by type", []Input{Act{ActByType, ""}, Scrolled{200}}, []byte{2, 3, 1, 7, 4}, 2},
		{"by type, nobody reads", []Input{Act{ActByType, ""}}, []byte{2, 9, 8, 3, 1, 7, 4}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFeed(t)
			for _, in := range c.before {
				f.do(in)
			}
			f.put(newest, oldest, middle)
			if got := f.rows(); !slices.Equal(got, c.want) || f.s.List.Held != c.held {
				t.Errorf("rows %v with %d held, want %v with %d", got, f.s.List.Held, c.want, c.held)
			}
			if n := f.s.View.Store.len(); n != 7 {
				t.Errorf("%d documents in the view, want 7", n)
			}
		})
	}
}

func TestHeldIsShownWhenAskedFor(t *testing.T) {
	f := newFeed(t)
	f.do(Scrolled{200})
	f.put(doc(9, protocol.Diagnosis, "20250101"), doc(8, protocol.Diagnosis, "20240215"))
	if got := f.rows(); !slices.Equal(got, []byte{2, 3, 1, 4}) || f.s.List.Top != 200 {
		t.Fatalf("rows %v at %d", got, f.s.List.Top)
	}
	f.act(ActShowHeld, "")
	if got := f.rows(); !slices.Equal(got, []byte{9, 2, 8, 3, 1, 4}) || f.s.List.Held != 0 {
		t.Errorf("rows %v, %d held", got, f.s.List.Held)
	}
	if first := doc(9, 0, "2025").Key; f.s.List.Active != first || f.s.List.Top != 0 || !slices.Contains(f.last, Effect(FocusOn{rowID(first)})) {
		t.Errorf("not at the first new one: top %d, %v", f.s.List.Top, f.last)
	}
	if f.s.Said.Status == "" {
		t.Error("nothing was said")
	}
}

func TestHeldFlowsInWhenNobodyReadsAndMoreComes(t *testing.T) {
	f := newFeed(t)
	f.do(Pointed{true})
	f.put(doc(9, protocol.Diagnosis, "20250101"))
	f.do(Pointed{false})
	if f.s.List.Held != 1 {
		t.Fatal("rows moved although nothing came")
	}
	f.put(doc(8, protocol.Diagnosis, "20240215"))
	if got := f.rows(); !slices.Equal(got, []byte{9, 2, 8, 3, 1, 4}) || f.s.List.Held != 0 {
		t.Errorf("rows %v, %d held", got, f.s.List.Held)
	}
}

func TestWhatChangesStaysWhereItIsRead(t *testing.T) {
	f := newFeed(t)
	f.do(Pointed{true})
	moved := doc(1, protocol.Diagnosis, "20250601")
	moved.Rev, moved.Header.Title = 77, "changed"
	f.put(moved)
	if got := f.rows(); !slices.Equal(got, []byte{2, 3, 1, 4}) || f.s.List.Held != 0 {
		t.Errorf("rows %v, %d held: a row moved while it was read", got, f.s.List.Held)
	}
	if got := f.titles(); got != "d2 d3 changed d4 " {
		t.Errorf("%q: the change is not painted", got)
	}
	f.do(Pointed{false})
	f.put(doc(7, protocol.Diagnosis, "20200101"))
	if got := f.rows(); !slices.Equal(got, []byte{1, 2, 3, 4, 7}) {
		t.Errorf("rows %v: what had moved was left where it was", got)
	}
}

func TestWhatIsGoneGoesAtOnce(t *testing.T) {
	for _, revoke := range []bool{false, true} {
		f := newFeed(t)
		f.do(Pointed{true})
		fresh := doc(9, protocol.Diagnosis, "20250101")
		f.put(fresh)
		gone := []protocol.DocumentKey{doc(3, 0, "2024").Key, fresh.Key}
		var in Input = f.batch(nil, gone...)
		if revoke {
			in = Received{1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultConsentEnded, Documents: gone}}
		}
		s, effects := Step(f.s, Event{f.now, 0, in}) // no frame comes
		f.s = s
		if got := f.rows(); !slices.Equal(got, []byte{2, 1, 4}) || s.List.Held != 0 || s.List.Documents != 3 {
			t.Errorf("revoked %v: rows %v, %d held", revoke, got, s.List.Held)
		}
		if !slices.Contains(effects, Effect(Paint{})) {
			t.Errorf("revoked %v: the page is not painted at once", revoke)
		}
	}
}

func TestAViewFetchedAnewKeepsWhatIsRead(t *testing.T) {
	f := newFeed(t)
	f.do(Scrolled{100})
	more := append(testDocs()[:3:3], doc(9, protocol.Diagnosis, "20250101"), doc(7, protocol.Diagnosis, "20200101"))
	f.get(1, protocol.Batch{Generation: f.s.View.Generation, From: 900, To: 901}) // a gap
	f.snapshot(1, 901, more)
	if got := f.rows(); !slices.Equal(got, []byte{2, 3, 1, 7}) || f.s.List.Held != 1 || f.s.List.Top != 100 {
		t.Errorf("rows %v at %d, %d held", got, f.s.List.Top, f.s.List.Held)
	}
}

func TestDropKeepsTheEyeWhereItIs(t *testing.T) {
	for _, c := range []struct {
		name      string
		gone      []byte
		top, want int
		left      []byte
	}{
		{"gone above", []byte{1}, 210, 110, []byte{2, 3, 4, 5, 6}},
		{"gone below", []byte{6}, 210, 210, []byte{1, 2, 3, 4, 5}},
		{"the first seen gone", []byte{3}, 210, 200, []byte{1, 2, 4, 5, 6}},
		{"all but the last gone", []byte{1, 2, 3, 4, 5}, 210, 0, []byte{6}},
		{"everything gone", []byte{1, 2, 3, 4, 5, 6}, 210, 0, nil},
	} {
		s := newStore()
		for n := byte(1); n <= 6; n++ {
			s.put(doc(n, protocol.Diagnosis, "20240"+string('0'+rune(10-n))+"01"))
		}
		l := List{Height: 200, RowHeight: 100, Top: c.top}
		l.adopt(s)
		l.renew(s)
		for _, n := range c.gone {
			s.remove(protocol.DocumentKey{15: n})
		}
		l.hold(s)
		f := feed{play: &play{s: State{Panes: Panes{List: l}}}}
		if got := f.rows(); l.Top != c.want || !slices.Equal(got, c.left) {
			t.Errorf("%s: rows %v, top %d, want %v, top %d", c.name, got, l.Top, c.left, c.want)
		}
	}
}

// A list that has grown shorter than where it was scrolled to says so at once, not when
// something comes that moves nothing.
func TestAShorterListIsScrolledNoFurther(t *testing.T) {
	f := newFeed(t)
	f.do(Scrolled{1})
	f.do(f.batch(nil, protocol.DocumentKey{15: 1}, protocol.DocumentKey{15: 2}))
	if f.s.List.Top > f.s.List.bottom() {
		t.Errorf("scrolled to %d of %d", f.s.List.Top, f.s.List.bottom())
	}
}

func TestAThousandChangesAreToldNowAndThen(t *testing.T) {
	f := newFeed(t)
	said := 0
	was := ""
	for n := range 200 {
		f.now = f.now.after(10)
		d := doc(byte(20+n%200), protocol.Diagnosis, "20240101")
		f.put(d)
		if f.s.Said.Status != was {
			said, was = said+1, f.s.Said.Status
		}
	}
	if said > 2 {
		t.Errorf("told %d times in two seconds", said)
	}
	at, ok := f.s.Wake()
	if !ok || at > f.s.List.News.Due.Mono {
		t.Error("nothing wakes the client to tell the rest")
	}
	f.pass(saidEvery)
	if f.s.List.News.Added != 0 || f.s.Said.Status == was {
		t.Errorf("the rest was not told: %+v", f.s.List.News)
	}
}

func TestWhatComesIsPaintedOncePerFrame(t *testing.T) {
	f := newFeed(t)
	for n := range byte(100) {
		var effects []Effect
		f.s, effects = Step(f.s, Event{f.now, 0, f.batch([]protocol.Item{doc(20+n, protocol.Diagnosis, "20240101")})})
		if len(effects) > 0 {
			t.Fatalf("batch %d asks for %v before the frame", n, effects)
		}
	}
	if len(f.rows()) != 4 {
		t.Error("the rows are made anew for each batch")
	}
	f.do(Frame{})
	if len(f.rows()) != 104 {
		t.Errorf("%d rows after the frame", len(f.rows()))
	}
}

// TestHeldAgainstAModel lets documents come and go under a user who does anything.
func TestHeldAgainstAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newFeed(t)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			before := f.s.List
			before.Rows = slices.Clone(before.Rows)
			removed, changed := f.chance(rt)
			f.judge(rt, before, removed, changed)
		}
	})
}

// chance does something; changed: nothing but documents came.
func (f *feed) chance(t *rapid.T) (removed, changed bool) {
	key := func() protocol.DocumentKey { return protocol.DocumentKey{15: rapid.ByteRange(1, 24).Draw(t, "key")} }
	switch rapid.IntRange(0, 12).Draw(t, "what") {
	case 0:
		f.do(Scrolled{rapid.IntRange(0, f.s.List.bottom()).Draw(t, "top")})
	case 1:
		f.do(Pointed{rapid.Bool().Draw(t, "over")})
	case 2:
		f.do(Focused{rapid.SampledFrom([]string{"", "tools", rowID(key())}).Draw(t, "focus")})
	case 3:
		f.act(rapid.SampledFrom([]Action{ActByTime, ActByType, ActByProvider, ActAlerts, ActBySeverity, ActShowHeld, ActClearFilter, ActPaged, ActPageNext, ActPageBack}).Draw(t, "act"), "")
	case 4:
		f.do(Typed{FieldFilter, rapid.SampledFrom([]string{"0", "1", "2", "3"}).Draw(t, "filter")})
	case 5:
		f.do(Typed{FieldSearch, rapid.SampledFrom([]string{"", "d", "d1", "diagnos"}).Draw(t, "text")})
	case 6, 7:
		k := key()
		_, had := f.docs[k]
		f.do(f.batch(nil, k))
		return had, false
	default:
		var docs []protocol.Item
		for range rapid.IntRange(1, 3).Draw(t, "n") {
			k := key()
			d := doc(k[15], protocol.Contract(1+k[15]%3), rapid.SampledFrom([]string{"2020", "20240115", "20240215", "2025"}).Draw(t, "time"))
			if old, had := f.docs[k]; had {
				d.Header.Contract = old.Header.Contract // the key is of the contract too
			}
			d.Header.Detail = rapid.SampledFrom([]string{"", "Livshotande, Bekräftad", "Skadlig", "Lindrig"}).Draw(t, "detail")
			d.Rev = rapid.Uint64().Draw(t, "rev")
			d.Header.CareProvider = parsed(protocol.ParseCareProviderID("SE232100001" + string('0'+rune(k[15]%2)) + "-A"))
			docs = append(docs, d)
		}
		slices.SortFunc(docs, func(a, b protocol.Item) int { return slices.Compare(a.Key[:], b.Key[:]) })
		f.put(slices.CompactFunc(docs, func(a, b protocol.Item) bool { return a.Key == b.Key })...)
		return false, true
	}
	return false, false
}

func (f *feed) judge(t *rapid.T, before List, removed, changed bool) {
	l, store := &f.s.List, f.s.View.Store
	if store.len() != len(f.docs) {
		t.Fatalf("%d documents in the view, want %d", store.len(), len(f.docs))
	}
	rows, headings, under, left := map[protocol.DocumentKey]bool{}, map[Heading]bool{}, Heading{}, 0
	for i, row := range l.Rows {
		item, there := store.get(row.Key)
		switch {
		case !row.isDocument():
			if under = row.Heading; i+1 == len(l.Rows) || !l.Rows[i+1].isDocument() {
				t.Fatal("a heading with nothing under it")
			}
			if headings[under] {
				t.Fatal("a heading stands twice")
			}
			headings[under] = true
			if left != 0 {
				t.Fatalf("a heading counts %d too many", left)
			}
			left = int(row.under)
		case !there || rows[row.Key]:
			t.Fatalf("row %d is of a document that is gone, or here twice", row.Key[15])
		case l.Query.Group == GroupType && store.headingOf(GroupType, &item.Header) != under:
			t.Fatalf("row %d stands under another heading", row.Key[15])
		case l.Query.Group == GroupSeverity && !l.Made.Loose && store.headingOf(GroupSeverity, &item.Header) != under:
			t.Fatalf("row %d stands under another severity", row.Key[15])
		default:
			rows[row.Key] = true
			left--
		}
	}
	if l.Query.Group != GroupTime && left != 0 {
		t.Fatalf("the last heading counts %d too many", left)
	}
	var want []protocol.Item
	held := 0
	store.each(l.Query, func(key protocol.DocumentKey, item *protocol.Item) {
		want = append(want, *item)
		if !rows[key] {
			held++
		}
	})
	if l.Held != held || l.Documents != len(rows) {
		t.Fatalf("%d held of %d rows, want %d of %d", l.Held, l.Documents, held, len(rows))
	}
	m := machine{s: f.s}
	if changed && m.reading() {
		seen := min(before.lastSeen(), len(before.Rows)-1)
		for i := 0; i <= seen; i++ {
			if i >= len(l.Rows) || l.Rows[i].Key != before.Rows[i].Key || l.Rows[i].Heading != before.Rows[i].Heading {
				t.Fatalf("row %d of %d seen moved", i, seen)
			}
		}
		if l.Top != before.Top || l.Page != before.Page {
			t.Fatalf("scrolled from %d to %d", before.Top, l.Top)
		}
	}
	if changed && !m.reading() && l.Query.Group == GroupTime {
		slices.SortFunc(want, func(a, b protocol.Item) int {
			return cmp.Or(cmp.Compare(b.Header.Time, a.Header.Time), slices.Compare(a.Key[:], b.Key[:]))
		})
		for i := range want {
			if held != 0 || l.Rows[i].Key != want[i].Key {
				t.Fatalf("nobody reads: row %d is %d, want %d", i, l.Rows[i].Key[15], want[i].Key[15])
			}
		}
	}
	if removed && l.Held > before.Held {
		t.Fatal("a removal holds something back")
	}
}
