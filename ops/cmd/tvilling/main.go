// Command tvilling runs, operates and shows a cluster of mirror nodes.
//
// It owns the command line: names, flags, what is printed and the exit codes. Each
// command has a file of its own. It must never hold logic that a test would want
// without a command line around it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "development"

func main() {
	// The first signal asks the command to end; after it, signals are the system's
	// again, so that a second one ends a command that does not.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	c := &cli{in: in, out: out, errs: errs}
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var said *saidError
	if !errors.As(err, &said) {
		fmt.Fprintf(errs, "tvilling: %v\n", err)
		if hint := hintOf(err); hint != "" {
			fmt.Fprintf(errs, "  %s\n", hint)
		}
	}
	return codeOf(err)
}

// args are what cobra calls a command's arguments; ours are all files, ids or none.
var none = cobra.NoArgs
