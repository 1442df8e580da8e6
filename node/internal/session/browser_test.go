package session

import (
	"context"
	"io"
	"sync"
	"testing/synctest"
	"time"

	"tvilling/protocol"
)

// pipe is a Conn without a network: what one side writes, the other must read.
type pipe struct {
	toNode, toBrowser chan []byte
	ended             chan struct{}
	once              sync.Once
	code              protocol.CloseCode
}

func (p *pipe) Read(ctx context.Context) ([]byte, error) {
	select {
	case b := <-p.toNode:
		return b, nil
	case <-p.ended:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipe) Write(ctx context.Context, frame []byte) error {
	select {
	case p.toBrowser <- frame:
		return nil
	case <-p.ended:
		return io.ErrClosedPipe
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pipe) Close(code protocol.CloseCode, _ string) {
	p.once.Do(func() {
		p.code = code
		close(p.ended)
	})
}

// browser is the other side: it applies frames by the rules of the protocol, and
// fails the test where a frame breaks one.
type browser struct {
	t          tester
	conn       *pipe
	done       chan struct{} // Serve has returned
	generation protocol.Generation
	request    uint32
	epoch      uint64
	shown      bool
	index      uint64
	items      map[protocol.DocumentKey]protocol.Item
	shadow     map[protocol.DocumentKey]protocol.Item
	chosen     []protocol.Contract
	mute       bool      // sends neither Beat nor Ack
	since      time.Time // when the test began to wait
	heard      [][]byte  // every frame
	latest
}

// latest are the newest frames of some kinds.
type latest struct {
	lost    protocol.Revoke
	sources protocol.Sources // no test waits for it by itself
}

// dial starts a session of somebody without a certificate.
func dial(w *world) *browser { return dialAs(w, Caller{}) }

func dialAs(w *world, caller Caller) *browser {
	b := &browser{
		t: w.t, done: make(chan struct{}),
		conn: &pipe{toNode: make(chan []byte), toBrowser: make(chan []byte), ended: make(chan struct{})},
	}
	go func() {
		defer close(b.done)
		w.service.Serve(context.Background(), b.conn, caller)
	}()
	w.t.Cleanup(b.hangUp) // also where a test has failed
	return b
}

// hangUp ends the session and waits for every goroutine of it.
func (b *browser) hangUp() {
	b.conn.Close(1000, "")
	<-b.done
}

func (b *browser) send(f protocol.Frame) {
	b.t.Helper()
	select {
	case b.conn.toNode <- protocol.AppendFrame(nil, f):
	case <-b.conn.ended:
		b.t.Fatalf("sending %T: closed with %d", f, b.conn.code)
	}
}

// patience is how long a test waits for a frame, in the bubble's time.
const patience = 30 * time.Hour

// next takes one frame, or nil when the node has closed.
func (b *browser) next() protocol.Frame {
	b.t.Helper()
	if time.Since(b.since) > patience {
		b.t.Fatal("what is waited for does not come")
	}
	select {
	case raw := <-b.conn.toBrowser:
		b.heard = append(b.heard, raw)
		f, err := protocol.DecodeFrame(raw)
		if err != nil {
			b.t.Fatalf("a frame that cannot be read: %v", err)
		}
		b.take(f)
		if _, beside := f.(protocol.Sources); beside {
			return b.next()
		}
		return f
	case <-b.conn.ended:
		return nil
	case <-time.After(patience):
		b.t.Fatal("nothing comes")
		return nil
	}
}

// take applies a frame.
func (b *browser) take(f protocol.Frame) {
	b.t.Helper()
	switch f := f.(type) {
	case protocol.Welcome:
		b.epoch = f.Position.Epoch
	case protocol.Begin:
		b.inTime(f.Generation)
		if f.Generation == b.generation {
			b.shadow = map[protocol.DocumentKey]protocol.Item{}
		}
	case protocol.Chunk:
		b.inTime(f.Generation)
		if f.Generation == b.generation && b.shadow != nil {
			for _, item := range f.Items {
				b.shadow[item.Key] = item
			}
		}
	case protocol.Sources:
		b.inTime(f.Generation)
		if f.Generation != b.generation || !b.shown {
			b.t.Fatalf("at generation %d, shown: %v, comes %+v", b.generation, b.shown, f)
		}
		b.sources = f
	case protocol.End:
		b.inTime(f.Generation)
		if f.Generation == b.generation && b.shadow != nil {
			b.items, b.shadow, b.shown, b.index = b.shadow, nil, true, f.Position.Index
			b.agrees("End", f.Count, f.Digest)
		}
	case protocol.Batch:
		b.batch(f)
	case protocol.BodyFrame:
		b.inTime(f.Generation)
	case protocol.Revoke:
		b.revoke(f)
	case protocol.Heartbeat:
		if b.shown && b.shadow == nil && f.Generation == b.generation {
			b.agrees("Heartbeat", f.Count, f.Digest)
		}
		if !b.mute {
			go b.answer(protocol.Beat{Generation: b.generation, Index: b.index})
		}
	}
}

// inTime fails for what a Revoke should have stopped.
func (b *browser) inTime(g protocol.Generation) {
	b.t.Helper()
	if g < b.lost.Next {
		b.t.Fatalf("a frame of generation %d after a Revoke to %d", g, b.lost.Next)
	}
}

func (b *browser) batch(f protocol.Batch) {
	b.t.Helper()
	b.inTime(f.Generation)
	if f.Generation != b.generation || !b.shown {
		return
	}
	if f.From != b.index {
		b.t.Fatalf("a gap: at %d, and a batch from %d to %d", b.index, f.From, f.To)
	}
	for _, item := range f.Upserts {
		b.items[item.Key] = item
	}
	for _, key := range f.Removes {
		delete(b.items, key)
	}
	b.index = f.To
	b.agrees("Batch", f.Count, f.Digest)
}

func (b *browser) revoke(f protocol.Revoke) {
	b.t.Helper()
	b.generation, b.shadow = max(b.generation, f.Next), nil
	b.lost = f
	if len(f.Documents) == 0 {
		b.items, b.shown = nil, false
	}
	for _, key := range f.Documents {
		delete(b.items, key)
	}
	if !b.mute {
		go b.answer(protocol.Ack{Generation: f.Next})
	}
}

// answer is send for what is sent by itself: a closed socket is no fault then.
func (b *browser) answer(f protocol.Frame) {
	select {
	case b.conn.toNode <- protocol.AppendFrame(nil, f):
	case <-b.conn.ended:
	}
}

func (b *browser) agrees(what string, count uint32, digest uint64) {
	b.t.Helper()
	var sum uint64
	for key, item := range b.items {
		sum += protocol.Mix(key, item.Rev)
	}
	if int(count) != len(b.items) || digest != sum {
		b.t.Fatalf("%s says %d documents with digest %x; there are %d with %x", what, count, digest, len(b.items), sum)
	}
}

// expect takes frames until one of the type comes.
func expect[F protocol.Frame](b *browser) F {
	b.t.Helper()
	b.since = time.Now()
	for {
		switch f := b.next().(type) {
		case F:
			return f
		case protocol.Refused:
			b.t.Fatalf("refused with TV-%d while waiting for something else", f.Fault)
		case nil:
			b.t.Fatalf("closed with %d while waiting", b.conn.code)
		}
	}
}

// refusedWith takes frames until a refusal comes, and wants the fault. Nothing of a
// patient's record may come before it.
func (b *browser) refusedWith(fault protocol.Fault) protocol.Refused {
	b.t.Helper()
	b.since = time.Now()
	for {
		switch f := b.next().(type) {
		case protocol.Refused:
			if f.Fault != fault || f.ID == "" || f.At == 0 {
				b.t.Fatalf("refused with TV-%d, id %q; want TV-%d", f.Fault, f.ID, fault)
			}
			return f
		case protocol.Begin, protocol.Chunk, protocol.End, protocol.Batch, protocol.BodyFrame, protocol.Opened:
			b.t.Fatalf("%T, where a refusal with TV-%d is wanted", f, fault)
		case nil:
			b.t.Fatalf("closed with %d, where a refusal with TV-%d is wanted", b.conn.code, fault)
		}
	}
}

// closedWith takes frames until the node closes.
func (b *browser) closedWith(code protocol.CloseCode) {
	b.t.Helper()
	b.since = time.Now()
	for b.next() != nil {
		continue
	}
	if b.conn.code != code {
		b.t.Fatalf("closed with %d, want %d", b.conn.code, code)
	}
	<-b.done
}

// quiet takes every frame until nothing more happens without time passing.
func (b *browser) quiet() (frames []protocol.Frame) {
	b.t.Helper()
	for {
		synctest.Wait()
		select {
		case raw := <-b.conn.toBrowser:
			b.heard = append(b.heard, raw)
			f, err := protocol.DecodeFrame(raw)
			if err != nil {
				b.t.Fatal(err)
			}
			b.take(f)
			if _, beside := f.(protocol.Sources); !beside {
				frames = append(frames, f)
			}
		default:
			return frames
		}
	}
}

// greet goes as far as the commission.
func (b *browser) greet(c protocol.CommissionID) *browser {
	b.t.Helper()
	return b.greetAs(doctorKey, c)
}

func (b *browser) greetAs(person string, c protocol.CommissionID) *browser {
	b.t.Helper()
	b.send(protocol.Hello{Version: protocol.Version, Person: person})
	expect[protocol.Welcome](b)
	b.send(protocol.Choose{Commission: c})
	expect[protocol.Chosen](b)
	return b
}

func (b *browser) open(id protocol.PatientID) uint32 {
	b.t.Helper()
	b.request++
	b.send(protocol.Open{Request: b.request, Patient: id})
	return b.request
}

func (b *browser) show(contracts ...protocol.Contract) {
	b.t.Helper()
	b.generation++
	b.chosen = contracts
	b.send(protocol.Show{Generation: b.generation, Contracts: contracts})
}

func (b *browser) read(key protocol.DocumentKey) uint32 {
	b.t.Helper()
	b.request++
	b.send(protocol.Read{Request: b.request, Generation: b.generation, Document: key})
	return b.request
}

// watching is a browser with the usual contract of the patient on its screen.
func watching(w *world) *browser {
	w.t.Helper()
	b := dial(w).greet(commission)
	b.open(patient)
	expect[protocol.Opened](b)
	b.show(protocol.Diagnosis)
	expect[protocol.End](b)
	b.sourced()
	return b
}

// sourced takes the frame that tells of the view's sources.
func (b *browser) sourced() protocol.Sources {
	b.t.Helper()
	raw := <-b.conn.toBrowser
	b.heard = append(b.heard, raw)
	f, ok := must(protocol.DecodeFrame(raw)).(protocol.Sources)
	if !ok {
		b.t.Fatalf("%T, where Sources are wanted", must(protocol.DecodeFrame(raw)))
	}
	b.take(f)
	return f
}

// titles are what is on the screen.
func (b *browser) titles() map[string]bool {
	all := map[string]bool{}
	for _, item := range b.items {
		all[item.Header.Title] = true
	}
	return all
}
