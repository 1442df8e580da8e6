package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

// lifts is how many lifts the only block has.
func (f *fed) lifts() (n int) {
	v, err := f.FSM.View()
	f.must(err)
	defer v.Close()
	v.EveryRow(raftfsm.Blocks, func(k command.RowKey, _ [16]byte, sealed []byte) bool {
		plain, err := f.ring.Open(sealing.Blocks, sealing.Place(k.Subject, k.Key), sealed)
		f.must(err)
		b, err := projection.DecodeBlock(plain)
		f.must(err)
		n += len(b.Lifts)
		return true
	})
	return n
}

// Blocks are followed by their deltas; what was taken back is found by reading all.
func TestBlocksAreFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		round := func() (calls int) {
			t.Helper()
			time.Sleep(interval)
			before := f.blocks.calls
			f.must(once(t, f.feeds, "blocks"))
			return f.blocks.calls - before
		}
		f.blocks.putBlocks(3, "b")
		if n := round(); n != 1 || f.rows(raftfsm.Blocks) != 3 {
			t.Errorf("the first time: %d calls, %d blocks", n, f.rows(raftfsm.Blocks))
		}
		lifted := block(t, "b0")
		lifted.Row.Lifts = []projection.Lift{{CareUnit: "SE1000000001-U9", End: 1 << 50}}
		f.blocks.put("b0", lifted)
		f.blocks.put("b3", block(t, "b3"))
		if n := round(); n != 1 || f.rows(raftfsm.Blocks) != 4 || f.lifts() != 1 {
			t.Errorf("a new one and a lift: %d calls, %d blocks, %d lifts", n, f.rows(raftfsm.Blocks), f.lifts())
		}
		f.blocks.cancel("b1")
		if n := round(); n != 2 || f.rows(raftfsm.Blocks) != 3 {
			t.Errorf("one was taken back: %d calls, %d blocks", n, f.rows(raftfsm.Blocks))
		}
		// A lift that is ended before its time is seen nowhere, until all is read again.
		f.blocks.set(func() {
			for _, s := range f.blocks.rows {
				s.row.Row.Lifts = nil
			}
		})
		if n := round(); n != 1 || f.lifts() != 1 {
			t.Errorf("the end of a lift was seen: %d calls, %d lifts", n, f.lifts())
		}
		time.Sleep(6 * time.Hour)
		if n := round(); n != 1 || f.lifts() != 0 {
			t.Errorf("all was read: %d calls, %d lifts", n, f.lifts())
		}
	})
}

// Two blocks are taken back in the second in which all was read: the second one has no
// time of its own, and would be there for hours.
func TestTwoCancellationsInOneSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		f.blocks.putBlocks(3, "b")
		f.must(once(t, f.feeds, "blocks"))
		time.Sleep(interval)
		f.blocks.cancel("b0")
		f.must(once(t, f.feeds, "blocks"))
		time.Sleep(500 * time.Millisecond)
		f.blocks.cancel("b1")
		if !f.blocks.rows[0].gone.Equal(f.blocks.rows[1].gone) {
			t.Fatal("the two have times of their own")
		}
		time.Sleep(interval)
		f.must(once(t, f.feeds, "blocks"))
		if n := f.rows(raftfsm.Blocks); n != 1 {
			t.Errorf("%d blocks, want one", n)
		}
		before := f.blocks.calls
		for range 3 {
			time.Sleep(interval)
			f.must(once(t, f.feeds, "blocks"))
		}
		if n := f.blocks.calls - before; n != 3 {
			t.Errorf("%d calls in three rounds: all is read all the time", n)
		}
	})
}

// Places that go back are not gone on from: all is read. Places in the future are refused.
func TestPlacesThatLie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		lie := func(by time.Duration) func(upstream.Mark, bool) (upstream.Mark, bool) {
			return func(_ upstream.Mark, more bool) (upstream.Mark, bool) { return markAt(t, time.Now().Add(by)), more }
		}
		f.blocks.putBlocks(2, "b")
		f.must(once(t, f.feeds, "blocks"))
		f.must(once(t, f.feeds, "consents"))
		time.Sleep(time.Minute)

		f.blocks.lie, f.consents.lie = lie(-time.Hour), lie(-time.Hour)
		f.blocks.remove("b0") // and nobody says so
		f.consents.put("c", consent(t, "c"))
		f.must(once(t, f.feeds, "blocks"))
		f.must(once(t, f.feeds, "consents"))
		if b, c := f.rows(raftfsm.Blocks), f.rows(raftfsm.Consents); b != 1 || c != 1 {
			t.Errorf("back: %d blocks, %d consents, want all that there is", b, c)
		}
		f.blocks.lie, f.consents.lie = lie(time.Hour), lie(time.Hour)
		for _, name := range []string{"blocks", "consents"} {
			if err := once(t, f.feeds, name); !errors.Is(err, errAhead) {
				t.Errorf("%s of the future: %v", name, err)
			}
		}
	})
}

