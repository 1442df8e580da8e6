package health

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"tvilling/protocol/admin"
)

// Bounds of the checks of what runs out.
const (
	diskWarns    = 10 // percent free, below which a disk warns
	diskFails    = 2  // percent free, below which browsers are sent elsewhere: a node that cannot write ends
	expiresWarns = 30 * 24 * time.Hour
)

// Findings of what runs out.
var (
	errDisk    = errors.New("the disk is nearly full")
	errExpires = errors.New("a certificate runs out")
)

// Room tells how much room there is where a directory lies.
func Room(dir string) (free, total uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, fmt.Errorf("asking how full the disk is: %w", err)
	}
	size := uint64(s.Bsize) //nolint:unconvert // its type is the system's
	return s.Bavail * size, s.Blocks * size, nil
}

// Used adds up the files of a directory. One that goes away meanwhile does not count.
func Used(dir string) (bytes uint64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // what cannot be looked at is not counted
		}
		if info, err := d.Info(); err == nil {
			bytes += uint64(max(0, info.Size()))
		}
		return nil
	})
	return bytes
}

// Disk says what there is to say of room: nothing, that it warns, or that it fails.
func Disk(free, total uint64) error {
	if total == 0 {
		return nil
	}
	percent := float64(free) / float64(total) * 100
	finding := fmt.Errorf("%w: %.1f %% free, %d MiB", errDisk, percent, free>>20)
	switch {
	case percent < diskFails:
		return finding
	case percent < diskWarns:
		return Warn(finding)
	}
	return nil
}

// Certificates says which certificates run out, those that have first.
func Certificates(all []admin.Certificate, now time.Time) error {
	var failed, warned []error
	for _, c := range all {
		until, err := time.Parse(time.RFC3339, c.Until)
		if err != nil {
			continue // a node writes them itself
		}
		finding := fmt.Errorf("%w: %s at %s", errExpires, c.Name, c.Until)
		switch {
		case !until.After(now):
			failed = append(failed, finding)
		case until.Sub(now) < expiresWarns:
			warned = append(warned, finding)
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return Warn(errors.Join(warned...))
}

// First is the first certificate to run out; empty without any.
func First(all []admin.Certificate) (until string) {
	var first time.Time
	for _, c := range all {
		if at, err := time.Parse(time.RFC3339, c.Until); err == nil && (first.IsZero() || at.Before(first)) {
			first, until = at, c.Until
		}
	}
	return until
}
