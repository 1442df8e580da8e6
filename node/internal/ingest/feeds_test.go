package ingest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/sealing"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

const interval = 15 * time.Second

// fed is a world whose projections are fed.
type fed struct {
	*world
	blocks    *nationalBlocks
	consents  *national[upstream.Consent]
	relations *national[upstream.Relation]
	staff     *staff
	feeds     *Feeds
}

func newFed(t *testing.T) *fed {
	t.Helper()
	f := &fed{world: newWorld(t), blocks: &nationalBlocks{}, consents: &national[upstream.Consent]{t: t}, relations: &national[upstream.Relation]{t: t}, staff: &staff{}}
	f.blocks.t = t
	f.staff.says.Watermark = "w1"
	f.feeds = f.another("SE1000000001-P1")
	return f
}

// another makes feeds as another node does, for the care providers.
func (f *fed) another(providers ...string) *Feeds {
	return NewFeeds(Services{
		Register:  Source[Register]{Service: f.staff, Every: interval},
		Blocks:    Source[Blocks]{Service: f.blocks, Every: interval, Full: 6 * time.Hour},
		Consents:  Source[Changes[upstream.Consent]]{Service: f.consents, Every: interval, CareProviders: providers},
		Relations: Source[Changes[upstream.Relation]]{Service: f.relations, Every: interval, CareProviders: providers},
		Directory: Source[Directory]{Service: f.staff, Every: 10 * interval},
	}, f.in, f.ring, f.FSM)
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

// once runs one round of one feed of the feeds.
func once(t *testing.T, feeds *Feeds, name string) error {
	t.Helper()
	for _, l := range feeds.loops() {
		if l.projection.String() == name {
			return l.once(t.Context())
		}
	}
	t.Fatalf("no feed of %s", name)
	return nil
}

func (f *fed) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// place is how far a projection has been fed.
func (f *fed) place(p raftfsm.Projection) (asOf time.Time, watermark string) {
	v, err := f.FSM.View()
	f.must(err)
	defer v.Close()
	at, watermark, _ := v.Freshness(p)
	return time.UnixMilli(at), watermark
}

func (f *fed) age(p raftfsm.Projection) time.Duration {
	at, _ := f.place(p)
	return time.Since(at)
}

func (f *fed) rows(p raftfsm.Projection) (n int) {
	v, err := f.FSM.View()
	f.must(err)
	defer v.Close()
	v.EveryRow(p, func(command.RowKey, [16]byte, []byte) bool { n++; return true })
	return n
}

// register puts a consent into the state as a session does.
func (f *fed) register(id string) {
	f.t.Helper()
	plain := projection.AppendConsent(nil, projection.Consent{ID: id, CareProvider: "SE1000000001-P1", Local: true})
	subject, key := f.subject(patient), f.ring.Key(projection.ConsentDomain, id)
	f.Do(command.KindRegisterConsent, command.RegisterConsent{
		Actor: command.Subject{1}, Entry: command.LogEntry{ID: key, Subject: subject, Sealed: []byte{1}, Commitment: [32]byte{1}},
		Row: command.Row{RowKey: command.RowKey{Subject: subject, Key: key}, Digest: f.ring.Digest(plain), Sealed: f.ring.Seal(sealing.Consents, sealing.Place(subject, key), plain)},
	})
}

// consentIDs lists the consents that are there, with a star at those registered here.
func (f *fed) consentIDs() (ids map[string]bool) {
	v, err := f.FSM.View()
	f.must(err)
	defer v.Close()
	ids = map[string]bool{}
	v.EveryRow(raftfsm.Consents, func(k command.RowKey, _ [16]byte, sealed []byte) bool {
		plain, err := f.ring.Open(sealing.Consents, sealing.Place(k.Subject, k.Key), sealed)
		f.must(err)
		c, err := projection.DecodeConsent(plain)
		f.must(err)
		ids[c.ID] = c.Local
		return true
	})
	return ids
}

func TestFeedsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		employee, err := protocol.ParseEmployeeID("SE1000000001-D1")
		if err != nil {
			t.Fatal(err)
		}
		f := newFed(t)
		f.blocks.putBlocks(2, "b")
		f.consents.put("c", consent(t, "c"))
		f.relations.put("r", relation(t, "r"))
		f.staff.says.Employees = []protocol.EmployeeID{employee}
		f.staff.says.Patients = []upstream.Patient{{ID: patientID(t, patient), Row: projection.Person{Protected: true}}}
		f.staff.knows = []upstream.Commission{{Employee: employee, Row: projection.Commission{ID: "C1", Purpose: secret}}}
		defer f.lead()()
		synctest.Wait()
		all := []raftfsm.Projection{raftfsm.Blocks, raftfsm.Consents, raftfsm.Relations, raftfsm.Commissions, raftfsm.Persons}
		for i, want := range []int{2, 1, 1, 1, 1} {
			if n := f.rows(all[i]); n != want || f.age(all[i]) != 0 {
				t.Errorf("projection %d: %d rows, want %d, %v old", all[i], n, want, f.age(all[i]))
			}
		}
		for _, c := range f.Take() {
			b, err := command.EncodeCommand(c)
			f.must(err)
			for _, leak := range []string{patient, secret, "SE1000000001-D1", "SE1000000001-P1"} {
				if strings.Contains(string(b), leak) {
					t.Errorf("kind %d: something can be read in the log", c.Kind)
				}
			}
		}

		follower := f.FSM.Feed().Follow(f.subject(patient))
		defer follower.Close()
		time.Sleep(10 * interval)
		synctest.Wait()
		for _, p := range all {
			if age := f.age(p); age > interval {
				t.Errorf("projection %d is %v old", p, age)
			}
		}
		for _, c := range f.Take() {
			if page := c.Body.(command.FeedPage); len(page.Upserts)+len(page.Removes) > 0 {
				t.Errorf("kind %d: nothing has changed, and it is written anew", c.Kind)
			}
		}
		f.consents.cancel("c")
		time.Sleep(interval)
		synctest.Wait()
		if got := f.rows(raftfsm.Consents); got != 0 {
			t.Errorf("%d consents, and the one was taken back", got)
		}
		change, err := follower.Next(t.Context())
		if err != nil || len(change.Removed) != 1 || len(change.Upserted) != 0 {
			t.Errorf("what sessions are told: %+v, %v", change, err)
		}
	})
}

