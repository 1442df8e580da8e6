package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// service is an upstream that says what the test wants.
type service struct {
	mu    sync.Mutex
	says  upstream.Snapshot
	err   error
	ahead time.Duration // its node's clock
}

func (s *service) Feed(ctx context.Context) (upstream.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.says
	out.AsOf = protocol.Instant(time.Now().Add(s.ahead).UnixMilli())
	return out, errors.Join(s.err, ctx.Err())
}

func (s *service) set(change func(*service)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// fed is a world whose projections are fed.
type fed struct {
	*world
	service *service
	feeds   *Feeds
}

func newFed(t *testing.T, says upstream.Snapshot) *fed {
	t.Helper()
	f := &fed{world: newWorld(t), service: &service{says: says}}
	f.feeds = NewFeeds(f.service, f.in, f.progress)
	return f
}

// kinds of the pages, in the order of the projections.
var kinds = []command.Kind{command.KindBlockPage, command.KindConsentPage, command.KindRelationPage, command.KindCommissionPage}

func (f *fed) progress(kind command.Kind) (p Progress, err error) {
	v, err := f.FSM.View()
	if err != nil {
		return p, err
	}
	defer v.Close()
	for i, k := range kinds {
		if k == kind {
			p.AsOf, p.Watermark, _ = v.Freshness(raftfsm.Projection(i + 1))
			p.Resync, p.Running = v.Resync(raftfsm.Projection(i + 1))
		}
	}
	return p, nil
}

// lead runs the feeds until stop is called, which waits for their end.
func (f *fed) lead() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- f.feeds.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Error(err)
		}
	}
}

func (f *fed) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// known tells of every projection what it is known to be, without when.
func (f *fed) known() (all []string) {
	for _, k := range kinds {
		p, err := f.progress(k)
		f.must(err)
		all = append(all, p.Watermark)
	}
	return all
}

// age is how old the oldest projection is.
func (f *fed) age() time.Duration {
	var oldest time.Duration
	for _, k := range kinds {
		p, err := f.progress(k)
		f.must(err)
		oldest = max(oldest, time.Since(time.UnixMilli(p.AsOf)))
	}
	return oldest
}

func (f *fed) rows(p raftfsm.Projection, s command.Subject) (n int) {
	v, err := f.FSM.View()
	f.must(err)
	defer v.Close()
	v.Rows(p, s, func([16]byte, []byte) bool { n++; return true })
	return n
}

// blocks are blocks of one patient, with a mark in each.
func blocks(t *testing.T, n int, mark string) (all []upstream.Block) {
	t.Helper()
	p, err := protocol.ParsePatientID(patient)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		all = append(all, upstream.Block{Patient: p, Row: projection.Block{ID: fmt.Sprintf("%s%d", mark, i), CareProvider: "SE1000000001-P1"}})
	}
	return all
}

func TestFeedsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		employee, err := protocol.ParseEmployeeID("SE1000000001-D1")
		if err != nil {
			t.Fatal(err)
		}
		f := newFed(t, upstream.Snapshot{Watermark: "w1", Blocks: blocks(t, 2, "b")})
		f.service.says.Relations = []upstream.Relation{{Patient: f.service.says.Blocks[0].Patient, Row: projection.Relation{CareProvider: "P", CareUnit: "U"}}}
		f.service.says.Commissions = []upstream.Commission{{Employee: employee, Row: projection.Commission{ID: "C1", Purpose: secret}}}
		defer f.lead()()
		synctest.Wait()
		if diff := cmp.Diff([]string{"w1", "w1", "w1", "w1"}, f.known()); diff != "" {
			t.Fatalf("after the first round:\n%s", diff)
		}
		if b, r, c := f.rows(raftfsm.Blocks, f.subject(patient)), f.rows(raftfsm.Relations, f.subject(patient)), f.rows(raftfsm.Commissions, f.ring.Employee(employee)); b != 2 || r != 1 || c != 1 {
			t.Errorf("%d blocks, %d relations, %d commissions", b, r, c)
		}
		for _, c := range f.Take() {
			b, err := command.EncodeCommand(c)
			f.must(err)
			if strings.Contains(string(b), patient) || strings.Contains(string(b), secret) || strings.Contains(string(b), "SE1000000001-D1") {
				t.Errorf("kind %d: something can be read in the log", c.Kind)
			}
		}

		follower := f.FSM.Feed().Follow(f.subject(patient))
		defer follower.Close()
		time.Sleep(10 * feedInterval)
		synctest.Wait()
		if age := f.age(); age > feedInterval {
			t.Errorf("fed every %v, and %v old", feedInterval, age)
		}
		for _, c := range f.Take() {
			if page := c.Body.(command.FeedPage); page.Full || len(page.Upserts) > 0 {
				t.Errorf("kind %d: nothing has changed, and it is fed anew", c.Kind)
			}
		}
		f.service.set(func(s *service) { s.says.Blocks, s.says.Watermark = blocks(t, 1, "b"), "w2" })
		time.Sleep(feedInterval)
		synctest.Wait()
		if got := f.rows(raftfsm.Blocks, f.subject(patient)); got != 1 {
			t.Errorf("%d blocks, want 1: one is no longer listed", got)
		}
		change, err := follower.Next(t.Context())
		if err != nil || len(change.Removed) != 1 || len(change.Upserted) != 0 {
			t.Errorf("what sessions are told: %+v, %v", change, err)
		}
	})
}

// P10: a feed that breaks keeps what it had and grows old; nobody claims otherwise.
func TestABrokenFeedGrowsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t, upstream.Snapshot{Watermark: "w1", Blocks: blocks(t, 1, "b")})
		defer f.lead()()
		synctest.Wait()
		f.service.set(func(s *service) { s.err = errors.New("broken") })
		f.Take()
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		if age := f.age(); age < 10*time.Minute {
			t.Errorf("broken for 11 minutes, and %v old", age)
		}
		if n := len(f.Take()); n > 0 {
			t.Errorf("%d commands of a feed that cannot be read", n)
		}
		f.service.set(func(s *service) { s.err = nil })
		time.Sleep(feedRetry)
		synctest.Wait()
		if age := f.age(); age > 0 {
			t.Errorf("mended, and %v old", age)
		}
	})
}

// A large projection goes in pages that the log takes, by rows and by bytes.
func TestPages(t *testing.T) {
	for name, c := range map[string]struct {
		rows, exempt, atLeast int
	}{
		"none":  {0, 0, 1},
		"one":   {1, 0, 1},
		"full":  {pageRows, 0, 1},
		"many":  {4000, 0, 10},
		"large": {300, 3000, 15}, // of 12 kB each: more than an entry holds
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := blocks(t, c.rows, "b")
				for i := range all {
					all[i].Row.Exempt = strings.Split(strings.Repeat("lak ", c.exempt), " ")[:c.exempt]
				}
				f := newFed(t, upstream.Snapshot{Watermark: "w1", Blocks: all})
				f.must(f.feeds.round(t.Context()))
				var pages, rows int
				for _, one := range f.Take() {
					page := one.Body.(command.FeedPage)
					if one.Kind != command.KindBlockPage {
						continue
					}
					pages++
					rows += len(page.Upserts)
					if b, err := command.EncodeCommand(one); err != nil || len(b) > 2*pageBytes {
						t.Errorf("a page of %d bytes, %v", len(b), err)
					}
					if (page.Watermark != "") != page.Last || page.Last != (rows == c.rows) {
						t.Errorf("page %d after %d rows: last %v, watermark %q", pages, rows, page.Last, page.Watermark)
					}
				}
				if rows != c.rows || pages < c.atLeast || pages > c.atLeast+10 {
					t.Errorf("%d rows on %d pages", rows, pages)
				}
				if got := f.rows(raftfsm.Blocks, f.subject(patient)); got != c.rows {
					t.Errorf("%d rows are there, want %d", got, c.rows)
				}
			})
		})
	}
}

