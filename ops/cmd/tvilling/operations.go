package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/operations"
	"tvilling/ops/internal/release"
)

func (c *cli) operations() *cobra.Command {
	var listen string
	var reports []string
	cmd := &cobra.Command{
		Use:   "operations",
		Short: "Show the cluster live in a browser on this machine",
		Long: `Show the cluster live in a browser on this machine: sites, nodes, leader, lag, feeds,
versions, backups and the last drills and releases. The page only looks: it asks the
cluster with the operator's certificate, and is served on loopback alone. Ctrl-C ends it.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			server, err := operations.New(client, append(reports, release.Home(c.operator))...)
			if err != nil {
				return err
			}
			l, err := operations.Listen(listen)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Open http://%s in a browser on this machine. Ctrl-C ends it.\n", l.Addr())
			return server.Run(cmd.Context(), l)
		},
	}
	c.operatorFlags(cmd)
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8490", "`address` on loopback")
	cmd.Flags().StringSliceVar(&reports, "reports", nil, "`directory` with the reports of drills; may be repeated (this operator's releases are shown too)")
	return cmd
}
