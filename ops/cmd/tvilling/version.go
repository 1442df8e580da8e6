package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"tvilling/protocol"
)

// build is what version prints.
type build struct {
	Version string `json:"version"`
	Wire    int    `json:"wire"`
	Go      string `json:"go"`
	System  string `json:"system"`
}

func (c *cli) version() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which build this is, and which wire version it speaks",
		Args:  none,
		RunE: func(*cobra.Command, []string) error {
			b := build{version, protocol.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			return c.print(b, func(w io.Writer) {
				fmt.Fprintf(w, "tvilling %s (wire %d, %s, %s)\n", b.Version, b.Wire, b.Go, b.System)
			})
		},
	}
	c.formatFlag(cmd)
	return cmd
}
