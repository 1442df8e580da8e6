package client

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
)

func TestNothingIsShownBeforeTheChoice(t *testing.T) {
	p := toPatient(t)
	p.act(ActPatient, "19970106-2384")
	if n := sentCount[protocol.Open](p); n != 0 {
		t.Fatalf("a wrong id was sent %d times", n)
	}
	p.act(ActPatient, " 19970106-2383 ")
	if got := sentLast[protocol.Open](p).Patient; got != testPatient {
		t.Fatal("another patient was opened")
	}
	p.get(1, protocol.Opened{Request: sentLast[protocol.Open](p).Request, MayConsent: true})
	p.phase(PhaseChoice)
	if page := Render(&p.s); !strings.Contains(regionOf(page, "main"), `data-test="consent-panel"`) {
		t.Fatal("consent was not asked for")
	}
	p.do(Typed{FieldPersonal, "true"})
	p.do(Typed{FieldDays, "30"})
	p.act(ActConsent, "")
	want := protocol.Consent{Request: sentLast[protocol.Consent](p).Request, Personal: true, Days: 30, Given: protocol.GiverPatient}
	if got := sentLast[protocol.Consent](p); got != want {
		t.Fatalf("%+v", got)
	}
	p.get(1, protocol.Opened{Request: want.Request, Basis: protocol.BasisConsent, MayConsent: true})
	p.act(ActShow, "")
	if sentCount[protocol.Show](p) != 0 {
		t.Fatal("nothing was chosen, yet something was asked for")
	}
	p.do(Typed{FieldContract, "2"})
	p.do(Typed{FieldContract, "5"})
	p.do(Typed{FieldContract, "-5"})
	p.act(ActShow, "")
	show := protocol.Show{Generation: 1, Contracts: []protocol.Contract{protocol.Diagnosis}}
	if diff := cmp.Diff(show, sentLast[protocol.Show](p)); diff != "" {
		t.Fatal(diff)
	}
}

func TestDaysOutsideTheLimitAreNotTaken(t *testing.T) {
	p := toPatient(t)
	for _, days := range []string{"0", "366", "-1", "x", ""} {
		p.do(Typed{FieldDays, days})
		if p.s.Form.Days != defaultConsentDays {
			t.Errorf("%q was taken", days)
		}
	}
}

func TestSnapshotIsShownOnlyWhenWhole(t *testing.T) {
	p := toChoice(t)
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	items := testDocs()
	at := protocol.Position{Epoch: epoch, Index: 100}
	p.get(1, protocol.Begin{Generation: 1, Position: at})
	p.get(1, protocol.Chunk{Generation: 1, Items: items})
	if p.s.View.Shown {
		t.Fatal("half a snapshot is shown")
	}
	count, digest := sum(items)
	p.get(1, protocol.End{Generation: 1, Position: at, Count: count, Digest: digest + 1})
	if p.s.View.Shown || sentLast[protocol.Show](p).Generation != 2 {
		t.Fatal("a snapshot that does not agree was taken, or not asked for again")
	}
	p.snapshot(1, 100, items)
	p.phase(PhaseOverview)
	if got, want := p.titles(), "d2 d3 d1 d4 "; got != want {
		t.Errorf("list is %q, want %q", got, want)
	}
}

func TestLinkThatCannotAgreeIsDropped(t *testing.T) {
	p := toChoice(t)
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	for range 2 {
		g := sentLast[protocol.Show](p).Generation
		at := protocol.Position{Epoch: epoch, Index: 100}
		p.get(1, protocol.Begin{Generation: g, Position: at})
		p.get(1, protocol.End{Generation: g, Position: at, Count: 1})
	}
	if p.s.Links.Live.ID != 0 || sentCount[protocol.Show](p) != 2 {
		t.Fatalf("live %d after %d shows", p.s.Links.Live.ID, sentCount[protocol.Show](p))
	}
}

