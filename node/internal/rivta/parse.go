package rivta

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"tvilling/protocol"
)

// Parse reads one answer: a SOAP 1.1 envelope, or the response element alone. A SOAP
// fault is a *FaultError. An answer whose result is ERROR has no documents.
func Parse(message []byte) (Message, error) { return readFor(message, nil) }

// readFor reads an answer, and shows what it reads to look unless that is nil. With an
// error it answers with what it knows of the contract, for look alone.
func readFor(message []byte, look *verifier) (Message, error) {
	r, err := newReader(message)
	if err != nil {
		return Message{}, err
	}
	p := parser{reader: r, look: look, latest: map[recordKey]int{}, removed: map[int]bool{}}
	err = p.root()
	if err == nil {
		err = p.nothingMore()
	}
	if err != nil && look != nil {
		return Message{Contract: p.message.Contract, Major: p.message.Major}, err
	}
	if err != nil {
		return Message{}, err
	}
	if p.message.Failed() {
		p.message.Documents, p.message.Patients = nil, Patients{}
	}
	p.compact()
	return p.message, nil
}

// parser walks a message and keeps one record's tree at a time.
type parser struct {
	*reader
	message Message
	kind    *description
	look    *verifier // nil: the message is only read
	records int
	judged  bool              // the result has been read
	latest  map[recordKey]int // the last document of each record
	removed map[int]bool      // documents that a later one replaces
}

// recordKey is what makes a record one: its id is unique within its source system.
type recordKey struct {
	id     string
	source protocol.SourceID
}

func (p *parser) root() error {
	for {
		t, err := p.token()
		if errors.Is(err, io.EOF) {
			return p.fail(ErrMalformed, "no element at all")
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			p.enter(t)
			if t.Name.Space == soapSpace && t.Name.Local == "Envelope" {
				return p.envelope()
			}
			if !strings.HasPrefix(t.Name.Space, "urn:riv:") {
				return p.fail(ErrMalformed, "neither a SOAP 1.1 envelope nor a response element")
			}
			return p.response(t)
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return p.fail(ErrMalformed, "text where only elements may stand")
			}
		}
	}
}

// nothingMore holds a message to one root element.
func (p *parser) nothingMore() error {
	for {
		t, err := p.token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if text, ok := t.(xml.CharData); !ok || strings.TrimSpace(string(text)) != "" {
			return p.fail(ErrMalformed, "more after the root element")
		}
	}
}

// envelope reads a SOAP envelope whose start has been entered.
func (p *parser) envelope() error {
	body := false
	for {
		start, more, err := p.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		switch {
		case start.Name.Space != soapSpace || body:
			return p.fail(ErrMalformed, "an element that does not belong in an envelope")
		case start.Name.Local == "Header":
			err = p.soapHeader(start)
		case start.Name.Local == "Body":
			body = true
			err = p.soapBody(start)
		default:
			return p.fail(ErrMalformed, "an element that does not belong in an envelope")
		}
		if err != nil {
			return err
		}
	}
	if !body {
		return p.fail(ErrMalformed, "an envelope without a body")
	}
	p.leave()
	return nil
}

// soapHeader looks for what an aggregating service says of its sources.
func (p *parser) soapHeader(start xml.StartElement) error {
	header, err := p.tree(start, 0)
	if err != nil {
		return err
	}
	for _, s := range header.all("ProcessingStatus/ProcessingStatusList") {
		if len(p.message.Statuses) >= maxListed {
			return at(ErrTooLarge, "too many processing statuses", s)
		}
		code := s.child("statusCode").says()
		synch := s.child("isResponseInSynch").says()
		p.message.Statuses = append(p.message.Statuses, ProcessingStatus{
			LogicalAddress: short(s.child("logicalAddress").says()),
			Code:           short(code),
			InSynch:        inSynch(code, synch),
		})
	}
	return nil
}

// inSynch reports whether a source was heard. Where the code and the truth value beside
// it contradict each other, it was not.
func inSynch(code, synch string) bool {
	switch code {
	case "DataFromSource", "DataFromCache":
		return synch != "false" && synch != "0"
	case "":
		return synch == "true" || synch == "1"
	default:
		return false
	}
}

