package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/release"
	"tvilling/protocol/admin"
)

// replaceLocal is the preset of --replace for a demo that runs on this machine.
const replaceLocal = "local"

// releasing are the flags of a release.
type releasing struct {
	to, binary, former string
	replace            string
	accept             []string
	bake, back, within time.Duration
	resume             bool
}

func (c *cli) release() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release",
		Short: "Replace the binary of every node, one at a time, while the cluster serves",
		Long: `Replace the binary of every node, one at a time, while the cluster serves.

  plan    check whether it may begin, and show the order
  run     do it; it halts by itself when something is not as it should be
  status  say how far it has come, and what runs where
  abort   give every replaced node the build that it had

It never activates a level: tvilling members activate is an act of its own. Before it,
going back is allowed; after it, not.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.releasePlan(), c.releaseRun(), c.releaseStatus(), c.releaseAbort())
	return cmd
}

func (r *releasing) buildFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.binary, "binary", "", "`file` to release; it is asked for its version and level")
	cmd.Flags().StringVar(&r.to, "to", "", "`version` to release, where the binary is not on this machine")
	cmd.Flags().StringSliceVar(&r.accept, "accept", nil, "go past these `checks` though they hinder")
}

// wayFlags are how a node is replaced, and what it goes back to.
func (r *releasing) wayFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.replace, "replace", "", "`command` that replaces a node, with {{.Node}} {{.Site}} {{.Host}} {{.Binary}} {{.Version}}; or local, for a demo")
	cmd.Flags().StringVar(&r.former, "former", "", "`file` to go back to (default: what the demo ran, for local)")
}

func (r *releasing) commandFlags(cmd *cobra.Command) {
	r.wayFlags(cmd)
	cmd.Flags().DurationVar(&r.back, "back", 0, "how long a node may take to be back (default 3m, in a demo 1m)")
	cmd.Flags().DurationVar(&r.bake, "bake", 0, "how long a replaced node is watched before the next (default 1m, in a demo 10s)")
	cmd.Flags().DurationVar(&r.within, "within", 0, "how long browsers get to move (default: the node's own)")
}

// build asks what is to be released.
func (r *releasing) build(ctx context.Context) (release.Build, error) {
	if r.binary == "" {
		if r.to == "" {
			return release.Build{}, usage("what is to be released? Name it with --binary FILE, or --to VERSION")
		}
		return release.Build{Version: r.to}, nil
	}
	file, err := filepath.Abs(r.binary)
	if err != nil {
		return release.Build{}, err
	}
	b, err := release.Ask(ctx, file)
	if err == nil && r.to != "" && r.to != b.Version {
		return b, usage("%s is %s, not %s", r.binary, b.Version, r.to)
	}
	return b, err
}

// planned is what plan prints.
type planned struct {
	Checks  []release.Check `json:"checks"`
	Hinders bool            `json:"hinders"`
	Plan    *release.Plan   `json:"plan,omitempty"`
}

// prepare checks and plans.
func (c *cli) prepare(ctx context.Context, client *adminclient.Client, r releasing) (planned, error) {
	b, err := r.build(ctx)
	if err != nil {
		return planned{}, err
	}
	facts, err := release.Gather(ctx, client, b)
	if err != nil {
		return planned{}, err
	}
	if facts.Going, err = release.Unended(c.operator); err != nil {
		return planned{}, err
	}
	checks, err := release.Accept(release.Preflight(facts), r.accept)
	if err != nil {
		return planned{}, err
	}
	out := planned{Checks: checks, Hinders: release.Hindered(checks)}
	p, err := release.Make(facts.Topology, facts.Status, b)
	if err == nil {
		p.ID = release.NewID(facts.Now)
		out.Plan = &p
	} else if !out.Hinders {
		return out, err
	}
	return out, nil
}

func (c *cli) releasePlan() *cobra.Command {
	var r releasing
	cmd := &cobra.Command{
		Use:   "plan --binary FILE|--to VERSION",
		Short: "Check whether a release may begin, and show its order; nothing is done",
		Long: `Check whether a release may begin, and show its order; nothing is done.
