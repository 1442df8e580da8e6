package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Back plans the way back: every node that the release replaced, or left broken, or may
// still be replacing, gets the binary that it had; those that do not answer or are being
// replaced first, the others in reverse order. What an earlier plan of it has left is kept.
func Back(entries []Entry, now Sight, voters int) Plan {
	forth, so := plans(entries)
	p := Plan{ID: forth.ID, Cluster: forth.Cluster, Build: forth.Build, Level: forth.Level, Leader: now.Leader, Former: forth.Former}
	if so != nil {
		p.Steps = slices.Clone(so.Steps)
	}
	left := func(s Step) bool { return !stepDone(entries, s.Number) }
	var first, then []Step
	for _, s := range slices.Backward(forth.Steps) {
		m, former := now.Members[s.Node], forth.Former[s.Node]
		_, open := outcome(entries, s.Node)
		planned := slices.ContainsFunc(p.Steps, func(b Step) bool { return b.Node == s.Node && left(b) })
		if s.Kind != Replaces || planned || answers(m) && m.Version == former.Version && !open {
			continue
		}
		s.From, s.Version, s.File, s.Leads = s.Version, former.Version, former.File, now.Leader
		switch {
		case !answers(m):
			s.Why = "does not answer"
			first = append(first, s)
		case open:
			s.Why = "may be being replaced"
			first = append(first, s)
		default:
			s.Why = "was replaced"
			then = append(then, s)
		}
	}
	for i, s := range slices.Concat(first, then) {
		s.Number = len(forth.Steps) + len(p.Steps) + 1
		s.Voters = voters - 1 - max(0, len(first)-1-i)
		p.Steps = append(p.Steps, s)
	}
	return p
}

// Abort takes a release back, or goes on with that. It is watched for states that
// differ alone: what the others look like is why it is taken back.
func Abort(ctx context.Context, c Config) error {
	entries := c.Log.Entries()
	if state := StateOf(entries); state == Aborted {
		return fmt.Errorf("%w: %s", ErrEnded, state)
	}
	forth, _ := plans(entries)
	x := &executor{c: c, signs: signsOfAbort(), writes: true, undoes: &forth}
	now := x.see(ctx)
	if now.Leader == "" {
		return fmt.Errorf("%w: nobody leads, so nothing is touched", ErrUnknown)
	}
	if err := mayGoBack(c.World.Levels(ctx), now.Leader, forth); err != nil {
		return err
	}
	back := Back(entries, now, len(c.Topology.Members))
	for i := range back.Steps {
		back.Steps[i].File = cmp.Or(c.Former, back.Steps[i].File)
	}
	if err := x.note(Entry{Act: ActAbort, Mark: Begins, Plan: &back}); err != nil {
		return err
	}
	return x.all(ctx, back.Steps, runs(forth, func(s Step) string { return forth.Former[s.Node].Version }))
}

// mayGoBack holds that no level was activated since a plan was made, by any member's word:
// one may be behind. Who leads is never, and has to be heard.
func mayGoBack(levels map[string]uint16, leader string, p Plan) error {
	for _, id := range sortedKeys(levels) {
		if levels[id] > p.Level {
			return fmt.Errorf("%w: level %d is active, %s says", ErrActivated, levels[id], id)
		}
	}
	if _, told := levels[leader]; !told {
		return fmt.Errorf("%w: %s leads, and does not say", ErrLevel, leader)
	}
	return nil
}

// reversible asks before every node that is taken back: taking back takes its time, and a
// level may be activated meanwhile.
func (x *executor) reversible(ctx context.Context) error {
	return x.until(ctx, settleWithin, "the level is not known", func(now Sight) (string, error) {
		err := mayGoBack(x.c.World.Levels(ctx), now.Leader, *x.undoes)
		if errors.Is(err, ErrLevel) {
			return err.Error(), nil
		}
		return "", err
	})
}