func (p *parser) soapBody(start xml.StartElement) error {
	p.enter(start)
	answered := false
	for {
		start, more, err := p.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if answered {
			return p.fail(ErrMalformed, "more than one element in the SOAP body")
		}
		answered = true
		if start.Name.Space == soapSpace && start.Name.Local == "Fault" {
			return p.fault(start)
		}
		p.enter(start)
		if err := p.response(start); err != nil {
			return err
		}
	}
	if !answered {
		return p.fail(ErrMalformed, "an empty SOAP body")
	}
	p.leave()
	return nil
}

func (p *parser) fault(start xml.StartElement) error {
	fault, err := p.tree(start, 0)
	if err != nil {
		return err
	}
	f := &FaultError{
		Code:  cut(fault.child("faultcode").says(), maxFaultBytes),
		Text:  cut(leafText(fault.child("faultstring")), maxFaultBytes),
		Actor: cut(fault.child("faultactor").says(), maxFaultBytes),
	}
	if detail := fault.child("detail"); detail != nil {
		f.Detail = cut(strings.Join(detail.texts(nil), "\n"), maxFaultBytes)
	}
	return f
}

// leafText is the text of an element that may have attributes.
func leafText(e *element) string {
	if e == nil || e.leaf() {
		return e.says()
	}
	return e.child(textName).says()
}

// texts appends the texts of all leaves, in order.
func (e *element) texts(to []string) []string {
	if e.leaf() && e.text != "" {
		to = append(to, e.text)
	}
	for _, c := range e.children {
		to = c.texts(to)
	}
	return to
}

// response reads the response element whose start has been entered.
func (p *parser) response(start xml.StartElement) error {
	contract, major, ok := contractOf(start.Name)
	if !ok {
		return p.fail(ErrUnknownContract, "the namespace and the name")
	}
	p.kind = describe(contract)
	p.message.Contract, p.message.Namespace, p.message.Major = contract, start.Name.Space, major
	for {
		child, more, err := p.next()
		if err != nil {
			return err
		}
		if !more {
			p.leave()
			return nil
		}
		if err := p.part(child); err != nil {
			return err
		}
	}
}

// part reads one child of the response: a record, the result, or a sign that there
// is more.
func (p *parser) part(start xml.StartElement) error {
	name, ordinal := start.Name.Local, 0
	record := strings.EqualFold(name, p.kind.record)
	if record {
		if p.records++; p.records > maxRecords {
			return p.fail(ErrTooLarge, "too many records")
		}
		ordinal = p.records
	}
	e, err := p.tree(start, ordinal)
	if err != nil {
		return err
	}
	switch {
	case record:
		return p.record(e)
	case strings.EqualFold(name, "result"):
		return p.result(e)
	case strings.EqualFold(name, "hasMore"), strings.EqualFold(name, "hasMoreReference"):
		return p.hasMore(e)
	case headerOf(e) != nil:
		p.deviate(e, "a record under another name than the contract's")
		return p.record(e)
	case !e.empty():
		p.deviate(e, "an element beside the records that is not known; it is left out")
	}
	return nil
}

// result reads the contract's verdict. There is one: of two, either may be the one to
// believe.
func (p *parser) result(e *element) error {
	if p.judged {
		return at(ErrMalformed, "more than one result", e)
	}
	p.judged = true
	if p.look != nil {
		p.look.ended(e)
	}
	p.message.Result = Result{
		Code:      cut(e.child("resultCode").says(), maxFaultBytes),
		ErrorCode: cut(e.child("errorCode").says(), maxFaultBytes),
		Subcode:   cut(e.child("subCode").says(), maxFaultBytes),
		LogID:     cut(e.child("logId").says(), maxFaultBytes),
	}
	if message := e.find("message", "resultText"); message != nil {
		p.message.Result.Message = cut(message.says(), maxFaultBytes)
	}
	switch strings.ToUpper(p.message.Result.Code) {
	case resultOK, "INFO", resultError:
	default:
		p.message.unsettled = true
		p.deviate(e, "a result code that the contract does not have; the answer does not count as complete")
	}
	return nil
}

