package client

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
)

func TestResumeOnAnotherNodeKeepsThePlace(t *testing.T) {
	p := toOverview(t)
	items := testDocs()
	p.act(ActRead, keyText(items[0].Key))
	p.get(1, protocol.BodyFrame{Request: sentLast[protocol.Read](p).Request, Generation: 1, Document: items[0].Key})
	p.do(Focused{rowID(items[2].Key)})
	p.do(Scrolled{30})
	p.do(Disconnected{1, 1006})
	p.phase(PhaseOverview)
	p.pass(500)
	if diff := cmp.Diff([]Dial{{1, testStream}, {2, otherNode}}, p.dials); diff != "" {
		t.Fatal(diff)
	}
	p.do(Connected{2})
	hello := protocol.Hello{Version: protocol.Version, After: protocol.Position{Epoch: epoch, Index: 100}}
	if diff := cmp.Diff(hello, sentLast[protocol.Hello](p)); diff != "" {
		t.Fatal(diff)
	}
	p.get(2, welcome("b1", 105))
	p.get(2, protocol.Chosen{Commission: testCommission})
	p.get(2, protocol.Opened{Request: sentLast[protocol.Open](p).Request, Basis: protocol.BasisConsent})
	if show := sentLast[protocol.Show](p); !show.Resumed || len(show.Contracts) != 12 || show.Generation != 1 {
		t.Fatalf("%+v", show)
	}
	p.get(2, protocol.Begin{Generation: 1, Position: protocol.Position{Epoch: epoch, Index: 105}})
	p.get(2, protocol.Chunk{Generation: 1, Items: items})
	p.phase(PhaseOverview)
	if p.s.View.Link != 1 || p.s.Me.Node != "a1" || p.s.View.Store.len() != 4 {
		t.Fatal("the old view went before the new one was there")
	}
	p.snapshot(2, 105, items)
	if p.s.Links.Live.ID != 2 || p.s.Me.Node != "b1" || p.s.View.Link != 2 {
		t.Fatal("the new link is not live")
	}
	if p.s.Reader.Body == nil || p.s.Reader.Key != items[0].Key || p.s.List.Active != items[2].Key || p.s.List.Top != 0 && p.s.List.Top != 30 {
		t.Error("the place is lost")
	}
	if sentCount[protocol.Read](p) != 1 {
		t.Error("an unchanged document was read again")
	}
	for _, e := range p.last {
		if _, ok := e.(FocusOn); ok {
			t.Error("the focus was moved")
		}
	}
}

func TestGoAwayMakesBeforeItBreaks(t *testing.T) {
	p := toOverview(t)
	p.get(1, protocol.GoAway{AfterMillis: 3_000, Alternates: []string{otherNode}})
	p.pass(2_999)
	if len(p.dials) != 1 {
		t.Fatal("dialled too early")
	}
	p.pass(1)
	if len(p.dials) != 2 || p.dials[1].URL != otherNode || p.s.Links.Live.ID != 1 {
		t.Fatalf("dials %v, live %d", p.dials, p.s.Links.Live.ID)
	}
	p.climb(2, "b1", 100)
	if len(p.closed()) != 0 {
		t.Fatal("closed before the new view was there")
	}
	p.beat(1, 100, testDocs())
	p.snapshot(2, 100, testDocs())
	if diff := cmp.Diff([]LinkID{1}, p.closed()); diff != "" {
		t.Fatal(diff)
	}
	p.phase(PhaseOverview)
	if p.s.Links.Moving {
		t.Error("still moving")
	}
}

func TestSilenceDialsAnotherNode(t *testing.T) {
	p := toOverview(t)
	p.pass(4_999)
	if len(p.dials) != 1 {
		t.Fatal("not silent yet")
	}
	p.pass(1)
	if len(p.dials) != 2 || p.dials[1].URL != otherNode {
		t.Fatalf("dials %v", p.dials)
	}
	p.phase(PhaseOverview)
	if len(p.closed()) != 0 {
		t.Error("the silent link was closed: it may speak again")
	}
	p.do(Disconnected{2, 1006})
	p.pass(500)
	if len(p.dials) != 3 || p.dials[2].URL != otherNode {
		t.Errorf("dials %v: the silent node is not the one to go to", p.dials)
	}
}

