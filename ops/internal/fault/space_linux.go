package fault

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// space is a namespace of the kernel without a name: it is there while somebody holds
// it, and a process that is killed holds nothing.
type space struct {
	file *os.File
	kind int    // unix.CLONE_NEWNET or unix.CLONE_NEWNS
	name string // in /proc
}

// newSpace makes one, and lets prepare change it from within.
func newSpace(kind int, prepare func() error) (*space, error) {
	s := &space{kind: kind, name: "net"}
	if kind == unix.CLONE_NEWNS {
		s.name = "mnt"
	}
	err := onThread(s, func() error {
		flags := kind
		if kind == unix.CLONE_NEWNS {
			flags |= unix.CLONE_FS
		}
		if err := unix.Unshare(flags); err != nil {
			return fmt.Errorf("a namespace of its own: %w", err)
		}
		var err error
		if s.file, err = os.Open("/proc/thread-self/ns/" + s.name); err != nil {
			return err
		}
		return prepare()
	})
	if err != nil && s.file != nil {
		return nil, errors.Join(err, s.file.Close())
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// onThread runs f on a thread that may change the namespace, and brings the thread back
// to where it was. One that cannot be brought back ends.
func onThread(s *space, f func() error) error {
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/" + s.name)
		if err != nil {
			runtime.UnlockOSThread()
			failed <- err
			return
		}
		defer home.Close()
		err = f()
		// A thread that has a root of its own cannot share one again: a mount namespace's ends.
		if s.kind == unix.CLONE_NEWNET && unix.Setns(int(home.Fd()), s.kind) == nil {
			runtime.UnlockOSThread()
		}
		failed <- err
	}()
	return <-failed
}

// within runs f in the namespace. What f makes, sockets and processes, belongs to it.
func (s *space) within(f func() error) error {
	return onThread(s, func() error {
		if s.kind == unix.CLONE_NEWNS {
			if err := unix.Unshare(unix.CLONE_FS); err != nil {
				return err
			}
		}
		if err := unix.Setns(int(s.file.Fd()), s.kind); err != nil {
			return fmt.Errorf("entering a namespace: %w", err)
		}
		return f()
	})
}

// path is where other processes find it, while we live.
func (s *space) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.file.Fd()) }

func (s *space) close() error { return s.file.Close() }

// run runs a command in the namespace of the thread that calls.
func run(input string, argv ...string) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// missing says which of some programs is not there.
func missing(programs ...string) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: needs root", ErrUnavailable)
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			return fmt.Errorf("%w: needs the program %s", ErrUnavailable, p)
		}
	}
	return nil
}
