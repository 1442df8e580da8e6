package drill

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"tvilling/ops/internal/fault"
	"tvilling/ops/internal/health"
	"tvilling/protocol/admin"
)

// run is one drill while it is run.
type run struct {
	target *Target
	watch  *watch
	top    admin.Topology
	data   []string // sites with data nodes, in the cluster file's order

	leader, site string // who leads when the fault is made, and where
	hurt         string // whose disk is at fault
	faulty       bool   // the fault was begun
	expiring     string // whose certificate runs out
	started      string // when that node was
	figures      map[Figure]float64
	before       *before // what was there before data was taken away; nil: none is

	mu           sync.Mutex
	down, paused []string
}

// Run runs a drill. What it does is told to say as it goes. The fault is taken back in
// any case, also when the context ends.
func Run(ctx context.Context, s Scenario, t *Target, say func(string)) Report {
	report := Report{Name: s.Name, Shows: s.Shows, Began: time.Now().UTC(), Figures: map[Figure]float64{},
		Where: Where{Kind: t.Kind, Load: t.LoadKind}, Outcome: NotRun}
	if t.Links != nil {
		report.Where.Network = t.Links.Kind()
	}
	refuse := func(err error) Report {
		report.Reasons = append(report.Reasons, err.Error())
		return report
	}
	for _, n := range s.Needs {
		if err := t.can(n); err != nil {
			return refuse(err)
		}
	}
	r := &run{target: t, figures: report.Figures, top: t.Operator.Topology(), watch: newWatch(report.Began, say)}
	for _, m := range r.top.Members {
		if m.Role == admin.RoleData && !slices.Contains(r.data, m.Site) {
			r.data = append(r.data, m.Site)
		}
	}
	report.Where.Cluster, report.Where.Environment = r.top.Cluster, r.top.Environment
	steady, err := well(ctx, t)
	if err != nil {
		return refuse(err)
	}
	report.Steady = steady
	r.watched(ctx, s, &report)
	report.Millis = time.Since(report.Began).Milliseconds()
	return report
}

// well says how a cluster is, and refuses one that is not well.
func well(ctx context.Context, t *Target) (Steady, error) {
	status, err := t.Operator.Status(ctx, "")
	if err != nil {
		return Steady{}, fmt.Errorf("%w: %w", ErrUnhealthy, err)
	}
	s := Steady{Leader: status.Leader, Level: status.Level, Versions: map[string]string{}}
	for _, m := range status.Members {
		s.Versions[m.ID] = m.Version
	}
	for _, f := range health.Assess(t.Operator.Topology(), status) {
		s.Findings = append(s.Findings, f.Grade.String()+": "+f.What)
		if f.Grade >= health.Degraded {
			return s, fmt.Errorf("%w: %s", ErrUnhealthy, f.What)
		}
	}
	return s, nil
}

// watched runs the drill with its watch, and fills the report.
func (r *run) watched(ctx context.Context, s Scenario, report *Report) {
	looking, stop := context.WithCancel(context.WithoutCancel(ctx))
	watching := r.watch.start(looking, r.target.Operator)
	err := r.act(ctx, s, report)
	stop()
	watching.Wait()
	report.Events, report.Leaders = r.watch.events, r.watch.reigns
	if r.watch.more > 0 {
		report.Remarks = append(report.Remarks, fmt.Sprintf("%d more events are not kept", r.watch.more))
	}
	if !r.faulty { // what was promised of it was not asked
		report.Reasons = append(report.Reasons, err.Error())
		if errors.Is(err, ErrHealing) { // but the cluster is not as it was
			report.Outcome = Fail
		}
		return
	}
	if err != nil {
		report.Reasons = append(report.Reasons, err.Error())
	}
	report.judged(s, r.target.Blind)
	report.Outcome = Pass
	if len(report.Reasons) > 0 {
		report.Outcome = Fail
	}
}

