package client

import (
	"strings"

	"tvilling/protocol"
)

// blocks writes formatted text: headings, paragraphs, lists, quotations, tables, lines
// that keep their form. The names are those of the format; what has another name is a
// part under that name.
func (s *sheet) blocks(nodes []protocol.Node, level int) {
	for i := range nodes {
		n := &nodes[i]
		switch {
		case !s.left(n):
		case n.Kind == protocol.NodeTable:
			s.node(s.m, n, 0)
		case n.Kind == protocol.NodeGroup:
			s.block(n, level)
		case n.Kind == protocol.NodeText:
			s.line(n, level)
		default:
			s.m.raw(`<div>`)
			s.node(s.m, n, 0)
			s.m.raw(`</div>`)
		}
	}
}

func (s *sheet) line(n *protocol.Node, level int) {
	switch n.Label {
	case "title", "subtitle":
		h := headings[max(0, min(level, 6)-3)]
		s.m.raw(h[0]).text(n.Text).raw(h[1])
	case "literallayout", "programlisting", "screen", "address", "synopsis":
		s.foreign(s.m.raw(`<div class="verbatim"`)).raw(`>`).text(n.Text).raw(`</div>`)
	case "blockquote":
		s.m.raw(`<blockquote>`)
		s.paragraphs(s.m, n.Text)
		s.m.raw(`</blockquote>`)
	case "bibliography", "note", "warning", "caution", "important", "tip":
		s.m.raw(`<p><b>`).text(s.label(n.Label)).raw(`</b></p>`)
		s.paragraphs(s.m, n.Text)
	default:
		s.paragraphs(s.m, n.Text)
	}
}

func (s *sheet) block(n *protocol.Node, level int) {
	switch n.Label {
	case "itemizedlist", "orderedlist", "simplelist":
		s.list(n, level)
	case "blockquote":
		s.m.raw(`<blockquote>`)
		s.blocks(n.Children, level)
		s.m.raw(`</blockquote>`)
	case "paragraph":
		s.spans(n)
	case "section", "article", "chapter", "sect1", "sect2", "sect3", "sect4", "sect5":
		s.blocks(n.Children, level+1)
	case "para", "simpara", "formalpara", "table", "informaltable", "listitem", "variablelist", "varlistentry":
		s.blocks(n.Children, level)
	default:
		s.m.raw(`<p><b>`).text(s.label(n.Label)).raw(`</b></p>`)
		s.blocks(n.Children, level+1)
	}
}

const (
	listStart literal = `<ul>`
	listEnd   literal = `</ul>`
)

// list writes a list, its own title before it.
func (s *sheet) list(n *protocol.Node, level int) {
	start, end, open := listStart, listEnd, false
	if n.Label == "orderedlist" {
		start, end = `<ol>`, `</ol>`
	}
	for i := range n.Children {
		item := &n.Children[i]
		if isItem := item.Label == "listitem" || item.Label == "member"; isItem != open {
			s.m.when(open, end).when(isItem, start)
			open = isItem
		}
		if !open {
			s.blocks(n.Children[i:i+1], level)
			continue
		}
		s.m.raw(`<li>`)
		if item.Kind == protocol.NodeGroup {
			s.blocks(item.Children, level)
		} else {
			s.paragraphs(s.m, item.Text)
		}
		s.m.raw(`</li>`)
	}
	s.m.when(open, end)
}

// spans writes a paragraph of which parts are emphasised.
func (s *sheet) spans(n *protocol.Node) {
	s.foreign(s.m.raw(`<p`)).raw(`>`)
	for i := range n.Children {
		switch part := &n.Children[i]; part.Label {
		case "emphasis":
			s.m.raw(`<em>`).text(part.Text).raw(`</em>`)
		case "subscript":
			s.m.raw(`<sub>`).text(part.Text).raw(`</sub>`)
		case "superscript":
			s.m.raw(`<sup>`).text(part.Text).raw(`</sup>`)
		default:
			s.m.text(part.Text)
		}
	}
	s.m.raw(`</p>`)
}

// isNumber reports whether a text is a number, with or without a sign before it that
// says that the value lies beyond it.
func isNumber(s string) bool {
	_, _, ok := numberOf(s)
	return ok
}

// maxNumber bounds what is drawn: the axis of larger numbers could not be labelled.
const maxNumber = 1e15

// numberOf reads a decimal number as the contracts write them, to be drawn: a point or
// a comma, perhaps an exponent. Beyond is < or > where the value lies on that side.
func numberOf(s string) (value float64, beyond byte, ok bool) {
	for _, sign := range [...]string{"<=", ">=", "≤", "≥", "<", ">"} {
		if rest, has := strings.CutPrefix(s, sign); has {
			beyond, s = '<', strings.TrimSpace(rest)
			if sign[0] == '>' || sign == "≥" {
				beyond = '>'
			}
			break
		}
	}
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	if len(s) == 0 || len(s) > 32 {
		return 0, 0, false
	}
	scale, digits, points := 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			value, digits = value*10+float64(c-'0'), digits+1
			scale -= points
		case (c == '.' || c == ',') && points == 0:
			points = 1
		case (c == 'e' || c == 'E') && digits > 0 && i+1 < len(s):
			exponent := s[i+1:]
			minus := exponent[0] == '-'
			n := number(strings.TrimLeft(exponent, "+-"))
			if n < 0 || n > 30 {
				return 0, 0, false
			}
			if minus {
				n = -n
			}
			scale += n
			i = len(s)
		default:
			return 0, 0, false
		}
	}
	for ; scale > 0; scale-- {
		value *= 10
	}
	for ; scale < 0; scale++ {
		value /= 10
	}
	if negative {
		value = -value
	}
	return value, beyond, digits > 0 && value < maxNumber && value > -maxNumber
}
