package drill

import (
	"context"
	"fmt"
	"time"

	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/fault"
)

// Processes are the nodes' processes.
type Processes interface {
	KillNode(id string) error
	StartNode(id string) error
	PauseNode(id string) error
	ResumeNode(id string) error
	Running(id string) bool
}

// Links are what lies between nodes.
type Links interface {
	Kind() string
	Cut(from, to string) error
	Slow(from, to string, s fault.Slowness) (fault.Slowness, error)
	Heal() error
}

// Load keeps a cluster at work, and measures.
type Load interface {
	// Phase says what happens from now on.
	Phase(name string)
	// Stop ends the work and tells what was seen.
	Stop(ctx context.Context) (Measured, error)
}

// The phases.
const (
	PhaseBefore = "before"
	PhaseFault  = "fault"
	PhaseAfter  = "after"
)

// Measured is what a load saw. A figure that it does not measure is not there.
type Measured struct {
	Figures map[Figure]float64
	Seconds []int    // accepted opens, by second since the load began
	Work    []Done   // by phase and kind
	Remarks []string // what a reader must know of it
}

// Done is what was done of a kind in a phase of a drill.
type Done struct {
	Phase    string  `json:"phase"`
	Kind     string  `json:"kind"`  // open, put …
	Count    int     `json:"count"` // operations; each is tried again until it has its answer, or is given up
	Attempts int     `json:"attempts"`
	Failed   int     `json:"failed"`
	Unknown  int     `json:"unknown"`
	Slow     int     `json:"slow"` // took more than a second, its attempts together
	Pause    float64 `json:"longest_pause_ms"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	Max      float64 `json:"max_ms"`
}

// Target is the cluster that drills are run against. What is nil it has not, and Why may
// say why.
type Target struct {
	Kind      string // "a cluster of its own", as reports say it
	Load      func(context.Context) (Load, error)
	LoadKind  string
	Blind     []Figure // what this work cannot show
	Operator  *adminclient.Client
	Processes Processes
	Pauses    bool
	Links     Links
	Slows     bool
	Disks     fault.Disk
	Hands     *Hands
	Services  func(ctx context.Context, path, order string) error
	Why       map[Need]string

	Steady, After time.Duration // how long it is watched before the fault, and after all is well; 0: as usual
}

// Disk is the nodes' disks.
func (t *Target) Disk() fault.Disk { return t.Disks }

// can says why a need is not met; nil: it is.
func (t *Target) can(n Need) error {
	met := map[Need]bool{
		NeedProcess: t.Processes != nil, NeedPause: t.Processes != nil && t.Pauses, NeedNetwork: t.Links != nil,
		NeedSlow: t.Links != nil && t.Slows, NeedDisk: t.Disks != nil, NeedServices: t.Services != nil,
		NeedClocks: t.Hands != nil && t.Hands.Clocks != nil, NeedHands: t.Hands != nil, NeedBuilds: t.Hands != nil && t.Hands.Next != "",
	}
	if met[n] {
		return nil
	}
	why := t.Why[n]
	if why == "" {
		why = fmt.Sprintf("%s has no way to do it (%s)", t.Kind, n)
	}
	return fmt.Errorf("%w: %s", ErrNotHere, why)
}
