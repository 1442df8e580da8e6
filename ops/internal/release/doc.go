// Package release replaces the binary of every node of a cluster, one node at a time,
// while the cluster serves.
//
// It owns the judgement before it begins (preflight), the order (plan), the acts and
// the waiting between them (run), the signs on which it halts by itself, the journal
// from which it goes on after a crash of its own, and the report. Judgement is pure:
// checks, plan, signs and report are functions of what was seen, and know no clock.
//
// It must never touch two nodes at once, never go on while another node is not as it
// should be, and never activate a level: that is an act of its own, after which going
// back is not allowed.
package release
