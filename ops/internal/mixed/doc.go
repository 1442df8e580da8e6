// Package mixed holds the tests of clusters whose members run builds of two levels: this
// release's, and one with its code that knows the level before alone (-tags level1).
//
// It owns what a release promises while it is on its way: every order of builds, forth
// and back again, loses nothing and leads every member to one state, until the level is
// activated; after that a build that does not know it stops and says which is needed.
// It must never be imported.
package mixed
