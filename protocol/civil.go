package protocol

import "errors"

// ErrCivil is a date or time that is neither of the contracts' forms.
var ErrCivil = errors.New("protocol: not a civil date or time (YYYYMMDD[hhmmss] or YYYY-MM-DD[Thh:mm:ss])")

// Instant is a point in time as milliseconds since 1970-01-01 UTC. Zero is unknown.
type Instant int64

// Civil is a date or time as the clinical contracts carry it: Swedish local time,
// without a zone, as exact as it was given. Its value is the digits
// YYYYMMDDhhmmss, the missing ones zero, times ten, plus the count of pairs given
// (2 for a year alone … 7 for seconds), so that Civils sort as numbers. Zero is
// unknown.
type Civil int64

// ParseCivil reads YYYY, YYYYMM, YYYYMMDD, YYYYMMDDhhmm or YYYYMMDDhhmmss, and the
// same with '-', ':' and 'T' between (fractions and zone after seconds are dropped).
func ParseCivil(s string) (Civil, error) {
	digits := make([]byte, 0, 14)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c):
			if len(digits) == 14 {
				i = len(s)
				break
			}
			digits = append(digits, c)
		case c == '-' && (i == 4 || i == 7), c == ':' && (i == 13 || i == 16), c == 'T' && i == 10:
		case len(digits) == 14 && (c == '.' || c == 'Z' || c == '+' || c == '-'):
			i = len(s)
		default:
			return 0, ErrCivil
		}
	}
	switch len(digits) {
	case 4, 6, 8, 10, 12, 14:
	default:
		return 0, ErrCivil
	}
	return civilOf(string(digits))
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
