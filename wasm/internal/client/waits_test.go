package client

import (
	"strings"
	"testing"

	"tvilling/protocol"
)

// A button that waits can be pressed, since it keeps the focus: the machine ignores it.
func TestWhatWaitsIsNotAskedTwice(t *testing.T) {
	p := toPatient(t)
	p.act(ActPatient, "19970106-2383")
	if html := regionOf(Render(&p.s), "main"); !strings.Contains(html, `aria-disabled="true"`) || strings.Contains(html, ` disabled`) {
		t.Error("the button does not say that it waits, or loses the focus")
	}
	p.act(ActPatient, "19970106-2383")
	p.act(ActPatient, "1997")
	if n := sentCount[protocol.Open](p); n != 1 || p.s.Form.Wrong {
		t.Errorf("the patient is asked for %d times; wrong: %v", n, p.s.Form.Wrong)
	}

	p = toChoice(t)
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	p.act(ActShow, "")
	if n := sentCount[protocol.Show](p); n != 1 {
		t.Errorf("the view is asked for %d times", n)
	}

	p = toOverview(t)
	p.act(ActAsk, "1")
	p.act(ActAsk, "2")
	if n := sentCount[protocol.Ask](p); n != 1 {
		t.Errorf("%d questions are asked at once", n)
	}
	p.act(ActEndAsk, "")
	p.act(ActEndConfirm, "")
	p.act(ActEndConfirm, "")
	p.act(ActEndCancel, "")
	if n := sentCount[protocol.EndConsent](p); n != 1 || !p.s.Form.Ending {
		t.Errorf("the consent is ended %d times, taken back: %v", n, !p.s.Form.Ending)
	}
}

func TestPersonIsChosenOnce(t *testing.T) {
	p := newPlay(t)
	p.do(Connected{1})
	w := welcome("a1", 100)
	w.Person, w.Commissions = protocol.Person{}, nil
	w.People = []protocol.Person{{Key: "anna", Name: "Anna"}, {Key: "bo", Name: "Bo"}}
	p.get(1, w)
	p.act(ActPerson, "anna")
	p.act(ActPerson, "bo")
	if p.s.Wish.Person != "anna" {
		t.Errorf("while one person is being chosen another is: %q", p.s.Wish.Person)
	}
}
