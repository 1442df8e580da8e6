//go:build !linux

package fault

import "fmt"

// Disks says why there can be none.
func Disks() error { return fmt.Errorf("%w: loop-mounted disks are Linux's", ErrUnavailable) }

// OpenDisk makes a disk for each of some nodes.
func OpenDisk([]string) (Disk, error) { return nil, Disks() }