// A row that the log does not take keeps its own projection from being fed, and no other.
func TestARowTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := blocks(t, 3, "b")
		all[1].Row.Exempt = strings.Split(strings.Repeat("lak ", 5000), " ")
		f := newFed(t, upstream.Snapshot{Watermark: "w1", Blocks: all})
		err := f.feeds.round(t.Context())
		if !errors.Is(err, errRow) || !strings.Contains(err.Error(), "row 2") {
			t.Errorf("error %v", err)
		}
		if diff := cmp.Diff([]string{"", "w1", "w1", "w1"}, f.known()); diff != "" {
			t.Errorf("known:\n%s", diff)
		}
		if p, _ := f.progress(command.KindBlockPage); p.Running || p.AsOf != 0 {
			t.Errorf("a resync that cannot end was begun: %+v", p)
		}
	})
}

// Leadership is lost in the middle of a resync: until the next leader has done one of
// its own, the projection is no fresher, and what strays in of the first is refused.
func TestALeaderChangesInTheMiddleOfAResync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t, upstream.Snapshot{Watermark: "w1", Blocks: blocks(t, 1000, "old")})
		f.must(f.feeds.round(t.Context()))
		before, err := f.progress(command.KindBlockPage)
		f.must(err)
		time.Sleep(feedInterval)
		f.service.set(func(s *service) { s.says.Blocks, s.says.Watermark = blocks(t, 1000, "new"), "w2" })
		var stray command.Command // the page that the former leader was about to propose
		f.Before(func(c command.Command) error {
			if page, is := c.Body.(command.FeedPage); is && c.Kind == command.KindBlockPage && page.Last {
				stray = c
				return cluster.ErrUnknown
			}
			return nil
		})
		if err := f.feeds.round(t.Context()); !errors.Is(err, cluster.ErrUnknown) {
			t.Fatalf("the round: %v", err)
		}
		middle, err := f.progress(command.KindBlockPage)
		f.must(err)
		if !middle.Running || middle.AsOf != before.AsOf || middle.Watermark != "w1" {
			t.Errorf("in the middle: %+v, before %+v", middle, before)
		}
		if n := f.rows(raftfsm.Blocks, f.subject(patient)); n <= 1000 {
			t.Errorf("%d blocks: the old hold until the new are all here", n)
		}

		f.Before(nil)
		next := NewFeeds(f.service, f.in, f.progress) // on another node
		f.must(next.round(t.Context()))
		if n := f.rows(raftfsm.Blocks, f.subject(patient)); n != 1000 {
			t.Errorf("%d blocks after the next leader's resync", n)
		}
		results, err := f.Propose(t.Context(), stray)
		if err != nil || results[0].Status != command.StatusRefused {
			t.Errorf("the stray page: %v, %v", results, err)
		}
		if n := f.rows(raftfsm.Blocks, f.subject(patient)); n != 1000 {
			t.Errorf("%d blocks after the stray page", n)
		}
	})
}

// A resync breaks off and the feed says again what it said before: half of the other
// rows are there, so that watermark does not hold.
func TestAResyncThatWasTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t, upstream.Snapshot{Watermark: "w1", Blocks: blocks(t, 2, "old")})
		f.must(f.feeds.round(t.Context()))
		f.service.set(func(s *service) { s.says.Blocks, s.says.Watermark = blocks(t, 1000, "new"), "w2" })
		f.Before(func(c command.Command) error {
			if page, is := c.Body.(command.FeedPage); is && c.Kind == command.KindBlockPage && page.Last {
				return cluster.ErrNoQuorum
			}
			return nil
		})
		if err := f.feeds.round(t.Context()); !errors.Is(err, cluster.ErrNoQuorum) {
			t.Fatalf("the round: %v", err)
		}
		f.Before(nil)
		f.service.set(func(s *service) { s.says.Blocks, s.says.Watermark = blocks(t, 2, "old"), "w1" })
		f.must(f.feeds.round(t.Context()))
		if n := f.rows(raftfsm.Blocks, f.subject(patient)); n != 2 {
			t.Errorf("%d blocks, want the two that hold", n)
		}
	})
}

