package client

import (
	"strconv"

	"tvilling/protocol"
)

// countText says how many documents there are.
func countText(lang protocol.Language, n int) string {
	return numbered(lang, n, txtDocumentOne, txtDocumentMany)
}

// changedText says what came and went; nothing if neither did.
func changedText(lang protocol.Language, added, gone int) string {
	s := ""
	if added > 0 {
		s = numbered(lang, added, txtNewOne, txtNewMany)
	}
	if gone > 0 {
		if s != "" {
			s += ", "
		}
		s += numbered(lang, gone, txtGoneOne, txtGoneMany)
	}
	return s
}

func numbered(lang protocol.Language, n int, one, many txt) string {
	if n == 1 {
		many = one
	}
	return thousands(lang, n) + " " + textOf(lang, many)
}

// thousands writes a count with its thousands parted, by a space or a comma.
func thousands(lang protocol.Language, n int) string {
	s := strconv.Itoa(n)
	gap := "\u00a0"
	if lang == protocol.English {
		gap = ","
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + gap + s[i:]
	}
	return s
}

// number reads a small number from a control's value; -1 if it is none. strconv would
// bring what it quotes in its errors.
func number(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' || i > 8 {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	if s == "" {
		return -1
	}
	return n
}
