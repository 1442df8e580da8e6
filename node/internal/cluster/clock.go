package cluster

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tvilling/protocol/admin"
)

// MaxClockOff is how far a node's clock may be from what most of the members' say. Two
// that are both within it are twice that apart at most, with which the gate still takes
// what the other knows for known: so nobody refuses for a clock that nobody is told is
// wrong, and a leader whose clock is not wrong brings what every such node vouches for.
const MaxClockOff = 10 * time.Second

// Faults of a node's clock.
var (
	// ErrClock: this node's clock is not to be trusted, and nothing may be decided by it.
	ErrClock = errors.New("this node's clock is not to be trusted")
	// ErrClocks: the members' clocks differ, and no majority says which are wrong.
	ErrClocks = errors.New("the members' clocks differ")
)

// ClockState is what the others' clocks say of this node's.
type ClockState uint8

// The states. The zero value is not to be trusted.
const (
	ClockUnknown  ClockState = iota // too few members were heard lately
	ClockRight                      // most members agree, and this node with them
	ClockWrong                      // most members agree on another time
	ClockDisputed                   // no majority agrees: nobody is held to be wrong
	ClockUntold                     // a majority was heard, of builds that do not tell their time
)

// Clock is what is known of this node's clock.
type Clock struct {
	State  ClockState
	Offset time.Duration // ahead of what most members' say; disputed: of the one that is furthest away
}

// Told reports whether the offset means anything.
func (k Clock) Told() bool { return k.State != ClockUnknown && k.State != ClockUntold }

// Err says what is wrong; nil: nothing. Of its errors, only ErrClock keeps the node from
// deciding.
func (k Clock) Err() error {
	off := k.Offset.Abs().Round(time.Millisecond)
	switch {
	case k.State == ClockUnknown:
		return fmt.Errorf("%w: it was compared with too few members' lately", ErrClock)
	case k.State == ClockDisputed:
		return fmt.Errorf("%w: this one and another are %v apart, and no majority says which is wrong", ErrClocks, off)
	case k.State == ClockWrong && k.Offset > 0:
		return fmt.Errorf("%w: it is %v ahead of most members'", ErrClock, off)
	case k.State == ClockWrong:
		return fmt.Errorf("%w: it is %v behind most members'", ErrClock, off)
	}
	return nil
}

// apart is how far another clock is ahead of ours, give or take.
type apart struct{ by, give time.Duration }

// least is the least that it can be apart: what the way there explains is no fault.
func (a apart) least() time.Duration {
	if a.by < 0 {
		return min(0, a.by+a.give)
	}
	return max(0, a.by-a.give)
}

// judge compares a clock with those of the others that were heard lately, of so many
// members. The time is what is in the middle, where most of the members agree with that;
// mute are those that were heard, and told no time.
func judge(members int, others []apart, mute int) Clock {
	all := []time.Duration{0} // our own
	for _, o := range others {
		all = append(all, o.least())
	}
	slices.Sort(all)
	switch {
	case 2*(len(all)+mute) <= members:
		return Clock{State: ClockUnknown}
	case 2*len(all) <= members:
		return Clock{State: ClockUntold}
	}
	middle, agree := middleOf(all)
	switch {
	case 2*agree <= members: // two majorities would have a member in common: what one found, another cannot deny
		return Clock{State: ClockDisputed, Offset: -furthest(all)}
	case middle.Abs() > MaxClockOff:
		return Clock{State: ClockWrong, Offset: -middle}
	}
	return Clock{State: ClockRight, Offset: -middle}
}

// middleOf is the middle one, and how many agree with it. Of two in the middle it is the
// one with which more agree, or else the one that is nearer to us.
func middleOf(sorted []time.Duration) (middle time.Duration, agree int) {
	agreeing := func(with time.Duration) (n int) {
		for _, one := range sorted {
			if (one - with).Abs() <= MaxClockOff {
				n++
			}
		}
		return n
	}
	low, high := sorted[(len(sorted)-1)/2], sorted[len(sorted)/2]
	with, without := agreeing(low), agreeing(high)
	if without > with || without == with && high.Abs() < low.Abs() {
		return high, without
	}
	return low, with
}

func furthest(sorted []time.Duration) time.Duration {
	first, last := sorted[0], sorted[len(sorted)-1]
	if first.Abs() > last.Abs() {
		return first
	}
	return last
}

