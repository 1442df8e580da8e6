package gateway

import (
	"net/http"
	"strconv"
	"strings"
)

// Site is the browser's program as it is served.
type Site struct {
	Shell  []byte           // the page
	Assets map[string]Asset // by file name, which holds the content's hash
}

// Asset is a file that never changes under its name.
type Asset struct {
	Type   string // media type
	Plain  []byte
	Brotli []byte // compressed at build time; empty: not worth it
}

// immutable: the name holds the content's hash, so a browser need never ask again.
const immutable = "public, max-age=31536000, immutable"

// ClientHandler serves browsers.
func (g *Gateway) ClientHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", g.shell)
	mux.HandleFunc("GET /assets/{name}", g.asset)
	mux.HandleFunc("GET /stream", g.stream)
	mux.HandleFunc("GET /livez", live)
	mux.HandleFunc("GET /readyz", g.ready)
	return g.secured(mux)
}

func (g *Gateway) shell(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	write(w, r, g.cfg.Site.Shell)
}

func (g *Gateway) asset(w http.ResponseWriter, r *http.Request) {
	asset, ok := g.cfg.Site.Assets[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", asset.Type)
	h.Set("Cache-Control", immutable)
	h.Set("Vary", "Accept-Encoding")
	body := asset.Plain
	if len(asset.Brotli) > 0 && accepts(r.Header.Values("Accept-Encoding"), "br") {
		h.Set("Content-Encoding", "br")
		body = asset.Brotli
	}
	write(w, r, body)
}

func write(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the browser went away: nothing to mend
}

// accepts reports whether an Accept-Encoding names the coding, and does not refuse it.
func accepts(values []string, coding string) bool {
	for _, item := range strings.Split(strings.Join(values, ","), ",") {
		name, parameter, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		weight, weighted := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !weighted || err == nil && q > 0
	}
	return false
}

// live says that the process runs; it never depends on the others.
func live(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	write(w, r, []byte("alive\n"))
}

// ready says whether browsers should be sent here; with ?verbose, by which checks.
func (g *Gateway) ready(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	failed := 0
	report := func(name string, err error) {
		mark, why := "+", "ok"
		if err != nil {
			failed++
			mark, why = "-", err.Error()
		}
		b.WriteString("[" + mark + "] " + name + ": " + why + "\n")
	}
	report("draining", g.notDraining())
	for _, c := range g.cfg.Checks {
		report(c.Name, c.Ask())
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := "ready\n"
	if failed > 0 {
		text = "not ready\n"
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	if r.URL.Query().Has("verbose") {
		text = b.String() + text
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	if failed > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write([]byte(text))
}
