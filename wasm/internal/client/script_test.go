package client

import (
	"testing"

	"tvilling/protocol"
)

// play steps a state through a script: it keeps the clock, and what was sent.
type play struct {
	t     *testing.T
	s     State
	now   Clock
	draw  uint32
	last  []Effect   // of the last step
	dials []Dial     // all
	sent  []sentWith // all
}

type sentWith struct {
	link  LinkID
	frame protocol.Frame
}

const (
	testStream = "ws://a.example/stream"
	otherNode  = "ws://b.example/stream"
	epoch      = 7
)

func newPlay(t *testing.T) *play {
	p := &play{t: t, s: New(), now: Clock{1_000, 1_800_000_000_000}}
	p.do(Start{testStream})
	return p
}

func (p *play) do(in Input) {
	p.t.Helper()
	p.s, p.last = Step(p.s, Event{p.now, p.draw, in})
	var painted []Effect
	p.s, painted = Step(p.s, Event{p.now, p.draw, Frame{}})
	p.last = append(p.last, painted...)
	for _, e := range p.last {
		switch e := e.(type) {
		case Dial:
			p.dials = append(p.dials, e)
		case Send:
			p.sent = append(p.sent, sentWith{e.Link, e.Frame})
		}
	}
}

func (p *play) get(link LinkID, f protocol.Frame) { p.t.Helper(); p.do(Received{link, f}) }

func (p *play) act(name Action, value string) { p.t.Helper(); p.do(Act{name, value}) }

func (p *play) pass(millis int64) {
	p.t.Helper()
	p.now = p.now.after(millis)
	p.do(Look{})
}

// sentLast returns the last frame sent of the type.
func sentLast[F protocol.Frame](p *play) F {
	p.t.Helper()
	for i := len(p.sent) - 1; i >= 0; i-- {
		if f, ok := p.sent[i].frame.(F); ok {
			return f
		}
	}
	var none F
	p.t.Fatalf("no %T was sent", none)
	return none
}

func sentCount[F protocol.Frame](p *play) (n int) {
	for _, s := range p.sent {
		if _, ok := s.frame.(F); ok {
			n++
		}
	}
	return n
}

func (p *play) phase(want Phase) {
	p.t.Helper()
	if got := p.s.Phase(); got != want {
		p.t.Fatalf("phase is %v, want %v (notice %v)", got, want, p.s.Notice)
	}
}

func parsed[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	testPatient    = parsed(protocol.ParsePatientID("199701062383"))
	testCommission = protocol.CommissionInfo{ID: parsed(protocol.ParseCommissionID("SE2321000016-1C01")), Name: "Vård och behandling", CareUnit: "Vinden", CareProvider: "Norr", Usable: true}
)

func welcome(node string, index uint64) protocol.Welcome {
	return protocol.Welcome{
		Version: protocol.Version, Node: node, Site: "A", Environment: protocol.Demo,
		Position: protocol.Position{Epoch: epoch, Index: index}, LeaseMillis: 10_000, BeatMillis: 2_000,
		People: []protocol.Person{{Key: "anna", Name: "Anna"}}, Person: protocol.Person{Key: "anna", Name: "Anna"},
		Commissions: []protocol.CommissionInfo{testCommission}, Alternates: []string{otherNode},
	}
}

func doc(n byte, c protocol.Contract, time string) protocol.Item {
	return protocol.Item{
		Key: protocol.DocumentKey{15: n}, Rev: uint64(n),
		Header: protocol.Header{Contract: c, Time: parsed(protocol.ParseCivil(time)), Title: "d" + string('0'+rune(n%10)), Signed: true},
	}
}

func testDocs() []protocol.Item {
	return []protocol.Item{
		doc(1, protocol.Diagnosis, "20240101"), doc(2, protocol.CareDocumentation, "20240301"),
		doc(3, protocol.Diagnosis, "20240201"), doc(4, protocol.AlertInformation, "20230101"),
	}
}

func sum(items []protocol.Item) (count uint32, digest uint64) {
	for _, i := range items {
		count++
		digest += protocol.Mix(i.Key, i.Rev)
	}
	return count, digest
}

// snapshot plays a whole snapshot in answer to the last Show.
func (p *play) snapshot(link LinkID, index uint64, items []protocol.Item) {
	p.t.Helper()
	g := sentLast[protocol.Show](p).Generation
	at := protocol.Position{Epoch: epoch, Index: index}
	p.get(link, protocol.Begin{Generation: g, Position: at})
	p.get(link, protocol.Chunk{Generation: g, Items: items[:len(items)/2]})
	p.get(link, protocol.Chunk{Generation: g, Items: items[len(items)/2:]})
	count, digest := sum(items)
	p.get(link, protocol.End{Generation: g, Position: at, Count: count, Digest: digest})
}

func (p *play) beat(link LinkID, index uint64, items []protocol.Item) {
	p.t.Helper()
	count, digest := sum(items)
	p.get(link, protocol.Heartbeat{Generation: p.s.link(link).Generation, Position: protocol.Position{Epoch: epoch, Index: index}, LeaseMillis: 10_000, Count: count, Digest: digest})
}

// toPatient climbs to the choice of patient, on link 1.
func toPatient(t *testing.T) *play {
	p := newPlay(t)
	p.do(Connected{1})
	p.get(1, welcome("a1", 100))
	p.phase(PhaseCommission)
	p.act(ActCommission, "0")
	p.get(1, protocol.Chosen{Commission: testCommission})
	p.phase(PhasePatient)
	return p
}

// toChoice opens the patient with a consent.
func toChoice(t *testing.T) *play {
	p := toPatient(t)
	p.act(ActPatient, "19970106-2383")
	p.get(1, protocol.Opened{Request: sentLast[protocol.Open](p).Request, Basis: protocol.BasisConsent})
	p.phase(PhaseChoice)
	return p
}

// toOverview shows four documents at index 100.
func toOverview(t *testing.T) *play {
	p := toChoice(t)
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	p.snapshot(1, 100, testDocs())
	p.phase(PhaseOverview)
	return p
}

// climb takes a link by itself as far as the wish goes, up to its Show.
func (p *play) climb(link LinkID, node string, index uint64) {
	p.t.Helper()
	p.do(Connected{link})
	p.get(link, welcome(node, index))
	p.get(link, protocol.Chosen{Commission: testCommission})
	p.get(link, protocol.Opened{Request: sentLast[protocol.Open](p).Request, Basis: protocol.BasisConsent})
}

// titles returns the list as it stands, headings in brackets.
func (p *play) titles() string {
	out := ""
	for _, row := range p.s.List.Rows {
		if !row.isDocument() {
			out += "[" + row.Heading.Contract.Info().Name + row.Heading.Provider.Reveal() + "]"
			continue
		}
		item, _ := p.s.View.Store.get(row.Key)
		out += item.Header.Title + " "
	}
	return out
}

func (p *play) closed() (ids []LinkID) {
	for _, e := range p.last {
		if c, ok := e.(Close); ok {
			ids = append(ids, c.Link)
		}
	}
	return ids
}

// order returns the place of the first effect of each kind, -1 where there is none.
func (p *play) order() (paint, ack int) {
	paint, ack = -1, -1
	for i, e := range p.last {
		switch e := e.(type) {
		case Paint:
			if paint < 0 {
				paint = i
			}
		case Send:
			if _, ok := e.Frame.(protocol.Ack); ok && ack < 0 {
				ack = i
			}
		}
	}
	return paint, ack
}