// A service that stalls keeps its own projection from being fed, and no other.
func TestAStalledServiceStallsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		var said strings.Builder
		f.feeds.log = slog.New(slog.NewTextHandler(&said, nil))
		f.blocks.put("b", block(t, "b"))
		f.relations.before = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		f.blocks.before = func(context.Context) error { time.Sleep(20 * time.Second); return errors.New("slow, and then broken") }
		stop := f.lead()
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		for p, most := range map[raftfsm.Projection]time.Duration{raftfsm.Consents: interval, raftfsm.Commissions: 10 * interval, raftfsm.Persons: interval} {
			if age := f.age(p); age > most {
				t.Errorf("projection %d is %v old", p, age)
			}
		}
		for _, p := range []raftfsm.Projection{raftfsm.Blocks, raftfsm.Relations} {
			if age := f.age(p); age < 10*time.Minute {
				t.Errorf("projection %d was never told of, and is %v old", p, age)
			}
		}
		f.blocks.set(func() { f.blocks.before = nil })
		time.Sleep(20*time.Second + feedRetry)
		synctest.Wait()
		if age := f.age(raftfsm.Blocks); age > interval || f.rows(raftfsm.Blocks) != 1 {
			t.Errorf("mended, and %v old", age)
		}
		began := time.Now()
		stop() // while the relations' service still hangs
		if waited := time.Since(began); waited != 0 {
			t.Errorf("the end of leadership waited %v", waited)
		}
		if text := said.String(); !strings.Contains(text, "feed=blocks") || strings.Contains(text, patient) {
			t.Errorf("what is logged: %s", text)
		}
	})
}

// A large projection goes in pages that the log takes, by rows and by bytes; what was
// there already is not written again.
func TestPages(t *testing.T) {
	for name, c := range map[string]struct{ rows, exempt, pages int }{
		"none": {0, 0, 1}, "one": {1, 0, 1}, "full": {pageRows, 0, 1}, "many": {4000, 0, 10}, "large": {300, 3000, 19}, // of 12 kB each
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFed(t)
				f.blocks.putBlocks(c.rows, "b")
				for _, s := range f.blocks.rows {
					s.row.Row.Exempt = strings.Split(strings.Repeat("lak ", c.exempt), " ")[:c.exempt]
				}
				f.must(once(t, f.feeds, "blocks"))
				taken := f.Take()
				for i, one := range taken {
					page := one.Body.(command.FeedPage)
					if b, err := command.EncodeCommand(one); err != nil || len(b) > 2*pageBytes {
						t.Errorf("a page of %d bytes, %v", len(b), err)
					}
					if last := i == len(taken)-1; (page.Watermark != "") != last || (page.AsOf > 1) != last {
						t.Errorf("page %d of %d: as of %d, watermark %q", i+1, len(taken), page.AsOf, page.Watermark)
					}
				}
				if n := f.rows(raftfsm.Blocks); n != c.rows || len(taken) != c.pages {
					t.Errorf("%d rows on %d pages, want %d on %d", n, len(taken), c.rows, c.pages)
				}
				time.Sleep(6 * time.Hour) // everything is read again
				f.must(once(t, f.feeds, "blocks"))
				if taken := f.Take(); len(taken) != 1 || len(taken[0].Body.(command.FeedPage).Upserts) != 0 {
					t.Errorf("nothing has changed, and there are %d pages", len(taken))
				}
			})
		})
	}
}

