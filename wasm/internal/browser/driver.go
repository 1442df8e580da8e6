//go:build js && wasm

package browser

import (
	"syscall/js"

	"tvilling/protocol"
	"tvilling/wasm/internal/client"
)

// maxQueued bounds the inputs that come while one is being taken. Only the page's
// own calls can cause them, a few at a time; more is a mistake in the program, which
// ends it, and then the page's script wipes the screen.
const maxQueued = 256

// driver holds the state and takes one event at a time. It runs on the browser's one
// thread, inside callbacks; it has no goroutine of its own.
type driver struct {
	state    client.State
	painter  *client.Painter
	page     js.Value // the script's functions
	clock    js.Value // performance
	date     js.Value
	document js.Value
	chance   js.Value // Math
	sockets  map[client.LinkID]*socket
	queue    []client.Input
	busy     bool
	screen   []client.Effect // effects on the screen that wait for the next frame
	framed   bool            // a frame is asked for
	woken    int64           // when the timer rings; -1: not set
	vouched  int64           // until when the page may stand without a word from here; -1: for ever
}

// Run runs the client until the page goes away.
func Run() {
	d := &driver{
		state:    client.New(),
		painter:  client.NewPainter(),
		page:     js.Global().Get("tvilling"),
		clock:    js.Global().Get("performance"),
		date:     js.Global().Get("Date"),
		document: js.Global().Get("document"),
		chance:   js.Global().Get("Math"),
		sockets:  map[client.LinkID]*socket{},
		woken:    -1,
		vouched:  -1,
	}
	d.page.Call("listen", js.FuncOf(func(_ js.Value, args []js.Value) any {
		d.hear(args)
		return nil
	}))
	d.dispatch(client.Start{Stream: streamAddress()})
	select {}
}

// streamAddress is the websocket at the page's own node.
func streamAddress() string {
	location := js.Global().Get("location")
	scheme := "ws://"
	if location.Get("protocol").String() == "https:" {
		scheme = "wss://"
	}
	return scheme + location.Get("host").String() + "/stream"
}

// hear takes what the page's script tells: kind, two texts, two numbers.
func (d *driver) hear(args []js.Value) {
	a, b := args[1].String(), args[2].String()
	switch args[0].String() {
	case "frame":
		d.framed = false
		d.take(client.Frame{})
		d.paint()
		d.setTimer()
	case "look":
		d.dispatch(client.Look{})
		d.paint()
	case "timer":
		d.dispatch(client.Look{}) // what takes data away paints by itself
	case "act":
		d.dispatch(client.Act{Name: client.Action(a), Value: b})
	case "typed":
		d.dispatch(client.Typed{Field: a, Value: b})
	case "key":
		d.dispatch(client.Pressed{Key: a})
	case "focus":
		d.dispatch(client.Focused{Row: a})
	case "point":
		d.dispatch(client.Pointed{Over: a != ""})
	case "scroll":
		d.dispatch(client.Scrolled{Top: args[3].Int()})
	case "chart":
		d.dispatch(client.Charted{What: a, Key: b, X: args[3].Int(), Y: args[4].Int()})
	case "measure":
		d.dispatch(client.Measured{Height: args[3].Int(), Row: args[4].Int()})
	case "touched":
		d.dispatch(client.Touched{})
	case "copying":
		d.dispatch(client.Copying{Document: a != ""})
	case "printing":
		d.dispatch(client.Printing{})
	case "printed":
		d.dispatch(client.Printed{})
	case "expired":
		d.dispatch(client.Expired{})
	case "leaving":
		d.dispatch(client.Leaving{})
	}
}

// dispatch takes an input, and sees to it that what it changes is painted.
func (d *driver) dispatch(in client.Input) {
	d.take(in)
	if d.busy {
		return
	}
	d.askFrame()
	d.setTimer()
}

// take takes an input, and those that taking it brought about.
func (d *driver) take(in client.Input) {
	if len(d.queue) >= maxQueued {
		panic("browser: inputs without end")
	}
	d.queue = append(d.queue, in)
	if d.busy {
		return
	}
	d.busy = true
	for len(d.queue) > 0 {
		next := d.queue[0]
		d.queue = d.queue[1:]
		d.step(next)
	}
	d.queue = nil
	d.busy = false
}

