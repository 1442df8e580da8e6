package cluster

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/json"
	"io"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"tvilling/raftfsm/command"
)

// machine is a state machine in memory: it keeps every command in order, and answers
// a repeated intent with its first result.
type machine struct {
	mu      sync.Mutex
	state   machineState
	usable  bool
	done    chan struct{}
	err     error
	refuses atomic.Bool
	gate    atomic.Pointer[chan struct{}] // where there is one, nothing is applied before it is closed
	restore atomic.Int64                  // number of restores
	batches []int                         // commands by entry, as applied here
}

type machineState struct {
	Index   uint64
	Hash    [32]byte
	Intents map[command.Intent]command.Result
	Order   []command.Intent // of commands that are no canaries
}

func newMachine() *machine {
	return &machine{usable: true, done: make(chan struct{}), state: machineState{Intents: map[command.Intent]command.Result{}}}
}

func (m *machine) Apply(log *raft.Log) any { return m.ApplyBatch([]*raft.Log{log})[0] }

func (m *machine) ApplyBatch(logs []*raft.Log) []any {
	if gate := m.gate.Load(); gate != nil {
		<-*gate
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]any, len(logs))
	for i, log := range logs {
		if log.Type != raft.LogCommand || log.Index <= m.state.Index {
			continue
		}
		entry, err := command.Decode(log.Data)
		if err != nil || m.refuses.Load() {
			if m.err == nil {
				m.err = command.ErrUnknownKind
				close(m.done)
			}
			out[i] = m.err
			continue
		}
		m.state.Index = log.Index
		m.state.Hash = sha256.Sum256(append(m.state.Hash[:], log.Data...))
		results := make([]command.Result, len(entry.Commands))
		for j, c := range entry.Commands {
			results[j] = m.one(log.Index, c)
		}
		out[i] = results
		m.batches = append(m.batches, len(entry.Commands))
	}
	return out
}

func (m *machine) one(index uint64, c command.Command) command.Result {
	r := command.Result{Status: command.StatusDone, Index: index}
	if c.Kind == command.KindCanary {
		return r
	}
	if first, ok := m.state.Intents[c.Intent]; ok {
		first.Repeated = true
		return first
	}
	m.state.Order = append(m.state.Order, c.Intent)
	r.Sequence = uint64(len(m.state.Order))
	m.state.Intents[c.Intent] = r
	return r
}

func (m *machine) order() []command.Intent {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]command.Intent(nil), m.state.Order...)
}

func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(m.state)
	return snapshot(b.Bytes()), err
}

type snapshot []byte

func (s snapshot) Persist(sink raft.SnapshotSink) error {
	if _, err := sink.Write(s); err != nil {
		_ = sink.Cancel()
		return err
	}
	return sink.Close()
}
func (snapshot) Release() {}

func (m *machine) Restore(source io.ReadCloser) error {
	var state machineState
	if err := gob.NewDecoder(source).Decode(&state); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = state
	m.restore.Add(1)
	return source.Close()
}

func (m *machine) AppliedIndex() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.Index
}

func (m *machine) StateHash() (uint64, [32]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.Index, m.state.Hash
}

func (m *machine) Usable() bool          { return m.usable }
func (m *machine) Level() uint16         { return 0 }
func (m *machine) Done() <-chan struct{} { return m.done }
func (m *machine) Err() error            { return m.err }

// clone is the machine of a process that was started again.
func (m *machine) clone() *machine {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, _ := json.Marshal(m.state.Order)
	c := newMachine()
	_ = json.Unmarshal(text, &c.state.Order)
	c.state.Index, c.state.Hash = m.state.Index, m.state.Hash
	for k, v := range m.state.Intents {
		c.state.Intents[k] = v
	}
	return c
}
