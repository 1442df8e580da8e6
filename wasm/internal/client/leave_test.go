package client

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tvilling/protocol"
)

func TestClosingThePatientIsAskedAbout(t *testing.T) {
	for name, c := range map[string]struct {
		act  Action
		then Phase
	}{
		"leave": {ActLeave, PhasePatient}, "commission": {ActSwitchTask, PhaseCommission}, "person": {ActSwitchPerson, PhaseWho},
	} {
		t.Run(name, func(t *testing.T) {
			p := toOverview(t)
			p.act(c.act, "")
			html := regionOf(Render(&p.s), "dialog")
			if !strings.Contains(html, `data-dialog="`+name+`"`) || !slices.Contains(p.last, Effect(FocusOn{idDialog})) {
				t.Fatalf("not asked: %s", html)
			}
			if strings.Contains(html, "1997") {
				t.Error("the question names the patient")
			}
			inert(t, html)
			p.do(Pressed{"Escape"})
			p.phase(PhaseOverview)
			if regionOf(Render(&p.s), "dialog") != "" || p.s.View.Store.len() != 4 {
				t.Error("Escape did not take it back")
			}
			p.act(ActLeaveConfirm, "") // of a question that does not stand
			p.phase(PhaseOverview)
			p.act(c.act, "")
			p.act(c.act, "") // pressed twice, before the question was painted
			p.phase(PhaseOverview)
			p.act(ActLeaveConfirm, "")
			p.phase(c.then)
			if regionOf(Render(&p.s), "dialog") != "" {
				t.Error("the question stays")
			}
		})
	}
}

func TestNothingShownIsLeftWithoutAQuestion(t *testing.T) {
	p := toChoice(t)
	p.act(ActLeave, "")
	p.phase(PhasePatient)
}

func TestQuestionGoesWithWhatItIsAbout(t *testing.T) {
	for name, end := range map[string]func(*play){
		"revoked": func(p *play) { p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged}) },
		"lease":   func(p *play) { p.pass(10_000) },
	} {
		p := toOverview(t)
		p.act(ActLeave, "")
		end(p)
		p.phase(PhaseBlank)
		if regionOf(Render(&p.s), "dialog") != "" {
			t.Errorf("%s: it is still asked", name)
		}
	}
}

// texts visits every text that is reached from a value, with the way to it.
func everyText(v reflect.Value, way string, seen map[uintptr]bool, visit func(way, text string)) {
	switch v.Kind() {
	case reflect.String:
		visit(way, v.String())
	case reflect.Pointer:
		if !v.IsNil() && !seen[v.Pointer()] {
			seen[v.Pointer()] = true
			everyText(v.Elem(), way, seen, visit)
		}
	case reflect.Interface:
		everyText(v.Elem(), way, seen, visit)
	case reflect.Struct:
		for i := range v.NumField() {
			everyText(v.Field(i), way+"."+v.Type().Field(i).Name, seen, visit)
		}
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k == reflect.Uint8 || k == reflect.Bool {
			if k == reflect.Uint8 && v.Kind() == reflect.Slice {
				visit(way, string(v.Bytes()))
			}
			return
		}
		for i := range v.Len() {
			everyText(v.Index(i), way+"["+strconv.Itoa(i)+"]", seen, visit)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			everyText(k, way+"[key]", seen, visit)
			everyText(v.MapIndex(k), way+"[]", seen, visit)
		}
	}
}

