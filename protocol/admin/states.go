package admin

// StateJoining is the Member.State of one that waits to be taken in, or catches up: it
// does not vote yet.
const StateJoining = "joining"

// RivalHistories is what a member's Error says where two recoveries were made of the same
// history, and an operator has to decide which one goes on.
const RivalHistories = "two recoveries were made of the same history"

// StateFounding is the Member.State of one that has no log and has heard of no history: it
// waits until every member of the cluster has been heard, to found it.
const StateFounding = "founding"
