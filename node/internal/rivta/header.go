package rivta

import (
	"strings"

	"tvilling/protocol"
)

// headerField is a field of protocol.Header that a record's header tells.
type headerField int

const (
	fieldRecord headerField = iota
	fieldSource
	fieldPatient
	fieldProvider
	fieldUnit
	fieldAuthor
	fieldRole
	fieldUnitName
	fieldNullified
	fieldSignature
	fieldBlockTime
	fieldDocumentTime
	fieldAuthorTime
)

const (
	professional  = "accountableHealthcareProfessional/"
	accessControl = "accessControlHeader/"
)

// headerPaths is where the two generations of record header keep the same things: the
// patient summary header (documentId, accountableHealthcareProfessional) and the later
// one with an accessControlHeader.
var headerPaths = [...][]string{
	fieldRecord:       {"documentId", "record/id"},
	fieldSource:       {"sourceSystemHSAId", "sourceSystemId"},
	fieldPatient:      {"patientId", accessControl + "patientId"},
	fieldProvider:     {accessControl + "accountableHealthcareProvider", accessControl + "accountableCareGiver", professional + "healthcareProfessionalCareGiverHSAId"},
	fieldUnit:         {accessControl + "accountableCareUnit", professional + "healthcareProfessionalCareUnitHSAId"},
	fieldAuthor:       {professional + "healthcareProfessionalName", "author/name"},
	fieldRole:         {professional + "healthcareProfessionalRoleCode", "author/byRole"},
	fieldUnitName:     {professional + "healthcareProfessionalOrgUnit/orgUnitName", "author/orgUnit/orgUnitName", "author/orgUnit/name"},
	fieldNullified:    {"nullified"},
	fieldSignature:    {"legalAuthenticator/signatureTime", "signature/timestamp"},
	fieldBlockTime:    {accessControl + "blockComparisonTime"},
	fieldDocumentTime: {"documentTime"},
	fieldAuthorTime:   {professional + "authorTime"},
}

// placeholder is what test messages write where nothing was filled in.
const placeholder = "?"

// patientState says how a record names its patient.
type patientState int

const (
	patientNamed patientState = iota
	patientMissing
	patientUnreadable
)

// headerReader fills in a protocol.Header and takes what it has put there without loss
// from the tree; the rest is shown with the body.
type headerReader struct {
	*mapper
	from *element
	to   protocol.Header
}

func (h *headerReader) field(f headerField) *element { return h.from.find(headerPaths[f]...) }

// read fills in everything that the header element tells.
func (h *headerReader) read(k *description) error {
	if err := h.recordID(); err != nil {
		return err
	}
	h.patientID()
	h.to.Source = hsaID(h, fieldSource, protocol.ParseSourceID, "the source system")
	h.to.CareProvider = hsaID(h, fieldProvider, protocol.ParseCareProviderID, "the care provider")
	h.to.CareUnit = hsaID(h, fieldUnit, protocol.ParseCareUnitID, "the care unit")
	h.to.Author = h.line(h.field(fieldAuthor))
	h.to.Unit = h.line(h.field(fieldUnitName))
	if role := h.field(fieldRole); role != nil {
		h.to.AuthorRole = short(words(role, false))
	}
	h.to.Signed = h.field(fieldSignature) != nil && !h.field(fieldSignature).empty()
	if e := h.field(fieldNullified); e != nil {
		h.to.Nullified = e.says() == "true" || e.says() == "1"
	}
	h.comparisonTime(k)
	return nil
}

// line takes a text whole, or shortens it and leaves it where it is.
func (h *headerReader) line(e *element) string {
	switch text := e.says(); {
	case text == "" || text == placeholder:
		return ""
	case len(text) > protocol.MaxShortTextBytes:
		return short(text)
	default:
		take(e)
		return text
	}
}

