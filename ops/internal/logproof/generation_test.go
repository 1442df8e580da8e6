package logproof

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"tvilling/protocol/admin"
)

// A log that was begun anew does not hold what was signed before, and is told from one
// that was forged.
func TestALogThatWasBegunAnew(t *testing.T) {
	before := newForge(t, 33)
	root := before.checkpoint(33, everybody...)
	c := admin.Checkpoint{Cluster: "test", Size: 20, At: time.Unix(1_790_000_100, 0), Generation: admin.Generation{Number: 2, ID: [16]byte{9}}}
	anew := before.sign(c, everybody...)
	proof := func(earlier, later string) []byte {
		return file(admin.LogFileHeader{Kind: admin.LogFileConsistency, Earlier: earlier, Checkpoint: later, Proof: [][]byte{}})
	}
	for name, check := range map[string]struct {
		earlier, later string
		restarted      bool
	}{
		"shorter, in a later generation":  {root, anew, true},
		"the other way about":             {anew, root, false},
		"another tree, later generation":  {before.checkpoint(10, everybody...), anew, true},
		"another tree, same generation":   {before.sign(admin.Checkpoint{Cluster: "test", Size: 10, At: c.At, Generation: c.Generation}, everybody...), anew, false},
		"shorter, in the same generation": {root, before.checkpoint(20, everybody...), false},
	} {
		_, err := before.verifier().Verify(t.Context(), bytes.NewReader(proof(check.earlier, check.later)), "")
		if err == nil || errors.Is(err, ErrRestarted) != check.restarted {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := before.whole(anew)
	if _, err := before.verifier().Verify(t.Context(), bytes.NewReader(whole), root); !errors.Is(err, ErrRestarted) || !errors.Is(err, ErrTree) {
		t.Errorf("a whole log: %v", err)
	}
}