// A service that has always more to say, or goes back while it says it, is given up: the
// projection is no fresher, and nothing of it is taken.
func TestAServiceWithoutAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		f.consents.put("c", consent(t, "c"))
		n := 0
		for name, c := range map[string]struct {
			lie  func(upstream.Mark, bool) (upstream.Mark, bool)
			want error
		}{
			"from the same place": {func(m upstream.Mark, _ bool) (upstream.Mark, bool) { return markAt(t, time.Unix(9e8, 0)), true }, errNoEnd},
			"from ever new places": {func(upstream.Mark, bool) (upstream.Mark, bool) {
				n++
				return markAt(t, time.Unix(int64(9e8+n), 0)), true
			}, errNoEnd},
			"going back": {func(upstream.Mark, bool) (upstream.Mark, bool) {
				n++
				return markAt(t, time.Unix(int64(9e8-1e5*n), 0)), true
			}, errBack},
		} {
			n = 0
			f.consents.lie = c.lie
			if err := once(t, f.feeds, "consents"); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
			if _, watermark := f.place(raftfsm.Consents); watermark != "" || f.rows(raftfsm.Consents) != 0 {
				t.Errorf("%s: something was taken", name)
			}
		}
		if f.consents.calls > maxAnswers+10 {
			t.Errorf("asked %d times", f.consents.calls)
		}
	})
}

// Most of the blocks are gone from one answer to the next: the service has lost them,
// most likely. That is believed only when it goes on for longer than the gate waits.
func TestMostRowsVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vanishes(t, 150)
	})
}

// The same where there are few of them, and all are gone.
func TestAllRowsVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { vanishes(t, doubtAll) })
}

func vanishes(t *testing.T, blocks int) {
	f := newFed(t)
	f.blocks.putBlocks(blocks, "b")
	f.must(once(t, f.feeds, "blocks"))
	defer f.lead()()
	time.Sleep(time.Minute)
	kept := f.blocks.rows
	vanish := func() { f.blocks.set(func() { f.blocks.rows = nil; f.blocks.cancelled = time.Now() }) }
	vanish()
	time.Sleep(5 * time.Minute)
	synctest.Wait()
	if n, age := f.rows(raftfsm.Blocks), f.age(raftfsm.Blocks); n != blocks || age < 4*time.Minute {
		t.Errorf("after 5 minutes: %d blocks, %v old", n, age)
	}
	f.blocks.set(func() { f.blocks.rows = kept }) // it was a mishap
	time.Sleep(interval)
	synctest.Wait()
	if n, age := f.rows(raftfsm.Blocks), f.age(raftfsm.Blocks); n != blocks || age > interval {
		t.Errorf("mended: %d blocks, %v old", n, age)
	}
	vanish()
	time.Sleep(9 * time.Minute) // counted from anew
	synctest.Wait()
	if n := f.rows(raftfsm.Blocks); n != blocks {
		t.Errorf("after 9 minutes: %d blocks", n)
	}
	time.Sleep(2 * time.Minute)
	synctest.Wait()
	if n, age := f.rows(raftfsm.Blocks), f.age(raftfsm.Blocks); n != 0 || age > interval {
		t.Errorf("after 11 minutes: %d blocks, %v old", n, age)
	}
}

// Few rows, or the smaller part of many, vanish as they like.
func TestSomeRowsVanish(t *testing.T) {
	for name, c := range map[string]struct{ before, after int }{"few": {doubtRows - 1, 1}, "half": {200, 100}, "all of very few": {doubtAll - 1, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFed(t)
				f.blocks.putBlocks(c.before, "b")
				f.must(once(t, f.feeds, "blocks"))
				time.Sleep(interval)
				f.blocks.rows, f.blocks.cancelled = f.blocks.rows[:c.after], time.Now()
				f.must(once(t, f.feeds, "blocks"))
				if n := f.rows(raftfsm.Blocks); n != c.after {
					t.Errorf("%d rows", n)
				}
			})
		})
	}
}

