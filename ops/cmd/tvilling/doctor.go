package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/doctor"
	"tvilling/ops/internal/health"
)

// diagnosis is what doctor prints.
type diagnosis struct {
	Worst  string         `json:"worst"`
	Checks []doctor.Check `json:"checks"`
}

func (c *cli) doctor() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine every node by itself: clocks, disks, certificates, versions, checks",
		Long: `Examine the cluster from this machine: each node by itself, the clocks against this
one's, disks, certificates, versions and backups, and what the cluster says of itself.
It changes nothing. The exit code is 5 when something is broken.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			checks := doctor.Judge(doctor.Examine(cmd.Context(), client, version))
			worst := doctor.Worst(checks)
			if err := c.print(diagnosis{worst.String(), checks}, func(w io.Writer) { printChecks(w, checks) }); err != nil {
				return err
			}
			if worst == health.Broken {
				return &saidError{exitUnhealthy}
			}
			return nil
		},
	}
	c.operatorFlags(cmd)
	return cmd
}

// printChecks writes what is as it should be in a line, and under the rest what to do.
func printChecks(w io.Writer, checks []doctor.Check) {
	for _, one := range checks {
		grade := "ok"
		if one.Grade != 0 {
			grade = one.Grade.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", grade, one.What, one.Found)
		if one.Do != "" {
			fmt.Fprintf(w, "\t\t  %s\n", one.Do)
		}
	}
}
