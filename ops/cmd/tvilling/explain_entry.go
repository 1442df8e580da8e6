package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// maxEntryID bounds what is asked for as an entry's id.
const maxEntryID = 64

func (c *cli) explainEntry(cmd *cobra.Command, id string) error {
	if len(id) > maxEntryID || len(id) < 8 || strings.Trim(id, "-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return usage("%q is neither a code, such as TV-1004, nor the id of an entry of the access log", id)
	}
	return answer(c, func(client *adminclient.Client) (admin.Explanation, error) {
		return client.Explain(cmd.Context(), c.node, id)
	}, printExplanation)
}

// printExplanation says first what was decided and why, then what to do about it, and
// last what it rested on, with what was too old marked.
func printExplanation(w io.Writer, e admin.Explanation) {
	verdict := "REFUSED"
	if e.Permit {
		verdict = "PERMITTED"
	}
	fmt.Fprintf(w, "%s: %s, %s\n", verdict, dash(e.Activity), dash(e.At))
	fmt.Fprintf(w, "Why: %s\n", dash(e.Reason))
	for _, info := range catalogue() {
		if info.Code == e.Fault {
			words := info.In(protocol.English)
			fmt.Fprintf(w, "Shown as: %s %s\n  Who can mend it: %s\n  What to do: %s\n", info.Code, words.Title, words.Who, words.Action)
		}
	}
	if late := lateFacts(e.Facts); len(late) > 0 {
		fmt.Fprintf(w, "Unknown or too old then: %s. Is that feed late now? See tvilling status.\n", strings.Join(late, ", "))
	}
	given := func(label, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s: %s\n", label, value)
		}
	}
	given("Others' records rested on", e.Basis)
	given("Contracts", strings.Join(e.Contracts, ", "))
	given("Commission", e.Commission)
	given("Care unit", e.CareUnit)
	given("Review", e.Review)
	fmt.Fprintf(w, "\nRESTED ON\tAS OF\tAGE THEN\tAT MOST\t\n")
	for _, f := range e.Facts {
		age, mark := seconds(f.AgeSeconds), ""
		if f.AsOf == "" {
			age = "-"
		}
		switch {
		case f.Name == "engagement" && f.AsOf == "":
			mark = "not asked"
		case !f.Fresh:
			mark = "not fresh"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.Name, dash(f.AsOf), age, seconds(f.BoundSeconds), mark)
	}
	fmt.Fprintf(w, "\nEntry %s: number %d of the access log, at index %d, by node %s on state %d\n",
		e.ID, e.Place.Sequence, e.Place.Index, dash(e.Node), e.Place.DecidedAt)
}

// lateFacts names what could not be decided on. A care engagement that was not asked
// for is not late.
func lateFacts(facts []admin.ExplainedFact) []string {
	var late []string
	for _, f := range facts {
		if !f.Fresh && (f.AsOf != "" || f.Name != "engagement") {
			late = append(late, f.Name)
		}
	}
	return late
}

func seconds(n int64) string { return (time.Duration(n) * time.Second).String() }
