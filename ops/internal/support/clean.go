package support

import (
	"bytes"
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
	clean = text
	for _, look := range []struct {
		form *regexp.Regexp
		is   func(string) bool
		step bool // one may begin within what was found and is none
	}{
		{long, identity, false},
		{within, identity, true},
		{short, func(s string) bool { return identity("19"+s) || identity("20"+s) }, false},
	} {
		var n int
		clean, n = replace(clean, look.form, look.is, look.step)
		count += n
	}
	return clean, count
}

// sample is a line of Prometheus' text: what was measured, and one number.
var sample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{.*\})? )([-+]?(?:[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|Inf)|NaN)$`)

// cleanMetrics is Clean, but for the numbers that were measured: what the program counted
// itself is nobody's, and without it the rest says nothing. Names, labels, comments and
// lines of any other form are looked at.
func cleanMetrics(text []byte) (clean []byte, count int) { return cleanBut(sample, text) }

// room is a line of JSON that says how full a disk is, in bytes.
var room = regexp.MustCompile(`^(\s*"disk_(?:free|total)": )[0-9]+,?$`)

// cleanJSON is Clean, but for how full disks are: a number that grows by itself comes by
// the form of an identity now and then.
func cleanJSON(text []byte) (clean []byte, count int) { return cleanBut(room, text) }

// cleanBut is Clean, but for what follows the first part of lines of a form.
func cleanBut(form *regexp.Regexp, text []byte) (clean []byte, count int) {
	clean = make([]byte, 0, len(text))
	for line := range bytes.Lines(text) {
		body := bytes.TrimSuffix(line, []byte("\n"))
		what, rest := body, line[len(body):]
		if found := form.FindSubmatchIndex(body); found != nil {
			what, rest = body[:found[3]], line[found[3]:]
		}
		said, n := Clean(what)
		clean, count = append(append(clean, said...), rest...), count+n
	}
	return clean, count
}

func replace(text []byte, form *regexp.Regexp, is func(string) bool, step bool) (clean []byte, count int) {
	kept := 0 // what is before it has been written
	for at := 0; ; {
		found := form.FindIndex(text[at:])
		if found == nil {
			return append(clean, text[kept:]...), count
		}
		from, to := at+found[0], at+found[1]
		at = to
		switch what := string(text[from:to]); {
		case strings.HasPrefix(what, "S"):
			if unit := strings.IndexByte(what, '-') + 1; len(what)-unit >= identityLength {
				at = from + unit // no unit's: somebody's may be in it
			}
		case is(signs.ReplaceAllString(what, "")):
			clean = append(append(clean, text[kept:from]...), taken...)
			kept, count = to, count+1
		case step:
			at = from + 1
		}
	}
}

func identity(s string) bool {
	_, err := protocol.ParsePatientID(s)
	return err == nil
}
