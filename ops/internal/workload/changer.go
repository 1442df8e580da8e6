package workload

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tvilling/ops/internal/history"
	"tvilling/ops/internal/notes"
	"tvilling/ops/internal/viewer"
)

// Times of a changer.
const (
	lookAgain = 150 * time.Millisecond
	dialAgain = 300 * time.Millisecond
	inFlight  = 8 * time.Second  // an act of unknown outcome is not done any more after it: a node proposes for five
	blankIn   = 10 * time.Second // the lease, and two seconds
)

// changer changes one patient: records, consents and blocks come, and go again. It does
// one thing after another, so that it knows what must be so.
type changer struct {
	*client
	source  *sender
	index   int
	patient string
	docs    [3]int // numbers of the latest
}

func (w *Workload) changer(ctx context.Context, n int) {
	c := &changer{client: w.client(10_000+n, personKey(n)), source: w.senders[w.config.Producers+n], index: n, patient: changing(n)}
	defer c.close()
	for round := 0; w.goOn(c.random); round++ {
		c.ingest(ctx, history.Groups()[round%3])
		if !c.gives(ctx) {
			continue
		}
		c.ingest(ctx, history.Other)
		group := history.Next
		if round%2 == 0 {
			group = history.Other
		}
		c.blocks(ctx, group)
		c.takes(ctx)
	}
}

// ingest delivers a record, while there are numbers left.
func (c *changer) ingest(ctx context.Context, g history.Group) {
	if c.docs[g]+1 >= history.MaxDocs {
		return
	}
	c.docs[g]++
	op := history.Op{Patient: c.index, Client: c.number, Group: g, Kind: history.Ingest, Doc: c.docs[g], Call: c.w.since(time.Now())}
	err := c.source.deliver(ctx, note(c.patient, c.w.docName(g, strconv.Itoa(op.Doc)), g))
	if op.Return = c.w.since(time.Now()); err != nil {
		op.Return = history.Unknown
	}
	c.w.lived(op)
}

// gives registers a consent, and reports whether it counts.
func (c *changer) gives(ctx context.Context) bool {
	c.w.lifts(c.what(history.Other))
	if c.unsure(ctx, c.attest(ctx, c.patient, c.index, true)) {
		return false
	}
	s, err := c.look(ctx, c.patient, c.index)
	return err == nil && s.basis
}

// takes ends the consents, until they have ended.
func (c *changer) takes(ctx context.Context) {
	done := c.w.told(c.what(history.Other))
	for {
		c.unsure(ctx, c.attest(ctx, c.patient, c.index, false))
		s, err := c.look(ctx, c.patient, c.index)
		if err == nil && !s.basis {
			done(time.Now())
			c.w.blank(ctx, c.what(history.Other))
			return
		}
		if c.w.overdue() || pause(ctx, lookAgain) != nil {
			return
		}
	}
}

// unsure waits, after an act that nobody knows the outcome of, until it is done or will
// not be.
func (c *changer) unsure(ctx context.Context, err error) bool {
	if errors.Is(err, errUncertain) {
		_ = pause(ctx, inFlight)
	}
	return err != nil
}

// what names what of this patient a change takes.
func (c *changer) what(g history.Group) string { return changes(c.index, g) }

func changes(patient int, g history.Group) string { return fmt.Sprintf("patient %d, %v", patient, g) }

// blocks puts a block, waits until it counts and every view has lost the documents, and
// takes it back. A consent stands meanwhile.
func (c *changer) blocks(ctx context.Context, g history.Group) {
	done := c.w.told(c.what(g))
	op := history.Op{Patient: c.index, Client: c.number, Group: g, Kind: history.Block, On: true, Call: c.w.since(time.Now())}
	lift, err := c.w.around.block(c.patient, g)
	if err != nil {
		c.w.wrong("block", err)
		return
	}
	if op.Return = c.until(ctx, g, false); op.Return != history.Unknown {
		done(c.w.tally.started.Add(op.Return))
	}
	c.w.lived(op)
	c.w.blank(ctx, c.what(g))
	c.w.lifts(c.what(g))
	op.On, op.Call = false, c.w.since(time.Now())
	if err := lift(); err != nil {
		c.w.wrong("block", err)
	}
	op.Return = c.until(ctx, g, true)
	c.w.lived(op)
}

// until looks until documents of a group are shown, or none is, and returns when that
// was seen; Unknown: it was not, before the end.
func (c *changer) until(ctx context.Context, g history.Group, shown bool) time.Duration {
	for {
		s, err := c.look(ctx, c.patient, c.index)
		if err == nil && (s.docs[g] != history.Docs{}) == shown {
			return s.end
		}
		if c.w.overdue() || pause(ctx, lookAgain) != nil {
			return history.Unknown
		}
	}
}

// leaver takes people's commissions away and gives them back.
func (w *Workload) leaver(ctx context.Context) {
	c := w.client(20_000, personKey(0))
	for round := 0; w.goOn(c.random); round++ {
		n := round % leavers
		what := leaves(n)
		done := w.told(what)
		restore, err := w.around.dismiss(n)
		if err != nil {
			w.wrong("commission", err)
			return
		}
		if at, is := w.employed(ctx, n, round, false); is {
			done(at)
		}
		w.blank(ctx, what)
		w.lifts(what)
		if err := restore(); err != nil {
			w.wrong("commission", err)
		}
		w.employed(ctx, n, round, true)
		if pause(ctx, time.Second+time.Duration(c.random.Int64N(int64(2*time.Second)))) != nil {
			return
		}
	}
}

func leaves(n int) string { return fmt.Sprintf("leaver %d", n) }

// employed looks until a leaver has a commission, or none, and returns when that was seen.
func (w *Workload) employed(ctx context.Context, n, at int, want bool) (time.Time, bool) {
	for ; ; at++ {
		v, err := viewer.Dial(ctx, w.origins[at%len(w.origins)], leaverKey(n))
		if err == nil {
			v.Close()
		}
		if err == nil && want || errors.Is(err, viewer.ErrNoCommission) && !want {
			return time.Now(), true
		}
		if w.overdue() || pause(ctx, dialAgain) != nil {
			return time.Time{}, false
		}
	}
}

// base delivers the records of a changing patient that are there from the beginning.
func base(patient string) []notes.Note {
	var all []notes.Note
	for _, g := range history.Groups() {
		n := note(patient, baseName(g), g)
		all = append(all, n)
	}
	return all
}
