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

// The two forms in full; a '0' stands for any digit.
const (
	civilDigits    = 14
	civilCompact   = "00000000000000"
	civilSeparated = "0000-00-00T00:00:00"
)

// ParseCivil reads YYYYMMDDhhmmss as far as it was given, from YYYY, a pair at a
// time, and the same with separators, YYYY-MM-DDThh:mm:ss. After seconds there may be
// a fraction and a zone (Z, +hh:mm, -hh:mm); both are dropped, since the contracts
// mean Swedish local time.
func ParseCivil(s string) (Civil, error) {
	layout := civilCompact
	if len(s) > 4 && s[4] == '-' {
		layout = civilSeparated
	}
	digits := make([]byte, 0, civilDigits)
	n := min(len(s), len(layout))
	for i := 0; i < n; i++ {
		switch {
		case layout[i] == '0' && isDigit(s[i]):
			digits = append(digits, s[i])
		case layout[i] == '0' || layout[i] != s[i]:
			return 0, ErrCivil
		}
	}
	if len(digits) < 4 || len(digits)%2 != 0 || !isDigit(s[n-1]) || !isCivilTail(s[n:]) {
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
	var n int64
	for i := 0; i < civilDigits; i++ {
		n *= 10
		if i < len(digits) {
			n += int64(digits[i] - '0')
		}
	}
	c := Civil(n*10 + int64(len(digits)/2))
	if !c.valid() {
		return 0, ErrCivil
	}
	return c, nil
}

// valid reports whether c is zero, or a possible time of which nothing stands after
// the pairs that were given.
func (c Civil) valid() bool {
	if c == 0 {
		return true
	}
	given, n := int(c%10), int64(c)/10
	if c < 0 || given < 2 || given > 7 {
		return false
	}
	var pair [8]int // counted from one: month is the third, second the seventh
	for i := 7; i > 2; i-- {
		pair[i] = int(n % 100)
		n /= 100
		if i > given && pair[i] != 0 {
			return false
		}
	}
	month, day := pair[3], pair[4]
	if given < 3 {
		month = 1
	}
	if given < 4 {
		day = 1
	}
	return n >= 1 && n <= 9999 && isDate(int(n), month, day) && pair[5] <= 23 && pair[6] <= 59 && pair[7] <= 59
}

// IsZero reports whether the time is unknown.
func (c Civil) IsZero() bool { return c == 0 }

// Digits returns the digits that were given: 4 to 14 of them, or "".
func (c Civil) Digits() string {
	if c <= 0 {
		return ""
	}
	pairs := int(c % 10)
	var b [civilDigits]byte
	n := int64(c / 10)
	for i := len(b) - 1; i >= 0; i-- {
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
