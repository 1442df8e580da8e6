package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

func (c *cli) log() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "log",
		Short: "Read the access log, take it out, verify it",
		Args:  none,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.logList(), c.logReport(), c.logCheckpoint(), c.logExport(), c.logProve(), c.logConsistency(), c.logVerify())
	return cmd
}

// maxRecordPage is the most entries that a node gives at a time.
const maxRecordPage = 1000

func (c *cli) logList() *cobra.Command {
	var after uint64
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print a page of the access log: what was decided, why, on which state",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > maxRecordPage {
				return usage("--limit is 1 to %d", maxRecordPage)
			}
			return answer(c, func(client *adminclient.Client) (admin.Record, error) {
				return client.Record(cmd.Context(), c.node, after, limit)
			}, func(w io.Writer, page admin.Record) {
				fmt.Fprintln(w, "SEQUENCE\tINDEX\tAT\tACTIVITY\tOUTCOME\tREASON\tBASIS\tVIEW\tNODE\tDECIDED AT\tID")
				for _, e := range page.Entries {
					fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
						e.Sequence, e.Index, e.At, e.Activity, e.Outcome, dash(e.Reason), dash(e.Basis), dash(e.View), e.Node, decidedAt(e), e.ID)
				}
				if len(page.Entries) == limit {
					fmt.Fprintf(w, "\nThere may be more: --after %d\n", page.Next)
				}
			})
		},
	}
	cmd.Flags().Uint64Var(&after, "after", 0, "begin after this `sequence` number")
	cmd.Flags().IntVar(&limit, "limit", 100, "at most this `many` entries, 1 to 1000")
	c.operatorFlags(cmd)
	return cmd
}

// decidedAt is the state that was decided on; an operator's reading rests on none.
func decidedAt(e admin.RecordEntry) string {
	if e.DecidedAt == 0 {
		return "-"
	}
	return strconv.FormatUint(e.DecidedAt, 10)
}
