package gallery

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"tvilling/protocol"
	"tvilling/wasm/site"
)

// node is a scripted node: it serves the client as a node does, under the same policy,
// and answers its frames as the scene in play says.
type node struct {
	server *httptest.Server
	site   *site.Site

	mu    sync.Mutex
	scene *scene
	lines int                    // streams opened in this scene
	live  *stream                // the last of them
	muted map[protocol.Kind]bool // what is answered no more in this scene
}

// startNode starts a scripted node on loopback.
func startNode(t *testing.T) *node {
	t.Helper()
	built, err := site.Load()
	if err != nil {
		t.Fatalf("%v: make wasm builds it", err)
	}
	n := &node{site: built, scene: &scene{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stream", n.stream)
	mux.HandleFunc("POST /renew", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /sign-out", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }) // the page stays
	mux.HandleFunc("GET /test/facts.json", n.facts)
	mux.HandleFunc("GET /test/certificate", n.certificate)
	mux.HandleFunc("GET /test/cookie", answerJSON(`{"returned":true}`))
	mux.HandleFunc("GET /test/provider", answerJSON(`{"used":false}`))
	mux.HandleFunc("GET /sign-out", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /", n.file)
	n.server = httptest.NewServer(headers(mux))
	t.Cleanup(n.server.Close)
	return n
}

// headers are the gateway's. What a page may do must not differ from what it may there.
func headers(h http.Handler) http.Handler {
	fixed := map[string]string{
		"Content-Security-Policy":      site.Policy(nil),
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
		"Cross-Origin-Resource-Policy": "same-origin",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cache-Control":                "no-store",
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range fixed {
			w.Header().Set(name, value)
		}
		h.ServeHTTP(w, r)
	})
}

func (n *node) file(w http.ResponseWriter, r *http.Request) {
	f, ok := n.site.File(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	body, encoding := f.Body(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	h := w.Header()
	h.Set("Content-Type", f.ContentType)
	if f.Immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the browser went away: nothing to mend
}

// play puts a scene on. Streams of the scene before it are told nothing more.
func (n *node) play(s *scene) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.scene, n.lines, n.live, n.muted = s, 0, nil, map[protocol.Kind]bool{}
}

// stream serves one websocket until the page closes it.
func (n *node) stream(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	n.lines++
	s := &stream{scene: n.scene}
	deaf := n.scene.deafAfter > 0 && n.lines > n.scene.deafAfter
	n.mu.Unlock()
	if s.scene.away {
		http.Error(w, "not here", http.StatusServiceUnavailable)
		return
	}
	host := ""
	if u, err := url.Parse(n.server.URL); err == nil {
		host = u.Host
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{"tvilling.v1"}, OriginPatterns: []string{host}, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	s.conn = conn
	if !deaf {
		n.mu.Lock()
		n.live = s
		n.mu.Unlock()
	}
	for {
		_, data, err := conn.Read(context.Background())
		if err != nil {
			return
		}
		f, err := protocol.DecodeClientFrame(data)
		if err != nil {
			_ = conn.Close(websocket.StatusCode(protocol.CloseMalformed), "")
			return
		}
		n.mu.Lock()
		muted := n.muted[f.Kind()]
		n.mu.Unlock()
		if !deaf && !muted {
			s.hear(f)
		}
	}
}

// say sends what the node says of itself, made for the stream's generation.
func (n *node) say(t *testing.T, what func(*stream) []protocol.Frame) {
	t.Helper()
	n.mu.Lock()
	s := n.live
	n.mu.Unlock()
	if s == nil {
		t.Fatal("there is no stream to say anything on")
	}
	s.mu.Lock()
	frames := what(s)
	s.mu.Unlock()
	s.send(frames...)
}

// hangUp closes the live stream: with a code, or with zero as a cut cable does.
func (n *node) hangUp(code protocol.CloseCode) {
	n.mu.Lock()
	s := n.live
	n.mu.Unlock()
	if s == nil {
		return
	}
	if code == 0 {
		_ = s.conn.CloseNow()
		return
	}
	_ = s.conn.Close(websocket.StatusCode(code), "")
}

// stream is one conversation with a page.
type stream struct {
	scene *scene
	conn  *websocket.Conn

	mu         sync.Mutex
	generation protocol.Generation
	index      uint64
	held       map[protocol.DocumentKey]protocol.Item // what the page's view holds
}

// hear answers a frame as the scene says.
func (s *stream) hear(f protocol.Frame) {
	if s.scene.mute[f.Kind()] {
		return
	}
	s.mu.Lock()
	answers := s.answer(f)
	s.mu.Unlock()
	s.send(answers...)
}

func (s *stream) send(frames ...protocol.Frame) {
	for _, f := range frames {
		// A page that has gone away is told nothing.
		_ = s.conn.Write(context.Background(), websocket.MessageBinary, protocol.AppendFrame(nil, f))
	}
}

func (s *stream) position() protocol.Position {
	return protocol.Position{Epoch: 1, Index: s.index}
}

// sum is the count and the digest of what the page's view holds.
func (s *stream) sum() (count uint32, digest uint64) {
	for key, item := range s.held {
		digest += protocol.Mix(key, item.Rev)
	}
	return uint32(len(s.held)), digest
}

// answer answers a frame of the browser. Anything else it asks for gets no answer.
func (s *stream) answer(f protocol.Frame) []protocol.Frame {
	c := s.scene
	if fault := c.refuse[f.Kind()]; fault != 0 {
		return []protocol.Frame{protocol.Refused{Request: requestOf(f), Fault: fault, ID: "7f3a19c04be2", At: now}}
	}
	switch f := f.(type) {
	case protocol.Hello:
		s.index = 48213
		w := c.welcome
		if w.Person = personOf(w.People, f.Person); w.Person.Key == "" && len(w.People) > 0 {
			w.Commissions = nil
		}
		w.Position = s.position()
		return append([]protocol.Frame{w, c.session}, c.notices...)
	case protocol.Choose:
		for _, info := range c.welcome.Commissions {
			if info.ID == f.Commission {
				return []protocol.Frame{protocol.Chosen{Commission: info}, protocol.Coverage{Rows: c.coverage}}
			}
		}
	case protocol.Open:
		o := c.opened
		o.Request = f.Request
		return []protocol.Frame{o}
	case protocol.Consent, protocol.EndConsent, protocol.Emergency:
		o := c.after[f.Kind()]
		o.Request = requestOf(f)
		return []protocol.Frame{o}
	case protocol.Ask:
		told := c.told[f.What]
		told.Request, told.What = f.Request, f.What
		return []protocol.Frame{told}
	case protocol.Show:
		return s.show(f)
	case protocol.Read:
		for i := range c.documents {
			if keyOf(i) == f.Document {
				return []protocol.Frame{protocol.BodyFrame{Request: f.Request, Generation: f.Generation, Document: f.Document, Body: c.documents[i].Body}}
			}
		}
		return []protocol.Frame{protocol.Refused{Request: f.Request, Fault: protocol.FaultNotFound, At: now}}
	case protocol.Trend:
		return []protocol.Frame{c.series(f)}
	case protocol.Take:
		return []protocol.Frame{protocol.Taken{Request: f.Request, ID: "5d20aa71c3f8"}}
	case protocol.Feedback:
		return []protocol.Frame{protocol.Thanked{Request: f.Request, ID: "91b7e4d2"}}
	case protocol.Follow:
		r := c.reports[f.Report]
		r.Request, r.Report = f.Request, f.Report
		return []protocol.Frame{r}
	case protocol.Review:
		return []protocol.Frame{protocol.Reviewed{Request: f.Request, ID: "c0ffee12"}}
	}
	return nil
}

// show answers with the documents of the contracts asked for.
func (s *stream) show(f protocol.Show) []protocol.Frame {
	s.generation, s.held = f.Generation, map[protocol.DocumentKey]protocol.Item{}
	answers := []protocol.Frame{protocol.Begin{Generation: f.Generation, Position: s.position()}}
	chunk := protocol.Chunk{Generation: f.Generation}
	for _, item := range s.scene.items() {
		if !hasContract(f.Contracts, item.Header.Contract) {
			continue
		}
		s.held[item.Key] = item
		if chunk.Items = append(chunk.Items, item); len(chunk.Items) == 100 {
			answers, chunk.Items = append(answers, chunk), nil
		}
	}
	if len(chunk.Items) > 0 {
		answers = append(answers, chunk)
	}
	count, digest := s.sum()
	return append(answers,
		protocol.End{Generation: f.Generation, Position: s.position(), Count: count, Digest: digest},
		protocol.Sources{Generation: f.Generation, Rows: s.scene.sources(s.held)})
}

// change puts documents into the page's view and takes others out of it.
func (s *stream) change(in []protocol.Item, out []protocol.DocumentKey) []protocol.Frame {
	from := s.index
	s.index++
	for _, item := range in {
		s.held[item.Key] = item
	}
	for _, key := range out {
		delete(s.held, key)
	}
	count, digest := s.sum()
	return []protocol.Frame{protocol.Batch{Generation: s.generation, From: from, To: s.index, Upserts: in, Removes: out, Count: count, Digest: digest}}
}

// revoke takes documents away, or without any everything.
func (s *stream) revoke(fault protocol.Fault, keys ...protocol.DocumentKey) []protocol.Frame {
	s.index++
	was := s.generation
	s.generation++
	for _, key := range keys {
		delete(s.held, key)
	}
	return []protocol.Frame{protocol.Revoke{Generation: was, Next: s.generation, Index: s.index, Fault: fault, Documents: keys}}
}

// beat renews the lease for a time.
func (s *stream) beat(lease uint32) []protocol.Frame {
	count, digest := s.sum()
	return []protocol.Frame{protocol.Heartbeat{Generation: s.generation, Position: s.position(), LeaseMillis: lease, Count: count, Digest: digest}}
}

func personOf(people []protocol.Person, key string) protocol.Person {
	for _, p := range people {
		if p.Key == key {
			return p
		}
	}
	return protocol.Person{}
}

func hasContract(all []protocol.Contract, c protocol.Contract) bool {
	for _, one := range all {
		if one == c {
			return true
		}
	}
	return false
}

// requestOf is the number of a request, zero for a frame that has none.
func requestOf(f protocol.Frame) uint32 {
	switch f := f.(type) {
	case protocol.Open:
		return f.Request
	case protocol.Consent:
		return f.Request
	case protocol.EndConsent:
		return f.Request
	case protocol.Emergency:
		return f.Request
	case protocol.Ask:
		return f.Request
	case protocol.Read:
		return f.Request
	case protocol.Trend:
		return f.Request
	case protocol.Take:
		return f.Request
	case protocol.Feedback:
		return f.Request
	case protocol.Follow:
		return f.Request
	case protocol.Review:
		return f.Request
	default:
		return 0
	}
}

// quiet has the node answer a kind of frame no more.
func (n *node) quiet(kind protocol.Kind) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.muted[kind] = true
}

// ---- what the test page asks ----

func answerJSON(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(text)) // the browser went away: nothing to mend
	}
}

func (n *node) facts(w http.ResponseWriter, r *http.Request) {
	stream := "ws" + strings.TrimPrefix(n.server.URL, "http") + "/stream"
	answerJSON(`{"environment":"demo","node":"a1","site":"A","origin":"`+n.server.URL+`","now":`+strconv.FormatInt(int64(now), 10)+`,"clock":true,
		"signIn":"choice","leaving":false,"leader":true,"failed":[],"warned":[],
		"streams":[{"node":"a1","site":"A","stream":"`+stream+`","here":true},{"node":"b1","site":"B","stream":"`+stream+`","here":false}]}`)(w, r)
}

func (n *node) certificate(w http.ResponseWriter, r *http.Request) {
	answerJSON(`{"tls":false,"asked":false,"presented":false,"trusted":false,"notAfter":"","reason":"none"}`)(w, r)
}