// What was registered here is nobody else's to take back or to change, whatever the
// service says, all at once or bit by bit.
func TestConsentsRegisteredHereStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		f.register("here")
		f.consents.put("there", consent(t, "there"))
		f.must(once(t, f.feeds, "consents"))
		want := func(when string, want map[string]bool) {
			t.Helper()
			if diff := cmp.Diff(want, f.consentIDs()); diff != "" {
				t.Errorf("%s:\n%s", when, diff)
			}
		}
		want("all was read", map[string]bool{"here": true, "there": false})
		time.Sleep(interval)
		f.consents.put("here", consent(t, "here"))
		f.must(once(t, f.feeds, "consents"))
		want("the service has one of that id", map[string]bool{"here": true, "there": false})
		time.Sleep(interval)
		f.consents.cancel("here")
		f.consents.cancel("there")
		f.must(once(t, f.feeds, "consents"))
		want("the service takes both back", map[string]bool{"here": true})
		f.consents.put("there", consent(t, "there"))
		time.Sleep(interval)
		f.must(once(t, f.another("SE1000000001-P1", "SE1000000001-P2"), "consents")) // another place: all is read
		want("of other care providers", map[string]bool{"here": true, "there": false})
		f.consents.set(func() { f.consents.rows = nil })
		time.Sleep(interval)
		f.must(once(t, f.feeds, "consents"))
		want("the service has nothing", map[string]bool{"here": true})
	})
}

// Places are kept for certain care providers: for others everything is read.
func TestOtherCareProvidersAreAtAnotherPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		f.consents.put("c", consent(t, "c"))
		f.must(once(t, f.feeds, "consents"))
		f.consents.rows = nil // the others have none
		time.Sleep(interval)
		f.must(once(t, f.another("SE1000000001-P2"), "consents"))
		if n := f.rows(raftfsm.Consents); n != 0 {
			t.Errorf("%d consents of a care provider that is not asked for any more", n)
		}
	})
}

// In the autumn an hour comes twice, and what is stored in its second pass looks older
// than what was read in its first. It is read all the same.
func TestTheHourThatComesTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		time.Sleep(time.Until(time.Date(2000, 10, 29, 0, 50, 0, 0, time.UTC))) // ten to three, the first time
		for _, name := range []string{"blocks", "consents"} {
			f.must(once(t, f.feeds, name))
		}
		time.Sleep(20 * time.Minute) // ten past two, the second time
		f.blocks.putBlocks(1, "b")
		f.consents.put("c", consent(t, "c"))
		for _, name := range []string{"blocks", "consents"} {
			f.must(once(t, f.feeds, name))
		}
		if b, c := f.rows(raftfsm.Blocks), f.rows(raftfsm.Consents); b != 1 || c != 1 || f.blocks.calls != 2 {
			t.Errorf("%d blocks, %d consents after %d calls", b, c, f.blocks.calls)
		}
	})
}

// A row that comes to be another patient's is not left with the first.
func TestARowMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		f.relations.put("r", relation(t, "r"))
		f.must(once(t, f.feeds, "relations"))
		time.Sleep(interval)
		moved := relation(t, "r")
		moved.Patient = patientID(t, another)
		f.relations.put("r", moved)
		f.must(once(t, f.feeds, "relations"))
		v := f.View()
		for id, want := range map[string]int{patient: 0, another: 1} {
			n := 0
			v.Rows(raftfsm.Relations, f.subject(id), func([16]byte, []byte) bool { n++; return true })
			if n != want {
				t.Errorf("%d rows of one, want %d", n, want)
			}
		}
	})
}

// The directory is asked about those whom the register lists, and only then.
func TestTheDirectoryNeedsTheRegister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		employee, err := protocol.ParseEmployeeID("SE1000000001-D1")
		f.must(err)
		f.staff.says.Employees = []protocol.EmployeeID{employee}
		f.staff.knows = []upstream.Commission{{Employee: employee, Row: projection.Commission{ID: "C1"}}, {Employee: employee, Row: projection.Commission{ID: "C2"}}}
		f.must(once(t, f.feeds, "commissions"))
		if len(f.staff.asked) != 1 || f.rows(raftfsm.Commissions) != 2 {
			t.Errorf("asked about %d, and %d commissions", len(f.staff.asked), f.rows(raftfsm.Commissions))
		}
		broken := errors.New("broken")
		for _, change := range []func(){func() { f.staff.err = broken }, func() { f.staff.err, f.staff.dirErr = nil, broken }} {
			time.Sleep(interval)
			change()
			f.staff.knows = nil
			if err := once(t, f.feeds, "commissions"); !errors.Is(err, broken) || f.rows(raftfsm.Commissions) != 2 || f.age(raftfsm.Commissions) == 0 {
				t.Errorf("broken: %v, %d commissions", err, f.rows(raftfsm.Commissions))
			}
		}
		f.staff.dirErr = nil
		f.must(once(t, f.feeds, "commissions"))
		if n := f.rows(raftfsm.Commissions); n != 0 {
			t.Errorf("%d commissions, and all were withdrawn", n)
		}
		f.feeds.services.Register.Every = 0
		if err := once(t, f.feeds, "commissions"); !errors.Is(err, upstream.ErrFeed) {
			t.Errorf("without a register: %v", err)
		}
	})
}

