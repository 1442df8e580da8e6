package workload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"tvilling/ops/internal/history"
	"tvilling/ops/internal/viewer"
	"tvilling/protocol"
)

// Limits of a client.
const (
	giveUpAfter = 30 * time.Second // an operation that is tried again for so long has failed
	firstWait   = 200 * time.Millisecond
	longestWait = 5 * time.Second
)

// errUncertain is an act of which nobody knows whether it was done: it is not repeated.
var errUncertain = errors.New("the outcome is unknown")

// client is somebody at a screen: connected to one node, and to the next when that one
// goes away or its line breaks.
type client struct {
	w       *Workload
	number  int
	person  string
	origins []string
	at      int // of the origins
	random  *rand.Rand
	v       *viewer.Viewer
}

func (w *Workload) client(number int, person string) *client {
	return &client{w: w, number: number, person: person, origins: w.origins, at: number % len(w.origins),
		random: rand.New(rand.NewPCG(w.config.Seed, uint64(number)))}
}

func (c *client) close() {
	if c.v != nil {
		c.v.Close()
	}
	c.v = nil
}

// connect connects, where it is not, or where the node has asked to be left: then to the
// next node before the line to this one is closed.
func (c *client) connect(ctx context.Context) error {
	if c.v != nil && !c.v.Leaving() {
		return nil
	}
	old := c.v
	if old != nil {
		c.at++
	}
	v, err := viewer.Dial(ctx, c.origins[c.at%len(c.origins)], c.person)
	if err != nil {
		c.at++
		return err
	}
	if c.v = v; old != nil {
		old.Close()
	}
	return nil
}

// do does an operation as somebody at a screen would: on another line when one breaks or
// a node cannot now, until it has been done, is refused for good or takes too long. It
// counts once.
func (c *client) do(ctx context.Context, k kind, act func(context.Context, *viewer.Viewer) error) error {
	s := sample{kind: k, began: c.w.tally.now()}
	wait := firstWait
	for {
		s.attempts++
		err := c.connect(ctx)
		if err == nil {
			err = act(ctx, c.v)
		}
		var no *viewer.RefusedError
		switch {
		case err == nil:
			c.w.tally.add(s, nil)
			return nil
		case errors.Is(err, errUncertain):
			s.outcome = unknown
		case errors.Is(err, viewer.ErrView):
			s.outcome = refused // a node that shows what is not so is no better when asked again
		case errors.As(err, &no) && slices.Contains(c.w.config.Expected, no.Fault):
			s.outcome = expected
		case errors.As(err, &no) && !viewer.Passing(no.Fault):
			s.outcome = refused
		case ctx.Err() != nil || c.w.tally.now()-s.began > giveUpAfter:
			s.outcome = failed
		default:
			c.lose()
			if pause(ctx, rand.N(wait)) == nil {
				wait = min(2*wait, longestWait)
				continue
			}
			s.outcome = failed
		}
		c.lose()
		c.w.tally.add(s, fmt.Errorf("at %s: %w", c.origins[c.at%len(c.origins)], err))
		return err
	}
}

// lose gives up the line, for the next node.
func (c *client) lose() {
	if c.v != nil {
		c.close()
		c.at++
	}
}

// seen is what an open and the view after it showed.
type seen struct {
	basis bool // of other care providers' records
	docs  [3]history.Docs
	end   time.Duration // on the history's clock
}

// look opens a patient and shows everything. changing is the number of one whose history
// is kept; below zero: it is not.
func (c *client) look(ctx context.Context, patient string, changing int) (s seen, err error) {
	err = c.do(ctx, open, func(ctx context.Context, v *viewer.Viewer) error {
		began := time.Now()
		opened, err := v.Open(ctx, patient)
		if err != nil {
			return err
		}
		between := time.Now()
		c.w.disclosed(disclosure{v.Node(), false, began, between})
		items, err := v.Show(ctx)
		if err != nil {
			return err
		}
		end := time.Now()
		c.w.disclosed(disclosure{v.Node(), true, between, end})
		s = seen{basis: opened.Basis == protocol.BasisConsent, docs: c.w.documents(items), end: c.w.since(end)}
		if changing < 0 {
			return nil
		}
		op := history.Op{Patient: changing, Client: c.number, Group: history.Other, Kind: history.Open, On: s.basis,
			Call: c.w.since(began), Return: c.w.since(between)}
		c.w.lived(op)
		for _, g := range history.Groups() {
			c.w.lived(history.Op{Patient: changing, Client: c.number, Group: g, Kind: history.Show, Docs: s.docs[g],
				Call: c.w.since(between), Return: s.end})
		}
		return nil
	})
	return s, err
}

// documents sorts out, of what a view shows, the documents of this workload by group and
// number.
func (w *Workload) documents(items []protocol.Item) (docs [3]history.Docs) {
	for i := range items {
		g := groupOf(&items[i].Header)
		name := nameOf(&items[i].Header)
		if g < 0 {
			continue
		}
		if name == baseName(history.Group(g)) {
			docs[g] = docs[g].With(0)
			continue
		}
		number, mine := strings.CutPrefix(name, w.docName(history.Group(g), ""))
		if n, err := strconv.Atoi(number); mine && err == nil && n > 0 && n < history.MaxDocs {
			docs[g] = docs[g].With(n)
		}
	}
	return docs
}

// docName names a record of a group by its number.
func (w *Workload) docName(g history.Group, number string) string {
	return fmt.Sprintf("%sg%d.%s", w.run, g, number)
}

// baseName names the record of a group that is there from the beginning.
func baseName(g history.Group) string { return fmt.Sprintf("grund%d", g) }

// attest registers a consent of a patient for the unit, or ends all of them.
func (c *client) attest(ctx context.Context, patient string, changing int, on bool) error {
	op := history.Op{Patient: changing, Client: c.number, Group: history.Other, Kind: history.Consent, On: on}
	err := c.do(ctx, consent, func(ctx context.Context, v *viewer.Viewer) error {
		if _, err := v.Open(ctx, patient); err != nil {
			return err
		}
		op.Call = c.w.since(time.Now())
		act := v.EndConsent
		if on {
			act = v.Consent
		}
		err := act(ctx)
		op.Return = c.w.since(time.Now())
		var no *viewer.RefusedError
		if err != nil && !(errors.As(err, &no) && (no.Fault == protocol.FaultBusy || !viewer.Passing(no.Fault))) {
			return fmt.Errorf("%w: %w", errUncertain, err)
		}
		return err
	})
	switch {
	case errors.Is(err, errUncertain):
		op.Return = history.Unknown
		c.w.lived(op)
	case err == nil:
		c.w.lived(op)
	}
	return err
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
