package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tvilling/node"
	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/operations"
	"tvilling/ops/internal/pki"
	"tvilling/ops/internal/release"
	"tvilling/ops/internal/sourceclient"
	"tvilling/ops/internal/standin"
	"tvilling/protocol/admin"
)

// Exit codes. They are part of the interface: scripts look at them.
const (
	exitOK          = 0
	exitFailed      = 1 // it could not be done; the message says why
	exitUsage       = 2 // the command line or a file that it names cannot be used
	exitUnreachable = 3 // no node answers: nothing is known
	exitRefused     = 4 // a node answered no, with a TV code
	exitUnhealthy   = 5 // status, doctor: something is broken; verify: something does not hold; release: a check hinders, or it stands halted
)

const exitHelp = `Exit codes:
  0  done
  1  it could not be done; the message says why
  2  the command line, or a file that it names, cannot be used
  3  no node answers: nothing is known, nothing was done
  4  a node refused, with a TV code and what to do
  5  status, doctor: something is broken; verify: something does not hold;
     release: a check hinders it, or it stands halted
`

// operatorVariable names the environment variable for an operator's directory.
const operatorVariable = "TVILLING_OPERATOR"

// cli is one run of the command.
type cli struct {
	in        io.Reader
	out, errs io.Writer
	operator  string
	node      string
	format    string
}

// saidError is an error that the command has told of already.
type saidError struct{ code int }

func (e *saidError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// usageError is a command line that cannot be used.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "tvilling",
		Short:         "A mirror node for the national patient overview: run it, operate it, try it",
		Long:          "A mirror node for the national patient overview: run it, operate it, try it.\n\n" + exitHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          none,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(c.out)
	root.SetErr(c.errs)
	root.SetIn(c.in)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%v (see %s --help)", err, cmd.CommandPath())
	})
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(c.serve(), c.initialise(), c.demo(), c.standin(), c.status(), c.members(), c.transfer(), c.drain(), c.undrain(),
		c.source(), c.certificate(), c.handOver(), c.coverage(), c.announce(), c.feedback(), c.log(), c.backup(), c.restore(), c.recover(), c.explain(), c.doctor(), c.support(), c.operations(), c.drill(), c.bench(), c.release(), c.version())
	checkArguments(root)
	return root
}

// checkArguments makes wrong arguments a command line that cannot be used, everywhere.
func checkArguments(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usage("%v (see %s --help)", err, cmd.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		checkArguments(sub)
	}
}

// operatorFlags are the flags of a command that asks a cluster.
func (c *cli) operatorFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.operator, "operator", os.Getenv(operatorVariable), "operator's `directory`, as init wrote it (or "+operatorVariable+")")
	cmd.Flags().StringVar(&c.node, "node", "", "ask this `node` alone; otherwise the first that answers")
	c.formatFlag(cmd)
}

func (c *cli) formatFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.format, "format", "text", "`text` or json")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if c.format != "text" && c.format != "json" {
			return usage("--format is text or json, not %q", c.format)
		}
		return nil
	}
}

// ask opens the operator's directory.
func (c *cli) ask() (*adminclient.Client, error) {
	if c.operator == "" {
		return nil, usage("which cluster? Name an operator's directory with --operator or %s; tvilling init makes one", operatorVariable)
	}
	return adminclient.Open(c.operator)
}

// answer asks the cluster one thing, and prints what it answers.
func answer[T any](c *cli, ask func(*adminclient.Client) (T, error), words func(w io.Writer, value T)) error {
	client, err := c.ask()
	if err != nil {
		return err
	}
	defer client.Close()
	value, err := ask(client)
	if err != nil {
		return err
	}
	return c.print(value, func(w io.Writer) { words(w, value) })
}

// print writes a value as JSON, or as the text that the function makes of it.
func (c *cli) print(value any, text func(w io.Writer)) error {
	if c.format == "json" {
		e := json.NewEncoder(c.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(value)
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	text(w)
	return w.Flush()
}

// codeOf is the exit code for an error.
func codeOf(err error) int {
	var said *saidError
	var wrong *usageError
	var problem *adminclient.ProblemError
	var refused *sourceclient.RefusedError
	switch {
	case errors.As(err, &said):
		return said.code
	case errors.As(err, &wrong), errors.Is(err, adminclient.ErrOperator), errors.Is(err, admin.ErrTopology),
		errors.Is(err, sourceclient.ErrFiles), errors.Is(err, sourceclient.ErrNowhere), errors.Is(err, node.ErrConfig),
		errors.Is(err, operations.ErrLoopback),
		errors.Is(err, standin.ErrFile), errors.Is(err, standin.ErrLoopback),
		errors.Is(err, release.ErrTemplate), errors.Is(err, release.ErrAccept), errors.Is(err, release.ErrBinary), errors.Is(err, release.ErrNone),
		errors.Is(err, adminclient.ErrNoMember), errors.Is(err, adminclient.ErrWitness), errors.Is(err, pki.ErrID), errors.Is(err, pki.ErrName),
		errors.Is(err, pki.ErrMember), errors.Is(err, pki.ErrInClear), errors.Is(err, pki.ErrTooShort):
		return exitUsage
	case errors.As(err, &problem), errors.As(err, &refused): // also where every node answered, and none can now
		return exitRefused
	case errors.Is(err, adminclient.ErrUnreachable), errors.Is(err, sourceclient.ErrNoAnswer):
		return exitUnreachable
	}
	return exitFailed
}

// hintOf says what to do about an error that does not say it itself.
func hintOf(err error) string {
	switch {
	case errors.Is(err, adminclient.ErrUnreachable):
		return "Are the nodes running, and can this machine reach their admin addresses?"
	case errors.Is(err, sourceclient.ErrNoAnswer):
		return "Send it again: the same answer twice changes nothing."
	case errors.Is(err, adminclient.ErrOperator):
		return "An operator's directory holds cluster.toml and tls/ as tvilling init wrote them."
	case errors.Is(err, pki.ErrExists):
		return "Choose an empty directory: what was made once is never overwritten."
	case errors.Is(err, release.ErrBusy):
		return "One tvilling works on a release at a time: wait for it, or end it and go on with --resume."
	case errors.Is(err, release.ErrNone):
		return "tvilling release plan shows what one would be."
	case errors.Is(err, demo.ErrNoDemo):
		return "The demo says which directory it uses when it starts; it must still run."
	case errors.Is(err, demo.ErrPort):
		return "End what uses it, or choose other ports with --base-port."
	}
	return ""
}