// hasMore reads the sign in its spellings: a group with an address and a reference, a
// reference alone, or a truth value.
func (p *parser) hasMore(e *element) error {
	if len(p.message.HasMore) >= maxListed {
		return at(ErrTooLarge, "too many signs that there is more", e)
	}
	if p.look != nil {
		p.look.more(e)
	}
	var more HasMore
	switch text := e.says(); {
	case !e.leaf():
		if address := e.find("logicalAddress", "logicalAdress", "sourceSystemHSAId", "sourceSystemId/extension"); address != nil {
			more.LogicalAddress = short(address.says())
		}
		if reference := e.find("reference", "hasMoreReference"); reference != nil {
			more.Reference = cut(reference.says(), maxTextBytes)
		}
	case text == "false" || text == "0":
		return nil
	case text != "true" && text != "1":
		more.Reference = text
	}
	p.message.HasMore = append(p.message.HasMore, more)
	return nil
}

// record makes a document of a record.
func (p *parser) record(e *element) error {
	m := mapper{deviate: p.deviate}
	if p.look != nil {
		p.look.record(p.message.Contract, e)
		m.deviate = func(*element, string) {} // its rules say the same, with more of the place
	}
	d, err := m.document(p.kind, e)
	if err != nil {
		return err
	}
	d.Header.Contract = p.message.Contract
	if d.Header.Title == "" {
		d.Header.Title = p.message.Contract.Label(protocol.Swedish)
	}
	if err := checkDocument(&d, e); err != nil {
		return err
	}
	p.patient(&d.Header, m.patient)
	key := recordKey{d.Header.RecordID, d.Header.Source}
	if earlier, repeated := p.latest[key]; repeated {
		p.removed[earlier] = true
		p.deviate(e, "the same record id as an earlier record; the later one is kept")
	}
	p.latest[key] = len(p.message.Documents)
	p.message.Documents = append(p.message.Documents, d)
	return nil
}

// checkDocument holds a document to the limits of the wire.
func checkDocument(d *protocol.Document, e *element) error {
	err := protocol.CheckDocument(d)
	var broken *protocol.DocumentError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &broken) && errors.Is(err, protocol.ErrLimit):
		return at(ErrTooLarge, "what becomes "+broken.Place+" of a document", e)
	default:
		return at(ErrRecord, "what makes no valid document", e)
	}
}

func (p *parser) patient(h *protocol.Header, state patientState) {
	who := &p.message.Patients
	switch state {
	case patientMissing:
		who.Missing++
		return
	case patientUnreadable:
		who.Unreadable++
		return
	}
	for _, id := range who.IDs {
		if id == h.Patient {
			return
		}
	}
	who.IDs = append(who.IDs, h.Patient)
}

// compact drops the documents that a later one replaced.
func (p *parser) compact() {
	if len(p.removed) == 0 || len(p.message.Documents) == 0 {
		return
	}
	kept := make([]protocol.Document, 0, len(p.message.Documents))
	for i := range p.message.Documents {
		if !p.removed[i] {
			kept = append(kept, p.message.Documents[i])
		}
	}
	p.message.Documents = kept
}

func (p *parser) deviate(e *element, what string) {
	if len(p.message.Deviations) >= maxListed {
		p.message.Unlisted++
		return
	}
	p.message.Deviations = append(p.message.Deviations, Deviation{Place: e.place(), What: what})
}

// contractOf finds the contract of a response element:
// {urn:riv:<domain>:<Contract>Responder:<major>}<Contract>Response.
func contractOf(name xml.Name) (protocol.Contract, int, bool) {
	contractName, found := strings.CutSuffix(name.Local, "Response")
	contract, known := protocol.ContractNamed(contractName)
	if !found || !known {
		return protocol.NoContract, 0, false
	}
	digits, found := strings.CutPrefix(name.Space, "urn:riv:"+contract.Info().Domain+":"+contractName+"Responder:")
	major, err := strconv.Atoi(digits)
	if !found || err != nil || major < 1 || major > 99 {
		return protocol.NoContract, 0, false
	}
	return contract, major, true
}

// short bounds a text that is only for people.
func short(s string) string { return cut(s, maxLineBytes) }

// cut shortens a text to at most n bytes, with an ellipsis, between characters.
func cut(s string, n int) string {
	const ellipsis = "…"
	if len(s) <= n {
		return s
	}
	end := n - len(ellipsis)
	for end > 0 && s[end]&0xc0 == 0x80 {
		end--
	}
	return s[:end] + ellipsis
}
