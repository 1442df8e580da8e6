package client

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
)

const thirdNode = "ws://c.example/stream"

// steady does something and holds that what is shown stays as it was.
func (p *play) steady(do func()) {
	p.t.Helper()
	phase, titles := p.s.Phase(), p.titles()
	do()
	if p.s.Phase() != phase || p.titles() != titles {
		p.t.Fatalf("the page changed: %v with %q, was %v with %q", p.s.Phase(), p.titles(), phase, titles)
	}
}

// While a browser moves its page stands still, wherever it is sent: to a node that takes
// nobody, to one that goes away itself, and at last to one that has room.
func TestAMoveIsNotSeen(t *testing.T) {
	p := toOverview(t)
	get := func(link LinkID, f protocol.Frame) { p.steady(func() { p.get(link, f) }) }
	get(1, protocol.GoAway{AfterMillis: 1_000, Alternates: []string{otherNode, thirdNode}})
	p.steady(func() { p.pass(1_000) })
	p.steady(func() { p.do(Disconnected{2, 1006}) }) // 503: it drains, too
	p.beat(1, 100, testDocs())
	p.steady(func() { p.pass(500) })
	if diff := cmp.Diff([]Dial{{1, testStream}, {2, otherNode}, {3, thirdNode}}, p.dials); diff != "" {
		t.Fatal(diff)
	}
	p.steady(func() { p.do(Connected{3}) })
	get(3, welcome("c1", 100))
	get(3, protocol.GoAway{AfterMillis: 5_000, Alternates: []string{otherNode}}) // and so does this
	if diff := cmp.Diff([]LinkID{3}, p.closed()); diff != "" {
		t.Fatal(diff)
	}
	p.beat(1, 100, testDocs())
	p.steady(func() { p.pass(500) })
	last := p.dials[len(p.dials)-1]
	if last.URL == testStream || last.Link != 4 {
		t.Fatalf("dialled %v", p.dials)
	}
	p.steady(func() { p.climb(4, "b1", 100) })
	p.steady(func() { p.snapshot(4, 100, testDocs()) })
	if p.s.Links.Live.ID != 4 || p.s.Links.Moving || p.s.View.Link != 4 {
		t.Errorf("it has not moved: %+v", p.s.Links)
	}
}

// Who is being asked about while the node goes away is asked about once more, elsewhere.
func TestAMoveWhileAPatientIsOpened(t *testing.T) {
	p := toPatient(t)
	p.act(ActPatient, "19970106-2383")
	p.get(1, protocol.GoAway{Alternates: []string{otherNode}})
	p.pass(1)
	p.do(Connected{2})
	p.get(2, welcome("b1", 100))
	p.get(2, protocol.Chosen{Commission: testCommission})
	open := sentLast[protocol.Open](p)
	if sentCount[protocol.Open](p) != 2 || open.Patient != testPatient {
		t.Fatalf("%d opens", sentCount[protocol.Open](p))
	}
	p.get(2, protocol.Opened{Request: open.Request, Basis: protocol.BasisConsent})
	p.phase(PhaseChoice)
	if p.s.Links.Live.ID != 2 {
		t.Error("it has not moved")
	}
	p.do(Disconnected{1, 1000}) // the old one's end is nothing any more
	p.phase(PhaseChoice)
}

// A dialog that is open when the node goes away is open afterwards, and works there.
func TestAMoveKeepsTheDialog(t *testing.T) {
	for name, answered := range map[string]bool{"an attest that was not sent": false, "one whose answer the move outran": true} {
		t.Run(name, func(t *testing.T) {
			p := toPatient(t)
			p.act(ActPatient, "19970106-2383")
			asked := protocol.Opened{Request: sentLast[protocol.Open](p).Request, MayConsent: true}
			p.get(1, asked)
			if !p.s.Form.Consenting {
				t.Fatal("no dialog")
			}
			attested := 0
			if answered {
				p.act(ActConsent, "")
				attested++
			}
			p.get(1, protocol.GoAway{Alternates: []string{otherNode}})
			p.pass(1)
			p.do(Connected{2})
			p.get(2, welcome("b1", 100))
			p.get(2, protocol.Chosen{Commission: testCommission})
			asked.Request = sentLast[protocol.Open](p).Request
			p.get(2, asked)
			if p.s.Links.Live.ID != 2 || !p.s.Form.Consenting {
				t.Fatal("it has not moved, or the dialog has gone")
			}
			p.act(ActConsent, "")
			if got := sentCount[protocol.Consent](p); got != attested+1 || p.sent[len(p.sent)-1].link != 2 {
				t.Fatalf("%d attests", got)
			}
			p.get(2, protocol.Opened{Request: sentLast[protocol.Consent](p).Request, Basis: protocol.BasisConsent})
			if p.phase(PhaseChoice); p.s.Form.Consenting {
				t.Error("the dialog stays")
			}
		})
	}
}

// A document that was asked for and did not come is asked for again, over the new link.
func TestAMoveWhileADocumentIsFetched(t *testing.T) {
	p := toOverview(t)
	items := testDocs()
	p.act(ActRead, keyText(items[0].Key))
	p.get(1, protocol.GoAway{Alternates: []string{otherNode}})
	p.pass(1)
	p.climb(2, "b1", 100)
	p.snapshot(2, 100, items)
	if p.s.Links.Live.ID != 2 || sentCount[protocol.Read](p) != 2 || p.sent[len(p.sent)-1].link == 1 {
		t.Fatalf("live %d, %d reads", p.s.Links.Live.ID, sentCount[protocol.Read](p))
	}
	read := sentLast[protocol.Read](p)
	p.get(2, protocol.BodyFrame{Request: read.Request, Generation: read.Generation, Document: items[0].Key})
	if p.s.Reader.Body == nil || p.s.Reader.Key != items[0].Key {
		t.Error("the document is not shown")
	}
}
