package node

import (
	"errors"

	"tvilling/node/internal/rivta"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Inspect reads a message of a source system as the node would, and tells everything
// that it found: what becomes of each record, which deviates from its contract, and
// which could never be shown. Nothing is sent or kept. A SOAP fault is an inspection
// too; a message that cannot be read is an error that names the place and no value.
func Inspect(message []byte) (admin.Inspection, error) {
	m, err := rivta.Parse(message)
	var fault *rivta.FaultError
	if errors.As(err, &fault) {
		return admin.Inspection{
			Failed: true, Documents: []admin.InspectedDocument{},
			Fault: &admin.InspectedFault{Code: fault.Code, Text: fault.Text, Actor: fault.Actor, Detail: fault.Detail},
		}, nil
	}
	if err != nil {
		return admin.Inspection{}, err
	}
	in := admin.Inspection{
		Contract: m.Contract.String(), Namespace: m.Namespace, Major: m.Major,
		Failed: m.Failed(), Complete: m.Complete(), Patients: len(m.Patients.IDs), Unlisted: m.Unlisted,
		Documents: make([]admin.InspectedDocument, len(m.Documents)),
	}
	if m.Result != (rivta.Result{}) {
		in.Result = &admin.InspectedResult{
			Code: m.Result.Code, ErrorCode: m.Result.ErrorCode, Subcode: m.Result.Subcode,
			LogID: m.Result.LogID, Message: m.Result.Message,
		}
	}
	for _, more := range m.HasMore {
		in.HasMore = append(in.HasMore, admin.InspectedMore{LogicalAddress: more.LogicalAddress, Reference: more.Reference})
	}
	for _, s := range m.Statuses {
		in.Statuses = append(in.Statuses, admin.InspectedStatus{LogicalAddress: s.LogicalAddress, Code: s.Code, InSynch: s.InSynch})
	}
	for _, d := range m.Deviations {
		in.Deviations = append(in.Deviations, admin.InspectedDeviation{Place: d.Place, What: d.What})
	}
	for i := range m.Documents {
		in.Documents[i] = inspectDocument(&m.Documents[i])
	}
	return in, nil
}

func inspectDocument(d *protocol.Document) admin.InspectedDocument {
	h := &d.Header
	out := admin.InspectedDocument{
		Shown: h.Owned(),
		Header: admin.InspectedHeader{
			RecordID: h.RecordID, Contract: h.Contract.String(),
			Source: inspectHSA(h.Source.Reveal()), CareProvider: inspectHSA(h.CareProvider.Reveal()), CareUnit: inspectHSA(h.CareUnit.Reveal()),
			Patient: admin.InspectedID{ID: h.Patient.Reveal(), Root: h.Patient.Kind().Root()},
			Time:    inspectTime(h.Time), TimeEnd: inspectTime(h.TimeEnd),
			InspectedLine: admin.InspectedLine{
				Title: h.Title, Detail: h.Detail, Status: h.Status, Author: h.Author, AuthorRole: h.AuthorRole,
				Unit: h.Unit, Signed: h.Signed, Nullified: h.Nullified,
			},
		},
		Body: make([]admin.InspectedSection, len(d.Body.Sections)),
	}
	switch {
	case h.CareProvider.IsZero() && h.CareUnit.IsZero():
		out.Hidden = "the record names neither care provider nor care unit"
	case h.CareProvider.IsZero():
		out.Hidden = "the record names no care provider"
	case h.CareUnit.IsZero():
		out.Hidden = "the record names no care unit"
	}
	for i, s := range d.Body.Sections {
		out.Body[i] = admin.InspectedSection{Label: s.Label, Words: inspectWords(s.Label), Nodes: inspectNodes(s.Nodes)}
	}
	return out
}

func inspectHSA(id string) admin.InspectedID {
	if id == "" {
		return admin.InspectedID{}
	}
	return admin.InspectedID{ID: id, Root: protocol.RootHSAID}
}

func inspectTime(t protocol.Civil) *admin.InspectedTime {
	if t.IsZero() {
		return nil
	}
	digits := t.Digits()
	return &admin.InspectedTime{Text: t.String(), Digits: digits, Format: "YYYYMMDDhhmmss"[:len(digits)]}
}

func inspectWords(label string) admin.InspectedWords {
	return admin.InspectedWords{Swedish: protocol.Term(label, protocol.Swedish), English: protocol.Term(label, protocol.English)}
}

func inspectNodes(nodes []protocol.Node) []admin.InspectedNode {
	if len(nodes) == 0 {
		return nil
	}
	out := make([]admin.InspectedNode, len(nodes))
	for i := range nodes {
		out[i] = inspectNode(&nodes[i])
	}
	return out
}

// inspectNode copies a node; fields that its kind does not have are empty in it.
func inspectNode(n *protocol.Node) admin.InspectedNode {
	out := admin.InspectedNode{
		Kind: kindName(n.Kind), Label: n.Label, Words: inspectWords(n.Label), Text: n.Text,
		Time: inspectTime(n.Time), End: inspectTime(n.End), Children: inspectNodes(n.Children),
	}
	switch n.Kind {
	case protocol.NodeID:
		out.Root = n.Code.System
	case protocol.NodeCode:
		out.Code = &admin.InspectedCode{
			Code: n.Code.Code, System: n.Code.System, Name: n.Code.Name, Version: n.Code.Version,
			Display: n.Code.Display, Original: n.Code.Original,
		}
	case protocol.NodeQuantity:
		out.Quantity = &admin.InspectedQuantity{
			Value: n.Quantity.Value, Unit: n.Quantity.Unit, Low: n.Quantity.Low, High: n.Quantity.High,
			Reference: n.Quantity.Reference, Flag: n.Quantity.Flag,
		}
	case protocol.NodeAttachment:
		out.Attachment = &admin.InspectedAttachment{
			MediaType: n.Attachment.MediaType, Reference: n.Attachment.Reference,
			Bytes: len(n.Attachment.Inline), Data: n.Attachment.Inline,
		}
	}
	return out
}

// kindName is what an inspection calls a kind of node.
func kindName(k protocol.NodeKind) string {
	switch k {
	case protocol.NodeText:
		return "text"
	case protocol.NodeCode:
		return "code"
	case protocol.NodeQuantity:
		return "quantity"
	case protocol.NodeTime:
		return "time"
	case protocol.NodePeriod:
		return "period"
	case protocol.NodeFlag:
		return "flag"
	case protocol.NodeID:
		return "id"
	case protocol.NodeAttachment:
		return "attachment"
	case protocol.NodeGroup:
		return "group"
	case protocol.NodeTable:
		return "table"
	default:
		return "none"
	}
}
