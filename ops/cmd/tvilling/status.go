package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/health"
	"tvilling/protocol/admin"
)

// statusReport is what status prints.
type statusReport struct {
	admin.Status
	Findings []health.Finding `json:"findings"`
}

func (c *cli) status() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how the cluster is, what is wrong and what to do",
		Long:  "Say how the cluster is, what is wrong and what to do.\nThe exit code is 5 when something is broken, 3 when no node answers.",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			s, err := client.Status(cmd.Context(), c.node)
			if err != nil {
				return err
			}
			report := statusReport{s, health.Assess(client.Topology(), s)}
			if report.Findings == nil {
				report.Findings = []health.Finding{}
			}
			if err := c.print(report, func(w io.Writer) { printStatus(w, report) }); err != nil {
				return err
			}
			if health.Worst(report.Findings) == health.Broken {
				return &saidError{exitUnhealthy}
			}
			return nil
		},
	}
	c.operatorFlags(cmd)
	return cmd
}

func printStatus(w io.Writer, r statusReport) {
	leader := r.Leader
	if leader == "" {
		leader = "none"
	}
	fmt.Fprintf(w, "cluster %s (%s), leader %s, level %d, as %s sees it\n\n", r.Cluster, r.Environment, leader, r.Level, r.Node)
	fmt.Fprintln(w, "MEMBER\tSITE\tROLE\tSTATE\tAPPLIED\tLAG\tSTATE HASH\tKEYS\tSESSIONS\tVERSION")
	for _, m := range r.Members {
		if m.State == "unreachable" || m.Error != "" {
			fmt.Fprintf(w, "%s\t%s\t%s\tunreachable\t-\t-\t-\t-\t-\t-\n", m.ID, m.Site, m.Role)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%d\t%s\n",
			m.ID, m.Site, m.Role, m.State, m.AppliedIndex, m.Lag, shortHash(m), yes(m.Keys), m.Sessions, m.Version)
	}
	if len(r.Feeds) > 0 {
		fmt.Fprintln(w, "\nFEED\tAGE\tBOUND\tFRESH")
	}
	for _, f := range r.Feeds {
		age := "never read"
		if f.AsOf != "" {
			age = (time.Duration(f.AgeSeconds) * time.Second).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%v\t%s\n", f.Name, age, time.Duration(f.BoundSecond)*time.Second, yes(f.Fresh))
	}
	printLog(w, r.Log)
	if b := r.Backup; b.Verified != "" {
		fmt.Fprintf(w, "backup: the newest that was verified was taken at %s, index %d\n", b.Taken, b.Index)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(w, "\nNothing is wrong.")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(w, "\n%s: %s.\n  %s\n", f.Grade, f.What, f.Do)
	}
}

// printLog says how the access log is kept and handed on.
func printLog(w io.Writer, l admin.LogStatus) {
	age := func(n int64) time.Duration { return time.Duration(n) * time.Second }
	fmt.Fprintf(w, "\naccess log: %d entries, ", l.Entries)
	if l.CheckpointAt == "" {
		fmt.Fprint(w, "none of them proved by a checkpoint yet")
	} else {
		fmt.Fprintf(w, "%d of them proved by a checkpoint of %s", l.Checkpoint, l.CheckpointAt)
	}
	if l.UnprovenSeconds > 0 {
		fmt.Fprintf(w, ", the oldest other since %v", age(l.UnprovenSeconds))
	}
	fmt.Fprintln(w)
	e := l.Export
	if e == nil {
		fmt.Fprintln(w, "national log: none is configured")
		return
	}
	fmt.Fprintf(w, "national log: has everything up to %d, %d wait", e.Through, e.Waiting)
	if e.Waiting > 0 {
		fmt.Fprintf(w, ", the oldest since %v", age(e.OldestSeconds))
	}
	fmt.Fprintf(w, ", %d refused\n", e.Refused)
}

// shortHash is the beginning of a state hash and the index that it belongs to: two
// members agree when both are equal, and disagree when only the index is.
func shortHash(m admin.Member) string {
	if m.StateHash == "" {
		return "-"
	}
	return m.StateHash[:min(8, len(m.StateHash))] + "@" + strconv.FormatUint(m.HashIndex, 10)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
