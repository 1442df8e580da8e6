package session

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tvilling/node/internal/access"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

var errTrends = errors.New("session: too many look for the values of an analysis")

// part is what an ask is about of a view where that is neither one document nor all.
type part struct {
	named     map[record.Resource]struct{} // that the view's record names: no other's documents count
	withheld  access.Reason                // why it may not be done, whatever the gate says; none: it may
	documents []protocol.DocumentKey       // these; none: all
	analysis  *protocol.Code               // those with values of this; nil: whatever they hold
}

// counts reports whether a document may be part of it.
func (p *part) counts(d *decided, a *ask, doc raftfsm.Attributes) bool {
	_, named := p.named[resourceOf(doc)]
	return named && d.decision.Document(doc, a.contracts).Shown
}

// decide finds what of the view the ask is about, and whose information that is.
func (p *part) decide(v *raftfsm.View, ring Ring, a *ask, d *decided) error {
	switch {
	case p.withheld != access.ReasonNone:
		d.deny(p.withheld)
	case p.analysis != nil:
		return p.values(v, ring, a, d)
	case len(p.documents) > 0:
		for _, key := range p.documents {
			one, each := *a, decided{decision: d.decision, subjects: d.subjects}
			one.document = key
			if each.one(v, one); !each.permits() {
				d.deny(each.reason)
				return nil
			}
			if _, named := p.named[each.resources[0]]; !named {
				d.deny(access.ReasonNoDocument) // it is not in the view
				return nil
			}
			d.resources = append(d.resources, each.resources...)
		}
	default:
		d.subjects.headers(v, numbers(a.contracts), func(doc *sealedDocument) bool {
			if p.counts(d, a, doc.Attributes) {
				d.resources = append(d.resources, resourceOf(doc.Attributes))
			}
			return true
		})
	}
	d.resources = distinct(d.resources)
	return nil
}

// distinct puts resources in order, each once.
func distinct(all []record.Resource) []record.Resource {
	slices.SortFunc(all, func(a, b record.Resource) int {
		return cmp.Or(cmp.Compare(a.Contract, b.Contract), strings.Compare(a.CareProvider, b.CareProvider), strings.Compare(a.CareUnit, b.CareUnit))
	})
	return slices.Compact(all)
}

// recorded are the types of information that the entry of an ask names: those that are
// disclosed, or where there are none those that were looked through.
func (a *ask) recorded(d *decided) []uint8 {
	if a.part == nil || len(d.resources) == 0 {
		return numbers(a.contracts)
	}
	var all []uint8
	for _, r := range d.resources {
		all = append(all, r.Contract)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// series are the values of an analysis, as they were found on one View.
type series struct {
	found []finding
	more  bool
}

// finding is what one document holds of them.
type finding struct {
	document protocol.DocumentKey
	rev      uint64
	points   []protocol.Point
}

// values finds the values of an analysis in the documents that are shown, the newest
// documents first, until there are enough or the limits of the search are reached.
func (p *part) values(v *raftfsm.View, ring Ring, a *ask, d *decided) error {
	var shown []raftfsm.Attributes
	d.subjects.headers(v, numbers(a.contracts), func(doc *sealedDocument) bool {
		if p.counts(d, a, doc.Attributes) {
			shown = append(shown, doc.Attributes)
		}
		return true
	})
	slices.SortFunc(shown, func(a, b raftfsm.Attributes) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), bytes.Compare(a.Key[:], b.Key[:]))
	})
	began, points, read := time.Now(), 0, 0
	for i, one := range shown {
		if points > protocol.MaxPoints || i >= trendDocuments || read >= trendBytes || time.Since(began) > trendWithin {
			d.series.more = true
			break
		}
		doc, _ := d.subjects.document(v, one.Key)
		read += len(doc.body)
		found, err := p.find(ring, &doc)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			points += len(found)
			d.series.found = append(d.series.found, finding{one.Key, one.Rev, found})
			d.resources = append(d.resources, resourceOf(one))
		}
	}
	d.resources = distinct(d.resources)
	return nil
}

// find reads a document's values of the analysis. One that was entered by mistake has none.
func (p *part) find(ring Ring, doc *sealedDocument) ([]protocol.Point, error) {
	plain, err := ring.OpenTo(nil, sealing.Bodies, doc.place(), doc.body)
	if err != nil {
		return nil, fmt.Errorf("opening a body: %w", err)
	}
	if !bytes.Contains(plain, []byte(p.analysis.Code)) {
		return nil, nil // most: they are not decoded
	}
	body, err := protocol.DecodeBody(plain)
	if err != nil {
		return nil, fmt.Errorf("reading a body: %w", err)
	}
	found := search{analysis: *p.analysis, document: doc.Key, time: protocol.Civil(doc.Time)}
	for _, section := range body.Sections {
		found.group(section.Nodes)
	}
	if len(found.points) == 0 {
		return nil, nil
	}
	plain, err = ring.OpenTo(nil, sealing.Headers, doc.place(), doc.header)
	if err != nil {
		return nil, fmt.Errorf("opening a header: %w", err)
	}
	header, err := protocol.DecodeHeader(plain)
	if err != nil {
		return nil, fmt.Errorf("reading a header: %w", err)
	}
	if header.Nullified {
		return nil, nil
	}
	return found.points, nil
}

// search finds the values of an analysis in a body: those that stand in the group that has
// its code, or below it where no other code begins.
type search struct {
	analysis protocol.Code
	document protocol.DocumentKey
	time     protocol.Civil // of the document
	points   []protocol.Point
}