// judged lays a drill's floors and promises beside what was measured.
func (r *Report) judged(s Scenario, blind []Figure) {
	seen, unseen := noticed(s.Floors, r.Figures, blind)
	promises, broken := judge(s.Promises, r.Figures, blind)
	done, idle := worked(floors(), r.Figures, blind)
	r.Promises, r.Floors = promises, append(seen, done...)
	r.Reasons = slices.Concat(r.Reasons, unseen, broken, idle)
}

// act is the order of every drill.
func (r *run) act(ctx context.Context, s Scenario, report *Report) (err error) {
	healed := true
	heal := func() error {
		healed = true
		whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), healWithin)
		defer cancel()
		if err := s.heal(whole, r); err != nil {
			return fmt.Errorf("%w: %w", ErrHealing, err)
		}
		if !r.faulty { // afterwards nobody looks whether all is well
			return r.allBack(whole)
		}
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("the drill broke down: %v\n%s", p, debug.Stack()))
		}
		if !healed {
			err = errors.Join(err, heal())
		}
	}()
	seen, cancel := context.WithTimeout(ctx, endWithin)
	err = until(seen, func(context.Context) error {
		if r.watch.leader() == "" {
			return errNobody
		}
		return nil
	})
	cancel()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnhealthy, err)
	}
	if s.prepare != nil {
		healed = false
		if err := s.prepare(ctx, r); err != nil {
			return fmt.Errorf("preparing: %w", err)
		}
	}
	load, err := r.target.Load(ctx)
	if err != nil {
		return fmt.Errorf("starting to work: %w", err)
	}
	loaded := time.Since(r.watch.began).Milliseconds()
	err = r.underLoad(ctx, s, load, report, &healed, heal)
	load.Phase(PhaseAfter)
	r.watch.note(KindPhase, "counting")
	measured, stopErr := load.Stop(context.WithoutCancel(ctx))
	for f, v := range measured.Figures {
		report.Figures[f] = v
	}
	report.Seconds = append(make([]int, loaded/1000), measured.Seconds...)
	report.Work = measured.Work
	report.Remarks = append(report.Remarks, measured.Remarks...)
	if stopErr != nil {
		err = errors.Join(err, fmt.Errorf("ending the work: %w", stopErr))
	}
	return err
}

// underLoad watches the steady state, makes the fault, takes it back and looks whether
// all is well again.
func (r *run) underLoad(ctx context.Context, s Scenario, load Load, report *Report, healed *bool, heal func() error) error {
	load.Phase(PhaseBefore)
	r.watch.note(KindPhase, "steady state")
	if err := rest(ctx, or(r.target.Steady, steadyFor)); err != nil {
		return err
	}
	if s.ready != nil {
		if err := s.ready(ctx, r); err != nil {
			return fmt.Errorf("making ready: %w", err)
		}
	}
	if r.leader = r.watch.leader(); r.leader == "" {
		return fmt.Errorf("%w: %w", ErrUnhealthy, errNobody)
	}
	m, _ := r.top.Member(r.leader)
	r.site, report.Steady.Leader = m.Site, r.leader
	load.Phase(PhaseFault)
	*healed, r.faulty = false, true
	from, before := r.watch.note(KindPhase, "fault"), r.watch.lastHeard()
	defer func() { r.sinceThen(before) }()
	if err := s.fault(ctx, r); err != nil {
		return fmt.Errorf("making the fault: %w", err)
	}
	if r.hurt != "" {
		r.awaitEnd(ctx, from, s.Hold, report)
	}
	err := rest(ctx, s.Hold-time.Duration(time.Since(r.watch.began).Milliseconds()-from)*time.Millisecond)
	at := r.watch.note(KindPhase, "heal")
	report.Figures[Changes] = float64(changesBetween(r.watch.seen(), from, at))
	if ms, struck := r.watch.away(); struck {
		report.Figures[Away] = ms
	}
	if err := errors.Join(err, heal()); err != nil {
		return err
	}
	load.Phase(PhaseAfter)
	healedAt := r.watch.note(KindPhase, "healed")
	if s.tame {
		report.Figures[Changes] = float64(changesBetween(r.watch.seen(), from, healedAt))
	}
	if err := r.alive(ctx, healedAt, report.Figures); err != nil {
		return err
	}
	if r.before != nil {
		r.keptAll(ctx)
	}
	r.watch.note(KindPhase, "all is well")
	return rest(ctx, or(r.target.After, afterFor))
}

