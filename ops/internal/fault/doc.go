// Package fault makes the faults of a drill: networks that are cut and slowed, disks
// that stall, fill and fail, and an operator's own commands for the same.
//
// It owns how a fault is made and taken back: in namespaces of the kernel with nft and
// loop-mounted file systems where there is root, with relays in the process otherwise.
// It must never touch the machine's own network or mounts, and never leave anything
// behind: what it makes lives in anonymous namespaces that end with the process, however
// that ends.
package fault

import "errors"

// Errors.
var (
	ErrUnavailable = errors.New("not available here")
	ErrUnknown     = errors.New("no such node")
	ErrCommands    = errors.New("file of commands")
)
