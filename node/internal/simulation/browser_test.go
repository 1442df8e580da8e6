package simulation

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"tvilling/protocol"
)

// line is a websocket between a browser and a node.
type line struct {
	up, down chan []byte
	ended    chan struct{}
	once     sync.Once
}

// Read implements session.Conn.
func (l *line) Read(ctx context.Context) ([]byte, error) {
	select {
	case b := <-l.up:
		return b, nil
	case <-l.ended:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Write implements session.Conn.
func (l *line) Write(ctx context.Context, frame []byte) error {
	select {
	case l.down <- frame:
		return nil
	case <-l.ended:
		return io.ErrClosedPipe
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close implements session.Conn.
func (l *line) Close(protocol.CloseCode, string) { l.once.Do(func() { close(l.ended) }) }

// browser keeps to the protocol's rules: it shows what it was sent until it is taken
// away or the lease is out.
type browser struct {
	world  *world
	who    protocol.EmployeeID
	person string
	for_   protocol.CommissionID

	mu      sync.Mutex
	line    *line         // nil: none yet
	gate    chan struct{} // nil: the line is whole
	outbox  chan []byte
	patient protocol.PatientID
	opened  bool
	screen
}

// screen is what the browser shows, and how it came to.
type screen struct {
	generation protocol.Generation
	request    uint32
	firm       protocol.Generation // the latest Show that was answered
	asked      map[protocol.Generation]time.Time
	reads      map[uint32]disclosed
	items      map[protocol.DocumentKey]protocol.Item
	shadow     map[protocol.DocumentKey]protocol.Item
	leased     time.Time // until when it shows them
	takes      []shown   // since the last step
}

// outboxFrames is how many frames wait for a line that is cut; more are dropped.
const outboxFrames = 64

// dial leaves the present node and greets another. A node that is down takes nobody.
func (b *browser) dial(p *process, patient protocol.PatientID) {
	b.hangUp()
	l := &line{up: make(chan []byte), down: make(chan []byte), ended: make(chan struct{})}
	b.mu.Lock()
	b.line, b.outbox, b.patient, b.opened = l, make(chan []byte, outboxFrames), patient, false
	takes := b.takes
	b.screen = screen{asked: map[protocol.Generation]time.Time{}, reads: map[uint32]disclosed{}, takes: takes}
	b.mu.Unlock()
	p.serve(l)
	b.world.tasks.Go(func() { b.hear(l) })
	b.world.tasks.Go(func() { b.speak(l, b.outbox) })
	b.send(protocol.Hello{Version: protocol.Version, Person: b.person})
}

// hangUp closes the line.
func (b *browser) hangUp() {
	b.mend()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line != nil {
		b.line.Close(0, "")
	}
}

// cut lets nothing through, in either direction, and tells neither side.
func (b *browser) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gate == nil {
		b.gate = make(chan struct{})
	}
}

func (b *browser) mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gate != nil {
		close(b.gate)
		b.gate = nil
	}
}

// pass waits while the line is cut.
func (b *browser) pass() {
	for {
		b.mu.Lock()
		gate := b.gate
		b.mu.Unlock()
		if gate == nil {
			return
		}
		<-gate
	}
}

// hear takes frames until the line ends.
func (b *browser) hear(l *line) {
	for {
		b.pass()
		select {
		case raw := <-l.down:
			came := time.Now()
			b.pass()
			f, err := protocol.DecodeFrame(raw)
			if err != nil {
				b.world.ledger.fault(broken("protocol", "a frame that cannot be read: %v", err))
				return
			}
			b.mu.Lock()
			if b.line == l {
				b.wipe()
				b.take(f, came)
			}
			b.mu.Unlock()
		case <-l.ended:
			return
		}
	}
}

// speak sends what is queued until the line ends.
func (b *browser) speak(l *line, from chan []byte) {
	for {
		select {
		case raw := <-from:
			b.pass()
			select {
			case l.up <- raw:
			case <-l.ended:
				return
			}
		case <-l.ended:
			return
		}
	}
}

func (b *browser) send(f protocol.Frame) {
	select {
	case b.outbox <- protocol.AppendFrame(nil, f):
	default: // cut for long
	}
}

// wipe forgets what the lease was for, when it is out: no later word brings it back.
func (b *browser) wipe() {
	if !time.Now().Before(b.leased) {
		b.items, b.shadow = nil, nil
	}
}

// take applies a frame, which came some time ago if the line was cut meanwhile. It is
// called with the lock held.
func (b *browser) take(f protocol.Frame, came time.Time) {
	switch f := f.(type) {
	case protocol.Welcome:
		b.leased = came.Add(time.Duration(f.LeaseMillis) * time.Millisecond)
		b.send(protocol.Choose{Commission: b.for_})
	case protocol.Chosen:
		b.request++
		b.send(protocol.Open{Request: b.request, Patient: b.patient})
	case protocol.Opened:
		b.opened = true
		b.show()
	case protocol.Heartbeat:
		b.leased = came.Add(time.Duration(f.LeaseMillis) * time.Millisecond)
		b.send(protocol.Beat{Generation: b.generation, Index: f.Position.Index})
	case protocol.Revoke:
		b.revoked(f)
	default:
		b.shown(f)
	}
}

// shown takes what is of the patient.
func (b *browser) shown(f protocol.Frame) {
	switch f := f.(type) {
	case protocol.Begin:
		if f.Generation == b.generation {
			b.shadow = map[protocol.DocumentKey]protocol.Item{}
		}
	case protocol.Chunk:
		b.disclosed(f.Generation)
		if f.Generation == b.generation && b.shadow != nil {
			for _, item := range f.Items {
				b.shadow[item.Key] = item
			}
		}
	case protocol.End:
		if f.Generation == b.generation && b.shadow != nil {
			b.items, b.shadow, b.firm = b.shadow, nil, b.generation
			b.became(f.Position.Index, false)
		}
	case protocol.Batch:
		if len(f.Upserts) > 0 {
			b.disclosed(f.Generation)
		}
		if f.Generation == b.generation && b.items != nil {
			for _, item := range f.Upserts {
				b.items[item.Key] = item
			}
			for _, key := range f.Removes {
				delete(b.items, key)
			}
			b.became(f.To, true)
		}
	case protocol.BodyFrame:
		if d, ok := b.reads[f.Request]; ok {
			b.world.received(b.who, d)
		} else {
			b.world.ledger.fault(broken("P1", "a document that was not asked for"))
		}
	}
}

// disclosed has it checked that a view of a generation was recorded.
func (b *browser) disclosed(g protocol.Generation) {
	var asked time.Time
	for one, at := range b.asked {
		if one <= g && at.After(asked) {
			asked = at
		}
	}
	b.world.received(b.who, disclosed{patient: b.patient, asked: asked})
}

func (b *browser) became(index uint64, batch bool) {
	b.takes = append(b.takes, shown{b.world.ring.Patient(b.patient), index, b.others(), batch})
}

func (b *browser) revoked(f protocol.Revoke) {
	b.generation, b.shadow = max(b.generation, f.Next), nil
	if len(f.Documents) == 0 {
		b.items = nil
	}
	for _, key := range f.Documents {
		delete(b.items, key)
	}
	for g := range b.asked {
		if g > b.firm { // a Show that crossed the Revoke: the node does not answer it
			delete(b.asked, g)
		}
	}
	b.send(protocol.Ack{Generation: f.Next})
}

// show asks for a view. It is called with the lock held.
func (b *browser) show() {
	b.generation++
	b.asked[b.generation] = time.Now()
	b.send(protocol.Show{Generation: b.generation, Contracts: []protocol.Contract{protocol.Diagnosis}})
}

// act does what a user does with an open patient: read, consent, take it back, look anew.
func (b *browser) act(what, which int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line == nil || !b.opened {
		return
	}
	b.request++
	switch what {
	case 0:
		if len(b.items) == 0 {
			return
		}
		keys := make([]protocol.DocumentKey, 0, len(b.items))
		for key := range b.items {
			keys = append(keys, key)
		}
		slices.SortFunc(keys, func(a, b protocol.DocumentKey) int { return slices.Compare(a[:], b[:]) })
		key := keys[which%len(keys)]
		b.reads[b.request] = disclosed{patient: b.patient, document: key, asked: time.Now()}
		b.send(protocol.Read{Request: b.request, Generation: b.generation, Document: key})
	case 1:
		b.send(protocol.Consent{Request: b.request, Days: 1})
	case 2:
		b.send(protocol.EndConsent{Request: b.request})
	default:
		b.show()
	}
}

// others tells whether documents of the other care provider are on the screen.
func (b *browser) others() bool {
	other := must(protocol.ParseCareProviderID(otherProvider))
	for _, item := range b.items {
		if item.Header.CareProvider == other {
			return true
		}
	}
	return false
}

// look returns what became of the screen since the last step, and what it shows now.
func (b *browser) look(at time.Time) (takes []shown, patient protocol.PatientID, others bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	takes, b.takes = b.takes, nil
	return takes, b.patient, at.Before(b.leased) && b.others()
}
