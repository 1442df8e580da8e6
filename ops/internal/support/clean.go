package support

import (
	"regexp"
	"strings"

	"tvilling/protocol"
)

// taken stands where something was taken out.
const taken = "[taken out: looks like a personal identity]"

// A personal identity is twelve characters, or ten where somebody left the century out,
// with at most one sign before the last four, or written as a date and four digits.
// Reserve numbers have letters among them. An HSA-id has digits of the same form in it,
// and names no patient: it is found first, and kept.
var (
	long  = regexp.MustCompile(hsaID + `|[0-9]{4}-[0-9]{2}-[0-9]{2}` + sign + `[0-9]{4}|[0-9]{8}` + sign + `?[0-9A-Zptf]{2}[0-9]{2}`)
	short = regexp.MustCompile(hsaID + `|[0-9]{6}` + sign + `?[0-9]{4}`)
	// One that stands in a longer number: there a check digit is asked for, or much would
	// be taken out that is none.
	within = regexp.MustCompile(hsaID + `|(?:18|19|20)[0-9]{6}` + sign + `?[0-9]{4}`)
	signs  = regexp.MustCompile(sign)
)

// identityLength is of a personal identity, written whole.
const identityLength = 12

const (
	hsaID = `SE[0-9]{10}-[0-9A-Z]+`
	sign  = `(?:[-+ \x{00a0}\x{2010}-\x{2015}\x{2212}]|%2[DdBb0])` // as people, programs and URLs write it
)

// Clean takes out what looks like a personal identity, and says how much. It rather
// takes out too much: a number that is none, and has the form of one, is gone as well.
func Clean(text []byte) (clean []byte, count int) {
	clean, long := take(text, long, identity)
	clean, short := take(clean, short, func(s string) bool {
		s = strings.NewReplacer("-", "", "+", "").Replace(s)
		return identity("19"+s) || identity("20"+s)
	})
	return clean, long + short
}

// take takes out what has a form and is what it looks like. What is not is looked at again
// from its second character on: an identity may stand right behind another digit.
func take(text []byte, form *regexp.Regexp, is func(string) bool) (clean []byte, count int) {
	for {
		at := form.FindIndex(text)
		if at == nil {
			return append(clean, text...), count
		}
		found := string(text[at[0]:at[1]])
		clean = append(clean, text[:at[0]]...)
		next := at[1]
		switch {
		case is(found):
			clean = append(clean, taken...)
			count++
		case strings.HasPrefix(found, "SE"):
			clean = append(clean, found...)
		default:
			clean = append(clean, found[0])
			next = at[0] + 1
		}
		text = text[next:]
	}
}

func identity(s string) bool {
	_, err := protocol.ParsePatientID(s)
	return err == nil
}
