package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tvilling/node/internal/health"
	"tvilling/node/internal/identity"
	"tvilling/protocol/admin"
)

// Where the test page asks. It is open to whoever reaches the address, before anybody has
// signed in: what it is told stands in the cluster file's public part, or is about who
// asks alone.
const (
	pathTest            = "/test"
	pathTestFacts       = "/test/facts.json"
	pathTestCertificate = "/test/certificate"
	pathTestCookie      = "/test/cookie"
	pathTestProvider    = "/test/provider"
)

// cookieTest is set and asked back, to see whether cookies come back at all. It says
// nothing, lives for a minute and is taken away when it has been seen.
const cookieTest = "tvilling-test"

// facts is what the test page is told of the cluster.
type facts struct {
	Environment string        `json:"environment"`
	Node        string        `json:"node"`
	Site        string        `json:"site"`
	Origin      string        `json:"origin"` // what the page should have been opened as
	Now         int64         `json:"now"`    // milliseconds
	Clock       bool          `json:"clock"`  // the node trusts its own
	SignIn      string        `json:"signIn"`
	Leaving     bool          `json:"leaving"` // the node is being taken out of service
	Leader      bool          `json:"leader"`  // without one nobody is shown anything
	Failed      []string      `json:"failed"`  // names of checks that keep browsers away
	Warned      []string      `json:"warned"`
	Streams     []streamFacts `json:"streams"`
}

// streamFacts is where a data node takes streams.
type streamFacts struct {
	Node   string `json:"node"`
	Site   string `json:"site"`
	Stream string `json:"stream"`
	Here   bool   `json:"here"`
}

// Names of checks that the test page has words for.
const (
	checkDraining = "draining"
	checkLeader   = "leader"
	checkClock    = "clock"
)

func (g *Gateway) testFacts(w http.ResponseWriter, r *http.Request) {
	f := facts{
		Environment: g.cfg.Topology.Environment, Node: g.member.ID, Site: g.member.Site,
		Origin: strings.ToLower(g.member.Origin), SignIn: g.signInMethod(), Clock: true, Leader: true,
		Failed: []string{}, Warned: []string{},
	}
	for _, c := range health.Ask(g.checks()) {
		switch {
		case c.OK:
			continue
		case c.Warns:
			f.Warned = append(f.Warned, c.Name)
			continue
		}
		f.Failed = append(f.Failed, c.Name)
		switch c.Name {
		case checkDraining:
			f.Leaving = true
		case checkLeader:
			f.Leader = false
		case checkClock:
			f.Clock = false
		}
	}
	stream := 0
	for _, n := range g.cfg.Topology.Members {
		if n.Role != admin.RoleData {
			continue
		}
		f.Streams = append(f.Streams, streamFacts{Node: n.ID, Site: n.Site, Stream: g.origins.streams[stream] + pathStream, Here: n.ID == g.member.ID})
		stream++
	}
	f.Now = time.Now().UnixMilli() // last, as near to the answer as can be
	tellJSON(w, r, f)
}

// certificateFacts is what the node saw of the connection's certificate: never whose.
type certificateFacts struct {
	TLS       bool   `json:"tls"`       // the connection is encrypted at all
	Asked     bool   `json:"asked"`     // the node asks for certificates
	Presented bool   `json:"presented"` //
	Trusted   bool   `json:"trusted"`   //
	NotAfter  string `json:"notAfter"`  // when it runs out; empty without one
	Reason    string `json:"reason"`    // why it is not trusted, an identity.Finding
}

func (g *Gateway) testCertificate(w http.ResponseWriter, r *http.Request) {
	roots := g.staff()
	f := certificateFacts{TLS: r.TLS != nil, Asked: roots != nil}
	if r.TLS != nil {
		found := identity.Examine(roots, r.TLS)
		f.Presented, f.Trusted, f.Reason = found.Presented, found.Finding == identity.FindingGood, string(found.Finding)
		if found.Presented {
			f.NotAfter = found.NotAfter.UTC().Format(time.RFC3339)
		}
	}
	tellJSON(w, r, f)
}

// testCookie says whether the cookie came back, and sets it or takes it away.
func (g *Gateway) testCookie(w http.ResponseWriter, r *http.Request) {
	_, err := r.Cookie(cookieTest)
	came := err == nil
	cookie := &http.Cookie{Name: cookieTest, Value: "1", Path: pathTest, MaxAge: 60, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode}
	if came {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
	tellJSON(w, r, map[string]bool{"came": came})
}

func tellJSON(w http.ResponseWriter, r *http.Request, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	write(w, r, append(text, '\n'))
}

// signInMethod is how one signs in here.
func (g *Gateway) signInMethod() string {
	return g.cfg.Topology.SignIn.Complete(g.cfg.Topology.Environment).Method
}

// testProvider says whether this node reaches the provider that one signs in at.
func (g *Gateway) testProvider(w http.ResponseWriter, r *http.Request) {
	if g.cfg.Provider == nil {
		http.Error(w, "nobody signs in at a provider here", http.StatusNotFound)
		return
	}
	tellJSON(w, r, map[string]bool{"reachable": g.reach.ask(r.Context(), g.cfg.Provider) == nil})
}

// reach is what was last found of a service elsewhere: however many ask, it is asked
// once in a while, by one of them.
type reach struct {
	mu   sync.Mutex
	at   time.Time
	last error
}

func (c *reach) ask(ctx context.Context, service func(context.Context) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) < reachFor {
		return c.last
	}
	// Whoever asks may leave; those who wait behind are told what was found.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reachWithin)
	defer cancel()
	c.last, c.at = service(ctx), time.Now()
	return c.last
}

// staff is the authority that certificates are held against; nil: none is asked for.
func (g *Gateway) staff() *x509.CertPool {
	if g.cfg.Staff == nil {
		return nil
	}
	return g.cfg.Staff()
}

// proved is the connection as a session sees it. The handshake takes any certificate, so
// that whoever has one that ran out is told so by a page and not by an error of the
// browser's; one that is not trusted is, to a session, none.
func (g *Gateway) proved(state *tls.ConnectionState) *tls.ConnectionState {
	if state == nil || len(state.PeerCertificates) == 0 || len(state.VerifiedChains) > 0 {
		return state
	}
	seen := *state
	if seen.VerifiedChains = identity.Examine(g.staff(), state).Chains; len(seen.VerifiedChains) == 0 {
		seen.PeerCertificates = nil
	}
	return &seen
}

// bounded answers so many times a second and no more: the test page asks a handful of
// times, and nothing that is open to anybody may cost more than that.
func (g *Gateway) bounded(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := g.tests.take(time.Now()); !ok {
			w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
			http.Error(w, "too many tests at once", http.StatusTooManyRequests)
			return
		}
		h(w, r)
	}
}
