package proof

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"tvilling/protocol/admin"
	"tvilling/raftfsm"
)

// Errors of a cosigner.
var (
	// ErrStatement: what is to be signed cannot be read, or is another cluster's or
	// another generation's.
	ErrStatement = errors.New("proof: not a statement about this cluster's access log")
	// ErrDiffers: this node's log has another tree. Somebody's log was changed.
	ErrDiffers = errors.New("proof: the access log differs here")
	// ErrForked: this node's log does not begin with what it has signed before. Its own
	// log was changed or cut off.
	ErrForked = errors.New("proof: the access log does not begin with what was signed before")
	// ErrTime: the statement is dated otherwise than it was made. Who leads must not have
	// it signed that the log was like this at another time.
	ErrTime = errors.New("proof: the statement's time is not this node's")
	// ErrBack: the statement is about a shorter log than the last one that was signed.
	ErrBack = errors.New("proof: a longer log was signed before")
)

// maxSkew is how far a statement's time may be from this node's clock.
const maxSkew = time.Minute

// State is the replicated state of this node; *raftfsm.FSM is one.
type State interface {
	View() (*raftfsm.View, error)
	WaitApplied(ctx context.Context, index uint64) error
}

// Log names the log that a node has.
type Log struct {
	Cluster    string
	Generation admin.Generation
}

// Cosigner signs statements that are true of this node's log.
type Cosigner struct {
	log    Log
	signer note.Signer
	state  State
	memory *memory
}

// NewCosigner makes one. key is a signer's key as note has it; path is where it
// remembers what it signed last. What it signed in an earlier generation binds it no
// more: an honest recovery may have led to a shorter log.
func NewCosigner(log Log, node, key, path string, state State) (*Cosigner, error) {
	signer, err := note.NewSigner(key)
	if err != nil {
		return nil, fmt.Errorf("proof: the key for signing the access log: %w", err)
	}
	if want := admin.SignerName(log.Cluster, node); signer.Name() != want {
		return nil, fmt.Errorf("proof: the key for signing the access log is %s's, not %s's", signer.Name(), want)
	}
	m, err := openMemory(path, log.Generation)
	if err != nil {
		return nil, err
	}
	return &Cosigner{log: log, signer: signer, state: state, memory: m}, nil
}

// Remembers reports whether the node has signed anything before. One that has not, or
// whose memory was lost, signs any log that it holds.
func (c *Cosigner) Remembers() bool {
	c.memory.mu.Lock()
	defer c.memory.mu.Unlock()
	return c.memory.last.Size > 0
}

// same tells whether it is the same generation; the first has two spellings.
func same(a, b admin.Generation) bool { return a == b || a.First() && b.First() }

// question is what a cosigner is asked: the raft index at which the statement can be
// looked at, and the statement.
func question(index uint64, text string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, index), text...)
}

// Cosign compares a statement with this node's log and signs it: a note with the one
// signature.
func (c *Cosigner) Cosign(ctx context.Context, asked []byte) ([]byte, error) {
	if len(asked) < 8 {
		return nil, ErrStatement
	}
	text := string(asked[8:])
	statement, err := admin.ParseCheckpoint(text)
	if err != nil || statement.Cluster != c.log.Cluster || !same(statement.Generation, c.log.Generation) || statement.Size == 0 {
		return nil, ErrStatement
	}
	if off := time.Until(statement.At); off.Abs() > maxSkew {
		return nil, fmt.Errorf("%w: it is %v off", ErrTime, off.Round(time.Second))
	}
	if err := c.state.WaitApplied(ctx, binary.BigEndian.Uint64(asked)); err != nil {
		return nil, fmt.Errorf("waiting for the log: %w", err)
	}
	c.memory.mu.Lock() // one at a time: two that contradict each other must not both find room
	defer c.memory.mu.Unlock()
	if err := c.compare(statement); err != nil {
		return nil, err
	}
	if err := c.memory.keep(statement.Size, statement.Root); err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: text}, c.signer)
}

// compare looks whether the statement is true here, and does not contradict what was
// signed before.
func (c *Cosigner) compare(s admin.Checkpoint) error {
	v, err := c.state.View()
	if err != nil {
		return err
	}
	defer v.Close()
	last := c.memory.last
	if last.Size > 0 {
		if root, err := v.LogRoot(last.Size); err != nil || string(root[:]) != string(last.Root) {
			return fmt.Errorf("%w: %d entries", ErrForked, last.Size)
		}
	}
	if s.Size < last.Size {
		return fmt.Errorf("%w: %d entries, now %d", ErrBack, last.Size, s.Size)
	}
	root, err := v.LogRoot(s.Size)
	if err != nil {
		return fmt.Errorf("%w: %d entries: %w", ErrDiffers, s.Size, err)
	}
	if root != s.Root {
		return fmt.Errorf("%w: %d entries", ErrDiffers, s.Size)
	}
	return nil
}
