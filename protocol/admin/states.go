package admin

// StateJoining is the Member.State of one that waits to be taken in, or catches up: it
// does not vote yet.
const StateJoining = "joining"
