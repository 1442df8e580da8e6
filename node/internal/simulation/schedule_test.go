package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"tvilling/node/internal/cluster/clustertest"
	"tvilling/raftfsm/command"
)

// step is one thing that happens, some time after the one before. What a and b choose
// depends on the action.
type step struct {
	after time.Duration
	what  string
	a, b  int
}

func (s step) String() string { return fmt.Sprintf("%v %s %d %d", s.after, s.what, s.a, s.b) }

// action is a kind of step. Those with the greater weight come more often.
type action struct {
	name   string
	weight int
	do     func(w *world, a, b int)
}

// actions are everything that can happen, in an order that must not change: seeds mean
// what they mean by it.
func actions() []action {
	return []action{
		{"dial", 24, (*world).dial},
		{"act", 60, func(w *world, a, b int) { w.browsers[a%staff].act(b%4, a) }},
		{"hang up", 1, func(w *world, a, _ int) { w.browsers[a%staff].hangUp() }},
		{"cut line", 2, func(w *world, a, _ int) { w.browsers[a%staff].cut() }},
		{"mend line", 2, func(w *world, a, _ int) { w.browsers[a%staff].mend() }},
		{"block", 20, (*world).changeBlock},
		{"page", 18, (*world).changeRow},
		{"put", 12, func(w *world, a, b int) {
			w.later(a, command.KindPutSnapshot, w.put(b%len(w.patients), 1+a%9))
		}},
		{"kill", 2, func(w *world, a, _ int) { w.crash(w.members[a%len(w.members)], false) }},
		{"power cut", 2, func(w *world, a, _ int) { w.crash(w.members[a%len(w.members)], true) }},
		{"site power cut", 1, (*world).cutPower},
		{"blackout", 1, func(w *world, _, _ int) {
			for _, m := range w.members {
				w.crash(m, true)
			}
		}},
		{"halt", 2, func(w *world, a, _ int) {
			if m := w.members[a%len(w.members)]; m.proc != nil {
				w.halt(m)
			}
		}},
		{"start", 16, (*world).startSome},
		{"transfer", 3, (*world).transfer},
		{"stall disk", 2, func(w *world, a, _ int) { w.members[a%len(w.members)].disk.stall() }},
		{"mend disks", 3, func(w *world, _, _ int) {
			for _, m := range w.members {
				m.disk.mend()
			}
		}},
		{"pause", 2, func(w *world, a, _ int) { w.net.Pause(w.members[a%len(w.members)].id) }},
		{"resume", 3, func(w *world, _, _ int) { w.resume() }},
		{"partition", 3, (*world).partition},
		{"one way", 2, func(w *world, a, b int) {
			if from, to := w.members[a%len(w.members)], w.members[b%len(w.members)]; from != to {
				w.net.Cut(from.id, to.id)
			}
		}},
		{"heal", 10, func(w *world, _, _ int) { w.net.Heal() }},
		{"weather", 3, (*world).change},
		{"strand", 3, (*world).strand},
	}
}

// plan draws the steps of a seed.
func plan(dice *rand.Rand) (steps []step) {
	var names []string
	for _, a := range actions() {
		for range a.weight {
			names = append(names, a.name)
		}
	}
	for range 60 + dice.IntN(90) {
		after := time.Duration(dice.IntN(400)) * time.Millisecond
		if dice.IntN(5) == 0 {
			after = time.Duration(dice.IntN(4000)) * time.Millisecond
		}
		steps = append(steps, step{after, names[dice.IntN(len(names))], dice.IntN(1 << 16), dice.IntN(1 << 16)})
	}
	return steps
}

func (w *world) do(s step) {
	for _, a := range actions() {
		if a.name == s.what {
			a.do(w, s.a, s.b)
		}
	}
}

// dial lets a browser open a patient at a data node that runs.
func (w *world) dial(a, b int) {
	if up := w.up(true); len(up) > 0 {
		w.browsers[a%staff].dial(up[b%len(up)].proc, w.patients[a/staff%len(w.patients)])
	}
}

// later proposes from some data node, beside the steps.
func (w *world) later(a int, kind command.Kind, body any) {
	up := w.up(true)
	if len(up) == 0 {
		return
	}
	p := up[a%len(up)].proc
	w.tasks.Go(func() { _, _ = w.propose(p, kind, body) })
}

