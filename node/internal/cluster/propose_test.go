package cluster

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"tvilling/raftfsm/command"
)

func TestNoQuorum(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.leader()
		for _, n := range w.nodes {
			if n != l {
				w.net.Isolate(n.cfg.Self)
			}
		}
		w.until("the leader steps down", 5*time.Second, func() bool { return !l.IsLeader() })
		e := event()
		started := time.Now()
		for _, n := range []*node{l, w.nodes["w1"]} {
			if _, err := n.Propose(context.Background(), e); !errors.Is(err, ErrNoQuorum) {
				t.Errorf("%s without a quorum: %v", n.cfg.Self, err)
			}
		}
		if took := time.Since(started); took > 2*l.cfg.Tuning.ProposeLimit+time.Second {
			t.Errorf("gave up after %v", took)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		if _, err := l.Propose(ctx, event()); !errors.Is(err, ErrNoQuorum) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with the caller's own limit: %v", err)
		}
		w.net.Heal()
		if r := w.propose(w.leader(), e); r.Repeated {
			t.Error("a write that was said not to be made had been made")
		}
	})
}

// A leader that is cut off does not know what became of its last entry. The caller
// gets an answer from the next leader, and the command is applied once.
func TestUnknownOutcomeIsRepeatedOnce(t *testing.T) {
	for name, reaches := range map[string]bool{"entry survives": true, "entry is lost": false} {
		t.Run(name, func(t *testing.T) {
			within(t, three, func(w *world) {
				l := w.lead("a1")
				w.net.Hold("a1", "w1")
				if !reaches {
					w.net.Hold("a1", "b1")
				}
				e := event()
				answer := make(chan error, 1)
				var results []command.Result
				from := w.nodes["b1"]
				if reaches {
					// The entry gets to b1; b1's answer, and so the commit, does not get back.
					w.net.Cut("b1", "a1")
					from = l
				}
				before := l.raft.LastIndex()
				go func() {
					var err error
					results, err = from.Propose(context.Background(), e)
					answer <- err
				}()
				w.until("the entry is in the old leader's log", time.Second, func() bool { return l.raft.LastIndex() > before })
				w.net.Isolate("a1")
				next := w.leader("a1")
				if from == l {
					w.net.Heal()
				}
				if err := <-answer; err != nil {
					t.Fatal(err)
				}
				if len(results) != 1 || results[0].Status != command.StatusDone {
					t.Fatalf("results %+v", results)
				}
				if results[0].Repeated != reaches {
					t.Errorf("answered from the first time: %t, want %t", results[0].Repeated, reaches)
				}
				w.net.Heal()
				w.propose(next, event())
				w.level(next, l, w.nodes["w1"])
				count := 0
				for _, intent := range l.machine.order() {
					if intent == e.Intent {
						count++
					}
				}
				if count != 1 {
					t.Errorf("applied %d times", count)
				}
			})
		})
	}
}

func TestUnknownWhenTimeIsOut(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.lead("a1")
		w.net.Hold("a1", "b1")
		w.net.Hold("a1", "w1") // heartbeats pass: it goes on leading and commits nothing
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		e := event()
		for _, n := range []*node{l, w.nodes["b1"]} {
			if _, err := n.Propose(ctx, e); !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrNoQuorum) {
				t.Errorf("%s: %v", n.cfg.Self, err)
			}
		}
		if _, err := l.Propose(context.Background(), e); !errors.Is(err, ErrUnknown) {
			t.Errorf("an entry that is in the log and not committed: %v", err)
		}
		w.net.Heal()
		w.until("committed after all", 10*time.Second, func() bool { return slices.Contains(l.machine.order(), e.Intent) })
		if r := w.propose(w.leader(), e); !r.Repeated {
			t.Error("proposed again, and it was taken for new")
		}
	})
}

func TestAnIntentIsGiven(t *testing.T) {
	within(t, []string{"a1"}, func(w *world) {
		l := w.leader()
		e := event()
		e.Intent = command.Intent{}
		w.propose(l, e)
		w.propose(l, e)
		order := l.machine.order()
		if len(order) != 2 || order[0] == order[1] || order[0] == (command.Intent{}) {
			t.Errorf("intents %x", order)
		}
	})
}