With --replace, and --former, the command of every node is made, and checked, as run
would: give them as you will give them to it.
The exit code is 5 when a check hinders.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			p, err := c.prepare(cmd.Context(), client, r)
			if err != nil {
				return err
			}
			if p.Plan != nil && (r.replace != "" || r.former != "") {
				if _, err := c.wayOf(cmd.Context(), client.Topology(), &r, p.Plan); err != nil {
					return err
				}
			}
			if err := c.print(p, func(w io.Writer) { printPlanned(w, p) }); err != nil {
				return err
			}
			if p.Hinders {
				return &saidError{exitUnhealthy}
			}
			return nil
		},
	}
	c.operatorFlags(cmd)
	r.buildFlags(cmd)
	r.wayFlags(cmd)
	return cmd
}

func printPlanned(w io.Writer, p planned) {
	fmt.Fprintln(w, "CHECK\tGRADE\tSAYS")
	for _, k := range p.Checks {
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.Name, k.Grade, k.Says)
	}
	for _, k := range p.Checks {
		if k.Do != "" {
			fmt.Fprintf(w, "\n%s %s: %s\n  %s\n", k.Name, k.Grade, k.Says, k.Do)
		}
	}
	if p.Plan == nil {
		return
	}
	fmt.Fprintln(w, "\nSTEP\tNODE\tSITE\tWHY\tWHAT\tLEADS\tVOTERS LEFT")
	for _, s := range p.Plan.Steps {
		what := s.Does()
		if s.Kind == release.Replaces {
			what = s.From + " -> " + s.Version + ": " + what
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%d (%d needed)\n", s.Number, s.Node, s.Site, s.Why, what, s.Leads, s.Voters, s.Needed)
	}
	if p.Plan.Command != "" {
		fmt.Fprintf(w, "\nEach is replaced by: %s\n", p.Plan.Command)
	}
	fmt.Fprintln(w, "\nNothing is activated by a release. Until tvilling members activate, going back is allowed; after it, not.")
}

