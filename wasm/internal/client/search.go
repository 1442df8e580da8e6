package client

import (
	"strings"

	"tvilling/protocol"
)

// A search finds the documents in which every typed word stands, anywhere in what the
// list knows of a document: title, detail, author, role, unit, status, date, and the
// names of its type and its care provider in the user's language. Letters are compared
// without case and without accents; å, ä and ö are letters of their own.

// wordsOf parts what is typed into words to look for.
func wordsOf(typed string) []string {
	words := strings.Fields(fold(typed))
	return words[:min(len(words), maxWords)]
}

// searchable is what a document is searched by, names apart.
func searchable(h *protocol.Header) string {
	day := h.Time.String()
	return fold(h.Title + "\n" + h.Detail + "\n" + h.Author + "\n" + h.AuthorRole + "\n" + unitOf(h) + "\n" + h.Status + "\n" + day[:min(len(day), 10)])
}

// latin is what the letters from À (U+00C0) and from à (U+00E0) on are compared as; a
// number is the place of a letter that is no ASCII.
const latin = "aaaa010ceeeeiiiidnooooo2*2uuuuyts"

// own are the letters that latin has the places of.
var own = [...]string{"ä", "å", "ö"}

// fold writes a text as it is compared.
func fold(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+('a'-'A'))
		case c == 0xc3 && i+1 < len(s): // À to ÿ
			i++
			b = appendLatin(b, s[i])
		case c == 0xcc && i+1 < len(s): // a mark on the letter before it
			i++
			b = appendMark(b, s[i])
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func appendLatin(b []byte, c byte) []byte {
	letter := latin[c&0x1f]
	if letter >= '0' && letter <= '2' {
		return append(b, own[letter-'0']...)
	}
	return append(b, letter)
}

// appendMark makes å, ä and ö whole, where they are written as a letter and a mark.
// Every other mark goes.
func appendMark(b []byte, mark byte) []byte {
	last := len(b) - 1
	switch {
	case last < 0:
		return b
	case mark == 0x8a && b[last] == 'a':
		return append(b[:last], "å"...)
	case mark == 0x88 && b[last] == 'a':
		return append(b[:last], "ä"...)
	case mark == 0x88 && b[last] == 'o':
		return append(b[:last], "ö"...)
	}
	return b
}

// names are the words for types and care providers that a search goes by.
type names struct {
	lang     protocol.Language
	provider func(protocol.CareProviderID) string
}

// finder holds what a search is for: the words, and which of them stand in the name of
// a type or of a care provider, a bit for each.
type finder struct {
	words     []string
	names     names
	types     [256]uint16
	typed     [256]bool
	providers map[protocol.CareProviderID]uint16
}

func newFinder(text string, n names) *finder {
	return &finder{words: wordsOf(text), names: n, providers: map[protocol.CareProviderID]uint16{}}
}

// in returns which words stand in a text.
func (f *finder) in(text string) (found uint16) {
	for i, w := range f.words {
		if strings.Contains(text, w) {
			found |= 1 << i
		}
	}
	return found
}

// finds reports whether every word stands in the text, or in a name.
func (f *finder) finds(h *protocol.Header, text string) bool {
	if len(f.words) == 0 {
		return true
	}
	if !f.typed[h.Contract] {
		f.typed[h.Contract], f.types[h.Contract] = true, f.in(fold(h.Contract.Label(f.names.lang)))
	}
	named, known := f.providers[h.CareProvider]
	if !known && f.names.provider != nil {
		named = f.in(fold(f.names.provider(h.CareProvider)))
		f.providers[h.CareProvider] = named
	}
	named |= f.types[h.Contract]
	for i, w := range f.words {
		if named&(1<<i) == 0 && !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
