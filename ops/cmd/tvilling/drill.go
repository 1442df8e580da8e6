package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/drill"
	"tvilling/ops/internal/fault"
	"tvilling/protocol/admin"
)

// drillOptions are the flags of drill run.
type drillOptions struct {
	all           bool
	reports, logs string
	network       string
	dir, faults   string
	operator      string // of a named cluster; never by the environment: a drill breaks things
	production    string
	next, skewed  string
	load          drill.Work
}

func (c *cli) drill() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Make a fault in a cluster that is at work, and measure what was promised of it",
		Args:  none,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.drillList(), c.drillRun())
	return cmd
}

func (c *cli) drillList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Say which drills there are, what each shows and what it needs",
		Long:  "Say which drills there are, what each shows and what it needs.\n\n" + drill.NeedsHelp(),
		Args:  none,
		RunE: func(*cobra.Command, []string) error {
			all := drill.Scenarios()
			return c.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "DRILL\tNEEDS\tSHOWS")
				for _, s := range all {
					needs := make([]string, len(s.Needs))
					for i, n := range s.Needs {
						needs[i] = string(n)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, strings.Join(needs, ", "), s.Shows)
				}
			})
		},
	}
	c.formatFlag(cmd)
	return cmd
}

func (c *cli) drillRun() *cobra.Command {
	o := drillOptions{load: drill.DefaultWork()}
	cmd := &cobra.Command{
		Use:   "run NAME… | --all",
		Short: "Run drills, and say how each promise was kept",
		Long: `Run drills, one after another, and say how each promise was kept.

Without --dir or --operator each drill makes a cluster of its own on this machine, five
real processes and a workload, and removes it at the end. With --dir it is run against
the demo that runs in a directory (its processes alone). With --operator and --faults it
is run against a cluster of yours: the file says by which commands a node is killed,
started, paused, resumed, cut off and joined again; the work is writes that change
nothing. One in production asks for its name to be typed.

Nothing is begun in a cluster that is not well, and every fault is taken back, also
after Ctrl-C. The exit code is 1 when a promise was not kept, when nobody saw the fault, so
that nothing was proved, and when a fault could not be taken back. A drill that could not
be run is told of as such, and has not passed.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if o.all == (len(names) > 0) {
				return usage("name drills, or all of them with --all (see tvilling drill list)")
			}
			if o.all {
				names = drill.Names()
			}
			scenarios, err := drill.Named(names)
			if err != nil {
				return usage("%v", err)
			}
			return c.runDrills(cmd.Context(), scenarios, o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "run every drill")
	f.StringVar(&o.reports, "reports", "", "write each report to this `directory`: NAME.json and NAME.html")
	f.StringVar(&o.logs, "logs", "", "keep what the nodes of a drill's own cluster said in this `directory`")
	f.StringVar(&o.network, "network", "", "how a cluster of its own is cut: `namespaces` (root, nft) or relays; otherwise the best that there can be")
	f.StringVar(&o.dir, "dir", "", "run against the demo that runs in this `directory`")
	f.StringVar(&o.operator, "operator", "", "run against the cluster of this operator's `directory`")
	f.StringVar(&o.faults, "faults", "", "`file` with the commands that make faults in that cluster")
	f.StringVar(&o.production, "yes-production", "", "the `name` of a cluster in production, instead of typing it")
	f.StringVar(&o.next, "binary", "", "`file` with another build of tvilling, for the drill that releases one")
	f.StringVar(&o.skewed, "skewed", "", "`file` with a build whose clock can be moved (make skewed), for the drill that does (default: tvilling-skewed beside this one)")
	f.IntVar(&o.load.Openers, "openers", o.load.Openers, "how many open patients at once")
	f.IntVar(&o.load.Producers, "senders", o.load.Producers, "how many systems send records at once")
	f.IntVar(&o.load.Streams, "streams", o.load.Streams, "how many views stay open")
	c.formatFlag(cmd)
	return cmd
}

// runDrills runs them in order, and prints all figures at the end.
func (c *cli) runDrills(ctx context.Context, scenarios []drill.Scenario, o drillOptions) error {
	open, err := c.drillTarget(ctx, o)
	if err != nil {
		return err
	}
	reports := []drill.Report{}
	for _, s := range scenarios {
		if ctx.Err() != nil {
			break
		}
		fmt.Fprintf(c.errs, "\n%s: %s\n", s.Name, s.Shows)
		r := c.oneDrill(ctx, s, open, o)
		fmt.Fprintf(c.errs, "%s: %s\n", s.Name, r.Says())
		for _, reason := range r.Reasons {
			fmt.Fprintf(c.errs, "  %s\n", reason)
		}
		reports = append(reports, r)
		if o.reports != "" {
			if err := drill.Save(o.reports, r); err != nil {
				return fmt.Errorf("writing the report: %w", err)
			}
		}
	}
	words := func(w io.Writer) {
		drill.Table(w, reports)
		for _, r := range reports {
			drill.Phases(w, r)
		}
	}
	filed := make([]any, len(reports))
	for i, r := range reports {
		filed[i] = r.Filed()
	}
	if err := c.print(filed, words); err != nil {
		return err
	}
	if drill.AnyFailed(reports) {
		return &saidError{exitFailed}
	}
	return ctx.Err()
}

// opener makes what a drill is run against.
type opener func(drill.Scenario) (*drill.Target, func() error, error)

// oneDrill runs one drill in what is made for it. What cannot be made is its outcome.
func (c *cli) oneDrill(ctx context.Context, s drill.Scenario, open opener, o drillOptions) drill.Report {
	failed := drill.Report{Name: s.Name, Shows: s.Shows, Outcome: drill.NotRun, Began: time.Now().UTC()}
	target, end, err := open(s)
	if err != nil {
		failed.Reasons = []string{err.Error()}
		return failed
	}
	r := drill.Run(ctx, s, target, func(line string) { fmt.Fprintln(c.errs, line) })
	if o.logs != "" {
		err = drill.KeepLogs(target, o.logs, s.Name)
	}
	if endErr := end(); endErr != nil || err != nil {
		r.Remarks = append(r.Remarks, fmt.Sprintf("Cleaning up: %v, %v.", err, endErr))
	}
	return r
}

// drillTarget says how a drill gets what it is run against.
func (c *cli) drillTarget(ctx context.Context, o drillOptions) (opener, error) {
	switch {
	case o.dir != "" && o.operator != "", (o.operator == "") != (o.faults == ""), (o.dir != "" || o.operator != "") && o.network != "":
		return nil, usage("either --dir, or --operator with --faults, or neither; --network is for a cluster of a drill's own")
	case o.dir != "":
		return func(drill.Scenario) (*drill.Target, func() error, error) { return drill.OpenRunning(ctx, o.dir) }, nil
	case o.operator != "":
		return c.namedCluster(ctx, o)
	}
	if o.network != "" {
		n, err := fault.Open(o.network)
		if err != nil {
			return nil, usage("--network: %v", err)
		}
		if err := n.Close(); err != nil {
			return nil, err
		}
	}
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if beside := filepath.Join(filepath.Dir(binary), "tvilling-skewed"); o.skewed == "" && isFile(beside) {
		o.skewed = beside
	}
	return func(s drill.Scenario) (*drill.Target, func() error, error) {
		return drill.OpenOwn(ctx, drill.Own{Binary: binary, Network: o.network, Work: o.load, Next: o.next, Skewed: o.skewed}, s)
	}, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// namedCluster takes an operator's cluster, once its name was typed if it is in
// production.
func (c *cli) namedCluster(ctx context.Context, o drillOptions) (opener, error) {
	have, err := fault.ReadCommands(o.faults)
	if err != nil {
		return nil, usage("%v", err)
	}
	client, err := adminclient.Open(o.operator)
	if err != nil {
		return nil, err
	}
	if t := client.Topology(); t.Environment == admin.Production {
		typed := o.production
		if typed == "" {
			fmt.Fprintf(c.errs, "%s is in production. Type its name to make faults in it: ", t.Cluster)
			line, err := bufio.NewReader(io.LimitReader(c.in, 1<<10)).ReadString('\n')
			if err != nil && line == "" {
				return nil, usage("no name was typed: nothing was done")
			}
			typed = strings.TrimSpace(line)
		}
		if typed != t.Cluster {
			return nil, usage("that is not its name: nothing was done")
		}
	}
	return func(drill.Scenario) (*drill.Target, func() error, error) {
		return drill.OpenNamed(ctx, client, have), func() error { return nil }, nil
	}, nil
}
