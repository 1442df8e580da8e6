// Package drill makes a fault in a cluster that is at work, and measures what was
// promised of it.
//
// It owns the list of drills, their order (a steady state, the fault, its end, whether
// all is well again) and the report: what was seen, what was done, what was promised,
// what was measured. It must never tell a promise as kept that it did not measure, never
// leave a fault behind, and never begin on a cluster that is not well.
package drill

import (
	"errors"
	"time"
)

// Errors.
var (
	ErrName      = errors.New("no such drill")
	ErrUnhealthy = errors.New("the cluster is not well: no fault is made in it")
	ErrNotHere   = errors.New("cannot be run here")
	ErrHealing   = errors.New("the fault could not be taken back")
)

// Times of a drill.
const (
	steadyFor    = 5 * time.Second        // the cluster is watched at work before the fault
	afterFor     = 5 * time.Second        // and after all is well again
	watchEvery   = 100 * time.Millisecond // each node is asked how it is
	watchWithin  = 700 * time.Millisecond // for it to answer; then nothing is known of it
	canaryWithin = 30 * time.Second       // after the heal, for anything to be committed
	caughtWithin = 60 * time.Second       // for every member to pass the index of the heal
	moveWithin   = 30 * time.Second       // for leadership to go to the other site and back
	healWithin   = 90 * time.Second       // for a fault to be taken back, whatever else happens
	endWithin    = 30 * time.Second       // for a process that a fault ends to be gone
	maxEvents    = 400                    // of a time line: more are counted, not kept
)
