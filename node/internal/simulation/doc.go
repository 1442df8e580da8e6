// Package simulation runs whole clusters in one process, in virtual time, under faults
// that one number decides, and looks after every step whether what is promised holds.
//
// It owns a world: a disk in memory that knows what was synced, processes that crash on
// it, the network of clustertest with its weather, browsers that keep to the protocol's
// rules, and what is checked. What runs on it is the product: real state machines, real
// clusters, real sessions. It must never be imported; it holds tests alone.
//
// # What is checked
//
//   - P1: whatever a browser receives of a patient was preceded by an access entry that
//     a quorum of disks holds.
//   - P2: no permitted access is accepted on a decision that is older than a change of
//     what it rests on; no view shows what is blocked at its own index.
//   - P3: what is blocked is gone from every screen when the lease is out, also from
//     one whose node or line was cut off.
//   - P4: what was acknowledged is on a quorum of disks at every step, and on every
//     node at the end.
//   - P7: one index has one entry and one state hash, on every node, before and after
//     every restart, and in a state machine that is fed the same entries alone.
//   - The access log has one tree: the root of each size is the same wherever it is
//     asked for, and any two sizes are consistent.
//   - Healed, the cluster lives: it commits, everybody catches up, and leadership moves
//     there and back.
//
// Each check is shown to fail by a defect that is built into the world on purpose.
//
// Goroutines: those of a bubble of testing/synctest, which end with it. Worker processes
// of TestSeeds end with the test.
package simulation