// clocks is what was heard of the members' clocks. It is held against time that runs
// evenly, which nobody sets: so it is known at once when our own clock is set.
type clocks struct {
	now   func() time.Time
	since time.Time

	mu    sync.Mutex
	heard map[string]heardClock
	wrong bool // since most agreed on another time: until most agree on ours
}

// heardClock is one of them: what it stood at when our even time began, give or take.
type heardClock struct {
	told   bool
	origin time.Duration // since 1970
	give   time.Duration
	at     time.Duration // in even time
}

func newClocks(now func() time.Time) *clocks {
	if now == nil {
		now = time.Now
	}
	return &clocks{now: now, since: time.Now(), heard: map[string]heardClock{}}
}

// even is the even time.
func (k *clocks) even() time.Duration { return time.Since(k.since) }

// wall is our clock, as it is told to the others: milliseconds since 1970.
func (k *clocks) wall() int64 { return k.now().UnixMilli() }

// maxWall bounds what a clock may say, so that no difference overflows: the year 2100.
const maxWall = 4_102_444_800_000

// note takes what a member answered to what was asked at a time. One that tells what no
// clock says is taken for one of the farthest end.
func (k *clocks) note(id string, asked time.Duration, wall int64) {
	at := k.even()
	one := heardClock{told: wall != 0, at: at, give: (at - asked) / 2}
	one.origin = time.Duration(min(max(wall, 0), maxWall))*time.Millisecond - (asked + one.give)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.heard[id] = one
}

// judge judges by those that were heard lately.
func (k *clocks) judge(members int) Clock {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := k.even()
	own := time.Duration(min(max(k.wall(), 0), maxWall))*time.Millisecond - at
	var others []apart
	mute := 0
	for _, one := range k.heard {
		switch {
		case at-one.at > clockLasts:
		case one.told:
			others = append(others, apart{one.origin - own, one.give})
		default:
			mute++
		}
	}
	return k.keep(judge(members, others, mute))
}

// keep holds on to what was found before, where now nobody can tell: a clock that was
// wrong is not right because there are fewer left to say so. The lock is held.
func (k *clocks) keep(found Clock) Clock {
	switch {
	case found.State == ClockWrong:
		k.wrong = true
	case found.State == ClockRight:
		k.wrong = false
	case found.State == ClockDisputed && k.wrong:
		found.State = ClockWrong
	}
	return found
}

// Clock is what the others' clocks say of this node's. It asks nobody.
func (c *Cluster) Clock() Clock { return c.lead.clocks.judge(len(c.cfg.Topology.Members)) }

// watchClocks goes on hearing what the others' clocks say. A leader whose own is wrong
// hands over: what it brings of the security projections is dated by it. Where nobody
// else can lead it leads on, refuses what rests on its clock, and tries again.
func (c *Cluster) watchClocks() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	last, grow := ClockRight, growth{}
	var tried time.Time
	for {
		select {
		case <-timer.C:
		case <-c.ctx.Done():
			return
		}
		follows := grow.seen(c.statuses(c.ctx), c.cfg.Self)
		k := c.Clock()
		if k.State != last {
			c.log.Warn("this node's clock was judged anew", "trusted", !errors.Is(k.Err(), ErrClock), "found", k.Err())
		}
		if last = k.State; k.State == ClockWrong && follows && c.IsLeader() && time.Since(tried) >= shunEvery {
			err := c.HandOver(c.ctx, "")
			c.log.Warn("this node's clock is wrong, and it leads: it hands over", "error", err)
			tried = time.Now()
		}
		if timer.Reset(clockEvery); k.State == ClockUnknown {
			timer.Reset(askEvery)
		}
	}
}

// growth is how far the logs of the other data nodes were.
type growth map[string]uint64

// seen reports whether one of them has grown since it was seen before: it follows. Who
// has just come back does not yet, and would be tried in vain, and then no more.
func (g growth) seen(all []status, self string) (grown bool) {
	for _, s := range all {
		if s.ID == self || s.Role != admin.RoleData {
			continue
		}
		before, known := g[s.ID]
		grown = grown || known && s.Error == "" && s.LastIndex > before
		if g[s.ID] = s.LastIndex; s.Error != "" {
			delete(g, s.ID)
		}
	}
	return grown
}
