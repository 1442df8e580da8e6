package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"tvilling/protocol"
)

// evil is a text that becomes more than text if anything takes it for markup, for an
// address, or for a command to the painter.
var evil = []string{
	`<img src=x onerror="window.canary=1"><script>window.canary=2</script>`,
	`"><svg onload=window.canary=3><b id=canary>`,
	`' autofocus onfocus='window.canary=4' x='`,
	"\x1eh\x1fmain\x1f<b id=canary>painted</b>\x1ed\x1fstate\x1fcanary\x1e",
	"\x1f\x1f0\x1f0\x1f1\x1fkey\x1f1\x1f\x1f<b id=canary>row</b>",
	`</li></ul></main></template></body><b id=canary>out</b>`,
	`javascript:window.canary=5`,
	"\u202e\u2066\u2067drow a fo edis gnorw eht\u2069",
	"e" + strings.Repeat("\u0301", 400),
	strings.Repeat("\u200b\u200d\ufeff", 100) + "invisible",
	"\x00\x01\x08\x0b\x1b[31m\x7f\u0085\u2028\u2029 controls",
	"{{constructor.constructor('window.canary=6')()}} ${window.canary=7} &lt;script&gt; &#60;b id=canary&#62;",
	strings.Repeat("W", protocol.MaxShortTextBytes),
}

// middle stands between a browser and a node, and has documents say what no node would
// pass on: a browser must hold against its node, too.
type middle struct {
	t    *testing.T
	node string

	mu           sync.Mutex
	line         *websocket.Conn
	generation   protocol.Generation
	spoilt, read int
}

func startMiddle(t *testing.T, node string) (m *middle, rule string) {
	t.Helper()
	m = &middle{t: t, node: node}
	to, err := url.Parse(stage.URL(node))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", httputil.NewSingleHostReverseProxy(to))
	mux.HandleFunc("/stream", m.stream)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return m, elsewhere(node, strings.TrimPrefix(s.URL, "http://"))
}

func (m *middle) stream(w http.ResponseWriter, r *http.Request) {
	options := &websocket.DialOptions{Subprotocols: []string{"tvilling.v1"}, HTTPHeader: http.Header{"Origin": {stage.URL(m.node)}}}
	far, _, err := websocket.Dial(r.Context(), "ws"+strings.TrimPrefix(stage.URL(m.node), "http")+"/stream", options)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer far.CloseNow()
	near, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"tvilling.v1"}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer near.CloseNow()
	for _, c := range []*websocket.Conn{far, near} {
		c.SetReadLimit(protocol.MaxFrameBytes)
	}
	m.mu.Lock()
	m.line = near
	m.mu.Unlock()
	go func() {
		defer far.CloseNow()
		for {
			_, b, err := near.Read(r.Context())
			if err != nil || far.Write(r.Context(), websocket.MessageBinary, b) != nil {
				return
			}
		}
	}()
	for {
		_, b, err := far.Read(r.Context())
		if err != nil || near.Write(r.Context(), websocket.MessageBinary, m.spoil(b)) != nil {
			return
		}
	}
}

