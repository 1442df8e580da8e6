package source

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"tvilling/protocol/admin"
)

// severities in the order that a reader wants them: what has to be mended first.
var severities = [...]string{admin.SeverityHinders, admin.SeverityDeviates, admin.SeverityNotes}

// PrintVerification writes what was found in one file as a table, the worst first, and
// a verdict. Places and rules are the tool's own words; file is what the caller named.
func PrintVerification(w io.Writer, file string, v admin.Verification) error {
	contract := v.Contract
	if contract == "" {
		contract = "no contract that is kept"
	} else {
		contract = fmt.Sprintf("%s %d", contract, v.Major)
	}
	if _, err := fmt.Fprintf(w, "%s: %s, %d %s\n", clean(file), contract, v.Records, plural(v.Records, "record")); err != nil {
		return err
	}
	if err := findings(w, v.Findings); err != nil {
		return err
	}
	if v.Unlisted > 0 {
		fmt.Fprintf(w, "and %d findings more, which are not listed\n", v.Unlisted)
	}
	_, err := fmt.Fprintln(w, verdict(v))
	return err
}

func findings(w io.Writer, all []admin.Verified) error {
	if len(all) == 0 {
		return nil
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b admin.Verified) int {
		return cmp.Compare(slices.Index(severities[:], a.Severity), slices.Index(severities[:], b.Severity))
	})
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "SEVERITY\tEXPECTED\tFOUND\tPLACE")
	for _, f := range sorted {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.Severity, clean(f.Expected), clean(f.Found), clean(f.Place))
	}
	return table.Flush()
}

// verdict is the line that an approval rests on.
func verdict(v admin.Verification) string {
	counts := map[string]int{}
	for _, f := range v.Findings {
		counts[f.Severity]++
	}
	text := fmt.Sprintf("%d hinder, %d deviate, %d to note", counts[admin.SeverityHinders], counts[admin.SeverityDeviates], counts[admin.SeverityNotes])
	switch {
	case !v.Approved:
		return "Verdict: NOT READY for an end-to-end test: " + text
	case v.Records == 0:
		return "Verdict: NOTHING TO JUDGE: the answer holds no record: " + text
	case counts[admin.SeverityDeviates] > 0 || v.Unlisted > 0:
		return "Verdict: READY for an end-to-end test, with deviations to agree on: " + text
	default:
		return "Verdict: READY for an end-to-end test: " + text
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