func TestHeartbeatOfTheNextLinkDoesNotKeepTheOldView(t *testing.T) {
	p := toOverview(t)
	p.pass(5_000)
	p.climb(2, "b1", 100)
	p.now = p.now.after(4_999)
	p.get(2, protocol.Heartbeat{Generation: 1, Position: protocol.Position{Epoch: epoch, Index: 100}, LeaseMillis: 10_000})
	p.pass(1)
	p.phase(PhaseBlank)
	p.snapshot(2, 100, testDocs())
	p.phase(PhaseOverview)
}

func TestBackoff(t *testing.T) {
	p := newPlay(t)
	p.draw = 1<<32 - 1
	var waits []int64
	for range 9 {
		p.do(Disconnected{p.s.Links.Next.ID, 1006})
		at, ok := p.s.Wake()
		if !ok {
			t.Fatal("gave up")
		}
		waits = append(waits, at-p.now.Mono)
		p.pass(at - p.now.Mono)
	}
	limit := int64(backoffBase)
	for i, w := range waits {
		if w < 0 || w > min(limit, backoffMax) {
			t.Errorf("wait %d is %d, limit %d", i, w, limit)
		}
		limit *= 2
	}
	if len(p.dials) != 10 {
		t.Errorf("%d dials", len(p.dials))
	}
}

func TestStuckClimbIsGivenUp(t *testing.T) {
	p := newPlay(t)
	p.do(Connected{1})
	p.pass(climbTimeout)
	if diff := cmp.Diff([]LinkID{1}, p.closed()); diff != "" {
		t.Fatal(diff)
	}
	p.pass(backoffBase)
	if len(p.dials) != 2 {
		t.Error("not tried again")
	}
}

func TestAnswerThatNeverComesIsGivenUp(t *testing.T) {
	p := toChoice(t)
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	for range 5 {
		p.pass(2_000)
		p.beat(1, 100, nil)
	}
	if p.s.Links.Live.ID != 1 {
		t.Fatal("given up too early")
	}
	p.pass(2_000)
	if diff := cmp.Diff([]LinkID{1}, p.closed()); diff != "" {
		t.Fatal(diff)
	}
}

func TestSnapshotThatOutlivesTheLeaseIsShown(t *testing.T) {
	p := toOverview(t)
	p.do(Disconnected{1, 1006})
	p.pass(500)
	p.climb(2, "b1", 100)
	items, at := testDocs(), protocol.Position{Epoch: epoch, Index: 100}
	p.get(2, protocol.Begin{Generation: 1, Position: at})
	p.get(2, protocol.Chunk{Generation: 1, Items: items})
	p.pass(9_600)
	p.phase(PhaseBlank)
	count, digest := sum(items)
	p.get(2, protocol.End{Generation: 1, Position: at, Count: count, Digest: digest})
	p.phase(PhaseOverview)
	p.pass(500) // ten seconds after the node's last word of a lease
	p.phase(PhaseBlank)
}

func TestCloseCodes(t *testing.T) {
	for code, fault := range map[uint16]protocol.Fault{
		1000: 0, 1006: 0, 1012: 0, 4008: 0, 4012: 0, 4408: 0, 4410: 0,
		4500: protocol.FaultInternal, 4501: protocol.FaultVersion, 4502: protocol.FaultMalformed, 4999: protocol.FaultInternal,
	} {
		p := toOverview(t)
		p.do(Disconnected{1, code})
		if fault == 0 {
			p.phase(PhaseOverview)
			if p.s.End.Stopped {
				t.Errorf("%d stopped the client", code)
			}
			continue
		}
		if p.s.Phase() != PhaseBlank || !p.s.End.Stopped || p.s.Notice.Fault != fault {
			t.Errorf("%d: phase %v, stopped %v, fault %d", code, p.s.Phase(), p.s.End.Stopped, p.s.Notice.Fault)
		}
		dials := len(p.dials)
		p.pass(60_000)
		if len(p.dials) != dials {
			t.Errorf("%d: dialled again", code)
		}
	}
}

