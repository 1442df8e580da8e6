package client

import (
	"slices"
	"strconv"

	"tvilling/protocol"
)

// The painter's separators. Escaped text and literals never hold them.
const (
	fieldEnd   = "\x1f"
	commandEnd = "\x1e"
)

// Painter turns pages into what has changed since the last one: a string of commands
// that the page's script carries out in one call. A command is a letter and its
// fields:
//
//	h id html                  the content of an element
//	l id before after size (key place heading html)…   the rows of the list
//	d name value               an attribute of the root element
//	g tag                      the page's language
//	f id   s top   r           focus, scroll the list, scroll the reading pane to its top
type Painter struct {
	html map[string]string
	data map[string]string
	rows string
	lang string
	read readerKey // what reading was written from
	text string    // the reading pane as last written
	buf  []byte
}

// readerKey is everything that the reading pane is written from, the region within it apart.
type readerKey struct {
	reader Reader
	rev    uint64
	lang   protocol.Language
	print  bool
	copy   bool
	older  bool // the node tells no trends
}

// NewPainter returns a painter of an empty page.
func NewPainter() *Painter { return &Painter{html: map[string]string{}, data: map[string]string{}} }

// Paint returns the commands that bring the screen to the state, and then carry out
// the effects that belong to the screen.
func (p *Painter) Paint(s *State, effects []Effect) string {
	return p.commands(render(s, p.reading), effects)
}

// reading writes the reading pane, unless it is as it was. A pane that is closed or
// emptied is written, so nothing that was wiped is kept here.
func (p *Painter) reading(r *renderer) string {
	item, _ := r.s.View.Store.get(r.s.Reader.Key)
	key := readerKey{r.s.Reader, item.Rev, r.lang, r.s.Desk.Session.Print, r.s.Desk.Session.Copy, r.s.older()}
	if p.text == "" || key != p.read {
		p.read, p.text = key, r.reader()
	}
	return p.text
}

func (p *Painter) commands(page Page, effects []Effect) string {
	b := p.buf[:0]
	if p.lang != page.Lang {
		p.lang = page.Lang
		b = command(b, "g", page.Lang)
	}
	for _, d := range page.Data {
		if p.data[d.Name] != d.Value {
			p.data[d.Name] = d.Value
			b = command(b, "d", d.Name, clean(d.Value))
		}
	}
	for _, r := range page.Regions {
		if old, painted := p.html[r.ID]; painted && old == r.HTML {
			continue
		}
		p.html[r.ID] = r.HTML
		b = command(b, "h", r.ID, r.HTML)
		p.forgetWithin(r.ID, page.Regions)
	}
	p.keepOnly(page)
	b = p.paintRows(b, page.Rows)
	for _, e := range effects {
		switch e := e.(type) {
		case FocusOn:
			b = command(b, "f", e.ID)
		case ScrollList:
			b = command(b, "s", strconv.Itoa(e.Top))
		case ScrollReader:
			b = command(b, "r")
		}
	}
	text := string(b)
	clear(b) // nothing that was wiped from the screen stays here
	p.buf = b
	return text
}

// forgetWithin forgets what was painted in elements that have just been replaced.
func (p *Painter) forgetWithin(id string, regions []Region) {
	if id == "main" {
		p.rows = ""
	}
	for _, r := range regions {
		if r.Within == id {
			delete(p.html, r.ID)
		}
	}
}

// keepOnly forgets everything that is not on the page: what was wiped from the
// screen is not to be found here either.
func (p *Painter) keepOnly(page Page) {
	for id := range p.html {
		if !slices.ContainsFunc(page.Regions, func(r Region) bool { return r.ID == id }) {
			delete(p.html, id)
			if id == "reader" {
				p.read, p.text = readerKey{}, ""
			}
		}
	}
}

func (p *Painter) paintRows(b []byte, rows *Rows) []byte {
	if rows == nil {
		p.rows = ""
		return b
	}
	start := len(b)
	b = field(field(append(b, 'l'), idRows), strconv.Itoa(rows.Before))
	b = field(field(b, strconv.Itoa(rows.After)), strconv.Itoa(rows.Size))
	for i := range rows.Items {
		r := &rows.Items[i]
		heading := ""
		if r.Heading {
			heading = "1"
		}
		b = field(field(field(field(b, r.Key), strconv.Itoa(r.Place)), heading), r.HTML)
	}
	b = append(b, commandEnd...)
	if string(b[start:]) == p.rows {
		return b[:start]
	}
	p.rows = string(b[start:])
	return b
}

func field(b []byte, s string) []byte { return append(append(b, fieldEnd...), s...) }

//go:noinline
func command(b []byte, name string, fields ...string) []byte {
	b = append(b, name...)
	for _, f := range fields {
		b = field(b, f)
	}
	return append(b, commandEnd...)
}

// clean keeps a root attribute, which may come from a node's name, in one field.
func clean(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] >= ' ' {
			b = append(b, s[i])
		}
	}
	return string(b)
}
