package release

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Back plans the way back: every node that the release replaced, or left broken, gets
// the binary that it had; those that do not answer first, the others in reverse order.
func Back(forth Plan, now Sight, voters int) (Plan, error) {
	if now.Level > forth.Level {
		return Plan{}, fmt.Errorf("%w: level %d is active", ErrActivated, now.Level)
	}
	p := Plan{ID: forth.ID, Cluster: forth.Cluster, Build: forth.Build, Level: now.Level, Leader: now.Leader, Former: forth.Former}
	var down, up []Step
	for _, s := range slices.Backward(forth.Steps) {
		m, former := now.Members[s.Node], forth.Former[s.Node]
		if s.Kind != Replaces || answers(m) && m.Version == former.Version {
			continue
		}
		s.From, s.Version, s.File = s.Version, former.Version, former.File
		s.Leads, s.Why = now.Leader, "was replaced"
		if !answers(m) {
			s.Why = "does not answer"
			down = append(down, s)
		} else {
			up = append(up, s)
		}
	}
	p.Steps = append(down, up...)
	for i := range p.Steps {
		p.Steps[i].Number = len(forth.Steps) + 1 + i
		p.Steps[i].Voters = voters - 1 - max(0, len(down)-1-i)
	}
	return p, nil
}

// Abort takes a release back, or goes on with that. It is watched for states that
// differ alone: what the others look like is why it is taken back.
func Abort(ctx context.Context, c Config) error {
	entries := c.Log.Entries()
	if state := StateOf(entries); state == Aborted {
		return fmt.Errorf("%w: %s", ErrEnded, state)
	}
	forth, back := plans(entries)
	x := &executor{c: c, signs: signsOfAbort(), writes: true, patient: true}
	now := x.see(ctx)
	if len(now.Members) == 0 || now.Leader == "" {
		return fmt.Errorf("%w: nobody leads, so nothing is touched", ErrUnknown)
	}
	if now.Level > forth.Level {
		return fmt.Errorf("%w: level %d is active", ErrActivated, now.Level)
	}
	e := Entry{Act: ActAbort, Mark: Begins}
	if back == nil {
		p, err := Back(forth, now, len(c.Topology.Members))
		if err != nil {
			return err
		}
		e.Plan, back = &p, &p
	}
	for i := range back.Steps {
		back.Steps[i].File = cmp.Or(c.Former, back.Steps[i].File)
	}
	if err := x.note(e); err != nil {
		return err
	}
	return x.all(ctx, *back)
}