func TestOlderGenerationsAreDropped(t *testing.T) {
	p := toOverview(t)
	late := doc(9, protocol.Diagnosis, "20250101")
	p.act(ActChoice, "")
	p.act(ActShow, "") // generation 2
	for _, f := range []protocol.Frame{
		protocol.Chunk{Generation: 1, Items: []protocol.Item{late}},
		protocol.Batch{Generation: 1, From: 100, To: 101, Upserts: []protocol.Item{late}},
		protocol.End{Generation: 1, Position: protocol.Position{Epoch: epoch, Index: 100}, Count: 4},
		protocol.Begin{Generation: 1, Position: protocol.Position{Epoch: epoch, Index: 100}},
	} {
		p.get(1, f)
		if _, there := p.s.View.Store.get(late.Key); there || p.s.View.Index != 100 || p.s.Links.Live.Shadow != nil {
			t.Errorf("%T of an older generation was taken", f)
		}
	}
}

func TestBatchIsAppliedWholeOrNotAtAll(t *testing.T) {
	items := testDocs()
	fresh := doc(5, protocol.Diagnosis, "20240215")
	after := append(slices.Clone(items[1:]), fresh)
	count, digest := sum(after)
	good := protocol.Batch{Generation: 1, From: 100, To: 104, Upserts: []protocol.Item{fresh}, Removes: []protocol.DocumentKey{items[0].Key}, Count: count, Digest: digest}

	p := toOverview(t)
	p.get(1, good)
	if got, want := p.titles(), "d2 d5 d3 d4 "; got != want || p.s.View.Index != 104 {
		t.Errorf("list is %q at %d, want %q at 104", got, p.s.View.Index, want)
	}

	for name, change := range map[string]func(*protocol.Batch){
		"a gap":          func(b *protocol.Batch) { b.From = 103 },
		"a step back":    func(b *protocol.Batch) { b.From = 99 },
		"another digest": func(b *protocol.Batch) { b.Digest++ },
		"another count":  func(b *protocol.Batch) { b.Count++ },
	} {
		t.Run(name, func(t *testing.T) {
			p, bad := toOverview(t), good
			change(&bad)
			p.get(1, bad)
			if got := sentLast[protocol.Show](p).Generation; got != 2 {
				t.Fatalf("not shown anew: generation %d", got)
			}
			if strings.Contains(p.titles(), "d5") {
				t.Error("the batch was applied")
			}
			p.snapshot(1, 104, after)
			if got, want := p.titles(), "d2 d5 d3 d4 "; got != want {
				t.Errorf("list is %q, want %q", got, want)
			}
		})
	}
}

func TestBatchMayStartWhereAHeartbeatVouched(t *testing.T) {
	p := toOverview(t)
	p.beat(1, 140, testDocs())
	fresh := doc(5, protocol.Diagnosis, "20240215")
	count, digest := sum(append(testDocs(), fresh))
	p.get(1, protocol.Batch{Generation: 1, From: 140, To: 141, Upserts: []protocol.Item{fresh}, Count: count, Digest: digest})
	if p.s.View.Index != 141 || sentCount[protocol.Show](p) != 1 {
		t.Fatalf("at %d after %d shows", p.s.View.Index, sentCount[protocol.Show](p))
	}
}

func TestRevokeOfDocuments(t *testing.T) {
	p := toOverview(t)
	items := testDocs()
	p.act(ActRead, keyText(items[2].Key))
	p.get(1, protocol.BodyFrame{Request: sentLast[protocol.Read](p).Request, Generation: 1, Document: items[2].Key, Body: protocol.Body{Sections: []protocol.Section{{Label: "x", Nodes: []protocol.Node{{Kind: protocol.NodeText, Text: "hemligt"}}}}}})
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Index: 120, Fault: protocol.FaultConsentEnded, Documents: []protocol.DocumentKey{items[2].Key, items[0].Key}})
	if paint, ack := p.order(); paint < 0 || ack < paint {
		t.Errorf("painted at %d, acknowledged at %d", paint, ack)
	}
	if got := sentLast[protocol.Ack](p).Generation; got != 2 {
		t.Errorf("acknowledged %d", got)
	}
	if got, want := p.titles(), "d2 d4 "; got != want {
		t.Errorf("list is %q, want %q", got, want)
	}
	if p.s.Reader.Body != nil || !p.s.Reader.Gone {
		t.Error("the open document is still there")
	}
	if html := whole(Render(&p.s)); strings.Contains(html, "hemligt") || !strings.Contains(html, "TV-1006") {
		t.Error("the page still shows it, or does not say why")
	}
	p.get(1, protocol.Batch{Generation: 1, From: 100, To: 121, Upserts: items[:1], Count: 4})
	if strings.Contains(p.titles(), "d1") {
		t.Error("a batch of the older generation brought a document back")
	}
	p.beat(1, 121, []protocol.Item{items[1], items[3]})
	p.phase(PhaseOverview)
}

