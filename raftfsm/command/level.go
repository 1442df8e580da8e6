package command

import "fmt"

// Level returns the feature level that a kind of command belongs to. One that is newer
// than 1 is in the log only after Activate of its level, and that is proposed only when
// every member reports the level: no replica meets what it does not know.
func (k Kind) Level() uint16 {
	switch k {
	case KindNoteBackup, KindAnnounce:
		return 2
	default:
		return 1
	}
}

// TooNew is the error of something that is of a higher level than this build knows: it
// says which build is needed instead.
func TooNew(what string, level uint16) error {
	return fmt.Errorf("%w: %s is of level %d, and this build knows levels up to %d: install a build that knows level %d; the data are unharmed",
		ErrUnknownLevel, what, level, Level, level)
}

func unknownKind(k Kind) error {
	return fmt.Errorf("%w: %d: this build knows levels up to %d: install the later build that wrote it; the data are unharmed",
		ErrUnknownKind, k, Level)
}
