package followup

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// put adds n different things to a cell.
func (t *tally) put(c cell, n int) {
	for i := range n {
		t.add(c, pair{a: fmt.Sprint(c, i)})
	}
}

func labels(counts []protocol.Count) (all []string) {
	for _, c := range counts {
		text := fmt.Sprintf("%s %s %d", c.Series, c.Label, c.Number)
		if c.Few {
			text = fmt.Sprintf("%s %s few", c.Series, c.Label)
		}
		all = append(all, text)
	}
	return all
}

func TestStatistics(t *testing.T) {
	w := newWorld(t)
	w.at = 0
	read := func(at, employee, session, patient string) {
		e := act(t, record.Read, employee, own, patient)
		e.Session, e.At = session, stockholm(t, at)
		w.add(e)
	}
	// A Sunday's last hour in Sweden, which is 22:30 in UTC in winter.
	for i := range 12 {
		read("2026-01-04 23:30", fmt.Sprint("E", i), "s", tolvan)
		read("2026-01-04 23:30", fmt.Sprint("E", i), "s", tolvan) // the same lookup
	}
	for i := range 11 {
		read("2026-01-05 08:10", fmt.Sprint("E", i), "t", agda)
	}
	read("2025-12-31 23:30", "E1", "u", agda) // another month
	f := protocol.Follow{Report: protocol.ReportStatistics, From: stockholm(t, "2026-01-10 00:00"), To: stockholm(t, "2026-01-11 00:00")}
	want := []string{
		"lookups 2026-01 23", "lookups 08 11", "lookups 23 12", "lookups 1 11", "lookups 7 12",
		"patients 2026-01 few", // 1 an hour: whoever knew their sum would know it
		"users 2026-01 12", "users 08 11", "users 23 12", "users 1 11", "users 7 12",
	}
	if diff := cmp.Diff(want, labels(w.report(f).Counts)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOtherCareProviders(t *testing.T) {
	w := newWorld(t)
	read := func(employee, provider, owner string) {
		e := act(t, record.Read, employee, provider, tolvan)
		e.Scope.Resources = []record.Resource{{Contract: 1, CareProvider: owner}}
		w.add(e)
	}
	for i := range 10 {
		read(fmt.Sprint("E", i), other, own)
	}
	read("X", third, own)
	read("Y", third, third)
	read("Z", own, own)
	r := w.report(w.follow(protocol.ReportOwner))
	if diff := cmp.Diff([]string{"lookups " + other + " 10", "lookups " + third + " few"}, labels(r.Counts)); diff != "" {
		t.Error(diff)
	}
	if len(r.Rows) != 0 {
		t.Errorf("rows %v", r.Rows)
	}
}

// A period that ends an hour later tells nothing of that hour, also of others' staff.
func TestAnHourOfOthersCannotBeCutOut(t *testing.T) {
	w := newWorld(t)
	for i := range 11 {
		e := act(t, record.Read, fmt.Sprint("E", i), other, tolvan)
		e.Scope.Resources, e.At = []record.Resource{{Contract: 1, CareProvider: own}}, stockholm(t, fmt.Sprintf("2026-01-%02d 10:00", 10+i))
		w.add(e)
	}
	for _, to := range []string{"2026-01-19 00:00", "2026-01-20 09:59", "2026-01-20 10:01"} {
		f := protocol.Follow{Report: protocol.ReportOwner, From: stockholm(t, "2026-01-10 00:00"), To: stockholm(t, to)}
		if diff := cmp.Diff([]string{"lookups " + other + " 11"}, labels(w.report(f).Counts)); diff != "" {
			t.Errorf("to %s: %s", to, diff)
		}
	}
}

// Whatever is counted, no small number follows from what is told: with the sum of every
// family known (from another that is told whole), a small number could still be another.
func TestNoSmallNumberFollows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		tally := newTally()
		sums := map[string]map[string][]int{}
		for _, family := range []string{"month", "hour", "weekday"} {
			for i, n := range rapid.SliceOfN(rapid.IntRange(1, 14), 1, 4).Draw(r, family) {
				label := map[string]string{"month": "2026-0%d", "hour": "0%d", "weekday": "%d"}[family]
				tally.put(cell{seriesUsers, family, fmt.Sprintf(label, i+1)}, n)
				if sums[family] == nil {
					sums[family] = map[string][]int{}
				}
				if n < few {
					sums[family]["small"] = append(sums[family]["small"], n)
				}
			}
		}
		told := map[int][]protocol.Count{}
		for _, c := range tally.told() {
			if c.Few && c.Number != 0 {
				r.Fatalf("a small number is told: %+v", c)
			}
			told[len(c.Label)] = append(told[len(c.Label)], c)
		}
		if len(told) < 2 {
			return // alone there is nothing to compute from
		}
		for family, length := range map[string]int{"month": 7, "hour": 2, "weekday": 1} {
			small := sums[family]["small"]
			if len(told[length]) == 0 || len(small) == 0 {
				continue
			}
			another := false // the same sum by other numbers
			for i := range small {
				for j := range small {
					another = another || i != j && small[i] < few-1 && small[j] > 1
				}
			}
			if !another {
				r.Fatalf("%s is told, and %v follow from their sum", family, small)
			}
		}
	})
}
