package clustertest

import (
	"errors"
	"fmt"
)

// greeting is how a node greets; nothing of it is set in one that does not.
type greeting struct {
	ours     func() []byte
	admit    func(from string, theirs []byte) error
	admitted map[*Node]bool // raft's connections to them are made
}

// Introduce makes the node greet: nothing passes between it and another one that
// greets, unless both admit each other. For raft's messages that is asked until it was
// so once, as on a connection that stays; for calls at each Dial.
func (n *Node) Introduce(ours func() []byte, admit func(from string, theirs []byte) error) {
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	n.greeting = greeting{ours, admit, map[*Node]bool{}}
}

// greet lets two nodes greet each other.
func (n *Node) greet(id string, anew bool) error {
	n.network.mu.Lock()
	there := n.network.nodes[id]
	if there == nil || n.greeting.ours == nil || there.greeting.ours == nil || !anew && n.greeting.admitted[there] {
		n.network.mu.Unlock()
		return nil
	}
	here, other := n.greeting, there.greeting
	n.network.mu.Unlock()
	if there.isClosed() {
		return fmt.Errorf("%w: %s is closed", ErrCut, id)
	}
	said, heard := here.ours(), other.ours()
	if err := errors.Join(other.admit(n.id, said), here.admit(id, heard)); err != nil {
		return err
	}
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	here.admitted[there] = true
	return nil
}
