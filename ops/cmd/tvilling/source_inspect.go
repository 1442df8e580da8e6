package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tvilling/node"
	"tvilling/ops/internal/source"
	"tvilling/protocol/admin"
)

// inspected is what a message of one file became.
type inspected struct {
	File       string            `json:"file"`
	Error      string            `json:"error,omitempty"`
	Inspection *admin.Inspection `json:"inspection,omitempty"`
}

func (c *cli) sourceInspect() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect FILE…",
		Short: "Read messages as a node would and print every field found; send nothing",
		Long: `Read messages as a node would and print every field found; send nothing.

What is printed is the record itself, patient included: it stays on this machine.
FILE may be - for standard input.

JSON is one array with an object for each FILE, in their order: "file", and either
"inspection" with everything that was found or "error" with why there is none. Times
come to read and as their digits, attachments in base64, and every label in Swedish
and English. Later versions may add fields; those there are keep name and meaning.

The exit code is 1 when a message cannot be read. A SOAP fault, and an answer whose
result is ERROR, can be read.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error {
			all := make([]inspected, len(files))
			failed := false
			for i, path := range files {
				all[i] = c.inspect(path)
				failed = failed || all[i].Error != ""
			}
			if err := c.print(all, func(w io.Writer) { printInspected(w, all) }); err != nil {
				return err
			}
			if failed {
				return &saidError{exitFailed}
			}
			return nil
		},
	}
	c.formatFlag(cmd)
	return cmd
}

func (c *cli) inspect(path string) inspected {
	raw, err := readFile(path, c.in)
	if err != nil {
		return inspected{File: path, Error: err.Error()}
	}
	in, err := node.Inspect(raw)
	if err != nil {
		return inspected{File: path, Error: err.Error()}
	}
	return inspected{File: path, Inspection: &in}
}

func printInspected(w io.Writer, all []inspected) {
	for i, one := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if len(all) > 1 || one.Error != "" {
			fmt.Fprintf(w, "%s:\n", one.File)
		}
		if one.Error != "" {
			fmt.Fprintf(w, "cannot be read: %s\n", one.Error)
			continue
		}
		// The writer is in memory or the terminal's: what fails there shows at its flush.
		_ = source.Print(w, *one.Inspection, source.Text)
	}
}
