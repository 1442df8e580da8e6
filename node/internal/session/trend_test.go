package session

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/projection"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// Codes of analyses.
const (
	npu    = "1.2.752.108.1"
	crp    = "NPU19748"
	sodium = "NPU03429"
)

// sample is a laboratory document to put.
type sample struct {
	doc
	day       int // of January 2026: the document's, and the samples'
	nullified bool
	nodes     []protocol.Node
}

// analysis is a group as an answer of a laboratory has it.
func analysis(code string, day int, value string) protocol.Node {
	n := protocol.Node{Kind: protocol.NodeQuantity, Label: labelValue, Quantity: protocol.Quantity{Value: value, Unit: "mg/L", High: "5", Flag: "H"}}
	if day > 0 {
		n.Time = civil(day)
	}
	result := protocol.Node{Kind: protocol.NodeGroup, Label: labelResult, Children: []protocol.Node{n, {Kind: protocol.NodeCode, Label: "interpretation", Code: protocol.Code{Code: "H"}}}}
	if day > 0 && day%2 == 0 { // nothing more is said of it
		result = n
		result.Label = labelResult
	}
	return protocol.Node{Kind: protocol.NodeGroup, Label: "analysis", Children: []protocol.Node{
		{Kind: protocol.NodeCode, Label: labelCode, Code: protocol.Code{Code: code, System: npu, Display: "P-CRP"}},
		result,
	}}
}

func civil(day int) protocol.Civil {
	return must(protocol.ParseCivil(fmt.Sprintf("202601%02d080000", day)))
}

func lab(id, provider, unit string, day int, nodes ...protocol.Node) sample {
	return sample{doc: doc{protocol.LaboratoryOrderOutcome, id, provider, unit, id}, day: day, nodes: nodes}
}

func (w *world) sampled(complete bool, all ...sample) command.PutSnapshot {
	subject := w.ring.Patient(patient)
	set := command.PutSnapshot{Subject: subject, Contract: uint8(protocol.LaboratoryOrderOutcome), Source: source, Complete: complete, At: time.Now().UnixMilli()}
	for _, s := range all {
		key := w.key(s.doc)
		head := protocol.Header{
			RecordID: s.id, Contract: s.contract, Source: must(protocol.ParseSourceID(source)), Patient: patient, Title: s.text, Nullified: s.nullified,
			CareProvider: must(protocol.ParseCareProviderID(s.provider)), CareUnit: must(protocol.ParseCareUnitID(s.unit)), Time: civil(s.day),
		}
		body := protocol.Body{Sections: []protocol.Section{{Label: "groupOfAnalyses", Nodes: s.nodes}}}
		header, plain := protocol.AppendHeader(nil, &head), protocol.AppendBody(nil, &body)
		set.Documents = append(set.Documents, command.SealedDocument{
			Key: key, CareProvider: s.provider, CareUnit: s.unit, Time: int64(head.Time), Digest: w.ring.Digest(header, plain),
			Header: w.ring.Seal(sealing.Headers, sealing.Place(subject, key), header), Body: w.ring.Seal(sealing.Bodies, sealing.Place(subject, key), plain),
		})
		if complete {
			set.Keep = append(set.Keep, key)
		}
	}
	return set
}

func (w *world) putLab(all ...sample) {
	w.t.Helper()
	w.do(command.KindPutSnapshot, w.sampled(true, all...))
}

// laboratory is a browser that shows the laboratory's documents.
func laboratory(w *world) *browser {
	w.t.Helper()
	b := opened(w)
	b.show(protocol.LaboratoryOrderOutcome)
	expect[protocol.End](b)
	b.sourced()
	return b
}

func (b *browser) trend(system, code string) uint32 {
	b.t.Helper()
	b.request++
	b.send(protocol.Trend{Request: b.request, Generation: b.generation, System: system, Code: code})
	return b.request
}

func values(s protocol.Series) (all []string) {
	for _, p := range s.Points {
		all = append(all, p.Quantity.Value)
	}
	return all
}