func or(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// seen is who led so far.
func (w *watch) seen() []Reign {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.reigns)
}

func rest(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaitEnd measures when a process that was hit has ended itself.
func (r *run) awaitEnd(ctx context.Context, from int64, within time.Duration, report *Report) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if until(ctx, func(context.Context) error { return r.ended(r.hurt) }) == nil {
		report.Figures[Ended] = float64(r.watch.note(KindFault, r.hurt+" has ended itself") - from)
	}
}

var (
	errStillThere = errors.New("it is there still")
	errNobody     = errors.New("nobody leads")
	errNoAnswer   = errors.New("not every member answers")
)

func (r *run) ended(id string) error {
	if r.target.Processes.Running(id) {
		return fmt.Errorf("%s: %w", id, errStillThere)
	}
	return nil
}

// allBack waits until every member answers.
func (r *run) allBack(ctx context.Context) error {
	err := until(ctx, func(context.Context) error {
		if late := r.watch.behind(r.others(""), 0); len(late) > 0 {
			return fmt.Errorf("%w: %s", errNoAnswer, strings.Join(late, ", "))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrHealing, err)
	}
	return nil
}

// until looks again and again until a level is reached or the time is out.
func until(ctx context.Context, reached func(context.Context) error) error {
	for {
		err := reached(ctx)
		if err == nil {
			return nil
		}
		if rest(ctx, watchEvery) != nil {
			return err
		}
	}
}

// alive is what must hold after a heal. Safety does not show it: a cluster that does
// nothing loses nothing.
func (r *run) alive(ctx context.Context, healed int64, figures map[Figure]float64) error {
	since := func(f Figure, text string) {
		figures[f] = float64(r.watch.note(KindCheck, text) - healed)
	}
	within := func(d time.Duration, reached func(context.Context) error) error {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return until(ctx, reached)
	}
	var index uint64
	err := within(canaryWithin, func(ctx context.Context) error {
		one, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		leader := r.watch.leader()
		if leader == "" {
			return errNobody
		}
		done, err := r.target.Operator.Canary(one, leader)
		index = done.Index
		return err
	})
	if err != nil {
		return fmt.Errorf("nothing commits after the heal: %w", err)
	}
	since(Canary, fmt.Sprintf("a canary commits at %d", index))
	ids := r.others("")
	err = within(caughtWithin, func(context.Context) error {
		if late := r.watch.behind(ids, index); len(late) > 0 {
			return errors.New(strings.Join(late, ", "))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("not every member passes the index of the heal: %w", err)
	}
	since(CaughtUp, "every member has passed it")
	began := time.Now()
	for _, site := range append(slices.Clone(r.data[1:]), r.data[0]) {
		if err := within(moveWithin, func(ctx context.Context) error { return r.leadOnce(ctx, site) }); err != nil {
			return fmt.Errorf("leadership does not move to site %s: %w", site, err)
		}
	}
	figures[Moved] = float64(time.Since(began).Milliseconds())
	r.watch.note(KindCheck, "leadership has moved to the other site and back")
	return nil
}

// slowed is the text of a slow link, as far as the network could make it one.
func slowed(s fault.Slowness) string {
	text := fmt.Sprintf("%.1f Mbit/s", float64(s.BitsPerSecond)/1e6)
	if s.Latency > 0 {
		text += fmt.Sprintf(" and %v each way", s.Latency)
	}
	return text
}
