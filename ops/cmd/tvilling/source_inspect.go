package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tvilling/node"
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
The exit code is 1 when a message cannot be read.`,
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
		if one.Error != "" {
			fmt.Fprintf(w, "%s\n  cannot be read: %s\n", one.File, one.Error)
			continue
		}
		printInspection(w, one.File, *one.Inspection)
	}
}

func printInspection(w io.Writer, path string, in admin.Inspection) {
	fmt.Fprintln(w, path)
	if in.Fault != nil {
		fmt.Fprintf(w, "  a SOAP fault: %s %s\n", in.Fault.Code, in.Fault.Text)
		return
	}
	fmt.Fprintf(w, "  %s, major version %d, %d documents", in.Contract, in.Major, len(in.Documents))
	switch {
	case in.Failed:
		fmt.Fprint(w, "; the source could not answer")
	case in.Complete:
		fmt.Fprint(w, "; complete: what it does not hold is gone")
	default:
		fmt.Fprint(w, "; not complete: it deletes nothing")
	}
	fmt.Fprintln(w)
	if r := in.Result; r != nil {
		fmt.Fprintf(w, "  result %s\n", strings.Join(filled(r.Code, r.ErrorCode, r.Subcode, r.Message), ", "))
	}
	for _, m := range in.HasMore {
		fmt.Fprintf(w, "  more at %s, reference %s\n", m.LogicalAddress, m.Reference)
	}
	if in.Patients > 1 {
		fmt.Fprintf(w, "  about %d patients: it would be refused\n", in.Patients)
	}
	for _, d := range in.Deviations {
		fmt.Fprintf(w, "  deviates: %s: %s\n", d.Place, d.What)
	}
	if in.Unlisted > 0 {
		fmt.Fprintf(w, "  and %d more deviations\n", in.Unlisted)
	}
	for i, d := range in.Documents {
		printDocument(w, i+1, d)
	}
}

func printDocument(w io.Writer, number int, d admin.InspectedDocument) {
	h := d.Header
	fmt.Fprintf(w, "\n  %d. %s\n", number, strings.Join(filled(h.Title, h.Detail, h.Status), " · "))
	if !d.Shown {
		fmt.Fprintf(w, "     never shown: %s\n", d.Hidden)
	}
	rows := [][2]string{
		{"record", h.RecordID}, {"time", when(h.Time)}, {"until", when(h.TimeEnd)}, {"patient", h.Patient.ID},
		{"source", h.Source.ID}, {"care provider", h.CareProvider.ID}, {"care unit", h.CareUnit.ID},
		{"author", strings.Join(filled(h.Author, h.AuthorRole, h.Unit), ", ")}, {"signed", yes(h.Signed)},
	}
	if h.Nullified {
		rows = append(rows, [2]string{"nullified", "yes"})
	}
	for _, r := range rows {
		if r[1] != "" {
			fmt.Fprintf(w, "     %s: %s\n", r[0], r[1])
		}
	}
	for _, s := range d.Body {
		fmt.Fprintf(w, "     %s\n", s.Words.Swedish)
		printNodes(w, "       ", s.Nodes)
	}
}

func printNodes(w io.Writer, indent string, nodes []admin.InspectedNode) {
	for _, n := range nodes {
		value := valueOf(n)
		fmt.Fprintf(w, "%s%s", indent, n.Words.Swedish)
		if value != "" {
			fmt.Fprintf(w, ": %s", strings.ReplaceAll(value, "\n", "\n"+indent+"  "))
		}
		fmt.Fprintln(w)
		printNodes(w, indent+"  ", n.Children)
	}
}

// valueOf is a node's value in one line, with the codes that stand behind it.
func valueOf(n admin.InspectedNode) string {
	switch {
	case n.Code != nil:
		words := strings.Join(filled(n.Code.Display, n.Code.Original), " / ")
		return strings.TrimSpace(words + " " + bracketed(n.Code.Code, n.Code.System, n.Code.Name, n.Code.Version))
	case n.Quantity != nil:
		q := n.Quantity
		reference := q.Reference
		if q.Low != "" || q.High != "" {
			reference = strings.TrimSpace(q.Low + "–" + q.High + " " + reference)
		}
		text := strings.Join(filled(q.Value, q.Unit, q.Flag), " ")
		if reference != "" {
			text += " (" + reference + ")"
		}
		return strings.Join(filled(strings.TrimSpace(text), when(n.Time)), ", ")
	case n.Attachment != nil:
		a := n.Attachment
		if a.Reference != "" {
			return strings.Join(filled(a.MediaType, a.Reference), ", ")
		}
		return fmt.Sprintf("%s, %d bytes", a.MediaType, a.Bytes)
	case n.Root != "":
		return n.Text + " " + bracketed(n.Root)
	}
	return strings.Join(filled(n.Text, when(n.Time), when(n.End)), " – ")
}

func bracketed(parts ...string) string {
	if parts = filled(parts...); len(parts) == 0 {
		return ""
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func when(t *admin.InspectedTime) string {
	if t == nil {
		return ""
	}
	return t.Text
}

// filled leaves out what is empty.
func filled(parts ...string) []string {
	var all []string
	for _, p := range parts {
		if p != "" {
			all = append(all, p)
		}
	}
	return all
}
