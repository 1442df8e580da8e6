package drill

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

// watch asks every node how it is, again and again, and keeps who led when. A node is
// asked for itself alone: one that is cut off keeps nobody waiting.
type watch struct {
	began time.Time
	say   func(string)

	mu     sync.Mutex
	nodes  map[string]admin.Member // as last heard; one that did not answer is not there
	reigns []Reign
	events []Event
	more   int    // events that were not kept
	led    string // who did last; that nobody could be asked for a moment is no news

	last    map[string]admin.Member // as last heard, however long ago
	sides   [][]string              // who was hit, together
	absence map[string]absence      // of those, since they were
}

// start asks until the context ends.
func (w *watch) start(ctx context.Context, client *adminclient.Client) *sync.WaitGroup {
	var all sync.WaitGroup
	for _, m := range client.Topology().Members {
		all.Go(func() {
			tick := time.NewTicker(watchEvery)
			defer tick.Stop()
			for {
				one, cancel := context.WithTimeout(ctx, watchWithin)
				health, err := client.Node(one, m.ID)
				cancel()
				if ctx.Err() != nil {
					return
				}
				w.heard(m.ID, health, err == nil, time.Now())
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return &all
}

// heard takes what a node said of itself, or that it said nothing.
func (w *watch) heard(id string, h admin.NodeHealth, answered bool, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.nodes, id)
	if answered {
		w.nodes[id], w.last[id] = h.Member, h.Member
	}
	leader := leaderOf(w.nodes)
	at := now.Sub(w.began).Milliseconds()
	if a, hit := w.absence[id]; hit {
		w.absence[id] = a.after(!answered || !hearsOne(h.Checks), at)
	}
	if n := len(w.reigns); n > 0 {
		w.reigns[n-1].To = at
		if w.reigns[n-1].Leader == leader {
			return
		}
	}
	w.reigns = append(w.reigns, Reign{From: at, To: at, Leader: leader})
	if leader != "" && leader != w.led {
		w.led = leader
		w.add(Event{at, KindLeader, leader + " leads"})
	}
}

// leaderOf is who leads: of several that say so, the one of the newest term.
func leaderOf(nodes map[string]admin.Member) string {
	leader, term := "", uint64(0)
	for id, m := range nodes {
		if m.State == "leader" && (leader == "" || m.Term > term) {
			leader, term = id, m.Term
		}
	}
	return leader
}

// changesBetween counts how often another node than the one before came to lead.
func changesBetween(reigns []Reign, from, to int64) int {
	last, n := "", 0
	for _, r := range reigns {
		if r.Leader == "" || r.From > to {
			continue
		}
		if last != "" && r.Leader != last && r.From >= from {
			n++
		}
		last = r.Leader
	}
	return n
}

func (w *watch) leader() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return leaderOf(w.nodes)
}

// behind names those of some nodes that have not applied an index, or do not answer.
func (w *watch) behind(ids []string, index uint64) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var late []string
	for _, id := range ids {
		if m, ok := w.nodes[id]; !ok || m.AppliedIndex < index {
			late = append(late, fmt.Sprintf("%s at %d of %d", id, m.AppliedIndex, index))
		}
	}
	return late
}

// furthest is the highest index that any node has applied.
func (w *watch) furthest() (index uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.nodes {
		index = max(index, m.AppliedIndex)
	}
	return index
}

// note puts something on the time line, and tells it.
func (w *watch) note(kind, text string) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := time.Since(w.began).Milliseconds()
	w.add(Event{at, kind, text})
	return at
}

// add keeps an event. The lock is held.
func (w *watch) add(e Event) {
	if w.say != nil {
		w.say(fmt.Sprintf("%7.1f s  %s", float64(e.At)/1000, e.Text))
	}
	if len(w.events) >= maxEvents {
		w.more++
		return
	}
	w.events = append(w.events, e)
}
