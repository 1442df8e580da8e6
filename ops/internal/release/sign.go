package release

import (
	"fmt"
	"math"
	"slices"
	"time"

	"tvilling/protocol/admin"
)

// Watch is what the signs are read from. It holds what was seen, and what was meant.
type Watch struct {
	Turn    string            // the node whose turn it is, which may be away; empty: nobody's
	Sights  []Sight           // oldest first, of the latest ten minutes
	Leader  string            // who led before anything was done
	Opens   float64           // seconds that 1 of 100 opens took or more then, on the node where it was most; 0: not known
	Started map[string]string // when each node was started, as far as the release knows
	Back    map[string]Sight  // the sight in which a replaced node was back
	Asking  time.Time         // since when a write was tried that has not succeeded; zero: the latest did
	Limits  Limits
}

// sign is one reason to halt: a function of what was seen that tells why, or nothing.
type sign struct {
	Name string
	Seen func(Watch) string
}

// signs are what a release halts on by itself, gravest first.
func signs() []sign {
	return []sign{
		{"state differs", diverged},
		{"nothing can be written", unwritten},
		{"a node is not ready", unready},
		{"a node restarted by itself", restarted},
		{"leadership moved by itself", unplanned},
		{"feeds are not fresh", notFresh},
		{"more errors on the new build", failing},
		{signSlow, slow},
	}
}

const signSlow = "opening is slower"

// taking back is watched for what is worse than the build that is taken back.
func signsOfAbort() []sign { return signs()[:1] }

func (w Watch) last() Sight {
	if len(w.Sights) == 0 {
		return Sight{}
	}
	return w.Sights[len(w.Sights)-1]
}

// diverged compares state hashes that were seen at the same index, whenever it was.
func diverged(w Watch) string {
	type taken struct{ id, hash string }
	at := map[uint64]taken{}
	for _, s := range w.Sights {
		for _, id := range sortedKeys(s.Members) {
			m := s.Members[id]
			if !answers(m) || m.StateHash == "" || m.HashIndex == 0 {
				continue
			}
			first, seen := at[m.HashIndex]
			if !seen {
				at[m.HashIndex] = taken{id, m.StateHash}
			} else if first.hash != m.StateHash {
				return fmt.Sprintf("%s and %s have different states at index %d", first.id, id, m.HashIndex)
			}
		}
	}
	return ""
}

// shared is an index at which a node and another one were seen with the same state;
// 0: none was.
func shared(sights []Sight, node string, from uint64) uint64 {
	others := map[uint64]string{}
	for _, s := range sights {
		for id, m := range s.Members {
			if id != node && answers(m) && m.HashIndex >= from {
				others[m.HashIndex] = m.StateHash
			}
		}
	}
	for _, s := range slices.Backward(sights) {
		m := s.Members[node]
		if hash, ok := others[m.HashIndex]; ok && answers(m) && m.StateHash != "" && hash == m.StateHash {
			return m.HashIndex
		}
	}
	return 0
}

// unwritten tells when a write has been tried for longer than a node may be unready:
// there may be a leader, and nodes that are ready, and still nothing is committed.
func unwritten(w Watch) string {
	if took := w.last().At.Sub(w.Asking); !w.Asking.IsZero() && took > w.Limits.Unready {
		return fmt.Sprintf("a write was tried for %v, at every data node", took.Round(time.Second))
	}
	return ""
}

// unready finds a node other than the one whose turn it is that has not been ready for
// longer than it may.
func unready(w Watch) string {
	last := w.last()
	for _, id := range sortedKeys(last.Members) {
		if id == w.Turn || ready(last.Members[id]) {
			continue
		}
		since := last.At
		for _, s := range slices.Backward(w.Sights) {
			if ready(s.Members[id]) {
				break
			}
			since = s.At
		}
		if away := last.At.Sub(since); away > w.Limits.Unready {
			return fmt.Sprintf("%s has not been ready for %v: %s", id, away.Round(time.Second), whyNot(last.Members[id]))
		}
	}
	return ""
}

func whyNot(m admin.Member) string {
	switch {
	case !answers(m):
		return "it does not answer"
	case m.Phase != admin.PhaseNone:
		return "it is drained"
	}
	return m.NotReady
}

