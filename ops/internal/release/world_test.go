package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"tvilling/protocol/admin"
)

func places() admin.Topology {
	t := admin.Topology{Cluster: "trial", Environment: admin.Production}
	for i, id := range []string{"a1", "a2", "b1", "b2", "w"} {
		n := admin.Node{ID: id, Site: map[byte]string{'a': "A", 'b': "B", 'w': "W"}[id[0]], Role: admin.RoleData, Admin: fmt.Sprintf("10.0.0.%d:9000", i+1)}
		if id == "w" {
			n.Role = admin.RoleWitness
		}
		t.Members = append(t.Members, n)
	}
	return t
}

const (
	older = "1.0.0"
	newer = "1.1.0"
)

// asked counts what was asked of each node, and the commands that are at work now.
type asked struct {
	commands, drained map[string]int
	working           int
}

// ails are what can be wrong with all of it: feeds are stale, nothing is committed, drains
// are not taken back.
type ails struct{ stale, stuck, deaf bool }

// times are how long a command takes, and then its node to come up.
type times struct{ takes, starts time.Duration }

// fake is a cluster whose processes are a few words each. It holds what a release must
// never do: touch a node while another is away, or end one that leads.
type fake struct {
	t        *testing.T
	topology admin.Topology
	times

	mu      sync.Mutex
	leader  string
	index   uint64
	members map[string]*admin.Member
	up      map[string]time.Time // when it answers
	numbers map[string]Numbers
	ails
	levels map[string]uint16 // that are active, by what each node has applied
	asked

	spoil   func(f *fake)                 // at every look; may be nil
	replace func(Replacement) error       // instead of what it does; may be nil
	moves   func(to string) (bool, error) // whether a transfer does; may be nil
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, topology: places(), times: times{time.Second, 3 * time.Second}, leader: "a1", index: 100, levels: map[string]uint16{}, members: map[string]*admin.Member{},
		up: map[string]time.Time{}, numbers: map[string]Numbers{}, asked: asked{commands: map[string]int{}, drained: map[string]int{}}}
	for _, n := range f.topology.Members {
		f.levels[n.ID] = 1
		f.members[n.ID] = &admin.Member{ID: n.ID, Site: n.Site, Role: n.Role, Version: older, Level: 1, Operating: admin.Operating{Started: "at first"}}
	}
	return f
}

func (f *fake) status() admin.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := admin.Status{Cluster: f.topology.Cluster, Leader: f.leader, Level: f.levels[f.leader], Feeds: []admin.Feed{{Name: "blocks", Fresh: !f.stale}}}
	for _, n := range f.topology.Members {
		m := *f.members[n.ID]
		m.State = "follower"
		if n.ID == f.leader {
			m.State = "leader"
		}
		if time.Now().Before(f.up[n.ID]) {
			m = admin.Member{ID: n.ID, Site: n.Site, Role: n.Role, State: "unreachable"}
		} else if m.AppliedIndex == 0 {
			m.AppliedIndex, m.CommitIndex, m.HashIndex = f.index, f.index, f.index
			if m.StateHash == "" {
				m.StateHash = fmt.Sprintf("%x", f.index)
			}
		}
		s.Members = append(s.Members, m)
	}
	return s
}