func TestRevokeOfEverything(t *testing.T) {
	p := toOverview(t)
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Index: 120, Fault: protocol.FaultAccessChanged})
	if paint, ack := p.order(); paint < 0 || ack < paint {
		t.Errorf("painted at %d, acknowledged at %d", paint, ack)
	}
	p.phase(PhaseBlank)
	html := whole(Render(&p.s))
	if strings.Contains(html, "1997") || !strings.Contains(html, "TV-1007") {
		t.Error("the page shows the patient, or does not say why")
	}
	if !p.s.Wish.Patient.IsZero() || p.s.View.Store != nil {
		t.Error("something of the patient is kept")
	}
	p.beat(1, 121, nil)
	p.phase(PhaseBlank)
	p.act(ActRestart, "")
	p.phase(PhasePatient)
}

func TestRevokeWhileASnapshotIsOnItsWay(t *testing.T) {
	p := toOverview(t)
	items := testDocs()
	p.act(ActChoice, "")
	p.act(ActShow, "") // generation 2
	p.get(1, protocol.Begin{Generation: 2, Position: protocol.Position{Epoch: epoch, Index: 110}})
	p.get(1, protocol.Chunk{Generation: 2, Items: items})
	p.get(1, protocol.Revoke{Generation: 2, Next: 3, Index: 111, Fault: protocol.FaultConsentEnded, Documents: []protocol.DocumentKey{items[0].Key}})
	count, digest := sum(items)
	p.get(1, protocol.End{Generation: 2, Position: protocol.Position{Epoch: epoch, Index: 110}, Count: count, Digest: digest})
	if _, there := p.s.View.Store.get(items[0].Key); there {
		t.Fatal("the snapshot brought back what was revoked")
	}
	if got := sentLast[protocol.Show](p).Generation; got != 4 {
		t.Fatalf("shown anew under %d, want 4", got)
	}
	p.snapshot(1, 111, items[1:])
	if got, want := p.titles(), "d2 d3 d4 "; got != want {
		t.Errorf("list is %q, want %q", got, want)
	}
}

func TestLeaseRunsOut(t *testing.T) {
	for name, tick := range map[string]func(*play){
		"by the steady clock": func(p *play) { p.now.Mono += 10_000; p.do(Look{}) },
		"by the wall clock":   func(p *play) { p.now.Wall += 10_000; p.do(Look{}) },
		"before a late frame": func(p *play) { p.now = p.now.after(60_000); p.do(Scrolled{10}) },
	} {
		t.Run(name, func(t *testing.T) {
			p := toOverview(t)
			p.now = p.now.after(9_000)
			p.beat(1, 100, testDocs())
			p.now = p.now.after(9_999)
			p.do(Look{})
			p.phase(PhaseOverview)
			tick(p)
			p.phase(PhaseBlank)
			if p.s.View.Store != nil || p.s.Notice.Fault != protocol.FaultLeaseEnded {
				t.Error("the store is kept, or the fault is another")
			}
			if !slices.Contains(p.last, Effect(Paint{})) {
				t.Error("not painted at once")
			}
			if strings.Contains(whole(Render(&p.s)), "1997") {
				t.Error("the page shows the patient")
			}
		})
	}
}

func TestNodeThatComesBackShowsAnew(t *testing.T) {
	p := toOverview(t)
	p.pass(10_000)
	p.phase(PhaseBlank)
	p.beat(1, 100, testDocs())
	if got := sentLast[protocol.Show](p).Generation; got != 2 {
		t.Fatalf("generation %d", got)
	}
	p.snapshot(1, 100, testDocs())
	p.phase(PhaseOverview)
	if p.s.Notice.Fault != protocol.FaultNone {
		t.Error("the notice stays")
	}
}

