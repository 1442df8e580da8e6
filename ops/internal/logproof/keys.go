package logproof

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"tvilling/protocol/admin"
)

// Errors of Verify. Each is one way in which a file is not to be trusted.
var (
	ErrForm       = errors.New("not a file of an access log that can be read")
	ErrCluster    = errors.New("it is another cluster's")
	ErrSignatures = errors.New("too few members have signed the checkpoint")
	ErrOrder      = errors.New("entries are missing, added, repeated or out of order")
	ErrChanged    = errors.New("an entry is not what it says that it is")
	ErrTree       = errors.New("it is not what was signed")
	ErrRestarted  = errors.New("the log was begun anew")
)

// Keys is whom one trusts: the members of a cluster and what verifies their signatures.
type Keys struct {
	cluster   string
	verifiers note.Verifiers
	members   int
	sites     map[string]string // by member
}

// KeysOf takes the keys out of a cluster file.
func KeysOf(t admin.Topology) (Keys, error) {
	k := Keys{cluster: t.Cluster, members: len(t.Members), sites: map[string]string{}}
	var all []note.Verifier
	for _, m := range t.Members {
		k.sites[m.ID] = m.Site
		if m.LogKey == "" {
			continue
		}
		verifier, err := note.NewVerifier(m.LogKey)
		if err != nil {
			return Keys{}, fmt.Errorf("the log key of %s: %w", m.ID, err)
		}
		if verifier.Name() != admin.SignerName(t.Cluster, m.ID) {
			return Keys{}, fmt.Errorf("the log key of %s is %s's", m.ID, verifier.Name())
		}
		all = append(all, verifier)
	}
	if len(all) == 0 {
		return Keys{}, errors.New("the cluster file has no log keys: nothing can be verified with it")
	}
	k.verifiers = note.VerifierList(all...)
	return k, nil
}

// Signed is a checkpoint that enough members have signed.
type Signed struct {
	admin.Checkpoint
	Signers []string
	Missing []string // sites of which no member has signed
}

// open reads a signed note: its cluster, that a majority has signed it, and who.
func (k Keys) open(text string) (Signed, error) {
	opened, err := note.Open([]byte(text), k.verifiers)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSignatures, err)
	}
	c, err := admin.ParseCheckpoint(opened.Text)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if c.Cluster != k.cluster {
		return Signed{}, fmt.Errorf("%w: %q", ErrCluster, c.Cluster)
	}
	s := Signed{Checkpoint: c}
	present := map[string]bool{}
	for _, signature := range opened.Sigs {
		member, ok := admin.SignerNode(k.cluster, signature.Name)
		if !ok || slices.Contains(s.Signers, member) {
			continue
		}
		s.Signers = append(s.Signers, member)
		present[k.sites[member]] = true
	}
	if 2*len(s.Signers) <= k.members {
		return Signed{}, fmt.Errorf("%w: %d of %d", ErrSignatures, len(s.Signers), k.members)
	}
	for _, site := range k.sites {
		if !present[site] && !slices.Contains(s.Missing, site) {
			s.Missing = append(s.Missing, site)
		}
	}
	slices.Sort(s.Signers)
	slices.Sort(s.Missing)
	return s, nil
}
