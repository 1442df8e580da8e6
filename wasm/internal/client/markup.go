package client

import (
	"strconv"
	"unicode/utf8"

	"tvilling/protocol"
)

// literal is markup that stands in this program's source. Only constants become one
// without a conversion, and there is no conversion anywhere: a text that came from
// outside cannot be given where a literal is asked for.
type literal string

// markup builds HTML: literals as they are, everything else escaped by text. Its
// methods are kept out of line: inlined a thousand times they are a tenth of the
// program that the page waits for.
type markup struct{ b []byte }

//go:noinline
func (m *markup) raw(l literal) *markup {
	m.b = append(m.b, l...)
	return m
}

// text appends a text from anywhere. What comes out is inert as content and within
// a quoted attribute. Control characters go (the painter's separators are among
// them); characters that turn the direction of writing become visible, since they
// could show a dose with its digits in another order. Of marks on one letter the first
// few stay: a flood of them is painted over what stands above and below.
func (m *markup) text(s string) *markup {
	marks := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			marks = 0
			m.b = appendASCII(m.b, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !isMark(r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			i += size
			continue
		}
		if r == utf8.RuneError || turnsDirection(r) || r == '\u2028' || r == '\u2029' || r < 0xa0 {
			m.b = utf8.AppendRune(m.b, utf8.RuneError)
		} else {
			m.b = append(m.b, s[i:i+size]...)
		}
		i += size
	}
	return m
}

// foreign marks an element whose words are the record's own, where the page speaks
// another language than records do.
//
//go:noinline
func (r *renderer) foreign(m *markup) *markup {
	return m.when(r.lang == protocol.English, ` lang="sv"`)
}

// off says of a button that it does nothing now: the machine ignores it. It keeps the
// focus, which a button that is disabled as it is pressed loses to nowhere.
//
//go:noinline
func (m *markup) off(now bool) *markup { return m.when(now, ` aria-disabled="true"`) }

func appendASCII(b []byte, c byte) []byte {
	switch c {
	case '&':
		return append(b, "&amp;"...)
	case '<':
		return append(b, "&lt;"...)
	case '>':
		return append(b, "&gt;"...)
	case '"':
		return append(b, "&#34;"...)
	case '\'':
		return append(b, "&#39;"...)
	case '`':
		return append(b, "&#96;"...)
	case '\t', '\n':
		return append(b, c)
	case '\r':
		return b
	}
	if c < ' ' || c == 0x7f {
		return utf8.AppendRune(b, utf8.RuneError)
	}
	return append(b, c)
}

// maxMarks is how many marks one letter may carry: no language needs more.
const maxMarks = 4

// isMark reports whether a character is painted on the one before it.
func isMark(r rune) bool {
	return r >= 0x300 && (r <= 0x36f || r >= 0x483 && r <= 0x489 || r >= 0x1ab0 && r <= 0x1aff || r >= 0x1dc0 && r <= 0x1dff ||
		r >= 0x20d0 && r <= 0x20ff || r >= 0xfe20 && r <= 0xfe2f)
}

func turnsDirection(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

//go:noinline
func (m *markup) number(n int) *markup {
	m.b = strconv.AppendInt(m.b, int64(n), 10)
	return m
}

//go:noinline
func (m *markup) when(yes bool, l literal) *markup {
	if yes {
		m.b = append(m.b, l...)
	}
	return m
}

func (m *markup) String() string { return string(m.b) }

// The ids that the program refers to.
const (
	idMain          = "main-heading"
	idListHeading   = "list-heading"
	idReaderHeading = "reader-heading"
	idTrendHeading  = "trend-heading"
	idRows          = "rows"
	idMenu          = "menu" // no element: any menu
	idPatient       = "patient-id"
	idEndAsk        = "end-consent"
	idEndConfirm    = "end-confirm"
	idReason1       = "emergency-reason-1"
	idReason2       = "emergency-reason-2"
	idSure          = "emergency-sure"
	idGuardian      = "guardian"
	idGiver         = "giver-guardian"
	idFrom          = "follow-from"
	idSubject       = "follow-subject"
	idEmployee      = "follow-employee"
	idReport        = "report-heading"
	idReview        = "review-legend"
	idDialog        = "dialog-yes"
	idGuide         = "guide-title"
	idFeedback      = "feedback-text"
)

const hexDigits = "0123456789abcdef"

// keyText writes a document's key, which is opaque, as hex.
func keyText(key protocol.DocumentKey) string {
	b := make([]byte, 0, 2*len(key))
	for _, c := range key {
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(b)
}

// rowID is the id of a document's row.
func rowID(key protocol.DocumentKey) string { return "row-" + keyText(key) }

// parseKey reads what keyText or rowID wrote.
func parseKey(s string) (key protocol.DocumentKey, ok bool) {
	if len(s) > 4 && s[:4] == "row-" {
		s = s[4:]
	}
	if len(s) != 2*len(key) {
		return key, false
	}
	for i := range key {
		hi, lo := hexValue(s[2*i]), hexValue(s[2*i+1])
		if hi > 15 || lo > 15 {
			return protocol.DocumentKey{}, false
		}
		key[i] = hi<<4 | lo
	}
	return key, true
}

func hexValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	default:
		return 0xff
	}
}

// formatPatient writes a patient id as people write it.
func formatPatient(id protocol.PatientID) string {
	s := id.Reveal()
	if len(s) != 12 {
		return ""
	}
	return s[:8] + "-" + s[8:]
}

// civilOf turns an instant into Swedish local time, "2026-03-29 14:05:06", by the
// rule of the European Union: summer time from the last Sunday in March to the last
// in October, both at 01:00 UTC. The computer's own zone is not asked: records and
// times of consent are in Swedish time wherever the screen stands.
func civilOf(at protocol.Instant) string {
	seconds := int64(at) / 1000
	year, _, _ := date(floorDiv(seconds, 86400))
	offset := int64(3600)
	if seconds >= lastSunday(year, 3) && seconds < lastSunday(year, 10) {
		offset = 7200
	}
	local := seconds + offset
	days := floorDiv(local, 86400)
	y, mo, d := date(days)
	t := int(local - days*86400)
	b := make([]byte, 0, 19)
	b = pad(b, y, 4)
	b = pad(append(b, '-'), mo, 2)
	b = pad(append(b, '-'), d, 2)
	b = pad(append(b, ' '), t/3600, 2)
	b = pad(append(b, ':'), t/60%60, 2)
	b = pad(append(b, ':'), t%60, 2)
	return string(b)
}

// lastSunday returns 01:00 UTC on the last Sunday of a month of 31 days.
func lastSunday(year, month int) int64 {
	last := dayNumber(year, month, 31)
	weekday := ((last+4)%7 + 7) % 7 // day 0, 1970-01-01, was a Thursday
	return (last-weekday)*86400 + 3600
}

// dayNumber counts days from 1970-01-01, by the proleptic Gregorian calendar.
func dayNumber(y, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(int64(y), 400)
	yoe := int64(y) - era*400
	doy := int64((153*(m-3)+2)/5 + d - 1)
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// date is the inverse of dayNumber.
func date(day int64) (y, m, d int) {
	day += 719468
	era := floorDiv(day, 146097)
	doe := day - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d, m = int(doy-(153*mp+2)/5+1), int(mp)+3
	y = int(yoe + era*400)
	if m > 12 {
		m -= 12
		y++
	}
	return y, m, d
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func pad(b []byte, n, width int) []byte {
	s := strconv.Itoa(n)
	for i := len(s); i < width; i++ {
		b = append(b, '0')
	}
	return append(b, s...)
}
