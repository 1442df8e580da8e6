package session

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// unsaid are sign-outs that the log has not taken yet. Until it has, they hold on this node
// alone, and a node that stops forgets them.
type unsaid struct {
	mu      sync.Mutex
	waiting map[[16]byte]identity.Session
	asking  bool // the log will be asked again
}

func (u *unsaid) has(id [16]byte) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, has := u.waiting[id]
	return has
}

// add reports whether there was room.
func (u *unsaid) add(one identity.Session) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.waiting == nil {
		u.waiting = map[[16]byte]identity.Session{}
	}
	if _, has := u.waiting[one.ID]; !has && len(u.waiting) >= maxUnsaid {
		return false
	}
	u.waiting[one.ID] = one
	return true
}

func (u *unsaid) remove(id [16]byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.waiting, id)
}

// begins reports whether nobody asks the log again yet: then the caller does.
func (u *unsaid) begins() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	began := !u.asking
	u.asking = true
	return began
}

// rests ends the asking, if nothing waits or nobody could be asked any more.
func (u *unsaid) rests(gone bool) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asking = !gone && len(u.waiting) > 0
	return !u.asking
}

// left are those that wait; one whose time is out is over everywhere.
func (u *unsaid) left(at protocol.Instant) []identity.Session {
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.waiting, func(_ [16]byte, one identity.Session) bool { return at >= one.Ends })
	return slices.Collect(maps.Values(u.waiting))
}

// SignedOut records that somebody has. From then on no node takes the session: the entry
// is found by the session's id for as long as the access log is kept. Where it cannot be
// recorded the caller is told so, this node takes the session no more, and the log is asked
// again until it has it, or the session's time is out.
func (s *Service) SignedOut(ctx context.Context, one identity.Session) error {
	holds := s.unsaid.add(one)
	err := s.recordSignedOut(ctx, one)
	switch {
	case err == nil:
		s.unsaid.remove(one.ID)
		return nil
	case !holds:
		return fmt.Errorf("%w: %w", errManyUnsaid, err)
	}
	if s.unsaid.begins() {
		time.AfterFunc(sayAgainAfter, s.sayAgain)
	}
	return err
}

func (s *Service) recordSignedOut(ctx context.Context, one identity.Session) error {
	e := event(record.SignedOut, one.Employee, text(one.ID), endedSignedOut)
	e.ID = s.cfg.Ring.Key(signedOutDomain, string(one.ID[:]))
	_, err := s.recorder.once(ctx, e, e.ID)
	return err
}

// sayAgain has the log take what it has not, as far as it does, and comes back for the
// rest. It ends with the node's state, which a node that stops closes.
func (s *Service) sayAgain() {
	for _, one := range s.unsaid.left(now()) {
		if err := s.recordSignedOut(context.Background(), one); err != nil {
			break // the next one would wait for the same
		}
		s.unsaid.remove(one.ID)
		s.cfg.Logger.Info("a sign-out that could not be recorded is recorded now", "session", text(one.ID))
	}
	_, err := s.IsOutEverywhere([16]byte{})
	if !s.unsaid.rests(err != nil) {
		time.AfterFunc(sayAgainAfter, s.sayAgain)
	}
}

// IsSignedOut reports whether the session's user has signed out, as far as this node knows.
func (s *Service) IsSignedOut(id [16]byte) (bool, error) {
	if s.unsaid.has(id) {
		return true, nil
	}
	return s.IsOutEverywhere(id)
}

// IsOutEverywhere reports whether the log has it that the session's user has signed out:
// then every node knows, or will.
func (s *Service) IsOutEverywhere(id [16]byte) (bool, error) {
	v, err := s.cfg.State.View()
	if err != nil {
		return false, fmt.Errorf("reading the state: %w", err)
	}
	defer v.Close()
	return len(v.LogOf(s.cfg.Ring.Key(signedOutDomain, string(id[:])), 0, 1)) > 0, nil
}
