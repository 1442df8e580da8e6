package protocol

import "unicode/utf8"

// MaxFeedbackRunes is how long the text of a Feedback may be.
const MaxFeedbackRunes = 300

const maxPage = 32 // bytes of the name of a page

// Proper reports whether a feedback can be taken: it says something, no more than may be
// said, and nothing in it looks like the number or the address of somebody.
func (f Feedback) Proper() bool {
	said := false
	for i := 0; i < len(f.Text); i++ {
		c := f.Text[i]
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f || c == 0xc2 && i+1 < len(f.Text) && f.Text[i+1] < 0xa0 {
			return false // a sign that a terminal would obey, also one of those from U+0080
		}
		said = said || c > ' '
	}
	return (said || f.Grade > 0) && f.Grade <= 5 && len(f.Text) <= MaxReasonBytes &&
		utf8.RuneCountInString(f.Text) <= MaxFeedbackRunes &&
		isPage(f.Page) && !Identifies(f.Text)
}

// isPage reports whether a text can be the name of a page: small letters, digits, and
// signs between them.
func isPage(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isDigit(c) && (c < 'a' || c > 'z') && c != '-' && c != '/' {
			return false
		}
	}
	return len(s) <= maxPage && !Identifies(s)
}

// What a text may hold of somebody, in digits.
const (
	longRun    = 7  // digits in one run: no date, no version, no code of ours has as many
	longJoined = 10 // digits joined by dashes, dots and slashes alone
	phoneLeast = 7  // digits of a telephone number, which begins with a 0 or a +
	hsaLeast   = 4  // digits of an HSA-id after its SE
	maxBetween = 3  // signs between two characters of one number
)

// Identifies reports whether a text holds anything like an identity: a patient id in any
// writing (with or without century, dash, plus or spaces), a long run of digits, an HSA-id,
// an e-mail address, a telephone number. It rather finds too much than too little. Names
// it cannot find.
func Identifies(text string) bool {
	b := plainDigits(text)
	for i, c := range b {
		switch {
		case c == '@' && i > 0 && i+1 < len(b) && b[i-1] > ' ' && b[i+1] > ' ':
			return true
		case isDigit(c):
			begins := i == 0 || !isDigit(b[i-1])
			if isPatientAt(b[i:]) || begins && isNumber(b[i:], i > 0 && b[i-1] == '+') {
				return true
			}
		case isSE(b, i):
			return true
		}
	}
	return false
}

// plainDigits is a text in which digits of other scripts and full width are plain ones,
// and spaces and dashes of every kind are a space and a dash.
func plainDigits(text string) []byte {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			b = append(b, byte(r))
		case r >= 0xff10 && r <= 0xff19: // full width
			b = append(b, byte(r-0xff10)+'0')
		case r >= 0x0660 && r <= 0x0669, r >= 0x06f0 && r <= 0x06f9: // Arabic
			b = append(b, byte(r&0xf)+'0')
		case r == 0xff20:
			b = append(b, '@')
		case r == 0xff0b:
			b = append(b, '+')
		case r == 0xad, r >= 0x2010 && r <= 0x2015, r == 0x2212, r == 0xff0d:
			b = append(b, '-')
		case r == 0xa0, r >= 0x2000 && r <= 0x200f, r == 0x202f, r == 0x205f, r == 0x2060, r == 0x3000, r == 0xfeff:
			b = append(b, ' ')
		default:
			b = append(b, 0x80) // a sign or letter of no meaning here
		}
	}
	return b
}

// isPatientAt reports whether a patient id begins a text, whatever stands between its
// characters.
func isPatientAt(b []byte) bool {
	var id [patientIDLength]byte
	taken, between := 0, 0
	for _, c := range b {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !isDigit(c) && !letter {
			if between++; between > maxBetween || c == ',' || c == ';' || c == ':' {
				return false
			}
			continue
		}
		between = 0
		if letter && taken != 8 && taken != 9 {
			return false // a reserve number has letters there alone
		}
		id[taken] = c
		if taken++; isPatient(string(id[:taken])) {
			return true
		}
		if taken == len(id) {
			return false
		}
	}
	return false
}

// isNumber reports whether a text begins with a long run of digits, with as many joined, or
// with a telephone number. International: a plus stands before it.
func isNumber(b []byte, international bool) bool {
	if digits(b, "") >= longRun || digits(b, "-./") >= longJoined {
		return true
	}
	return (international || b[0] == '0') && digits(b, " -./()") >= phoneLeast
}

// digits counts the digits that a text begins with, with signs between them.
func digits(b []byte, signs string) (n int) {
	between := 0
	for _, c := range b {
		if isDigit(c) {
			n, between = n+1, 0
			continue
		}
		sign := false
		for i := 0; i < len(signs); i++ {
			sign = sign || signs[i] == c
		}
		if between++; !sign || between > maxBetween {
			break
		}
	}
	return n
}

// isPatient reports whether digits and letters are a patient id, with its century or
// without.
func isPatient(s string) bool {
	switch len(s) {
	case patientIDLength:
		if _, err := ParsePatientID(s); err == nil {
			return true
		}
		_, err := ParsePatientID(s[:8] + upper(s[8:10]) + s[10:])
		return err == nil
	case patientIDLength - 2:
		for _, century := range [...]string{"19", "20", "18"} {
			if _, err := ParsePatientID(century + s); err == nil {
				return true
			}
		}
	}
	return false
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// isSE reports whether an HSA-id begins at a place: SE and its digits, with no letter
// before and at most a dash between.
func isSE(b []byte, i int) bool {
	if b[i]|0x20 != 's' || i+3 >= len(b) || b[i+1]|0x20 != 'e' {
		return false
	}
	if i > 0 && (b[i-1]|0x20 >= 'a' && b[i-1]|0x20 <= 'z') {
		return false
	}
	rest := b[i+2:]
	if rest[0] == '-' {
		rest = rest[1:]
	}
	n := 0
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	return n >= hsaLeast
}
