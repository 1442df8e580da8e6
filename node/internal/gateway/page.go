package gateway

import (
	"net/http"
	"strconv"
	"strings"

	"tvilling/node/internal/health"
	"tvilling/protocol/admin"
)

// immutable: the name holds the content's hash, so a browser need never ask again.
const immutable = "public, max-age=31536000, immutable"

// ClientHandler serves browsers.
func (g *Gateway) ClientHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", g.page)
	mux.HandleFunc("GET /assets/{name}", g.file)
	mux.HandleFunc("GET "+pathTest, g.file)
	mux.HandleFunc("GET "+pathTestFacts, g.bounded(g.testFacts))
	mux.HandleFunc("GET "+pathTestCertificate, g.bounded(g.testCertificate))
	mux.HandleFunc("GET "+pathTestCookie, g.bounded(g.testCookie))
	mux.HandleFunc("GET "+pathTestProvider, g.bounded(g.testProvider))
	mux.HandleFunc("GET "+pathStream, g.stream)
	if g.cfg.SignIn != nil {
		g.cfg.SignIn.Handle(mux)
	}
	mux.HandleFunc("GET "+admin.PathLive, health.Live)
	mux.HandleFunc("GET "+admin.PathReady, health.Ready(g.checks))
	return g.secured(mux)
}

// page serves the page: whoever loads it has come.
func (g *Gateway) page(w http.ResponseWriter, r *http.Request) {
	if g.cfg.SignIn != nil {
		g.cfg.SignIn.Arrive(w, r)
	}
	g.file(w, r)
}

// file serves the page and its assets, as they were built.
func (g *Gateway) file(w http.ResponseWriter, r *http.Request) {
	if g.cfg.Site == nil {
		http.Error(w, "The browser's program is not built into this node.", http.StatusNotFound)
		return
	}
	f, ok := g.cfg.Site.File(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	body, encoding := f.Body(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	h := w.Header()
	h.Set("Content-Type", f.ContentType)
	h.Set("Vary", "Accept-Encoding")
	if f.Immutable {
		h.Set("Cache-Control", immutable)
	}
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
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
