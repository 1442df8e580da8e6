package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

func (c *cli) feedback() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "feedback",
		Short: "What users think of the client",
		Long: `What users think of the client, as they wrote it there ("Lämna synpunkter").

It holds nothing of who wrote, when more closely than to the hour, or of any patient: what
looks like a personal identity, an HSA-id, a telephone number or an address is refused when
it is written. A name can stand in it all the same: read it before you hand it on. Each
data node keeps its own, the newest 5,000 to 10,000; they are not in a backup.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.feedbackList(), c.feedbackExport())
	return cmd
}

func (c *cli) feedbackList() *cobra.Command {
	since := ""
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print it, of every data node or of one",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := sinceOf(since, time.Now())
			if err != nil {
				return err
			}
			return answer(c, func(client *adminclient.Client) (adminclient.Feedback, error) {
				all, err := client.Feedback(cmd.Context(), c.node)
				return writtenSince(all, from), err
			}, printFeedback)
		},
	}
	sinceFlag(cmd, &since)
	c.operatorFlags(cmd)
	return cmd
}

func (c *cli) feedbackExport() *cobra.Command {
	since := ""
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write it to a new file, a line of JSON for each; - is standard output",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := sinceOf(since, time.Now())
			if err != nil {
				return err
			}
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			all, err := client.Feedback(cmd.Context(), c.node)
			switch {
			case err != nil:
				return err
			case len(all.Missing) > 0:
				return fmt.Errorf("%s: no answer, and what was written there would be missing; nothing is written. Name the others with --node, one at a time", strings.Join(all.Missing, ", "))
			}
			all = writtenSince(all, from)
			if args[0] == "-" {
				return writeLines(c.out, all.Entries)
			}
			if err := exportTo(args[0], all.Entries); err != nil {
				return err
			}
			said := map[string]any{"file": args[0], "entries": len(all.Entries)}
			return c.print(said, func(w io.Writer) { fmt.Fprintf(w, "%s: %d entries\n", args[0], len(all.Entries)) })
		},
	}
	sinceFlag(cmd, &since)
	c.operatorFlags(cmd)
	return cmd
}

func sinceFlag(cmd *cobra.Command, since *string) {
	cmd.Flags().StringVar(since, "since", "", "only what was written since: a `time` as 2026-11-22, 2026-11-22T14:00:00+01:00 or \"2026-11-22 14:00\", or how long ago, as 48h (default: everything)")
}

// sinceOf reads when to begin; zero: at the beginning.
func sinceOf(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return day, nil
	}
	return momentOf("--since", text, now)
}

// writtenSince leaves out what was written before the hour of a time: more closely nobody knows.
func writtenSince(all adminclient.Feedback, from time.Time) adminclient.Feedback {
	from = from.Truncate(time.Hour)
	all.Entries = slices.DeleteFunc(all.Entries, func(e admin.FeedbackEntry) bool {
		at, err := time.Parse(time.RFC3339, e.Hour)
		return err == nil && at.Before(from)
	})
	return all
}

func printFeedback(w io.Writer, all adminclient.Feedback) {
	if len(all.Entries) == 0 {
		fmt.Fprintln(w, "Nobody has written anything.")
	} else {
		fmt.Fprintln(w, "HOUR\tNODE\tVERSION\tPAGE\tGRADE\tTEXT")
	}
	for _, e := range all.Entries {
		grade := "-"
		if e.Grade > 0 {
			grade = fmt.Sprint(e.Grade)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Hour, e.Node, e.Version, dash(e.Page), grade, dash(plainLine(e.Text)))
	}
	for _, id := range all.Missing {
		fmt.Fprintf(w, "\n%s does not answer: what was written there is not in this list.\n", id)
	}
}

// plainLine is a text that somebody wrote, as a terminal may have it.
func plainLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}), " ")
}

// exportTo writes a file that is whole, or not there.
func exportTo(path string, entries []admin.FeedbackEntry) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(writeLines(file, entries), file.Sync(), file.Close()); err != nil {
		_ = os.Remove(path) // half an export is none
	}
	return err
}

func writeLines(w io.Writer, entries []admin.FeedbackEntry) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range entries {
		if err := e.Encode(entries[i]); err != nil {
			return err
		}
	}
	return nil
}