// changeBlock sets or takes back a patient's block.
func (w *world) changeBlock(a, b int) {
	row := w.block(b % len(w.patients))
	page := w.page(row)
	if a%3 == 0 {
		page.Upserts, page.Removes = nil, []command.RowKey{row.RowKey}
	}
	w.later(a, command.KindBlockPage, page)
}

// strand cuts a node off under the eyes of a browser, blocks at another what the browser
// may be shown, and lets the lease run out.
func (w *world) strand(a, b int) {
	up := w.up(true)
	if len(up) < 2 {
		return
	}
	lost, patient := up[a%len(up)], b%len(w.patients)
	one := w.browsers[a%staff]
	one.dial(lost.proc, w.patients[patient])
	time.Sleep(500 * time.Millisecond)
	w.net.Isolate(lost.id)
	time.Sleep(2 * time.Second)
	for a%3 == 0 || up[a%len(up)] == lost {
		a++
	}
	w.changeBlock(a, patient)
	time.Sleep(grace + 4*time.Second)
}

// changeRow sets or takes back a consent, a relation or a commission.
func (w *world) changeRow(a, b int) {
	kind, row := command.KindConsentPage, w.consent(b%len(w.patients))
	switch a % 5 {
	case 0:
		kind, row = command.KindRelationPage, w.relation(b%len(w.patients))
	case 1:
		kind, row = command.KindCommissionPage, w.commission(b%staff)
	}
	page := w.page(row)
	if b/8%3 == 0 {
		page.Upserts, page.Removes = nil, []command.RowKey{row.RowKey}
	}
	w.later(a, kind, page)
}

func (w *world) cutPower(a, _ int) {
	site := "ab"[a%2]
	for _, m := range w.members {
		if m.id[0] == site {
			w.crash(m, true)
		}
	}
}

// startSome starts a member that is down; with an even b all of them.
func (w *world) startSome(a, b int) {
	for i := range w.members {
		m := w.members[(a+i)%len(w.members)]
		if m.proc != nil {
			continue
		}
		if err := w.start(m); err != nil {
			w.ledger.fault(broken("start", "%s does not start again: %v", m.id, err))
		}
		if b%2 == 1 {
			return
		}
	}
}

func (w *world) transfer(a, b int) {
	up := w.up(false)
	if len(up) == 0 {
		return
	}
	p, to := up[a%len(up)].proc, w.members[b%len(w.members)].id
	w.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
		defer cancel()
		_ = p.cluster.Transfer(ctx, to)
	})
}

func (w *world) resume() {
	for _, m := range w.members {
		w.net.Resume(m.id)
	}
}

// partition cuts the cluster in two: between the sites, with the witness on either side
// or with both, or anywhere.
func (w *world) partition(a, b int) {
	side := func(id string) int {
		switch {
		case b%2 == 0:
			return a >> slices.IndexFunc(w.members, func(m *member) bool { return m.id == id }) & 1
		case id == "w":
			return a % 3
		default:
			return strings.IndexByte("ab", id[0])
		}
	}
	for _, one := range w.members {
		for _, other := range w.members {
			if i, j := side(one.id), side(other.id); i < 2 && j < 2 && i != j {
				w.net.Cut(one.id, other.id)
			}
		}
	}
}

// change makes the weather worse, or better.
func (w *world) change(a, b int) {
	delays := []time.Duration{time.Millisecond, 10 * time.Millisecond, 80 * time.Millisecond}
	w.weather = clustertest.Weather{
		Seed: w.weather.Seed + 1, Delay: delays[a%3], Jitter: 4 * delays[a/3%3],
		Loss: []float64{0, 0.02, 0.2}[b%3], Again: []float64{0, 0.1}[b/3%2],
	}
	w.net.SetWeather(w.weather)
}

// reap takes note of processes that have given up by themselves.
func (w *world) reap() {
	for _, m := range w.members {
		if m.proc == nil {
			continue
		}
		if err, over := m.proc.ended(); over {
			w.logger.Info("a node has ended itself", "node", m.id, "reason", err)
			w.crash(m, false)
		}
	}
}
