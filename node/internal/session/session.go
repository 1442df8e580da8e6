package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tvilling/node/internal/record"
	"tvilling/protocol"
)

// ErrMalformed is a message that is no frame; a Conn's Read may say so too.
var ErrMalformed = errors.New("session: a frame that cannot be read")

// closing is why a session ends. Zero: it goes on.
type closing struct {
	code   protocol.CloseCode
	reason string // fixed words: they go to the browser
	err    error  // for the operator's log
}

// session is one websocket. Everything in it but in and out belongs to the owner.
type session struct {
	service *Service
	peer    peer
	id      string
	log     *slog.Logger
	in      inbox
	out     *outbox
	helpers sync.WaitGroup
	work    context.Context // of what waits for others; it ends with the session's work

	who        who
	notices    notices
	open       *open
	acts       acts
	generation protocol.Generation
	clock      clock
	end        closing
}

// peer is the other side of the websocket.
type peer struct {
	conn   Conn
	caller Caller
}

// inbox is how the other goroutines reach the owner.
type inbox struct {
	frames chan protocol.Frame
	done   chan func() // continuations of what waited for the log
	ended  chan error  // the reader or the writer has ended
	goAway chan protocol.GoAway
	moving chan struct{} // the node has no more time
}

// acts are the requests that wait. Those about the open patient follow upon each other:
// the next one waits until the one before has been answered.
type acts struct {
	waiting   []protocol.Frame
	busy      bool
	trending  bool // the values of an analysis are looked for
	thought   thoughts
	following bool // the access log is being followed up
	inFlight  int  // of all kinds
}

func newSession(s *Service, conn Conn, caller Caller) *session {
	id := text(record.NewID())
	return &session{
		service: s, peer: peer{conn, caller}, id: id,
		log: s.cfg.Logger.With("session", id),
		in: inbox{
			frames: make(chan protocol.Frame),
			done:   make(chan func(), s.cfg.Limits.InFlight+beside),
			ended:  make(chan error, 2),
			goAway: make(chan protocol.GoAway, 1),
			moving: make(chan struct{}, 1),
		},
		out: newOutbox(&s.budget),
	}
}

// serve runs the session to its end. The socket's goroutines outlive ctx, so that a
// node that stops can still say goodbye; cancelling a write would break the socket.
func (s *session) serve(ctx context.Context) {
	socket, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	written := make(chan struct{})
	s.helpers.Go(func() { s.in.ended <- s.read(socket) })
	s.helpers.Go(func() {
		defer close(written)
		s.in.ended <- s.out.write(socket, s.peer.conn)
	})
	var stop context.CancelFunc
	s.work, stop = context.WithCancel(ctx)
	s.run()
	stop()
	s.leave()
	s.abandonAcks()
	s.out.withdraw(^protocol.Generation(0)) // nothing of a patient leaves after the end
	s.out.close()
	select {
	case <-written:
	case <-time.After(lastWords):
	}
	s.peer.conn.Close(s.end.code, s.end.reason)
	cut()
	s.helpers.Wait()
	s.out.empty()
	s.log.Info("session ended", "code", uint16(s.end.code), "reason", s.end.reason, "error", s.end.err)
}

