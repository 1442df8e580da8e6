//go:build !level1

package command

// Level is the feature level that this build knows. A command of a higher level is
// proposed only after Activate, and that only when every member reports the level.
const Level uint16 = 2
