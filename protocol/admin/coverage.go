package admin

import (
	"errors"
	"fmt"
	"unicode"

	"tvilling/protocol"
)

// PathCoverage is the table of which care provider shows which information since when.
const PathCoverage = "/admin/v1/coverage" // GET: CoverageTable; POST CoverageTable: Done

// ErrCoverage is a table of coverage that cannot be used; the error says why, every
// fault at once.
var ErrCoverage = errors.New("table of coverage")

// maxCoverageFaults bounds how many faults of a table are named; the rest are counted.
const maxCoverageFaults = 50

// CoverageTable is the whole table: putting it replaces what there was.
type CoverageTable struct {
	Rows []CoverageRow `json:"rows" toml:"coverage"`
}

// CoverageRow says that a care provider shows a type of information.
type CoverageRow struct {
	CareProvider string `json:"care_provider" toml:"care_provider"` // HSA-id
	Name         string `json:"name" toml:"name"`
	Contract     string `json:"contract" toml:"contract"`               // GetDiagnosis
	Since        string `json:"since" toml:"since"`                     // 2024-01-31
	Until        string `json:"until,omitempty" toml:"until,omitempty"` // inclusive; empty: it still does
}

// Parse reads the rows as everyone in the cluster has them. It reports every fault of
// the table at once.
func (t CoverageTable) Parse() ([]protocol.CoverageRow, error) {
	p := coverageParser{names: map[string]string{}, periods: map[coverageKey][]protocol.CoverageRow{}}
	if n := len(t.Rows); n > protocol.MaxCoverageRows {
		p.fault("%d rows, and %d is the most", n, protocol.MaxCoverageRows)
	}
	rows := make([]protocol.CoverageRow, len(t.Rows))
	for i := range t.Rows {
		rows[i] = p.row(i+1, &t.Rows[i])
	}
	if p.count > maxCoverageFaults {
		p.faults = append(p.faults, fmt.Errorf("and %d faults more", p.count-maxCoverageFaults))
	}
	if p.count > 0 {
		return nil, fmt.Errorf("%w: %w", ErrCoverage, errors.Join(p.faults...))
	}
	return rows, nil
}

// coverageKey is what two rows may not say about the same day.
type coverageKey struct {
	provider string
	contract protocol.Contract
}

type coverageParser struct {
	faults  []error
	count   int
	names   map[string]string // of care providers
	periods map[coverageKey][]protocol.CoverageRow
}

func (p *coverageParser) fault(format string, args ...any) {
	if p.count++; p.count <= maxCoverageFaults {
		p.faults = append(p.faults, fmt.Errorf(format, args...))
	}
}

func (p *coverageParser) row(number int, from *CoverageRow) protocol.CoverageRow {
	before := p.count
	fault := func(format string, args ...any) {
		p.fault("row %d: %w", number, fmt.Errorf(format, args...))
	}
	row := protocol.CoverageRow{Name: from.Name}
	if id, err := protocol.ParseCareProviderID(from.CareProvider); err != nil {
		fault("care_provider %q is no HSA-id", from.CareProvider)
	} else {
		row.CareProvider = id.Reveal()
	}
	if !isName(from.Name) {
		fault("name: a name of 1 to %d bytes on one line is needed", protocol.MaxNameBytes)
	} else if other, known := p.names[row.CareProvider]; known && other != from.Name {
		fault("name: the care provider is called otherwise in an earlier row")
	}
	contract, known := protocol.ContractNamed(from.Contract)
	if row.Contract = contract; !known {
		fault("contract: no contract is called %q", from.Contract)
	}
	var err error
	if row.Since, err = day(from.Since); err != nil {
		fault("since: %w", err)
	}
	if from.Until != "" {
		if row.Until, err = day(from.Until); err != nil {
			fault("until: %w", err)
		} else if row.Until < row.Since {
			fault("until: it is before since")
		}
	}
	if p.count == before {
		p.add(row, fault)
	}
	return row
}

// add remembers a row, and refuses one that says of a day what another has said.
func (p *coverageParser) add(row protocol.CoverageRow, fault func(string, ...any)) {
	p.names[row.CareProvider] = row.Name
	key := coverageKey{row.CareProvider, row.Contract}
	for _, other := range p.periods[key] {
		if (row.Until == 0 || other.Since <= row.Until) && (other.Until == 0 || row.Since <= other.Until) {
			fault("an earlier row has the same care provider and contract at the same time")
			return
		}
	}
	p.periods[key] = append(p.periods[key], row)
}

func isName(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return false
		}
	}
	return s != "" && len(s) <= protocol.MaxNameBytes
}

var errDay = errors.New("a day is needed, such as 2024-01-31")

func day(s string) (protocol.Civil, error) {
	t, err := protocol.ParseCivil(s)
	if err != nil || len(t.Digits()) != 8 {
		return 0, errDay
	}
	return t, nil
}