// group looks through the nodes of a group whose code is not known yet.
func (s *search) group(nodes []protocol.Node) {
	if code, coded := codeOf(nodes); coded {
		if code.Code == s.analysis.Code && (s.analysis.System == "" || code.System == s.analysis.System) {
			s.values(nodes)
			return
		}
	}
	for i := range nodes {
		s.group(nodes[i].Children)
	}
}

// values takes the values of the analysis. Below a code of another thing they are that
// thing's.
func (s *search) values(nodes []protocol.Node) {
	for i := range nodes {
		n := &nodes[i]
		if n.Kind == protocol.NodeQuantity && n.Quantity.Value != "" {
			switch n.Label {
			case labelValue, labelOutcome, labelResult, labelResultV3:
				s.take(n)
			}
		}
		if _, coded := codeOf(n.Children); coded {
			s.group(n.Children)
		} else {
			s.values(n.Children)
		}
	}
}

// Labels of what says what is measured, and of what was.
const (
	labelCode     = "code"
	labelAnalysis = "analysisCode"
	labelValue    = "value"
	labelOutcome  = "outcomeValue"
	labelResult   = "result"          // that holds its value and nothing more
	labelResultV3 = "analysisOutcome" // likewise
)

// codeOf is the code that says what a group is about.
func codeOf(nodes []protocol.Node) (protocol.Code, bool) {
	for i := range nodes {
		if n := &nodes[i]; n.Kind == protocol.NodeCode && (n.Label == labelCode || n.Label == labelAnalysis) {
			return n.Code, true
		}
	}
	return protocol.Code{}, false
}

// take takes a value, with what fits a point. A value that does not is left in its document.
func (s *search) take(n *protocol.Node) {
	p := protocol.Point{Document: s.document, Time: n.Time, Quantity: n.Quantity}
	if p.Time == 0 {
		p.Time = s.time
	}
	q := &p.Quantity
	if len(q.Value) > protocol.MaxUnitBytes {
		return
	}
	for _, text := range [...]*string{&q.Unit, &q.Low, &q.High, &q.Reference, &q.Flag} {
		if len(*text) > protocol.MaxUnitBytes {
			*text = ""
		}
	}
	s.points = append(s.points, p)
}

// trend records that the values of an analysis are read, then sends them.
func (s *session) trend(f protocol.Trend) {
	if !s.shows(f.Request, f.Generation) {
		return
	}
	if f.Code == "" {
		s.refuse(f.Request, protocol.FaultMalformed, nil)
		return
	}
	asked := &s.service.requests.Trend
	asked.Ask()
	if s.acts.trending || s.crowded() {
		s.refuse(f.Request, protocol.FaultBusy, nil)
		return
	}
	o, w := s.open, s.open.view
	a := s.ask(o, record.Read)
	a.contracts, a.view = w.contracts, w.id
	a.part = &part{named: w.resources, analysis: &protocol.Code{Code: f.Code, System: f.System}}
	s.acts.trending = true
	s.later(func(ctx context.Context) func() {
		got := s.service.recorder.search(ctx, a)
		settle(ctx, asked, got)
		return func() {
			s.acts.trending = false
			s.trended(o, w, f, a.part, got)
		}
	})
}

// search is access for an ask that looks through documents: a few at once on a node.
func (r *recorder) search(ctx context.Context, a ask) outcome {
	wait := time.NewTimer(searchWithin)
	defer wait.Stop()
	select {
	case r.searches <- struct{}{}:
		defer func() { <-r.searches }()
	case <-wait.C:
		return outcome{refusal: a.refused(protocol.FaultBusy, errTrends)}
	case <-ctx.Done():
		return outcome{refusal: a.refused(protocol.FaultBusy, ctx.Err())}
	}
	return r.access(ctx, a)
}

// trended sends the values that were recorded as read, of the documents that are shown
// still. A document that has changed since it was read is read anew.
func (s *session) trended(o *open, w *view, f protocol.Trend, p *part, got outcome) {
	v := s.again(o, w, f.Request, got)
	if v == nil {
		return
	}
	defer v.Close()
	if !s.current(v) || o.view != w {
		s.refuse(f.Request, protocol.FaultNotFound, nil)
		return
	}
	points, fault, err := s.points(v, o, p, &got)
	if fault != protocol.FaultNone {
		s.refuseWith(f.Request, refusal{fault: fault, id: got.id, at: got.at, err: err})
		return
	}
	answer := protocol.Series{Request: f.Request, Generation: w.generation, More: got.series.more}
	slices.SortStableFunc(points, func(a, b protocol.Point) int { return cmp.Compare(a.Time, b.Time) })
	if over := len(points) - protocol.MaxPoints; over > 0 {
		points, answer.More = points[over:], true
	}
	answer.Points = points
	s.queue(out{frame: protocol.AppendFrame(nil, answer), generation: w.generation, lost: func() {
		s.refuse(f.Request, protocol.FaultAccessChanged, nil)
	}})
}

// points are those of the documents that may still be read as they were recorded.
func (s *session) points(v *raftfsm.View, o *open, p *part, got *outcome) (points []protocol.Point, fault protocol.Fault, err error) {
	anew := 0
	for _, one := range got.series.found {
		d, there := o.subjects.document(v, one.document)
		if !there || !o.view.readable(&o.decision, got, d.Attributes) {
			continue
		}
		if d.Rev != one.rev {
			if anew++; anew > trendAnew {
				return nil, protocol.FaultBusy, nil // everything changes: another time
			}
			if one.points, err = p.find(s.service.cfg.Ring, &d); err != nil {
				return nil, protocol.FaultInternal, err
			}
		}
		points = append(points, one.points...)
	}
	return points, protocol.FaultNone, nil
}