// A row that the log does not take keeps its own projection as it was, whole.
func TestARowTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		f.blocks.putBlocks(3, "b")
		f.blocks.rows[1].row.Row.Exempt = strings.Split(strings.Repeat("lak ", 5000), " ")
		if err := once(t, f.feeds, "blocks"); !errors.Is(err, errRow) || !strings.Contains(err.Error(), "row 2") {
			t.Errorf("error %v", err)
		}
		if _, watermark := f.place(raftfsm.Blocks); watermark != "" || f.rows(raftfsm.Blocks) != 0 {
			t.Error("a part was taken")
		}
	})
}

// What was proposed under a former leader, and comes after the next one's pages, is
// refused: or a row that was taken back would stand for good.
func TestAStrayPageOfAFormerLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		f.must(once(t, f.feeds, "consents"))
		f.consents.put("c", consent(t, "c"))
		time.Sleep(interval)
		var stray command.Command
		f.Before(func(c command.Command) error {
			stray = c
			return cluster.ErrUnknown
		})
		if err := once(t, f.feeds, "consents"); !errors.Is(err, cluster.ErrUnknown) {
			t.Fatal(err)
		}
		f.Before(nil)
		time.Sleep(interval)
		f.consents.cancel("c")
		time.Sleep(interval)
		f.must(once(t, f.another("SE1000000001-P1"), "consents"))
		results, err := f.Propose(t.Context(), stray)
		if err != nil || results[0].Status != command.StatusRefused {
			t.Errorf("the stray page: %v, %v", results, err)
		}
		if n := f.rows(raftfsm.Consents); n != 0 {
			t.Errorf("%d consents, and the one was taken back", n)
		}
	})
}

// Two that both think they lead: one of the two pages is refused, and nothing is lost.
func TestTwoLeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		f.must(once(t, f.feeds, "consents"))
		f.consents.put("c", consent(t, "c"))
		other := f.another("SE1000000001-P1")
		f.Before(func(command.Command) error {
			f.Before(nil)
			return once(t, other, "consents") // comes first
		})
		if err := once(t, f.feeds, "consents"); !errors.Is(err, errFeed) {
			t.Errorf("the second: %v", err)
		}
		f.must(once(t, f.feeds, "consents"))
		if n := f.rows(raftfsm.Consents); n != 1 {
			t.Errorf("%d consents", n)
		}
	})
}

// The clock of a former leader was ahead: time does not go back, and no row is missed.
func TestTheClockOfAFormerLeader(t *testing.T) {
	for name, c := range map[string]struct{ ahead, want time.Duration }{
		"a little": {20 * time.Second, 20 * time.Second}, // what it was known as of stays
		"a year":   {365 * 24 * time.Hour, 0},            // nothing could be opened for a year: it is taken back
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFed(t)
				f.blocks.putBlocks(1, "b")
				f.must(once(t, f.feeds, "blocks"))
				_, watermark := f.place(raftfsm.Blocks)
				f.Do(command.KindBlockPage, command.FeedPage{Watermark: watermark, AsOf: time.Now().Add(c.ahead).UnixMilli()})
				began := time.Now()
				f.blocks.putBlocks(2, "b")
				f.must(once(t, f.feeds, "blocks"))
				if at, _ := f.place(raftfsm.Blocks); at.Sub(began) != c.want || f.rows(raftfsm.Blocks) != 2 {
					t.Errorf("as of %v from now, %d rows", at.Sub(began), f.rows(raftfsm.Blocks))
				}
			})
		})
	}
}

// A proposal that hangs is given up, and does not keep leadership's end waiting.
func TestAHangingLogEndsWithLeadership(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		f.feeds.services = Services{Blocks: f.feeds.services.Blocks}
		hung := hanging{asked: make(chan struct{}, 64)}
		f.feeds.proposer = hung
		f.feeds.log = slog.New(slog.NewTextHandler(io.Discard, nil))
		stop := f.lead()
		<-hung.asked
		begin := time.Now()
		<-hung.asked // the first was given up
		if waited := time.Since(begin); waited != pageTimeout+feedRetry {
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
		f := newFed(t)
		f.staff.says.Sources = []upstream.Source{
			source(t, "SE9000000009-N1", protocol.Diagnosis), source(t, system, protocol.VaccinationHistory), source(t, neighbor, protocol.Diagnosis),
		}
		f.Do(command.KindRegisterSource, command.RegisterSource{Source: neighbor, Withdrawn: true})
		f.must(once(t, f.feeds, "persons"))
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
		f.must(once(t, f.feeds, "persons"))
		for _, c := range f.Take() {
			if c.Kind == command.KindRegisterSource {
				t.Error("registered again, with nothing changed")
			}
		}
		broken := errors.New("broken")
		f.feeds.sources = func(string) (command.RegisterSource, bool, error) { return command.RegisterSource{}, false, broken }
		time.Sleep(interval)
		if err := once(t, f.feeds, "persons"); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		if age := f.age(raftfsm.Persons); age > 0 {
			t.Errorf("registrations that cannot be read keep the persons %v old", age)
		}
		for _, c := range f.Take() {
			if c.Kind == command.KindRegisterSource {
				t.Error("a source is registered by a node that does not know whether it is withdrawn")
			}
		}
	})
}
