package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tvilling/protocol/admin"
)

// replace replaces one node. Whatever a run before had done of it is recognised by what
// the node is now: on its version, drained, or gone.
func (x *executor) replace(ctx context.Context, s Step) error {
	if err := x.settled(ctx, s); err != nil {
		return err
	}
	if is := x.w.last().Members[s.Node]; !on(is, s) {
		if answers(is) && s.Role != admin.RoleWitness {
			if err := x.drain(ctx, s, is); err != nil {
				return err
			}
		}
		if err := x.command(ctx, s); err != nil {
			return err
		}
	}
	if err := x.back(ctx, s); err != nil {
		return err
	}
	return x.bake(ctx, s)
}

// settled waits for what comes of a command that a run before gave: until its node runs
// what it was to, or as long as that may take; and in any case until it has ended. To be
// given twice it must bear, but not twice at once.
func (x *executor) settled(ctx context.Context, s Step) error {
	g, open := outcome(x.c.Log.Entries(), s.Node)
	if !open {
		return nil
	}
	left := min(max(time.Until(g.until(x.c.Limits)), 0), commandWithin) // its time is of a clock that may have been set
	over, said := time.Now().Add(left), false
	return x.until(ctx, left+commandWithin, "a command does not end", func(now Sight) (string, error) {
		if m := now.Members[s.Node]; now.At.Before(over) && !(answers(m) && m.Version == g.version) {
			if !said {
				said = true
				return "it is waited for", x.note(Entry{Node: s.Node, Act: ActReplace, Mark: Noted, Text: fmt.Sprintf(
					"a command to put in %s was given before, and nobody saw its end: it is waited for, until about %s", g.version, over.Local().Format(time.TimeOnly))})
			}
			return "it is waited for", nil
		}
		working, err := x.c.World.AtWork()
		if working {
			return "the command that was given to " + s.Node + " before is at work still: find out what it waits for, or end it", nil
		}
		return "", err
	})
}

// on reports whether a node runs what a step wants.
func on(m admin.Member, s Step) bool { return answers(m) && m.Version == s.Version }

func (x *executor) drain(ctx context.Context, s Step, is admin.Member) error {
	if is.Phase == admin.PhaseDrained {
		return x.note(Entry{Node: s.Node, Act: ActDrain, Mark: Noted, Text: "it was drained already"})
	}
	to := ""
	if last := x.w.last(); last.Leader == s.Node {
		if to = x.choose(last, s, nil); to != "" {
			x.wanted = to
		}
	}
	if err := x.note(Entry{Node: s.Node, Act: ActDrain, Mark: Begins, Leader: to}); err != nil {
		return err
	}
	var drained admin.Draining
	in, cancel := context.WithCancel(ctx)
	defer cancel()
	err, seen := x.during(ctx, func() (err error) {
		drained, err = x.c.World.Drain(in, s.Node, to)
		return err
	}, func(sign error) error {
		cancel()
		return sign
	})
	switch {
	case errors.Is(err, ErrEarlier) && seen == nil:
		return x.note(Entry{Node: s.Node, Act: ActDrain, Mark: Failed, Text: "its build does not know how; it ends as it knows"})
	case seen != nil:
		return seen
	case err != nil:
		return halt("a node does not drain", "%s: %v", s.Node, err)
	}
	return x.note(Entry{Node: s.Node, Act: ActDrain, Mark: Done, Draining: &drained})
}

// command gives the command, and lets it come to its end whatever is seen meanwhile:
// ended between its stop and its start it would leave a node away.
func (x *executor) command(ctx context.Context, s Step) error {
	n, _ := x.c.Topology.Member(s.Node)
	r, err := replacementOf(n, s.File, s.Version)
	if err == nil && x.undoes != nil {
		err = x.reversible(ctx)
	}
	if err != nil {
		return err
	}
	if err := x.note(Entry{Node: s.Node, Act: ActReplace, Mark: Begins, Opens: x.w.Opens}); err != nil {
		return err
	}
	said := ""
	err, seen := x.during(ctx, func() (err error) {
		said, err = x.c.World.Replace(ctx, r)
		return err
	}, func(sign error) error {
		var halted *HaltError
		if !errors.As(sign, &halted) {
			return sign // asked to end: the command is ended with it
		}
		return errors.Join(sign, x.note(Entry{Node: s.Node, Act: ActReplace, Mark: Noted,
			Text: "its command is let come to its end, and then this halts: " + halted.Sign + ": " + halted.Text}))
	})
	e := Entry{Node: s.Node, Act: ActReplace, Mark: Done, Text: said}
	if err != nil {
		e.Mark, e.Text = Failed, said+"\n"+err.Error()
		if ctx.Err() != nil {
			e.Mark, e.Text = Noted, e.Text+"; what it began elsewhere may go on there, and is waited for by who goes on"
		}
	}
	if err := x.note(e); err != nil {
		return err
	}
	if seen == nil && err != nil {
		return halt("the command failed", "%s: %v", s.Node, err)
	}
	return seen
}

