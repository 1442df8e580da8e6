package fault

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tvilling/ops/internal/scratch"
)

// Limits of the disks.
const (
	diskBytes  = 384 << 20        // of a node's disk: sparse, it takes what is written
	thawWithin = 90 * time.Second // a stalled disk goes on by then, even if we are no more
)

// disks are loop-mounted ext4 file systems in a mount namespace of their own.
type disks struct {
	space  *space
	dir    string
	remove func() error // of dir

	mu   sync.Mutex
	each map[string]*disk
}

// disk is one node's.
type disk struct {
	mount, device string
	fault         string      // stall, full, error
	thaw          *os.Process // thaws it in the end, whatever becomes of us
}

// Disks says why there can be none; nil: there can.
func Disks() error { return missing("losetup", "mount", "mkfs.ext4", "e2fsck", "fsfreeze", "nsenter") }

// OpenDisk makes a disk for each of some nodes.
func OpenDisk(ids []string) (Disk, error) {
	if err := Disks(); err != nil {
		return nil, err
	}
	dir, remove, err := scratch.Make("tvilling-disks-")
	if err != nil {
		return nil, err
	}
	d := &disks{dir: dir, remove: remove, each: map[string]*disk{}}
	d.space, err = newSpace(unix.CLONE_NEWNS, func() error { return run("", "mount", "--make-rprivate", "/") })
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	for _, id := range ids {
		if err := d.add(id); err != nil {
			return nil, errors.Join(fmt.Errorf("a disk for %s: %w", id, err), d.Close())
		}
	}
	return d, nil
}

// add makes a node's disk. Its file has no name any more once it is mounted, so that it
// goes with the last who uses it.
func (d *disks) add(id string) error {
	image, mount := filepath.Join(d.dir, id+".ext4"), filepath.Join(d.dir, id)
	if err := os.Mkdir(mount, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(image, diskBytes); err != nil {
		return err
	}
	if err := run("", "mkfs.ext4", "-q", "-m", "0", image); err != nil {
		return err
	}
	one := &disk{mount: mount}
	return d.space.within(func() error {
		if err := run("", "mount", "-o", "loop,errors=remount-ro", image, mount); err != nil {
			return err
		}
		d.each[id] = one
		out, err := exec.Command("findmnt", "-no", "SOURCE", mount).Output()
		if err != nil {
			return fmt.Errorf("which device is it: %w", err)
		}
		one.device = string(out[:len(out)-1])
		if err := errors.Join(os.Remove(image), os.Mkdir(filepath.Join(mount, "data"), 0o700)); err != nil {
			return err
		}
		return settle(mount)
	})
}

// settle has a file system's journal written: a fault that came before it would take
// with it what was just made there, which is none of the fault.
func settle(mount string) error {
	f, err := os.Open(mount)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}

func (d *disks) of(id string) (*disk, error) {
	if one := d.each[id]; one != nil {
		return one, nil
	}
	return nil, fmt.Errorf("%w: %q has no disk of its own", ErrUnknown, id)
}

// Dir implements Disk.
func (d *disks) Dir(id string) (string, error) {
	one, err := d.of(id)
	if err != nil {
		return "", err
	}
	return filepath.Join(one.mount, "data"), nil
}

// Wrap implements Disk.
func (d *disks) Wrap(id string, argv []string) []string {
	if d.each[id] == nil {
		return argv
	}
	return append([]string{"nsenter", "--mount=" + d.space.path(), "--"}, argv...)
}

// change does one thing to a disk, from where it is mounted.
func (d *disks) change(id, fault string, do func(*disk) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	one, err := d.of(id)
	if err != nil {
		return err
	}
	if one.fault != "" && fault != "" {
		return fmt.Errorf("the disk of %s is at fault already: %s", id, one.fault)
	}
	if err := d.space.within(func() error { return do(one) }); err != nil {
		return err
	}
	one.fault = fault
	return nil
}

// Stall implements Disk. Before it a process is started that ends the stall in any case.
func (d *disks) Stall(id string) error {
	return d.change(id, "stall", func(one *disk) error {
		guard := exec.Command("sh", "-c", `sleep "$1"; exec fsfreeze -u "$2"`, "sh", strconv.Itoa(int(thawWithin.Seconds())), one.mount)
		guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := guard.Start(); err != nil {
			return err
		}
		one.thaw = guard.Process
		go func() { _ = guard.Wait() }()
		return run("", "fsfreeze", "-f", one.mount)
	})
}

// Fill implements Disk.
func (d *disks) Fill(id string) error {
	return d.change(id, "full", func(one *disk) error {
		f, err := os.Create(filepath.Join(one.mount, "fill"))
		if err != nil {
			return err
		}
		defer f.Close()
		for size := int64(64 << 20); size >= 4096; size /= 2 { // large pieces first, then what is left between them
			for {
				end, err := f.Seek(0, 2)
				if err != nil {
					return err
				}
				if unix.Fallocate(int(f.Fd()), 0, end, size) != nil {
					break
				}
			}
		}
		return nil
	})
}

// Fail implements Disk.
func (d *disks) Fail(id string) error {
	return d.change(id, "error", func(one *disk) error {
		return os.WriteFile(filepath.Join("/sys/fs/ext4", filepath.Base(one.device), "trigger_fs_error"), []byte("1"), 0)
	})
}

// Repair implements Disk.
func (d *disks) Repair(id string) error {
	return d.change(id, "", func(one *disk) error {
		switch one.fault {
		case "stall":
			err := run("", "fsfreeze", "-u", one.mount)
			_ = syscall.Kill(-one.thaw.Pid, syscall.SIGKILL) // it has a group of its own; it may have ended
			one.thaw = nil
			return err
		case "full":
			return os.Remove(filepath.Join(one.mount, "fill"))
		case "error":
			return d.mend(one)
		}
		return nil
	})
}

// mend does to a file system that found an error what an operator does. A second name
// for its loop device is kept meanwhile, or the kernel would let go of it.
func (d *disks) mend(one *disk) error {
	held, err := os.Open(one.device)
	if err != nil {
		return err
	}
	defer held.Close()
	if err := run("", "umount", one.mount); err != nil {
		return err
	}
	var exit *exec.ExitError
	if err := run("", "e2fsck", "-fy", one.device); errors.As(err, &exit) && exit.ExitCode() > 2 || err != nil && exit == nil {
		return err
	}
	return run("", "mount", "-o", "errors=remount-ro", one.device, one.mount)
}

// Close implements Disk.
func (d *disks) Close() error {
	var faults []error
	for id, one := range d.each {
		if one.fault != "" {
			faults = append(faults, d.Repair(id))
		}
		faults = append(faults, d.space.within(func() error { return run("", "umount", one.mount) }))
	}
	return errors.Join(append(faults, d.space.close(), d.remove())...)
}
