package proof

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// How checkpoints are made.
const (
	makeEvery    = 10 * time.Second
	proposeLimit = 5 * time.Second
)

// ErrSignatures is a checkpoint that too few members have signed.
var ErrSignatures = errors.New("proof: too few members have signed")

// Cluster is what a maker needs of the cluster.
type Cluster interface {
	Cosign(ctx context.Context, member string, statement []byte) ([]byte, error)
	Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error)
}

// Maker makes checkpoints, on the leader only.
type Maker struct {
	signatories
	generation admin.Generation
	state      State
	peers      Cluster
	intent     func() command.Intent
	log        *slog.Logger
}

// NewMaker makes one. Members without a key in the topology do not sign.
func NewMaker(t admin.Topology, generation admin.Generation, state State, peers Cluster, intent func() command.Intent, log *slog.Logger) (*Maker, error) {
	s, err := signatoriesOf(t)
	if err != nil {
		return nil, err
	}
	if n := len(s.members); n > 0 && !s.majority(n) {
		return nil, fmt.Errorf("proof: %d of %d members have a log key: no majority can sign", n, s.all)
	}
	return &Maker{signatories: s, generation: generation, state: state, peers: peers, intent: intent, log: log}, nil
}

// Run makes checkpoints until ctx ends. Without keys there are none to make.
func (m *Maker) Run(ctx context.Context) error {
	tick := time.NewTicker(makeEvery)
	defer tick.Stop()
	for len(m.members) > 0 {
		if err := m.make(ctx); err != nil && ctx.Err() == nil {
			m.log.Warn("no checkpoint of the access log was made", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	<-ctx.Done()
	return nil
}

// make makes one, if the log has grown since the last one, or somebody has not signed
// that yet.
func (m *Maker) make(ctx context.Context) error {
	index, size, root, last, err := m.look()
	if err != nil || size == 0 {
		return err
	}
	before := 0
	if last.Size == size {
		if before = len(m.signatures(last.Note, size, root)); before == len(m.members) {
			return nil
		}
	}
	text := admin.Checkpoint{Cluster: m.cluster, Size: size, Root: root, At: time.Now(), Generation: m.generation}.Text()
	signatures := m.gather(ctx, index, text)
	if len(signatures) <= before {
		return nil
	}
	if !m.majority(len(signatures)) {
		return fmt.Errorf("%w: %d of %d", ErrSignatures, len(signatures), m.all)
	}
	signed, err := note.Sign(&note.Note{Text: text, Sigs: signatures})
	if err != nil {
		return fmt.Errorf("proof: joining the signatures: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, proposeLimit)
	defer cancel()
	results, err := m.peers.Propose(ctx, command.Command{
		Kind: command.KindCheckpoint, Version: 1, Intent: m.intent(),
		Body: command.Checkpoint{Size: size, Root: root, Note: signed},
	})
	if err != nil {
		return fmt.Errorf("proposing a checkpoint: %w", err)
	}
	if results[0].Status != command.StatusDone {
		return fmt.Errorf("proof: a checkpoint of %d entries was not taken: status %d", size, results[0].Status)
	}
	return nil
}

// look reads the log's tree as this node has it.
func (m *Maker) look() (index, size uint64, root [32]byte, last admin.Checkpointed, err error) {
	v, err := m.state.View()
	if err != nil {
		return 0, 0, root, last, err
	}
	defer v.Close()
	size, root, err = v.LogTree()
	if kept, text, ok := v.Checkpoint(); ok {
		last = admin.Checkpointed{Size: kept, Note: string(text)}
	}
	return v.Index(), size, root, last, err
}

// gather asks every member at the same time. Who does not sign is missing, and why is
// said: a difference between logs is the most serious thing that a log can say.
func (m *Maker) gather(ctx context.Context, index uint64, text string) []note.Signature {
	answers := make([][]note.Signature, len(m.members))
	var wait sync.WaitGroup
	for i, member := range m.members {
		wait.Go(func() {
			signed, err := m.peers.Cosign(ctx, member, question(index, text))
			if err != nil {
				m.log.Warn("a member has not signed the checkpoint", "member", member, "error", err)
				return
			}
			opened, err := note.Open(signed, m.verifiers)
			if err != nil || opened.Text != text || len(opened.Sigs) != 1 || opened.Sigs[0].Name != admin.SignerName(m.cluster, member) {
				m.log.Error("a member has signed something else, or with another key", "member", member)
				return
			}
			answers[i] = opened.Sigs
		})
	}
	wait.Wait()
	var all []note.Signature
	for _, s := range answers {
		all = append(all, s...)
	}
	return all
}

// signatures are those of a kept note that hold, if it says what it is kept as.
func (m *Maker) signatures(text string, size uint64, root [32]byte) []note.Signature {
	said, signed, err := m.read(size, text)
	if err != nil || said.Root != root || !same(said.Generation, m.generation) {
		return nil
	}
	return signed
}
