package bench

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/protocol/admin"
)

// DefaultBasePort is where the ports begin, away from a demo's.
const DefaultBasePort = 8670

// Options say what is measured, and for how long.
type Options struct {
	Binary   string // the tvilling to run
	Dir      string // empty: a temporary one
	BasePort int
	WarmUp   time.Duration // before each window
	Window   time.Duration // of each figure
	Kills    int           // of leaders
	AtOnce   []int         // how many at once, for senders and for openers
	Blocks   int           // blocks that are registered, at most MaxBlocks
	Views    int           // that are open meanwhile
	Only     []string      // sections; empty: all
}

// Sections are what can be measured, in their order.
func Sections() []string { return []string{"senders", "openers", "mixed", "kills", "blocks"} }

// DefaultOptions are those that the aims are meant for.
func DefaultOptions() Options {
	return Options{BasePort: DefaultBasePort, WarmUp: time.Second, Window: 5 * time.Second, Kills: 7, AtOnce: []int{1, 16, 64},
		Blocks: 200, Views: 50}
}

// bench is one run.
type bench struct {
	o       Options
	people  population
	cluster *stage
	said    io.Writer
	report  *Report
	edition atomic.Uint64 // of the next note: every one is different
	shown   int           // views acknowledged
}

// Run starts a cluster, measures it, and takes it down. What it does is told on said
// as it goes; the report is whole even where it says that an aim is missed.
func Run(ctx context.Context, o Options, said io.Writer) (r Report, err error) {
	b := &bench{o: o, said: said, report: &r}
	if b.measures("blocks") {
		b.people = people(o.Blocks)
	} else {
		b.people = people(0)
	}
	r.Started = time.Now()
	if b.cluster, err = start(ctx, o, b.people); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, b.cluster.Close()) }()
	if r.Machine, err = describe(b.cluster.Dir()); err != nil {
		return r, err
	}
	r.Program, err = programBytes(ctx, b.cluster.URL("a1"))
	if err != nil {
		return r, err
	}
	for _, s := range Sections() {
		if !b.measures(s) {
			continue
		}
		if err := b.section(ctx, s); err != nil {
			return r, err
		}
	}
	if err := b.account(ctx); err != nil {
		return r, err
	}
	r.Machine.LoadAfter = loadAverage()
	return r, nil
}

func (b *bench) measures(section string) bool {
	return len(b.o.Only) == 0 || slices.Contains(b.o.Only, section)
}

func (b *bench) section(ctx context.Context, name string) error {
	switch name {
	case "senders":
		return b.senders(ctx)
	case "openers":
		return b.openers(ctx)
	case "mixed":
		return b.mixed(ctx)
	case "kills":
		return b.kills(ctx)
	default:
		return b.blocks(ctx)
	}
}

// stage is a cluster with people's records in it, and what its services say.
type stage struct {
	*demo.Cluster
	feeds demo.Feeds
	relay *relay // on the way to the block service
}

// start starts a cluster with the people's records in it. On an error nothing is left.
func start(ctx context.Context, o Options, p population) (*stage, error) {
	s := &stage{feeds: feeds(p, time.Now())}
	var err error
	if s.relay, err = newRelay(); err != nil {
		return nil, err
	}
	s.Cluster, err = demo.Start(ctx, demo.Options{Binary: o.Binary, Dir: o.Dir, BasePort: o.BasePort, Feeds: s.feeds,
		Upstream: func(u *admin.Upstream) { s.relay.between(u.Blocks) }})
	if err != nil {
		return nil, errors.Join(err, s.relay.close())
	}
	if err := fill(ctx, s.Cluster, p); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close takes everything down.
func (s *stage) Close() error { return errors.Join(s.Cluster.Close(), s.relay.close()) }

// window measures groups and puts the row in the report.
func (b *bench) window(ctx context.Context, section string, groups ...group) ([]int, error) {
	row, done, err := b.run(ctx, section, groups...)
	if err != nil {
		return nil, err
	}
	b.report.Rows = append(b.report.Rows, row)
	row.print(b.said)
	return done, nil
}

// senders measures messages of one and of ten records.
func (b *bench) senders(ctx context.Context) error {
	for _, records := range []int{1, 10} {
		for _, n := range b.o.AtOnce {
			acts, done, err := b.sending(n, records)
			if err != nil {
				return err
			}
			_, err = b.window(ctx, sectionSend(records), group{"records", records, acts})
			done()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// openers measures opened views, and beside them patients that are opened without
// anything being shown: the same decision and the same commit.
func (b *bench) openers(ctx context.Context) error {
	for _, n := range b.o.AtOnce {
		for _, what := range []string{sectionOpen, sectionShow} {
			viewers, err := b.viewers(ctx, n)
			if err != nil {
				return err
			}
			done, err := b.window(ctx, what, b.viewing(what, viewers))
			viewers.close()
			if err != nil {
				return err
			}
			if what == sectionShow {
				b.shown += done[0]
			}
		}
	}
	return nil
}

// mixed measures senders beside openers.
func (b *bench) mixed(ctx context.Context) error {
	acts, close, err := b.sending(16, 1)
	if err != nil {
		return err
	}
	defer close()
	viewers, err := b.viewers(ctx, 64)
	if err != nil {
		return err
	}
	defer viewers.close()
	done, err := b.window(ctx, "senders beside openers", group{"records", 1, acts}, b.viewing(sectionShow, viewers))
	if err == nil {
		b.shown += done[1]
	}
	return err
}
