// Package source is the operator's side of source systems: it prints what a message
// was found to hold, for the developer of a source system who tries one before
// connecting, as text for a terminal or as JSON for a program.
//
// It owns the form of that print and nothing of the reading. It must never send or keep
// a message, and since messages hold what anybody may have typed, it never lets a
// control character through to a terminal.
package source
