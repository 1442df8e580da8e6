package release

import (
	"errors"
	"fmt"
	"slices"

	"tvilling/protocol/admin"
)

// Errors of planning.
var (
	ErrNothing = errors.New("there is nothing to release")
	ErrAccept  = errors.New("preflight")
	ErrUnknown = errors.New("it is not known who leads or what every member runs")
)

// Build is what is to run, as its binary says.
type Build struct {
	Version string `json:"version"`
	Level   uint16 `json:"level,omitempty"` // 0: the binary could not be asked
	File    string `json:"file,omitempty"`  // for {{.Binary}}
}

// Kind is what a step does.
type Kind string

// The kinds.
const (
	Replaces  Kind = "replace"
	Transfers Kind = "transfer" // of leadership, to Node
)

// Step is one step of a plan: one node is replaced, or leadership moves to it.
type Step struct {
	Number  int    `json:"number"`
	Kind    Kind   `json:"kind"`
	Node    string `json:"node"`
	Site    string `json:"site"`
	Role    string `json:"role"`
	Why     string `json:"why"`  // what the node is in the order
	From    string `json:"from"` // version, of a node that is replaced
	Version string `json:"version"`
	File    string `json:"file,omitempty"`
	Leads   string `json:"leads"`  // who leads meanwhile, by the plan
	Voters  int    `json:"voters"` // that stay meanwhile
	Needed  int    `json:"needed"` // for a majority
}

// Does says what happens in a step.
func (s Step) Does() string {
	if s.Kind == Transfers {
		return "move leadership to it"
	}
	if s.Role == admin.RoleWitness {
		return "replace, wait until it is back and level, watch"
	}
	return "drain, replace, wait until it is back and level, watch"
}

// Former is a node as it was before it was replaced.
type Former struct {
	Version string `json:"version"`
	Started string `json:"started,omitempty"`
	File    string `json:"file,omitempty"` // to go back to; empty: not known
}

// Plan is a release before it is done.
type Plan struct {
	ID      string            `json:"id"`
	Cluster string            `json:"cluster"`
	Build   Build             `json:"build"`
	Level   uint16            `json:"level"`  // that is active in the cluster
	Leader  string            `json:"leader"` // now
	Former  map[string]Former `json:"former"`
	Already []string          `json:"already,omitempty"` // run it, and are not touched
	Command string            `json:"command,omitempty"` // that replaces a node, as it was given
	Steps   []Step            `json:"steps"`
}

// WithFormer is the plan with one file to go back to, on every node.
func (p Plan) WithFormer(file string) Plan {
	former := map[string]Former{}
	for id, was := range p.Former {
		was.File = file
		former[id] = was
	}
	p.Former = former
	return p
}

// Make plans: witnesses first, for nobody notices them; then the followers of sites
// that do not lead; then leadership moves to one of these, so that the version that
// everything depends on is tried while the other site can take it back; then the
// followers that are left, and last the node that led.
func Make(t admin.Topology, s admin.Status, b Build) (Plan, error) {
	p := Plan{Cluster: s.Cluster, Build: b, Level: s.Level, Leader: s.Leader, Former: map[string]Former{}}
	leader, ok := t.Member(s.Leader)
	if !ok || leader.Role != admin.RoleData {
		return p, fmt.Errorf("%w: no data node leads", ErrUnknown)
	}
	order := planner{topology: t, plan: &p, leads: s.Leader, needed: len(t.Members)/2 + 1}
	for _, n := range t.Members {
		m, ok := memberOf(s, n.ID)
		if !ok || !answers(m) {
			return p, fmt.Errorf("%w: %s does not answer", ErrUnknown, n.ID)
		}
		p.Former[n.ID] = Former{Version: m.Version, Started: m.Started}
		if m.Version == b.Version {
			p.Already = append(p.Already, n.ID)
		}
	}
	order.followers("witness", func(n admin.Node) bool { return n.Role == admin.RoleWitness })
	order.followers("follower, of a site that does not lead", func(n admin.Node) bool { return n.Role == admin.RoleData && n.Site != leader.Site })
	order.transfer(func(n admin.Node) bool { return n.Site != leader.Site })
	order.followers("follower, of the site that led", func(n admin.Node) bool { return n.Role == admin.RoleData && n.Site == leader.Site && n.ID != leader.ID })
	order.transfer(func(admin.Node) bool { return true })
	order.followers("led before", func(n admin.Node) bool { return n.ID == leader.ID })
	if len(p.Steps) == 0 {
		return p, fmt.Errorf("%w: every member runs %s", ErrNothing, b.Version)
	}
	return p, nil
}

// planner appends steps to a plan.
type planner struct {
	topology admin.Topology
	plan     *Plan
	leads    string
	needed   int
	replaced []admin.Node
}

func (o *planner) step(kind Kind, n admin.Node, why string, away int) {
	o.plan.Steps = append(o.plan.Steps, Step{
		Number: len(o.plan.Steps) + 1, Kind: kind, Node: n.ID, Site: n.Site, Role: n.Role, Why: why,
		From: o.plan.Former[n.ID].Version, Version: o.plan.Build.Version, File: o.plan.Build.File,
		Leads: o.leads, Voters: len(o.topology.Members) - away, Needed: o.needed,
	})
}

// followers replaces those of the cluster file that are so, in its order.
func (o *planner) followers(why string, are func(admin.Node) bool) {
	for _, n := range o.topology.Members {
		if !are(n) {
			continue
		}
		if !slices.Contains(o.plan.Already, n.ID) {
			o.step(Replaces, n, why, 1)
		}
		o.replaced = append(o.replaced, n)
	}
}

// transfer moves leadership away from the node that led before to one that runs the
// build, if there is one that is so and it did not move already.
func (o *planner) transfer(may func(admin.Node) bool) {
	if o.leads != o.plan.Leader || slices.Contains(o.plan.Already, o.plan.Leader) {
		return
	}
	for _, n := range o.replaced {
		if n.Role == admin.RoleData && may(n) {
			o.leads = n.ID
			o.step(Transfers, n, "runs the new build", 0)
			return
		}
	}
}

func memberOf(s admin.Status, id string) (admin.Member, bool) {
	for _, m := range s.Members {
		if m.ID == id {
			return m, true
		}
	}
	return admin.Member{}, false
}

// answers reports whether a member could be asked.
func answers(m admin.Member) bool { return m.ID != "" && m.State != "unreachable" && m.Error == "" }

// ready reports whether a member does what it is there for.
func ready(m admin.Member) bool {
	return answers(m) && (m.Role == admin.RoleWitness || m.NotReady == "" && m.Phase == admin.PhaseNone)
}
