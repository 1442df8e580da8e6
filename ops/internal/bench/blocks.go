package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"tvilling/ops/internal/demo"
)

// blockWithin is how long a block may take to empty every view.
const blockWithin = 30 * time.Second

// Blocks is how long blocks took to empty open views, all of the same patient and on
// every data node. A block has three beginnings:
//
//   - registered: it is about to be put where the service finds it. What follows holds
//     the time until the service is asked again, up to a second.
//   - told: the last moment before the service's answer with it goes to the leader. The
//     cluster does not know of it before, so what follows is more than what follows upon
//     its commit.
//   - committed: it is in the log, applied by the leader, and the leader's proposal of
//     it is answered. It is seen by the leader asking the service again, exactly the
//     feed's interval after that at the earliest: so what follows is less than what
//     follows upon the commit, by what the question's way takes. A view on the leader
//     can be empty before the proposal is answered: then it is less than nothing.
//
// And it has two ends: no row is left in the document of a real browser, and a view's
// client has been told to take every document away and has acknowledged that.
type Blocks struct {
	Blocks     int    `json:"blocks"`
	Views      int    `json:"views"` // the browser among them
	Registered Gone   `json:"registered"`
	Told       Gone   `json:"told"`
	Committed  Gone   `json:"committed"`
	Failed     int    `json:"failed"`
	Fault      string `json:"fault,omitempty"` // the first
	Load       string `json:"load_average"`

	Browser        string  `json:"browser,omitempty"`  // empty: there was none
	ClockUncertain float64 `json:"clock_uncertain_ms"` // between its clock and ours, at most
}

// Gone is in milliseconds, sorted.
type Gone struct {
	Page  []float64 `json:"page_ms"`  // the browser's document is without rows
	Views []float64 `json:"views_ms"` // each other view has acknowledged
	Last  []float64 `json:"last_ms"`  // the last of a block's views, the browser among them
}

// page is a real browser among the views.
type page interface {
	// show opens the patient, shows every document, and begins to wait for their end.
	show(patient string) error
	// emptied returns when the last of them was gone.
	emptied() (time.Time, error)
}

// seen is what one block did.
type seen struct {
	patient    string
	registered time.Time
	views      []time.Time
	page       time.Time // zero: there is none
}

// blocker registers blocks under open views.
type blocker struct {
	stage  *stage
	people population
	views  int // without the page
	page   page

	open  viewers
	shown int
	seen  []seen
}

// blocks measures with views alone.
func (b *bench) blocks(ctx context.Context) error {
	k := blocker{stage: b.cluster, people: b.people, views: b.o.Views}
	defer func() { k.open.close() }()
	report, err := k.run(ctx, b.said)
	b.shown += k.shown
	b.report.Blocks = &report
	return err
}

// run registers every block, one when the one before it has emptied every view.
func (k *blocker) run(ctx context.Context, said io.Writer) (r Blocks, err error) {
	r.Blocks, r.Views = len(k.people.block), k.views
	if k.page != nil {
		r.Views++
	}
	for n, patient := range k.people.block {
		if err := k.block(ctx, patient); err != nil {
			if r.Failed++; r.Fault == "" {
				r.Fault = err.Error()
			}
			if ctx.Err() != nil || r.Failed > maxFaults {
				return r, fmt.Errorf("block %d: %w", n+1, err)
			}
			k.open.close()
			k.open = viewers{}
		}
		if (n+1)%50 == 0 {
			fmt.Fprintf(said, "%d blocks of %d registered, %d failed\n", n+1, r.Blocks, r.Failed)
		}
	}
	if err := pause(ctx, 2*k.stage.relay.every); err != nil { // the last one's commit is seen by the next question
		return r, err
	}
	for _, s := range k.seen {
		told, committed := k.stage.relay.known(s.patient)
		r.Registered.add(s.registered, s)
		r.Told.add(told, s)
		r.Committed.add(committed, s)
	}
	for _, g := range []*Gone{&r.Registered, &r.Told, &r.Committed} {
		g.sort()
	}
	r.Load = loadAverage()
	return r, nil
}

