package client

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"tvilling/protocol"
)

// What an attachment is, by its own first bytes: what the record says of it decides
// nothing, for it comes from outside as the data does.
type format uint8

const (
	formatUnknown format = iota
	formatText
	formatPNG
	formatJPEG
	formatGIF
	formatPDF
	formatDICOM
	formatOffice
	formatMarkup
)

// formatWords is what each is called; a picture's name is the same in both languages.
var formatWords = [...]txt{txtUnknownType, txtFormatText, txtFormatImage, txtFormatImage, txtFormatImage, txtFormatPDF, txtFormatDICOM, txtFormatOffice, txtFormatMarkup}

// pictureStart is the address that a picture's data stands in. Only these three are
// ever the source of a picture.
var pictureStart = [...]literal{formatPNG: `data:image/png;base64,`, formatJPEG: `data:image/jpeg;base64,`, formatGIF: `data:image/gif;base64,`}

// formatOf looks at the first bytes.
func formatOf(b []byte) format {
	text := strings.TrimSpace(strings.ToLower(string(bytes.TrimPrefix(b[:min(len(b), 64)], []byte("\xef\xbb\xbf")))))
	has := func(start string) bool { return bytes.HasPrefix(b, []byte(start)) }
	switch {
	case has("\x89PNG\r\n\x1a\n"):
		return formatPNG
	case has("\xff\xd8\xff"):
		return formatJPEG
	case has("GIF87a"), has("GIF89a"):
		return formatGIF
	case bytes.Contains(b[:min(len(b), 1024)], []byte("%PDF-")):
		return formatPDF
	case len(b) >= 132 && string(b[128:132]) == "DICM":
		return formatDICOM
	case has("PK\x03\x04"), has("\xd0\xcf\x11\xe0"), strings.HasPrefix(text, `{\rtf`):
		return formatOffice
	case strings.HasPrefix(text, "<"):
		return formatMarkup
	case isText(b):
		return formatText
	default:
		return formatUnknown
	}
}

// isText reports whether bytes are readable: no control characters but those of lines.
// Bytes that are no UTF-8 may be of the older alphabet.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return len(b) > 0
}

// readable is a text as it is shown: in UTF-8, or else each byte its own letter, as the
// older alphabet has it.
func readable(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]byte, 0, len(b)+len(b)/4)
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return string(out)
}

// attachmentAt is one of a body's attachments, by its number in the body's order.
func attachmentAt(b *protocol.Body, number int) *protocol.Attachment {
	var found *protocol.Attachment
	for i := range b.Sections {
		eachAttachment(b.Sections[i].Nodes, func(a *protocol.Attachment) {
			if number == 0 {
				found = a
			}
			number--
		})
	}
	return found
}

func eachAttachment(nodes []protocol.Node, visit func(*protocol.Attachment)) {
	for i := range nodes {
		if nodes[i].Kind == protocol.NodeAttachment {
			visit(&nodes[i].Attachment)
		}
		eachAttachment(nodes[i].Children, visit)
	}
}

// countAttachments gives those that hold data their numbers, by where the data is.
func (r *renderer) countAttachments(b *protocol.Body) {
	r.numbers = map[*byte]int{}
	n := 0
	for i := range b.Sections {
		eachAttachment(b.Sections[i].Nodes, func(a *protocol.Attachment) {
			if len(a.Inline) > 0 {
				r.numbers[&a.Inline[0]] = n
			}
			n++
		})
	}
}

// actAttachment shows an attachment of the open document, or hides it.
func (m *machine) actAttachment(a Act) {
	r := &m.s.Reader
	n := number(a.Value)
	if r.Body == nil || n < 0 || attachmentAt(r.Body, n) == nil {
		return
	}
	if r.Shown == n+1 {
		n = -1
	}
	r.Shown = n + 1
}

// attachment tells of data beside the text, and opens what is safe to open: pictures
// on demand, texts at once. An address is shown as text: it is never followed, and
// never made a link, for it comes from outside.
func (r *renderer) attachment(m *markup, n *protocol.Node) {
	a := &n.Attachment
	m.raw(`<div class="attachment" data-test="attachment"><span>`).text(r.t(txtAttachment)).raw(`: `)
	if a.Reference != "" || len(a.Inline) == 0 {
		m.text(typeOf(a, r.t(txtUnknownType))).raw(`, `).text(r.t(txtAttachmentAddress)).raw(` <code class="id">`).text(a.Reference).raw(`</code>. `)
		m.text(r.t(txtAttachmentNotHere)).raw(`</span>`)
	}
	if len(a.Inline) == 0 {
		m.raw(`</div>`)
		return
	}
	if a.Reference != "" {
		m.raw(`<span>`)
	}
	f := formatOf(a.Inline)
	m.text(r.t(formatWords[f]))
	if a.MediaType != "" {
		m.raw(` (`).text(r.t(txtAttachmentClaimed)).raw(` `).text(a.MediaType).raw(`)`)
	}
	m.raw(`, `).text(size(len(a.Inline))).raw(` `).text(r.t(txtAttachmentInline)).raw(`</span>`)
	r.attached(m, a, f)
	m.raw(`</div>`)
}

func typeOf(a *protocol.Attachment, unknown string) string {
	if a.MediaType == "" {
		return unknown
	}
	return a.MediaType
}

// attached is what can be done with data that came with the record.
func (r *renderer) attached(m *markup, a *protocol.Attachment, f format) {
	number, known := r.numbers[&a.Inline[0]]
	known = known && r.s.Reader.Body != nil
	switch {
	case f == formatText:
		m.raw(`<div class="verbatim" data-test="attachment-text">`).text(readable(a.Inline)).raw(`</div>`)
	case f == formatPNG, f == formatJPEG, f == formatGIF:
		width, height, ok := pictureSize(a.Inline)
		if !ok {
			m.raw(` `).text(r.t(txtPictureTooLarge))
			break
		}
		shown := known && r.s.Reader.Shown == number+1
		label := txtAttachmentShow
		if shown {
			label = txtAttachmentHide
		}
		r.attachmentButton(m, `attachment-show`, `attachment-`, number, label)
		if shown {
			m.raw(`<img data-test="picture" class="picture" alt="`).text(r.t(txtPictureAlt)).raw(`" width="`).number(width).raw(`" height="`).number(height)
			m.raw(`" src="`).raw(pictureStart[f]).text(base64.StdEncoding.EncodeToString(a.Inline)).raw(`">`)
		}
	default:
		m.raw(` `).text(r.t(txtAttachmentClosed))
	}
	if known && r.s.Desk.Session.Copy {
		r.attachmentButton(m, `take-save`, `take-save-`, number, txtAttachmentSave)
	}
}

func (r *renderer) attachmentButton(m *markup, act, id literal, number int, label txt) {
	m.raw(` <button type="button" class="small-button" data-act="`).raw(act).raw(`" data-test="`).raw(act).raw(`" id="`).raw(id).number(number)
	m.raw(`" data-value="`).number(number).raw(`">`).text(r.t(label)).raw(`</button>`)
}
