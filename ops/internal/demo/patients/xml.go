package patients

import (
	"bytes"
	"encoding/xml"
)

// space says which namespace an element is in.
type space uint8

const (
	core      space = iota // the domain's types
	responder              // the contract's own
	extended               // first extension of the domain's types
	further                // second extension
)

// prefixes of the namespaces in a message; those that are not declared are not used.
var prefixes = [...]string{core: "c:", responder: "r:", extended: "x:", further: "y:"}

// node is an element: text or children. One with neither is left out, so that what
// a record lacks needs no condition where it is built.
type node struct {
	space    space
	name     string
	text     string
	children []node
}

// text makes an element that holds text.
func text(name, value string) node { return node{name: name, text: value} }

// group makes an element that holds elements.
func group(name string, children ...node) node { return node{name: name, children: children} }

// in moves an element to a namespace; its children stay where they are.
func (n node) in(s space) node { n.space = s; return n }

func (n node) empty() bool {
	if n.text != "" {
		return false
	}
	for _, c := range n.children {
		if !c.empty() {
			return false
		}
	}
	return true
}

func (n node) write(b *bytes.Buffer) {
	if n.name == "" || n.empty() {
		return
	}
	tag := prefixes[n.space] + n.name
	if n.space == responder {
		b.WriteByte('\n') // a line for each record: errors name lines
	}
	b.WriteString("<" + tag + ">")
	// A bytes.Buffer does not fail, and EscapeText fails only where its writer does.
	_ = xml.EscapeText(b, []byte(n.text))
	for _, c := range n.children {
		c.write(b)
	}
	b.WriteString("</" + tag + ">")
}

// coded is a coded value: CVType of every domain.
func coded(name string, c code) node {
	return group(name,
		text("code", c.code), text("codeSystem", c.system), text("codeSystemName", c.systemName),
		text("displayName", c.display), text("originalText", c.original))
}

// identifier is an IIType.
func identifier(name, root, extension string) node {
	if extension == "" {
		return node{}
	}
	return group(name, text("root", root), text("extension", extension))
}

// quantity is a PQType.
func quantity(name, value, unit string) node {
	if value == "" {
		return node{}
	}
	return group(name, text("value", value), text("unit", unit))
}

func boolean(name string, b bool) node {
	if b {
		return text(name, "true")
	}
	return text(name, "false")
}

// code is a coded value, or with only original a text where nothing was coded.
type code struct{ code, system, systemName, display, original string }

// The code systems in use.
const (
	oidHSA          = "1.2.752.129.2.1.4.1"
	oidPersonal     = "1.2.752.129.2.1.3.1"
	oidCoordination = "1.2.752.129.2.1.3.3"
	oidPosition     = "1.2.752.129.2.2.1.4"
	oidICD10        = "1.2.752.116.1.1.1.1.3"
	oidICF          = "1.2.752.116.1.1.3"
	oidKVA          = "1.2.752.116.1.3.2.1.4"
	oidNPU          = "1.2.752.108.1"
	oidATC          = "1.2.752.129.2.2.3.1.1"
	oidNPL          = "1.2.752.129.2.1.5.1"
	oidNote         = "1.2.752.129.2.2.2.11"
	oidContact      = "1.2.752.129.2.2.2.25"
	oidInfo         = "1.2.752.129.2.2.2.1"
	oidSeverity     = "1.2.752.129.2.2.3.3"
	oidSnomed       = "1.2.752.116.2.1.1"
	oidLabStatus    = "2.16.840.1.113883.4.642.3.235"
	oidAbnormal     = "2.16.840.1.113883.5.83"
	oidDocumentID   = "1.2.752.129.2.1.2.1"
)

func icd(c, display string) code {
	return code{code: c, system: oidICD10, systemName: "ICD-10-SE", display: display}
}

func kva(c, display string) code {
	return code{code: c, system: oidKVA, systemName: "KVÅ", display: display}
}

func words(original string) code { return code{original: original} }