func TestTooLargeIsNotWritten(t *testing.T) {
	within(t, []string{"a1"}, func(w *world) {
		l := w.leader()
		last := l.raft.LastIndex()
		many := make([]command.Command, MaxProposalCommands+1)
		for i := range many {
			many[i] = event()
		}
		if _, err := l.Propose(context.Background(), many...); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d commands: %v", len(many), err)
		}
		var large []command.Command
		for range 3 {
			large = append(large, document(500<<10))
		}
		if _, err := l.Propose(context.Background(), large...); !errors.Is(err, ErrTooLarge) {
			t.Errorf("1500 KiB: %v", err)
		}
		if _, err := l.Propose(context.Background(), command.Command{Kind: 999}); err == nil || errors.Is(err, ErrTooLarge) {
			t.Errorf("no command: %v", err)
		}
		if results, err := l.Propose(context.Background(), large[:2]...); err != nil || len(results) != 2 || results[0].Index != results[1].Index {
			t.Errorf("1000 KiB in one entry: %v, %v", results, err)
		}
		if got := l.raft.LastIndex(); got > last+3 { // the entry and a canary or two
			t.Errorf("log grew from %d to %d", last, got)
		}
	})
}

// document is a large command.
func document(size int) command.Command {
	e := event()
	return command.Command{Kind: command.KindPutSnapshot, Intent: e.Intent, Body: command.PutSnapshot{
		Subject: command.Subject{1}, Contract: 1, Source: "SE1", At: 1,
		Documents: []command.SealedDocument{{Key: [16]byte(e.Intent), Header: []byte("h"), Body: bytes.Repeat([]byte("x"), size)}},
	}}
}

// Forwarding survives the leader's fall while many proposals are under way from every
// node, and nothing that was acknowledged is lost or doubled.
func TestProposalsThroughFailover(t *testing.T) {
	within(t, five, func(w *world) {
		l := w.leader()
		var mu sync.Mutex
		acknowledged := map[command.Intent]bool{}
		var wait sync.WaitGroup
		for _, n := range w.nodes {
			if n == l {
				continue
			}
			for range 4 {
				wait.Go(func() {
					for range 50 {
						e := event()
						results, err := n.Propose(context.Background(), e)
						if err != nil {
							t.Errorf("%s: %v", n.cfg.Self, err)
							return
						}
						if results[0].Status == command.StatusDone {
							mu.Lock()
							acknowledged[e.Intent] = true
							mu.Unlock()
						}
						time.Sleep(20 * time.Millisecond)
					}
				})
			}
		}
		time.Sleep(300 * time.Millisecond)
		w.stop(l.cfg.Self)
		wait.Wait()
		var rest []*node
		for _, n := range w.nodes {
			if n != l {
				rest = append(rest, n)
			}
		}
		w.level(rest...)
		seen := map[command.Intent]int{}
		for _, intent := range rest[0].machine.order() {
			seen[intent]++
		}
		if len(acknowledged) != 4*4*50 {
			t.Errorf("%d acknowledged", len(acknowledged))
		}
		for intent := range acknowledged {
			if seen[intent] != 1 {
				t.Errorf("applied %d times", seen[intent])
			}
		}
	})
}

func TestPeersAreNotTrustedWithTheLog(t *testing.T) {
	within(t, three, func(w *world) {
		l := w.leader()
		from := w.followers()[0]
		for name, payload := range map[string][]byte{
			"nothing":      nil,
			"no commands":  appendProposal(nil, time.Second, nil),
			"not commands": appendProposal(nil, time.Second, [][]byte{[]byte("garbage")}),
			"cut off":      appendProposal(nil, time.Second, [][]byte{make([]byte, 100)})[:50],
		} {
			last := l.raft.LastIndex()
			_, err := from.peers.call(context.Background(), l.cfg.Self, callPropose, payload)
			if !errors.Is(err, ErrRefused) {
				t.Errorf("%s: %v", name, err)
			}
			if got := l.raft.LastIndex(); got != last {
				t.Errorf("%s: the log grew", name)
			}
		}
		if _, err := from.peers.call(context.Background(), l.cfg.Self, 99, nil); !errors.Is(err, errNotSent) {
			t.Errorf("an unknown call: %v", err)
		}
	})
}