func (f *fake) See(ctx context.Context, _ string) (Sight, error) {
	if f.spoil != nil {
		f.mu.Lock()
		f.spoil(f)
		f.mu.Unlock()
	}
	status := f.status()
	s := Sight{Leader: status.Leader, Feeds: status.Feeds, Members: map[string]admin.Member{}, Numbers: map[string]Numbers{}}
	for _, m := range status.Members {
		s.Members[m.ID] = m
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.Copy(s.Numbers, f.numbers)
	return s, ctx.Err()
}

func (f *fake) Write(ctx context.Context, _ string) error {
	if err := pass(ctx, 20*time.Millisecond); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stuck {
		return errors.New("nobody commits it")
	}
	f.index++
	return nil
}

func (f *fake) Drain(ctx context.Context, node, leads string) (admin.Draining, error) {
	if err := pass(ctx, time.Second); err != nil {
		return admin.Draining{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drained[node]++
	if f.leader == node {
		f.leader = leads
	}
	f.members[node].Phase = admin.PhaseDrained
	return admin.Draining{Phase: admin.PhaseDrained, Moved: 3, Millis: 1000}, nil
}

func (f *fake) Undrain(_ context.Context, node string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.deaf {
		return errors.New("no answer")
	}
	f.members[node].Phase = admin.PhaseNone
	return nil
}

func (f *fake) Transfer(_ context.Context, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.moves != nil {
		if does, err := f.moves(to); !does {
			return err
		}
	}
	f.leader = to
	return nil
}

func (f *fake) AtWork() (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.working > 0, nil
}

func (f *fake) Levels(context.Context) map[string]uint16 {
	f.mu.Lock()
	defer f.mu.Unlock()
	told := maps.Clone(f.levels)
	for id := range told {
		if time.Now().Before(f.up[id]) {
			delete(told, id)
		}
	}
	return told
}

// works counts the commands that are at work, which are never two.
func (f *fake) works(more int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.working += more; f.working > 1 {
		f.t.Error("two commands are at work at once")
	}
}

func (f *fake) Replace(ctx context.Context, r Replacement) (string, error) {
	f.works(1)
	defer f.works(-1)
	if err := pass(ctx, f.takes); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commands[r.Node]++
	if f.replace != nil {
		if err := f.replace(r); err != nil {
			return "it said no", err
		}
	}
	for id, m := range f.members {
		if id != r.Node && (m.Phase != admin.PhaseNone || time.Now().Before(f.up[id])) && r.Version == newer {
			f.t.Errorf("%s is replaced while %s is away", r.Node, id)
		}
	}
	if f.leader == r.Node {
		f.t.Errorf("%s is replaced while it leads", r.Node)
	}
	m := f.members[r.Node]
	m.Version, m.Started, m.Phase = r.Version, fmt.Sprintf("by command %d", f.commands[r.Node]), admin.PhaseNone
	f.up[r.Node] = time.Now().Add(f.starts)
	return "started", nil
}

// pass takes time, unless it is ended.
func pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// kept is a journal in memory, whose process dies at an entry.
type kept struct {
	entries []Entry
	dies    int  // at this entry, counted from 1; 0: never
	before  bool // the entry is not written any more
}

var errDied = errors.New("died")

func (k *kept) Append(e Entry) error {
	dies := k.dies > 0 && len(k.entries)+1 == k.dies
	if dies {
		k.dies = 0
	}
	if !dies || !k.before {
		k.entries = append(k.entries, e)
	}
	if dies {
		return errDied
	}
	return nil
}

func (k *kept) Entries() []Entry { return slices.Clone(k.entries) }

// begin plans and makes a journal of it.
func begin(t *testing.T, f *fake) *kept {
	t.Helper()
	p, err := Make(f.topology, f.status(), Build{Version: newer, Level: 2, File: "/new"})
	if err != nil {
		t.Fatal(err)
	}
	for id, was := range p.Former {
		was.File = "/old"
		p.Former[id] = was
	}
	p.ID = "20260314T140000Z"
	return &kept{entries: []Entry{{At: time.Now(), Act: ActPlan, Mark: Done, Plan: &p}}}
}

func config(f *fake, k *kept) Config {
	l := DefaultLimits()
	l.Bake, l.Back = 10*time.Second, time.Minute
	return Config{World: f, Log: k, Topology: f.topology, Limits: l}
}

// runs are the versions, in the cluster file's order.
func (f *fake) runs() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, n := range f.topology.Members {
		all = append(all, f.members[n.ID].Version)
	}
	return all
}
