package viewer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"tvilling/protocol"
)

// Limits of a viewer.
const (
	dialWithin   = 5 * time.Second
	answerWithin = 10 * time.Second
	maxShows     = 20 // times that one view is asked for, each since a Revoke came between
)

// Errors.
var (
	ErrView         = errors.New("the view is not what it should be")
	ErrNoCommission = errors.New("the person has no commission")
)

// RefusedError is a node's no.
type RefusedError struct{ Fault protocol.Fault }

func (e *RefusedError) Error() string { return "refused with " + e.Fault.Info().Code }

// Passing reports whether another node, or the same one later, may say yes.
func Passing(f protocol.Fault) bool {
	switch f {
	case protocol.FaultNoQuorum, protocol.FaultBehind, protocol.FaultBusy, protocol.FaultInternal:
		return true
	}
	return false
}

// Viewer asks for one thing at a time. It reads what comes only while it waits for an
// answer, so one that is kept must be used again within a few seconds.
type Viewer struct {
	conn       *websocket.Conn
	node       string
	generation protocol.Generation
	request    uint32
	leaving    bool
	acts       bool      // the node counts the time since a user did something
	acted      time.Time // when it was told of that
}

// connect opens a websocket at a node's address for browsers.
func connect(ctx context.Context, origin string) (*websocket.Conn, error) {
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(origin, "http")+"/stream", &websocket.DialOptions{
		Subprotocols: []string{"tvilling.v1"}, HTTPHeader: http.Header{"Origin": {origin}},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	conn.SetReadLimit(protocol.MaxFrameBytes)
	return conn, nil
}

// Dial connects to a data node and becomes somebody, under that person's commission.
func Dial(ctx context.Context, origin, person string) (*Viewer, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	conn, err := connect(ctx, origin)
	if err != nil {
		return nil, err
	}
	v := &Viewer{conn: conn}
	welcome, err := ask[protocol.Welcome](ctx, v, protocol.Hello{Version: protocol.Version, Person: person})
	if err == nil && len(welcome.Commissions) == 0 {
		err = fmt.Errorf("%w: %s", ErrNoCommission, person)
	}
	if err == nil {
		v.node, v.acts = welcome.Node, welcome.Version >= 3
		_, err = ask[protocol.Chosen](ctx, v, protocol.Choose{Commission: welcome.Commissions[0].ID})
	}
	if err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// Node is who answers.
func (v *Viewer) Node() string { return v.node }

// Leaving reports whether the node has asked to be left.
func (v *Viewer) Leaving() bool { return v.leaving }

// Close cuts the connection.
func (v *Viewer) Close() { _ = v.conn.CloseNow() }

func (v *Viewer) send(ctx context.Context, f protocol.Frame) error {
	return v.conn.Write(ctx, websocket.MessageBinary, protocol.AppendClientFrame(nil, f))
}

// next reads the next frame that answers something, or that takes something away:
// that is acknowledged then.
func (v *Viewer) next(ctx context.Context) (protocol.Frame, error) {
	for {
		_, b, err := v.conn.Read(ctx)
		if err != nil {
			return nil, err
		}
		f, err := protocol.DecodeNodeFrame(b)
		if err != nil {
			return nil, err
		}
		switch f := f.(type) {
		case protocol.Heartbeat:
			if err := v.send(ctx, protocol.Beat{Generation: v.generation, Index: f.Position.Index}); err != nil {
				return nil, err
			}
			if v.acts && time.Since(v.acted) >= time.Minute {
				v.acted = time.Now()
				if err := v.send(ctx, protocol.Active{}); err != nil {
					return nil, err
				}
			}
		case protocol.Revoke:
			v.generation = f.Next
			if err := v.send(ctx, protocol.Ack{Generation: f.Next}); err != nil {
				return nil, err
			}
			return f, nil
		case protocol.GoAway:
			v.leaving = true
		case protocol.Refused:
			return nil, &RefusedError{f.Fault}
		default:
			return f, nil
		}
	}
}

// ask sends a frame and waits for the answer of the kind that it has.
func ask[T protocol.Frame](ctx context.Context, v *Viewer, f protocol.Frame) (T, error) {
	var zero T
	if err := v.send(ctx, f); err != nil {
		return zero, err
	}
	for {
		got, err := v.next(ctx)
		if err != nil {
			return zero, err
		}
		if answer, is := got.(T); is {
			return answer, nil
		}
	}
}

// opened asks for something that Opened answers, by request.
func (v *Viewer) opened(ctx context.Context, f protocol.Frame, request uint32) (protocol.Opened, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if err := v.send(ctx, f); err != nil {
		return protocol.Opened{}, err
	}
	for {
		got, err := v.next(ctx)
		if err != nil {
			return protocol.Opened{}, err
		}
		if answer, is := got.(protocol.Opened); is && answer.Request == request {
			return answer, nil
		}
	}
}

// Open asks for a patient: decided and recorded, and nothing is disclosed.
func (v *Viewer) Open(ctx context.Context, patient string) (protocol.Opened, error) {
	id, err := protocol.ParsePatientID(patient)
	if err != nil {
		return protocol.Opened{}, err
	}
	v.request++
	return v.opened(ctx, protocol.Open{Request: v.request, Patient: id}, v.request)
}

// Consent attests a consent of the open patient for a day, and returns when it counts.
func (v *Viewer) Consent(ctx context.Context) error {
	v.request++
	got, err := v.opened(ctx, protocol.Consent{Request: v.request, Days: 1}, v.request)
	if err == nil && got.Basis != protocol.BasisConsent {
		err = fmt.Errorf("%w: no basis after a consent", ErrView)
	}
	return err
}

// EndConsent returns when the end of the consent is acknowledged.
func (v *Viewer) EndConsent(ctx context.Context) error {
	v.request++
	got, err := v.opened(ctx, protocol.EndConsent{Request: v.request}, v.request)
	if err == nil && got.Basis != protocol.BasisNone {
		err = fmt.Errorf("%w: a basis after the end of the consent", ErrView)
	}
	return err
}

// Show chooses every type and takes the whole view: the node has decided and recorded
// before it sends it. A Revoke that comes between is the end of that view, and it is
// asked for again.
func (v *Viewer) Show(ctx context.Context) ([]protocol.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	for range maxShows {
		items, whole, err := v.show(ctx)
		if err != nil || whole {
			return items, err
		}
	}
	return nil, fmt.Errorf("%w: revoked %d times before it was whole", ErrView, maxShows)
}

func (v *Viewer) show(ctx context.Context) (items []protocol.Item, whole bool, err error) {
	v.generation++
	generation := v.generation
	if err := v.send(ctx, protocol.Show{Generation: generation, Contracts: protocol.Contracts()}); err != nil {
		return nil, false, err
	}
	for {
		got, err := v.next(ctx)
		if err != nil {
			return nil, false, err
		}
		switch f := got.(type) {
		case protocol.Revoke:
			return nil, false, nil
		case protocol.Begin:
			items = nil
		case protocol.Chunk:
			if f.Generation == generation {
				items = append(items, f.Items...)
			}
		case protocol.End:
			if f.Generation != generation {
				continue
			}
			if digest := digestOf(items); int(f.Count) != len(items) || f.Digest != digest {
				return nil, false, fmt.Errorf("%w: %d documents came, and count or digest do not agree", ErrView, len(items))
			}
			return items, true, nil
		}
	}
}

func digestOf(items []protocol.Item) (digest uint64) {
	for _, item := range items {
		digest += protocol.Mix(item.Key, item.Rev)
	}
	return digest
}

// Revoked waits until every document of the view has been taken away because the access
// changed, and returns when the last of that was acknowledged.
func (v *Viewer) Revoked(ctx context.Context, shown int) (time.Time, error) {
	for {
		got, err := v.next(ctx)
		if err != nil {
			return time.Time{}, err
		}
		f, is := got.(protocol.Revoke)
		switch {
		case !is:
			continue
		case f.Fault != protocol.FaultAccessChanged:
			return time.Time{}, fmt.Errorf("%w: taken away with %s", ErrView, f.Fault.Info().Code)
		case len(f.Documents) > 0:
			shown -= len(f.Documents)
		default:
			shown = 0
		}
		if shown <= 0 {
			return time.Now(), nil
		}
	}
}
