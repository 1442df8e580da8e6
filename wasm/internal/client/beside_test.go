package client

import (
	"slices"
	"strings"
	"testing"

	"tvilling/protocol"
)

// Every view has a help in both languages: what one sees, and what one can do.
func TestEveryViewHasHelp(t *testing.T) {
	for v := viewNone + 1; v < viewEnd; v++ {
		g := guides[v]
		for _, lang := range []protocol.Language{protocol.Swedish, protocol.English} {
			lines := strings.Split(textOf(lang, g.text), "\n")
			if g.title == txtNone || len(lines) < 2 || slices.Contains(lines, "") {
				t.Errorf("view %d in %s: title %d, %d lines", v, lang.Tag(), g.title, len(lines))
			}
			if lang == protocol.English && strings.ContainsAny(textOf(lang, g.text), "åäöÅÄÖ") {
				t.Errorf("view %d: Swedish in the English help", v)
			}
		}
	}
	if len(reports) != int(viewEnd-viewReportEmergencies) {
		t.Error("a report has no view")
	}
}

// From every page there is a way to the help of its view, and back.
func TestHelpIsBesideEveryPage(t *testing.T) {
	emergency := func() *play { p := toNoBasis(t, mayAttest()); p.act(ActEmergencyAsk, ""); return p }
	pages := map[view]func() *play{
		viewSignIn: func() *play {
			p := newPlay(t)
			p.do(Connected{1})
			p.get(1, protocol.Refused{Fault: protocol.FaultSignIn})
			return p
		},
		viewWho:        func() *play { p := toPatient(t); p.act(ActSwitchPerson, ""); return p },
		viewCommission: func() *play { p := toPatient(t); p.act(ActSwitchTask, ""); return p },
		viewPatient:    func() *play { return toPatient(t) },
		viewConsent:    func() *play { return toNoBasis(t, protocol.Opened{MayConsent: true}) },
		viewEmergency:  emergency,
		viewChoice:     func() *play { return toChoice(t) },
		viewBlank:      func() *play { p := toOverview(t); p.pass(10_000); return p },
		viewCoverage:   func() *play { p := toOverview(t); p.act(ActCoverage, ""); return p },
		viewFaults:     func() *play { p := toOverview(t); p.act(ActHelp, ""); return p },
		viewFeedback:   func() *play { p := toOverview(t); p.act(ActFeedback, ""); return p },
		viewStatement:  func() *play { p := toOverview(t); p.act(ActStatement, ""); return p },
		viewReports:    func() *play { return toFollow(t) },
	}
	for i, r := range reports {
		pages[viewReportEmergencies+view(i)] = func() *play { return reported(t, r.kind, protocol.Report{}) }
	}
	for v, reach := range pages {
		p := reach()
		value := new(markup).number(int(v)).String()
		if html := regionOf(Render(&p.s), "main"); strings.Count(html, `data-act="guide"`) != 1 || !strings.Contains(html, `id="guide-`+value+`"`) {
			t.Errorf("view %d (%v) has no way to its help", v, p.s.Phase())
		}
		p.act(ActGuide, value)
		html := regionOf(Render(&p.s), "guide")
		if !strings.Contains(html, `data-view="`+value+`"`) || !slices.Contains(p.last, Effect(FocusOn{idGuide})) {
			t.Errorf("view %d: %.80s, %v", v, html, p.last)
		}
		inert(t, html)
		p.do(Pressed{"Escape"})
		if regionOf(Render(&p.s), "guide") != "" || !slices.Contains(p.last, Effect(FocusOn{guideID(v)})) {
			t.Errorf("view %d: Escape does not close it and give the focus back: %v", v, p.last)
		}
	}
}

