//go:build level1

package command

// Level is the feature level that this build knows: that of the release before. It is
// built so that clusters of two levels can be tested, with this release's code and
// without its commands.
const Level uint16 = 1
