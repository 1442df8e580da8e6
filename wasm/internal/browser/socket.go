//go:build js && wasm

package browser

import (
	"syscall/js"

	"tvilling/protocol"
)

// subprotocol is what the websocket asks for.
const subprotocol = "tvilling.v1"

// maxUnsent bounds what waits to be sent. Frames from a browser are small; this much
// means that the line is dead, and the socket is closed.
const maxUnsent = 64 << 10

// socketEvents are told in the order they happen; nothing follows closed, and
// nothing at all follows a close from this side.
type socketEvents struct {
	opened     func()
	message    func(data []byte)
	unreadable func()
	closed     func(code uint16)
}

// socket is the browser's WebSocket. Messages are handed on in the callback that
// brings them, so there is no queue to grow: while the program works the browser
// holds back, and the node's own bounded queue is what fills.
type socket struct {
	ws     js.Value
	events socketEvents
	bound  map[string]js.Func
}

// open opens a websocket. An address that the browser or the page's policy refuses
// is a socket that closes.
func open(page js.Value, url string, events socketEvents) *socket {
	s := &socket{ws: page.Call("socket", url, subprotocol), events: events, bound: map[string]js.Func{}}
	s.bind("open", func(js.Value) { s.events.opened() })
	s.bind("message", s.message)
	s.bind("close", func(event js.Value) {
		code := event.Get("code").Int()
		s.release()
		s.events.closed(uint16(code))
	})
	return s
}

func (s *socket) bind(name string, handle func(event js.Value)) {
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if s.bound != nil && len(args) > 0 {
			handle(args[0])
		}
		return nil
	})
	s.bound[name] = f
	s.ws.Call("addEventListener", name, f)
}

// message hands on a binary message within the limit.
func (s *socket) message(event js.Value) {
	data := event.Get("data")
	if data.Type() != js.TypeObject {
		s.events.unreadable()
		return
	}
	view := js.Global().Get("Uint8Array").New(data)
	length := view.Get("byteLength").Int()
	if length == 0 || length > protocol.MaxFrameBytes {
		s.events.unreadable()
		return
	}
	b := make([]byte, length)
	js.CopyBytesToGo(b, view)
	s.events.message(b)
}

// isOpen is the readyState of an open socket.
const isOpen = 1

func (s *socket) send(data []byte) {
	if s.bound == nil || s.ws.Get("readyState").Int() != isOpen {
		return // its close is on the way
	}
	if s.ws.Get("bufferedAmount").Int() > maxUnsent {
		s.ws.Call("close", int(protocol.CloseSlow))
		return
	}
	view := js.Global().Get("Uint8Array").New(len(data))
	js.CopyBytesToJS(view, data)
	s.ws.Call("send", view)
}

// close closes without another event. Browsers send 1000 and 3000 to 4999 only.
func (s *socket) close(code uint16) {
	if s.bound == nil {
		return
	}
	s.release()
	if code < 3000 || code > 4999 {
		code = 1000
	}
	s.ws.Call("close", int(code))
}

func (s *socket) release() {
	for name, f := range s.bound {
		s.ws.Call("removeEventListener", name, f)
		f.Release()
	}
	s.bound = nil
}