func TestHeartbeat(t *testing.T) {
	p := toOverview(t)
	p.beat(1, 130, testDocs())
	want := protocol.Beat{Generation: 1, Index: 130}
	if diff := cmp.Diff(want, sentLast[protocol.Beat](p)); diff != "" {
		t.Error(diff)
	}
	p.beat(1, 131, testDocs()[1:])
	p.phase(PhaseBlank)
	if got := sentLast[protocol.Show](p).Generation; got != 2 {
		t.Fatalf("generation %d", got)
	}
	p.snapshot(1, 131, testDocs()[1:])
	p.phase(PhaseOverview)
}

func TestHeartbeatOfAnOlderViewRenewsNothing(t *testing.T) {
	p := toOverview(t)
	items := testDocs()
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Fault: protocol.FaultConsentEnded, Documents: []protocol.DocumentKey{items[0].Key}})
	due := p.s.Lease.Due
	p.now = p.now.after(1_000)
	count, digest := sum(items)
	p.get(1, protocol.Heartbeat{Generation: 1, Position: protocol.Position{Epoch: epoch, Index: 100}, LeaseMillis: 10_000, Count: count, Digest: digest})
	if p.s.Lease.Due != due || p.s.Phase() != PhaseOverview {
		t.Error("an overtaken heartbeat had an effect")
	}
}

func TestLeaveWipes(t *testing.T) {
	p := toOverview(t)
	p.act(ActLeave, "")
	p.act(ActLeaveConfirm, "")
	p.phase(PhasePatient)
	sentLast[protocol.Leave](p)
	if p.s.View.Store != nil || !p.s.Wish.Patient.IsZero() {
		t.Error("something of the patient is kept")
	}
	p.act(ActPatient, "199701062383")
	p.get(1, protocol.Opened{Request: sentLast[protocol.Open](p).Request, Basis: protocol.BasisConsent})
	p.phase(PhaseChoice)
}

