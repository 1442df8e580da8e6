package rivta

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// reader turns XML into tokens and element trees within limits. It refuses document
// type declarations, and with them every entity but XML's own five.
type reader struct {
	dec  *xml.Decoder
	open *element // where the reader stands, for places
}

func newReader(message []byte) (*reader, error) {
	if len(message) > MaxMessageBytes {
		return nil, at(ErrTooLarge, "more than 32 MiB", nil)
	}
	plain, decoded, err := decodeUTF16(message)
	if err != nil {
		return nil, at(ErrMalformed, err.Error(), nil)
	}
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(plain, []byte("\ufeff"))))
	dec.CharsetReader = charsetReader(decoded)
	return &reader{dec: dec}, nil
}

// fail makes an error at where the reader stands.
func (r *reader) fail(sentinel error, what string) error {
	line, _ := r.dec.InputPos()
	if r.open == nil {
		return at(sentinel, what, &element{name: rootName, line: line})
	}
	here := *r.open
	here.line = line
	return at(sentinel, what, &here)
}

// token returns the next start, end or text. Its errors are the package's own: those
// of encoding/xml repeat the input.
func (r *reader) token() (xml.Token, error) {
	for {
		t, err := r.dec.Token()
		if err != nil {
			return nil, r.tokenError(err)
		}
		switch t := t.(type) {
		case xml.Directive:
			return nil, r.fail(ErrMalformed, "a document type declaration, which is refused,")
		case xml.StartElement, xml.EndElement, xml.CharData:
			return t, nil
		}
	}
}

func (r *reader) tokenError(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, errCharset):
		return r.fail(ErrMalformed, errCharset.Error())
	case errors.As(err, &syntax) && r.open != nil && strings.HasSuffix(syntax.Msg, "unexpected EOF"):
		return r.fail(ErrMalformed, "the message ends in the middle")
	default:
		return r.fail(ErrMalformed, "XML that is not well-formed")
	}
}

// enter makes the element of a start tag and stands in it.
func (r *reader) enter(start xml.StartElement) *element {
	line, _ := r.dec.InputPos()
	r.open = &element{name: start.Name.Local, parent: r.open, line: line}
	return r.open
}

func (r *reader) leave() { r.open = r.open.parent }

// next returns the next child element's start within the open element, or false at
// its end. Text between is not allowed.
func (r *reader) next() (xml.StartElement, bool, error) {
	for {
		t, err := r.token()
		if err != nil {
			return xml.StartElement{}, false, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t, true, nil
		case xml.EndElement:
			return xml.StartElement{}, false, nil
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return xml.StartElement{}, false, r.fail(ErrMalformed, "text where only elements may stand")
			}
		}
	}
}

// tree reads the element of a start tag with everything in it. Its parent is where
// the reader stands, but it is not among the parent's children: whoever reads a
// message record by record keeps only one.
func (r *reader) tree(start xml.StartElement, ordinal int) (*element, error) {
	root := r.enter(start)
	root.ordinal = ordinal
	b := treeBuilder{reader: r, texts: [][]byte{nil}}
	if err := b.attributes(start); err != nil {
		return nil, err
	}
	for len(b.texts) > 0 {
		t, err := r.token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			err = b.start(t)
		case xml.CharData:
			err = b.text(t)
		case xml.EndElement:
			b.end()
		}
		if err != nil {
			return nil, err
		}
	}
	return root, nil
}

// treeBuilder holds the texts of the open elements, innermost last.
type treeBuilder struct {
	*reader
	texts    [][]byte
	elements int
}

func (b *treeBuilder) start(t xml.StartElement) error {
	if len(b.texts) >= maxDepth {
		return b.fail(ErrTooLarge, "elements nested too deep")
	}
	b.flush()
	parent := b.open
	e := b.enter(t)
	parent.children = append(parent.children, e)
	if n := len(b.texts); n < cap(b.texts) {
		b.texts = b.texts[:n+1] // with the memory of an element that was this deep before
		b.texts[n] = b.texts[n][:0]
	} else {
		b.texts = append(b.texts, nil)
	}
	return b.attributes(t)
}

