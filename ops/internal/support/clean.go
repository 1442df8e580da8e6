package support

import (
	"regexp"
	"strings"

	"tvilling/protocol"
)

// taken stands where something was taken out.
const taken = "[taken out: looks like a personal identity]"

// A personal identity is twelve characters, or ten where somebody left the century out,
// with at most one sign before the last four. Reserve numbers have letters among them.
// An HSA-id has digits of the same form in it, and names no patient: it is found first,
// and kept.
var (
	long  = regexp.MustCompile(hsaID + `|[0-9]{6}[0-9A-Z]{2}[-+]?[0-9A-Z]{4}`)
	short = regexp.MustCompile(hsaID + `|[0-9]{6}[-+]?[0-9]{4}`)
)

const hsaID = `SE[0-9]{10}-[0-9A-Z]+`

// Clean takes out what looks like a personal identity, and says how much. It rather
// takes out too much: a number that is none, and has the form of one, is gone as well.
func Clean(text []byte) (clean []byte, count int) {
	replace := func(form *regexp.Regexp, is func(string) bool) {
		clean = form.ReplaceAllFunc(clean, func(found []byte) []byte {
			if !is(string(found)) {
				return found
			}
			count++
			return []byte(taken)
		})
	}
	clean = text
	replace(long, identity)
	replace(short, func(s string) bool {
		s = strings.NewReplacer("-", "", "+", "").Replace(s)
		return identity("19"+s) || identity("20"+s)
	})
	return clean, count
}

func identity(s string) bool {
	_, err := protocol.ParsePatientID(s)
	return err == nil
}
