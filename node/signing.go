package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/proof"
	"tvilling/protocol/admin"
)

// ErrLogKey is a key for signing the access log's checkpoints that cannot be used.
var ErrLogKey = errors.New("key for the access log's checkpoints")

// fileSigned is where a node remembers what it signed last, in its data directory.
const fileSigned = "signed-checkpoint.json"

// generation is the one that the node's log is of, as checkpoints say it.
func (c Config) generation() (admin.Generation, error) {
	g, err := cluster.ReadGeneration(c.path("raft"))
	return admin.Generation{Number: g.Number, ID: g.ID}, err
}

// openSigning reads the node's key for signing checkpoints. A member that the cluster
// file has no key of signs nothing, and neither does a node alone.
func (n *Node) openSigning() error {
	if n.cfg.alone() || n.member.LogKey == "" {
		return nil
	}
	name := filepath.Join(n.cfg.Material, admin.FileLogKey)
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLogKey, err)
	}
	// Its group may read it: that is how a secret is handed to a container's user.
	if mode := info.Mode().Perm(); mode&0o037 != 0 {
		return fmt.Errorf("%w: %s: its mode is %04o, and others may use it: chmod it to 0600", ErrLogKey, name, mode)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLogKey, err)
	}
	if err := os.MkdirAll(n.cfg.DataDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %w", ErrLogKey, err)
	}
	g, err := n.cfg.generation()
	if err != nil {
		return err
	}
	n.cosigner, err = proof.NewCosigner(proof.Log{Cluster: n.cfg.Topology.Cluster, Generation: g}, n.cfg.Self, strings.TrimSpace(string(text)), n.cfg.path(fileSigned), n.fsm)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLogKey, err)
	}
	if !n.cosigner.Remembers() && n.fsm.AppliedIndex() > 0 {
		n.cfg.Logger.Warn("this node has a log and no memory of having signed it: it signs the log as it is now", "file", n.cfg.path(fileSigned))
	}
	return nil
}