// full is an overview in which everything that can hold something of the patient does.
func full(t *testing.T) *play {
	p, _ := reading(t, everyKind("hemligt"), protocol.Header{Contract: protocol.Diagnosis, Title: "hemligt", Unit: "hemligt"})
	p.get(1, protocol.Session{SignIn: protocol.SignInProvider, Print: true, Copy: true})
	p.get(1, protocol.Sources{Generation: 1, Rows: []protocol.SourceRow{{CareProvider: "hemligt"}}})
	p.s.Desk.System = "hemligt"
	p.do(Typed{FieldSearch, "hemligt"})
	p.do(Typed{FieldUnit, "hemligt"})
	p.do(Typed{FieldGuardian, "199701062383"})
	p.act(ActRead, keyText(protocol.DocumentKey{15: 7}))
	p.get(1, protocol.BodyFrame{Request: sentLast[protocol.Read](p).Request, Generation: 1, Document: protocol.DocumentKey{15: 7}, Body: everyKind("hemligt")})
	p.act(ActPrint, "")
	p.get(1, protocol.Taken{Request: sentLast[protocol.Take](p).Request, ID: "x"})
	p.do(Typed{FieldReason, "hemligt skäl"})
	p.s.Ladder = Ladder{Blocked: ToldYes, Known: true, Providers: []protocol.ProviderMark{{Name: "hemligt", Has: true}}}
	p.s.Said, p.s.Notice = Said{"hemligt", "hemligt"}, Notice{Fault: protocol.FaultAccessChanged, ID: "hemligt"}
	return p
}

// asked is a choice, before anything is shown, where it has been told that there is blocked
// information and which care providers have some.
func asked(t *testing.T) *play {
	p := toChoice(t)
	p.act(ActAsk, "3")
	p.answer(true, protocol.ProviderMark{Name: "hemligt", Has: true})
	p.act(ActAsk, "2")
	p.answer(true)
	if !strings.Contains(p.s.Said.Status, textOf(protocol.Swedish, txtBlockedYes)) {
		t.Fatalf("a screen reader is told %q", p.s.Said.Status)
	}
	return p
}

// overNext cuts the line, and has the next node welcome and answer.
func overNext(p *play, answers ...protocol.Frame) {
	p.do(Disconnected{1, 1006})
	p.pass(400)
	p.do(Connected{2})
	for _, f := range answers {
		if r, is := f.(protocol.Refused); is {
			r.Request = sentLast[protocol.Open](p).Request
			f = r
		}
		p.get(2, f)
	}
}

// ways are how the patient is closed, or everything of the patient is taken away.
var ways = map[string]func(*play){
	"leave":      func(p *play) { p.act(ActLeave, ""); p.act(ActLeaveConfirm, "") },
	"commission": func(p *play) { p.act(ActSwitchTask, ""); p.act(ActLeaveConfirm, "") },
	"person":     func(p *play) { p.act(ActSwitchPerson, ""); p.act(ActLeaveConfirm, "") },
	"sign out": func(p *play) {
		p.get(1, protocol.Session{SignIn: protocol.SignInProvider})
		p.act(ActSignOut, "")
	},
	"expired": func(p *play) { p.do(Expired{}) },
	"page":    func(p *play) { p.do(Leaving{}) },
	"revoked": func(p *play) {
		g := p.s.Links.Live.Generation
		p.get(1, protocol.Revoke{Generation: g, Next: g + 1, Fault: protocol.FaultAccessChanged})
	},
	"restored": func(p *play) {
		p.get(1, protocol.Heartbeat{Position: protocol.Position{Epoch: epoch + 1, Index: 1}, LeaseMillis: 10_000})
	},
	"gate": func(p *play) { p.get(1, protocol.Refused{Fault: protocol.FaultSignIn}) },
	"for good": func(p *play) {
		p.s.Notice = Notice{} // the node's last word is what the page says then
		p.do(Disconnected{1, uint16(protocol.CloseMalformed)})
	},
	"denied by the next node": func(p *play) {
		overNext(p, welcome("a2", 100), protocol.Chosen{Commission: testCommission}, protocol.Refused{Fault: protocol.FaultNoEngagement})
	},
	"commission gone": func(p *play) {
		w := welcome("a2", 100)
		w.Commissions = nil
		overNext(p, w)
	},
	"another patient": func(p *play) {
		p.act(ActLeave, "")
		p.act(ActLeaveConfirm, "")
		p.act(ActPatient, "191212121212")
	},
	"another patient, the one before denied": func(p *play) {
		overNext(p, welcome("a2", 100), protocol.Chosen{Commission: testCommission}, protocol.Refused{Fault: protocol.FaultNoEngagement})
		p.act(ActRestart, "")
		p.act(ActPatient, "191212121212")
	},
}

