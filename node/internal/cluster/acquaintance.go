package cluster

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tvilling/protocol/admin"
)

// acquaintance is what this node knows of the others' generations, by what they say
// when a connection is made. It lets in whoever is of the same one.
//
// What may end this node, with its log set aside, is never one message: a member must
// show by its certificate who it is, must say that a later generation has a leader that
// commits there, and must be seen to get on with it between two greetings; no other
// member may claim another generation beside it; and this node's own generation must
// have shown no life for some time, neither here nor at any member that was asked. A
// generation that has a quorum goes on, however many later ones there may be: what was
// acknowledged in it is not given up by a machine. Both sides refuse each other then,
// say so, and an operator decides.
type acquaintance struct {
	own Generation
	log *slog.Logger

	mu       sync.Mutex
	refusals refusals
	empty    map[string]bool  // had no history when they were heard, since this node started
	history  map[string]bool  // had one
	claims   map[string]claim // of later generations, and of rivals
	alive    time.Time        // when a member said that our own generation has a leader that commits
}

// claim is a member's first greeting of another generation, and whether a later one
// bore it out.
type claim struct {
	hello
	at     time.Time
	proven bool
	last   time.Time // when it was heard again
}

func newAcquaintance(own Generation, log *slog.Logger) *acquaintance {
	return &acquaintance{
		own: own, log: log, refusals: refusals{every: rivalLogEvery},
		empty: map[string]bool{}, history: map[string]bool{}, claims: map[string]claim{},
	}
}

// admit hears a greeting, and refuses who is of another generation. A member of a
// build that does not greet says nothing: it knows the first generation only.
func (a *acquaintance) admit(from string, greeting []byte) error {
	h := hello{generation: First(), history: true}
	if greeting != nil {
		var err error
		if h, err = parseHello(greeting); err != nil {
			return fmt.Errorf("%w: %w", ErrPeer, err)
		}
	}
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if h.generation.Same(a.own) {
		a.meet(from, h, now)
		return nil
	}
	err := fmt.Errorf("%w: %q is of generation %v, this node of %v", ErrPeer, from, h.generation, a.own)
	switch {
	case h.generation.Number < a.own.Number: // it hears of ours
		return err
	case h.generation.Number == a.own.Number:
		err = fmt.Errorf("%w: %s: an operator has to decide which one goes on", err, admin.RivalHistories)
		a.refusals.log(a.log, from, err)
	}
	a.hear(from, h, now)
	return err
}

func (a *acquaintance) meet(from string, h hello, now time.Time) {
	delete(a.claims, from)
	if h.settled {
		a.alive = now
	}
	if h.history {
		a.history[from] = true
	} else {
		a.empty[from] = true
	}
}

// hear notes a claim. One that is not repeated in time begins anew.
func (a *acquaintance) hear(from string, h hello, now time.Time) {
	c, ok := a.claims[from]
	if !ok || !c.generation.Same(h.generation) || now.Sub(c.last) > claimLasts || h.index < c.index || !c.settled || !h.settled {
		a.claims[from] = claim{hello: h, at: now, last: now}
		return
	}
	c.proven = now.Sub(c.at) >= claimSpan && h.index > c.index
	c.last = now
	a.claims[from] = c
}

// later is the generation that has taken our own one's place, if that is beyond doubt.
// lived is when our own last showed life to this node.
func (a *acquaintance) later(lived time.Time, patience time.Duration) (next Generation, by string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	highest := a.own.Number
	for _, c := range a.claims {
		if now.Sub(c.last) <= claimLasts {
			highest = max(highest, c.generation.Number)
		}
	}
	if highest == a.own.Number {
		return Generation{}, "", false
	}
	for from, c := range a.claims {
		switch {
		case c.generation.Number != highest || now.Sub(c.last) > claimLasts:
		case ok && !c.generation.Same(next):
			a.refusals.log(a.log, from, fmt.Errorf("%w: members claim generations %v and %v: an operator has to decide which one goes on", ErrPeer, next, c.generation))
			return Generation{}, "", false
		default:
			next, ok = c.generation, true
			if c.proven {
				by = from
			}
		}
	}
	if by == "" {
		return Generation{}, "", false
	}
	if a.alive.After(lived) {
		lived = a.alive
	}
	if now.Sub(lived) < patience {
		a.refusals.log(a.log, by, fmt.Errorf("%w: it is of generation %v, and our own %v has a leader that commits: an operator has to decide which one goes on", ErrPeer, next, a.own))
		return Generation{}, "", false
	}
	return next, by, true
}

// claimed tells whether any member speaks of a later generation that has a leader. One
// that has not been heard since long keeps nobody waiting.
func (a *acquaintance) claimed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for _, c := range a.claims {
		if c.generation.Number > a.own.Number && c.settled && now.Sub(c.last) <= claimLasts {
			return true
		}
	}
	return false
}

// founders tells what the others had when they were heard: whether one has a history,
// and which ones have not been heard to have none.
func (a *acquaintance) founders(others []string) (history bool, missing []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range others {
		if !a.empty[id] {
			missing = append(missing, id)
			history = history || a.history[id]
		}
	}
	return history, missing
}
