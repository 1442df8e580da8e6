package workload

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tvilling/ops/internal/viewer"
)

func TestALostRecordIsFound(t *testing.T) {
	acknowledged := []record{{"p", "1"}, {"p", "2"}, {"q", "1"}}
	whole := func() names { return names{"p": {"1": true, "2": true, "other": true}, "q": {"1": true}} }
	without := whole()
	delete(without["p"], "2")
	elsewhere := names{"p": {"1": true, "2": true}} // another patient's of the same name does not stand in
	for _, c := range []struct {
		name   string
		found  map[string]names
		hidden map[string]bool
		want   Ledger
	}{
		{"all is there", map[string]names{"a": whole(), "b": whole()}, nil, Ledger{Acknowledged: 3, Found: map[string]int{"a": 3, "b": 3}}},
		{"one node lacks one", map[string]names{"a": whole(), "b": without}, nil, Ledger{Acknowledged: 3, Found: map[string]int{"a": 3, "b": 2}, Lost: 1}},
		{"one node lacks a patient", map[string]names{"a": elsewhere}, nil, Ledger{Acknowledged: 3, Found: map[string]int{"a": 2}, Lost: 1}},
		{"one node has nothing", map[string]names{"a": whole(), "b": nil}, nil, Ledger{Acknowledged: 3, Found: map[string]int{"a": 3, "b": 0}, Lost: 3}},
		{"what may be hidden is not lost", map[string]names{"a": elsewhere}, map[string]bool{"q": true}, Ledger{Acknowledged: 3, Found: map[string]int{"a": 2}, Unchecked: 1}},
	} {
		if diff := cmp.Diff(c.want, account(acknowledged, c.found, c.hidden)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

var noon = time.Unix(1_790_000_000, 0)

func at(n int) time.Time { return noon.Add(time.Duration(n) * ms) }

func TestWhatIsNotRecordedIsFound(t *testing.T) {
	given := []disclosure{{"a", true, at(0), at(100)}, {"a", true, at(0), at(20)}, {"b", true, at(0), at(20)}, {"a", false, at(0), at(20)}}
	log := func(entries ...entry) []entry { return entries }
	for _, c := range []struct {
		name    string
		entries []entry
		want    int
	}{
		{"all", log(entry{node: "a", shown: true, at: at(10)}, entry{node: "a", shown: true, at: at(15)}, entry{node: "b", shown: true, at: at(1)}, entry{node: "a", at: at(1)}), 0},
		{"one for two", log(entry{node: "a", shown: true, at: at(10)}, entry{node: "b", shown: true, at: at(1)}, entry{node: "a", at: at(1)}), 1},
		{"another node's", log(entry{node: "a", shown: true, at: at(10)}, entry{node: "a", shown: true, at: at(15)}, entry{node: "a", shown: true, at: at(16)}, entry{node: "a", at: at(1)}), 1},
		{"another activity's", log(entry{node: "a", shown: true, at: at(10)}, entry{node: "a", shown: true, at: at(15)}, entry{node: "b", shown: true, at: at(1)}), 1},
		{"too late for both", log(entry{node: "a", shown: true, at: at(130)}, entry{node: "a", shown: true, at: at(131)}, entry{node: "b", shown: true, at: at(1)}, entry{node: "a", at: at(1)}), 2},
		{"none", nil, 4},
	} {
		if got := unrecorded(given, c.entries, 5*ms); got != c.want {
			t.Errorf("%s: %d without an entry, want %d", c.name, got, c.want)
		}
	}
}

// Every disclosure that has an entry of its own, whatever other entries there are, is
// matched; and one more than there are entries never is.
func TestMatching(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var given []disclosure
		var entries []entry
		for range rapid.IntRange(0, 30).Draw(t, "disclosures") {
			made := rapid.IntRange(0, 100).Draw(t, "made")
			given = append(given, disclosure{"a", true, at(made - rapid.IntRange(0, 30).Draw(t, "before")), at(made + rapid.IntRange(0, 30).Draw(t, "after"))})
			entries = append(entries, entry{node: "a", shown: true, at: at(made)})
		}
		for range rapid.IntRange(0, 5).Draw(t, "others") {
			entries = append(entries, entry{node: "a", shown: true, at: at(rapid.IntRange(0, 100).Draw(t, "other"))})
		}
		if n := unrecorded(given, entries, 0); n != 0 {
			t.Fatalf("%d of %d have none", n, len(given))
		}
		for range len(entries) + 1 - len(given) {
			given = append(given, disclosure{"a", true, at(-1000), at(1000)})
		}
		if n := unrecorded(given, entries, 0); n != 1 {
			t.Fatalf("%d of one too many have none", n)
		}
	})
}

func TestDifferentLogsAreFound(t *testing.T) {
	same := []entry{{sequence: 1, id: "x"}, {sequence: 2, id: "y"}}
	for _, c := range []struct {
		name  string
		other []entry
		want  int
	}{
		{"the same", same, 0},
		{"one is missing", same[:1], 1},
		{"another id", []entry{{sequence: 1, id: "x"}, {sequence: 2, id: "z"}}, 1},
		{"another order", []entry{{sequence: 1, id: "y"}, {sequence: 2, id: "x"}}, 2},
		{"nothing", nil, 2},
	} {
		if got := different(map[string][]entry{"a": same, "b": c.other}); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestBlanked(t *testing.T) {
	const bound = 100 * ms
	standing := change{what: "p", told: at(1000), seen: at(1050)}
	taken := change{what: "p", told: at(1000), seen: at(1050), lifted: at(1300)}
	brief := change{what: "p", told: at(1000), seen: at(1050), lifted: at(1060)}
	shown := func(from, to int) sight {
		i := viewer.Interval{From: at(from)}
		if to > 0 {
			i.To = at(to)
		}
		return sight{"p", []viewer.Interval{i}}
	}
	for _, c := range []struct {
		name   string
		change change
		sight  sight
		want   [4]int // in time, late, not, undecided
	}{
		{"at once", standing, shown(0, 1040), [4]int{1, 0, 0, 0}},
		{"within the bound", standing, shown(0, 1150), [4]int{1, 0, 0, 0}},
		{"late", standing, shown(0, 1151), [4]int{0, 1, 0, 0}},
		{"never", standing, shown(0, 0), [4]int{0, 0, 1, 0}},
		{"shown again while it stands", standing, shown(1200, 0), [4]int{0, 0, 1, 0}},
		{"shown again for a moment", standing, shown(1900, 1910), [4]int{0, 1, 0, 0}},
		{"gone before", standing, shown(0, 1000), [4]int{}},
		{"another's", standing, sight{"q", []viewer.Interval{{From: at(0)}}}, [4]int{}},
		{"through all of it", taken, shown(0, 1400), [4]int{0, 0, 1, 0}},
		{"shown when it was taken back", taken, shown(1300, 0), [4]int{}},
		{"taken back before its time was out", brief, shown(0, 0), [4]int{0, 0, 0, 1}},
	} {
		v := blanked([]change{c.change}, []sight{c.sight}, bound, at(2000))
		if got := [4]int{v.InTime, v.Late, v.Not, v.Undecided}; got != c.want || v.Unseen != 0 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	v := blanked([]change{{what: "p", told: at(1000)}, standing}, []sight{shown(0, 1070)}, bound, at(2000))
	if v.Changes != 2 || v.Unseen != 1 || v.Touched != 1 || v.FromTold.Max != 70 || v.FromSeen.Max != 20 {
		t.Errorf("%+v", v)
	}
}

// A report that broke a promise says so, one line for each.
func TestBroken(t *testing.T) {
	var r Report
	r.History.Verdict = "ok"
	if b := r.Broken(); len(b) != 0 {
		t.Errorf("nothing is broken, and it says %q", b)
	}
	r = Report{
		Ledger: Ledger{Lost: 1, Unasked: []string{"a1"}}, Log: AccessLog{Unrecorded: 1, Different: 1, Unasked: []string{"a1"}},
		Views: Views{Late: 1, Not: 1}, Streams: Streams{Lost: 1, Doubts: 1},
	}
	if b := r.Broken(); len(b) != 10 {
		t.Errorf("%d broken promises, want 10: %q", len(b), b)
	}
}
