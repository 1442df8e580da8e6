package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrAside is a log that could not be set aside; the text says what to do.
var ErrAside = errors.New("setting a log aside")

// maxAside is how many logs of one generation a member keeps beside its own: a further
// one is not set aside before somebody has looked at them and taken one away.
const maxAside = 4

// fileAside ends the setting aside of a log, in the directory that it was moved to. It
// says whatever the caller wants to be known of it.
const fileAside = "set-aside.json"

// Superseded tells which generation has taken the place of a log's, if one has: the log
// has to be set aside before Open.
func Superseded(dir string) (next Generation, ok bool, err error) {
	return readGeneration(dir, fileNext)
}

// SetAside moves the log in dir, and what is beside it, into a directory of its own next
// to dir, and makes dir that of a member which waits to be taken in by a generation,
// which may be its own. Nothing is deleted. It may be run again after a crash wherever
// that was. note is kept with what was moved; into is empty if there was nothing to move.
func SetAside(dir string, next Generation, note any, beside ...string) (into string, err error) {
	if err := writeGeneration(dir, fileNext, next); err != nil {
		return "", err
	}
	own, err := ReadGeneration(dir)
	if err != nil {
		return "", err
	}
	if into, err = moveAside(dir, own, note, beside); err != nil {
		return "", fmt.Errorf("%w: %w", ErrAside, err)
	}
	if err := WriteGeneration(dir, next); err != nil {
		return "", err
	}
	if err := writeGeneration(dir, fileJoining, next); err != nil {
		return "", err
	}
	for _, done := range []string{fileRecovering, fileNext} {
		if err := removeSynced(dir, done); err != nil {
			return "", fmt.Errorf("%w: %w", ErrAside, err)
		}
	}
	return into, nil
}

// moveAside moves what there is. The generation's file is copied: until everything is
// done, what is left here is of the old one.
func moveAside(dir string, own Generation, note any, beside []string) (string, error) {
	moves := map[string]string{} // from where to which name
	for _, path := range beside {
		moves[path] = filepath.Base(path)
	}
	for _, name := range []string{fileLog, "snapshots"} {
		moves[filepath.Join(dir, name)] = filepath.Join("raft", name)
	}
	for from := range moves {
		if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			delete(moves, from)
		} else if err != nil {
			return "", err
		}
	}
	into, err := freeAside(filepath.Dir(filepath.Clean(dir)), own)
	if len(moves) == 0 {
		if _, begun := os.Lstat(into); err != nil || begun != nil {
			return "", nil
		} // else a crash came between the last move and the end: what is there is to be kept
	}
	if err != nil {
		return "", err
	}
	if err := writeGeneration(filepath.Join(into, "raft"), fileGeneration, own); err != nil {
		return "", err
	}
	for from, name := range moves {
		if err := os.Rename(from, filepath.Join(into, name)); err != nil {
			return "", err
		}
	}
	for _, changed := range []string{filepath.Join(into, "raft"), into, dir, filepath.Dir(filepath.Clean(dir))} {
		if err := syncDir(changed); err != nil {
			return "", err
		}
	}
	text, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return "", err
	}
	return into, writeSynced(into, fileAside, append(bytes.TrimSpace(text), '\n'))
}

// freeAside is the directory to move to: one that a crash left half done, or a new one.
func freeAside(data string, own Generation) (string, error) {
	for n := 1; n <= maxAside; n++ {
		into := filepath.Join(data, fmt.Sprintf("superseded-%d", own.Number))
		if n > 1 {
			into = fmt.Sprintf("%s.%d", into, n)
		}
		if _, err := os.Lstat(filepath.Join(into, fileAside)); errors.Is(err, fs.ErrNotExist) {
			return into, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%d logs of generation %d are kept in %s already: look at them, and take away what is not needed", maxAside, own.Number, data)
}
