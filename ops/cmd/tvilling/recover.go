package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tvilling/node"
	"tvilling/protocol/admin"
)

// recovery are the flags of recover and rejoin.
type recovery struct{ config, node, data, material, yes string }

func (c *cli) recover() *cobra.Command {
	var f recovery
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Make a new generation of the cluster out of one member, after a lost quorum",
		Long: `Make a new generation of the cluster out of one member, after a lost quorum.

  1. Be sure that the lost members cannot come back unseen, or fence them.
  2. Stop the nodes that are left.
  3. tvilling recover inspect --data DIR        on each: choose the most advanced one
  4. tvilling recover --config FILE --node ID --data DIR          on that one, alone,
     as the user that its node runs as: sudo -u tvilling …
  5. Start that node. When it leads, start the others: they notice that their log was
     superseded, start again by themselves, set it aside and join, empty.
     Lost members are started with an empty directory.

It refuses while members answer that can go on without it. What the chosen member has
in its log is kept, whether it was acknowledged or not; what it lacks is lost to the
cluster, and stays in the directories that the others set aside. It may be run again
after a crash.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := f.nodeConfig()
			if err != nil {
				return err
			}
			return c.runRecover(cmd.Context(), f, config)
		},
	}
	f.flags(cmd)
	c.formatFlag(cmd)
	cmd.AddCommand(c.recoverInspect(), c.recoverRejoin())
	return cmd
}

func (f *recovery) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "cluster `file`")
	flags.StringVar(&f.node, "node", "", "which member of the cluster this is")
	flags.StringVar(&f.data, "data", "", "its data `directory`; its node must not be running")
	flags.StringVar(&f.material, "tls", "", "`directory` with tls/ (default: the cluster file's)")
	flags.StringVar(&f.yes, "yes-recover", "", "the cluster's `name`, instead of typing it")
}

func (f *recovery) nodeConfig() (node.Config, error) {
	if f.config == "" || f.node == "" || f.data == "" {
		return node.Config{}, usage("name the cluster file, the member and its data: --config FILE --node ID --data DIR")
	}
	if err := ownUser(f.data, os.Geteuid()); err != nil {
		return node.Config{}, err
	}
	topology, err := admin.LoadTopology(f.config)
	if err != nil {
		return node.Config{}, err
	}
	if f.material == "" {
		f.material = filepath.Dir(f.config)
	}
	return node.Config{Topology: topology, Self: f.node, DataDir: f.data, Material: f.material, Version: version}, nil
}

// runRecover shows what there is, has the cluster's name typed, and recovers.
func (c *cli) runRecover(ctx context.Context, f recovery, config node.Config) error {
	survivor, err := node.InspectData(config.DataDir)
	if err != nil {
		return err
	}
	c.printSurvivor(survivor)
	if err := c.printAnswers(ctx, config); err != nil {
		return err
	}
	fmt.Fprintf(c.errs, "\nThis makes generation %d of cluster %s out of %s alone. What only other members have is lost to it.\n",
		survivor.Generation+1, config.Topology.Cluster, config.Self)
	if err := c.typed(config.Topology.Cluster, f.yes); err != nil {
		return err
	}
	done, err := node.Recover(ctx, config, func(done, total uint64) {
		fmt.Fprintf(c.errs, "replayed %d of %d\n", done, total)
	})
	if err != nil {
		return err
	}
	return c.print(done, func(w io.Writer) {
		if !done.Made {
			fmt.Fprintf(w, "%s is generation %d by itself already: nothing was done\n", done.Node, done.Generation)
		} else {
			fmt.Fprintf(w, "%s is generation %d of the cluster\n", done.Node, done.Generation)
		}
		fmt.Fprintf(w, "Start it; when it leads, start the others. They set their logs aside and join.\n")
	})
}

func (c *cli) printAnswers(ctx context.Context, config node.Config) error {
	others, err := node.Answers(ctx, config)
	if err != nil {
		return err
	}
	for _, o := range others {
		switch {
		case !o.Answers:
			fmt.Fprintf(c.errs, "%s does not answer\n", o.Member)
		case o.Leader:
			fmt.Fprintf(c.errs, "%s answers: generation %d, at index %d, with a leader\n", o.Member, o.Generation, o.Index)
		default:
			fmt.Fprintf(c.errs, "%s answers: generation %d, at index %d, without a leader\n", o.Member, o.Generation, o.Index)
		}
	}
	return nil
}

func (c *cli) printSurvivor(s node.Survivor) { writeSurvivor(c.errs, s) }

func writeSurvivor(w io.Writer, s node.Survivor) {
	fmt.Fprintf(w, "generation     %d (%s)\n", s.Generation, s.ID[:8])
	fmt.Fprintf(w, "last entry     term %d, index %d, written %s\n", s.LastTerm, s.LastIndex, dash(s.LastWritten))
	fmt.Fprintf(w, "voters         %s\n", strings.Join(s.Voters, " "))
	if s.StateKnown {
		fmt.Fprintf(w, "access log     %d entries at index %d, root %s\n", s.LogEntries, s.AppliedIndex, s.LogRoot)
	} else {
		fmt.Fprintln(w, "access log     not known: the state is made anew of the log when the node starts")
	}
	switch {
	case s.Superseded > 0:
		fmt.Fprintf(w, "superseded by generation %d: set aside at the next start\n", s.Superseded)
	case s.Recovering > 0:
		fmt.Fprintf(w, "a recovery to generation %d was begun and has not ended: run it again\n", s.Recovering)
	case s.Joining:
		fmt.Fprintln(w, "it waits to be taken in, and may lack what it once had: do not recover it")
	}
}

func (c *cli) recoverInspect() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Say how far a member's data goes, its node being stopped",
		Long: `Say how far a member's data goes, its node being stopped.

Of the same generation, the one with the higher term of its last entry, then with the
higher index, has everything that the others have and that was acknowledged.`,
		Args: none,
		RunE: func(*cobra.Command, []string) error {
			if data == "" {
				return usage("which data? Name its directory with --data")
			}
			s, err := node.InspectData(data)
			if err != nil {
				return err
			}
			return c.print(s, func(w io.Writer) { writeSurvivor(w, s) })
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data `directory`")
	c.formatFlag(cmd)
	return cmd
}

func (c *cli) recoverRejoin() *cobra.Command {
	var f recovery
	cmd := &cobra.Command{
		Use:   "rejoin",
		Short: "Set a member's data aside, so that it joins the generation that has a leader",
		Long: `Set a member's data aside, so that it joins the generation that has a leader.

A node that notices that it was superseded does this by itself. It does not while its
own generation has a quorum, or while two later ones exist: then an operator decides,
and runs this on those that are to give in. Nothing is deleted: the data is moved to
DIR/superseded-NUMBER.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := f.nodeConfig()
			if err != nil {
				return err
			}
			if err := c.printAnswers(cmd.Context(), config); err != nil {
				return err
			}
			fmt.Fprintf(c.errs, "\nThis sets the data of %s in cluster %s aside.\n", config.Self, config.Topology.Cluster)
			if err := c.typed(config.Topology.Cluster, f.yes); err != nil {
				return err
			}
			done, err := node.Rejoin(cmd.Context(), config)
			if err != nil {
				return err
			}
			return c.print(done, func(w io.Writer) {
				if done.Into != "" {
					fmt.Fprintf(w, "the log of generation %d is in %s (%d entries of the access log, root %s)\n",
						done.Aside.Generation, done.Into, done.Aside.LogEntries, dash(done.Aside.LogRoot))
				}
				fmt.Fprintf(w, "%s joins generation %d when it is started\n", done.Node, done.Generation)
			})
		},
	}
	f.flags(cmd)
	c.formatFlag(cmd)
	return cmd
}
