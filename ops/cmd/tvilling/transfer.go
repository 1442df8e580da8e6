package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tvilling/protocol/admin"
)

func (c *cli) transfer() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "transfer NODE",
		Short: "Move leadership to a data node that has caught up",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			if err := client.Transfer(cmd.Context(), c.node, args[0]); err != nil {
				return err
			}
			return c.print(admin.Transfer{To: args[0]}, func(w io.Writer) { fmt.Fprintf(w, "%s leads\n", args[0]) })
		},
	}
	c.operatorFlags(cmd)
	return cmd
}
