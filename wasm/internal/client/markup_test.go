package client

import (
	"strings"
	"testing"
)

// A flood of marks on one letter is not painted over the lines around it; marks that a
// language uses stay.
func TestMarksOnALetterAreFew(t *testing.T) {
	for text, want := range map[string]string{
		"e\u0301le\u0300ve":                               "e\u0301le\u0300ve",
		"a" + strings.Repeat("\u0301", 400) + "b\u0302":   "a" + strings.Repeat("\u0301", maxMarks) + "b\u0302",
		strings.Repeat("o\u0308", 9):                      strings.Repeat("o\u0308", 9),
		"å" + strings.Repeat("\u20dd\ufe20", 50) + "<b>å": "å\u20dd\ufe20\u20dd\ufe20&lt;b&gt;å",
	} {
		if got := new(markup).text(text).String(); got != want {
			t.Errorf("%+q became %+q, want %+q", text, got, want)
		}
	}
}