func TestHelpFollowsThePage(t *testing.T) {
	p := toChoice(t)
	p.act(ActGuide, "7")
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	p.snapshot(1, 100, testDocs())
	if p.s.guided() != viewList {
		t.Errorf("help of view %d beside the overview", p.s.guided())
	}
	p.act(ActGuide, guideID(viewReading)[6:])
	if p.s.guided() != viewReading {
		t.Errorf("help of view %d beside the document", p.s.guided())
	}
	for _, bad := range []string{"", "0", "-1", "99", "x"} {
		p.act(ActGuide, bad)
		if p.s.guided() != viewReading {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestFeedback(t *testing.T) {
	p := toOverview(t)
	p.act(ActFeedback, "")
	p.phase(PhaseFeedback)
	send := func(text string) { p.do(Typed{FieldFeedback, text}); p.act(ActFeedbackSend, "") }
	for text, want := range map[string]txt{
		"":                                  txtFeedbackEmpty,
		strings.Repeat("å", 301):            txtFeedbackLong,
		"patienten 19970106-2383 syns inte": txtFeedbackNames,
		"ring 0701234567":                   txtFeedbackNames,
	} {
		send(text)
		if p.s.Desk.Feedback.Wrong != want || sentCount[protocol.Feedback](p) != 0 {
			t.Errorf("%.20q: wrong %d, want %d", text, p.s.Desk.Feedback.Wrong, want)
		}
	}
	p.do(Typed{FieldGrade, "4"})
	p.do(Typed{FieldGrade, "6"})
	text := "Bra \n  överblick"
	send(text)
	want := protocol.Feedback{Request: sentLast[protocol.Feedback](p).Request, Page: "overview", Grade: 4, Text: "Bra överblick"}
	if got := sentLast[protocol.Feedback](p); got != want {
		t.Errorf("%+v", got)
	}
	p.act(ActFeedbackSend, "") // while the answer is on its way
	p.get(1, protocol.Refused{Request: want.Request, Fault: protocol.FaultFeedback})
	if p.s.Desk.Feedback.Text != text || p.s.Notice.Fault != protocol.FaultFeedback || sentCount[protocol.Feedback](p) != 1 {
		t.Error("what is written is lost with a refusal, or nothing is said, or it was sent twice")
	}
	page := Render(&p.s)
	if got := regionOf(page, "feedback-left"); got != "284 tecken kvar" {
		t.Errorf("%q", got)
	}
	inert(t, regionOf(page, "main"))
	p.act(ActFeedbackSend, "")
	p.get(1, protocol.Thanked{Request: sentLast[protocol.Feedback](p).Request, ID: "f-1"})
	if html := regionOf(Render(&p.s), "main"); !strings.Contains(html, "f-1") || strings.Contains(html, "<textarea") || p.s.Desk.Feedback.Text != "" {
		t.Errorf("%s", html)
	}
	p.act(ActAsideClose, "")
	p.phase(PhaseOverview)
}

func TestFeedbackGoesWithTheLink(t *testing.T) {
	p := toOverview(t)
	p.act(ActFeedback, "")
	p.do(Typed{FieldGrade, "1"})
	p.act(ActFeedbackSend, "")
	p.do(Disconnected{1, 1006})
	if p.s.Desk.Feedback.Request != 0 || p.s.Desk.Feedback.Grade != 1 {
		t.Error("it waits for an answer that does not come, or is forgotten")
	}
	p.act(ActFeedbackSend, "")
	if p.s.Desk.Feedback.Wrong != txtFeedbackLater {
		t.Error("it is not said that it cannot be sent now")
	}
}

func TestStatement(t *testing.T) {
	p := toPatient(t)
	p.act(ActStatement, "")
	p.phase(PhaseStatement)
	for lang, words := range map[string][]string{
		"sv": {"2018:1937", "EN 301 549", "WCAG 2.2", "axe-core", "Lämna synpunkter"},
		"en": {"2018:1937", "EN 301 549", "WCAG 2.2", "axe-core", "Give feedback"},
	} {
		p.act(ActLanguage, lang)
		html := regionOf(Render(&p.s), "main")
		inert(t, html)
		for _, w := range words {
			if !strings.Contains(html, w) {
				t.Errorf("%s: nothing of %s", lang, w)
			}
		}
		if lang == "en" && strings.ContainsAny(html, "åäöÅÄÖ") {
			t.Error("Swedish in the English statement")
		}
	}
}

// The second step of an emergency begins with the reason of the first.
func TestReasonComesAlong(t *testing.T) {
	p := toNoBasis(t, mayAttest())
	toProviders(t, p)
	if !strings.Contains(regionOf(Render(&p.s), "main"), `>Medvetslös på akuten</textarea>`) {
		t.Fatal("the reason is gone")
	}
	p.do(Typed{FieldSure, "1"})
	p.act(ActEmergency, "")
	if got := sentLast[protocol.Emergency](p); got.Step != protocol.EmergencyContent || got.Reason != "Medvetslös på akuten" {
		t.Errorf("%+v", got)
	}
}