// The values of an analysis: of what is shown, oldest first, recorded as a reading of
// those whose they are before one of them leaves.
func TestTrend(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.consent("one", 0)
		wrong := lab("wrong", ownProvider, ownUnit, 9, analysis(crp, 9, "900"))
		wrong.nullified = true
		long := analysis(crp, 0, "7")
		long.Children[1].Children[0].Quantity.Reference = strings.Repeat("r", protocol.MaxUnitBytes+1)
		w.putLab(
			lab("new", ownProvider, ownUnit, 20, analysis(crp, 18, "3"), analysis(sodium, 18, "140")),
			lab("old", otherProvider, otherUnit, 2, analysis(crp, 2, "87"), analysis(crp, 3, "45")),
			lab("undated", ownProvider, sameUnit, 10, long),
			lab("none", ownProvider, ownUnit, 11, analysis(sodium, 11, "139")),
			lab("mentioned", ownProvider, ownUnit, 12, protocol.Node{Kind: protocol.NodeText, Label: "text", Text: crp}),
			wrong,
		)
		b := laboratory(w)
		before := len(w.log())
		w.set(func() {
			w.before = func(c command.Command) {
				if b.told(protocol.KindSeries) != 0 {
					t.Error("told before it is recorded")
				}
			}
		})
		asked := b.trend(npu, crp)
		got := expect[protocol.Series](b)
		w.set(func() { w.before = nil })
		if got.Request != asked || got.Generation != b.generation || got.More {
			t.Errorf("answered %+v", got)
		}
		if diff := cmp.Diff([]string{"87", "45", "7", "3"}, values(got)); diff != "" {
			t.Errorf("values (-want +got):\n%s", diff)
		}
		want := protocol.Point{Document: w.key(doc{protocol.LaboratoryOrderOutcome, "undated", "", "", ""}), Time: civil(10),
			Quantity: protocol.Quantity{Value: "7", Unit: "mg/L", High: "5", Flag: "H"}}
		if diff := cmp.Diff(want, got.Points[2]); diff != "" {
			t.Errorf("a point (-want +got):\n%s", diff)
		}
		log := w.log()[before:]
		if len(log) != 1 || log[0].Activity != record.Read || !log[0].Decision.Permit {
			t.Fatalf("recorded %+v", log)
		}
		contract := uint8(protocol.LaboratoryOrderOutcome)
		scope := record.Scope{View: w.log()[1].Scope.View, Contracts: []uint8{contract}, Resources: []record.Resource{
			{Contract: contract, CareProvider: ownProvider, CareUnit: ownUnit}, {Contract: contract, CareProvider: ownProvider, CareUnit: sameUnit},
			{Contract: contract, CareProvider: otherProvider, CareUnit: otherUnit},
		}}
		if diff := cmp.Diff(scope, log[0].Scope); diff != "" {
			t.Errorf("recorded (-want +got):\n%s", diff)
		}
		for _, other := range [][2]string{{"", crp}, {"1.2.3", crp}, {npu, "NPU1"}, {"", "H"}, {"", "P-CRP"}} {
			b.trend(other[0], other[1])
			if got := expect[protocol.Series](b); (len(got.Points) > 0) != (other == [2]string{"", crp}) {
				t.Errorf("of %v: %v", other, values(got))
			}
		}
		b.hangUp()
	})
}

// Only as many as may be told, the newest.
func TestTheNewestOfATrend(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		var all []sample
		for i := range protocol.MaxPoints + 5 {
			all = append(all, lab(fmt.Sprint(i), ownProvider, ownUnit, 1+i%28, analysis(crp, 1+i%28, fmt.Sprint(1+i%28))))
		}
		w.putLab(all...)
		b := laboratory(w)
		b.trend("", crp)
		got := expect[protocol.Series](b)
		if len(got.Points) != protocol.MaxPoints || !got.More {
			t.Errorf("%d points, more: %v", len(got.Points), got.More)
		}
		if !slices.IsSortedFunc(got.Points, func(a, b protocol.Point) int { return int(a.Time - b.Time) }) {
			t.Error("not in the order of time")
		}
		b.hangUp()
	})
}

