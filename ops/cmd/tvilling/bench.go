package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/bench"
)

func (c *cli) bench() *cobra.Command {
	o := bench.DefaultOptions()
	var file, browser string
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure five nodes on this machine, and hold the figures against the aims",
		Long: `Measure five nodes on this machine, and hold the figures against the aims.

The nodes are processes of their own, on synthetic patients, in a directory that is
removed at the end. This process drives them. An aim that is missed is no error.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.Binary, err = os.Executable(); err != nil {
				return err
			}
			for _, name := range o.Only {
				if !slices.Contains(bench.Sections(), name) {
					return usage("--only names sections, and %q is none: %s", name, strings.Join(bench.Sections(), ", "))
				}
			}
			if o.Blocks < 1 || o.Blocks > bench.MaxBlocks || o.Views < 1 {
				return usage("--blocks is 1 to %d, and --views at least 1", bench.MaxBlocks)
			}
			seen, err := bench.LoadBrowser(browser)
			if err != nil {
				return usage("--browser: %v", err)
			}
			report, err := bench.Run(cmd.Context(), o, c.out)
			if err != nil {
				return err
			}
			report.Version, report.Browser = version, seen
			report.Judge()
			if file != "" {
				if err := bench.Save(file, report); err != nil {
					return fmt.Errorf("writing the report: %w", err)
				}
			}
			return report.Print(c.out)
		},
	}
	cmd.Flags().StringVar(&file, "json", "", "write the report to this `file` too")
	cmd.Flags().StringVar(&browser, "browser", "", "`file` with what a browser saw, to put in the report")
	cmd.Flags().StringVar(&o.Dir, "dir", "", "`directory` to use, which must be empty or not there; it decides which disk is measured")
	cmd.Flags().IntVar(&o.BasePort, "base-port", bench.DefaultBasePort, "where the ports begin; 0 takes whatever is free")
	cmd.Flags().DurationVar(&o.Window, "window", o.Window, "how long each figure is measured")
	cmd.Flags().IntVar(&o.Kills, "kills", o.Kills, "how many times the leader is killed")
	cmd.Flags().IntSliceVar(&o.AtOnce, "at-once", o.AtOnce, "how many senders and openers at once")
	cmd.Flags().IntVar(&o.Blocks, "blocks", o.Blocks, "how many blocks are registered, one after another")
	cmd.Flags().IntVar(&o.Views, "views", o.Views, "how many views are open while they are")
	cmd.Flags().StringSliceVar(&o.Only, "only", nil, "measure these `sections` alone: "+strings.Join(bench.Sections(), ", "))
	return cmd
}
