package raftfsm

import "tvilling/raftfsm/command"

// Limits of the state machine.
const (
	MaxIntents     = 200_000 // remembered; the oldest entries' are forgotten first
	MaxFeedChanges = 256     // that wait for one reader; one more and it has lagged
	MaxLogPage     = 1000    // entries that one View.Log returns
	MaxCheckpoints = 1024    // kept; those of smaller trees are forgotten first
	MaxTreeHashes  = 1024    // that are read from the tree at once: a proof needs 128 at most
	maxLevel       = command.Level
)

// A whole entry's intents are remembered together.
const _ = uint(MaxIntents - command.MaxCommands)
