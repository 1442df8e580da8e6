// Package e2e holds the tests that see the system from outside: a browser and source
// systems against five processes, with nodes killed under them.
//
// It owns no code of the product: everything in it is a test. It must never reach into
// a node; what a test needs to know, it asks as a user or an operator would.
package e2e