// The clock of a former leader was ahead: the watermark that is stored is that of the
// rows that are there, or a row could be missing for good.
func TestTheClockOfAFormerLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := blocks(t, 2, "b"), blocks(t, 1, "b")
		f := newFed(t, upstream.Snapshot{Watermark: "w1", Blocks: first})
		f.service.ahead = 20 * time.Second
		f.must(f.feeds.round(t.Context()))
		f.service.set(func(s *service) { s.ahead, s.says.Blocks, s.says.Watermark = 0, second, "w2" })
		f.must(f.feeds.round(t.Context()))
		f.service.set(func(s *service) { s.says.Blocks, s.says.Watermark = first, "w1" })
		f.must(f.feeds.round(t.Context()))
		if n := f.rows(raftfsm.Blocks, f.subject(patient)); n != 2 {
			t.Errorf("%d blocks, want both", n)
		}
		if p, _ := f.progress(command.KindBlockPage); time.UnixMilli(p.AsOf).After(time.Now().Add(20 * time.Second)) {
			t.Error("the projection is fresher than anybody said")
		}
	})
}

// The clock of a former leader was ahead by a year: nothing could be opened for a year.
func TestAClockThatWasFarAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t, upstream.Snapshot{Watermark: "w1", Blocks: blocks(t, 2, "b")})
		f.service.ahead = 365 * 24 * time.Hour
		f.must(f.feeds.round(t.Context()))
		f.service.set(func(s *service) { s.ahead, s.says.Blocks, s.says.Watermark = 0, blocks(t, 1, "b"), "w2" })
		f.must(f.feeds.round(t.Context()))
		for _, kind := range kinds {
			if p, _ := f.progress(kind); p.AsOf != time.Now().UnixMilli() || p.Watermark != "w2" {
				t.Errorf("kind %d is as of %v with watermark %q", kind, time.UnixMilli(p.AsOf), p.Watermark)
			}
		}
		if n := f.rows(raftfsm.Blocks, f.subject(patient)); n != 1 {
			t.Errorf("%d blocks, want one", n)
		}
	})
}

func source(t *testing.T, id string, contracts ...protocol.Contract) upstream.Source {
	t.Helper()
	s, err := protocol.ParseSourceID(id)
	if err != nil {
		t.Fatal(err)
	}
	return upstream.Source{ID: s, Contracts: contracts}
}

func TestSourcesAreRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t, upstream.Snapshot{Watermark: "w1", Sources: []upstream.Source{
			source(t, "SE9000000009-N1", protocol.Diagnosis), source(t, system, protocol.VaccinationHistory), source(t, neighbor, protocol.Diagnosis),
		}})
		f.Do(command.KindRegisterSource, command.RegisterSource{Source: neighbor, Withdrawn: true})
		f.must(f.feeds.round(t.Context()))
		for id, want := range map[string]command.RegisterSource{
			"SE9000000009-N1": {Source: "SE9000000009-N1", Contracts: []uint8{uint8(protocol.Diagnosis)}},
			system:            {Source: system, Contracts: []uint8{uint8(protocol.VaccinationHistory)}}, // the list has the last word
			neighbor:          {Source: neighbor, Withdrawn: true},                                      // but an operator's no stands
			lone:              {Source: lone, Contracts: []uint8{uint8(protocol.Diagnosis)}},            // not listed: stays
		} {
			got, ok, err := f.Registration(id)
			if diff := cmp.Diff(want, got); diff != "" || !ok || err != nil {
				t.Errorf("%s: %v, %v\n%s", id, ok, err, diff)
			}
		}
		f.Take()
		f.must(f.feeds.round(t.Context()))
		for _, c := range f.Take() {
			if c.Kind == command.KindRegisterSource {
				t.Error("registered again, with nothing changed")
			}
		}
		broken := errors.New("broken")
		f.feeds.sources = func(string) (command.RegisterSource, bool, error) { return command.RegisterSource{}, false, broken }
		time.Sleep(feedInterval)
		if err := f.feeds.round(t.Context()); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		if age := f.age(); age > 0 {
			t.Errorf("registrations that cannot be read keep the projections %v old", age)
		}
		for _, c := range f.Take() {
			if c.Kind == command.KindRegisterSource {
				t.Error("a source is registered by a node that does not know whether it is withdrawn")
			}
		}
	})
}

