package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/support"
)

func (c *cli) support() *cobra.Command {
	var out string
	var logs []string
	cmd := &cobra.Command{
		Use:   "support-bundle --out FILE.tar.gz",
		Short: "Gather what somebody who helps needs to see, and nothing of any patient",
		Long: `Gather what somebody who helps needs to see into one archive: the cluster file, what
status and doctor say, each node's health and numbers, and the logs that are named.
Nothing of any patient is in any of it; what looks like a personal identity is taken
out all the same, and contents.json says where. Keys and data directories are not read.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if out == "" {
				return usage("where should the bundle go? Name a file with --out")
			}
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			file, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			defer func() {
				if err = errors.Join(err, file.Close()); err != nil {
					_ = os.Remove(out) // half a bundle is none
				}
			}()
			contents, err := support.Write(cmd.Context(), file, client, support.Options{Version: version, Logs: logs})
			if err != nil {
				return err
			}
			return c.print(contents, func(w io.Writer) { printContents(w, out, contents) })
		},
	}
	c.operatorFlags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "`file` to write; it must not exist")
	cmd.Flags().StringSliceVar(&logs, "log", nil, "`file` of a node's log to add; may be repeated")
	return cmd
}

func printContents(w io.Writer, out string, c support.Contents) {
	for _, f := range c.Files {
		note := ""
		switch {
		case f.Fault != "":
			note = "not there: " + f.Fault
		case f.Taken > 0:
			note = fmt.Sprintf("%d taken out that looked like a personal identity: look at why they were there", f.Taken)
		}
		fmt.Fprintf(w, "%s\t%d B\t%s\n", f.Name, f.Bytes, note)
	}
	fmt.Fprintf(w, "\n%s holds it. Look through it before you send it.\n", out)
}
