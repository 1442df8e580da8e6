package client

import (
	"cmp"
	"slices"
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
	var room [512]byte
	b := room[:0]
	for _, text := range [...]string{h.Title, h.Detail, h.Author, h.AuthorRole, unitOf(h), h.Status} {
		b = append(appendFolded(b, text), '\n')
	}
	return string(appendDay(b, h.Time))
}

// appendDay appends a time's day, as far as it was given.
func appendDay(b []byte, at protocol.Civil) []byte {
	given, day := int(at%10), int64(at)/10_000_000
	if given < 2 {
		return b
	}
	b = pad(b, int(day/10_000), 4)
	if given > 2 {
		b = pad(append(b, '-'), int(day/100%100), 2)
	}
	if given > 3 {
		b = pad(append(b, '-'), int(day%100), 2)
	}
	return b
}

// prepare makes some documents ready to be searched: a few at a time, so that who
// begins to type does not wait for all of them.
func (s *Store) prepare() {
	p := &s.places
	for end := min(p.last, p.prepared+prepareAtOnce); p.prepared < end; p.prepared++ {
		if r := s.record(p.prepared); r.live && r.text == "" {
			r.text = searchable(&r.item.Header)
		}
	}
}

// latin is what the letters from À (U+00C0) and from à (U+00E0) on are compared as; a
// number is the place of a letter that is no ASCII.
const latin = "aaaa010ceeeeiiiidnoooo2*2uuuuyts"

// own are the letters that latin has the places of.
var own = [...]string{"ä", "å", "ö"}

// collate orders names as Swedish does: å, ä and ö are the last letters, case and other
// accents tell apart only what is alike without them.
func collate(a, b string) int {
	return cmp.Or(strings.Compare(collated(a), collated(b)), strings.Compare(a, b))
}

// collated writes a name so that its bytes have the order of its letters.
func collated(s string) string {
	s = fold(s)
	out := make([]byte, 0, len(s))
	for s != "" {
		last := slices.IndexFunc(lastLetters[:], func(letter string) bool { return strings.HasPrefix(s, letter) })
		if last >= 0 {
			out, s = append(out, 'z'+1+byte(last)), s[len(lastLetters[last]):]
			continue
		}
		out, s = append(out, s[0]), s[1:]
	}
	return string(out)
}

// lastLetters are those after z.
var lastLetters = [...]string{"å", "ä", "ö"}

// fold writes a text as it is compared.
func fold(s string) string { return string(appendFolded(make([]byte, 0, len(s)), s)) }

func appendFolded(b []byte, s string) []byte {
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
	return b
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

// names are the words for types and care providers.
type names struct {
	lang     protocol.Language
	coverage []*provider
}

func (n *names) provider(hsa string) string {
	for _, p := range n.coverage {
		if p.id == hsa {
			return p.name
		}
	}
	return hsa
}

// speak tells the store what types and care providers are called.
func (s *Store) speak(n names) {
	old := &s.names
	if old.lang == n.lang && len(old.coverage) == len(n.coverage) && (len(n.coverage) == 0 || &old.coverage[0] == &n.coverage[0]) {
		return
	}
	*old = n
	s.search = search{serial: s.search.serial + 1}
	s.looked.made, s.looked.Facets, s.stirred = false, nil, true
}

// search holds the words that are looked for. Each record remembers the number of the
// last search that it was looked at in: one that was not found is not looked at again
// when more is typed.
type search struct {
	text   string
	words  []string
	serial uint32
	wider  uint32 // the search that this one narrows; 0: none
	types  [256]typeMask
}

// typeMask tells which words stand in the name of a type, a bit for each.
type typeMask struct {
	known bool
	words uint16
}

// ask makes the search one for what is typed, and reports whether there is anything to
// look for.
func (s *search) ask(typed string) bool {
	if typed == "" || typed == s.text {
		return typed != "" && len(s.words) > 0
	}
	words := wordsOf(typed)
	wider := s.serial
	for _, old := range s.words {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, old) }) {
			wider = 0
		}
	}
	if len(s.words) == 0 {
		wider = 0
	}
	*s = search{text: typed, words: words, serial: s.serial + 1, wider: wider}
	return len(words) > 0
}

// hits reports whether every word stands in a record, or in a name of it.
func (s *search) hits(store *Store, r *record) bool {
	switch r.seen {
	case s.serial:
		return r.hit
	case s.wider:
		if s.wider != 0 && !r.hit {
			r.seen = s.serial
			return false
		}
	}
	if r.text == "" {
		r.text = searchable(&r.item.Header)
	}
	r.seen, r.hit = s.serial, true
	for i, w := range s.words {
		if !strings.Contains(r.text, w) && s.named(store, r)&(1<<i) == 0 {
			r.hit = false
			break
		}
	}
	return r.hit
}

// named returns which words stand in the names of a record's type and care provider.
func (s *search) named(store *Store, r *record) uint16 {
	t := &s.types[r.item.Header.Contract]
	if !t.known {
		t.known, t.words = true, s.in(r.item.Header.Contract.Label(store.names.lang))
	}
	e := &store.providers.entries[r.provider]
	if e.search != s.serial {
		e.search, e.words = s.serial, s.in(store.names.provider(e.name))
	}
	return t.words | e.words
}

// in returns which words stand in a name.
func (s *search) in(name string) (found uint16) {
	name = fold(name)
	for i, w := range s.words {
		if strings.Contains(name, w) {
			found |= 1 << i
		}
	}
	return found
}
