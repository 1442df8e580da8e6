package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

// watchEvery is how often a drain is looked at while it goes on.
const watchEvery = 250 * time.Millisecond

func (c *cli) drain() *cobra.Command {
	var want admin.Drain
	var within time.Duration
	cmd := &cobra.Command{
		Use:   "drain NODE",
		Short: "Have a node let go of everybody, without a failed request",
		Long: `Have a node let go of everybody, without a failed request: it takes no new
browsers, leadership goes to another data node, its browsers move to other nodes, what
is under way ends. Then its process ends, or stays with --stay until it is replaced, or
taken back by tvilling undrain. A drained node goes on voting and replicating.

If leadership cannot be handed over, nothing is changed. A drain that is under way is
joined. How it goes is shown on standard error.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if within < 0 || within%time.Second != 0 {
				return usage("--within is whole seconds, such as 30s, not %v", within)
			}
			want.WithinSeconds = int(within / time.Second)
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			stop := c.watchDrain(cmd.Context(), client, args[0])
			done, err := client.Drain(cmd.Context(), args[0], want)
			stop()
			if err != nil {
				return err
			}
			return c.print(done, func(w io.Writer) { printDrained(w, args[0], want.Stay, done) })
		},
	}
	c.operatorFlags(cmd)
	_ = cmd.Flags().MarkHidden("node") // the argument says which
	flags := cmd.Flags()
	flags.StringVar(&want.To, "to", "", "data `node` that leads next, if this one does (default: the one that is furthest)")
	flags.DurationVar(&within, "within", 0, "`time` for browsers to move, at most 2m0s (default: the node's own)")
	flags.BoolVar(&want.Stay, "stay", false, "do not end the process")
	return cmd
}

func printDrained(w io.Writer, node string, stays bool, d admin.Draining) {
	took := time.Duration(d.Millis) * time.Millisecond
	fmt.Fprintf(w, "%s is drained, in %v: %d browsers moved, %d were closed. %s leads.\n", node, took, d.Moved, d.Closed, dash(d.Leader))
	if stays {
		fmt.Fprintf(w, "It votes and replicates. Replace it, or take it back with tvilling undrain %s.\n", node)
	} else {
		fmt.Fprintln(w, "Its process ends.")
	}
}

// watchDrain shows on standard error how a drain goes, until stop is called.
func (c *cli) watchDrain(ctx context.Context, client *adminclient.Client, node string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		var last admin.Draining
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			now, err := client.Draining(ctx, node)
			if err != nil || now.Phase == last.Phase && now.Sessions == last.Sessions {
				continue
			}
			last = now
			if now.Phase != admin.PhaseNone {
				fmt.Fprintf(c.errs, "%s: %s, %d browsers left, after %v\n", node, now.Phase, now.Sessions, time.Duration(now.Millis)*time.Millisecond)
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

func (c *cli) undrain() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "undrain NODE",
		Short: "Let a node that was drained take browsers again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return answer(c, func(client *adminclient.Client) (admin.Draining, error) {
				return client.Undrain(cmd.Context(), args[0])
			}, func(w io.Writer, _ admin.Draining) { fmt.Fprintf(w, "%s takes browsers\n", args[0]) })
		},
	}
	c.operatorFlags(cmd)
	_ = cmd.Flags().MarkHidden("node")
	return cmd
}
