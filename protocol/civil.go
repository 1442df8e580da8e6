package protocol

import "errors"

// ErrCivil is a date or time that is neither of the contracts' forms.
var ErrCivil = errors.New("protocol: not a civil date or time (YYYYMMDDhhmmss or YYYY-MM-DDThh:mm:ss, as far as it was given)")

// Instant is a point in time as milliseconds since 1970-01-01 UTC. Zero is unknown.
type Instant int64

// Civil is a date or time as the clinical contracts carry it: Swedish local time,
// without a zone, as exact as it was given. Its value is the digits
// YYYYMMDDhhmmss, the missing ones zero, times ten, plus the count of pairs given
// (2 for a year alone … 7 for seconds), so that Civils sort as numbers. Zero is
// unknown.
type Civil int64

// civilLayout is the separated form: a '0' stands for any digit.
const civilLayout = "0000-00-00T00:00:00"

// ParseCivil reads YYYYMMDDhhmmss as far as it was given, from YYYY, a pair at a
// time, and the same with separators, YYYY-MM-DDThh:mm:ss. After seconds there may be
// a fraction and a zone (Z, +hh:mm, -hh:mm); both are dropped, since the contracts
// mean Swedish local time.
func ParseCivil(s string) (Civil, error) {
	layout := civilLayout
	if len(s) <= 4 || s[4] != '-' {
		layout = "00000000000000"
	}
	digits := make([]byte, 0, 14)
	n := min(len(s), len(layout))
	for i := 0; i < n; i++ {
		switch {
		case layout[i] == '0' && isDigit(s[i]):
			digits = append(digits, s[i])
		case layout[i] == '0' || layout[i] != s[i]:
			return 0, ErrCivil
		}
	}
	if n == 0 || !isDigit(s[n-1]) || len(digits) < 4 || len(digits)%2 != 0 || !isCivilTail(s[n:]) {
		return 0, ErrCivil
	}
	return civilOf(string(digits))
}

// isCivilTail reports whether s is what may follow seconds: nothing, a fraction, a
// zone, or a fraction and a zone.
func isCivilTail(s string) bool {
	if len(s) > 1 && s[0] == '.' && isDigit(s[1]) {
		s = s[2:]
		for len(s) > 0 && isDigit(s[0]) {
			s = s[1:]
		}
	}
	if s == "" || s == "Z" {
		return true
	}
	return len(s) == 6 && (s[0] == '+' || s[0] == '-') && allDigits(s[1:3]) && s[3] == ':' && allDigits(s[4:])
}

func civilOf(digits string) (Civil, error) {
	pairs := len(digits) / 2
	padded := digits
	for len(padded) < 14 {
		if n := len(padded); n == 4 || n == 6 {
			padded += "01"
		} else {
			padded += "00"
		}
	}
	year, month, day := number(padded[:4]), number(padded[4:6]), number(padded[6:8])
	if year == 0 || !isDate(year, month, day) || number(padded[8:10]) > 23 || number(padded[10:12]) > 59 || number(padded[12:]) > 59 {
		return 0, ErrCivil
	}
	var n int64
	for i := 0; i < len(padded); i++ {
		d := int64(0)
		if i < len(digits) {
			d = int64(digits[i] - '0')
		}
		n = n*10 + d
	}
	return Civil(n*10 + int64(pairs)), nil
}

// IsZero reports whether the time is unknown.
func (c Civil) IsZero() bool { return c == 0 }

// Digits returns the digits that were given: 4 to 14 of them, or "".
func (c Civil) Digits() string {
	if c <= 0 {
		return ""
	}
	pairs := int(c % 10)
	var b [14]byte
	n := int64(c / 10)
	for i := 13; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	if pairs > 7 {
		pairs = 7
	}
	return string(b[:pairs*2])
}

// String returns the time as YYYY-MM-DD hh:mm:ss, as far as it was given.
func (c Civil) String() string {
	d := c.Digits()
	out := make([]byte, 0, 19)
	for i := 0; i < len(d); i++ {
		switch i {
		case 4, 6:
			out = append(out, '-')
		case 8:
			out = append(out, ' ')
		case 10, 12:
			out = append(out, ':')
		}
		out = append(out, d[i])
	}
	return string(out)
}

// valid reports whether c is zero or a value that ParseCivil returns.
func (c Civil) valid() bool {
	if c == 0 {
		return true
	}
	if pairs := c % 10; c < 0 || pairs < 2 || pairs > 7 {
		return false
	}
	same, err := civilOf(c.Digits())
	return err == nil && same == c
}
