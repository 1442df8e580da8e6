package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/pki"
)

func (c *cli) certificate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "certificate",
		Short: "Issue certificates from the authorities that init made",
		Args:  none,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		c.issue("source HSA-ID", "for a source system, or for an agent that connects systems for others", pki.IssueSource),
		c.issue("operator NAME", "for a further operator, or for a program that reads /metrics: a directory for --operator", pki.IssueOperator),
		c.issue("staff HSA-ID", "for a member of staff, where no national one is used", func(dir, id string) (pki.Issued, error) {
			return pki.IssueStaff(dir, id, id)
		}))
	return cmd
}

func (c *cli) issue(use, short string, issue func(dir, id string) (pki.Issued, error)) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   use,
		Short: "Issue a certificate " + short,
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if dir == "" {
				return usage("--dir names the directory that init wrote to: the authority's key is there")
			}
			issued, err := issue(dir, args[0])
			if err != nil {
				return err
			}
			return c.print(issued, func(w io.Writer) {
				fmt.Fprintf(w, "certificate\t%s\nkey\t%s\n", issued.Certificate, issued.Key)
			})
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`directory` that init wrote to")
	c.formatFlag(cmd)
	return cmd
}
