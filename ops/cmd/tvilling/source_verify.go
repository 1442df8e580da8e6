package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tvilling/node"
	"tvilling/ops/internal/source"
	"tvilling/protocol/admin"
)

// verifiedMessage is what was found in one file.
type verifiedMessage struct {
	File         string              `json:"file"`
	Error        string              `json:"error,omitempty"`
	Verification *admin.Verification `json:"verification,omitempty"`
}

func (c *cli) sourceVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify FILE…",
		Short: "Hold messages to what the framework and the overview expect; print what deviates",
		Long: `Hold messages to what the framework and the overview expect; print what deviates.

It goes beyond the schema: who is accountable, the mandatory fields of each contract,
kinds of alert, forms of times, code systems, attachments, one patient with a national
id, and where to ask for more. The print is a basis for approving an end-to-end test.
It names places and never what stands there: it can be sent to whoever approves.
FILE may be - for standard input; nothing is sent.

  hinders   a record is refused, or never shown to anyone
  deviates  not as the framework expects, and shown
  notes     worth knowing

JSON is one array with an object for each FILE, in their order: "file", and either
"verification" or "error" with why the file cannot be read.

The exit code is 1 when a file cannot be read, 5 when something hinders in any, and 0
otherwise.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error {
			all := make([]verifiedMessage, len(files))
			code := exitOK
			for i, path := range files {
				all[i] = c.verifyMessage(path)
				switch {
				case all[i].Error != "":
					code = exitFailed
				case !all[i].Verification.Approved && code == exitOK:
					code = exitUnhealthy
				}
			}
			if err := c.print(all, func(w io.Writer) { printVerifiedMessages(w, all) }); err != nil {
				return err
			}
			if code != exitOK {
				return &saidError{code}
			}
			return nil
		},
	}
	c.formatFlag(cmd)
	return cmd
}

func (c *cli) verifyMessage(path string) verifiedMessage {
	raw, err := readFile(path, c.in)
	if err != nil {
		return verifiedMessage{File: path, Error: err.Error()}
	}
	v := node.Verify(raw)
	return verifiedMessage{File: path, Verification: &v}
}

func printVerifiedMessages(w io.Writer, all []verifiedMessage) {
	for i, one := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if one.Error != "" {
			fmt.Fprintf(w, "%s: cannot be read: %s\n", one.File, one.Error)
			continue
		}
		// The writer is in memory or the terminal's: what fails there shows at its flush.
		_ = source.PrintVerification(w, one.File, *one.Verification)
	}
}
