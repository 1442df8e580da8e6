package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ErrLoopback is an address that others could reach: whoever reaches the stand-in
// decides what everybody may see.
var ErrLoopback = errors.New("the stand-in listens on loopback only, at an address in figures such as 127.0.0.1:8580")

// DefaultPage is how many rows a page of a delta has.
const DefaultPage = 500

// endWithin is how long answers that are being given may take when it ends.
const endWithin = 2 * time.Second

// Config says what is served.
type Config struct {
	File string
	Page int         // rows of a page of a delta; 0: DefaultPage
	Warn func(error) // told of a file that cannot be read, once; it must not ask the server
}

// Server is a stand-in. Several goroutines may call its methods.
type Server struct {
	services map[string]service
	page     int

	mu    sync.Mutex // guards what is below
	store *store
	told  map[string]*behaviour
}

// New reads the file, which must be there and be good.
func New(c Config) (*Server, error) {
	s, err := newStore(c.File)
	if err != nil {
		return nil, err
	}
	s.warn = c.Warn
	if c.Page == 0 {
		c.Page = DefaultPage
	}
	server := &Server{services: services(), page: c.Page, store: s, told: map[string]*behaviour{}}
	for name := range server.services {
		server.told[name] = &behaviour{}
	}
	return server, nil
}

// Listen opens an address, which must be on loopback.
func Listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("%w, not %s", ErrLoopback, address)
	}
	return net.Listen("tcp", address)
}

// Serve answers until the context ends, and closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, BaseContext: func(net.Listener) context.Context { return ctx }}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	err := server.Shutdown(within)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	<-ended
	return err
}

// ServeHTTP answers the services, each at its name, and the control.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Origin") != "" { // a page in a browser on this machine reaches loopback too
		http.Error(w, "not for browsers", http.StatusForbidden)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "control" || strings.HasPrefix(name, "control/") {
		s.control(w, r)
		return
	}
	service, ok := s.services[name]
	switch {
	case !ok:
		http.NotFound(w, r)
	case r.Method != http.MethodPost:
		http.Error(w, "POST a SOAP envelope", http.StatusMethodNotAllowed)
	default:
		s.call(w, r, service)
	}
}

// call answers a service's request, as it is told to.
func (s *Server) call(w http.ResponseWriter, r *http.Request, service service) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err != nil {
		refuse(w, malformed("the request is larger than %d bytes, or broke off", maxRequestBytes))
		return
	}
	told, ok := s.arrive(r.Context(), service.name)
	if !ok {
		panic(http.ErrAbortHandler) // the client is gone, or the stand-in ends: no answer
	}
	switch told.Fail {
	case failFault:
		refuse(w, &faultError{"Server", "VP009 told to fail"})
		return
	case failGarbage:
		send(w, http.StatusOK, []byte("<<< this is no SOAP & no XML \x00"))
		return
	case failClose:
		panic(http.ErrAbortHandler)
	}
	if got := strings.Trim(r.Header.Get("SOAPAction"), `"`); got != service.action {
		refuse(w, malformed("SOAPAction is not %q", service.action))
		return
	}
	answer, err := s.answer(service, text, told)
	if err != nil {
		refuse(w, err)
		return
	}
	send(w, http.StatusOK, answer)
}

// arrive counts a call and, while the service is told to stall, holds it. It reports
// whether there is still somebody to answer.
func (s *Server) arrive(ctx context.Context, name string) (behaviour, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.told[name]
	told.Calls++
	for told.Stall {
		told.Waiting++
		released := told.released
		s.mu.Unlock()
		gone := false
		select {
		case <-released:
		case <-ctx.Done():
			gone = true
		}
		s.mu.Lock()
		told.Waiting--
		if gone {
			return behaviour{}, false
		}
	}
	return *told, true
}

// answer looks at the file and answers from what is there.
func (s *Server) answer(service service, text []byte, told behaviour) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.look()
	content, err := service.answer(s.store, text, told, s.page)
	if err != nil {
		return nil, err
	}
	ns := service.ns
	if told.Lie == lieNamespace {
		ns.interaction, ns.types = ns.interaction+"0", ns.types+"0"
	}
	return encode(ns, content)
}
