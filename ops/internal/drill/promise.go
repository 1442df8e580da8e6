package drill

import (
	"fmt"
	"slices"
	"strconv"
)

// Figure is one thing that is measured. The words stand in reports: append only.
type Figure string

// The figures. What is zero when all is well counts what is not.
const (
	FirstOpen    Figure = "first_open_ms"    // from the fault to the next open that was accepted
	Pause        Figure = "longest_pause_ms" // the longest time without an accepted open, from the fault on
	Requests     Figure = "requests"         // operations, from the fault on; each is tried again until it has its answer, or is given up
	Failed       Figure = "failed"           // of them
	Unknown      Figure = "unknown"          // of them, whose outcome nobody told
	Slow         Figure = "slow"             // of them, slower than a second
	OpenP99      Figure = "open_p99_ms"      // of opens, from the fault on
	Acknowledged Figure = "acknowledged"     // writes, in all
	Lost         Figure = "lost"             // of them, that some node does not have
	Blanked      Figure = "blanked_in_time"  // views whose access ended, or that heard nothing more
	BlankedLate  Figure = "blanked_late"
	NotBlanked   Figure = "not_blanked"
	Resumed      Figure = "streams_resumed"
	StreamsLost  Figure = "streams_lost"
	Operations   Figure = "operations" // of the histories
	Unlawful     Figure = "unlawful"   // histories that no order of their operations explains
	Canary       Figure = "canary_ms"  // from the heal to a committed canary
	CaughtUp     Figure = "caught_up_ms"
	Moved        Figure = "leadership_ms"  // A to B to A, both ways together
	Changes      Figure = "leader_changes" // from the fault to the heal; to its end, where that makes another cluster
	Ended        Figure = "ended_ms"       // from the fault until the process that it hit had ended itself
	Unrecorded   Figure = "unrecorded"     // shown, without an entry in the access log
	Different    Figure = "different"      // entries of the access log that are not the same on every node
	Doubts       Figure = "doubts"         // views that were not what the node said they were
	Unchecked    Figure = "unchecked"      // nodes and changes of which nothing could be checked
	Unfound      Figure = "unfound"        // faults that the operator's own means did not show
	Renewed      Figure = "renewed_ms"     // from a new certificate until its node is among the others again
	Heeded       Figure = "heeded_ms"      // from a wild clock until its node was not ready and did not lead
	Held         Figure = "log_before"     // entries of the access log that every member had before the data was taken away
	Vanished     Figure = "vanished"       // data nodes that do not have what was there before, as it was
	Dark         Figure = "dark_ms"        // the longest that a view that stays showed nothing
	Attempts     Figure = "attempts"       // that the operations from the fault on took
	Streamed     Figure = "streamed"       // views that the streams were shown
	Away         Figure = "away_ms"        // the longest that every node of a side that was hit did not answer, or heard no leader
	Anew         Figure = "started_anew"   // members that were started anew, from the fault on
	Replaced     Figure = "replaced"       // members that run another build than before the fault
	Generations  Figure = "generations"    // by which the cluster's history was raised, on every member
	Found        Figure = "found"          // faults that the operator's own means showed
	Leased       Figure = "leases_ended"   // views that were blanked since nothing more was heard of them
	FeedAge      Figure = "feed_age_ms"    // how old what is known from a service was at the heal
	Crossing     Figure = "crossing_ms"    // the shortest time in which a large write reached the other site
)

// Promise is what a drill holds the cluster to.
type Promise struct {
	What   string  `json:"what"`
	Figure Figure  `json:"figure"`
	Most   float64 `json:"most"`
}

// Kept is a promise beside what was measured.
type Kept struct {
	Promise
	Measured *float64 `json:"measured"` // nil: it was not, and the promise is not kept
	Kept     bool     `json:"kept"`
	Unseen   bool     `json:"unseen,omitempty"` // the work that was done cannot show it: nothing is said of it
}

