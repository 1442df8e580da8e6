package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/history"
	"tvilling/ops/internal/notes"
	"tvilling/ops/internal/sourceclient"
	"tvilling/ops/internal/viewer"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// DefaultPause is what somebody who works waits between two operations, in the middle.
const DefaultPause = 200 * time.Millisecond

// Limits of the beginning and the end.
const (
	steadyWithin  = 2 * time.Minute // until everybody is connected
	connectAtOnce = 32
	maxReads      = 300_000 // operations of the history that only read: later ones are left out
)

// Errors.
var (
	ErrConfig = errors.New("a workload that cannot be")
	ErrSteady = errors.New("the workload did not become steady")
)

// Config says how much is done, and where. The cluster must have been started with Feeds.
type Config struct {
	Cluster                               *demo.Cluster
	Openers, Producers, Streams, Changers int
	Seed                                  uint64
	Pause                                 time.Duration    // of a worker between two operations, in the middle; 0: DefaultPause
	Feeds                                 *demo.Feeds      // that the cluster was started with; nil: Feeds of now
	Expected                              []protocol.Fault // refusals that belong to what is done to the cluster
	Withheld                              bool             // may be what a consent permits: nodes' clocks differ, and it counts later at some
	ClockSlack                            time.Duration    // how far the nodes' clocks may be from this one; 0: a second
}

// Workload is one that runs.
type Workload struct {
	config   Config
	run      string // marks the records of this one
	nodes    []admin.Node
	origins  []string
	tally    *tally
	around   *around
	senders  []*sender
	streams  []stream
	working  sync.WaitGroup
	stopping chan struct{}
	stop     func()
	cut      context.CancelFunc
	after    uint64 // the access log's entries from before
	kept
}

// stream is a view that stays, and what of it changes take.
type stream struct {
	*viewer.Stream
	what  [history.Other + 1]string // by kind of document; empty: nothing
	leave bool                      // its person's commission comes and goes
}

// kept is what happened.
type kept struct {
	mu       sync.Mutex // guards the rest
	given    []disclosure
	records  []record
	index    uint64 // of the last acknowledged record
	ops      []history.Op
	changes  []change
	standing map[string]int // changes that stand: where in changes
	deadline time.Time      // for what still goes on after it was told to stop; zero: it was not
}

func (c *Config) check() error {
	for _, one := range []struct {
		what     string
		is, most int
	}{{"openers", c.Openers, MaxOpeners}, {"producers", c.Producers, MaxProducers}, {"streams", c.Streams, MaxStreams}, {"changers", c.Changers, MaxChangers}} {
		if one.is < 0 || one.is > one.most {
			return fmt.Errorf("%w: %d %s; at most %d", ErrConfig, one.is, one.what, one.most)
		}
	}
	if c.Cluster == nil {
		return fmt.Errorf("%w: without a cluster", ErrConfig)
	}
	if c.Pause == 0 {
		c.Pause = DefaultPause
	}
	if c.ClockSlack == 0 {
		c.ClockSlack = time.Second
	}
	return nil
}

// Start delivers what is to be shown, connects everybody, and returns when all streams
// show their view and everybody is at work. ctx bounds the whole workload.
func Start(ctx context.Context, c Config) (*Workload, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	w := &Workload{config: c, run: fmt.Sprintf("%x", time.Now().UnixNano()&0xffffffff), stopping: make(chan struct{})}
	w.tally = &tally{started: time.Now()}
	w.standing = map[string]int{}
	w.stop = sync.OnceFunc(func() { close(w.stopping) })
	for _, m := range c.Cluster.Topology().Members {
		if m.Role == admin.RoleData {
			w.nodes, w.origins = append(w.nodes, m), append(w.origins, m.Origin)
		}
	}
	feeds := Feeds(time.Now())
	if c.Feeds != nil {
		feeds = *c.Feeds
	}
	feeds.Block, feeds.Commission = slices.Clone(feeds.Block), slices.Clone(feeds.Commission) // they change
	w.around = &around{cluster: c.Cluster, feeds: feeds}
	ctx, w.cut = context.WithCancel(ctx)
	if err := w.begin(ctx); err != nil {
		w.end()
		return nil, errors.Join(ErrSteady, err)
	}
	return w, nil
}

// begin fills, connects and sets everybody to work.
func (w *Workload) begin(ctx context.Context) error {
	steady, cancel := context.WithTimeout(ctx, steadyWithin)
	defer cancel()
	if err := w.fill(steady); err != nil {
		return fmt.Errorf("delivering what is shown: %w", err)
	}
	status, err := w.config.Cluster.Operator().Status(steady, "")
	if err != nil {
		return err
	}
	w.after = status.Log.Entries
	for k := range w.config.Changers {
		for _, consented := range []bool{true, false} { // nothing may stand from before
			if err := w.tidy(steady, k, consented); err != nil {
				return fmt.Errorf("preparing the changing patients: %w", err)
			}
		}
	}
	if err := w.connect(ctx, steady); err != nil {
		return err
	}
	w.tally.phase("steady")
	for n := range w.config.Openers {
		w.working.Go(func() { w.opener(ctx, n) })
	}
	for n := range w.config.Producers {
		w.working.Go(func() { w.producer(ctx, n) })
	}
	for n := range w.config.Changers {
		w.working.Go(func() { w.changer(ctx, n) })
	}
	if w.config.Changers > 0 {
		w.working.Go(func() { w.leaver(ctx) })
	}
	return nil
}

