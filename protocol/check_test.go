package protocol

import (
	"errors"
	"strings"
	"testing"
)

// nested returns a node at the end of groups, depth nodes in all.
func nested(depth int) Node {
	n := Node{Kind: NodeText, Label: "text", Text: "x"}
	for range depth - 1 {
		n = Node{Kind: NodeGroup, Label: "group", Children: []Node{n}}
	}
	return n
}

func sampleDocument() *Document { return &Document{Header: sampleHeader(), Body: sampleBody()} }

const secretText = "känslig text"

func TestCheckDocument(t *testing.T) {
	node := func(n Node) func(*Document) {
		return func(d *Document) { d.Body.Sections[1].Nodes = []Node{n} }
	}
	long, huge := strings.Repeat("a", MaxShortTextBytes), strings.Repeat("a", MaxTextBytes)
	for name, tt := range map[string]struct {
		change func(*Document)
		place  string
		want   error
	}{
		"sample":            {func(*Document) {}, "", nil},
		"empty body":        {func(d *Document) { d.Body = Body{} }, "", nil},
		"no owner":          {func(d *Document) { d.Header.CareUnit = CareUnitID{} }, "", nil},
		"longest texts":     {func(d *Document) { d.Header.Title, d.Header.Detail, d.Header.RecordID = long, long, long }, "", nil},
		"longest text":      {node(Node{Kind: NodeText, Text: huge}), "", nil},
		"deepest":           {node(nested(MaxDepth)), "", nil},
		"largest inline":    {node(Node{Kind: NodeAttachment, Attachment: Attachment{Inline: make([]byte, MaxAttachmentBytes)}}), "", nil},
		"no contract":       {func(d *Document) { d.Header.Contract = NoContract }, "header.contract", ErrKind},
		"unknown contract":  {func(d *Document) { d.Header.Contract = contractEnd }, "header.contract", ErrKind},
		"long record id":    {func(d *Document) { d.Header.RecordID = long + "a" }, "header.recordId", ErrLimit},
		"long title":        {func(d *Document) { d.Header.Title = long + "a" }, "header.title", ErrLimit},
		"long unit":         {func(d *Document) { d.Header.Unit = long + "a" }, "header.unit", ErrLimit},
		"bad UTF-8":         {func(d *Document) { d.Header.Author = secretText + "\xff" }, "header.author", ErrText},
		"bad time":          {func(d *Document) { d.Header.Time = 1 }, "header.time", ErrCivil},
		"long label":        {func(d *Document) { d.Body.Sections[0].Label = long + "a" }, "body.section.label", ErrLimit},
		"kind zero":         {node(Node{}), "body.section.node.kind", ErrKind},
		"unknown kind":      {node(Node{Kind: nodeEnd}), "body.section.node.kind", ErrKind},
		"text too long":     {node(Node{Kind: NodeText, Text: huge + "a"}), "body.section.node.text", ErrLimit},
		"bad text":          {node(Node{Kind: NodeText, Text: secretText + "\xc3"}), "body.section.node.text", ErrText},
		"flag":              {node(Node{Kind: NodeFlag, Text: secretText}), "body.section.node.text", ErrType},
		"long code":         {node(Node{Kind: NodeCode, Code: Code{Code: long + "a"}}), "body.section.node.code.code", ErrLimit},
		"long value":        {node(Node{Kind: NodeQuantity, Quantity: Quantity{Value: long + "a"}}), "body.section.node.quantity.value", ErrLimit},
		"bad end":           {node(Node{Kind: NodePeriod, End: -5}), "body.section.node.end", ErrCivil},
		"inline too long":   {node(Node{Kind: NodeAttachment, Attachment: Attachment{Inline: make([]byte, MaxAttachmentBytes+1)}}), "body.section.node.attachment.inline", ErrLimit},
		"too deep":          {node(nested(MaxDepth + 1)), "body.section.node", ErrLimit},
		"too many nodes":    {func(d *Document) { d.Body.Sections[1].Nodes = make([]Node, MaxNodes) }, "body.section.node", ErrLimit},
		"too many sections": {func(d *Document) { d.Body.Sections = make([]Section, MaxNodes+1) }, "body", ErrLimit},
		"rows":              {node(Node{Kind: NodeTable, Children: []Node{{Kind: NodeText}}}), "body.section.node.children", ErrKind},
		"stray text":        {node(Node{Kind: NodeTime, Text: secretText}), "body.section.node.text", ErrStray},
		"stray code":        {node(Node{Kind: NodeID, Code: Code{Code: secretText}}), "body.section.node.code", ErrStray},
		"stray quantity":    {node(Node{Kind: NodeText, Quantity: Quantity{Unit: secretText}}), "body.section.node.quantity", ErrStray},
		"stray time":        {node(Node{Kind: NodeCode, Time: sampleTime}), "body.section.node.time", ErrStray},
		"stray end":         {node(Node{Kind: NodeTime, End: sampleTime}), "body.section.node.end", ErrStray},
		"stray attachment":  {node(Node{Kind: NodeText, Attachment: Attachment{Inline: []byte{1}}}), "body.section.node.attachment", ErrStray},
		"stray children":    {node(Node{Kind: NodeText, Children: []Node{{}}}), "body.section.node.children", ErrStray},
		"texts together": {func(d *Document) {
			for range 2000 {
				d.Body.Sections = append(d.Body.Sections, Section{Nodes: []Node{{Kind: NodeText, Text: huge}}})
			}
		}, "body.section.node.text", ErrLimit},
		"encoded too long": {func(d *Document) {
			for range 10_000 {
				d.Body.Sections[1].Nodes = append(d.Body.Sections[1].Nodes, Node{Kind: NodeText, Text: huge[:77]})
			}
		}, "body", ErrLimit},
	} {
		d := sampleDocument()
		tt.change(d)
		err := CheckDocument(d)
		if tt.want == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			roundTrip(t, name, d)
			continue
		}
		var at *DocumentError
		if !errors.Is(err, tt.want) || !errors.As(err, &at) || at.Place != tt.place {
			t.Errorf("%s: %v; want %v at %s", name, err, tt.want, tt.place)
			continue
		}
		if strings.Contains(err.Error(), secretText) || len(err.Error()) > 200 {
			t.Errorf("%s: the error shows the text: %v", name, err)
		}
	}
}