// block registers one under every view.
func (k *blocker) block(ctx context.Context, patient string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*blockWithin)
	defer cancel()
	if k.open.all == nil {
		nodes := dataNodes(k.stage.Topology())
		v, err := connect(ctx, nodes, k.views, func(int) string { return patient })
		if err != nil {
			return err
		}
		k.open = v
	}
	if err := k.show(ctx, patient); err != nil {
		return err
	}
	s := seen{patient: patient, views: make([]time.Time, k.views)}
	faults := make([]error, k.views)
	var waiting sync.WaitGroup
	for i, v := range k.open.all { // they wait from now on, so that every heartbeat is answered
		waiting.Go(func() { s.views[i], faults[i] = v.Revoked(ctx, documents) })
	}
	fault := k.register(ctx, &s)
	if fault != nil {
		cancel()
	}
	waiting.Wait()
	if err := errors.Join(append(faults, fault)...); err != nil {
		return err
	}
	k.seen = append(k.seen, s)
	return nil
}

// show opens the patient in every view.
func (k *blocker) show(ctx context.Context, patient string) error {
	faults := make([]error, len(k.open.all))
	var opening sync.WaitGroup
	for i, v := range k.open.all {
		opening.Go(func() {
			if _, faults[i] = v.Open(ctx, patient); faults[i] == nil {
				faults[i] = showAll(ctx, v)
			}
		})
	}
	opening.Wait()
	for _, err := range faults {
		if err == nil {
			k.shown++
		}
	}
	return errors.Join(faults...)
}

// register shows the page too, registers the block, and waits until the page is empty.
// The moment has nothing to do with when the service is asked: without the pause it
// would always be the same while after that.
func (k *blocker) register(ctx context.Context, s *seen) (err error) {
	if k.page != nil {
		if err := k.page.show(s.patient); err != nil {
			return err
		}
	}
	if err := pause(ctx, rand.N(k.stage.relay.every)); err != nil {
		return err
	}
	f := &k.stage.feeds
	f.Block = append(f.Block, demo.Block{Patient: s.patient, ID: "block-" + fmt.Sprint(len(f.Block)+1), Kind: "inner",
		CareProvider: ownProvider, CareUnit: nextUnit})
	k.stage.relay.wait(s.patient)
	s.registered = time.Now()
	if err := k.stage.WriteFeeds(*f); err != nil {
		return err
	}
	if k.page != nil {
		s.page, err = k.page.emptied()
	}
	return err
}

// add adds what a block did since a time; zero: it is not known.
func (g *Gone) add(since time.Time, s seen) {
	if since.IsZero() {
		return
	}
	last := s.page
	for _, at := range s.views {
		g.Views = append(g.Views, millis(at.Sub(since)))
		if at.After(last) {
			last = at
		}
	}
	if !s.page.IsZero() {
		g.Page = append(g.Page, millis(s.page.Sub(since)))
	}
	if !last.IsZero() {
		g.Last = append(g.Last, millis(last.Sub(since)))
	}
}

func (g *Gone) sort() {
	for _, all := range [][]float64{g.Page, g.Views, g.Last} {
		slices.Sort(all)
	}
}

// Print tells of the blocks. Without any it tells nothing.
func (r *Blocks) Print(w io.Writer) {
	if r == nil {
		return
	}
	fmt.Fprintf(w, "blocks: %d, one after another, under %d open views", r.Blocks, r.Views)
	if r.Browser != "" {
		fmt.Fprintf(w, " (one of them %s, whose clock and ours agree within %.1f ms)", r.Browser, r.ClockUncertain)
	}
	fmt.Fprintf(w, "; load average at the end %s\n", r.Load)
	if r.Failed > 0 {
		fmt.Fprintf(w, "blocks: %d FAILED: %s\n", r.Failed, r.Fault)
	}
	for _, from := range []struct {
		what string
		gone Gone
	}{{"registered at the service", r.Registered}, {"told to the leader", r.Told}, {"committed", r.Committed}} {
		for _, to := range []struct {
			what string
			all  []float64
		}{{"page emptied", from.gone.Page}, {"view acknowledged", from.gone.Views}, {"last view", from.gone.Last}} {
			if len(to.all) > 0 {
				fmt.Fprintf(w, "blocks: %-25s to %-17s  p50 %7.1f  p99 %7.1f  max %7.1f ms  (%d times)\n",
					from.what, to.what, at(to.all, 0.5), at(to.all, 0.99), at(to.all, 1), len(to.all))
			}
		}
	}
}
