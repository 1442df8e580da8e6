// Package logtest is a replicated log for tests: a real state machine, and a Propose
// that applies to it at once.
//
// It owns the log's indexes. It must never be imported outside of tests.
package logtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// Log applies what is proposed, in the order of its proposal.
type Log struct {
	t   testing.TB
	FSM *raftfsm.FSM

	mu     sync.Mutex
	before func(command.Command) error
	seen   []command.Command
}

// Open makes a log over a state machine of its own, which the test's end closes.
func Open(t testing.TB) *Log {
	t.Helper()
	fsm, err := raftfsm.Open(t.TempDir(), raftfsm.Options{BootID: "test", InitialMmapBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fsm.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Log{t: t, FSM: fsm}
}

// Before is called with each command of a proposal before it is applied, and may
// refuse it. nil: nothing is.
func (l *Log) Before(f func(command.Command) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before = f
}

// Propose implements what the parts of a node ask of the cluster.
func (l *Log) Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	before := l.before
	l.mu.Unlock()
	for _, c := range commands {
		if before == nil {
			break
		}
		if err := before(c); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.apply(commands)
}

// apply refuses what a proposer would, and applies the rest as one entry.
func (l *Log) apply(commands []command.Command) ([]command.Result, error) {
	entry := command.Entry{Level: command.Level, Stamp: time.Now().UnixMilli(), Commands: commands}
	data, err := command.Encode(entry)
	if err != nil {
		return nil, err
	}
	l.seen = append(l.seen, commands...)
	answer := l.FSM.Apply(&raft.Log{Index: l.FSM.AppliedIndex() + 1, Term: 1, Type: raft.LogCommand, Data: data})
	results, ok := answer.([]command.Result)
	if !ok {
		return nil, fmt.Errorf("the state machine refused the entry: %v", answer)
	}
	return results, nil
}

// Do applies one command that has to be done.
func (l *Log) Do(kind command.Kind, body any) command.Result {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	results, err := l.apply([]command.Command{{Kind: kind, Version: 1, Intent: Intent(), Body: body}})
	if err != nil || results[0].Status != command.StatusDone {
		l.t.Fatalf("command %d: %v, %v", kind, results, err)
	}
	return results[0]
}

// Take returns what was proposed since the last Take.
func (l *Log) Take() []command.Command {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.seen
	l.seen = nil
	return all
}

// View returns a view that the test's end closes.
func (l *Log) View() *raftfsm.View {
	l.t.Helper()
	v, err := l.FSM.View()
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(v.Close)
	return v
}

// Registration finds a source.
func (l *Log) Registration(source string) (command.RegisterSource, bool, error) {
	v, err := l.FSM.View()
	if err != nil {
		return command.RegisterSource{}, false, err
	}
	defer v.Close()
	r, ok := v.Source(source)
	return r, ok, nil
}

// Intent draws an intent.
func Intent() (i command.Intent) {
	_, _ = rand.Read(i[:]) // never fails
	return i
}