// A consent that was ended here does not come back because a file still lists it.
func TestConsentsOfTheFileAreNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := blocks(t, 1, "")[0].Patient
		var said strings.Builder
		f := newFed(t, upstream.Snapshot{Watermark: "w1", Consents: []upstream.Consent{{Patient: p, Row: projection.Consent{ID: secret}}}})
		f.feeds.log = slog.New(slog.NewTextHandler(&said, nil))
		for range 3 {
			f.must(f.feeds.round(t.Context()))
		}
		if n := f.rows(raftfsm.Consents, f.subject(patient)); n != 0 {
			t.Errorf("%d consents", n)
		}
		if n := strings.Count(said.String(), "not taken"); n != 1 || strings.Contains(said.String(), secret) {
			t.Errorf("said %d times, want once: %s", n, said.String())
		}
	})
}

// The real reader: a file that is not there yet, comes, breaks, and is mended.
func TestAFeedFileThatComesLaterAndBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		dir := t.TempDir()
		f := newFed(t, upstream.Snapshot{})
		file, err := upstream.NewFile(dir+"/feeds.toml", f.ring.Digest)
		f.must(err)
		f.feeds.upstream, f.feeds.log = file, slog.New(slog.NewTextHandler(&said, nil))
		write := func(text string) { f.must(replace(dir+"/feeds.toml", text)) }
		good := "[[relation]]\npatient = \"" + patient + "\"\ncare_provider = \"SE1000000001-P1\"\ncare_unit = \"SE1000000001-U1\"\nstart = 2020-01-01\n"
		defer f.lead()()
		time.Sleep(time.Minute)
		synctest.Wait()
		if f.known()[0] != "" {
			t.Error("known without a file")
		}
		write(good)
		time.Sleep(feedRetry)
		synctest.Wait()
		if f.rows(raftfsm.Relations, f.subject(patient)) != 1 || f.age() > feedRetry {
			t.Errorf("the file has come, and is %v old", f.age())
		}
		write(good + "patiet = \"" + secret + patient + "\"\n")
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		if f.rows(raftfsm.Relations, f.subject(patient)) != 1 || f.age() < 10*time.Minute {
			t.Errorf("a file that cannot be read is taken for %v old", f.age())
		}
		if strings.Contains(said.String(), secret) || strings.Contains(said.String(), patient) || !strings.Contains(said.String(), "line") {
			t.Errorf("what is logged of a broken file: %s", said.String())
		}
		write("[[person]]\nkey = \"x\"\nname = \"X\"\ntitle = \"Y\"\nemployee = \"SE1000000001-D1\"\n")
		time.Sleep(feedRetry)
		synctest.Wait()
		if f.rows(raftfsm.Relations, f.subject(patient)) != 0 || f.age() > feedRetry {
			t.Error("a mended file is not taken")
		}
	})
}

// replace puts a file in another's place, as a feed file has to be.
func replace(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// A proposal that hangs is given up, and does not keep leadership's end waiting.
func TestAHangingLogEndsWithLeadership(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t, upstream.Snapshot{Watermark: "w1"})
		hung := hanging{asked: make(chan struct{}, 64)}
		f.feeds.proposer = hung
		f.feeds.log = slog.New(slog.NewTextHandler(io.Discard, nil))
		stop := f.lead()
		<-hung.asked
		begin := time.Now()
		<-hung.asked // the first was given up
		if waited := time.Since(begin); waited != pageTimeout {
			t.Errorf("given up after %v", waited)
		}
		begin = time.Now()
		stop()
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("the end of leadership waited %v", waited)
		}
	})
}

type hanging struct{ asked chan struct{} }

func (h hanging) Propose(ctx context.Context, _ ...command.Command) ([]command.Result, error) {
	h.asked <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}
