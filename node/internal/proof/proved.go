package proof

import (
	"strings"

	"golang.org/x/mod/sumdb/note"

	"tvilling/protocol/admin"
)

// Proved reads a kept checkpoint as whoever verifies it does. It holds if it says what it
// is kept as and a majority of the members has signed that: the state machine keeps what
// any member proposed.
func Proved(t admin.Topology, size uint64, text string) (c admin.Checkpoint, holds bool) {
	var keys []note.Verifier
	for _, m := range t.Members {
		if key, err := note.NewVerifier(strings.TrimSpace(m.LogKey)); err == nil {
			keys = append(keys, key)
		}
	}
	opened, err := note.Open([]byte(text), note.VerifierList(keys...))
	if err != nil {
		return admin.Checkpoint{}, false
	}
	signers := 0
	for _, s := range opened.Sigs {
		if _, ours := admin.SignerNode(t.Cluster, s.Name); ours {
			signers++
		}
	}
	c, err = admin.ParseCheckpoint(opened.Text)
	return c, err == nil && c.Cluster == t.Cluster && c.Size == size && 2*signers > len(t.Members)
}