// A new leader goes on where the last one stopped, in the middle of a long answer too:
// no page is asked for from the beginning, and until the end nothing is any fresher.
func TestALeaderChangesInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFed(t)
		f.must(once(t, f.feeds, "consents"))
		fresh, _ := f.place(raftfsm.Consents)
		for i := range 50 {
			time.Sleep(time.Second)
			id := fmt.Sprintf("c%d", i)
			f.consents.put(id, consent(t, id))
		}
		f.consents.size = 10
		lost := errors.New("leadership lost")
		calls := 0
		f.consents.before = func(context.Context) error {
			if calls++; calls == 4 {
				return lost
			}
			return nil
		}
		if err := once(t, f.feeds, "consents"); !errors.Is(err, lost) {
			t.Fatal(err)
		}
		if at, _ := f.place(raftfsm.Consents); !at.Equal(fresh) || f.rows(raftfsm.Consents) == 0 {
			t.Errorf("in the middle: as of %v later, %d rows", at.Sub(fresh), f.rows(raftfsm.Consents))
		}
		f.consents.before = nil
		before := f.consents.calls
		f.must(once(t, f.another("SE1000000001-P1"), "consents"))
		if n := f.consents.calls - before; f.rows(raftfsm.Consents) != 50 || n > 5 {
			t.Errorf("%d consents after %d more calls", f.rows(raftfsm.Consents), n)
		}
		if age := f.age(raftfsm.Consents); age != 0 {
			t.Errorf("%v old", age)
		}
	})
}

// Whatever fails, and whoever leads: when a round has come to its end, the state is what
// the service says.
func TestFeedsConverge(t *testing.T) {
	for seed := range uint64(25) {
		synctest.Test(t, func(t *testing.T) {
			f := newFed(t)
			chance := rand.New(rand.NewPCG(seed, 7))
			f.consents.size = 2 + chance.IntN(4)
			feeds := []*Feeds{f.feeds, f.another("SE1000000001-P1")}
			flaky := func(context.Context) error {
				if chance.IntN(5) == 0 {
					return errors.New("flaky")
				}
				return nil
			}
			f.register("here")
			for range 60 {
				time.Sleep(time.Duration(1+chance.IntN(20)) * time.Second)
				id := fmt.Sprintf("c%d", chance.IntN(12))
				if chance.IntN(3) == 0 {
					f.consents.cancel(id)
				} else {
					f.consents.put(id, consent(t, id))
				}
				f.consents.before = flaky
				f.Before(func(command.Command) error {
					if chance.IntN(5) == 0 {
						return cluster.ErrUnknown
					}
					return nil
				})
				_ = once(t, feeds[chance.IntN(2)], "consents")
				f.consents.before = nil
				f.Before(nil)
				if chance.IntN(6) > 0 {
					continue
				}
				time.Sleep(time.Second)
				f.must(once(t, feeds[chance.IntN(2)], "consents"))
				want := map[string]bool{"here": true}
				for _, s := range f.consents.rows {
					if s.gone.IsZero() {
						want[s.id] = false
					}
				}
				if diff := cmp.Diff(want, f.consentIDs()); diff != "" {
					t.Fatalf("seed %d:\n%s", seed, diff)
				}
			}
		})
	}
}

func FuzzPlaces(f *testing.F) {
	f.Add("1 abc 1z 2026-01-01T00:00:00")
	f.Add("1 0011aabb ,,")
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := parseBlockPlace(text); ok {
			again, ok := parseBlockPlace(p.String())
			if !ok || again != p {
				t.Errorf("%q is read otherwise the second time", text)
			}
		}
		clock, err := upstream.NewClock()
		if err != nil {
			t.Fatal(err)
		}
		if m, err := clock.Unpack(text); err == nil && !m.IsZero() {
			if again, err := clock.Unpack(m.Pack()); err != nil || again != m {
				t.Errorf("%q is another place the second time", text)
			}
		}
	})
}
