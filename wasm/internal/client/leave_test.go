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
	p.s.Desk.System = "hemligt"
	p.do(Typed{FieldSearch, "hemligt"})
	p.do(Typed{FieldGuardian, "199701062383"})
	p.act(ActRead, keyText(protocol.DocumentKey{15: 7}))
	p.get(1, protocol.BodyFrame{Request: sentLast[protocol.Read](p).Request, Generation: 1, Document: protocol.DocumentKey{15: 7}, Body: everyKind("hemligt")})
	p.act(ActPrint, "")
	p.get(1, protocol.Taken{Request: sentLast[protocol.Take](p).Request, ID: "x"})
	p.do(Typed{FieldReason, "hemligt skäl"})
	p.s.Said = Said{"hemligt", "hemligt"}
	return p
}

// What is left when the patient is closed holds nothing of the patient: no region, no
// row, no form, no filter, nothing that a painter keeps.
func TestLeavingLeavesNothingBehind(t *testing.T) {
	for name, leave := range map[string]func(*play){
		"leave":      func(p *play) { p.act(ActLeave, ""); p.act(ActLeaveConfirm, "") },
		"commission": func(p *play) { p.act(ActSwitchTask, ""); p.act(ActLeaveConfirm, "") },
		"person":     func(p *play) { p.act(ActSwitchPerson, ""); p.act(ActLeaveConfirm, "") },
		"sign out":   func(p *play) { p.act(ActSignOut, "") },
		"expired":    func(p *play) { p.do(Expired{}) },
		"page":       func(p *play) { p.do(Leaving{}) },
	} {
		t.Run(name, func(t *testing.T) {
			p := full(t)
			painter := NewPainter()
			painter.Paint(&p.s, nil)
			found := 0
			look := func(way, text string) {
				if strings.Contains(text, "hemligt") || strings.Contains(text, "19970106") {
					found++
					if name != "" {
						t.Logf("%s holds %.40q", way, text)
					}
				}
			}
			quiet := func(way, text string) {
				if strings.Contains(text, "hemligt") || strings.Contains(text, "19970106") {
					found++
				}
			}
			everyText(reflect.ValueOf(&p.s), "State", map[uintptr]bool{}, quiet)
			everyText(reflect.ValueOf(painter), "Painter", map[uintptr]bool{}, quiet)
			if found < 10 {
				t.Fatalf("only %d texts to begin with", found)
			}
			found = 0
			leave(p)
			painter.Paint(&p.s, nil)
			everyText(reflect.ValueOf(&p.s), "State", map[uintptr]bool{}, look)
			everyText(reflect.ValueOf(painter), "Painter", map[uintptr]bool{}, look)
			if found > 0 {
				t.Errorf("%d texts are left", found)
			}
		})
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
