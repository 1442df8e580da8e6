// Package scratch makes directories that are there for as long as the process that made
// them.
//
// It owns how such a directory is told from one whose maker is gone: by a lock on a file
// in it, which the kernel lets go of when the process ends, however it ends. What a killed
// process left, and that may hold keys, is removed when the next directory of its kind is
// made. It must never remove what somebody holds, what another user owns, or what has no
// such file.
package scratch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile says that the directory is somebody's. It is there, and locked, at once.
const lockFile = ".maker"

// Make makes a directory among the temporary ones, whose name begins with a prefix, and
// removes those of the same prefix whose makers are gone. What cannot be removed stays:
// that hinders nobody. remove takes the directory away.
func Make(prefix string) (dir string, remove func() error, err error) {
	sweep(prefix)
	if dir, err = os.MkdirTemp("", prefix); err != nil {
		return "", nil, err
	}
	lock, err := hold(dir)
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, func() error { return errors.Join(clear(dir), lock.Close()) }, nil
}

// hold locks a directory: the file has its name when it is locked already, or who sweeps
// could come in between.
func hold(dir string) (*os.File, error) {
	lock, err := os.CreateTemp(dir, lockFile+"-")
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = os.Rename(lock.Name(), filepath.Join(dir, lockFile))
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// sweep removes what makers left that are gone.
func sweep(prefix string) {
	found, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range found {
		if own(dir) {
			_ = abandoned(dir) // it stays, and the next one tries again
		}
	}
}

// own reports whether something is a directory, and this user's.
func own(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Uid) == os.Geteuid()
}

// abandoned removes a directory, unless somebody holds it.
func abandoned(dir string) (err error) {
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return err
	}
	return clear(dir)
}

// clear removes a directory, and last what says whose it is: what a crash leaves of it is
// found again.
func clear(dir string) error {
	all, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	faults := []error{err}
	for _, e := range all {
		if e.Name() != lockFile {
			faults = append(faults, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
