package protocol

// DocumentKey names a document within a cluster: an opaque keyed hash of contract,
// source and record id. It says nothing about the patient.
type DocumentKey [16]byte

// Document is a record of any contract in a form that can be shown without knowing
// the contract: a header to list, gate and sort by, and a body to read.
type Document struct {
	Header Header
	Body   Body
}

// Header is what stands in a list. Everything that the gate compares is in it.
type Header struct {
	RecordID     string // unique in the source system
	Contract     Contract
	Source       SourceID
	Patient      PatientID      // as the record carries it
	CareProvider CareProviderID // zero: missing, and then never shown
	CareUnit     CareUnitID     // zero: missing, and then never shown
	Time         Civil          // what blocks are compared with: blockComparisonTime, documentTime or authorTime by contract
	TimeEnd      Civil          // end of what the record is about, where it is a period; zero otherwise
	Title        string         // what a list calls the document
	Detail       string         // one more line for the list: status, value, dose (see Abnormal); may be empty
	Status       string         // as the source says it: final, Active, PREL; may be empty
	Author       string         // name of the accountable professional; may be empty
	AuthorRole   string         // may be empty
	Unit         string         // name of the organisational unit; may be empty
	Signed       bool           // a signature or legal authenticator stands in the record
	Nullified    bool           // the source says that the record was entered by mistake
}

// Owned reports whether the record says whose it is. One that does not is never shown.
func (h *Header) Owned() bool { return !h.CareProvider.IsZero() && !h.CareUnit.IsZero() }

// Body is what one reads: sections of nodes, in the record's own order.
type Body struct{ Sections []Section }

// Section is a headed part of a body. Label is a vocabulary key (see Term).
type Section struct {
	Label string
	Nodes []Node
}

// NodeKind says how a node is shown. The numbers are on the wire: append only.
type NodeKind uint8

// The kinds of node.
const (
	NodeNone       NodeKind = iota
	NodeText                // Text; paragraphs parted by "\n"
	NodeCode                // Code
	NodeQuantity            // Quantity, with Time when it was taken
	NodeTime                // Time
	NodePeriod              // Time to End, either may be unknown
	NodeFlag                // Text "true" or "false"
	NodeID                  // Text, an identifier; Code.System its root where given
	NodeAttachment          // Attachment
	NodeGroup               // Children under Label
	NodeTable               // Children are rows: groups whose children are the cells
	nodeEnd
)

// Node is a typed piece of a body. Label is the element's name in the contract,
// which Term turns into words; only the fields that its Kind names are set.
type Node struct {
	Kind       NodeKind
	Label      string
	Text       string
	Code       Code
	Quantity   Quantity
	Time       Civil
	End        Civil
	Attachment Attachment
	Children   []Node
}

// Code is a coded value. Display or Original is what one reads; either may be empty.
type Code struct {
	Code     string
	System   string // OID
	Name     string // of the code system
	Version  string // of the code system
	Display  string
	Original string // originalText, where nothing was coded
}

// Quantity is a measured value with its reference interval. Value, Low and High are
// decimal texts exactly as the source gave them: a node never rounds.
type Quantity struct {
	Value     string
	Unit      string
	Low       string
	High      string
	Reference string // the reference interval in words, where it is not numbers
	Flag      string // abnormal mark as the source gave it: H, L, *; may be empty
}

// Attachment is data beside the text, by reference: an address, or the place of the
// inline data in the record. Size is its length in bytes where the data was inline.
type Attachment struct {
	MediaType string
	Reference string // address at the source; never followed by itself
	Inline    []byte // data that came with the record, at most MaxAttachmentBytes
}
