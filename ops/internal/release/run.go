package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tvilling/protocol/admin"
)

// Errors of running.
var (
	ErrHalted    = errors.New("the release is halted")
	ErrEarlier   = errors.New("the node is of an earlier build and does not know this call")
	ErrActivated = errors.New("the new level was activated: going back is not allowed")
	ErrLevel     = errors.New("it is not known which level is active")
	ErrEnded     = errors.New("it has ended")
	ErrGoingBack = errors.New("it is being taken back")
)

// HaltError says on what a release halted.
type HaltError struct{ Sign, Text string }

// Error is for the operator.
func (e *HaltError) Error() string { return fmt.Sprintf("%v: %s: %s", ErrHalted, e.Sign, e.Text) }

// Unwrap makes it an ErrHalted.
func (e *HaltError) Unwrap() error { return ErrHalted }

func halt(sign, format string, args ...any) error {
	return &HaltError{sign, fmt.Sprintf(format, args...)}
}

// Replacement is what a command is made of.
type Replacement struct {
	Node, Site, Host string
	Binary, Version  string
}

// World is the cluster, and whatever replaces a node. Its acts may be repeated.
type World interface {
	See(ctx context.Context, away string) (Sight, error) // away is asked last
	Write(ctx context.Context, away string) error        // something that changes nothing, committed
	Drain(ctx context.Context, node, leads string) (admin.Draining, error)
	Undrain(ctx context.Context, node string) error
	Transfer(ctx context.Context, to string) error
	Replace(ctx context.Context, r Replacement) (said string, err error)
	AtWork() (bool, error)                        // whether a command is, whoever gave it
	Levels(ctx context.Context) map[string]uint16 // that are active, by the members that tell
}

// Log is where a run writes what it does before it does it.
type Log interface {
	Append(e Entry) error
	Entries() []Entry
}

// Limits of a run.
type Limits struct {
	Bake    time.Duration // how long a replaced node is watched before the next
	Back    time.Duration // how long a node may take to be back and level
	Look    time.Duration // between two looks
	Unready time.Duration // how long any other node may be unready
	Slow    time.Duration // how long opening may be slower
}

// DefaultLimits are those of a cluster that people work with.
func DefaultLimits() Limits {
	return Limits{Bake: time.Minute, Back: 3 * time.Minute, Look: 500 * time.Millisecond, Unready: 30 * time.Second, Slow: 5 * time.Minute}
}

// Limits of waiting that nobody needs to choose.
const (
	settleWithin = 2 * time.Minute  // for a leader, before a step
	leadsWithin  = 15 * time.Second // for leadership to be where it was moved
	hashWithin   = 10 * time.Second // for two nodes to be seen at one index: under load they rarely are
	writeWithin  = 5 * time.Second
	haltWithin   = 30 * time.Second // to take a drain back
	remembered   = 10 * time.Minute // of sights
	maxLag       = 1000             // entries behind, of a node that may lead
)

// Config is a run.
type Config struct {
	World    World
	Log      Log
	Topology admin.Topology
	Limits   Limits
	Former   string      // file to go back to, instead of the plan's; may be empty
	Tell     func(Entry) // of every entry, when it is written; may be nil
}

// Run does what is left of the plan that the log begins with. It halts by itself on the
// signs; ErrJournal is an end in the middle, from which Run goes on as well.
func Run(ctx context.Context, c Config) error {
	entries := c.Log.Entries()
	forth, back := plans(entries)
	switch {
	case StateOf(entries).Ended():
		return fmt.Errorf("%w: %s", ErrEnded, StateOf(entries))
	case back != nil:
		return ErrGoingBack
	}
	x := &executor{c: c, signs: signs(), writes: true}
	if len(entries) > 1 {
		if StateOf(entries) == Running {
			x.least = time.Now().Add(c.Limits.Bake)
		}
		if err := x.note(Entry{Act: ActResume, Mark: Noted}); err != nil {
			return err
		}
	}
	return x.all(ctx, forth.Steps, runs(forth, func(s Step) string { return s.Version }))
}

