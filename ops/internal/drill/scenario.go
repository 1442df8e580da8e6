package drill

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Need is what a drill asks of where it is run.
type Need string

// The needs.
const (
	NeedProcess  Need = "process"  // nodes can be killed and started
	NeedPause    Need = "pause"    // and paused
	NeedNetwork  Need = "network"  // and cut off from each other
	NeedSlow     Need = "slow"     // and joined by a slow line
	NeedDisk     Need = "disk"     // and have disks of their own
	NeedServices Need = "services" // the services around the cluster do as they are told
	NeedBuilds   Need = "builds"   // there is another build to put in a node's place
	NeedHands    Need = "hands"    // the nodes' files are at hand
	NeedClocks   Need = "clocks"   // and their clocks can be moved
)

// needs says where each need is met, for people.
var needs = []struct {
	need Need
	says string
}{
	{NeedProcess, "nodes can be killed and started: everywhere, where the operator's file of commands can"},
	{NeedPause, "and paused and resumed: likewise"},
	{NeedNetwork, "nodes can be cut off from each other: in a cluster of its own, or by the operator's commands"},
	{NeedSlow, "the lines between them can be made slow: in a cluster of its own"},
	{NeedDisk, "nodes have disks of their own that fail: in a cluster of its own, made by root"},
	{NeedServices, "the services around do as they are told: in a cluster of its own"},
	{NeedBuilds, "there is another build to release: name it with --binary"},
	{NeedHands, "the nodes' files are at hand: in a cluster of its own"},
	{NeedClocks, "the nodes' clocks can be moved: in a cluster of its own, by a build that can (make skewed)"},
}

// NeedsHelp explains the needs, a line each.
func NeedsHelp() string {
	var b strings.Builder
	b.WriteString("What is needed, and where it is met:\n")
	for _, n := range needs {
		fmt.Fprintf(&b, "  %-9s %s\n", n.need, n.says)
	}
	return b.String()
}

// Scenario is one drill.
type Scenario struct {
	Name     string        `json:"name"`
	Shows    string        `json:"shows"`
	Needs    []Need        `json:"needs"`
	Promises []Promise     `json:"promises"`
	Floors   []Floor       `json:"floors"` // what must be seen of the fault: without it the drill proves nothing
	Hold     time.Duration `json:"-"`      // how long the fault lasts

	tame    bool                              // the work is writes that change nothing: what is lost, is by what is done
	prepare func(context.Context, *run) error // before the steady state is watched
	ready   func(context.Context, *run) error // at work, before the fault: what a fault must leave, or be mended by
	fault   func(context.Context, *run) error
	heal    func(context.Context, *run) error // also after a fault that failed half way
}

// Scenarios are all drills, in the order in which they are run.
func Scenarios() []Scenario {
	return append(append(append(processScenarios(), networkScenarios()...), diskScenarios()...), wideScenarios()...)
}

// Named finds drills by their names.
func Named(names []string) ([]Scenario, error) {
	var found []Scenario
	for _, name := range names {
		before := len(found)
		for _, s := range Scenarios() {
			if s.Name == name {
				found = append(found, s)
			}
		}
		if len(found) == before {
			return nil, fmt.Errorf("%w: %q; they are %s", ErrName, name, strings.Join(Names(), ", "))
		}
	}
	return found, nil
}

// Names are the names of all drills.
func Names() []string {
	var names []string
	for _, s := range Scenarios() {
		names = append(names, s.Name)
	}
	return names
}

// always is what every drill promises, beside its own.
func always(own ...Promise) []Promise {
	return append(own,
		Promise{"No operation fails: who is refused by one node is served by another, after some attempts if need be", Failed, 0},
		Promise{"No acknowledged write is lost, on any node", Lost, 0},
		Promise{"Nothing is shown without an entry in the access log", Unrecorded, 0},
		Promise{"The access log is the same on every node", Different, 0},
		Promise{"Every node could be asked for all this", Unchecked, 0},
		Promise{"No view outlives its access or its lease", NotBlanked, 0},
		Promise{"No view is blanked late", BlankedLate, 0},
		Promise{"No view is other than the node says", Doubts, 0},
		Promise{"Every view that stays shows again", StreamsLost, 0},
		Promise{"Every history has an order that explains it", Unlawful, 0},
		Promise{"After the heal a canary commits", Canary, 5_000},
		Promise{"After the heal every member passes its index", CaughtUp, 30_000},
		Promise{"Leadership moves to the other site and back", Moved, 10_000})
}

func pause(most time.Duration) Promise {
	return Promise{"Longest time without an accepted open", Pause, float64(most.Milliseconds())}
}

func changes(most float64) Promise {
	return Promise{"Leadership changes no more than it must", Changes, most}
}

// awayLeast is what no machine that is merely busy is taken for.
const awayLeast = 3 * time.Second

// away is of those that are ended, paused or cut off.
func away() Floor {
	return Floor{"Everyone who was hit, or who is on one side of a cut, does not answer or hears no leader for a while", Away, float64(awayLeast.Milliseconds())}
}

// deposed is of a fault of the leader.
func deposed() Floor { return Floor{"Another node comes to lead", Changes, 1} }

// left is of a node that views hang on.
func left() Floor {
	return Floor{"Views leave the node that was hit, and show again at another", Resumed, 1}
}

// restarted is of a fault that a node must end of.
func restarted() Floor { return Floor{"The node ends, and is started anew", Anew, 1} }

// raised is of a cluster that is made anew of what is left of one.
func raised() []Floor {
	return []Floor{{"The cluster's history is of a new generation, on every member", Generations, 1},
		{"Something was there before, to be looked for", Held, 1}}
}

// shown is of faults that the operator's own means must show.
func shown(least float64) Floor {
	return Floor{"The operator's own means show the fault", Found, least}
}