// Floor is what there must be of the work and of the fault: who does nothing keeps every
// promise, and so does a cluster to which nothing happens.
type Floor struct {
	What   string  `json:"what"`
	Figure Figure  `json:"figure"`
	Least  float64 `json:"least"`
}

// Reached is a floor beside what was measured.
type Reached struct {
	Floor
	Measured float64 `json:"measured"` // what is not measured is nothing
	Reached  bool    `json:"reached"`
	Fault    bool    `json:"fault,omitempty"` // it says that the fault was there, not that work was done
}

// floors are those of the work of every drill, as far as it can show them.
func floors() []Floor {
	return []Floor{
		{"Operations are done", Requests, 1},
		{"Writes are acknowledged", Acknowledged, 1},
		{"Views that stay are shown", Streamed, 1},
		{"Histories have operations", Operations, 1},
	}
}

// worked lays floors beside figures, but for those that the work is blind to.
func worked(floors []Floor, figures map[Figure]float64, blind []Figure) (all []Reached, idle []string) {
	for _, f := range floors {
		if slices.Contains(blind, f.Figure) {
			continue
		}
		r := Reached{Floor: f, Measured: figures[f.Figure]}
		if r.Reached = r.Measured >= f.Least; !r.Reached {
			idle = append(idle, fmt.Sprintf("%s: at least %s must be seen, or the promises say nothing; measured %s", f.What, number(f.Figure, f.Least), number(f.Figure, r.Measured)))
		}
		all = append(all, r)
	}
	return all, idle
}

// unproven is what a drill says that did not see its fault, or not all that belongs to it.
const unproven = "The fault was not seen as it must be, so the drill proved nothing"

// noticed lays what must be seen of a fault beside figures. A command that says that it
// made the fault is no evidence of one.
func noticed(floors []Floor, figures map[Figure]float64, blind []Figure) (all []Reached, unseen []string) {
	all, _ = worked(floors, figures, blind)
	for i, r := range all {
		all[i].Fault = true
		if !r.Reached {
			unseen = append(unseen, fmt.Sprintf("%s. %s: at least %s, measured %s", unproven, r.What, number(r.Figure, r.Least), number(r.Figure, r.Measured)))
		}
	}
	if len(all) == 0 {
		unseen = append(unseen, unproven+". Nothing that this drill could see would show it")
	}
	return all, unseen
}

// judge lays promises beside figures. A figure that is not there keeps no promise; one
// that the work is blind to says nothing.
func judge(promises []Promise, figures map[Figure]float64, blind []Figure) (all []Kept, failed []string) {
	for _, p := range promises {
		k := Kept{Promise: p}
		if slices.Contains(blind, p.Figure) {
			k.Unseen = true
			all = append(all, k)
			continue
		}
		if v, measured := figures[p.Figure]; measured {
			k.Measured, k.Kept = &v, v <= p.Most
		}
		if !k.Kept {
			failed = append(failed, k.String())
		}
		all = append(all, k)
	}
	return all, failed
}

// String says a promise and how it was kept.
func (k Kept) String() string {
	if k.Measured == nil {
		return fmt.Sprintf("%s: promised at most %s, not measured", k.What, number(k.Figure, k.Most))
	}
	return fmt.Sprintf("%s: promised at most %s, measured %s", k.What, number(k.Figure, k.Most), number(k.Figure, *k.Measured))
}

// inMillis are the figures that are times.
var inMillis = map[Figure]bool{FirstOpen: true, Pause: true, OpenP99: true, Canary: true, CaughtUp: true, Moved: true, Ended: true, Renewed: true, Heeded: true, Dark: true, Away: true, FeedAge: true, Crossing: true}

// number writes a figure with its unit.
func number(f Figure, v float64) string {
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if inMillis[f] {
		switch {
		case v >= 10_000:
			return strconv.FormatFloat(v/1000, 'f', 1, 64) + " s"
		case v >= 1000:
			return strconv.FormatFloat(v/1000, 'f', 2, 64) + " s"
		}
		return strconv.FormatFloat(v, 'f', 0, 64) + " ms"
	}
	return text
}
