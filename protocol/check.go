package protocol

import "unicode/utf8"

// DocumentError is a document beyond a limit or of an impossible form. It names the
// place and the rule, never a value.
type DocumentError struct {
	Place string // the field, as header.title or body.section.node.text
	Err   error  // one of the decoders' errors, or ErrStray
}

// Error names the rule and the place.
func (e *DocumentError) Error() string { return e.Err.Error() + " (" + e.Place + ")" }

// Unwrap returns the rule that was broken.
func (e *DocumentError) Unwrap() error { return e.Err }

// CheckDocument holds a document to every limit of the wire before it is encoded,
// sealed and stored, so that what was stored can always be sent and read. It never
// cuts anything off. The error is a *DocumentError.
func CheckDocument(d *Document) error {
	c := &checker{left: MaxBodyBytes, nodes: MaxNodes}
	c.header(&d.Header)
	c.body(&d.Body)
	if c.err == nil && len(AppendHeader(nil, &d.Header)) > MaxHeaderBytes {
		c.fail("header", ErrLimit)
	}
	if c.err == nil && len(AppendBody(nil, &d.Body)) > MaxBodyBytes {
		c.fail("body", ErrLimit)
	}
	if c.err != nil {
		return c.err
	}
	return nil
}

// checker walks a document and keeps the first error. It counts the bytes of a
// body's texts while it walks, so that encoding it afterwards is bounded.
type checker struct {
	err   *DocumentError
	left  int // bytes of text that the body may still hold
	nodes int // nodes that the body may still hold
}

func (c *checker) fail(place string, err error) {
	if c.err == nil {
		c.err = &DocumentError{Place: place, Err: err}
	}
}

func (c *checker) text(place, s string, limit int) {
	c.left -= len(s)
	switch {
	case len(s) > limit, c.left < 0:
		c.fail(place, ErrLimit)
	case !utf8.ValidString(s):
		c.fail(place, ErrText)
	}
}

func (c *checker) civil(place string, t Civil) {
	if !t.valid() {
		c.fail(place, ErrCivil)
	}
}

func (c *checker) header(h *Header) {
	if !h.Contract.Known() {
		c.fail("header.contract", ErrKind)
	}
	c.text("header.recordId", h.RecordID, MaxShortTextBytes)
	c.civil("header.time", h.Time)
	c.civil("header.timeEnd", h.TimeEnd)
	c.text("header.title", h.Title, MaxShortTextBytes)
	c.text("header.detail", h.Detail, MaxShortTextBytes)
	c.text("header.status", h.Status, MaxShortTextBytes)
	c.text("header.author", h.Author, MaxShortTextBytes)
	c.text("header.authorRole", h.AuthorRole, MaxShortTextBytes)
	c.text("header.unit", h.Unit, MaxShortTextBytes)
	c.left = MaxBodyBytes
}

func (c *checker) body(d *Body) {
	if !c.take("body", len(d.Sections)) {
		return
	}
	for i := range d.Sections {
		c.text("body.section.label", d.Sections[i].Label, MaxShortTextBytes)
		c.nodeList(d.Sections[i].Nodes, 1)
	}
}

// take counts n more nodes.
func (c *checker) take(place string, n int) bool {
	if c.nodes -= n; c.nodes < 0 {
		c.fail(place, ErrLimit)
	}
	return c.err == nil
}

func (c *checker) nodeList(nodes []Node, depth int) {
	const place = "body.section.node"
	if !c.take(place, len(nodes)) || len(nodes) == 0 {
		return
	}
	if depth > MaxDepth {
		c.fail(place, ErrLimit)
		return
	}
	for i := 0; i < len(nodes) && c.err == nil; i++ {
		c.node(&nodes[i], depth)
	}
}

func (c *checker) node(n *Node, depth int) {
	const place = "body.section.node."
	if n.Kind == NodeNone || n.Kind >= nodeEnd {
		c.fail(place+"kind", ErrKind)
		return
	}
	if stray := strayField(n); stray != "" {
		c.fail(place+stray, ErrStray)
		return
	}
	c.text(place+"label", n.Label, MaxShortTextBytes)
	c.text(place+"text", n.Text, MaxTextBytes)
	if n.Kind == NodeFlag && n.Text != "true" && n.Text != "false" {
		c.fail(place+"text", ErrType)
	}
	c.civil(place+"time", n.Time)
	c.civil(place+"end", n.End)
	c.code(&n.Code)
	c.quantity(&n.Quantity)
	c.attachment(&n.Attachment)
	c.nodeList(n.Children, depth+1)
	if n.Kind == NodeTable {
		c.rows(n.Children)
	}
}

// rows holds a table's children to being groups.
func (c *checker) rows(rows []Node) {
	for i := range rows {
		if rows[i].Kind != NodeGroup {
			c.fail("body.section.node.children", ErrKind)
			return
		}
	}
}

func (c *checker) code(v *Code) {
	const place = "body.section.node.code."
	c.text(place+"code", v.Code, MaxShortTextBytes)
	c.text(place+"system", v.System, MaxShortTextBytes)
	c.text(place+"name", v.Name, MaxShortTextBytes)
	c.text(place+"version", v.Version, MaxShortTextBytes)
	c.text(place+"display", v.Display, MaxTextBytes)
	c.text(place+"original", v.Original, MaxTextBytes)
}

func (c *checker) quantity(v *Quantity) {
	const place = "body.section.node.quantity."
	c.text(place+"value", v.Value, MaxShortTextBytes)
	c.text(place+"unit", v.Unit, MaxShortTextBytes)
	c.text(place+"low", v.Low, MaxShortTextBytes)
	c.text(place+"high", v.High, MaxShortTextBytes)
	c.text(place+"reference", v.Reference, MaxTextBytes)
	c.text(place+"flag", v.Flag, MaxShortTextBytes)
}

func (c *checker) attachment(v *Attachment) {
	const place = "body.section.node.attachment."
	c.text(place+"mediaType", v.MediaType, MaxShortTextBytes)
	c.text(place+"reference", v.Reference, MaxTextBytes)
	if c.left -= len(v.Inline); len(v.Inline) > MaxAttachmentBytes || c.left < 0 {
		c.fail(place+"inline", ErrLimit)
	}
}

// strayField names a field that is set although the node's kind does not have it:
// it would be lost on the wire.
func strayField(n *Node) string {
	k := n.Kind
	code := n.Code
	if k == NodeID {
		code.System = ""
	}
	a := &n.Attachment
	switch {
	case n.Text != "" && k != NodeText && k != NodeFlag && k != NodeID:
		return "text"
	case code != Code{} && k != NodeCode:
		return "code"
	case n.Quantity != Quantity{} && k != NodeQuantity:
		return "quantity"
	case n.Time != 0 && k != NodeQuantity && k != NodeTime && k != NodePeriod:
		return "time"
	case n.End != 0 && k != NodePeriod:
		return "end"
	case (a.MediaType != "" || a.Reference != "" || len(a.Inline) > 0) && k != NodeAttachment:
		return "attachment"
	case len(n.Children) > 0 && k != NodeGroup && k != NodeTable:
		return "children"
	}
	return ""
}
