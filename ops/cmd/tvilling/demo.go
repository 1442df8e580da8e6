package main

import (
	"os"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/demo"
)

func (c *cli) demo() *cobra.Command {
	o := demo.Options{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run five nodes on this machine with the test patients, until Ctrl-C",
		Long: `Run five nodes on this machine with the test patients, until Ctrl-C. A sixth process
stands in for the services that they are fed from (see tvilling standin --help).

Browsers' ports are the four after the base port. Everything is kept in one
directory, a temporary one unless --dir names another, and is removed at the end.
There is no login: one chooses who to be. No real patient's data belongs in it.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.Binary, err = os.Executable(); err != nil {
				return err
			}
			return demo.Run(cmd.Context(), o, c.out)
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", "", "`directory` to use, which must be empty or not there")
	cmd.Flags().IntVar(&o.BasePort, "base-port", demo.DefaultBasePort, "where the ports begin; 0 takes whatever is free")
	cmd.Flags().BoolVar(&o.LevelAsIs, "level-as-is", false, "do not activate the level of this build")
	cmd.AddCommand(c.demoNode())
	return cmd
}
