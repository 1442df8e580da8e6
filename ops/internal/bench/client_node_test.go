package bench

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/coder/websocket"

	"tvilling/protocol"
	"tvilling/wasm/compile"
	"tvilling/wasm/site"
)

// clientNode serves the browser's program, and the skeleton beside it, and plays a node
// with as many documents as it is told: no cluster takes part in what is measured.
type clientNode struct {
	server   *httptest.Server
	site     *site.Site
	skeleton map[string]clientFile

	mu         sync.Mutex
	conn       *websocket.Conn
	generation protocol.Generation
	index      uint64
	documents  int // in the next view
	made       int // documents ever made
	held       map[protocol.DocumentKey]uint64
	digest     uint64
}

type clientFile struct {
	contentType, encoding string
	body                  []byte
}

func startClientNode(t *testing.T) *clientNode {
	t.Helper()
	built, err := site.Load()
	if err != nil {
		t.Fatalf("%v: make wasm builds it", err)
	}
	n := &clientNode{site: built, skeleton: map[string]clientFile{}, documents: 100, held: map[protocol.DocumentKey]uint64{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stream", n.stream)
	mux.HandleFunc("GET /skeleton/stream", greet)
	mux.HandleFunc("POST /renew", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /", n.file)
	n.server = httptest.NewServer(mux)
	t.Cleanup(n.server.Close)
	return n
}

func (n *clientNode) file(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", site.Policy(nil))
	h.Set("Cache-Control", "no-store")
	if f, is := n.skeleton[r.URL.Path]; is {
		h.Set("Content-Type", f.contentType)
		if f.encoding != "" {
			h.Set("Content-Encoding", f.encoding)
		}
		_, _ = w.Write(f.body)
		return
	}
	f, ok := n.site.File(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	body, encoding := f.Body(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	h.Set("Content-Type", f.ContentType)
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the browser went away: nothing to mend
}

func (n *clientNode) stream(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"tvilling.v1"}, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	n.mu.Lock()
	n.conn = conn
	n.mu.Unlock()
	for {
		_, data, err := conn.Read(context.Background())
		if err != nil {
			return
		}
		f, err := protocol.DecodeClientFrame(data)
		if err != nil {
			return
		}
		n.mu.Lock()
		for _, answer := range n.answer(f) {
			_ = conn.Write(context.Background(), websocket.MessageBinary, protocol.AppendFrame(nil, answer))
		}
		n.mu.Unlock()
	}
}

// greet is all that the skeleton asks of a node.
func greet(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"tvilling.v1"}, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	if conn.Write(r.Context(), websocket.MessageBinary, []byte("ready")) == nil {
		_, _, _ = conn.Read(r.Context()) // until the page goes away
	}
}

func (n *clientNode) position() protocol.Position { return protocol.Position{Epoch: 1, Index: n.index} }

func (n *clientNode) answer(f protocol.Frame) []protocol.Frame {
	task, err := protocol.ParseCommissionID("SE2321000016-1C01")
	if err != nil {
		panic(err)
	}
	info := protocol.CommissionInfo{ID: task, Name: "Vård och behandling", CareUnit: "Vinden", CareProvider: "Norr", Usable: true}
	switch f := f.(type) {
	case protocol.Hello:
		n.index = 1000
		w := protocol.Welcome{
			Version: protocol.Version, Node: "n1", Site: "A", Environment: protocol.Demo, Position: n.position(), LeaseMillis: 120_000, BeatMillis: 60_000,
			People: []protocol.Person{{Key: "anna", Name: "Anna Berg", Title: "Läkare"}},
		}
		if f.Person == "anna" {
			w.Person, w.Commissions = w.People[0], []protocol.CommissionInfo{info}
		}
		return []protocol.Frame{w}
	case protocol.Choose:
		return []protocol.Frame{protocol.Chosen{Commission: info}}
	case protocol.Open:
		return []protocol.Frame{protocol.Opened{Request: f.Request, Basis: protocol.BasisConsent}}
	case protocol.Show:
		return n.show(f)
	}
	return nil
}

func (n *clientNode) show(f protocol.Show) []protocol.Frame {
	n.generation, n.held, n.digest = f.Generation, map[protocol.DocumentKey]uint64{}, 0
	frames := []protocol.Frame{protocol.Begin{Generation: f.Generation, Position: n.position()}}
	for left := n.documents; left > 0; {
		chunk := protocol.Chunk{Generation: f.Generation}
		for ; left > 0 && len(chunk.Items) < protocol.MaxChunkItems/2; left-- {
			chunk.Items = append(chunk.Items, n.item(n.made))
			n.made++
		}
		frames = append(frames, chunk)
	}
	return append(frames, protocol.End{Generation: f.Generation, Position: n.position(), Count: uint32(len(n.held)), Digest: n.digest})
}

// item makes the document with a number, as it is now, and holds it.
func (n *clientNode) item(number int) protocol.Item {
	titles := [...]string{"Blodtryckskontroll", "Essentiell hypertoni", "Anteckning från besök på vårdcentral", "Röntgen av höger höft", "Kreatinin", "Vaccination mot influensa", "Överkänslighet mot penicillin", "Återbesök hos sjuksköterska"}
	seed := uint64(number)*0x9e3779b97f4a7c15 + 1
	var key protocol.DocumentKey
	for b := range key {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		key[b] = byte(seed)
	}
	provider, err := protocol.ParseCareProviderID("SE23210000" + strconv.Itoa(10+number%12) + "-VG")
	if err != nil {
		panic(err)
	}
	at, err := protocol.ParseCivil(fmt.Sprintf("%04d%02d%02d%02d%02d%02d", 1995+seed%30, 1+seed>>8%12, 1+seed>>16%28, seed>>24%24, seed>>32%60, seed>>40%60))
	if err != nil {
		panic(err)
	}
	rev := n.held[key] + 1
	if old, had := n.held[key]; had {
		n.digest -= protocol.Mix(key, old)
	}
	n.held[key] = rev
	n.digest += protocol.Mix(key, rev)
	return protocol.Item{Key: key, Rev: rev, Header: protocol.Header{
		RecordID: "record-" + strconv.Itoa(number), Contract: protocol.Contract(1 + number%12), CareProvider: provider, Time: at,
		Title: titles[number%len(titles)] + " " + strconv.Itoa(number), Detail: "Värdet är " + strconv.Itoa(int(rev)*7%200),
		Status: "final", Author: "Karin Ljung", AuthorRole: "Läkare", Unit: "Vårdcentralen Enhet " + strconv.Itoa(number%40), Signed: true,
	}}
}

// tell sends changes one by one, evenly over a time: of three, one is of a document
// that is there and two are new.
func (n *clientNode) tell(changes int, over time.Duration) {
	tick := time.NewTicker(over / time.Duration(changes))
	defer tick.Stop()
	for i := range changes {
		<-tick.C
		n.mu.Lock()
		number := n.made - 1 - i
		if i%3 != 0 {
			number = n.made
			n.made++
		}
		b := protocol.Batch{Generation: n.generation, From: n.index, To: n.index + 1, Upserts: []protocol.Item{n.item(number)}}
		n.index++
		b.Count, b.Digest = uint32(len(n.held)), n.digest
		_ = n.conn.Write(context.Background(), websocket.MessageBinary, protocol.AppendFrame(nil, b))
		n.mu.Unlock()
	}
}

// compressed is a program's size in bytes.
type compressed struct {
	Raw    int `json:"raw"`
	Gzip   int `json:"gzip"`
	Brotli int `json:"brotli"`
}

// buildSkeleton builds the skeleton as the overview is built, and serves it.
func (n *clientNode) buildSkeleton(t *testing.T) compressed {
	t.Helper()
	program, err := compile.Program(".", "./skeleton")
	if err != nil {
		t.Fatal(err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		t.Fatal(err)
	}
	br, gz := brotlied(t, program), gzipped(t, program)
	boot := "const go = new Go(); WebAssembly.instantiateStreaming(fetch('/skeleton/app.wasm'), go.importObject).then(({ instance }) => go.run(instance));"
	page := `<!doctype html><html lang="sv"><head><meta charset="utf-8"><title>skeleton</title><script src="/skeleton/exec.js" defer></script><script src="/skeleton/boot.js" defer></script></head><body><main id="main">…</main></body></html>`
	n.skeleton["/skeleton/"] = clientFile{"text/html; charset=utf-8", "", []byte(page)}
	n.skeleton["/skeleton/exec.js"] = clientFile{"text/javascript", "", script}
	n.skeleton["/skeleton/boot.js"] = clientFile{"text/javascript", "", []byte(boot)}
	n.skeleton["/skeleton/app.wasm"] = clientFile{"application/wasm", "br", br}
	return compressed{len(program), len(gz), len(br)}
}

func brotlied(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: 24})
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