func (c *cli) releaseRun() *cobra.Command {
	var r releasing
	cmd := &cobra.Command{
		Use:   "run --binary FILE|--to VERSION --replace COMMAND",
		Short: "Release, node by node; halts by itself",
		Long: `Release, node by node: each is drained, replaced by a command of yours, waited for until
it is back and has what the others have, and watched before the next. It halts by itself
when something is not as it should be, gives a drained node back to its browsers, and
says what runs where. What it does is kept in a journal in the operator's directory;
--resume goes on from it, also after this command was killed.

The exit code is 5 when a check hinders and nothing was done, 1 when it halted.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			if r.resume {
				if r.binary != "" || r.to != "" || r.former != "" || len(r.accept) > 0 {
					return usage("--resume goes on with what was planned: --binary, --to, --former and --accept belong to a new release")
				}
				return c.again(cmd.Context(), client, r, release.Run)
			}
			p, err := c.prepare(cmd.Context(), client, r)
			if err != nil {
				return err
			}
			if p.Hinders {
				if err := c.print(p, func(w io.Writer) { printPlanned(w, p) }); err != nil {
					return err
				}
				return &saidError{exitUnhealthy}
			}
			command, err := c.wayOf(cmd.Context(), client.Topology(), &r, p.Plan)
			if err != nil {
				return err // before there is a journal, which would have to be ended
			}
			j, err := release.Create(c.operator, *p.Plan, p.Checks, time.Now())
			if err != nil {
				return err
			}
			return c.carry(cmd.Context(), carried{client, r, j, command}, release.Run)
		},
	}
	c.operatorFlags(cmd)
	r.buildFlags(cmd)
	r.commandFlags(cmd)
	cmd.Flags().BoolVar(&r.resume, "resume", false, "go on with the release that has not ended")
	return cmd
}

func (c *cli) releaseAbort() *cobra.Command {
	var r releasing
	cmd := &cobra.Command{
		Use:   "abort",
		Short: "Give every replaced node the build that it had; not after its level was activated",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			return c.again(cmd.Context(), client, r, release.Abort)
		},
	}
	c.operatorFlags(cmd)
	r.commandFlags(cmd)
	return cmd
}

// wayOf puts into a plan how nodes are replaced, and makes the command that does it.
func (c *cli) wayOf(ctx context.Context, t admin.Topology, r *releasing, p *release.Plan) (*release.Command, error) {
	if err := c.command(ctx, r, p); err != nil {
		return nil, err
	}
	return commandOf(t, *r, *p)
}

// command puts into a plan how nodes are replaced, and what they ran before.
func (c *cli) command(ctx context.Context, r *releasing, p *release.Plan) error {
	p.Command = r.replace
	var dir string
	if r.replace == replaceLocal {
		if dir = filepath.Dir(filepath.Dir(filepath.Clean(c.operator))); !demo.HasControl(dir) {
			return fmt.Errorf("%w: %s is not of a demo that runs on this machine; --replace takes a command too", demo.ErrNoDemo, c.operator)
		}
		self, err := os.Executable()
		if err != nil {
			return err
		}
		p.Command = fmt.Sprintf("%s demo node replace {{.Node}} --binary '{{.Binary}}' --dir %s", release.Quoted(self), release.Quoted(dir))
	}
	if p.Command == "" {
		return usage("how is a node replaced? Give a command with --replace; ops/docs/releasing.md has examples, and local is for a demo")
	}
	if r.former != "" {
		return r.wayBack(ctx, p)
	}
	if dir != "" {
		for id, was := range p.Former {
			state, err := demo.State(ctx, dir, id)
			if err != nil {
				return err
			}
			was.File = state.Binary
			p.Former[id] = was
		}
	}
	return nil
}

// wayBack puts the file to go back to into a plan. One that can be asked must be what
// runs now: another would be found out when it is needed.
func (r *releasing) wayBack(ctx context.Context, p *release.Plan) (err error) {
	if r.former, err = filepath.Abs(r.former); err != nil {
		return err
	}
	*p = p.WithFormer(r.former)
	if r.binary == "" {
		return nil
	}
	b, err := release.Ask(ctx, r.former)
	if err != nil {
		return err
	}
	for id, was := range p.Former {
		if was.Version != b.Version && !slices.Contains(p.Already, id) {
			return usage("--former %s is %s, and %s runs %s: going back would not be going back", r.former, b.Version, id, was.Version)
		}
	}
	return nil
}

// again takes up the journal of the newest release.
func (c *cli) again(ctx context.Context, client *adminclient.Client, r releasing, do func(context.Context, release.Config) error) (err error) {
	if r.former != "" {
		if r.former, err = filepath.Abs(r.former); err != nil {
			return err
		}
	}
	id, err := release.Latest(c.operator)
	if err != nil {
		return err
	}
	j, err := release.Open(c.operator, id)
	if err != nil {
		return err
	}
	command, err := commandOf(client.Topology(), r, *j.Entries()[0].Plan)
	if err != nil {
		return errors.Join(err, j.Close())
	}
	return c.carry(ctx, carried{client, r, j, command}, do)
}

// commandOf is how nodes are replaced: as it was planned, unless it is said anew.
func commandOf(t admin.Topology, r releasing, p release.Plan) (*release.Command, error) {
	if r.replace != "" && r.replace != replaceLocal {
		p.Command = r.replace
	}
	if r.former != "" {
		p = p.WithFormer(r.former)
	}
	command, err := release.ParseCommand(p.Command)
	if err == nil {
		err = command.Fits(t, p)
	}
	if err != nil {
		return nil, err
	}
	return command, nil
}

// carried is a release that is to go on.
type carried struct {
	client  *adminclient.Client
	asked   releasing
	journal *release.Journal
	command *release.Command
}

// carry runs what is left, keeps the report, and says what runs where.
func (c *cli) carry(ctx context.Context, r carried, do func(context.Context, release.Config) error) (err error) {
	j, topology := r.journal, r.client.Topology()
	defer func() { err = errors.Join(err, j.Close()) }()
	world := &release.Cluster{
		Client: r.client, Command: r.command, Within: r.asked.within,
		Lock: release.CommandLock(c.operator, j.Entries()[0].Plan.ID),
	}
	went := do(ctx, release.Config{
		World: world, Log: j, Topology: topology, Limits: r.asked.limits(topology), Former: r.asked.former,
		Tell: func(e release.Entry) { c.tellEntry(e, len(release.Tell(j.Entries()).Steps)) },
	})
	report := release.Tell(j.Entries())
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if now, err := world.See(look, ""); err == nil {
		report.Where(now)
	}
	if err := report.Keep(c.operator); err != nil {
		return errors.Join(went, err)
	}
	return errors.Join(went, c.print(report, func(w io.Writer) { printReleased(w, report, release.Path(c.operator, report.ID)) }))
}

func (r *releasing) limits(t admin.Topology) release.Limits {
	l := release.DefaultLimits()
	if t.Environment != admin.Production {
		l.Bake, l.Back = 10*time.Second, time.Minute
	}
	if r.bake > 0 {
		l.Bake = r.bake
	}
	if r.back > 0 {
		l.Back = r.back
	}
	return l
}

// tellEntry is progress. Steps are those of the plan, and of the way back.
func (c *cli) tellEntry(e release.Entry, steps int) {
	what := e.At.Local().Format(time.TimeOnly)
	if e.Step > 0 {
		what += fmt.Sprintf(" step %d of %d", e.Step, steps)
	}
	if e.Node != "" {
		what += " " + e.Node
	}
	text := strings.TrimSpace(e.Text)
	if e.Sign != "" {
		text = e.Sign + ": " + text
	}
	if text != "" {
		lines := strings.Split(text, "\n") // what a command said, on whichever machine
		for i := range lines {
			lines[i] = strings.Map(visible, lines[i])
		}
		text = ": " + strings.Join(lines, "\n    ")
	}
	fmt.Fprintf(c.errs, "%s %s %s%s\n", what, e.Act, e.Mark, text)
}

func (c *cli) releaseStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how far the newest release has come, and what runs where",
		Long:  "Say how far the newest release has come, and what runs where. The exit code is 5 when it halted,\nor was ended in the middle and nobody works on it.",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			id, err := release.Latest(c.operator)
			if err != nil {
				return err
			}
			entries, err := release.Read(c.operator, id)
			if err != nil {
				return err
			}
			worked, err := release.Worked(c.operator, id)
			if err != nil {
				return err
			}
			report := release.Tell(entries)
			report.Worked(worked)
			now, err := (&release.Cluster{Client: client}).See(cmd.Context(), "")
			if err == nil {
				report.Where(now)
			}
			err = errors.Join(err, c.print(report, func(w io.Writer) { printReleased(w, report, release.Path(c.operator, id)) }))
			if err == nil && (report.State == release.Halted || report.Interrupted(worked)) {
				return &saidError{exitUnhealthy}
			}
			return err
		},
	}
	c.operatorFlags(cmd)
	return cmd
}

func printReleased(w io.Writer, r release.Report, kept string) {
	ms := func(n int64) string {
		if n == 0 {
			return "-"
		}
		return (time.Duration(n) * time.Millisecond).Round(10 * time.Millisecond).String()
	}
	fmt.Fprintf(w, "release %s of %s on %s: %s\n", r.ID, r.Version, r.Cluster, r.State)
	fmt.Fprintf(w, "took %v, the longest that a write took %s\n\n", r.Ended.Sub(r.Began).Round(time.Second), ms(r.PauseMS))
	fmt.Fprintln(w, "STEP\tNODE\tWHAT\tSTATE\tTOOK\tDRAINED\tAWAY\tLONGEST WRITE\tLED")
	for _, s := range r.Steps {
		what := "leads"
		if s.Kind == release.Replaces {
			what = s.From + " -> " + s.Version
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Number, s.Node, what, s.State, ms(s.TookMS), ms(s.DrainedMS), ms(s.AwayMS), ms(s.PauseMS), dash(s.Led))
	}
	for _, h := range r.Halts {
		fmt.Fprintf(w, "\nhalted at step %d (%s): %s\n  %s\n", h.Step, dash(h.Node), h.Sign, h.Text)
	}
	if len(r.Now) > 0 {
		fmt.Fprintln(w, "\nNODE\tRUNS\tIT")
	}
	for _, n := range r.Now {
		fmt.Fprintf(w, "%s\t%s\t%s\n", n.Node, dash(n.Version), n.Is)
	}
	fmt.Fprintln(w)
	for _, n := range r.Next {
		fmt.Fprintln(w, n)
	}
	fmt.Fprintf(w, "\njournal and report: %s\n", kept)
}