// A session that ends leads to where one signs in, whatever was said before.
func TestSessionThatIsClosedLeadsToTheGate(t *testing.T) {
	p := toOverview(t)
	p.s.Notice = Notice{Fault: protocol.FaultBusy, ID: "log-1"}
	p.do(Disconnected{1, uint16(protocol.CloseSession)})
	if p.s.Desk.Gate != GateEnded || p.s.Notice.Fault != protocol.FaultSessionEnded {
		t.Errorf("gate %d, fault %d", p.s.Desk.Gate, p.s.Notice.Fault)
	}
}

func TestAnotherEpochForgetsEverything(t *testing.T) {
	strange := protocol.Position{Epoch: epoch + 1, Index: 5}
	for name, reach := range map[string]func(*play){
		"in a heartbeat": func(p *play) { p.get(1, protocol.Heartbeat{Generation: 1, Position: strange, LeaseMillis: 10_000}) },
		"in a welcome": func(p *play) {
			p.do(Disconnected{1, 1006})
			p.pass(500)
			p.do(Connected{2})
			w := welcome("b1", 5)
			w.Position = strange
			p.get(2, w)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := toOverview(t)
			reach(p)
			p.phase(PhaseBlank)
			if p.s.Notice.Fault != protocol.FaultEpoch || !p.s.Wish.Patient.IsZero() || p.s.View.Store != nil {
				t.Error("something is kept")
			}
			if p.s.Me.Position != strange {
				t.Errorf("position %v", p.s.Me.Position)
			}
		})
	}
}

func TestDenialOnTheNextNodeTakesTheViewAway(t *testing.T) {
	p := toOverview(t)
	p.do(Disconnected{1, 1006})
	p.pass(500)
	p.do(Connected{2})
	p.get(2, welcome("b1", 105))
	p.get(2, protocol.Chosen{Commission: testCommission})
	p.get(2, protocol.Refused{Request: sentLast[protocol.Open](p).Request, Fault: protocol.FaultNoEngagement})
	p.phase(PhaseBlank)
	if p.s.Notice.Fault != protocol.FaultNoEngagement || p.s.View.Store != nil {
		t.Error("the view stays, or the fault is another")
	}
}

func TestPassingFaultTriesTheNextNode(t *testing.T) {
	p := toOverview(t)
	p.do(Disconnected{1, 1006})
	p.pass(500)
	p.do(Connected{2})
	p.get(2, protocol.Refused{Fault: protocol.FaultBehind})
	p.phase(PhaseOverview)
	p.pass(500)
	if len(p.dials) != 3 || p.dials[2].URL != testStream {
		t.Errorf("dials %v", p.dials)
	}
}

func TestLostCommissionTakesTheViewAway(t *testing.T) {
	p := toOverview(t)
	p.do(Disconnected{1, 1006})
	p.pass(500)
	p.do(Connected{2})
	w := welcome("b1", 105)
	w.Commissions = nil
	p.get(2, w)
	p.phase(PhaseBlank)
	if p.s.Notice.Fault != protocol.FaultNoCommission || p.s.View.Store != nil {
		t.Error("the view stays, or the fault is another")
	}
	p.act(ActRestart, "")
	p.phase(PhaseCommission)
}

func TestStrangeAddressesAreNotTaken(t *testing.T) {
	p := newPlay(t)
	p.do(Connected{1})
	w := welcome("a1", 1)
	w.Alternates = []string{"http://c", "javascript:x", "ws://", testStream, otherNode, otherNode}
	p.get(1, w)
	if diff := cmp.Diff([]string{testStream, otherNode}, p.s.Links.Addresses); diff != "" {
		t.Error(diff)
	}
}

// What stopped for good stays so: only a reload helps.
func TestAStoppedClientDialsForNobody(t *testing.T) {
	p := toOverview(t)
	p.do(Disconnected{1, 4501})
	p.act(ActSwitchPerson, "")
	p.pass(60_000)
	if len(p.dials) != 1 || !p.s.End.Stopped {
		t.Errorf("dials %v", p.dials)
	}
}

func TestOtherPersonComesOverANewConnection(t *testing.T) {
	p := toOverview(t)
	p.act(ActSwitchPerson, "")
	p.act(ActLeaveConfirm, "")
	p.phase(PhaseWho)
	if p.s.View.Store != nil || !p.s.Wish.Patient.IsZero() {
		t.Error("the patient follows the person")
	}
	if len(p.dials) != 2 || p.dials[1].URL != testStream {
		t.Errorf("dials %v", p.dials)
	}
}
