package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

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
		c.renewNode(),
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

// renewed is what certificate node prints.
type renewed struct {
	Node        string `json:"node"`
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Until       string `json:"until"`
}

func (c *cli) renewNode() *cobra.Command {
	var dir string
	var browsers bool
	var valid validity
	cmd := &cobra.Command{
		Use:   "node NODE --dir DIR",
		Short: "Renew a node's certificate, or with --client the one that browsers see",
		Long: `Renew a node's certificate, or with --client the one that browsers see.

The new key and the new certificate are put in place of those in DIR/NODE/tls. A node
that runs on that directory takes them up within seconds and is not restarted. On another
machine, copy both there under other names and rename them, the key first and the
certificate last. tvilling doctor says what was taken up, and what is wrong if it was not.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if dir == "" {
				return usage("--dir names the directory that init wrote to: the authority's key is there")
			}
			done, err := pki.RenewNode(dir, args[0], time.Duration(valid), browsers)
			if err != nil {
				return err
			}
			out := renewed{args[0], done.Certificate, done.Key, done.Until.UTC().Format(time.RFC3339)}
			return c.print(out, func(w io.Writer) {
				fmt.Fprintf(w, "certificate\t%s\nkey\t%s\nvalid until\t%s\n", out.Certificate, out.Key, out.Until)
			})
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`directory` that init wrote to")
	cmd.Flags().BoolVar(&browsers, "client", false, "renew the certificate that browsers see")
	cmd.Flags().Var(&valid, "valid", validityHelp)
	c.formatFlag(cmd)
	return cmd
}

// validityHelp says how one is written.
const validityHelp = "for how long certificates are valid: `time` such as 90d or 12h (default two years)"

// validity is a time in days, or as Go writes it.
type validity time.Duration

// String implements pflag.Value.
func (v *validity) String() string {
	if *v == 0 {
		return ""
	}
	return time.Duration(*v).String()
}

// Type implements pflag.Value.
func (*validity) Type() string { return "time" }

// Set implements pflag.Value.
func (v *validity) Set(text string) error {
	if number, is := strings.CutSuffix(text, "d"); is {
		days, err := strconv.ParseUint(number, 10, 16)
		if err != nil || days == 0 {
			return fmt.Errorf("%q is no number of days", text)
		}
		*v = validity(time.Duration(days) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second {
		return fmt.Errorf("%q is no time of a second or more", text)
	}
	*v = validity(d)
	return nil
}
