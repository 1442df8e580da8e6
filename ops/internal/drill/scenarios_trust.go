package drill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tvilling/ops/internal/doctor"
	"tvilling/ops/internal/health"
	"tvilling/protocol/admin"
)

// How far clocks are moved, for how long each, and how long a certificate is valid.
const (
	clockOff  = 8 * time.Second // not wrong yet
	clockWild = 5 * time.Minute
	clockHold = 8 * time.Second
	expiresIn = 20 * time.Second // seen before it is, and over soon
)

// trustScenarios are those of what a node is trusted by: its clock and its certificate.
//
// Between nodes whose clocks differ a consent that was given at one may count later at
// another; so of the histories what was shown is held to an order, not what was withheld.
func trustScenarios() []Scenario {
	found := Promise{"The operator's own means show it", Unfound, 0}
	return []Scenario{
		{Name: "clock-skew", Shows: "A node's clock is ahead, then behind, then wildly behind; then the leader's is wildly ahead: it is seen, and a node whose clock is wild shows nothing and does not lead, while the others go on.",
			Needs: []Need{NeedClocks}, Promises: refusing(found, changes(1), pause(3*time.Second),
				Promise{"A node whose clock is wild is not ready and does not lead", Heeded, 5_000},
				Promise{"No view is dark for longer than it takes to move, and a little", Dark, 10_000}),
			Floors: []Floor{shown(4)}, Hold: 6 * clockHold,
			fault: moveClocks, heal: clocksRight},
		{Name: "certificate-expiry", Shows: "A node's certificate runs out: it is told before, the others go on without the node, and with a new one it is back by itself.",
			Needs: []Need{NeedHands}, Promises: always(found, changes(0), pause(2*time.Second),
				Promise{"With a new certificate the node is back, without a restart", Renewed, 15_000}),
			Floors: []Floor{shown(2)}, Hold: expiresIn + 8*time.Second,
			fault: expire, heal: renew},
	}
}

// refusing is always, but that a few may be refused: by a node whose clock is wild, until
// its browsers have moved: they may ask again and again meanwhile, which takes them two
// heartbeats at most.
func refusing(own ...Promise) []Promise {
	all := always(own...)
	few := slices.IndexFunc(all, func(p Promise) bool { return p.Figure == Failed })
	all[few] = Promise{"Few are refused: by a node whose clock is wild, until its browsers have moved", Failed, 100}
	return all
}

// moveClocks moves one clock after another, and looks whether it is seen.
func moveClocks(ctx context.Context, r *run) error {
	r.figures[Unfound] = 0
	aside := r.follower(r.otherSite())
	for _, by := range []time.Duration{clockOff, -clockOff, -clockWild} {
		if err := r.moveClock(ctx, aside, by); err != nil {
			return err
		}
		if err := rest(ctx, clockHold); err != nil {
			return err
		}
	}
	if err := r.setClock(aside, 0); err != nil {
		return err
	}
	return r.moveClock(ctx, cmp.Or(r.watch.leader(), r.leader), clockWild)
}

// moveClock moves a clock, and counts it when the operator is not told.
func (r *run) moveClock(ctx context.Context, id string, by time.Duration) error {
	if err := r.setClock(id, by); err != nil {
		return err
	}
	if by.Abs() == clockWild {
		if err := r.heeds(ctx, id); err != nil {
			return err
		}
	}
	r.expect(ctx, id+" clock")
	return nil
}