// runs is what every node that a plan replaces is to run in the end.
func runs(p Plan, version func(Step) string) map[string]string {
	all := map[string]string{}
	for _, s := range p.Steps {
		if s.Kind == Replaces {
			all[s.Node] = version(s)
		}
	}
	return all
}

// executor is a run under way.
type executor struct {
	c      Config
	signs  []sign
	w      Watch
	wanted string        // who is to lead
	step   int           // that is under way
	writes bool          // whether nodes know the call
	pause  time.Duration // the longest that one took, in this step

	before map[string]float64 // how long opening took on each node; nil: a run before took it down
	least  time.Time          // until when it is watched at the least: the run before was ended while it watched
	undoes *Plan              // that is taken back, beside nodes that are not ready: it is there to mend them
}

func (x *executor) note(e Entry) error {
	e.At, e.Step = time.Now(), x.step
	if err := x.c.Log.Append(e); err != nil {
		return errors.Join(ErrJournal, err)
	}
	if x.c.Tell != nil {
		x.c.Tell(e)
	}
	return nil
}

// all does the steps that are not done, and holds that in the end nodes run what they should.
func (x *executor) all(ctx context.Context, steps []Step, runs map[string]string) error {
	if err := x.first(ctx, steps); err != nil {
		return x.stopped(ctx, Step{}, err)
	}
	for _, s := range steps {
		if stepDone(x.c.Log.Entries(), s.Number) {
			continue
		}
		x.step, x.pause = s.Number, 0
		if err := x.one(ctx, s); err != nil {
			return x.stopped(ctx, s, err)
		}
	}
	x.step, x.w.Turn = 0, ""
	if x.undoes == nil && !gonePast(x.c.Log.Entries()) {
		if err := x.watched(ctx); err != nil {
			return x.stopped(ctx, Step{}, err)
		}
	}
	if err := x.right(ctx, runs); err != nil {
		return x.stopped(ctx, Step{}, err)
	}
	if _, err := x.giveBack(ctx, Step{}); err != nil { // of a node that was drained, and is not among these steps
		return err
	}
	return x.note(Entry{Act: ActEnd, Mark: Done, Leader: x.w.last().Leader})
}

