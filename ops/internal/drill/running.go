package drill

import (
	"context"
	"fmt"
	"path/filepath"

	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/fault"
)

// orders are the processes of a demo that somebody else started.
type orders struct {
	ctx context.Context
	dir string
}

func (o orders) tell(act demo.Act, id string) error {
	_, err := demo.Order(context.WithoutCancel(o.ctx), o.dir, act, id, "")
	return err
}

// KillNode implements Processes.
func (o orders) KillNode(id string) error { return o.tell(demo.ActKill, id) }

// StartNode implements Processes.
func (o orders) StartNode(id string) error { return o.tell(demo.ActStart, id) }

// PauseNode implements Processes.
func (o orders) PauseNode(id string) error { return o.tell(demo.ActPause, id) }

// ResumeNode implements Processes.
func (o orders) ResumeNode(id string) error { return o.tell(demo.ActResume, id) }

// Running implements Processes. Nobody asks: its disks are not ours to harm.
func (o orders) Running(string) bool { return true }

// OpenRunning takes the demo that runs in a directory.
func OpenRunning(ctx context.Context, dir string) (*Target, func() error, error) {
	if !demo.HasControl(dir) {
		return nil, nil, fmt.Errorf("%w: %s", demo.ErrNoDemo, dir)
	}
	client, err := adminclient.Open(filepath.Join(dir, "made", "operator"))
	if err != nil {
		return nil, nil, err
	}
	return &Target{Kind: "a demo that runs", Operator: client, Processes: orders{ctx, dir}, Pauses: true, LoadKind: probing, Blind: blind(),
		Load: func(ctx context.Context) (Load, error) { return startProbes(ctx, client) },
	}, func() error { client.Close(); return nil }, nil
}

// commands are an operator's own ways.
type commands struct {
	ctx  context.Context
	have fault.Commands
	site map[string]string
}

func (c commands) run(argv []string, id string) error {
	return fault.Run(context.WithoutCancel(c.ctx), argv, fault.Target{Node: id, Site: c.site[id]})
}

// KillNode implements Processes.
func (c commands) KillNode(id string) error { return c.run(c.have.Kill, id) }

// StartNode implements Processes.
func (c commands) StartNode(id string) error { return c.run(c.have.Start, id) }

// PauseNode implements Processes.
func (c commands) PauseNode(id string) error { return c.run(c.have.Pause, id) }

// ResumeNode implements Processes.
func (c commands) ResumeNode(id string) error { return c.run(c.have.Resume, id) }

// Running implements Processes. Nobody asks, as above.
func (c commands) Running(string) bool { return true }

// lines are cut and joined by commands.
type lines struct{ commands }

// Kind implements Links.
func (lines) Kind() string { return "commands" }

// Cut implements Links.
func (l lines) Cut(from, to string) error {
	return fault.Run(context.WithoutCancel(l.ctx), l.have.Cut, fault.Target{From: from, To: to, Node: from, Site: l.site[from]})
}

// Slow implements Links.
func (lines) Slow(string, string, fault.Slowness) (fault.Slowness, error) {
	return fault.Slowness{}, fault.ErrUnavailable
}

// Heal implements Links.
func (l lines) Heal() error {
	return fault.Run(context.WithoutCancel(l.ctx), l.have.Heal, fault.Target{})
}

// OpenNamed takes a cluster by its operator's directory and the operator's own commands.
// A fault that there is no command to take back is not made.
func OpenNamed(ctx context.Context, client *adminclient.Client, have fault.Commands) *Target {
	c := commands{ctx: ctx, have: have, site: map[string]string{}}
	for _, m := range client.Topology().Members {
		c.site[m.ID] = m.Site
	}
	why := "the file of commands has none for it, or none that takes it back"
	t := &Target{Kind: "a named cluster", Operator: client, LoadKind: probing, Blind: blind(),
		Why:  map[Need]string{NeedProcess: why, NeedPause: why, NeedNetwork: why, NeedSlow: why},
		Load: func(ctx context.Context) (Load, error) { return startProbes(ctx, client) }}
	if len(have.Kill) > 0 && len(have.Start) > 0 {
		t.Processes = c
		t.Pauses = len(have.Pause) > 0 && len(have.Resume) > 0
	}
	if len(have.Cut) > 0 && len(have.Heal) > 0 {
		t.Links = lines{c}
	}
	return t
}
