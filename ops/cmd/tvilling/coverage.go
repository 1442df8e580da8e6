package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

func (c *cli) coverage() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "Which care provider shows which information since when",
		Long: `Which care provider shows which information since when.

From this table, and never from anything about a patient, the client says of an empty
section that a care provider does not show that information.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.coverageList(), c.coveragePut())
	return cmd
}

func (c *cli) coverageList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print the table",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return answer(c, func(client *adminclient.Client) (admin.CoverageTable, error) {
				return client.Coverage(cmd.Context(), c.node)
			}, printCoverage)
		},
	}
	c.operatorFlags(cmd)
	return cmd
}

func printCoverage(w io.Writer, table admin.CoverageTable) {
	fmt.Fprintln(w, "CARE PROVIDER\tNAME\tCONTRACT\tSINCE\tUNTIL")
	for _, r := range table.Rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.CareProvider, r.Name, r.Contract, r.Since, dash(r.Until))
	}
}

func (c *cli) coveragePut() *cobra.Command {
	check := false
	cmd := &cobra.Command{
		Use:   "put FILE",
		Short: "Replace the table with a file's",
		Long: `Replace the table with a file's. FILE may be - for standard input.

  [[coverage]]
  care_provider = "SE0000000101-P001"
  name = "Region Norrmark"
  contract = "GetDiagnosis"
  since = "2024-01-31"
  until = "2025-12-31"   # inclusive; left out: it still does

Every fault of the file is told at once, and nothing is replaced while there is one.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			table, err := c.coverageFile(args[0])
			if err != nil {
				return err
			}
			if check {
				return c.print(table, func(w io.Writer) { fmt.Fprintf(w, "%s: %d rows, no fault\n", args[0], len(table.Rows)) })
			}
			return answer(c, func(client *adminclient.Client) (admin.Done, error) {
				return client.PutCoverage(cmd.Context(), c.node, table)
			}, func(w io.Writer, done admin.Done) {
				fmt.Fprintf(w, "%d rows: done at index %d\n", len(table.Rows), done.Index)
			})
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "look for faults alone; ask no node")
	c.operatorFlags(cmd)
	return cmd
}

// coverageFile reads and checks a table. A fault in it is a command line that names a
// file that cannot be used.
func (c *cli) coverageFile(path string) (admin.CoverageTable, error) {
	raw, err := readFile(path, c.in)
	if err != nil {
		return admin.CoverageTable{}, usage("%v", err)
	}
	var table admin.CoverageTable
	err = toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(&table)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		return admin.CoverageTable{}, usage("%s:\n%s", path, unknown.String())
	case errors.As(err, &wrong):
		return admin.CoverageTable{}, usage("%s:\n%s", path, wrong.String())
	case err != nil:
		return admin.CoverageTable{}, usage("%s: %v", path, err)
	}
	if _, err := table.Parse(); err != nil {
		return admin.CoverageTable{}, usage("%s: %v", path, err)
	}
	if len(table.Rows) == 0 {
		return admin.CoverageTable{}, usage("%s: no [[coverage]] in it: it would replace the table with nothing", path)
	}
	return table, nil
}
