// Package gallery holds the browser client in every state it can be in, with a scripted
// node in place of a cluster: for the tests of accessibility, and for the pictures that a
// reviewer leafs through (`make screenshots`, ops/docs/gallery.md).
//
// It owns the list of states (states_*_test.go), the scripted node that brings the page
// to each, and what must hold in all of them: axe-core finds nothing, nothing scrolls
// sideways at 320 pixels or 400 % zoom, everything is reached and seen by the keyboard.
//
// It must never talk to a cluster, show anybody's real data, or make a state by any other
// way than a node's frames and a user's acts: a picture of what cannot happen is worthless.
package gallery