// withdrawals take everything from the screen, and leave the patient open.
var withdrawals = map[string]func(*play){
	"lease": func(p *play) { p.pass(20_000) },
	"doubt": func(p *play) {
		p.get(1, protocol.Heartbeat{Generation: p.s.Links.Live.Generation, Position: protocol.Position{Epoch: epoch, Index: 101}, LeaseMillis: 10_000, Count: 99})
		p.get(1, protocol.Opened{Basis: protocol.BasisConsent}) // what was told goes with the view, and else with this
	},
	"too large": func(p *play) {
		p.act(ActChoice, "")
		p.act(ActCheckAll, "")
		p.act(ActShow, "")
		p.get(1, protocol.Refused{Fault: protocol.FaultTooMany, ID: "abc"})
		p.get(1, protocol.Opened{Basis: protocol.BasisConsent})
	},
}

// secrets are the ways to what was said of the patient.
func secrets(p *play, painter *Painter, secret func(way, text string) bool) (found []string) {
	visit := func(way, text string) {
		if secret(way, text) {
			found = append(found, way)
		}
	}
	everyText(reflect.ValueOf(&p.s), "State", map[uintptr]bool{}, visit)
	everyText(reflect.ValueOf(painter), "Painter", map[uintptr]bool{}, visit)
	return found
}

// What is left when the patient is closed holds nothing of the patient: no region, no
// row, no form, no filter, nothing that a screen reader is told, nothing that a painter keeps.
func TestLeavingLeavesNothingBehind(t *testing.T) {
	blocked := textOf(protocol.Swedish, txtBlockedYes)
	secret := func(_, text string) bool {
		return strings.Contains(text, "hemligt") || strings.Contains(text, "19970106") || strings.Contains(text, blocked)
	}
	for begin, from := range map[string]func(*testing.T) *play{"full": full, "asked": asked} {
		for name, leave := range ways {
			t.Run(begin+", "+name, func(t *testing.T) {
				p, painter := from(t), NewPainter()
				p.forgets(painter, secret, leave)
			})
		}
	}
}

// Why a patient was not opened is not told of the next one.
func TestTheNextPatientBeginsInSilence(t *testing.T) {
	for name, next := range map[string]func(*play){
		"typed": func(p *play) { p.act(ActPatient, "191212121212") },
		"sent along": func(p *play) {
			w := welcome("a2", 100)
			w.Commissions = nil
			overNext(p, w)
			p.get(2, welcome("a2", 100))
			p.s.Links.Live.Stage, p.s.Wish.Commission, p.s.Me.Commissions = StageWelcome, protocol.CommissionID{}, []protocol.CommissionInfo{testCommission}
			p.get(2, protocol.HandedOver{Commission: testCommission.ID, Patient: parsed(protocol.ParsePatientID("191212121212")), System: "Cosmic"})
		},
	} {
		p := toPatient(t)
		p.act(ActPatient, "199701062383")
		p.get(1, protocol.Refused{Request: sentLast[protocol.Open](p).Request, Fault: protocol.FaultNoEngagement, ID: "abc"})
		if p.s.Said.Alert == "" || !slices.Contains(p.last, Effect(Paint{})) {
			t.Fatal("the refusal is not told, or what stood is not painted over")
		}
		next(p)
		if p.s.Wish.Patient.IsZero() || p.s.Said != (Said{}) || p.s.Notice != (Notice{}) {
			t.Errorf("%s: still said: %+v, %+v", name, p.s.Said, p.s.Notice)
		}
	}
}

