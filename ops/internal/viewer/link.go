package viewer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"tvilling/protocol"
)

// Times of a stream: those of the browser's client.
const (
	climbTimeout = 12 * time.Second // a link that owes an answer for so long is given up
	backoffBase  = 200 * time.Millisecond
	backoffMax   = 10 * time.Second
	maxGoAway    = 2 * time.Minute
	maxLease     = 2 * time.Minute // no lease is believed to be longer
	comeBack     = time.Second     // after a view was refused or taken away whole: somebody tries again
	sendWithin   = 2 * time.Second // a frame to a node; the socket's buffers take every frame of ours at once
	maxLinks     = 17              // addresses that are tried: the first and the alternates
)

// stage is how far a link has climbed.
type stage uint8

const (
	dialling stage = iota
	greeting
	choosing
	opening
	showing
	live
	idle // refused, or taken away whole: it is opened again after a while
)

// link is one websocket of a stream.
type link struct {
	url        string
	conn       *websocket.Conn
	cut        context.CancelFunc
	stage      stage
	generation protocol.Generation
	request    uint32
	resumed    bool
	shadow     *store
	doubts     int
	index      uint64 // of the snapshot
	beat       time.Duration
	lease      time.Duration
	given      time.Time // when the lease was
	heard      time.Time
	moved      time.Time // a step higher, or an answer
}

// silentAt is when a link that says nothing more counts as silent.
func (l *link) silentAt() time.Time { return l.heard.Add(l.beat * 5 / 2) }

// waits reports whether an answer is owed that takes the link a step higher.
func (l *link) waits() bool { return l.stage < live }

// event is what a link's goroutine brings: a connection, a frame or its end.
type event struct {
	link  *link
	conn  *websocket.Conn
	frame protocol.Frame
	err   error
}

// run dials and reads until the connection ends.
func (s *Stream) run(ctx context.Context, l *link) {
	dial, cancel := context.WithTimeout(ctx, climbTimeout)
	conn, err := connect(dial, l.url)
	cancel()
	if err != nil {
		s.bring(ctx, event{link: l, err: err})
		return
	}
	defer func() { _ = conn.CloseNow() }()
	if !s.bring(ctx, event{link: l, conn: conn}) {
		return
	}
	for {
		_, b, err := conn.Read(ctx)
		var f protocol.Frame
		if err == nil {
			if f, err = protocol.DecodeNodeFrame(b); err != nil {
				err = fmt.Errorf("%w: %w", ErrView, err)
			}
		}
		if !s.bring(ctx, event{link: l, frame: f, err: err}) || err != nil {
			return
		}
	}
}

// bring hands an event to the owner, unless the link is cut.
func (s *Stream) bring(ctx context.Context, e event) bool {
	select {
	case s.events <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

// dial opens the next link, at the next address in turn.
func (s *Stream) dial(now time.Time) {
	s.planned = time.Time{}
	if s.next != nil {
		return
	}
	url := s.turn()
	if s.live != nil && url == s.live.url {
		url = s.turn() // the live node is the one to get away from
	}
	ctx, cut := context.WithCancel(s.ctx)
	s.next = &link{url: url, cut: cut, heard: now, moved: now}
	next := s.next
	s.helpers.Go(func() { s.run(ctx, next) })
}

func (s *Stream) turn() string {
	url := s.addresses[s.cursor%len(s.addresses)]
	s.cursor = (s.cursor + 1) % len(s.addresses)
	return url
}

// send sends a frame. One that cannot be sent shows as the link's end.
func (s *Stream) send(l *link, f protocol.Frame) {
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, sendWithin)
	defer cancel()
	_ = l.conn.Write(ctx, websocket.MessageBinary, protocol.AppendClientFrame(nil, f))
}

// lost forgets a link that is closed, and plans another.
func (s *Stream) lost(l *link, now time.Time) {
	l.cut()
	switch l {
	case s.live:
		s.live, s.moving = nil, false
		s.counts.Broken++
	case s.next:
		s.next = nil
	default:
		return // closed by us
	}
	limit := min(backoffBase<<min(s.attempts, 6), backoffMax)
	s.attempts++
	s.plan(now.Add(time.Duration(s.random.Int64N(int64(limit)))))
}

func (s *Stream) plan(at time.Time) {
	if s.planned.IsZero() && s.next == nil {
		s.planned = at
	}
}

// climb sends what takes a link one step nearer to a view.
func (s *Stream) climb(l *link, now time.Time) {
	l.moved = now
	switch l.stage {
	case choosing:
		s.send(l, protocol.Choose{Commission: s.commission})
	case opening:
		l.request++
		s.send(l, protocol.Open{Request: l.request, Patient: s.patient})
	case showing:
		s.show(l, now)
	}
}

// show asks for the view, under a new generation.
func (s *Stream) show(l *link, now time.Time) {
	l.generation++
	l.stage, l.shadow, l.moved = showing, nil, now
	l.resumed = s.view.store != nil && s.view.link != l
	s.send(l, protocol.Show{Generation: l.generation, Contracts: protocol.Contracts(), Resumed: l.resumed})
}

// promote puts the next link in the live one's place and closes that: make before break.
func (s *Stream) promote(l *link) {
	if l != s.next {
		return
	}
	if old := s.live; old != nil {
		s.helpers.Go(func() { // what it still says is not read
			if old.conn != nil {
				_ = old.conn.Close(websocket.StatusNormalClosure, "")
			}
			old.cut()
		})
		if s.moving {
			s.counts.Moved++
		}
	}
	s.live, s.next, s.moving, s.attempts = l, nil, false, 0
}

// comesBack reports whether a closed connection is to be opened again.
func comesBack(err error) bool {
	code := websocket.CloseStatus(err)
	return code < 4500 || code > 4999
}

// errForbidden ends a stream that a node has told not to come back.
var errForbidden = errors.New("told not to come back")