// first looks until somebody leads, which is what signs are read against. What a run
// before replaced is watched from now on.
func (x *executor) first(ctx context.Context, steps []Step) error {
	entries := x.c.Log.Entries()
	x.w = Watch{Limits: x.c.Limits, Started: map[string]string{}, Back: map[string]Sight{}, Opens: measured(entries)}
	if x.w.Opens == 0 {
		x.before = map[string]float64{}
	}
	err := x.until(ctx, settleWithin, "the cluster does not settle", func(now Sight) (string, error) {
		if now.Leader == "" {
			return "nobody leads", nil
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	now := x.w.last()
	x.w.Leader, x.wanted = now.Leader, now.Leader
	for _, s := range steps {
		if s.Kind == Replaces && stepDone(entries, s.Number) {
			x.w.Back[s.Node] = now
		}
	}
	return nil
}

// watched looks on while opening is slower somewhere, until that has passed or is a sign:
// whoever came back lately was not watched for as long as the sign needs.
func (x *executor) watched(ctx context.Context) error {
	said := false
	return x.until(ctx, x.c.Limits.Bake+x.c.Limits.Slow+settleWithin, signSlow, func(now Sight) (string, error) {
		id, _, _ := slowest(x.w)
		switch {
		case id == "" && now.At.Before(x.least):
			return "it was watched too briefly", nil
		case id == "" || said:
			return id, nil
		}
		said = true
		return id, x.note(Entry{Node: id, Act: ActBake, Mark: Noted,
			Text: fmt.Sprintf("every node is replaced, and opening takes more than twice what it took: it is watched on, for %v at most", x.c.Limits.Slow)})
	})
}

// right holds that nodes run what they should in the end.
func (x *executor) right(ctx context.Context, runs map[string]string) error {
	return x.until(ctx, x.c.Limits.Unready, "a node runs another build", func(now Sight) (string, error) {
		for _, id := range sortedKeys(runs) {
			switch m := now.Members[id]; {
			case !answers(m):
				return id + " does not answer", nil
			case m.Version != runs[id]:
				return fmt.Sprintf("%s runs %s, not %s", id, m.Version, runs[id]), nil
			}
		}
		return "", nil
	})
}

func (x *executor) one(ctx context.Context, s Step) error {
	x.w.Turn = ""
	entries := x.c.Log.Entries()
	if _, open := outcome(entries, s.Node); s.Kind == Replaces && (open || touched(entries, s.Number)) {
		x.w.Turn = s.Node // a run before left it as it may be
	}
	if err := x.settle(ctx, s); err != nil {
		return err
	}
	if s.Kind == Replaces {
		x.w.Turn = s.Node
	}
	do := x.replace
	if s.Kind == Transfers {
		do = x.transfer
	}
	if err := do(ctx, s); err != nil {
		return err
	}
	return x.note(Entry{Node: s.Node, Act: ActStep, Mark: Done, Leader: x.w.last().Leader, PauseMS: x.pause.Milliseconds()})
}

// see looks once. Where nobody answers, that is what was seen.
func (x *executor) see(ctx context.Context) Sight {
	s, err := x.c.World.See(ctx, x.w.Turn)
	if err != nil {
		s = Sight{Members: map[string]admin.Member{}}
		for _, n := range x.c.Topology.Members {
			s.Members[n.ID] = admin.Member{ID: n.ID, Site: n.Site, Role: n.Role, State: "unreachable", Error: err.Error()}
		}
	}
	s.At, s.Wanted = time.Now(), x.wanted
	return s
}

// look sees, writes, remembers, and halts where a sign is seen.
func (x *executor) look(ctx context.Context) (Sight, error) {
	s := x.see(ctx)
	if err := ctx.Err(); err != nil {
		return s, err
	}
	x.write(ctx)
	x.learn(s)
	x.w.Sights = append(x.w.Sights, s)
	old := slices.IndexFunc(x.w.Sights, func(o Sight) bool { return s.At.Sub(o.At) <= remembered })
	x.w.Sights = slices.Delete(x.w.Sights, 0, old)
	for _, sign := range x.signs {
		if why := sign.Seen(x.w); why != "" {
			return s, halt(sign.Name, "%s", why)
		}
	}
	return s, nil
}

// learn takes down of every node, when it is first seen, when it was started, and as long
// as it was not replaced how long opening takes there.
func (x *executor) learn(s Sight) {
	for id, m := range s.Members {
		if id == x.w.Turn || !answers(m) {
			continue
		}
		x.w.Started[id] = cmp.Or(x.w.Started[id], m.Started)
		if x.before == nil || x.before[id] > 0 || replaced(x.c.Log.Entries(), id) {
			continue
		}
		x.before[id] = percentile(s.Numbers[id].Opens, 0.99, leastOpens)
		x.w.Opens = max(x.w.Opens, x.before[id])
	}
}

// write commits something that changes nothing, and measures from the first attempt
// until one succeeds: how long nothing could be written.
func (x *executor) write(ctx context.Context) {
	if !x.writes {
		return
	}
	if x.w.Asking.IsZero() {
		x.w.Asking = time.Now()
	}
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	err := x.c.World.Write(ctx, x.w.Turn)
	if errors.Is(err, ErrEarlier) {
		x.writes, x.w.Asking = false, time.Time{}
		return
	}
	if err == nil {
		x.pause, x.w.Asking = max(x.pause, time.Since(x.w.Asking)), time.Time{}
	}
}

// until looks until something holds, and halts with what was missing when it takes too long.
func (x *executor) until(ctx context.Context, within time.Duration, what string, holds func(Sight) (missing string, err error)) error {
	began := time.Now()
	for {
		s, err := x.look(ctx)
		if err != nil {
			return err
		}
		missing, err := holds(s)
		if err != nil || missing == "" {
			return err
		}
		if time.Since(began) >= within {
			return halt(what, "after %v %s", within, missing)
		}
		if err := x.wait(ctx); err != nil {
			return err
		}
	}
}

func (x *executor) wait(ctx context.Context) error {
	timer := time.NewTimer(x.c.Limits.Look)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// during does something that takes its time, and looks meanwhile, up to the first sign. It
// returns when that has returned: what came of it, and what was made of the sign. What a
// node was asked for may go on there: a drain is the node's.
func (x *executor) during(ctx context.Context, act func() error, sign func(error) error) (did, seen error) {
	ended := make(chan error, 1)
	go func() { ended <- act() }()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case did := <-ended:
			if seen == nil {
				seen = ctx.Err()
			}
			return did, seen
		case <-timer.C:
			if _, err := x.look(ctx); err != nil {
				seen = sign(err)
				continue
			}
			timer.Reset(x.c.Limits.Look)
		}
	}
}

// settle waits until everyone but the node whose turn it is does what it is there for.
// Who mends goes on without that, as long as a majority is left with the node away.
func (x *executor) settle(ctx context.Context, next Step) error {
	return x.until(ctx, settleWithin, "the cluster does not settle", func(s Sight) (string, error) {
		if s.Leader == "" {
			return "nobody leads", nil
		}
		left := 0
		for _, id := range sortedKeys(s.Members) {
			m := s.Members[id]
			if id != x.w.Turn && x.undoes == nil && !ready(m) {
				return id + " is not ready: " + whyNot(m), nil
			}
			if id != next.Node && answers(m) {
				left++
			}
		}
		if need := len(x.c.Topology.Members)/2 + 1; left < need && answers(s.Members[next.Node]) {
			return fmt.Sprintf("with %s away %d members would be left, and %d are needed", next.Node, left, need), nil
		}
		return "", nil
	})
}

// stopped writes down why it ends here, and gives a node that was drained and not
// replaced back to its browsers.
func (x *executor) stopped(ctx context.Context, s Step, err error) error {
	if errors.Is(err, ErrJournal) {
		return err // nothing can be written down, so nothing is done
	}
	var halted *HaltError
	if !errors.As(err, &halted) {
		halted = &HaltError{"it could not be done", err.Error()}
		if ctx.Err() != nil {
			halted = &HaltError{"asked", "it was asked to end"}
		}
	}
	if err := x.note(Entry{Node: s.Node, Act: ActHalt, Mark: Noted, Sign: halted.Sign, Text: halted.Text}); err != nil {
		return errors.Join(halted, err)
	}
	left, err := x.giveBack(ctx, s)
	halted.Text += left
	if err != nil {
		return errors.Join(halted, err)
	}
	return halted
}

// giveBack takes back what drains are left, by the journal or by what a step's node says,
// and says of which nodes it could not.
func (x *executor) giveBack(ctx context.Context, s Step) (left string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), haltWithin)
	defer cancel()
	nodes := drained(x.c.Log.Entries())
	if s.Kind != Replaces && len(nodes) == 0 {
		return "", nil
	}
	now := x.see(ctx)
	if m := now.Members[s.Node]; s.Kind == Replaces && answers(m) && m.Phase != admin.PhaseNone && !slices.Contains(nodes, s.Node) {
		nodes = append(nodes, s.Node)
	}
	for _, id := range nodes {
		e := Entry{Node: id, Act: ActUndrain, Mark: Done}
		switch m := now.Members[id]; {
		case !answers(m):
			e.Mark, e.Text = Failed, "it does not answer"
		case m.Phase == admin.PhaseNone:
			e.Mark, e.Text = Noted, "it is not drained"
		default:
			if err := x.c.World.Undrain(ctx, id); err != nil {
				e.Mark, e.Text = Failed, err.Error()
			}
		}
		if e.Mark == Failed {
			left += leftDrained(e)
		}
		if err := x.note(e); err != nil {
			return left, err
		}
	}
	return left, nil
}

// leftDrained says of a drain that could not be taken back what is to be done.
func leftDrained(e Entry) string {
	return fmt.Sprintf(" (%s may be left drained: tvilling undrain %s; it could not be done: %s)", e.Node, e.Node, e.Text)
}