// P3: what is taken away, removed or changed while a trend is made is not in it.
func TestATrendOfWhatIsTakenAway(t *testing.T) {
	first, second := lab("first", ownProvider, ownUnit, 2, analysis(crp, 2, "1")), lab("second", otherProvider, otherUnit, 3, analysis(crp, 3, "2"))
	changed := first
	changed.nodes = []protocol.Node{analysis(crp, 2, "11")}
	for what, c := range map[string]struct {
		happens func(w *world)
		want    []string // nil: refused
		fault   protocol.Fault
	}{
		"removed":              {func(w *world) { w.putLab(first) }, []string{"1"}, 0},
		"blocked":              {func(w *world) { w.block("b") }, []string{"1"}, 0},
		"changed":              {func(w *world) { w.putLab(changed, second) }, []string{"11", "2"}, 0},
		"entered by mistake":   {func(w *world) { gone := first; gone.nullified = true; w.putLab(gone, second) }, []string{"2"}, 0},
		"moved":                {func(w *world) { moved := first; moved.unit = sameUnit; w.putLab(moved, second) }, []string{"2"}, 0},
		"all":                  {func(w *world) { w.unrelate() }, nil, protocol.FaultNoEngagement},
		"the consent":          {func(w *world) { w.unconsent("one") }, []string{"1"}, 0},
		"everybody's identity": {func(w *world) { w.person(patient, projection.Person{Protected: true}) }, nil, protocol.FaultProtected},
	} {
		t.Run(what, func(t *testing.T) {
			scripted(t, func(t *testing.T, w *world) {
				w.consent("one", 0)
				w.putLab(first, second)
				b := laboratory(w)
				w.once(command.KindRecordAccess, func() { c.happens(w) })
				b.trend(npu, crp)
				for {
					f := b.next()
					if got, ok := f.(protocol.Series); ok {
						if c.want == nil {
							t.Errorf("told %v", values(got))
						}
						if diff := cmp.Diff(c.want, values(got)); diff != "" || got.Generation != b.generation {
							t.Errorf("of generation %d (-want +got):\n%s", got.Generation, diff)
						}
						break
					}
					if got, ok := f.(protocol.Refused); ok {
						if got.Fault != c.fault && got.Fault != protocol.FaultAccessChanged && (c.want != nil || got.Fault != protocol.FaultNotOpen) {
							// it was withdrawn from the queue, or the patient is not open any more
							t.Errorf("refused with TV-%d", got.Fault)
						}
						break
					}
				}
				b.hangUp()
			})
		})
	}
}

// P3: a trend that waits when a Revoke comes is not sent.
func TestATrendThatWaitsIsWithdrawn(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putLab(lab("one", ownProvider, ownUnit, 2, analysis(crp, 2, "1")))
		b := laboratory(w)
		b.read(w.key(doc{protocol.LaboratoryOrderOutcome, "one", "", "", ""}))
		synctest.Wait() // its body is being written
		b.trend(npu, crp)
		synctest.Wait()
		w.unrelate()
		synctest.Wait()
		refused := 0
		for _, f := range b.quiet() {
			switch f := f.(type) {
			case protocol.Series:
				t.Error("a trend comes after it lost its ground")
			case protocol.Refused:
				if refused++; f.Fault != protocol.FaultAccessChanged {
					t.Errorf("refused with TV-%d", f.Fault)
				}
			}
		}
		if refused != 1 {
			t.Errorf("refused %d times", refused)
		}
		b.hangUp()
	})
}

// P9: an analysis of blocked documents is as one that nobody has made.
func TestATrendOfWhatIsBlocked(t *testing.T) {
	play := func(blocked bool) (frames [][]byte, resources any) {
		scripted(t, func(t *testing.T, w *world) {
			w.consent("one", 0)
			w.block("b")
			other := analysis(sodium, 3, "140")
			if blocked {
				other = analysis(crp, 3, "140")
			}
			w.putLab(lab("own", ownProvider, ownUnit, 2, analysis(sodium, 2, "1")), lab("other", otherProvider, otherUnit, 3, other))
			b := laboratory(w)
			from := len(b.heard)
			b.trend(npu, crp)
			expect[protocol.Series](b)
			frames = b.heard[from:]
			resources = w.log()[2].Scope.Resources
			b.hangUp()
		})
		return frames, resources
	}
	none, nobody := play(false)
	got, somebody := play(true)
	if diff := cmp.Diff(none, got) + cmp.Diff(nobody, somebody); diff != "" || len(none) != 1 {
		t.Errorf("%d frames (-none +blocked):\n%s", len(none), diff)
	}
}