// recordID reads what names the record within its source. An id of root and extension
// is both of them, since either alone may not be unique; a root that is missing or a
// placeholder adds nothing.
func (h *headerReader) recordID() error {
	e := h.field(fieldRecord)
	if e == nil || e.empty() {
		return at(ErrRecord, "no record id", h.from)
	}
	id, parts := e.says(), []*element{e}
	if !e.leaf() {
		root, extension := e.child("root"), e.child("extension")
		parts = []*element{root, extension}
		switch r, x := root.says(), extension.says(); {
		case x == "":
			id = r
		case r == "":
			id = x
		case r == placeholder:
			id, parts = x, []*element{extension}
		default:
			id = r + "|" + x
		}
	}
	switch {
	case id == "":
		return at(ErrRecord, "no record id", e)
	case len(id) > protocol.MaxShortTextBytes:
		return at(ErrTooLarge, "a record id", e)
	case id == placeholder:
		h.deviate(e, "the record id is a placeholder")
	}
	take(parts...)
	h.to.RecordID = id
	return nil
}

// patientID reads whom the record is about. An id that is not a valid national one
// stays among the nodes, and the message counts it.
func (h *headerReader) patientID() {
	e := h.field(fieldPatient)
	if e == nil || e.empty() {
		h.patient = patientMissing
		h.deviate(h.from, "no patient id")
		return
	}
	value, root := e.find("extension", "id"), e.find("root", "type")
	text, kind := value.says(), root.says()
	if e.leaf() {
		value, text = e, e.says()
	}
	if kind == placeholder {
		kind = ""
	}
	id, err := protocol.ParsePatientIDUnder(kind, text)
	if err != nil {
		h.patient = patientUnreadable
		h.deviate(e, "a patient id that is no valid national id of the kind that it says")
		return
	}
	h.to.Patient = id
	takeIf(value, text == id.Reveal())
	takeIf(root, kind != "")
}

// comparisonTime finds the time that blocks are compared with. It never falls back on
// a time of another meaning: no time is better than one that a block might miss.
func (h *headerReader) comparisonTime(k *description) {
	order := []headerField{fieldBlockTime, fieldAuthorTime, fieldDocumentTime}
	if k.documentTime {
		order = []headerField{fieldBlockTime, fieldDocumentTime, fieldAuthorTime}
	}
	for _, f := range order {
		e := h.field(f)
		if e.says() == "" {
			continue
		}
		if t, err := protocol.ParseCivil(e.text); err == nil && len(t.Digits()) >= dateDigits {
			h.to.Time = t
			return
		}
	}
	h.deviate(h.from, "no time to compare blocks with")
}

// hsaID reads an HSA-id that stands alone or as an identifier of root and extension.
// A placeholder, something that is none, or an id under another root is missing: the
// text stays among the nodes.
func hsaID[ID interface{ Reveal() string }](h *headerReader, f headerField, parse func(string) (ID, error), what string) ID {
	var none ID
	e := h.field(f)
	if e == nil || e.empty() {
		h.deviate(h.from, "no id of "+what)
		return none
	}
	value, root := e, (*element)(nil)
	if !e.leaf() {
		value, root = e.find("extension", "id"), e.find("root", "type")
		if value.says() == "" && !isOID(root.says()) {
			value, root = root, nil
		}
	}
	if r := root.says(); r != "" && r != protocol.RootHSAID && r != placeholder {
		h.deviate(e, "the id of "+what+" is not under the root of HSA-ids; it counts as missing")
		return none
	}
	id, err := parse(value.says())
	if err != nil {
		h.deviate(e, "the id of "+what+" is no HSA-id; it counts as missing")
		return none
	}
	takeIf(value, value.says() == id.Reveal())
	takeIf(root, root.says() == protocol.RootHSAID)
	return id
}

// isOID reports whether s is the name of a kind of id, and so no id.
func isOID(s string) bool { return strings.Trim(s, "0123456789.") == "" && strings.Contains(s, ".") }

func takeIf(e *element, whole bool) {
	if whole {
		take(e)
	}
}

// headerOf and bodyOf find the two parts of a record by the ends of their names, which
// all generations share.
func headerOf(record *element) *element { return partOf(record, "header") }

func bodyOf(record *element) *element { return partOf(record, "body") }

func partOf(record *element, end string) *element {
	for _, c := range record.children {
		if strings.HasSuffix(strings.ToLower(c.name), end) {
			return c
		}
	}
	return nil
}
