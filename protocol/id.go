package protocol

import "errors"

// Errors of the id parsers. They name the rule that was broken and never the input.
var (
	ErrPatientIDForm     = errors.New("protocol: patient id is not twelve characters in a known form")
	ErrPatientIDDate     = errors.New("protocol: patient id holds no possible date")
	ErrPatientIDChecksum = errors.New("protocol: patient id has a wrong check digit")
	ErrPatientIDRoot     = errors.New("protocol: patient id is of another kind than its root says, or the root is not a national one")
	ErrHSAIDForm         = errors.New("protocol: HSA-id is not 1 to 32 letters, digits, '-', '_' or '.', with a letter or digit among them")
)

// Roots (OIDs) of the identities that Tvilling knows.
const (
	RootPersonnummer       = "1.2.752.129.2.1.3.1"
	RootSamordningsnummer  = "1.2.752.129.2.1.3.3"
	RootNationalReserve    = "1.2.752.74.9.1"
	RootHSAID              = "1.2.752.129.2.1.4.1"
	redacted               = "redacted"
	patientIDLength        = 12
	hsaIDMaxLength         = 32
	samordningsnummerShift = 60
)

// PatientIDKind tells the three national kinds of patient id apart.
type PatientIDKind uint8

// The kinds. The zero value is the kind of no id.
const (
	NoPatientID PatientIDKind = iota
	Personnummer
	Samordningsnummer
	NationalReserve
)

// Root returns the OID of the kind, or "" for NoPatientID.
func (k PatientIDKind) Root() string {
	switch k {
	case Personnummer:
		return RootPersonnummer
	case Samordningsnummer:
		return RootSamordningsnummer
	case NationalReserve:
		return RootNationalReserve
	default:
		return ""
	}
}

// PatientID names a patient: twelve characters, checked. The zero value names
// nobody. It is comparable and does not print; Reveal is the only way to the digits.
type PatientID struct{ text handle }

// ParsePatientID reads a patient id as a person types it or a contract carries it:
// twelve characters, with at most one '-' or '+' before the last four and spaces
// around. The century must be there: ten digits are refused, since guessing it
// could open another patient.
func ParsePatientID(s string) (PatientID, error) {
	digits, ok := compactPatientID(s)
	if !ok {
		return PatientID{}, ErrPatientIDForm
	}
	if _, err := patientIDKind(digits); err != nil {
		return PatientID{}, err
	}
	return PatientID{handleOf(digits)}, nil
}

// ParsePatientIDUnder reads a patient id that a message carries under a root (OID).
// An empty root is accepted; another than the id's own kind is ErrPatientIDRoot.
func ParsePatientIDUnder(root, s string) (PatientID, error) {
	id, err := ParsePatientID(s)
	if err != nil {
		return PatientID{}, err
	}
	if root != "" && root != id.Kind().Root() {
		return PatientID{}, ErrPatientIDRoot
	}
	return id, nil
}

// Kind returns which kind of id it is.
func (id PatientID) Kind() PatientIDKind {
	if id.IsZero() {
		return NoPatientID
	}
	kind, _ := patientIDKind(id.text.Value())
	return kind
}

// IsZero reports whether id names nobody.
func (id PatientID) IsZero() bool { return id == PatientID{} }

// Reveal returns the twelve characters. Keep them out of logs, errors, metrics,
// file names and URLs.
func (id PatientID) Reveal() string {
	if id.IsZero() {
		return ""
	}
	return id.text.Value()
}

// String hides the id.
func (id PatientID) String() string { return "patient:" + redacted }

// GoString hides the id.
func (id PatientID) GoString() string { return "patient:" + redacted }

func compactPatientID(s string) (string, bool) {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	if len(s) == patientIDLength+1 && (s[8] == '-' || s[8] == '+') {
		s = s[:8] + s[9:]
	}
	return s, len(s) == patientIDLength
}

// patientIDKind decides the kind of twelve characters and checks them by its rule.
func patientIDKind(s string) (PatientIDKind, error) {
	if !allDigits(s[:8]) {
		return NoPatientID, ErrPatientIDForm
	}
	if century := s[:2]; allDigits(s) && (century == "18" || century == "19" || century == "20") {
		return civicNumberKind(s)
	}
	return NationalReserve, checkNationalReserve(s)
}

// civicNumberKind checks a personnummer or a samordningsnummer (whose day is raised
// by 60): a date and a check digit by the Luhn rule over the last ten digits.
func civicNumberKind(s string) (PatientIDKind, error) {
	kind := Personnummer
	day := number(s[6:8])
	if day > samordningsnummerShift {
		kind, day = Samordningsnummer, day-samordningsnummerShift
	}
	if !isDate(number(s[:4]), number(s[4:6]), day) {
		return NoPatientID, ErrPatientIDDate
	}
	if !luhn(s[2:]) {
		return NoPatientID, ErrPatientIDChecksum
	}
	return kind, nil
}