// fill registers the source system and delivers what is there from the beginning.
func (w *Workload) fill(ctx context.Context) error {
	registration := admin.Source{ID: sourceSystem, Contracts: []string{protocol.CareDocumentation.String()}}
	if _, err := w.config.Cluster.Operator().Register(ctx, "", registration); err != nil {
		return fmt.Errorf("registering the source: %w", err)
	}
	first, err := w.config.Cluster.Source(sourceSystem) // it is given a certificate
	if err != nil {
		return err
	}
	defer first.Close()
	var messages [][]byte
	for n := range calmPatients {
		all := make([]notes.Note, calmDocuments)
		for i := range all {
			all[i] = note(calm(n), fmt.Sprintf("lugn%d", i), history.Own)
			all[i].Number = i
		}
		messages = append(messages, notes.Answer(all...))
	}
	for n := range writtenPatients {
		messages = append(messages, notes.Answer(note(written(n), baseName(history.Own), history.Own)))
	}
	for n := range w.config.Changers {
		messages = append(messages, notes.Answer(base(changing(n))...))
	}
	var faults []error
	first.Deliver(ctx, len(messages), func(n int) (sourceclient.Message, error) {
		return sourceclient.Message{Contract: protocol.CareDocumentation, Partial: true, Body: messages[n]}, nil
	}, func(d sourceclient.Delivery) { faults = append(faults, d.Err) })
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for n := range w.config.Producers + w.config.Changers {
		s, err := w.sender(n)
		if err != nil {
			return err
		}
		w.senders = append(w.senders, s)
	}
	return nil
}

// connect opens the streams, a few at a time.
func (w *Workload) connect(ctx, steady context.Context) error {
	w.streams = make([]stream, w.config.Streams)
	faults := make([]error, w.config.Streams)
	room := make(chan struct{}, connectAtOnce)
	var all sync.WaitGroup
	for n := range w.streams {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			faults[n] = w.watch(ctx, steady, n)
		})
	}
	all.Wait()
	return errors.Join(faults...)
}

// watch opens a stream: most of patients about whom nothing changes, a part of those who
// are written about or changed, and a few by people whose commission comes and goes.
func (w *Workload) watch(ctx, steady context.Context, n int) (err error) {
	s := &w.streams[n]
	c := viewer.StreamConfig{Person: personKey(n), Patient: calm(n), Seed: w.config.Seed + uint64(n),
		Kinds: len(history.Groups()), KindOf: groupOf}
	for i := range w.origins {
		c.Origins = append(c.Origins, w.origins[(n+i)%len(w.origins)])
	}
	changers := w.config.Changers
	switch {
	case changers > 0 && n%50 == 7:
		s.leave, c.Person, c.Patient = true, leaverKey(n/50), calm(n/50%leaverPatients)
		s.what[history.Own] = leaves((n / 50) % leavers)
	case n%5 == 3:
		c.Patient = written(n / 5)
	case n%5 == 4 && changers > 0:
		k := (n / 5) % changers
		c.Patient = changing(k)
		s.what[history.Next], s.what[history.Other] = changes(k, history.Next), changes(k, history.Other)
	}
	if s.Stream, err = viewer.Watch(ctx, c); err == nil {
		err = s.Wait(steady)
	}
	if err != nil {
		return fmt.Errorf("stream %d: %w", n, err)
	}
	return nil
}

// Phase begins a phase: what ends from now on is counted under it.
func (w *Workload) Phase(name string) { w.tally.phase(name) }

// Stop lets everybody finish, and makes the account. What is wrong stands in the report;
// the error is of an account that could not be made.
func (w *Workload) Stop(ctx context.Context) (Report, error) {
	defer w.end()
	ended := w.tally.now() // what is begun then still counts; that nothing new is begun is no pause
	w.halt()
	w.working.Wait()
	r := Report{Started: w.tally.started, Seconds: ended.Seconds(), Bounded: w.tally.full,
		Phases: phases(w.tally.samples, w.tally.marks, ended), Faults: w.tally.faults}
	w.streamsAtTheEnd(ctx, &r)
	if err := w.around.clear(); err != nil {
		return r, err
	}
	r.Ledger = w.ledger(ctx)
	w.accessLog(ctx, &r.Log)
	ops := w.ops
	if w.config.Withheld {
		ops = history.Disclosures(ops)
	}
	r.History = history.Check(ops, checkWithin)
	r.Idle = idle(w.config, &r)
	return r, nil
}

// end lets go of everything.
func (w *Workload) end() {
	w.halt()
	w.cut()
	w.working.Wait()
	for _, s := range w.streams {
		if s.Stream != nil {
			s.Close()
		}
	}
	for _, s := range w.senders {
		s.client.Close()
	}
}