// What the user has typed may stay in memory while the patient does; nothing that was told
// of the patient may.
func TestWithdrawalLeavesNothingThatWasTold(t *testing.T) {
	blocked := textOf(protocol.Swedish, txtBlockedYes)
	typed := []string{"State.Panes.List.Query.Text", "State.Panes.Tools.Written.Text"}
	secret := func(way, text string) bool {
		return !slices.Contains(typed, way) && (strings.Contains(text, "hemligt") || strings.Contains(text, blocked))
	}
	for begin, from := range map[string]func(*testing.T) *play{"full": full, "asked": asked} {
		for name, withdraw := range withdrawals {
			t.Run(begin+", "+name, func(t *testing.T) {
				p, painter := from(t), NewPainter()
				p.s.Desk.System = "" // says where the user comes from, and stays while the patient does
				p.forgets(painter, secret, withdraw)
				if p.s.Wish.Patient.IsZero() {
					t.Error("the patient is closed")
				}
			})
		}
	}
}

// A count or a span that was told before documents were taken away is not left in the page.
func TestRemovalTakesBackWhatWasSaid(t *testing.T) {
	for name, remove := range map[string]func(*play){
		"revoked": func(p *play) {
			p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{{15: 1}}})
		},
		"removed": func(p *play) {
			count, digest := sum(testDocs()[1:])
			p.get(1, protocol.Batch{Generation: 1, From: 100, To: 101, Removes: []protocol.DocumentKey{{15: 1}}, Count: count, Digest: digest})
		},
	} {
		p := toOverview(t)
		p.act(ActByTime, "")
		if said := p.s.Said.Status; !strings.HasPrefix(said, "4 dokument") {
			t.Fatalf("said %q", said)
		}
		remove(p)
		if said := p.s.Said.Status; strings.Contains(said, "4 dokument") {
			t.Errorf("%s: %q is still said", name, said)
		}
	}
}

// What was told about one patient's log is not left when another's is asked for.
func TestReportTakesItsCountAlong(t *testing.T) {
	p := reported(t, protocol.ReportPatient, protocol.Report{Rows: testRows()})
	if p.s.Said.Status == "" {
		t.Fatal("nothing is told")
	}
	p.act(ActReports, "")
	if p.s.Said.Status != "" {
		t.Errorf("%q is still said", p.s.Said.Status)
	}
}

// What is removed while others stay is in no list, drawing or count that was made of it,
// though nothing of that is looked at again.
func TestARemovedDocumentLeavesNothingBehind(t *testing.T) {
	secret := of(northID, doc(1, protocol.Diagnosis, "20240101"))
	secret.Header.Title, secret.Header.Unit, secret.Header.Author = "hemligt", "hemligt", "hemligt"
	rest := of(southID, doc(2, protocol.Diagnosis, "20240102"))
	p := toChoice(t)
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	p.snapshot(1, 100, []protocol.Item{secret, rest})
	p.act(ActFilters, "")
	for _, tab := range []string{"0", "1", "2"} {
		p.act(ActTab, tab)
		Render(&p.s)
	}
	p.act(ActFilters, "")
	left := func() (ways []string) {
		everyText(reflect.ValueOf(&p.s), "State", map[uintptr]bool{}, func(way, text string) {
			if strings.Contains(text, "hemligt") || text == northID {
				ways = append(ways, way)
			}
		})
		return ways
	}
	if len(left()) < 5 {
		t.Fatalf("it stands only in %v", left())
	}
	count, digest := sum([]protocol.Item{rest})
	p.get(1, protocol.Batch{Generation: 1, From: 100, To: 101, Removes: []protocol.DocumentKey{secret.Key}, Count: count, Digest: digest})
	if ways := left(); len(ways) > 0 {
		t.Errorf("it is left in %v", ways)
	}
	if p.s.View.Store.drawn != (drawn{}) {
		t.Error("what was drawn of it is kept")
	}
}

// forgets has a secret stand on the page, and nowhere after a change.
func (p *play) forgets(painter *Painter, secret func(at, text string) bool, change func(*play)) {
	p.t.Helper()
	painter.Paint(&p.s, nil)
	if found := secrets(p, painter, secret); len(found) < 4 {
		p.t.Fatalf("to begin with it stands only in %v", found)
	}
	change(p)
	painter.Paint(&p.s, nil)
	if found := secrets(p, painter, secret); len(found) > 0 {
		p.t.Errorf("it is left in %v", found)
	}
}
