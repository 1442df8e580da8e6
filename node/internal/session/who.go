package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/identity"
	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// who is whom the session serves, and under which commission.
type who struct {
	greeted    bool
	employee   protocol.EmployeeID
	commission protocol.CommissionID
	bound      protocol.CommissionID // the first that was chosen: to it the session is bound, also when it is lost
	wire       uint16                // the version that is spoken
}

// hello greets. Where one may choose who to be it may be said again, to become somebody
// else: the patient is left and the commission forgotten. Elsewhere it would unbind the
// session from its commission.
func (s *session) hello(f protocol.Hello) {
	people := s.service.cfg.Identity.People()
	if s.who.greeted && people == nil {
		s.refuse(0, protocol.FaultMalformed, errGreeted)
		s.close(protocol.CloseMalformed, "Hello is said once", nil)
		return
	}
	s.acts.waiting = nil
	s.leave()
	s.out.forget()
	s.who, s.notices = who{}, notices{}
	wire, ok := protocol.Speaks(protocol.Version, f.Version)
	if !ok || wire < wireSession && s.service.cfg.Terms.SignIn == protocol.SignInProvider {
		// No page from before the terms has ever signed in at a provider: what says that it
		// is one would be rid of the idle end, and of being bound to a commission.
		s.refuse(0, protocol.FaultVersion, nil)
		s.close(protocol.CloseVersion, "another version", nil)
		return
	}
	epoch := s.service.cfg.Cluster.Position().Epoch
	if f.After.Epoch == epoch && !s.caughtUp(f.After.Index) {
		s.refuse(0, protocol.FaultBehind, nil)
		s.close(protocol.CloseBehind, "the node is behind", nil)
		return
	}
	actor, err := s.service.cfg.Identity.Identify(s.peer.caller.proof(f.Person))
	if err == nil {
		err = s.service.holds(s.peer.caller.Session, actor, wire)
	}
	if err != nil && people == nil {
		s.turnAway(wire, err)
		return
	}
	if err := s.service.greeted(s); err != nil {
		s.refuse(0, protocol.FaultBusy, err)
		s.close(protocol.CloseMoving, err.Error(), nil)
		return
	}
	s.who.employee, s.who.wire = actor.Employee, wire
	s.welcome(epoch, people, actor, s.handOver(actor.Employee))
}

// welcome answers the greeting; sentHere tells of a hand-over, if there is something to tell.
func (s *session) welcome(epoch uint64, people []protocol.Person, actor identity.Actor, sentHere func()) {
	cfg := &s.service.cfg
	rows, index, err := s.commissions()
	if err != nil {
		s.refuse(0, protocol.FaultInternal, err)
		s.close(protocol.CloseMoving, "the node cannot read its state", err)
		return
	}
	person := actor.Person()
	infos := make([]protocol.CommissionInfo, 0, len(rows))
	for _, c := range rows {
		infos = append(infos, commissionInfo(c))
		if person.Title == "" { // a certificate has no title
			person.Title = c.EmployeeTitle
			if !c.Protected {
				person.Name = c.EmployeeName
			}
		}
	}
	s.who.greeted = true
	s.clock.greeted(time.Now())
	s.limit(time.Now())
	s.put(protocol.Welcome{
		Version: s.who.wire, Node: cfg.Node, Site: cfg.Site, Environment: cfg.Environment,
		Position:    protocol.Position{Epoch: epoch, Index: index},
		LeaseMillis: uint32(lease.Milliseconds()), BeatMillis: uint32(beatEvery.Milliseconds()),
		People: people, Person: person, Commissions: infos, Alternates: cfg.Alternates,
	})
	if s.who.wire >= wireSession {
		s.put(s.terms())
		sentHere()
	}
	s.notice(true)
}

// caughtUp waits, bounded, until the node has applied the index.
func (s *session) caughtUp(index uint64) bool {
	ctx, cancel := context.WithTimeout(s.work, catchUpWithin)
	defer cancel()
	return s.service.cfg.State.WaitApplied(ctx, index) == nil
}

// commissions reads the actor's commissions, at most MaxCommissions, in an order
// that does not change.
func (s *session) commissions() (rows []projection.Commission, index uint64, err error) {
	v, err := s.service.cfg.State.View()
	if err != nil {
		return nil, 0, fmt.Errorf("reading the state: %w", err)
	}
	defer v.Close()
	if s.who.employee.IsZero() {
		return nil, v.Index(), nil
	}
	rows, err = access.Commissions(v, s.service.cfg.Ring, s.who.employee)
	slices.SortFunc(rows, func(a, b projection.Commission) int {
		if a.Name != b.Name {
			return cmp.Compare(a.Name, b.Name)
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return rows[:min(len(rows), protocol.MaxCommissions)], v.Index(), err
}

func commissionInfo(c projection.Commission) protocol.CommissionInfo {
	id, _ := protocol.ParseCommissionID(c.ID) // a row with no id could not be chosen
	return protocol.CommissionInfo{
		ID: id, Name: c.Name, CareUnit: c.CareUnitName, CareProvider: c.CareProviderName,
		Usable: access.Usable(c, now()), FollowUp: access.FollowsUp(c, now()),
	}
}

// choose binds the session to one of the actor's commissions, and to no other after it:
// for another one the client connects anew. Whether it may open a patient is the gate's to
// say, and to record.
func (s *session) choose(f protocol.Choose) {
	if bound := s.who.bound; s.who.wire >= wireSession && !bound.IsZero() && bound != f.Commission {
		s.refuse(0, protocol.FaultMalformed, errBound)
		return
	}
	s.acts.waiting = nil
	s.leave()
	s.out.forget()
	s.who.commission = protocol.CommissionID{}
	rows, _, err := s.commissions()
	if err != nil {
		s.refuse(0, protocol.FaultInternal, err)
		return
	}
	for _, c := range rows {
		if info := commissionInfo(c); info.ID == f.Commission && !info.ID.IsZero() {
			s.who.commission, s.who.bound = info.ID, info.ID
			s.put(protocol.Chosen{Commission: info})
			s.notices.coverage = 0
			s.notice(false)
			return
		}
	}
	s.refuse(0, protocol.FaultNoCommission, nil)
}
