package operations

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"tvilling/protocol/admin"
)

// Limits of the page.
const (
	lookEvery    = time.Second
	lookWithin   = 4 * time.Second
	maxViewers   = 16 // at once; one more is told to come back
	headWithin   = 5 * time.Second
	closeWithin  = time.Second
	maxHeadBytes = 16 << 10
)

// ErrLoopback is an address to listen on that others than this machine could reach.
var ErrLoopback = errors.New("the operations page is served on loopback only")

//go:embed page.html style.css live.js
var files embed.FS

// Cluster is what is asked; *adminclient.Client is one.
type Cluster interface {
	Topology() admin.Topology
	Status(ctx context.Context, node string) (admin.Status, error)
	Announcements(ctx context.Context, node string) (admin.Announcements, error)
}

// Server serves the page.
type Server struct {
	cluster  Cluster
	reports  []string // directories
	host     string   // whom the page may be asked from: one's own address, no other name for it
	template *template.Template
	viewers  chan struct{}

	mu    sync.Mutex // guards last and shelf, and lets one look go on at a time
	last  Look
	shelf shelf
}

// Listen binds an address on loopback.
func Listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%w: %q is not such an address: 127.0.0.1:8490 is", ErrLoopback, address)
	}
	return net.Listen("tcp", address)
}

// New makes a Server. Reports are directories that hold drills' and releases' reports.
func New(cluster Cluster, reports ...string) (*Server, error) {
	t, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("the operations page: %w", err)
	}
	return &Server{cluster: cluster, reports: reports, template: t, viewers: make(chan struct{}, maxViewers)}, nil
}

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	s.host = l.Addr().String()
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: headWithin, MaxHeaderBytes: maxHeadBytes,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving the operations page: %w", err)
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	if server.Shutdown(bound) != nil {
		_ = server.Close() // what is left is cut off: it only reads
	}
	<-ended
	return nil
}

// Handler returns the page's paths. A request that came by another name than the
// listener's address is refused: another site's page could have sent it.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /live", s.live)
	for _, name := range []string{"style.css", "live.js"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, name) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.host != "" && r.Host != s.host {
			http.Error(w, "this page is served at http://"+s.host+" only", http.StatusMisdirectedRequest)
			return
		}
		if foreign(r.Header) {
			http.Error(w, "another site's page has no use for this one", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// foreign reports whether a page of another site asks: it could not read the answer, and
// would take the places of those who can. Who follows a link is welcome.
func foreign(h http.Header) bool {
	site := h.Get("Sec-Fetch-Site")
	return (site == "cross-site" || site == "same-site") && h.Get("Sec-Fetch-Mode") != "navigate"
}

func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = s.template.ExecuteTemplate(w, "page.html", pageOf(s.look(r.Context()))) // whoever asked went away
}

// live sends the page's content again and again, as events.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	select {
	case s.viewers <- struct{}{}:
		defer func() { <-s.viewers }()
	default:
		http.Error(w, "too many look at this page at once", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := s.event(w, pageOf(s.look(r.Context()))); err != nil || control.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// event writes the page's content as one event.
func (s *Server) event(w io.Writer, p page) error {
	var text bytes.Buffer
	if err := s.template.ExecuteTemplate(&text, "content", p); err != nil {
		return err
	}
	// A lone return ends a line of an event too: what a node or a file says has none.
	for line := range strings.Lines(strings.ReplaceAll(text.String(), "\r", " ")) {
		if _, err := fmt.Fprintf(w, "data: %s\n", strings.TrimRight(line, "\n")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprint(w, "\n")
	return err
}

// look asks the cluster, at most once in a while however many watch. What it finds is for
// all of them: that one goes away in the midst of it must not look to the others as if
// no node answered.
func (s *Server) look(ctx context.Context) Look {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.last.At) < lookEvery/2 {
		return s.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWithin)
	defer cancel()
	next := Look{Topology: s.cluster.Topology(), Status: s.last.Status, Announced: s.last.Announced, Reports: s.shelf.reports(s.reports...)}
	status, err := s.cluster.Status(ctx, "")
	if next.Err = err; err == nil {
		next.Status = status
		// The members of the cluster file come first, in its order, whoever answered.
		slices.SortStableFunc(next.Status.Members, func(a, b admin.Member) int { return s.place(a.ID) - s.place(b.ID) })
		if told, err := s.cluster.Announcements(ctx, status.Node); err == nil {
			next.Announced = told.Announcements
		}
	}
	next.At = time.Now()
	s.last = next
	return next
}

func (s *Server) place(id string) int {
	members := s.cluster.Topology().Members
	if i := slices.IndexFunc(members, func(m admin.Node) bool { return m.ID == id }); i >= 0 {
		return i
	}
	return len(members)
}