// heeds waits until a node whose clock is wild says so, and does not lead.
func (r *run) heeds(ctx context.Context, id string) error {
	within, cancel := context.WithTimeout(ctx, seenWithin)
	defer cancel()
	began := time.Now()
	err := until(within, func(ctx context.Context) error {
		h, err := r.asked(ctx, id)
		if err != nil {
			return err
		}
		if h.Member.State == "leader" || !slices.ContainsFunc(h.Checks, func(c admin.Check) bool { return c.Name == "clock" && !c.OK && !c.Warns }) {
			return errStillThere
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s goes on with a wild clock: %w", id, err)
	}
	r.figures[Heeded] = max(r.figures[Heeded], float64(time.Since(began).Milliseconds()))
	r.watch.note(KindCheck, id+" is not ready, and does not lead")
	return nil
}

func (r *run) setClock(id string, by time.Duration) error {
	kind, text := KindFault, fmt.Sprintf("the clock of %s is %v off", id, by)
	if by == 0 {
		kind, text = KindHeal, "the clock of "+id+" is right"
	}
	r.watch.note(kind, text)
	return r.target.Hands.Clocks(id, by)
}

func clocksRight(_ context.Context, r *run) error {
	return each(r.others(""), func(id string) error { return r.setClock(id, 0) })
}

// seenWithin is how long the operator's own means may take to show a fault.
const seenWithin = 10 * time.Second

// expect looks, as the operator's doctor does, until it finds fault with one of some
// things; if it does not, that is counted.
func (r *run) expect(ctx context.Context, what ...string) {
	ctx, cancel := context.WithTimeout(ctx, seenWithin)
	defer cancel()
	err := until(ctx, func(ctx context.Context) error {
		for _, c := range doctor.Judge(doctor.Examine(ctx, r.target.Operator, "")) {
			if c.Grade > health.Notice && slices.Contains(what, c.What) {
				r.figures[Found]++
				r.watch.note(KindCheck, "the doctor says: "+c.What+": "+c.Found)
				return nil
			}
		}
		return errStillThere
	})
	if err != nil {
		r.figures[Unfound]++
		r.watch.note(KindCheck, "the doctor says nothing of "+strings.Join(what, " or "))
	}
}

// expire gives a node a certificate that runs out soon, looks whether that is seen, and
// waits until it has.
func expire(ctx context.Context, r *run) error {
	r.figures[Unfound] = 0
	id := r.follower(r.otherSite())
	before, err := r.asked(ctx, id)
	if err != nil {
		return err
	}
	r.expiring, r.started = id, before.Member.Started
	if err := r.issue(ctx, id, "--valid", expiresIn.String()); err != nil {
		return err
	}
	ends := time.Now().Add(expiresIn)
	r.watch.note(KindFault, fmt.Sprintf("the certificate of %s is valid for %v", id, expiresIn))
	r.expect(ctx, id+" certificate node")
	if err := rest(ctx, time.Until(ends)+time.Second); err != nil {
		return err
	}
	r.watch.note(KindFault, "the certificate of "+id+" has run out")
	r.expect(ctx, id, id+" certificates")
	within, cancel := context.WithTimeout(ctx, seenWithin)
	defer cancel()
	err = until(within, func(ctx context.Context) error {
		if r.hearsLeader(ctx, id) == nil {
			return errStillThere
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s goes on with a certificate that has run out: %w", id, err)
	}
	r.watch.note(KindCheck, id+" hears nothing of the others")
	return nil
}

// hearsLeader says why a node does not hear from a leader; nil: it does.
func (r *run) hearsLeader(ctx context.Context, id string) error {
	h, err := r.asked(ctx, id)
	if err != nil {
		return err
	}
	for _, c := range h.Checks {
		if c.Name == "leader" && !c.OK {
			return errors.New(c.Why)
		}
	}
	if id == r.expiring && h.Member.Started != r.started {
		return fmt.Errorf("%s was started anew", id)
	}
	return nil
}

func (r *run) issue(ctx context.Context, id string, more ...string) error {
	_, err := r.tool(ctx, append([]string{"certificate", "node", id, "--dir", r.target.Hands.Made}, more...)...)
	return err
}

// renew gives the node a new certificate, and waits until it is among the others again.
func renew(ctx context.Context, r *run) error {
	if r.expiring == "" {
		return nil
	}
	began := time.Now()
	r.watch.note(KindHeal, r.expiring+" gets a new certificate")
	if err := r.issue(ctx, r.expiring); err != nil {
		return err
	}
	goal := r.watch.furthest()
	err := until(ctx, func(ctx context.Context) error {
		if late := r.watch.behind([]string{r.expiring}, goal); len(late) > 0 {
			return fmt.Errorf("%w: %v", ErrUnhealthy, late)
		}
		return r.hearsLeader(ctx, r.expiring)
	})
	if err == nil {
		r.figures[Renewed] = float64(time.Since(began).Milliseconds())
		r.watch.note(KindCheck, r.expiring+" is among the others again, and was not restarted")
	}
	return err
}

// asked is a node as it sees itself, if it answers.
func (r *run) asked(ctx context.Context, id string) (admin.NodeHealth, error) {
	ctx, cancel := context.WithTimeout(ctx, watchWithin)
	defer cancel()
	return r.target.Operator.Node(ctx, id)
}