// unplanned counts the times that leadership moved to a node that was not to lead. Once
// is an election that anything can cause; twice is not.
func unplanned(w Watch) string {
	times, before := 0, w.Leader
	for _, s := range w.Sights {
		if s.Leader == "" || s.Leader == before {
			continue
		}
		if before != "" && s.Leader != s.Wanted {
			times++
		}
		before = s.Leader
	}
	if times > 1 {
		return fmt.Sprintf("%d times, lastly to %s", times, before)
	}
	return ""
}

// restarted finds a node whose process is not the one that the release left there.
func restarted(w Watch) string {
	last := w.last()
	for _, id := range sortedKeys(last.Members) {
		m, known := last.Members[id], w.Started[id]
		if id != w.Turn && answers(m) && known != "" && m.Started != "" && m.Started != known {
			return fmt.Sprintf("%s was started %s, and nobody was to start it", id, m.Started)
		}
	}
	return ""
}

// What is needed before numbers say anything: small ones lie.
const (
	leastRequests = 1000
	leastOpens    = 100
	moreFailed    = 0.001 // of all requests, than on the others at the same time
	slower        = 2.0
)

// failing compares the share of failed requests on a replaced node with that on the
// nodes that are not replaced yet, since it was back.
func failing(w Watch) string {
	last := w.last()
	for _, id := range sortedKeys(w.Back) {
		back := w.Back[id]
		requests, failed := counted(last, back, id)
		if requests < leastRequests {
			continue
		}
		var others, theirs float64
		for other := range last.Numbers {
			if _, replaced := w.Back[other]; other != w.Turn && !replaced {
				r, f := counted(last, back, other)
				others, theirs = others+r, theirs+f
			}
		}
		control := 0.0
		if others > 0 {
			control = theirs / others
		}
		if share := failed / requests; share > control+moreFailed {
			return fmt.Sprintf("%s fails %.2f %% of %.0f requests, the others %.2f %%", id, 100*share, requests, 100*control)
		}
	}
	return ""
}

// counted is what a node counted between two sights; a count that fell is of a new process.
func counted(last, from Sight, id string) (requests, failed float64) {
	now, before := last.Numbers[id], from.Numbers[id]
	if now.Requests < before.Requests || now.Failed < before.Failed {
		return now.Requests, now.Failed
	}
	return now.Requests - before.Requests, now.Failed - before.Failed
}

// slow tells of a replaced node where opening has taken more than twice what it took
// before the release, in every sight for as long as it may.
func slow(w Watch) string {
	id, now, took := slowest(w)
	if id == "" || took <= w.Limits.Slow {
		return ""
	}
	return fmt.Sprintf("on %s 1 of 100 takes %.0f ms or more, and %.0f ms before the release, for %v", id, 1000*now, 1000*w.Opens, took.Round(time.Second))
}

// slowest finds the replaced node where opening takes too long, and has for longest;
// empty: there is none. A sight in which it told no numbers says nothing of it.
func slowest(w Watch) (id string, now float64, took time.Duration) {
	if w.Opens == 0 {
		return "", 0, 0
	}
	last := w.last()
	for _, one := range sortedKeys(w.Back) {
		highest, since := 0.0, last.At
		for _, s := range slices.Backward(w.Sights) {
			if _, told := s.Numbers[one]; !told {
				continue
			}
			p := percentile(sinceBack(s, w.Back[one], one), 0.99, leastOpens)
			if s.At.Before(w.Back[one].At) || p <= slower*w.Opens {
				break
			}
			highest, since = math.Max(highest, p), s.At
		}
		if away := last.At.Sub(since); highest > 0 && (id == "" || away > took) {
			id, now, took = one, highest, away
		}
	}
	return id, now, took
}

func sinceBack(s, back Sight, id string) []Bucket {
	return since(s.Numbers[id].Opens, back.Numbers[id].Opens)
}

func notFresh(w Watch) string { return stale(w.last().Feeds) }

// stale names a feed that may not be decided on any more.
func stale(feeds []admin.Feed) string {
	for _, f := range feeds {
		if !f.Fresh {
			return fmt.Sprintf("what is known of %s is %v old, and %v is the most", f.Name,
				time.Duration(f.AgeSeconds)*time.Second, time.Duration(f.BoundSecond)*time.Second)
		}
	}
	return ""
}