// What cannot be asked, and one at a time.
func TestTrendsAreBounded(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putLab(lab("one", ownProvider, ownUnit, 2, analysis(crp, 2, "1")))
		b := dial(w).greet(commission)
		b.trend(npu, crp)
		b.refusedWith(protocol.FaultNotOpen)
		b.hangUp()
		b = laboratory(w)
		b.trend(npu, "")
		b.refusedWith(protocol.FaultMalformed)
		b.send(protocol.Trend{Request: 77, Generation: b.generation + 1, Code: crp})
		b.refusedWith(protocol.FaultNotFound)
		w.set(func() { w.dead = true })
		first := b.trend(npu, crp)
		second := b.trend(npu, crp)
		if f := b.refusedWith(protocol.FaultBusy); f.Request != second {
			t.Errorf("refused %+v", f)
		}
		if f := b.refusedWith(protocol.FaultNoQuorum); f.Request != first {
			t.Errorf("refused %+v", f)
		}
		w.set(func() { w.dead = false })
		for range searchesAtOnce {
			w.service.recorder.searches <- struct{}{}
		}
		began := time.Now()
		b.trend(npu, crp)
		if b.refusedWith(protocol.FaultBusy); time.Since(began) != searchWithin {
			t.Errorf("refused after %v", time.Since(began))
		}
		<-w.service.recorder.searches
		b.trend(npu, crp)
		expect[protocol.Series](b)
		b.hangUp()
	})
}

// Values stand below the code that says what they are of, and no other.
func TestSearch(t *testing.T) {
	code := func(label, code string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeCode, Label: label, Code: protocol.Code{Code: code}}
	}
	value := func(label, value string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeQuantity, Label: label, Quantity: protocol.Quantity{Value: value, Low: "1"}}
	}
	group := func(nodes ...protocol.Node) protocol.Node {
		return protocol.Node{Kind: protocol.NodeGroup, Label: "group", Children: nodes}
	}
	for what, c := range map[string]struct {
		nodes []protocol.Node
		want  string
	}{
		"in the section itself":       {[]protocol.Node{code("analysisCode", "a"), group(value("outcomeValue", "1"))}, "1"},
		"beside another's":            {[]protocol.Node{group(code("code", "a"), value("value", "1")), group(code("code", "b"), value("value", "2"))}, "1"},
		"another's below":             {[]protocol.Node{group(code("code", "a"), value("value", "1"), group(code("code", "b"), value("value", "2")))}, "1"},
		"below another's":             {[]protocol.Node{group(code("code", "b"), value("value", "1"), group(code("code", "a"), value("value", "2")))}, "2"},
		"several":                     {[]protocol.Node{group(code("code", "a"), group(value("value", "1")), group(value("value", "2")))}, "12"},
		"a mark's code":               {[]protocol.Node{group(code("interpretation", "a"), value("value", "1"))}, ""},
		"a size of something else":    {[]protocol.Node{group(code("code", "a"), value("volume", "1"))}, ""},
		"an interval":                 {[]protocol.Node{group(code("code", "a"), value("value", ""))}, ""},
		"a value that is no number":   {[]protocol.Node{group(code("code", "a"), value("value", strings.Repeat("9", protocol.MaxUnitBytes+1)))}, ""},
		"in a table":                  {[]protocol.Node{{Kind: protocol.NodeTable, Children: []protocol.Node{group(code("code", "a"), value("value", "1"))}}}, "1"},
		"nothing":                     {nil, ""},
		"as deep as a body may be is": {[]protocol.Node{group(group(group(group(code("code", "a"), value("value", "1")))))}, "1"},
	} {
		s := search{analysis: protocol.Code{Code: "a"}}
		s.group(c.nodes)
		got := ""
		for _, p := range s.points {
			got += p.Quantity.Value
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}
