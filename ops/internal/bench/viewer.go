package bench

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
)

// errView is a view that is not what it should be.
var errView = errors.New("the view is not what it should be")

// refusedError is a node's no.
type refusedError struct{ fault protocol.Fault }

func (e *refusedError) Error() string { return "refused with " + e.fault.Info().Code }

// viewer is a browser without a screen: one websocket, one person, one patient at a
// time. It decodes everything that it is sent.
type viewer struct {
	conn       *websocket.Conn
	generation protocol.Generation
	request    uint32
}

// dial connects to a data node and becomes somebody, under that person's commission.
func dial(ctx context.Context, origin, person string) (*viewer, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(origin, "http")+"/stream", &websocket.DialOptions{
		Subprotocols: []string{"tvilling.v1"}, HTTPHeader: http.Header{"Origin": {origin}},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	conn.SetReadLimit(protocol.MaxFrameBytes)
	v := &viewer{conn: conn}
	welcome, err := ask[protocol.Welcome](ctx, v, protocol.Hello{Version: protocol.Version, Person: person})
	if err == nil && len(welcome.Commissions) == 0 {
		err = fmt.Errorf("%s has no commission", person)
	}
	if err == nil {
		_, err = ask[protocol.Chosen](ctx, v, protocol.Choose{Commission: welcome.Commissions[0].ID})
	}
	if err != nil {
		v.close()
		return nil, err
	}
	return v, nil
}

func (v *viewer) close() { _ = v.conn.CloseNow() }

func (v *viewer) send(ctx context.Context, f protocol.Frame) error {
	return v.conn.Write(ctx, websocket.MessageBinary, protocol.AppendClientFrame(nil, f))
}

// next reads the next frame that answers something, or that takes something away:
// that is acknowledged then.
func (v *viewer) next(ctx context.Context) (protocol.Frame, error) {
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
		case protocol.Revoke:
			v.generation = f.Next
			if err := v.send(ctx, protocol.Ack{Generation: f.Next}); err != nil {
				return nil, err
			}
			return f, nil
		case protocol.Refused:
			return nil, &refusedError{f.Fault}
		default:
			return f, nil
		}
	}
}

// ask sends a frame and waits for the answer of the kind that it has.
func ask[T protocol.Frame](ctx context.Context, v *viewer, f protocol.Frame) (T, error) {
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
func (v *viewer) opened(ctx context.Context, f protocol.Frame, request uint32) (protocol.Opened, error) {
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

// open asks for a patient: decided and recorded, and nothing is disclosed.
func (v *viewer) open(ctx context.Context, patient string) error {
	id, err := protocol.ParsePatientID(patient)
	if err != nil {
		return err
	}
	v.request++
	_, err = v.opened(ctx, protocol.Open{Request: v.request, Patient: id}, v.request)
	return err
}

func (v *viewer) consent(ctx context.Context) error {
	v.request++
	got, err := v.opened(ctx, protocol.Consent{Request: v.request, Days: 1}, v.request)
	if err == nil && got.Basis != protocol.BasisConsent {
		err = fmt.Errorf("%w: no basis after a consent", errView)
	}
	return err
}

// endConsent returns when the end of the consent is acknowledged.
func (v *viewer) endConsent(ctx context.Context) error {
	v.request++
	got, err := v.opened(ctx, protocol.EndConsent{Request: v.request}, v.request)
	if err == nil && got.Basis != protocol.BasisNone {
		err = fmt.Errorf("%w: a basis after the end of the consent", errView)
	}
	return err
}

// show chooses every type and takes the whole view: the node has decided and recorded
// before it sends it. It counts and adds up what came.
func (v *viewer) show(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	v.generation++
	if err := v.send(ctx, protocol.Show{Generation: v.generation, Contracts: protocol.Contracts()}); err != nil {
		return 0, err
	}
	var digest uint64
	count := 0
	for {
		got, err := v.next(ctx)
		if err != nil {
			return 0, err
		}
		switch f := got.(type) {
		case protocol.Begin:
			count, digest = 0, 0
		case protocol.Chunk:
			for _, item := range f.Items {
				digest += protocol.Mix(item.Key, item.Rev)
			}
			count += len(f.Items)
		case protocol.End:
			if f.Generation != v.generation {
				continue
			}
			if int(f.Count) != count || f.Digest != digest {
				return 0, fmt.Errorf("%w: %d documents came, and count or digest do not agree", errView, count)
			}
			return count, nil
		}
	}
}

// revoked waits until every document of the view has been taken away because the access
// changed, and returns when the last of that was acknowledged.
func (v *viewer) revoked(ctx context.Context, shown int) (time.Time, error) {
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
			return time.Time{}, fmt.Errorf("%w: taken away with %s", errView, f.Fault.Info().Code)
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
