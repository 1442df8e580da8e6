// Package doctor examines a cluster from where the operator sits: each node by itself,
// the clocks against each other, certificates, disks, versions, backups, and what the
// cluster says of itself.
//
// It owns what is asked and the order in which the answers are judged. Judging is pure:
// it asks nobody and knows no clock. It must never act on the cluster.
package doctor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tvilling/ops/internal/health"
	"tvilling/protocol/admin"
)

// Limits of what passes unmentioned.
const (
	slowAnswer   = time.Second      // to one question over the operators' port
	clockApart   = time.Second      // the gate holds what is ahead of a node's clock for unknown
	clockWrong   = 30 * time.Second // past this what a node records is dated wrongly
	certificates = 30 * 24 * time.Hour
	diskLow      = 10 // percent that is free
	diskFull     = 2
)

// Cluster is what is asked; *adminclient.Client is one.
type Cluster interface {
	Topology() admin.Topology
	OperatorUntil() time.Time
	Status(ctx context.Context, node string) (admin.Status, error)
	Node(ctx context.Context, node string) (admin.NodeHealth, error)
}

// Seen is what one node said of itself.
type Seen struct {
	ID     string
	Health admin.NodeHealth
	Err    error
	Asked  time.Time     // our clock, in the middle of the question
	Took   time.Duration // until it had answered
}

// Observed is everything that was found out.
type Observed struct {
	Now           time.Time
	Topology      admin.Topology
	OperatorUntil time.Time
	Status        admin.Status
	StatusErr     error
	Nodes         []Seen // in the cluster file's order
	Version       string // of this tool
}

// Check is one thing that was looked at.
type Check struct {
	What  string       `json:"what"`
	Grade health.Grade `json:"grade"` // zero: it is as it should be
	Found string       `json:"found"`
	Do    string       `json:"do,omitempty"`
}

// Examine asks the cluster and each of its nodes, all at once.
func Examine(ctx context.Context, c Cluster, version string) Observed {
	o := Observed{Topology: c.Topology(), OperatorUntil: c.OperatorUntil(), Version: version}
	o.Nodes = make([]Seen, len(o.Topology.Members))
	var all sync.WaitGroup
	for i, m := range o.Topology.Members {
		all.Go(func() {
			began := time.Now()
			h, err := c.Node(ctx, m.ID)
			took := time.Since(began)
			o.Nodes[i] = Seen{ID: m.ID, Health: h, Err: err, Asked: began.Add(took / 2), Took: took}
		})
	}
	all.Go(func() { o.Status, o.StatusErr = c.Status(ctx, "") })
	all.Wait()
	o.Now = time.Now()
	return o
}

// Judge makes checks of what was observed, in the order in which one would look.
func Judge(o Observed) []Check {
	all := []Check{operator(o)}
	for _, n := range o.Nodes {
		all = append(all, nodeChecks(o, n)...)
	}
	if o.StatusErr != nil {
		return append(all, Check{"cluster", health.Broken, "no node tells how the cluster is: " + o.StatusErr.Error(),
			"Are the nodes running, and can this machine reach their admin addresses?"})
	}
	found := health.Assess(o.Topology, o.Status)
	for _, f := range found {
		all = append(all, Check{"cluster", f.Grade, f.What, f.Do})
	}
	if len(found) == 0 {
		all = append(all, Check{What: "cluster", Found: fmt.Sprintf("leader %s, level %d, nothing is wrong", o.Status.Leader, o.Status.Level)})
	}
	return all
}

// Worst is the worst grade among checks.
func Worst(all []Check) health.Grade {
	worst := health.Grade(0)
	for _, c := range all {
		worst = max(worst, c.Grade)
	}
	return worst
}

func operator(o Observed) Check {
	left := o.OperatorUntil.Sub(o.Now)
	c := Check{What: "your certificate", Found: "valid until " + o.OperatorUntil.UTC().Format(time.DateOnly)}
	switch {
	case left <= 0:
		c.Grade, c.Found, c.Do = health.Broken, "it ran out on "+o.OperatorUntil.UTC().Format(time.DateOnly), "Issue a new one: tvilling certificate operator."
	case left < certificates:
		c.Grade, c.Do = health.Degraded, "Issue a new one in time: tvilling certificate operator."
	}
	return c
}