func TestPageGoesAway(t *testing.T) {
	p := toOverview(t)
	p.do(Leaving{})
	p.phase(PhaseBlank)
	if diff := cmp.Diff([]Effect{Close{1, 1000}, Paint{}}, p.last); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(State{Clock: p.s.Clock, Form: New().Form, Screen: Screen{End: End{true, true, true}}}, p.s, cmp.AllowUnexported(State{}, Store{}), cmp.Comparer(func(a, b protocol.PatientID) bool { return a == b }), cmp.Comparer(func(a, b protocol.CommissionID) bool { return a == b }), cmp.Comparer(func(a, b protocol.EmployeeID) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	p.get(1, welcome("a1", 1))
	if _, ok := p.s.Wake(); ok || len(p.last) != 0 {
		t.Error("a page that is gone goes on")
	}
}

func TestRefusals(t *testing.T) {
	refused := func(p *play, request uint32, f protocol.Fault) {
		p.get(1, protocol.Refused{Request: request, Fault: f, ID: "abc", At: 5})
	}
	t.Run("of the patient", func(t *testing.T) {
		p := toPatient(t)
		p.act(ActPatient, "199701062383")
		refused(p, sentLast[protocol.Open](p).Request, protocol.FaultNoEngagement)
		p.phase(PhasePatient)
		if p.s.Notice.Fault != protocol.FaultNoEngagement || !p.s.Wish.Patient.IsZero() || sentCount[protocol.Leave](p) != 0 {
			t.Errorf("notice %v", p.s.Notice)
		}
		if !slices.Contains(p.last, Effect(FocusOn{idPatient})) {
			t.Error("the next number cannot be typed at once")
		}
		if html := whole(Render(&p.s)); !strings.Contains(html, "TV-1002") || !strings.Contains(html, "abc") {
			t.Error("the page does not say it")
		}
	})
	t.Run("of the choice", func(t *testing.T) {
		p := toChoice(t)
		p.act(ActCheckAll, "")
		p.act(ActShow, "")
		refused(p, 0, protocol.FaultTooMany)
		p.phase(PhaseChoice)
		p.act(ActShow, "")
		if sentCount[protocol.Show](p) != 2 {
			t.Error("one cannot try again")
		}
	})
	t.Run("of a wider choice", func(t *testing.T) {
		p := toChoice(t)
		p.do(Typed{FieldContract, "2"})
		p.act(ActShow, "")
		p.snapshot(1, 100, testDocs())
		p.act(ActChoice, "")
		p.act(ActCheckAll, "")
		p.act(ActShow, "")
		refused(p, 0, protocol.FaultTooMany)
		p.phase(PhaseChoice)
		if p.s.Wish.Patient != testPatient || !p.s.Access.Known || sentCount[protocol.Leave](p) != 0 {
			t.Error("the patient is closed")
		}
		if p.s.View.Shown || p.s.View.Store != nil || p.s.holds() {
			t.Error("the view before it stands, and no node watches over it")
		}
		if !strings.Contains(regionOf(Render(&p.s), "notice"), "abc") || !slices.Contains(p.last, Effect(FocusOn{idMain})) {
			t.Error("it is not said, or the focus is lost")
		}
		p.act(ActCheckNone, "")
		p.do(Typed{FieldContract, "2"})
		p.act(ActShow, "")
		p.snapshot(1, 101, testDocs())
		p.phase(PhaseOverview)
		if p.s.Notice != (Notice{}) || p.s.View.Store.len() != 4 {
			t.Error("one cannot choose less")
		}
	})
	t.Run("of a choice that is shown anew", func(t *testing.T) {
		p := toOverview(t)
		p.do(Disconnected{1, 1006})
		p.pass(400)
		p.climb(2, "a2", 100)
		p.get(2, protocol.Refused{Fault: protocol.FaultTooMany, ID: "abc", At: 5})
		p.phase(PhaseChoice)
		if p.s.View.Shown || p.s.Links.Live.ID != 2 || p.s.Links.Live.Stage != StageOpened || p.s.Wish.Patient != testPatient {
			t.Error("the view of the node that is gone stands, or the patient is closed")
		}
		p = toOverview(t)
		p.pass(10_000)
		p.phase(PhaseBlank)
		p.beat(1, 101, testDocs())
		refused(p, 0, protocol.FaultTooMany)
		p.phase(PhaseChoice)
	})
	t.Run("of a document", func(t *testing.T) {
		p := toOverview(t)
		p.act(ActRead, keyText(testDocs()[0].Key))
		refused(p, sentLast[protocol.Read](p).Request, protocol.FaultNotFound)
		p.phase(PhaseOverview)
		if p.s.Reader.Fault.Fault != protocol.FaultNotFound {
			t.Error("the pane does not say it")
		}
		p.beat(1, 101, testDocs())
		if sentCount[protocol.Read](p) != 1 {
			t.Error("a refused document is asked for again by itself")
		}
	})
	t.Run("of the version", func(t *testing.T) {
		p := newPlay(t)
		p.do(Connected{1})
		refused(p, 0, protocol.FaultVersion)
		if p.s.End.Stopped || p.s.link(1) != nil {
			t.Fatal("a node of the release before is given up at once")
		}
		p.pass(10_000)
		p.do(Connected{2})
		if got := sentLast[protocol.Hello](p).Version; got != protocol.Version-1 {
			t.Errorf("it is spoken to in version %d", got)
		}
		p.get(2, protocol.Refused{Fault: protocol.FaultVersion})
		p.phase(PhaseBlank)
		if !p.s.End.Stopped {
			t.Error("not stopped")
		}
	})
}

func TestOpenDocumentFollowsItsChanges(t *testing.T) {
	p := toOverview(t)
	item := testDocs()[0]
	p.act(ActRead, keyText(item.Key))
	body := protocol.BodyFrame{Request: sentLast[protocol.Read](p).Request, Generation: 1, Document: item.Key, Body: protocol.Body{Sections: []protocol.Section{{Label: "one"}}}}
	p.get(1, body)
	if !slices.Contains(p.last, Effect(ScrollReader{})) {
		t.Error("a newly opened document does not begin at its top")
	}
	item.Rev = 50
	items := append(testDocs()[1:], item)
	count, digest := sum(items)
	p.get(1, protocol.Batch{Generation: 1, From: 100, To: 105, Upserts: []protocol.Item{item}, Count: count, Digest: digest})
	if sentCount[protocol.Read](p) != 2 || p.s.Reader.Body == nil {
		t.Fatal("the changed document was not asked for, or the old one is gone before the new one is there")
	}
	p.get(1, body) // the answer to the first request, late
	if p.s.Reader.Rev == 50 {
		t.Error("an old answer was taken")
	}
	body.Request = sentLast[protocol.Read](p).Request
	p.get(1, body)
	if p.s.Reader.Rev != 50 || slices.Contains(p.last, Effect(ScrollReader{})) {
		t.Error("the new body was not taken, or the eye was moved")
	}
}

func TestWhatIsToldUnasked(t *testing.T) {
	p := toOverview(t)
	p.get(1, protocol.Opened{Basis: protocol.BasisConsent, Ends: 5})
	if got := sentLast[protocol.Show](p).Generation; got != 2 || p.s.Access.Ends != 5 {
		t.Errorf("access has grown: generation %d, ends %d", got, p.s.Access.Ends)
	}
	p.phase(PhaseOverview)

	p = toOverview(t)
	p.get(1, protocol.Opened{MayConsent: true})
	if sentCount[protocol.Show](p) != 1 || p.s.Access.Basis != protocol.BasisNone {
		t.Error("access has shrunk: the choice was made again, or the basis stays")
	}
	p.act(ActConsentAsk, "")
	p.act(ActConsent, "")
	p.get(1, protocol.Opened{Basis: protocol.BasisConsent}) // before the answer, as news
	p.get(1, protocol.Opened{Request: sentLast[protocol.Consent](p).Request, Basis: protocol.BasisConsent})
	p.phase(PhaseChoice)
	if sentCount[protocol.Show](p) != 1 {
		t.Error("shown while the user chooses")
	}
	p.act(ActBack, "")
	p.phase(PhaseOverview)
	if sentCount[protocol.Show](p) != 2 {
		t.Error("the user went back to a view that lacks what the consent opened")
	}
}

func TestEndingConsentIsAskedForTwice(t *testing.T) {
	p := toOverview(t)
	p.act(ActEndConfirm, "")
	if sentCount[protocol.EndConsent](p) != 0 {
		t.Fatal("not asked")
	}
	p.act(ActEndAsk, "")
	away, _ := Step(p.s, Event{At: p.now, Input: Disconnected{1, 1006}})
	if html := regionOf(Render(&away), "patient-acts"); !strings.Contains(html, "disabled") {
		t.Error("one can press what nobody hears")
	}
	p.act(ActEndConfirm, "")
	request := sentLast[protocol.EndConsent](p).Request
	p.get(1, protocol.Opened{Request: request, MayConsent: true})
	if p.s.Access.Basis != protocol.BasisNone || p.s.Form.Ending {
		t.Error("the answer was not taken")
	}
	if !slices.Contains(p.last, Effect(FocusOn{idMain})) {
		t.Errorf("effects %v: the focus went with the control that was pressed", p.last)
	}
}

// Where one has left the patient, the focus is there in the same frame as the page.
func TestLeavingFocusesAtOnce(t *testing.T) {
	p := toOverview(t)
	p.act(ActLeave, "")
	p.act(ActLeaveConfirm, "")
	focus, paint := slices.Index(p.last, Effect(FocusOn{idPatient})), slices.Index(p.last, Effect(Paint{}))
	if focus < 0 || paint < focus {
		t.Errorf("effects %v, want the focus before the painting", p.last)
	}
}

func regionOf(p Page, id string) string {
	for _, r := range p.Regions {
		if r.ID == id {
			return r.HTML
		}
	}
	return ""
}

func whole(p Page) string {
	out := ""
	for _, r := range p.Regions {
		out += r.HTML
	}
	if p.Rows != nil {
		for _, r := range p.Rows.Items {
			out += r.HTML
		}
	}
	for _, d := range p.Data {
		out += d.Value
	}
	return out
}
