package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"tvilling/node"
	"tvilling/protocol"
)

// build is what version prints.
type build struct {
	Version string `json:"version"`
	Wire    int    `json:"wire"`
	Level   uint16 `json:"level"` // that it knows
	Go      string `json:"go"`
	System  string `json:"system"`
}

func (c *cli) version() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which build this is, which wire version it speaks and which level it knows",
		Args:  none,
		RunE: func(*cobra.Command, []string) error {
			b := build{version, protocol.Version, node.Level, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			return c.print(b, func(w io.Writer) {
				fmt.Fprintf(w, "tvilling %s (wire %d, level %d, %s, %s)\n", b.Version, b.Wire, b.Level, b.Go, b.System)
			})
		},
	}
	c.formatFlag(cmd)
	return cmd
}
