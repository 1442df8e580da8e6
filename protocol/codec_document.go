package protocol

// Headers and bodies: how they are written and read. They are stored in this form,
// so a field is only ever added at the end.

const (
	headerFields = 16
	leastHeader  = 3 + headerFields // every field empty
	leastSection = 3
	leastNode    = 4
)

// AppendHeader appends the header.
func AppendHeader(b []byte, h *Header) []byte {
	b = appendText(appendArray(b, headerFields), h.RecordID)
	b = appendText(appendUint(b, uint64(h.Contract)), h.Source.Reveal())
	b = appendText(b, h.Patient.Reveal())
	b = appendText(appendText(b, h.CareProvider.Reveal()), h.CareUnit.Reveal())
	b = appendInt(appendInt(b, int64(h.Time)), int64(h.TimeEnd))
	b = appendText(appendText(appendText(b, h.Title), h.Detail), h.Status)
	b = appendText(appendText(appendText(b, h.Author), h.AuthorRole), h.Unit)
	return appendBool(appendBool(b, h.Signed), h.Nullified)
}

// DecodeHeader reads a header and nothing after it.
func DecodeHeader(b []byte) (Header, error) {
	r := &reader{rest: b}
	h := r.header()
	if err := r.end(); err != nil {
		return Header{}, err
	}
	return h, nil
}

// headerIDs are the ids of the header that was read last.
type headerIDs struct {
	source   SourceID
	patient  PatientID
	provider CareProviderID
	unit     CareUnitID
}

func (r *reader) header() Header {
	start := len(r.rest)
	extra := r.record(headerFields)
	h := Header{
		RecordID:     r.text(MaxShortTextBytes),
		Contract:     narrow[Contract](r),
		Source:       hsaID(r, r.last.source),
		Patient:      r.patient(r.last.patient),
		CareProvider: hsaID(r, r.last.provider),
		CareUnit:     hsaID(r, r.last.unit),
		Time:         r.civil(),
		TimeEnd:      r.civil(),
		Title:        r.text(MaxShortTextBytes),
		Detail:       r.text(MaxShortTextBytes),
		Status:       r.text(MaxShortTextBytes),
		Author:       r.text(MaxShortTextBytes),
		AuthorRole:   r.text(MaxShortTextBytes),
		Unit:         r.text(MaxShortTextBytes),
		Signed:       r.bool(),
		Nullified:    r.bool(),
	}
	r.last = headerIDs{h.Source, h.Patient, h.CareProvider, h.CareUnit}
	r.skip(extra)
	if start-len(r.rest) > MaxHeaderBytes {
		r.fail(ErrLimit)
	}
	return h
}

// AppendBody appends the body. Of a node only the fields that its kind names are
// written; CheckDocument refuses one that has others.
func AppendBody(b []byte, d *Body) []byte {
	b = appendArray(appendArray(b, 1), len(d.Sections))
	for i := range d.Sections {
		s := &d.Sections[i]
		b = appendNodes(appendText(appendArray(b, 2), s.Label), s.Nodes)
	}
	return b
}

func appendNodes(b []byte, nodes []Node) []byte {
	b = appendArray(b, len(nodes))
	for i := range nodes {
		b = appendNode(b, &nodes[i])
	}
	return b
}

// nodeFields is how many fields a node of each kind has after its kind and label.
func nodeFields(k NodeKind) int {
	switch k {
	case NodeText, NodeTime, NodeFlag, NodeGroup, NodeTable:
		return 1
	case NodePeriod, NodeID:
		return 2
	case NodeAttachment:
		return 3
	case NodeCode:
		return 6
	case NodeQuantity:
		return 7
	default:
		return 0
	}
}

func appendNode(b []byte, n *Node) []byte {
	b = appendArray(b, 2+nodeFields(n.Kind))
	b = appendText(appendUint(b, uint64(n.Kind)), n.Label)
	switch n.Kind {
	case NodeText, NodeFlag:
		return appendText(b, n.Text)
	case NodeCode:
		b = appendText(appendText(appendText(b, n.Code.Code), n.Code.System), n.Code.Name)
		return appendText(appendText(appendText(b, n.Code.Version), n.Code.Display), n.Code.Original)
	case NodeQuantity:
		q := &n.Quantity
		b = appendText(appendText(appendText(b, q.Value), q.Unit), q.Low)
		b = appendText(appendText(appendText(b, q.High), q.Reference), q.Flag)
		return appendInt(b, int64(n.Time))
	case NodeTime:
		return appendInt(b, int64(n.Time))
	case NodePeriod:
		return appendInt(appendInt(b, int64(n.Time)), int64(n.End))
	case NodeID:
		return appendText(appendText(b, n.Text), n.Code.System)
	case NodeAttachment:
		a := &n.Attachment
		return appendBinary(appendText(appendText(b, a.MediaType), a.Reference), a.Inline)
	case NodeGroup, NodeTable:
		return appendNodes(b, n.Children)
	default:
		return b // the decoder refuses the kind
	}
}