// checkNationalReserve checks a national reserve number, XXYYMMDDNNGC: eight digits,
// a possible month and day, then NN of digits and capitals (or p, t, f), a digit G
// for sex and a digit C. The engagement index' own expression is no stricter; how C
// is computed is not published with the contracts, so it is not verified here.
func checkNationalReserve(s string) error {
	if century := s[:2]; century == "18" || century == "19" || century == "20" {
		return ErrPatientIDForm // a civic number's century and a letter: neither kind
	}
	for i := 8; i < 10; i++ {
		c := s[i]
		if !isDigit(c) && (c < 'A' || c > 'Z') && c != 'p' && c != 't' && c != 'f' {
			return ErrPatientIDForm
		}
	}
	if !allDigits(s[10:]) {
		return ErrPatientIDForm
	}
	if month, day := number(s[4:6]), number(s[6:8]); month < 1 || month > 12 || day < 1 || day > 31 {
		return ErrPatientIDDate
	}
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func number(digits string) int {
	n := 0
	for i := 0; i < len(digits); i++ {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

func luhn(digits string) bool {
	sum := 0
	for i := 0; i < len(digits); i++ {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func isDate(year, month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

// The things that an HSA-id can name. They are type parameters only, so that a care
// unit's id cannot stand where a care provider's is meant.
type (
	careProvider struct{}
	careUnit     struct{}
	employee     struct{}
	source       struct{}
	commission   struct{}
)

// Ids in the national directory (HSA), one type for each thing that they name.
type (
	CareProviderID = HSAID[careProvider]
	CareUnitID     = HSAID[careUnit]
	EmployeeID     = HSAID[employee]
	SourceID       = HSAID[source]
	CommissionID   = HSAID[commission]
)

// HSAID is an id in the national directory. Production's look like
// SE2321000016-1ABC; those of test environments are irregular (T_SERVICES_SE…-10KD,
// 5565594230, SE-122345), and both are taken. Letters are raised to capitals, so
// that equality is the directory's. The zero value names nothing. It does not print.
type HSAID[T any] struct {
	_    [0]*T // first: at the end it would be padded to a word
	text handle
}

// ParseHSAID reads an HSA-id; use it as ParseHSAID[…] by way of the aliases' parsers.
func parseHSAID[T any](s string) (HSAID[T], error) {
	if len(s) == 0 || len(s) > hsaIDMaxLength {
		return HSAID[T]{}, ErrHSAIDForm
	}
	upper := make([]byte, len(s))
	named := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		switch {
		case isDigit(c), c >= 'A' && c <= 'Z':
			named = true
		case c == '-', c == '_', c == '.':
		default:
			return HSAID[T]{}, ErrHSAIDForm
		}
		upper[i] = c
	}
	if !named {
		return HSAID[T]{}, ErrHSAIDForm
	}
	return HSAID[T]{text: handleOf(string(upper))}, nil
}

// ParseCareProviderID reads the HSA-id of a care provider.
func ParseCareProviderID(s string) (CareProviderID, error) { return parseHSAID[careProvider](s) }

// ParseCareUnitID reads the HSA-id of a care unit.
func ParseCareUnitID(s string) (CareUnitID, error) { return parseHSAID[careUnit](s) }

// ParseEmployeeID reads the HSA-id of a member of staff.
func ParseEmployeeID(s string) (EmployeeID, error) { return parseHSAID[employee](s) }

// ParseSourceID reads the HSA-id of a source system.
func ParseSourceID(s string) (SourceID, error) { return parseHSAID[source](s) }

// ParseCommissionID reads the HSA-id of a commission.
func ParseCommissionID(s string) (CommissionID, error) { return parseHSAID[commission](s) }

// IsZero reports whether id names nothing.
func (id HSAID[T]) IsZero() bool { return id.text == handle{} }

// Reveal returns the id's characters.
func (id HSAID[T]) Reveal() string {
	if id.IsZero() {
		return ""
	}
	return id.text.Value()
}

// Regular reports whether id has production's form: SE, a ten-digit organisation
// number, '-' and a suffix.
func (id HSAID[T]) Regular() bool {
	s := id.Reveal()
	return len(s) > 13 && s[:2] == "SE" && allDigits(s[2:12]) && s[12] == '-'
}

// String hides the id.
func (id HSAID[T]) String() string { return "hsa:" + redacted }

// GoString hides the id.
func (id HSAID[T]) GoString() string { return "hsa:" + redacted }