// run is the owner's loop.
func (s *session) run() {
	s.clock.start(time.Now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for s.end == (closing{}) {
		s.pump()
		timer.Reset(s.clock.wait(time.Now()))
		select {
		case <-s.work.Done():
			s.close(protocol.CloseMoving, "the node stops", nil)
		case <-s.in.moving:
			s.close(protocol.CloseMoving, "the node goes away", nil)
		case <-s.service.cfg.State.Done():
			s.close(protocol.CloseMoving, "the node has failed", nil)
		case g := <-s.in.goAway:
			s.out.jump(protocol.AppendFrame(nil, g), nil)
		case err := <-s.in.ended:
			s.disconnected(err)
		case f := <-s.in.frames:
			s.clock.unanswered = 0
			s.frame(f)
		case then := <-s.in.done:
			then()
		case e := <-s.changes():
			s.changed(e)
		case <-s.out.drained:
		case <-timer.C:
			s.tick(time.Now())
		}
	}
}

// pump starts what can be started now: the next act, and the next batch when the
// browser has taken the one before.
func (s *session) pump() {
	for !s.acts.busy && len(s.acts.waiting) > 0 {
		f := s.acts.waiting[0]
		s.acts.waiting = s.acts.waiting[1:]
		s.act(f)
	}
	s.flush()
}

// close ends the session, unless something else has already.
func (s *session) close(code protocol.CloseCode, reason string, err error) {
	if s.end == (closing{}) {
		s.end = closing{code: code, reason: reason, err: err}
	}
}

func (s *session) disconnected(err error) {
	switch {
	case errors.Is(err, ErrMalformed):
		s.refuse(0, protocol.FaultMalformed, err)
		s.close(protocol.CloseMalformed, "a frame that cannot be read", err)
	case errors.Is(err, errSlow):
		s.close(protocol.CloseSlow, "too slow", err)
	default:
		s.close(protocol.CloseMoving, "disconnected", err)
	}
}

// goAway tells the browser to move; from any goroutine.
func (s *session) goAway(g protocol.GoAway) {
	select {
	case s.in.goAway <- g:
	default: // it has been told
	}
}

// read is the reader.
func (s *session) read(ctx context.Context) error {
	limit := newPace(s.service.cfg.Limits)
	for {
		b, err := s.peer.conn.Read(ctx)
		if err != nil {
			return err
		}
		f, err := protocol.DecodeClientFrame(b)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if wait := limit.take(time.Now()); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		select {
		case s.in.frames <- f:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// frame takes one frame. What needs the log and must keep its order waits its turn;
// reads go beside each other.
func (s *session) frame(f protocol.Frame) {
	if _, first := f.(protocol.Hello); !first && !s.who.greeted {
		s.refuse(0, protocol.FaultMalformed, nil)
		s.close(protocol.CloseMalformed, "Hello comes first", nil)
		return
	}
	switch f := f.(type) {
	case protocol.Hello:
		s.hello(f)
	case protocol.Choose:
		s.choose(f)
	case protocol.Open, protocol.Consent, protocol.EndConsent, protocol.Emergency, protocol.Ask, protocol.Show:
		if len(s.acts.waiting) >= waitingActs {
			s.refuse(request(f), protocol.FaultBusy, nil)
			return
		}
		s.acts.waiting = append(s.acts.waiting, f)
	case protocol.Read:
		s.readDocument(f)
	case protocol.Follow:
		s.report(f)
	case protocol.Review:
		s.review(f)
	case protocol.Trend, protocol.Take, protocol.Feedback:
		s.besides(f)
	case protocol.Leave:
		s.acts.waiting = nil
		s.leave()
	case protocol.Ack:
		s.acknowledged(f.Generation)
	case protocol.Active:
		s.active()
	case protocol.Beat:
	}
}

// besides takes what a page can ask for since version 3, beside the view.
func (s *session) besides(f protocol.Frame) {
	if s.who.wire < wireSession {
		s.refuse(request(f), protocol.FaultMalformed, nil)
		return
	}
	switch f := f.(type) {
	case protocol.Trend:
		s.trend(f)
	case protocol.Take:
		s.takeAway(f)
	case protocol.Feedback:
		s.think(f)
	}
}

func (s *session) act(f protocol.Frame) {
	switch f := f.(type) {
	case protocol.Open:
		s.openPatient(f)
	case protocol.Consent:
		s.consent(f)
	case protocol.EndConsent:
		s.endConsent(f)
	case protocol.Emergency:
		s.emergency(f)
	case protocol.Ask:
		s.askAbout(f)
	case protocol.Show:
		s.show(f)
	}
}

// request is the number that a refusal of the frame carries.
func request(f protocol.Frame) uint32 {
	switch f := f.(type) {
	case protocol.Open:
		return f.Request
	case protocol.Consent:
		return f.Request
	case protocol.EndConsent:
		return f.Request
	case protocol.Emergency:
		return f.Request
	case protocol.Trend:
		return f.Request
	case protocol.Take:
		return f.Request
	case protocol.Feedback:
		return f.Request
	case protocol.Ask:
		return f.Request
	default:
		return 0
	}
}

// later does work that waits for the log on a goroutine of its own, and what it
// returns on the owner's.
func (s *session) later(work func(ctx context.Context) func()) {
	s.acts.inFlight++
	s.helpers.Go(func() {
		then := work(s.work)
		s.in.done <- func() { // has room for everything in flight
			s.acts.inFlight--
			then()
		}
	})
}

// actLater is later for an act: the next act waits for it.
func (s *session) actLater(work func(ctx context.Context) func()) {
	s.acts.busy = true
	s.later(func(ctx context.Context) func() {
		then := work(ctx)
		return func() {
			s.acts.busy = false
			then()
		}
	})
}

// put queues a frame that discloses nothing of a patient's record.
func (s *session) put(f protocol.Frame) { s.queue(out{frame: protocol.AppendFrame(nil, f)}) }

// queue queues a frame. When one cannot be, no later one is: the session ends there.
func (s *session) queue(f out) {
	if s.end != (closing{}) {
		return
	}
	switch err := s.out.put(f); {
	case errors.Is(err, errCrowded):
		s.close(protocol.CloseSlow, "the node is full", err)
	case err != nil:
		s.close(protocol.CloseSlow, "too slow", err)
	}
}

// refuse answers with a fault that no record stands for.
func (s *session) refuse(request uint32, fault protocol.Fault, err error) {
	s.refuseWith(request, refused(record.NewID(), fault, err))
}

func (s *session) refuseWith(request uint32, r refusal) {
	s.log.Info("refused", "fault", uint16(r.fault), "id", r.id, "error", r.err)
	s.put(protocol.Refused{Request: request, Fault: r.fault, ID: r.id, At: r.at})
}