// DecodeBody reads a body and nothing after it.
func DecodeBody(b []byte) (Body, error) {
	r := &reader{rest: b}
	d := r.body()
	if err := r.end(); err != nil {
		return Body{}, err
	}
	return d, nil
}

func (r *reader) body() Body {
	start := len(r.rest)
	r.nodes = MaxNodes
	extra := r.record(1)
	n := r.count(r.nodes, leastSection)
	r.nodes -= n
	var d Body
	if n > 0 {
		d.Sections = make([]Section, 0, n)
	}
	for i := 0; i < n && r.err == nil; i++ {
		d.Sections = append(d.Sections, r.section())
	}
	r.skip(extra)
	if start-len(r.rest) > MaxBodyBytes {
		r.fail(ErrLimit)
	}
	return d
}

func (r *reader) section() Section {
	extra := r.record(2)
	s := Section{Label: r.text(MaxShortTextBytes), Nodes: r.nodeList(1)}
	r.skip(extra)
	return s
}

// nodeList reads nodes that stand at a depth. They are counted over the whole body
// before room is made for them.
func (r *reader) nodeList(depth int) []Node {
	n := r.count(r.nodes, leastNode)
	if n == 0 {
		return nil
	}
	if depth > MaxDepth {
		r.fail(ErrLimit)
		return nil
	}
	r.nodes -= n
	nodes := make([]Node, n)
	for i := 0; i < n && r.err == nil; i++ {
		r.node(&nodes[i], depth)
	}
	return nodes
}

func (r *reader) node(n *Node, depth int) {
	have := r.array() - 2
	if r.err == nil && have < 0 {
		r.fail(ErrShort)
	}
	n.Kind = narrow[NodeKind](r)
	if r.err == nil && (n.Kind == NodeNone || n.Kind >= nodeEnd) {
		r.fail(ErrKind)
	}
	n.Label = r.text(MaxShortTextBytes)
	if r.err != nil {
		return
	}
	extra := r.fields(have, nodeFields(n.Kind))
	switch n.Kind {
	case NodeText, NodeFlag:
		n.Text = r.text(MaxTextBytes)
	case NodeCode:
		n.Code = r.code()
	case NodeQuantity:
		n.Quantity = r.quantity()
		n.Time = r.civil()
	case NodeTime:
		n.Time = r.civil()
	case NodePeriod:
		n.Time, n.End = r.civil(), r.civil()
	case NodeID:
		n.Text, n.Code.System = r.text(MaxTextBytes), r.text(MaxShortTextBytes)
	case NodeAttachment:
		n.Attachment = r.attachment()
	case NodeGroup, NodeTable:
		n.Children = r.nodeList(depth + 1)
	}
	r.skip(extra)
}

func (r *reader) code() Code {
	return Code{
		Code:     r.text(MaxShortTextBytes),
		System:   r.text(MaxShortTextBytes),
		Name:     r.text(MaxShortTextBytes),
		Version:  r.text(MaxShortTextBytes),
		Display:  r.text(MaxTextBytes),
		Original: r.text(MaxTextBytes),
	}
}

func (r *reader) quantity() Quantity {
	return Quantity{
		Value:     r.text(MaxShortTextBytes),
		Unit:      r.text(MaxShortTextBytes),
		Low:       r.text(MaxShortTextBytes),
		High:      r.text(MaxShortTextBytes),
		Reference: r.text(MaxTextBytes),
		Flag:      r.text(MaxShortTextBytes),
	}
}

func (r *reader) attachment() Attachment {
	a := Attachment{MediaType: r.text(MaxShortTextBytes), Reference: r.text(MaxTextBytes)}
	if inline := r.binary(MaxAttachmentBytes); len(inline) > 0 {
		a.Inline = append([]byte(nil), inline...)
	}
	return a
}
