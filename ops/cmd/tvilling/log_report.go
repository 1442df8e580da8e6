package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Limits of a report at the terminal.
const (
	reportDays      = 30   // that a report is about, when nothing else is said
	maxReportDays   = 93   // that a node makes one of
	maxPatientBytes = 64   // a file with a patient's id
	reportRows      = 5000 // unless another limit is given
	maxReportRows   = 100_000
)

// reportFlags are what a report is asked with.
type reportFlags struct {
	query       admin.ReportQuery
	from, to    string
	patientFile string
	limit       int
}

func (c *cli) logReport() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report KIND",
		Short: "Report who has read what type of information, for those who follow up",
		Long: `Report who has read what type of information, for those who follow up.

  provider     everything that the care provider's staff did
  employee     one employee's (--employee)
  patient      the care provider's access to one patient's information (--patient-file)
  own-access   for the patient who asks who has read (--patient-file)
  owner        which other care providers have read the care provider's information
  sample       a random sample of what has not been reviewed
  emergencies  emergencies without a review, oldest first
  statistics   use per month, hour and weekday; numbers under 10 are not told

Reading the log is itself in the log, under the name of your certificate. No report holds
a patient, what was read, or what a person wrote: pages in the browser show those who may.
Days and hours are Swedish time. Statistics are of whole months.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.query.Kind = args[0]
			zone, err := time.LoadLocation("Europe/Stockholm")
			if err != nil {
				return err
			}
			if err := f.read(c.in, time.Now().In(zone)); err != nil {
				return err
			}
			client, err := c.ask()
			if err != nil {
				return err
			}
			defer client.Close()
			r, err := client.Reports(cmd.Context(), c.node, f.query, f.limit)
			if err != nil {
				return err
			}
			if c.format == "csv" {
				if r.More {
					fmt.Fprintln(c.errs, "There is more: a shorter period, or a higher --limit.")
				}
				return writeCSV(c.out, r, zone)
			}
			return c.print(r, func(w io.Writer) { printReport(w, f.query.Kind, r, zone) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.query.CareProvider, "care-provider", "", "whose log: the care provider's HSA-`id`")
	flags.StringVar(&f.query.Employee, "employee", "", "the employee's HSA-`id`")
	flags.StringVar(&f.patientFile, "patient-file", "", "`file` with the patient's id, or - for standard input; never an argument, which others on the machine can see")
	flags.StringVar(&f.from, "from", "", "first `day`, such as 2026-11-01, or a time with its zone (default: 30 days ago)")
	flags.StringVar(&f.to, "to", "", "last `day`, inclusive, or a time (default: now)")
	flags.IntVar(&f.limit, "limit", reportRows, "at most this `many` rows")
	c.operatorFlags(cmd)
	cmd.Flags().Lookup("format").Usage = "`text`, json or csv"
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains([]string{"text", "json", "csv"}, c.format) {
			return usage("--format is text, json or csv, not %q", c.format)
		}
		return nil
	}
	return cmd
}

// read checks the flags and fills the query in.
func (f *reportFlags) read(in io.Reader, now time.Time) error {
	kind, ok := admin.ReportNamed(f.query.Kind)
	switch {
	case !ok:
		return usage("no report is called %q: it is one of %s", f.query.Kind, strings.Join(admin.ReportNames(), ", "))
	case f.query.CareProvider == "":
		return usage("whose log? Name the care provider's HSA-id with --care-provider")
	case f.limit < 1 || f.limit > maxReportRows:
		return usage("--limit is 1 to %d", maxReportRows)
	case (kind == protocol.ReportEmployee) != (f.query.Employee != ""):
		return usage("--employee is for the report employee, which needs it")
	case (kind == protocol.ReportPatient || kind == protocol.ReportOwnAccess) != (f.patientFile != ""):
		return usage("--patient-file is for the reports patient and own-access, which need it")
	}
	whole := kind == protocol.ReportEmergencies && f.from == "" && f.to == "" // the whole queue
	if !whole {
		from, err := dayOf("--from", f.from, now.AddDate(0, 0, -reportDays), 0)
		if err != nil {
			return err
		}
		to, err := dayOf("--to", f.to, now, 1)
		if err != nil {
			return err
		}
		if !to.After(from) {
			return usage("--to is before --from")
		}
		if to.Sub(from) > maxReportDays*24*time.Hour {
			return usage("a report is of at most %d days", maxReportDays)
		}
		f.query.From, f.query.To = from.Format(time.RFC3339), to.Format(time.RFC3339)
	}
	if f.patientFile == "" {
		return nil
	}
	patient, err := readPatient(in, f.patientFile)
	f.query.Patient = patient.Reveal()
	return err
}

// dayOf reads a day of Swedish time, or a time. A day's end is a number of days after
// it began, less a second.
func dayOf(flag, text string, otherwise time.Time, days int) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, otherwise.Location())
	if err != nil {
		return time.Time{}, usage("%s is a day such as 2026-11-01, or a time such as 2026-11-01T08:00:00+01:00", flag)
	}
	if days > 0 {
		at = at.AddDate(0, 0, days).Add(-time.Second)
	}
	return at, nil
}

// readPatient reads a patient's id. What is wrong is told without it.
func readPatient(in io.Reader, path string) (protocol.PatientID, error) {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return protocol.PatientID{}, usage("--patient-file: %v", errors.Unwrap(err))
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxPatientBytes+1))
	if err != nil {
		return protocol.PatientID{}, fmt.Errorf("reading the patient's id: %w", errors.Unwrap(err))
	}
	id, err := protocol.ParsePatientID(strings.TrimSpace(string(text)))
	if err != nil || len(text) > maxPatientBytes {
		return protocol.PatientID{}, usage("what stands in --patient-file is no patient's id: twelve digits, alone")
	}
	return id, nil
}

// columns are a row's cells in the order of columnNames.
func columns(r admin.ReportRow, zone *time.Location) []string {
	outcome := "refused"
	switch {
	case r.Permit:
		outcome = "permitted"
	case r.At == "": // another care provider, of which nothing else is told
		outcome = ""
	}
	return []string{
		localTime(r.At, zone), r.Who.Employee, r.Who.Name, r.Who.Title, r.Who.CareUnit, r.Who.CareProvider, r.Who.Purpose, r.Activity, outcome, r.Basis,
		strings.Join(r.Contracts, " "), strings.Join(r.Owners, ", "), r.Review, localTime(r.ReviewedAt, zone), r.ID,
	}
}

func columnNames() []string {
	return []string{"TIME", "EMPLOYEE", "NAME", "TITLE", "CARE UNIT", "CARE PROVIDER", "PURPOSE", "ACTIVITY", "OUTCOME", "BASIS",
		"TYPES", "WHOSE", "REVIEW", "REVIEWED", "ID"}
}

func localTime(text string, zone *time.Location) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return at.In(zone).Format(time.DateTime)
}

func printReport(w io.Writer, kind string, r admin.Report, zone *time.Location) {
	if len(r.Rows) > 0 {
		printRows(w, r.Rows, zone)
	}
	printCounts(w, r.Counts)
	switch {
	case len(r.Rows)+len(r.Counts) == 0:
		fmt.Fprintln(w, "Nothing was found.")
	case kind == "statistics":
		fmt.Fprintln(w, "\nNumbers under 10 are not told, nor a table that one of them could be computed from. A lookup is one user in one session.")
	}
	if r.More {
		fmt.Fprintf(w, "\nThere is more: a shorter period, or a higher --limit.\n")
	}
}

// printRows prints the columns that have something in them, and a summary.
func printRows(w io.Writer, rows []admin.ReportRow, zone *time.Location) {
	names, cells := columnNames(), make([][]string, len(rows))
	used := make([]bool, len(names))
	refused, staff := 0, map[string]bool{}
	for i, r := range rows {
		cells[i] = columns(r, zone)
		if len(r.Contracts) == len(protocol.Contracts()) {
			cells[i][slices.Index(names, "TYPES")] = "every type"
		}
		for j, text := range cells[i] {
			used[j] = used[j] || text != ""
		}
		if r.At != "" && !r.Permit {
			refused++
		}
		if r.Who.Employee != "" {
			staff[r.Who.Employee] = true
		}
	}
	line := func(of []string) {
		var shown []string
		for j, text := range of {
			if used[j] {
				shown = append(shown, dash(text))
			}
		}
		fmt.Fprintln(w, strings.Join(shown, "\t"))
	}
	line(names)
	for _, one := range cells {
		line(one)
	}
	fmt.Fprintf(w, "\nrows: %d", len(rows))
	if len(staff) > 0 {
		fmt.Fprintf(w, ", employees: %d, refused: %d", len(staff), refused)
	}
	fmt.Fprintln(w)
}

// printCounts prints a table for each series and kind of label.
func printCounts(w io.Writer, counts []admin.ReportCount) {
	last := ""
	for _, c := range counts {
		if head := c.Series + " per " + labelKind(c.Label); head != last {
			fmt.Fprintf(w, "\n%s\tNUMBER\n", strings.ToUpper(head))
			last = head
		}
		number := strconv.FormatUint(uint64(c.Number), 10)
		if c.Few {
			number = "under 10"
		}
		fmt.Fprintf(w, "%s\t%s\n", labelText(c.Label), number)
	}
}

// labelKind tells a month (2026-11), an hour (08) and a weekday (1) from the name of a
// care provider.
func labelKind(label string) string {
	if strings.Trim(label, "0123456789-") == "" {
		switch len(label) {
		case 7:
			return "month"
		case 2:
			return "hour"
		case 1:
			return "weekday"
		}
	}
	return "care provider"
}

func labelText(label string) string {
	if labelKind(label) == "weekday" && label >= "1" && label <= "7" {
		return time.Weekday((label[0] - '0') % 7).String()
	}
	return label
}

// writeCSV writes rows, or counts where there are no rows. A cell that a spreadsheet
// would take for a formula is written as text.
func writeCSV(out io.Writer, r admin.Report, zone *time.Location) error {
	w := csv.NewWriter(out)
	write := func(cells []string) {
		for i, text := range cells {
			if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
				cells[i] = "'" + text
			}
		}
		_ = w.Write(cells) // Error tells
	}
	if len(r.Counts) > 0 {
		write([]string{"SERIES", "LABEL", "NUMBER"})
		for _, c := range r.Counts {
			number := strconv.FormatUint(uint64(c.Number), 10)
			if c.Few {
				number = "under 10"
			}
			write([]string{c.Series, c.Label, number})
		}
	} else {
		write(columnNames())
		for _, row := range r.Rows {
			write(columns(row, zone))
		}
	}
	w.Flush()
	return w.Error()
}
