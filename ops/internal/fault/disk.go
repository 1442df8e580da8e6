package fault

// Disk is a disk for each of some nodes, small and of its own. Whoever owns it must
// Close it: a process that waits for a disk cannot even be killed.
type Disk interface {
	// Dir is where a node's data lies. Its process alone sees what is there.
	Dir(id string) (string, error)
	// Wrap changes the command that starts a node.
	Wrap(id string, argv []string) []string
	// Stall lets every write wait until Repair.
	Stall(id string) error
	// Fill leaves no room until Repair.
	Fill(id string) error
	// Fail makes the file system find an error in itself: it cannot be written any more.
	// Its node must have ended before Repair.
	Fail(id string) error
	// Repair takes back whatever was done to a node's disk.
	Repair(id string) error
	// Close repairs all, and takes away everything that was made. The nodes end before
	// it, or cannot until it.
	Close() error
}
