package cluster

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"

	"tvilling/raftfsm/command"
)

// fakeRaft takes entries and answers when it is told to.
type fakeRaft struct {
	mu      sync.Mutex
	entries []command.Entry
	bytes   []int
	waiting []*fakeFuture
}

type fakeFuture struct {
	raft.ApplyFuture
	done     chan struct{}
	err      error
	response any
}

func (f *fakeFuture) Error() error  { <-f.done; return f.err }
func (f *fakeFuture) Response() any { return f.response }
func (f *fakeFuture) Index() uint64 { return 0 }

func (r *fakeRaft) Apply(entry []byte, _ time.Duration) raft.ApplyFuture {
	decoded, err := command.Decode(entry)
	if err != nil {
		panic(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &fakeFuture{done: make(chan struct{})}
	r.entries = append(r.entries, decoded)
	r.bytes = append(r.bytes, len(entry))
	r.waiting = append(r.waiting, f)
	return f
}

// answer answers the oldest entry as a state machine does: Sequence is the first
// byte but seven of the intent, so that answers can be told apart.
func (r *fakeRaft) answer(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.waiting[0]
	r.waiting = r.waiting[1:]
	entry := r.entries[len(r.entries)-1-len(r.waiting)]
	var results []command.Result
	for _, c := range entry.Commands {
		results = append(results, command.Result{Status: command.StatusDone, Sequence: number(c)})
	}
	f.response, f.err = results, err
	close(f.done)
}

func (r *fakeRaft) shape() (shape []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.entries {
		shape = append(shape, len(e.Commands))
	}
	return shape
}

func number(c command.Command) (n uint64) {
	for _, b := range c.Intent[:8] {
		n = n<<8 | uint64(b)
	}
	return n
}

// batching runs a test with a batcher whose raft answers nothing by itself.
func batching(t *testing.T, test func(r *fakeRaft, b *batcher, submit func(...command.Command) chan outcome)) {
	synctest.Test(t, func(t *testing.T) {
		r := &fakeRaft{}
		b := newBatcher(r, func() uint16 { return 0 }, &counters{}, func(time.Time) {})
		var run sync.WaitGroup
		run.Go(b.run)
		submit := func(commands ...command.Command) chan outcome {
			encoded, err := encode(commands)
			if err != nil {
				t.Fatal(err)
			}
			out := make(chan outcome, 1)
			go func() {
				results, err := b.submit(context.Background(), encoded)
				out <- outcome{results, err}
			}()
			synctest.Wait()
			return out
		}
		defer func() {
			b.stop()
			synctest.Wait()
			for len(r.waiting) > 0 {
				r.answer(raft.ErrLeadershipLost)
				synctest.Wait()
			}
			run.Wait()
			b.wait()
		}()
		test(r, b, submit)
	})
}

// singles are entries of one command each, that fill what may be under way, and what
// follows upon them.
func singles(then ...int) []int {
	return append(slices.Repeat([]int{1}, maxEntriesInFlight), then...)
}

// lingered lets the batcher's longest wait pass, on the bubble's clock.
func lingered() {
	time.Sleep((lingerSteps + 1) * lingerStep)
	synctest.Wait()
}

// After an entry of many, the next one waits for as long as proposals keep coming;
// after an entry of few it does not wait.
func TestLingersWhereManyPropose(t *testing.T) {
	batching(t, func(r *fakeRaft, _ *batcher, submit func(...command.Command) chan outcome) {
		answer := func() {
			r.answer(nil)
			synctest.Wait()
		}
		var want []int
		expect := func(what string, then ...int) {
			t.Helper()
			want = append(want, then...)
			if diff := cmp.Diff(want, r.shape()); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", what, diff)
			}
		}
		submit(event())
		for range lingerFrom {
			submit(event())
		}
		answer()
		expect("after an entry of one", 1, lingerFrom)
		answer()
		submit(event())
		time.Sleep(lingerStep / 2)
		submit(event())
		time.Sleep(lingerStep)
		submit(event())
		expect("while they keep coming")
		time.Sleep(2 * lingerStep)
		synctest.Wait()
		expect("when no more came", 3)
		submit(event())
		answer()
		expect("after an entry of three", 1)
	})
}

func TestBatchesGrowWhileEntriesAreUnderWay(t *testing.T) {
	batching(t, func(r *fakeRaft, b *batcher, submit func(...command.Command) chan outcome) {
		var outs []chan outcome
		var want []uint64
		for range maxEntriesInFlight + 600 {
			e := event()
			want = append(want, number(e))
			outs = append(outs, submit(e))
		}
		if diff := cmp.Diff(singles(), r.shape()); diff != "" {
			t.Fatalf("entries while nothing was answered (-want +got):\n%s", diff)
		}
		for len(r.waiting) > 0 {
			r.answer(nil)
			lingered()
		}
		// The next one was taken alone before it waited for room, and took the rest with it.
		if diff := cmp.Diff(singles(256, 256, 88), r.shape()); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		var order []uint64
		for _, e := range r.entries {
			for _, c := range e.Commands {
				order = append(order, number(c))
			}
		}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		for i, out := range outs {
			if o := <-out; o.err != nil || len(o.results) != 1 || o.results[0].Sequence != want[i] {
				t.Fatalf("proposal %d got the answer %+v", i, o)
			}
		}
	})
}

func TestEntriesAreBoundedInBytes(t *testing.T) {
	batching(t, func(r *fakeRaft, b *batcher, submit func(...command.Command) chan outcome) {
		for range maxEntriesInFlight {
			submit(event())
		}
		for range 8 {
			submit(document(200 << 10))
		}
		submit(document(700 << 10)) // alone larger than a batch may be
		submit(event(), event(), event())
		for len(r.waiting) > 0 {
			r.answer(nil)
			synctest.Wait()
		}
		if diff := cmp.Diff(singles(2, 2, 2, 2, 1, 3), r.shape()); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		for _, n := range r.bytes {
			if n > command.MaxEntryBytes {
				t.Errorf("an entry of %d bytes", n)
			}
		}
	})
}

func TestWhoGaveUpIsNotWritten(t *testing.T) {
	batching(t, func(r *fakeRaft, b *batcher, submit func(...command.Command) chan outcome) {
		for range maxEntriesInFlight {
			submit(event())
		}
		ctx, cancel := context.WithCancel(context.Background())
		encoded, _ := encode([]command.Command{event()})
		out := make(chan error, 1)
		go func() {
			_, err := b.submit(ctx, encoded)
			out <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-out; !errors.Is(err, errLost) {
			t.Errorf("given up: %v", err)
		}
		last := submit(event())
		for len(r.waiting) > 0 {
			r.answer(nil)
			synctest.Wait()
		}
		if diff := cmp.Diff(singles(1), r.shape()); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		if o := <-last; o.err != nil {
			t.Error(o.err)
		}
	})
}

func TestAFullQueueIsToldAtOnce(t *testing.T) {
	batching(t, func(r *fakeRaft, b *batcher, submit func(...command.Command) chan outcome) {
		size := 0
		for {
			encoded, err := encode([]command.Command{document(700 << 10)})
			if err != nil {
				t.Fatal(err)
			}
			failed := make(chan error, 1)
			go func() {
				_, err := b.submit(context.Background(), encoded)
				failed <- err
			}()
			synctest.Wait()
			select {
			case err := <-failed:
				if !errors.Is(err, errNotSent) {
					t.Errorf("a full queue: %v", err)
				}
				if size < maxQueuedBytes/2 || size > maxQueuedBytes+3*MaxProposalBytes {
					t.Errorf("full at %d bytes", size)
				}
				return
			default:
				size += len(encoded[0])
			}
			if size > 2*maxQueuedBytes {
				t.Fatal("never full")
			}
		}
	})
}

func TestSettle(t *testing.T) {
	ok := []command.Result{{Status: command.StatusDone}}
	for _, c := range []struct {
		err      error
		response any
		want     error
	}{
		{nil, ok, nil},
		{raft.ErrNotLeader, nil, errNotLeader},
		{raft.ErrLeadershipTransferInProgress, nil, errNotLeader},
		{raft.ErrEnqueueTimeout, nil, errNotLeader},
		{raft.ErrAbortedByRestore, nil, errNotLeader},
		{raft.ErrLeadershipLost, nil, errLost},
		{raft.ErrRaftShutdown, nil, errLost},
		{errors.New("anything else"), nil, errLost},
		{nil, errors.New("unknown kind"), ErrRefused},
		{nil, nil, ErrRefused},
		{nil, ok[:0], ErrRefused},
	} {
		f := &fakeFuture{done: make(chan struct{}), err: c.err, response: c.response}
		close(f.done)
		got, err := settle(f, 1)
		if !errors.Is(err, c.want) || (c.want == nil) != (len(got) == 1) {
			t.Errorf("%v, %v: got %v, %v; want %v", c.err, c.response, got, err, c.want)
		}
	}
}
