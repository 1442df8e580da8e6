package client

import (
	"strconv"

	"tvilling/protocol"
)

// Taking is what the user takes off the screen: on paper, by copying, to a file. The
// operator's policy allows it or not, and nothing leaves before the node has answered
// that it is recorded.
type Taking struct {
	How        protocol.TakeHow // 0: nothing
	Key        protocol.DocumentKey
	List       bool   // the list, no document
	Value      string // which attachment
	Request    uint32 // waited for; 0: none
	Generation protocol.Generation
	ID         string // a printout's, once it is recorded
	At         protocol.Instant
}

// actTake asks for something to be taken. Value: "list", or nothing for the open
// document; of a file, which attachment.
func (m *machine) actTake(a Act) {
	switch a.Name {
	case ActPrint:
		m.takeAway(Taking{How: protocol.TakePrint, List: a.Value == "list"})
	case ActTakeSave:
		if b := m.s.Reader.Body; b != nil && attachmentAt(b, number(a.Value)) != nil {
			m.takeAway(Taking{How: protocol.TakeSave, Value: a.Value})
		}
	}
}

// copying is a try to copy what stands on the page; the page's script holds what was
// marked until it is told.
func (m *machine) copying(c Copying) {
	if !m.s.Desk.Session.Copy || !m.s.View.Shown || m.s.Phase() != PhaseOverview {
		m.do(Release{})
		m.calmly(txtNoCopy)
		return
	}
	m.takeAway(Taking{How: protocol.TakeCopy, List: !c.Document || m.s.Reader.Body == nil})
}

// printing is a try to print the page as it stands, which leaves the paper blank.
func (m *machine) printing() {
	if m.s.Desk.Taking.ID != "" {
		return
	}
	what := txtNoPrint
	if m.s.Desk.Session.Print {
		what = txtPrintBy
	}
	m.calmly(what)
}

// calmly tells of a policy. It is no fault, and hides none.
func (m *machine) calmly(t txt) {
	m.status(textOf(m.s.Lang, t))
	if m.s.Notice.Fault == protocol.FaultNone && !m.s.End.Blank {
		m.s.Notice = Notice{Calm: t}
	}
}

func (m *machine) takeAway(t Taking) {
	if was := &m.s.Desk.Taking; was.How == t.How && t.How == protocol.TakeCopy {
		*was = Taking{} // the script holds what was marked last, and no more
	}
	m.untake()
	live, v := &m.s.Links.Live, &m.s.View
	allowed := m.s.Desk.Session.Copy
	if t.How == protocol.TakePrint {
		allowed = m.s.Desk.Session.Print
	}
	if !allowed || m.s.Phase() != PhaseOverview || !m.current(live, v.Generation) || !t.List && (!m.s.Reader.Open || m.s.Reader.Body == nil) {
		if t.How == protocol.TakeCopy {
			m.do(Release{})
		}
		return
	}
	take := protocol.Take{Generation: v.Generation, How: t.How}
	if !t.List {
		t.Key = m.s.Reader.Key
		take.Documents = []protocol.DocumentKey{t.Key}
	}
	live.Request++
	t.Request, t.Generation, take.Request = live.Request, v.Generation, live.Request
	m.s.Desk.Taking = t
	m.send(live, take)
}

// taken lets go of what was asked for, if it still stands on the screen.
func (m *machine) taken(l *Link, f protocol.Taken) {
	t := &m.s.Desk.Taking
	if l != &m.s.Links.Live || f.Request == 0 || f.Request != t.Request {
		return
	}
	t.Request = 0
	reader := &m.s.Reader
	if !m.current(l, t.Generation) || !t.List && (!reader.Open || reader.Key != t.Key || reader.Body == nil) {
		m.untake()
		return
	}
	switch t.How {
	case protocol.TakePrint:
		t.ID, t.At = f.ID, protocol.Instant(m.s.Clock.Wall)
		m.do(Paint{})
		m.do(Print{})
		return
	case protocol.TakeCopy:
		m.do(Release{Go: true})
		m.status(textOf(m.s.Lang, txtCopyDone))
	case protocol.TakeSave:
		m.saveTaken(t.Value)
	}
	m.s.Desk.Taking = Taking{}
}

// untake takes back what was asked for, and the paper that is drawn.
func (m *machine) untake() {
	if t := &m.s.Desk.Taking; t.How != 0 {
		if t.How == protocol.TakeCopy {
			m.do(Release{})
		}
		*t = Taking{}
	}
}

// uncopy has the script forget what was marked: something of it may be gone.
func (m *machine) uncopy() {
	if m.s.Desk.Taking.How == protocol.TakeCopy {
		m.untake()
	}
}

// keepPaper takes the paper back when the document that is open is not the one that was
// recorded: a browser that does not stop for its printing may have gone on.
func (m *machine) keepPaper() {
	t, r := &m.s.Desk.Taking, &m.s.Reader
	if t.ID != "" && !t.List && (r.Body == nil || r.Key != t.Key) {
		m.untake()
		m.do(Paint{})
	}
}

// onPaper names what is drawn to be printed, for the root element.
func (s *State) onPaper() string {
	switch t := &s.Desk.Taking; {
	case t.ID == "":
		return ""
	case t.List:
		return "list"
	default:
		return "document"
	}
}

// printButton is the way to a printout, where the policy allows one. Value: "list", or
// nothing for the open document.
func (r *renderer) printButton(m *markup, id literal, value string) {
	if r.s.Desk.Session.Print {
		r.button(m, "quiet", id, ActPrint, value, r.t(txtPrint), false)
	}
}