// attributes makes children of attributes that are the record's own.
func (b *treeBuilder) attributes(t xml.StartElement) error {
	if b.elements += 1 + len(t.Attr); b.elements > maxRecordElements {
		return b.fail(ErrTooLarge, "too many elements in a record")
	}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Space == xsiSpace || a.Name.Space == xmlSpace {
			continue
		}
		if len(a.Value) > maxTextBytes {
			return b.fail(ErrTooLarge, "a text that is too long")
		}
		text := strings.TrimSpace(a.Value)
		b.open.children = append(b.open.children, &element{name: a.Name.Local, text: text, parent: b.open, line: b.open.line})
	}
	return nil
}

func (b *treeBuilder) text(t xml.CharData) error {
	top := &b.texts[len(b.texts)-1]
	if *top = append(*top, t...); len(*top) > maxTextBytes {
		return b.fail(ErrTooLarge, "a text that is too long")
	}
	return nil
}

// flush makes a child of the text before a child, so that both stay in their order:
// what a sentence says may hang on one word of it.
func (b *treeBuilder) flush() {
	e, top := b.open, &b.texts[len(b.texts)-1]
	if text := string(bytes.TrimSpace(*top)); text != "" {
		line, _ := b.dec.InputPos()
		e.children = append(e.children, &element{name: textName, text: text, parent: e, line: line})
	}
	*top = (*top)[:0]
}

func (b *treeBuilder) end() {
	if e := b.open; e.leaf() {
		e.text = string(bytes.TrimSpace(b.texts[len(b.texts)-1]))
	} else {
		b.flush()
	}
	b.texts = b.texts[:len(b.texts)-1]
	b.leave()
}

const (
	rootName  = "message"
	xsiSpace  = "http://www.w3.org/2001/XMLSchema-instance"
	xmlSpace  = "http://www.w3.org/XML/1998/namespace"
	soapSpace = "http://schemas.xmlsoap.org/soap/envelope/"
)

var (
	errCharset = errors.New("a character encoding that is not read (UTF-8, UTF-16, ISO-8859-1 and US-ASCII are)")
	errUTF16   = errors.New("an odd number of bytes of UTF-16")
)

// charsetReader serves declared encodings other than UTF-8. A message that was UTF-16
// is UTF-8 by now, whatever it still says.
func charsetReader(decoded bool) func(string, io.Reader) (io.Reader, error) {
	return func(charset string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(charset) {
		case "iso-8859-1", "latin1", "latin-1", "iso8859-1", "iso_8859-1":
			return &latin1{in: in}, nil
		case "us-ascii", "ascii":
			return in, nil
		case "utf-16", "utf-16le", "utf-16be":
			if decoded {
				return in, nil
			}
		}
		return nil, errCharset
	}
}

// latin1 reads ISO-8859-1 as UTF-8.
type latin1 struct {
	in   io.Reader
	left []byte
}

func (l *latin1) Read(p []byte) (int, error) {
	if len(l.left) == 0 {
		var raw [2048]byte
		n, err := l.in.Read(raw[:])
		if n == 0 {
			return 0, err
		}
		for _, c := range raw[:n] {
			l.left = utf8.AppendRune(l.left, rune(c))
		}
	}
	n := copy(p, l.left)
	l.left = l.left[n:]
	return n, nil
}

// decodeUTF16 makes UTF-8 of a message that begins with a byte order mark of UTF-16, or
// with a declaration in it, and gives any other message back as it is.
func decodeUTF16(b []byte) (plain []byte, decoded bool, err error) {
	var high, low int
	switch {
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		high, low = 0, 1
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		high, low = 1, 0
	case bytes.HasPrefix(b, []byte{0, '<', 0, '?'}):
		high, low = 0, 1
	case bytes.HasPrefix(b, []byte{'<', 0, '?', 0}):
		high, low = 1, 0
	default:
		return b, false, nil
	}
	if len(b)%2 != 0 {
		return nil, false, errUTF16
	}
	unit := func(i int) rune { return rune(b[i+high])<<8 | rune(b[i+low]) }
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i += 2 { // the mark, if any, is taken off with UTF-8's
		r := unit(i)
		if r >= 0xd800 && r < 0xdc00 && i+2 < len(b) {
			if s := unit(i + 2); s >= 0xdc00 && s < 0xe000 {
				r = ((r-0xd800)<<10 | (s - 0xdc00)) + 0x10000
				i += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out, true, nil
}
