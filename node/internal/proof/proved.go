package proof

import (
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"tvilling/protocol/admin"
)

// signatories are the members of a cluster that sign its checkpoints.
type signatories struct {
	cluster   string
	members   []string // who can sign: the topology has a key of theirs
	verifiers note.Verifiers
	all       int // members, who sign or not
}

func signatoriesOf(t admin.Topology) (signatories, error) {
	s := signatories{cluster: t.Cluster, all: len(t.Members)}
	var keys []note.Verifier
	for _, member := range t.Members {
		if member.LogKey == "" {
			continue
		}
		key, err := note.NewVerifier(member.LogKey)
		if err != nil {
			return s, fmt.Errorf("proof: the log key of %s: %w", member.ID, err)
		}
		if want := admin.SignerName(t.Cluster, member.ID); key.Name() != want {
			return s, fmt.Errorf("proof: the log key of %s is %s's", member.ID, key.Name())
		}
		keys = append(keys, key)
		s.members = append(s.members, member.ID)
	}
	s.verifiers = note.VerifierList(keys...)
	return s, nil
}

// majority reports whether so many are enough, as whoever verifies counts them.
func (s signatories) majority(signed int) bool { return 2*signed > s.all }

// read reads a kept checkpoint, and who has signed it. It must say what it is kept as:
// the state machine does not read it, and whoever can propose could have it keep another.
func (s signatories) read(size uint64, text string) (admin.Checkpoint, []note.Signature, error) {
	opened, err := note.Open([]byte(text), s.verifiers)
	if err != nil {
		return admin.Checkpoint{}, nil, err
	}
	c, err := admin.ParseCheckpoint(opened.Text)
	if err != nil {
		return admin.Checkpoint{}, nil, err
	}
	if c.Cluster != s.cluster || c.Size != size {
		return admin.Checkpoint{}, nil, ErrStatement
	}
	return c, opened.Sigs, nil
}

// Proved reads a kept checkpoint as whoever verifies it does. It holds if it says what it
// is kept as and a majority of the members has signed that.
func Proved(t admin.Topology, size uint64, text string) (c admin.Checkpoint, holds bool) {
	s, err := signatoriesOf(t)
	if err != nil {
		return admin.Checkpoint{}, false
	}
	c, signed, err := s.read(size, text)
	return c, err == nil && s.majority(len(signed))
}