// back waits until the node runs what it should, serves, and has everything that was
// committed when it came.
func (x *executor) back(ctx context.Context, s Step) error {
	if err := x.note(Entry{Node: s.Node, Act: ActBack, Mark: Begins}); err != nil {
		return err
	}
	var passes uint64
	var began time.Time
	started, undrained, hash := "", false, uint64(0)
	err := x.until(ctx, x.c.Limits.Back, "a node does not come back", func(now Sight) (string, error) {
		m := now.Members[s.Node]
		switch {
		case !answers(m):
			return s.Node + " does not answer", nil
		case m.Version != s.Version:
			return fmt.Sprintf("%s runs %s, not %s", s.Node, m.Version, s.Version), nil
		case started != "" && m.Started != started:
			return "", halt("a node restarted by itself", "%s came back, ended, and was started again", s.Node)
		}
		started = m.Started
		if m.Phase == admin.PhaseDrained && !undrained {
			undrained = true
			if err := x.c.World.Undrain(ctx, s.Node); err != nil {
				return "", fmt.Errorf("taking back the drain of %s: %w", s.Node, err)
			}
		}
		if !ready(m) {
			return s.Node + " is not ready: " + whyNot(m), nil
		}
		if began.IsZero() {
			passes, began = x.committed(now, s.Node), now.At
		}
		if m.AppliedIndex < passes {
			return fmt.Sprintf("%s has applied %d, and %d was committed when it came", s.Node, m.AppliedIndex, passes), nil
		}
		if hash = shared(x.w.Sights, s.Node, passes); hash == 0 && now.At.Sub(began) < hashWithin {
			return s.Node + " has not been seen at the same index as another", nil
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	x.w.Started[s.Node], x.w.Back[s.Node] = started, x.w.last()
	text := fmt.Sprintf("level at index %d, its state that of the others at index %d", passes, hash)
	if hash == 0 {
		text = fmt.Sprintf("level at index %d; under this load it was at no index at the same time as another, and is compared while it is watched", passes)
	}
	return x.note(Entry{Node: s.Node, Act: ActBack, Mark: Done, Text: text, Started: started})
}

// committed is what a node that comes back must have. Where nothing can be written, the
// others' commit index may be of an entry that no state machine sees.
func (x *executor) committed(now Sight, node string) uint64 {
	var most uint64
	for id, m := range now.Members {
		if id == node || !answers(m) {
			continue
		}
		most = max(most, m.AppliedIndex)
		if x.writes {
			most = max(most, m.CommitIndex)
		}
	}
	return most
}

// bake watches for a while with the node among the others, under every sign.
func (x *executor) bake(ctx context.Context, s Step) error {
	x.w.Turn = ""
	if err := x.note(Entry{Node: s.Node, Act: ActBake, Mark: Begins}); err != nil {
		return err
	}
	began := time.Now()
	err := x.until(ctx, x.c.Limits.Bake+x.c.Limits.Unready+settleWithin, "a node does not stay ready", func(now Sight) (string, error) {
		if m := now.Members[s.Node]; !ready(m) {
			return s.Node + " is not ready: " + whyNot(m), nil
		}
		if now.At.Sub(began) < x.c.Limits.Bake {
			return "it was watched too briefly", nil
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	return x.note(Entry{Node: s.Node, Act: ActBake, Mark: Done})
}

// choose names who may lead after a node: one that has caught up and serves; rather one
// that runs the build, rather of another site.
func (x *executor) choose(now Sight, s Step, not []string) string {
	best, most := "", -1
	for _, n := range x.c.Topology.Members {
		m := now.Members[n.ID]
		if n.ID == s.Node && s.Kind == Replaces || n.Role != admin.RoleData || slices.Contains(not, n.ID) || !ready(m) || m.Lag > maxLag {
			continue
		}
		worth := 0
		if m.Version == s.Version {
			worth += 2
		}
		if (n.Site != s.Site) == (s.Kind == Replaces) { // a transfer names a node of the site that is to lead
			worth++
		}
		if n.ID == s.Node {
			worth += 4
		}
		if worth > most {
			best, most = n.ID, worth
		}
	}
	return best
}

// transfer moves leadership to the step's node, or where that cannot take it to another
// that runs the build. A transfer that came to nothing is not tried to the same node again.
func (x *executor) transfer(ctx context.Context, s Step) error {
	var tried []string
	for {
		now := x.w.last()
		if m := now.Members[now.Leader]; len(tried) == 0 && now.Leader == s.Node || len(tried) > 0 && on(m, s) {
			return x.note(Entry{Node: now.Leader, Act: ActTransfer, Mark: Done, Leader: now.Leader})
		}
		to := x.choose(now, s, tried)
		if to == "" || !on(now.Members[to], s) {
			return halt("leadership does not move", "no data node that runs %s can take it; tried: %v", s.Version, tried)
		}
		tried = append(tried, to)
		if err := x.note(Entry{Node: to, Act: ActTransfer, Mark: Begins}); err != nil {
			return err
		}
		x.wanted = to
		in, cancel := context.WithCancel(ctx)
		asked, seen := x.during(ctx, func() error { return x.c.World.Transfer(in, to) }, func(sign error) error {
			cancel()
			return sign
		})
		cancel()
		if seen != nil {
			return seen
		}
		var halted *HaltError
		err := x.until(ctx, leadsWithin, "", func(now Sight) (string, error) {
			if now.Leader != to {
				return to + " does not lead", nil
			}
			return "", nil
		})
		if err != nil && !(errors.As(err, &halted) && halted.Sign == "") {
			return err
		}
		if err != nil {
			if err := x.note(Entry{Node: to, Act: ActTransfer, Mark: Failed, Text: fmt.Sprint(asked)}); err != nil {
				return err
			}
		}
	}
}
