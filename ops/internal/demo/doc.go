// Package demo runs a whole cluster on one machine: five real processes on loopback,
// at two sites and a witness, a stand-in for the services that they are fed from, the
// test patients and somebody to be.
//
// It owns the processes that it starts, their ports and one directory, and leaves
// none of them behind. It talks to the nodes as anyone else does: by the operators',
// the sources' and the browsers' addresses. It must never be pointed at a cluster
// that it did not make, and it never restarts a process that died: that one did is
// what somebody wants to see.
package demo