func nodeChecks(o Observed, n Seen) []Check {
	if n.Err != nil {
		return []Check{{n.ID, health.Degraded, "it does not answer: " + n.Err.Error(), "Is its process running, and can this machine reach its admin address? Look in its log."}}
	}
	all := []Check{answers(n)}
	if c := clock(n); c.Grade != 0 {
		all = append(all, c)
	}
	if v := n.Health.Member.Version; v != o.Version {
		all = append(all, Check{n.ID + " version", health.Notice, fmt.Sprintf("it runs %s, this tool is %s", v, o.Version), "Right in the middle of a release. Otherwise use the tool of the nodes' version."})
	}
	all = append(all, disk(n)...)
	for _, c := range n.Health.Certificates {
		all = append(all, certificate(o, n.ID, c)...)
	}
	for _, c := range n.Health.Checks {
		if c.OK || c.Name == "draining" && n.Health.Draining.Phase != admin.PhaseNone { // which is told below
			continue
		}
		grade := health.Broken
		if c.Warns {
			grade = health.Degraded
		}
		all = append(all, Check{n.ID + " " + c.Name, grade, c.Why, "See tvilling status; its log says more."})
	}
	if n.Health.Draining.Phase != admin.PhaseNone {
		all = append(all, Check{n.ID + " drain", health.Notice, "it is drained (" + string(n.Health.Draining.Phase) + ") and takes no browsers", "If nobody works on it: tvilling undrain " + n.ID + "."})
	}
	return all
}

func answers(n Seen) Check {
	m := n.Health.Member
	c := Check{What: n.ID, Found: fmt.Sprintf("%s, %s, applied %d, answers in %v", m.Role, m.State, m.AppliedIndex, n.Took.Round(time.Millisecond))}
	if n.Took > slowAnswer {
		c.Grade, c.Do = health.Notice, "Is the way from here slow, or the machine busy?"
	}
	return c
}

// clock compares a node's clock with ours, give or take half the question.
func clock(n Seen) Check {
	at, err := time.Parse(time.RFC3339Nano, n.Health.Now)
	if err != nil {
		return Check{n.ID + " clock", health.Notice, "it does not tell its time", "Its build is older than this tool."}
	}
	apart := at.Sub(n.Asked)
	c := Check{What: n.ID + " clock", Found: fmt.Sprintf("it is %v from this machine's", apart.Round(time.Millisecond)), Do: "Look at time synchronisation on both machines: which one is wrong is seen by the other nodes."}
	switch off := apart.Abs() - n.Took/2; {
	case off > clockWrong:
		c.Grade = health.Broken
	case off > clockApart:
		c.Grade = health.Degraded
	}
	return c
}

func disk(n Seen) []Check {
	d := n.Health.Disk
	if d.Total == 0 {
		return nil
	}
	free := int(100 * min(d.Free, d.Total) / d.Total)
	c := Check{What: n.ID + " disk", Found: fmt.Sprintf("%d %% is free", free)}
	switch {
	case free < diskFull:
		c.Grade = health.Broken
	case free < diskLow:
		c.Grade = health.Degraded
	default:
		return nil
	}
	c.Do = "Give it room: a node whose disk is full ends itself. Remove nothing of its data directory."
	return []Check{c}
}

func certificate(o Observed, id string, c admin.Certificate) []Check {
	until, err := time.Parse(time.RFC3339, c.Until)
	if err != nil {
		return nil
	}
	out := Check{What: id + " certificate " + c.Name, Found: "valid until " + until.UTC().Format(time.DateOnly)}
	switch left := until.Sub(o.Now); {
	case left <= 0:
		out.Grade, out.Found, out.Do = health.Broken, "it ran out on "+until.UTC().Format(time.DateOnly), "Put a new one in its place: the node takes it up by itself."
	case left < certificates:
		out.Grade, out.Do = health.Degraded, "Put a new one in its place: the node takes it up by itself."
	default:
		return nil
	}
	return []Check{out}
}
