//go:build skewed

package main

// skewed is a build whose clock can be moved, for drills: it runs no node in production.
const skewed = true
