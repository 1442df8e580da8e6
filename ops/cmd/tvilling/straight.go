//go:build !skewed

package main

// skewed tells a build whose clock can be moved, for drills, from one that is released.
const skewed = false
