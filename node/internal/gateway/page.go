package gateway

import (
	"net/http"
	"strconv"
	"strings"
)

// immutable: the name holds the content's hash, so a browser need never ask again.
const immutable = "public, max-age=31536000, immutable"

// ClientHandler serves browsers.
func (g *Gateway) ClientHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", g.file)
	mux.HandleFunc("GET /assets/{name}", g.file)
	mux.HandleFunc("GET /stream", g.stream)
	mux.HandleFunc("GET /livez", live)
	mux.HandleFunc("GET /readyz", g.ready)
	return g.secured(mux)
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

// live says that the process runs; it never depends on the others.
func live(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	write(w, r, []byte("alive\n"))
}

// ready says whether browsers should be sent here, and which checks say otherwise or
// warn; with ?verbose, what each of them says.
func (g *Gateway) ready(w http.ResponseWriter, r *http.Request) {
	var each strings.Builder
	var failed, warned []string
	for _, c := range append([]Check{{Name: "draining", Ask: g.notDraining}}, g.cfg.Checks...) {
		err := c.Ask()
		switch {
		case err == nil:
			each.WriteString("[+] " + c.Name + ": ok\n")
		case c.Warns:
			warned = append(warned, c.Name)
			each.WriteString("[!] " + c.Name + ": " + err.Error() + "\n")
		default:
			failed = append(failed, c.Name)
			each.WriteString("[-] " + c.Name + ": " + err.Error() + "\n")
		}
	}
	text, status := "ready\n", http.StatusOK
	switch {
	case len(failed) > 0:
		text, status = "not ready: "+strings.Join(failed, ", ")+"\n", http.StatusServiceUnavailable
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	case len(warned) > 0:
		text = "ready, but: " + strings.Join(warned, ", ") + "\n"
	}
	if r.URL.Query().Has("verbose") {
		text = each.String() + text
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
