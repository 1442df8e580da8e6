// Package host is what the state machine takes from the machine it runs on: which boot
// it is, a lock on a directory, random ids for databases, and a clock to pace the
// writing of snapshots by.
//
// It owns nothing. It must never be reached from Apply: all of it differs from one
// replica to the next.
package host

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// ErrLocked is a directory that another process, or another part of this one, uses.
var ErrLocked = errors.New("in use by another process")

// BootID returns the id that the kernel drew when the machine was started, or "" where
// it cannot be known.
func BootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// NewID draws an id.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails: the program ends before
	return hex.EncodeToString(b[:])
}

// Lock takes the lock file at path for as long as the returned file is open.
func Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, ErrLocked), f.Close())
	}
	return f, nil
}

// Paced returns a writer that passes on no more than so many bytes a second, averaged
// over a fraction of one; 0 is no bound. Slow writers are not made up for: a stall
// moves the end, it does not lead to a burst.
func Paced(w io.Writer, bytesPerSecond int) io.Writer {
	if bytesPerSecond <= 0 {
		return w
	}
	return &paced{w: w, rate: bytesPerSecond, since: time.Now()}
}

type paced struct {
	w       io.Writer
	rate    int
	since   time.Time
	written int // since then
}

func (p *paced) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.written += n
	if p.written < p.rate/16 || err != nil {
		return n, err
	}
	due := time.Duration(float64(p.written) / float64(p.rate) * float64(time.Second))
	if wait := due - time.Since(p.since); wait > 0 {
		time.Sleep(wait)
	}
	p.since, p.written = time.Now(), 0
	return n, nil
}