func (d *driver) step(in client.Input) {
	event := client.Event{At: d.now(), Draw: uint32(d.chance.Call("random").Float() * (1 << 32)), Input: in}
	var effects []client.Effect
	d.state, effects = client.Step(d.state, event)
	for _, e := range effects {
		d.carryOut(e)
	}
}

func (d *driver) now() client.Clock {
	return client.Clock{Mono: int64(d.clock.Call("now").Float()), Wall: int64(d.date.Call("now").Float())}
}

func (d *driver) carryOut(e client.Effect) {
	switch e := e.(type) {
	case client.Dial:
		d.dial(e)
	case client.Send:
		if s := d.sockets[e.Link]; s != nil {
			s.send(protocol.AppendClientFrame(nil, e.Frame))
		}
	case client.Close:
		if s := d.sockets[e.Link]; s != nil {
			delete(d.sockets, e.Link)
			s.close(e.Code)
		}
	case client.Paint:
		d.paint()
	case client.CopyText:
		d.page.Call("copy", e.Text)
	case client.Go:
		d.page.Call("go", string(e.To))
	case client.SignOut:
		d.page.Call("signOut")
	case client.Renew:
		d.page.Call("renew")
	case client.Print:
		d.page.Call("print")
	case client.Release:
		d.page.Call("release", e.Go)
	case client.Save:
		data := js.Global().Get("Uint8Array").New(len(e.Data))
		js.CopyBytesToJS(data, e.Data)
		d.page.Call("save", e.Name, data)
	case client.Reload:
		d.page.Call("reload")
	default:
		d.screen = append(d.screen, e)
	}
}

// paint brings the page in line with the state, in one call.
func (d *driver) paint() {
	effects := d.screen
	d.screen = nil
	if batch := d.painter.Paint(&d.state, effects); batch != "" {
		d.page.Call("paint", batch)
	}
}

// askFrame asks for a call before the next frame. A hidden page has no frames, but
// must not keep what is taken away either: it is painted at once.
func (d *driver) askFrame() {
	if d.document.Get("hidden").Bool() {
		d.take(client.Frame{})
		d.paint()
		return
	}
	if !d.framed {
		d.framed = true
		d.page.Call("frame")
	}
}

// vouch tells the page's script until when what stands on the screen may stand. The
// script wipes the page by its own clocks when it has heard nothing more by then: a
// program that has stopped in the middle of something cannot.
func (d *driver) vouch() {
	due, ok := d.state.Until()
	at := int64(-1)
	if ok {
		at = due.Mono
	}
	if at == d.vouched {
		return
	}
	d.vouched = at
	if !ok {
		d.page.Call("until", -1)
		return
	}
	left := min(due.Mono-d.state.Clock.Mono, due.Wall-d.state.Clock.Wall)
	d.page.Call("until", int(max(0, min(left, 1<<30))))
}

// setTimer sets when the client looks at the clock next.
func (d *driver) setTimer() {
	d.vouch()
	at, ok := d.state.Wake()
	if !ok {
		at = -1
	}
	if at == d.woken && at > d.state.Clock.Mono {
		return
	}
	d.woken = at
	wait := int64(-1)
	if ok {
		// A millisecond more: timers may ring a little early, and ring again then.
		wait = max(0, at-d.state.Clock.Mono) + 1
	}
	d.page.Call("wake", int(min(wait, 1<<30)))
}

func (d *driver) dial(e client.Dial) {
	id := e.Link
	d.sockets[id] = open(d.page, e.URL, socketEvents{
		opened: func() { d.dispatch(client.Connected{Link: id}) },
		message: func(data []byte) {
			frame, err := protocol.DecodeNodeFrame(data)
			if err != nil {
				d.dispatch(client.Unreadable{Link: id})
				return
			}
			d.dispatch(client.Received{Link: id, Frame: frame})
		},
		unreadable: func() { d.dispatch(client.Unreadable{Link: id}) },
		closed: func(code uint16) {
			delete(d.sockets, id)
			d.dispatch(client.Disconnected{Link: id, Code: code})
		},
	})
}
