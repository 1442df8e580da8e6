package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/demo"
)

func (c *cli) demoNode() *cobra.Command {
	var dir, binary string
	cmd := &cobra.Command{
		Use:   "node start|stop|kill|pause|resume|replace ID",
		Short: "Do something with a node of a demo that runs on this machine",
		Long: `Do something with a node of a demo that runs on this machine, whose directory --dir
names.

  start    start a node that does not run
  stop     ask it to end; its addresses refuse until it is started again
  kill     end it as a power cut does
  pause    stop its process where it stands, as a machine that hangs
  resume   let a paused one go on
  replace  ask it to end and start it again, with --binary FILE if one is named; its
           addresses are held meanwhile, and who connects waits and is not refused`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			act := demo.Act(args[0])
			switch {
			case !slices.Contains(demo.Acts(), act):
				return usage("a node of the demo can be told %v, not %q", demo.Acts(), args[0])
			case dir == "":
				return usage("which demo? Name its directory with --dir; it said so when it started")
			case binary != "" && act != demo.ActReplace:
				return usage("--binary goes with replace")
			}
			state, err := demo.Order(cmd.Context(), dir, act, args[1], binary)
			if err != nil {
				return err
			}
			return c.print(state, func(w io.Writer) {
				if state.PID == 0 {
					fmt.Fprintf(w, "%s does not run\n", state.Node)
					return
				}
				fmt.Fprintf(w, "%s runs %s as process %d\n", state.Node, state.Binary, state.PID)
			})
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the demo's `directory`")
	cmd.Flags().StringVar(&binary, "binary", "", "replace: `file` to run instead")
	c.formatFlag(cmd)
	return cmd
}