// spoil has a frame carry what is evil, where it carries anything of a document.
func (m *middle) spoil(b []byte) []byte {
	f, err := protocol.DecodeNodeFrame(b)
	if err != nil {
		return b
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch f := f.(type) {
	case protocol.Begin:
		m.generation = f.Generation
	case protocol.Chunk:
		for i := range f.Items {
			h, place := &f.Items[i].Header, m.spoilt
			m.spoilt++
			h.Title, h.Detail, h.Author = evil[place%len(evil)], evil[(place+1)%len(evil)], evil[(place+2)%len(evil)]
			h.AuthorRole, h.Unit, h.Status = evil[(place+3)%len(evil)], evil[(place+4)%len(evil)], evil[(place+5)%len(evil)]
		}
		return protocol.AppendFrame(nil, f)
	case protocol.BodyFrame:
		f.Body = evilBodies[m.read%len(evilBodies)]
		m.read++
		return protocol.AppendFrame(nil, f)
	}
	return b
}

// revoke takes everything away, as a block does.
func (m *middle) revoke() {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	f := protocol.Revoke{Generation: m.generation, Next: m.generation + 1, Fault: protocol.FaultAccessChanged}
	if err := m.line.Write(m.t.Context(), websocket.MessageBinary, protocol.AppendFrame(nil, f)); err != nil {
		m.t.Fatal(err)
	}
}

// evilBodies are what documents hold.
var evilBodies = []protocol.Body{everyKind(), {Sections: []protocol.Section{{Label: evil[0], Nodes: []protocol.Node{
	{Kind: protocol.NodeText, Label: "text", Text: strings.Repeat("W", 500<<10)}}}}}, deep(), many(), attached()}

func everyKind() protocol.Body {
	var nodes []protocol.Node
	for _, s := range evil {
		code := protocol.Code{Code: s, System: s, Name: s, Display: s, Original: s}
		nodes = append(nodes, protocol.Node{Kind: protocol.NodeText, Label: s, Text: s}, protocol.Node{Kind: protocol.NodeCode, Label: s, Code: code},
			protocol.Node{Kind: protocol.NodeQuantity, Label: s, Quantity: protocol.Quantity{Value: s, Unit: s, Low: s, High: s, Reference: s, Flag: s}},
			protocol.Node{Kind: protocol.NodeFlag, Label: s, Text: s}, protocol.Node{Kind: protocol.NodeID, Label: s, Text: s, Code: code},
			protocol.Node{Kind: protocol.NodeTable, Label: s, Children: []protocol.Node{{Kind: protocol.NodeGroup, Label: s, Children: []protocol.Node{{Kind: protocol.NodeText, Label: s, Text: s}}}}})
	}
	return protocol.Body{Sections: []protocol.Section{{Label: evil[1], Nodes: nodes}}}
}

func deep() protocol.Body {
	node := protocol.Node{Kind: protocol.NodeText, Label: "text", Text: evil[0]}
	for range protocol.MaxDepth - 2 {
		node = protocol.Node{Kind: protocol.NodeGroup, Label: evil[1], Children: []protocol.Node{node}}
	}
	return protocol.Body{Sections: []protocol.Section{{Label: "deep", Nodes: []protocol.Node{node}}}}
}

func many() protocol.Body {
	nodes := make([]protocol.Node, protocol.MaxNodes-100)
	for i := range nodes {
		nodes[i] = protocol.Node{Kind: protocol.NodeText, Label: "t", Text: "<b id=canary>"}
	}
	return protocol.Body{Sections: []protocol.Section{{Label: "many", Nodes: nodes}}}
}

// attached are files that are not what they say, or are programs.
func attached() protocol.Body {
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="window.canary=8"><script>window.canary=9;window.opener&&(window.opener.canary=9)</script></svg>`
	const page = `<!doctype html><script>window.canary=10;window.opener&&(window.opener.canary=10)</script>`
	huge := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x06\x00\x00\x00"
	var nodes []protocol.Node
	for _, a := range []protocol.Attachment{
		{MediaType: "image/svg+xml", Inline: []byte(svg)}, {MediaType: "text/html", Inline: []byte(page)}, {MediaType: "application/xhtml+xml", Inline: []byte(page)},
		{MediaType: "image/png", Inline: []byte(page)}, {MediaType: "application/pdf", Inline: []byte(page)}, {MediaType: "image/png", Inline: []byte(huge)},
		{MediaType: evil[0], Inline: []byte(page)}, {MediaType: "text/html", Reference: evil[6]}, {MediaType: "application/pdf", Reference: "https://evil.example/x?" + evil[0]},
	} {
		nodes = append(nodes, protocol.Node{Kind: protocol.NodeAttachment, Label: "attachment", Attachment: a})
	}
	return protocol.Body{Sections: []protocol.Section{{Label: "attached", Nodes: nodes}}}
}

// TestAHostileDocumentIsOnlyText opens documents that are made to be more than text, and
// everything that can be opened in them.
func TestAHostileDocumentIsOnlyText(t *testing.T) {
	m, rule := startMiddle(t, "a1")
	b := browser(t, rule)
	p := tab(t, b, seams)
	p.do(chromedp.Navigate(stage.URL("a1")))
	p.waitState("who")
	p.press(`[data-test="person"][data-value="anna"]`)
	p.waitState("commission")
	p.openPatient(theirs)
	if eval[bool](p, `!!`+hook("consent-skip")) {
		p.click("consent-skip")
	}
	if n := p.showAll(); n < len(evilBodies) {
		t.Fatalf("only %d documents to spoil", n)
	}
	p.shot("list")
	p.harmless("the list")
	keys := eval[[]string](p, `[...document.querySelectorAll('[data-test="row"]')].map(e => e.dataset.value)`)
	for i := range evilBodies {
		what := "document " + strconv.Itoa(i)
		p.press(`[data-test="row"][data-value="` + keys[i] + `"]`)
		p.wait(hook("row") + ` && document.querySelector('[data-test="row"][data-value="` + keys[i] + `"][aria-current]') && ` + hook("document") + `?.innerText.length > 0`)
		p.shot("document-" + strconv.Itoa(i))
		p.harmless(what)
		for n := range eval[int](p, `document.querySelectorAll('[data-test="document"] :is(button, a, summary)').length`) {
			eval[bool](p, `(document.querySelectorAll('[data-test="document"] :is(button, a, summary)')[`+strconv.Itoa(n)+`]?.click(), true)`)
		}
		p.harmless(what + ", everything pressed")
	}
	if m.readings() != len(evilBodies) {
		t.Errorf("%d documents were read, not %d", m.readings(), len(evilBodies))
	}
	m.revoke()
	p.wait(`document.documentElement.dataset.count === '0' || document.documentElement.dataset.state !== 'overview'`)
	p.shot("revoked")
	if eval[bool](p, `!!`+hook("row")+` || !!`+hook("document")) || strings.Contains(p.everything(), "WWWWWWWW") {
		t.Error("after everything was taken away something is left")
	}
}

func (m *middle) readings() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read
}

// harmless fails if anything in a document became more than text, or broke the page.
func (p *page) harmless(what string) {
	p.t.Helper()
	found := eval[map[string]string](p, `({
		ran: String(window.canary ?? ''), refused: window.violations.join(),
		made: [...document.querySelectorAll('#canary, main script, main iframe, main object, main embed, main link, main meta, main base')].map(e => e.outerHTML.slice(0, 80)).join(),
		handlers: [...document.querySelectorAll('body *')].filter(e => [...e.attributes].some(a => a.name.startsWith('on') || a.name === 'style' && !e.id)).map(e => e.outerHTML.slice(0, 80)).join(),
		addresses: [...document.querySelectorAll('a[href], area[href]')].filter(e => !/^(https?|blob):$/.test(e.protocol) || /evil/.test(e.href)).map(e => e.href).join(),
		state: document.documentElement.dataset.state === 'overview' ? '' : String(document.documentElement.dataset.state),
		wide: document.documentElement.scrollWidth > innerWidth ? String(document.documentElement.scrollWidth) : '',
		parts: ['banner', 'main', 'footer', 'rows', 'scroller'].filter(id => document.querySelectorAll('#' + id).length !== 1).join(),
	})`)
	for kind, value := range found {
		if value != "" {
			p.shot("harm")
			p.t.Errorf("%s: %s: %s", what, kind, value)
		}
	}
}
