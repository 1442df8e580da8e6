package gallery

import (
	"time"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol"
)

// sessionStates are the way in and out, and what is asked before a patient is closed.
func sessionStates() []state {
	gate := func(which string) string {
		return at("signin") + ` && ` + hook("gate") + `.dataset.gate === '` + which + `'`
	}
	dialog := func(which string) string { return hook("dialog") + `?.dataset.dialog === '` + which + `'` }
	toPatientSigned := []act{press("commission"), await(at("patient"))}
	over := says(func(*stream) []protocol.Frame {
		return []protocol.Frame{protocol.Refused{Fault: protocol.FaultSessionEnded, ID: "4e0c77a1", At: now}}
	})
	soon := func(c *scene) { c.session.Ends = in(8 * time.Minute) }
	handed := func(s *stage) *scene {
		c := s.scene(signedIn)
		c.notices = append(c.notices, protocol.HandedOver{System: "Norrmark journal", Commission: c.welcome.Commissions[0].ID, Patient: patientID(s.t, patients.Fiona)})
		return c
	}
	spent := func(s *stage) *scene {
		return s.scene(signedIn, tells(protocol.Refused{Fault: protocol.FaultHandOver, ID: "b81d03f7", At: now}))
	}
	return []state{
		{name: "session/sign-in", shows: "Signing in at the provider.", scene: play(refuses(protocol.KindHello, protocol.FaultSignIn)), until: gate("sign-in")},
		{name: "session/certificate", shows: "A certificate that names nobody.", scene: play(refuses(protocol.KindHello, protocol.FaultWhoAreYou)), until: gate("certificate")},
		{name: "session/signed-in", shows: "Somebody has signed in, in production.", scene: play(signedIn), until: at("commission")},
		{name: "session/patient", shows: "Which patient, for one who has signed in and can sign out.", scene: play(signedIn), acts: toPatientSigned},
		{name: "session/warning", shows: "Nobody has done anything for a while: the session is about to end.", scene: play(signedIn), acts: then(toPatientSigned, []act{passes(13*time.Minute + 30*time.Second)}), until: dialog("idle")},
		{name: "session/ends-soon", shows: "The session ends soon, whatever one does.", scene: play(signedIn, soon), acts: toPatientSigned, until: there("ends")},
		{name: "session/ended", shows: "The session's time is out.", scene: play(signedIn, consented), acts: then(toPatientSigned, []act{over}), until: gate("ended")},
		{name: "session/left", shows: "Signed out.", scene: play(signedIn), acts: then(toPatientSigned, []act{press("sign-out")}), until: gate("left")},
		{name: "session/leave-asks", shows: "Closing the patient asks first.", scene: play(consented), acts: then(toOverview, []act{press("leave")}), until: dialog("leave")},
		{name: "session/commission-asks", shows: "Changing commission with a patient open asks first.", scene: play(consented), acts: then(toOverview, []act{press("switch-commission")}), until: dialog("commission")},
		{name: "session/person-asks", shows: "So does changing who one is.", scene: play(consented), acts: then(toOverview, []act{press("switch-person")}), until: dialog("person")},
		{name: "session/handed-over", shows: "A record system has sent the user here with a patient.", scene: handed, until: at("choice")},
		{name: "session/hand-over-refused", shows: "A hand-over that was used before.", scene: spent, until: there("fault")},
	}
}

func feedbackStates() []state {
	form := then(toPatient, []act{press("feedback"), await(there("feedback-form"))})
	written := then(form, []act{pressAt(`#grade-4`), fill("feedback-text", "Bra överblick, men jag letar efter utskrift.")})
	return []state{
		{name: "feedback/form", shows: "What does one think of the client?", scene: play(), acts: form},
		{name: "feedback/written", shows: "As it is being written.", scene: play(), acts: written},
		{name: "feedback/empty", shows: "Nothing was written.", scene: play(), acts: then(form, []act{press("feedback-send")}), until: there("wrong")},
		{name: "feedback/identity", shows: "What looks like an identity is not sent.", scene: play(), acts: then(form, []act{fill("feedback-text", "Gäller 19970106-2383"), press("feedback-send")}), until: there("wrong")},
		{name: "feedback/refused", shows: "The node did not take it.", scene: play(refuses(protocol.KindFeedback, protocol.FaultFeedback)), acts: then(written, []act{press("feedback-send")}), until: there("fault")},
		{name: "feedback/thanked", shows: "Thanks.", scene: play(), acts: then(written, []act{press("feedback-send")}), until: there("thanked")},
		{name: "aside/statement", shows: "The accessibility statement.", scene: play(), acts: then(toPatient, []act{press("statement")}), until: at("statement")},
	}
}

// guideStates are the help beside some of the views.
func guideStates() (all []state) {
	open := []act{press("guide-open"), await(`document.documentElement.dataset.guide === 'true'`)}
	for _, g := range []struct {
		name, shows string
		scene       func(*stage) *scene
		way         []act
	}{
		{"patient", "Help beside the choice of patient.", play(), toPatient},
		{"consent", "Help beside the consent.", play(), toOpened},
		{"overview", "Help beside the overview.", play(consented), toOverview},
		{"report", "Help beside a report.", play(), then(toFollow, []act{pressAt(`#report-1`), await(there("report-form"))})},
	} {
		all = append(all, state{name: "guide/" + g.name, shows: g.shows, scene: g.scene, acts: then(g.way, open)})
	}
	reader := then(toFirst, []act{pressAt(`#reader [data-test="guide-open"]`), await(`document.documentElement.dataset.guide === 'true'`)})
	return append(all, state{name: "guide/reading", shows: "Help beside a document.", scene: beside("DIA-1"), acts: reader})
}

// testPageStates are the page that looks at the workstation.
func testPageStates() []state {
	done := `!document.querySelector('#again, [data-test="again"]')?.disabled && document.querySelectorAll('[data-result]').length > 5 && !document.querySelector('[data-result="wait"], [data-result=""]')`
	return []state{
		{name: "test-page/done", shows: "What the workstation can, and what to mend.", scene: play(), path: "/test", until: done},
	}
}
