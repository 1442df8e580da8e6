// Package operations shows operations the cluster in a browser: sites, nodes, who
// leads, who is behind, feeds, versions, backups and the last drills, as they are now.
//
// It owns the page and how it is kept live: it asks the cluster as any operator does,
// with the operator's certificate, and serves what it was told on loopback to whoever
// sits at the machine. It must never act on the cluster, listen anywhere but on
// loopback, or show what an operator may not know: it has nothing of any patient.
//
// Goroutines: one that asks the cluster, while somebody looks; those that net/http
// starts for connections.
package operations
