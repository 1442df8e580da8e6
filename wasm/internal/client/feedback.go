package client

import (
	"unicode/utf8"

	"tvilling/protocol"
)

// Feedback is what the user thinks of the client, as it is written. It is about no
// patient, and goes with its page.
type Feedback struct {
	Page    string // where it was written
	Grade   uint8
	Text    string
	Wrong   txt
	Request uint32 // waited for; 0: none
	ID      string // it was received
}

const bestGrade = 5

// actFeedback opens the form, and sends it.
func (m *machine) actFeedback(name Action) {
	f, live := &m.s.Desk.Feedback, &m.s.Links.Live
	if name == ActFeedback {
		page := m.s.Phase().String()
		m.forgetTyped()
		m.s.Desk.Feedback = Feedback{Page: page}
		m.s.Aside = AsideFeedback
		m.do(FocusOn{idMain})
		return
	}
	if m.s.Aside != AsideFeedback || f.Request != 0 || f.ID != "" {
		return
	}
	send := protocol.Feedback{Page: f.Page, Grade: f.Grade, Text: oneLine(f.Text)}
	f.Wrong = txtNone
	switch {
	case send.Grade == 0 && send.Text == "":
		f.Wrong = txtFeedbackEmpty
	case utf8.RuneCountInString(send.Text) > protocol.MaxFeedbackRunes:
		f.Wrong = txtFeedbackLong
	case !send.Proper():
		f.Wrong = txtFeedbackNames
	case !live.tells():
		f.Wrong = txtFeedbackLater
	}
	if f.Wrong != txtNone {
		m.do(FocusOn{idFeedback})
		return
	}
	live.Request++
	f.Request, send.Request = live.Request, live.Request
	m.s.Notice = Notice{}
	m.send(live, send)
}

func (m *machine) thanked(l *Link, t protocol.Thanked) {
	f := &m.s.Desk.Feedback
	if l != &m.s.Links.Live || t.Request == 0 || t.Request != f.Request {
		return
	}
	*f = Feedback{ID: t.ID}
	m.status(textOf(m.s.Lang, txtFeedbackThanks))
	m.do(FocusOn{idMain})
}

// typedFeedback takes the form's fields, and reports whether it was one of them.
func (m *machine) typedFeedback(t Typed) {
	f := &m.s.Desk.Feedback
	switch t.Field {
	case FieldGrade:
		if n := number(t.Value); n > 0 && n <= bestGrade {
			f.Grade, f.Wrong = uint8(n), txtNone
		}
	case FieldFeedback:
		f.Text, f.Wrong = written(t.Value), txtNone
	}
}

var grades = [...]txt{txtGrade1, txtGrade2, txtGrade3, txtGrade4, txtGrade5}

func (r *renderer) feedbackPage() string {
	m, f := new(markup), &r.s.Desk.Feedback
	m.raw(`<div class="sheet">`)
	if f.ID != "" {
		r.titled(m, r.t(txtFeedbackThanks))
		m.raw(`<p data-test="thanked">`).text(r.t(txtFeedbackID)).raw(` <code>`).text(f.ID).raw(`</code></p>`)
		return r.closeAside(m)
	}
	r.titled(m, r.t(txtFeedbackTitle))
	r.lead(m, txtFeedbackLead)
	m.raw(`<form class="panel" data-act="feedback-send" data-test="feedback-form" autocomplete="off" novalidate><p class="warning" id="feedback-none">`).text(r.t(txtFeedbackNone))
	m.raw(`</p><fieldset class="grades"><legend>`).text(r.t(txtFeedbackGrade)).raw(`</legend>`)
	for i, g := range grades {
		m.raw(`<label class="tick"><input type="radio" name="grade" id="grade-`).number(i + 1).raw(`" data-field="grade" data-test="grade" value="`).number(i + 1).raw(`"`)
		m.when(int(f.Grade) == i+1, ` checked`).raw(`><span>`).number(i + 1).raw(` – `).text(r.t(g)).raw(`</span></label>`)
	}
	m.raw(`</fieldset><p><label for="feedback-text">`).text(r.t(txtFeedbackText)).raw(`</label></p><textarea id="feedback-text" data-field="feedback" data-test="feedback-text" data-keep rows="4" maxlength="300" autocomplete="off" aria-describedby="feedback-none feedback-hint"></textarea>`)
	m.raw(`<p class="small" id="feedback-left" data-test="feedback-left"></p><p class="hint" id="feedback-hint" role="alert"></p><div class="acts"><button type="submit" class="primary" id="feedback-send" data-test="feedback-send"`)
	m.off(f.Request != 0).raw(`>`).text(r.t(txtFeedbackSend)).raw(`</button>`)
	r.button(m, "", "aside-close", ActAsideClose, "", r.t(txtCancel), false)
	return m.raw(`</div></form></div>`).String()
}

// feedbackRegions are the parts of the form that change while it is written.
func (r *renderer) feedbackRegions() []Region {
	f := &r.s.Desk.Feedback
	if f.ID != "" {
		return nil
	}
	m := new(markup)
	m.number(max(0, protocol.MaxFeedbackRunes-utf8.RuneCountInString(f.Text))).raw(` `).text(r.t(txtFeedbackLeft))
	return []Region{{"feedback-left", "main", m.String()}, {"feedback-hint", "main", r.wrong(f.Wrong, idFeedback)}}
}