// paper is what is printed: whose it is, the document or the list, and who took it. It is
// laid in a table, whose head a browser repeats on every sheet: one that is found alone
// still says whose it is.
func (r *renderer) paper() string {
	t, s := &r.s.Desk.Taking, r.s
	if t.ID == "" {
		return ""
	}
	m := new(markup)
	m.raw(`<div class="paper" data-test="paper"><table class="sheets" role="presentation"><thead><tr><td><p class="paper-head"><b>`).text(r.t(txtPatient)).raw(` `).text(formatPatient(s.Wish.Patient)).raw(`</b> `)
	r.basis(m)
	m.raw(`</p></td></tr></thead><tbody><tr><td>`)
	if t.List {
		r.paperList(m)
	} else {
		m.b = append(m.b, r.reader()...)
	}
	m.raw(`<p class="paper-foot">`).text(r.t(txtPrintedBy)).raw(` `).text(s.Me.Person.Name)
	for _, part := range [...]string{s.Me.Person.Title, s.Me.Commission.CareUnit, civilOf(t.At)[:16]} {
		if part != "" {
			m.raw(`, `).text(part)
		}
	}
	m.raw(`. `).text(r.t(txtPrintID)).raw(` `).text(t.ID).raw(`. `).text(r.t(txtPrintCare)).raw(`</p>`)
	return m.raw(`</td></tr></tbody></table></div>`).String()
}

// paperList is the whole list as it is arranged, not the part of it that is painted,
// and what is not in it: paper cannot be asked.
func (r *renderer) paperList(m *markup) {
	m.raw(`<h2>`).text(r.t(txtListTitle)).raw(`</h2>`)
	r.paperScope(m)
	m.raw(`<table><thead><tr>`)
	for _, h := range [...]txt{txtHeadTime, txtHeadType, txtReaderTitle, txtHeadUnit, txtProvider} {
		m.raw(`<th scope="col">`).text(r.t(h)).raw(`</th>`)
	}
	m.raw(`</tr></thead><tbody>`)
	for i := range r.s.List.Rows {
		row := &r.s.List.Rows[i]
		if !row.isDocument() {
			m.raw(`<tr class="paper-group"><th scope="rowgroup" colspan="5">`).text(r.heading(row.Heading)).raw(`: `).text(thousands(r.lang, int(row.under))).raw(`</th></tr>`)
			continue
		}
		item, _ := r.s.View.Store.get(row.Key)
		h := &item.Header
		m.raw(`<tr><td>`).text(moment(h.Time)).raw(`</td><td>`).text(h.Contract.Label(r.lang)).raw(`</td><td><span class="title`).when(h.Nullified, ` nullified`).raw(`">`).text(titleOf(h, r.lang)).raw(`</span> `)
		r.tags(m, h)
		r.statusTag(m, h)
		m.raw(`</td><td>`).text(unitOf(h)).raw(`</td><td>`).text(r.s.providerName(h.CareProvider)).raw(`</td></tr>`)
	}
	m.raw(`</tbody></table>`)
}

// paperScope says what the list is of: how many of how many documents, the types that
// were chosen, the filters in force, what is held back and what is not up to date.
func (r *renderer) paperScope(m *markup) {
	l, v := &r.s.List, &r.s.View
	m.raw(`<p data-test="paper-scope">`)
	if n, all := l.Documents, v.Store.len(); n != all {
		m.text(r.t(txtShowing)).raw(` <b>`).text(thousands(r.lang, n)).raw(`</b> `).text(r.t(txtOf)).raw(` `).text(countText(r.lang, all))
	} else {
		m.text(countText(r.lang, n))
	}
	m.raw(`. <b>`).text(r.t(txtPrintChosen)).raw(`</b> `)
	if len(v.Contracts) == len(protocol.Contracts()) {
		m.text(r.t(txtAllTypes))
	} else {
		for i, c := range v.Contracts {
			m.when(i > 0, `, `).text(c.Label(r.lang))
		}
	}
	m.raw(`.`)
	r.eachFilter(func(_ literal, label txt, value string) {
		m.raw(` <b>`).text(r.t(label)).raw(`:</b> `).text(value).raw(`.`)
	})
	if l.Held > 0 {
		m.raw(` <b>`).text(numbered(r.lang, l.Held, txtNewOne, txtNewMany)).raw(` `).text(r.t(txtPrintHeld)).raw(`</b>`)
	}
	if n := r.s.staleSources(); n > 0 {
		m.raw(` `).text(numbered(r.lang, n, txtStaleOne, txtStaleMany)).raw(`.`)
	}
	m.raw(`</p>`)
}

// saveTaken saves an attachment of the open document, by its number in the document's
// order. Its name says nothing of the patient, and its ending is by its own first bytes.
func (m *machine) saveTaken(value string) {
	n := number(value)
	if a := attachmentAt(m.s.Reader.Body, n); a != nil && len(a.Inline) > 0 {
		m.do(Save{Name: "bilaga-" + strconv.Itoa(n+1) + endings[formatOf(a.Inline)], Data: a.Inline})
		m.status(textOf(m.s.Lang, txtSaveDone))
	}
}

// endings are of what is harmless to open by its ending; everything else is bytes.
var endings = [...]string{
	formatUnknown: ".bin", formatText: ".txt", formatPNG: ".png", formatJPEG: ".jpg", formatGIF: ".gif", formatPDF: ".pdf",
	formatDICOM: ".dcm", formatOffice: ".bin", formatMarkup: ".bin",
}
