package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"tvilling/ops/internal/fault"
	"tvilling/protocol/admin"
)

// at are the members of a site.
func (r *run) at(site string) []string {
	return r.which(func(m admin.Node) bool { return m.Site == site })
}

// others are all members but one.
func (r *run) others(id string) []string {
	return r.which(func(m admin.Node) bool { return m.ID != id })
}

func (r *run) witnesses() []string {
	return r.which(func(m admin.Node) bool { return m.Role == admin.RoleWitness })
}

func (r *run) which(is func(admin.Node) bool) []string {
	var ids []string
	for _, m := range r.top.Members {
		if is(m) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// otherSite is a site with data nodes that is not the leader's.
func (r *run) otherSite() string {
	site := r.site
	if site == "" {
		m, _ := r.top.Member(r.watch.leader())
		site = m.Site
	}
	for _, s := range r.data {
		if s != site {
			return s
		}
	}
	return site
}

// follower is a data node of a site that does not lead.
func (r *run) follower(site string) string {
	for _, m := range r.top.Members {
		if m.Site == site && m.Role == admin.RoleData && m.ID != r.leader {
			return m.ID
		}
	}
	return ""
}

// note does something to a node, and puts it on the time line.
func (r *run) note(what, id string, do func(string) error) error {
	if id == "" {
		return fmt.Errorf("%s: %w", what, fault.ErrUnknown)
	}
	r.watch.note(KindFault, what+" of "+id)
	return do(id)
}

// each does something to several nodes at once.
func each(ids []string, do func(string) error) error {
	faults := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { faults[i] = do(id) })
	}
	all.Wait()
	return errors.Join(faults...)
}

func (r *run) kill(_ context.Context, ids ...string) error {
	if len(ids) == 0 {
		return fault.ErrUnknown
	}
	r.watch.note(KindFault, "kill "+strings.Join(ids, ", "))
	r.watch.strike(ids)
	r.remember(&r.down, ids...)
	return each(ids, r.target.Processes.KillNode)
}

func (r *run) pause(_ context.Context, id string) error {
	r.remember(&r.paused, id)
	r.watch.strike([]string{id})
	return r.note("pause", id, r.target.Processes.PauseNode)
}

func (r *run) remember(list *[]string, ids ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*list = append(*list, ids...)
}

// startDown starts whoever was ended. Again: nobody is.
func (r *run) startDown(context.Context) error {
	return r.takeBack(&r.down, "start", Processes.StartNode)
}

// resumePaused wakes whoever was paused. Again: nobody is.
func (r *run) resumePaused(context.Context) error {
	return r.takeBack(&r.paused, "resume", Processes.ResumeNode)
}

// takeBack undoes what was done to the nodes of a list, and empties it.
func (r *run) takeBack(list *[]string, what string, undo func(Processes, string) error) error {
	r.mu.Lock()
	ids := *list
	*list = nil
	r.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	r.watch.note(KindHeal, what+" "+strings.Join(ids, ", "))
	return each(ids, func(id string) error { return undo(r.target.Processes, id) })
}

// cut drops what some send to others.
func (r *run) cut(_ context.Context, from, to []string) error {
	r.watch.note(KindFault, fmt.Sprintf("cut %s from %s", strings.Join(from, ", "), strings.Join(to, ", ")))
	for _, a := range from {
		for _, b := range to {
			if err := r.target.Links.Cut(a, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// part cuts two sides off from each other. One of them must come to hear no leader.
func (r *run) part(ctx context.Context, a, b []string) error {
	r.watch.strike(a, b)
	return errors.Join(r.cut(ctx, a, b), r.cut(ctx, b, a))
}

// slow makes the line between two sides a slow one.
func (r *run) slow(_ context.Context, a, b []string, s fault.Slowness) error {
	var done fault.Slowness
	for _, from := range slices.Concat(a, b) {
		for _, to := range slices.Concat(a, b) {
			if slices.Contains(a, from) == slices.Contains(a, to) {
				continue
			}
			var err error
			if done, err = r.target.Links.Slow(from, to, s); err != nil {
				return err
			}
		}
	}
	r.watch.note(KindFault, fmt.Sprintf("between %s and %s each line has %s", strings.Join(a, ", "), strings.Join(b, ", "), slowed(done)))
	return nil
}

func (r *run) joinAll(context.Context) error {
	r.watch.note(KindHeal, "join everything again")
	return r.target.Links.Heal()
}

func (r *run) services(ctx context.Context, path, order string) error {
	r.watch.note(KindFault, "the service of "+path+" is told "+order)
	return r.target.Services(ctx, path, order)
}

// repair mends the disk and starts its node, if it has ended. A node whose disk found an
// error must have ended before.
func (r *run) repair(ctx context.Context) error {
	if r.hurt == "" {
		return nil
	}
	r.watch.note(KindHeal, "repair the disk of "+r.hurt)
	if err := r.target.Disks.Repair(r.hurt); err != nil {
		return err
	}
	ending, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	gone := false
	err := until(ending, func(ctx context.Context) error {
		if gone = r.ended(r.hurt) == nil; gone {
			return nil
		}
		one, cancel := context.WithTimeout(ctx, watchWithin)
		defer cancel()
		_, err := r.target.Operator.Node(one, r.hurt)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s neither ends nor answers: %w", r.hurt, err)
	}
	if !gone {
		return nil
	}
	r.watch.note(KindHeal, "start "+r.hurt)
	return r.target.Processes.StartNode(r.hurt)
}

// lead moves leadership to a site before the fault.
func (r *run) lead(ctx context.Context, site string) error {
	ctx, cancel := context.WithTimeout(ctx, moveWithin)
	defer cancel()
	return until(ctx, func(ctx context.Context) error { return r.leadOnce(ctx, site) })
}

// leadOnce asks for leadership to move to a site, where it is not there.
func (r *run) leadOnce(ctx context.Context, site string) error {
	leader := r.watch.leader()
	if m, _ := r.top.Member(leader); leader != "" && m.Site == site {
		return nil
	}
	to := r.which(func(m admin.Node) bool { return m.Site == site && m.Role == admin.RoleData })
	if len(to) == 0 {
		return fmt.Errorf("site %s: %w", site, fault.ErrUnknown)
	}
	if err := r.target.Operator.Transfer(ctx, "", to[0]); err != nil {
		return err
	}
	return fmt.Errorf("leadership was sent to %s", to[0]) // whether it came shows next time
}
