package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// ErrConfig is a configuration that cannot be served.
var ErrConfig = errors.New("signin: incomplete configuration")

// errUnsaid is a sign-out that the log has not taken yet: it is asked again.
var errUnsaid = errors.New("signin: the sign-out is not recorded yet")

// The paths.
const (
	pathSignIn   = "/sign-in"
	pathBack     = "/sign-in/back"
	pathStyle    = "/sign-in/style.css"
	pathSignOut  = "/sign-out"
	pathRenew    = "/renew"
	pathHandOver = "/hand-over"
)

const (
	backs      = 32              // answers of the provider that are looked at at once: one more is TV-2006
	logWithin  = 5 * time.Second // for the log to take a sign-in: TV-2001
	maxForm    = 16 << 10        // bytes of a form: TV-1020
	maxCode    = 4 << 10         // bytes of a code: TV-2011
	hereMarker = "here"          // a query: the browser was sent to the node's own name already
)

// Log is where it is recorded who comes and goes.
type Log interface {
	SignedIn(ctx context.Context, one identity.Session) error
	SignedOut(ctx context.Context, one identity.Session) error
	IsSignedOut(id [16]byte) (bool, error)     // as far as this node knows
	IsOutEverywhere(id [16]byte) (bool, error) // it is in the log
}

// Config is what the way in needs of its node.
type Config struct {
	Terms    admin.SignIn // complete
	Cluster  string
	Origin   string // what browsers call this node
	Secure   bool   // browsers speak TLS with it
	Secret   string // shared with the provider; empty: a public client
	Systems  []System
	Ring     Ring
	Log      Log
	Identity identity.Identifier // of certificates; unused with a provider
	Client   *http.Client        // for the provider; nil without one
	Logger   *slog.Logger
	Now      func() time.Time // nil: the machine's
}

func (c *Config) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

func (c *Config) instant() protocol.Instant { return protocol.Instant(c.now().UnixMilli()) }

// Service is the way in.
type Service struct {
	cfg      Config
	host     string // of the origin
	cookies  cookies
	provider *provider // nil: nobody signs in at one
	hands    handOvers
	backs    chan struct{}
	foreign  *http.CrossOriginProtection
	lines    lines
}

// New makes a Service. It asks nobody anything yet.
func New(cfg Config) (*Service, error) {
	at, err := url.Parse(cfg.Origin)
	if err != nil || at.Host == "" || cfg.Ring == nil || cfg.Log == nil || cfg.Identity == nil || cfg.Logger == nil || cfg.Cluster == "" {
		return nil, ErrConfig
	}
	s := &Service{
		cfg: cfg, host: strings.ToLower(at.Host), backs: make(chan struct{}, backs), foreign: http.NewCrossOriginProtection(),
		cookies: cookies{ring: cfg.Ring, cluster: cfg.Cluster, domain: cfg.Terms.CookieDomain, secure: cfg.Secure},
		hands:   handOvers{systems: cfg.Systems, cluster: cfg.Cluster, ring: cfg.Ring},
	}
	if cfg.Terms.Method == admin.SignInProvider {
		if cfg.Client == nil {
			return nil, ErrConfig
		}
		s.provider = &provider{terms: cfg.Terms, secret: cfg.Secret, back: strings.TrimSuffix(cfg.Origin, "/") + pathBack, client: cfg.Client, now: cfg.now}
	}
	return s, nil
}

// Handle adds the paths.
func (s *Service) Handle(mux *http.ServeMux) {
	mux.HandleFunc("GET "+pathSignIn, s.signIn)
	mux.HandleFunc("GET "+pathBack, s.back)
	mux.HandleFunc("GET "+pathStyle, s.style)
	mux.HandleFunc("POST "+pathSignOut, s.signOut)
	mux.HandleFunc("GET "+pathSignOut, s.signedOut)
	mux.HandleFunc("POST "+pathRenew, s.renew)
	mux.HandleFunc("POST "+pathHandOver, s.handOver)
}

// Reach says why the provider is not reached; nil: it is, or was within the hour.
func (s *Service) Reach(ctx context.Context) error {
	if s.provider == nil {
		return nil
	}
	_, err := s.provider.describe(ctx)
	return err
}

// Held is what a browser holds: a session, over or not, and a hand-over.
func (s *Service) Held(r *http.Request) (*identity.Session, *identity.HandOver) {
	over := s.cookies.handOver(r, s.cfg.instant())
	if s.cfg.Terms.Method == admin.SignInChoice {
		return nil, over
	}
	return s.session(r), over
}

// session is the session that the browser holds; nil: none, or one that was begun when
// less had to be proved than now.
func (s *Service) session(r *http.Request) *identity.Session {
	held := s.cookies.session(r)
	if held != nil && s.provider != nil && len(s.cfg.Terms.ACR) > 0 && !slices.Contains(s.cfg.Terms.ACR, held.ACR) {
		return nil
	}
	return held
}

// Arrive is told of who loads the page: that is a use of the session. Who shows a
// certificate and holds no session of its own gets one; one that is over stays over until
// its user signs in. By a link on another site the browser does not bring what it holds:
// then nothing is begun.
func (s *Service) Arrive(w http.ResponseWriter, r *http.Request) {
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "document" || s.cfg.Terms.Method == admin.SignInChoice {
		return
	}
	held := s.session(r)
	if s.cfg.Terms.Method == admin.SignInCertificate {
		if fromElsewhere(r) {
			return
		}
		actor, err := s.cfg.Identity.Identify(identity.Proof{TLS: r.TLS})
		if err != nil {
			return
		}
		if held == nil || held.Employee != actor.Employee {
			if one, err := s.begin(w, identity.Session{Employee: actor.Employee, Name: shown(actor.Name)}); err == nil {
				s.follows(r.Context(), held, one)
			}
			return
		}
	}
	if s.goesOn(held) {
		s.use(w, held)
	}
}

// fromElsewhere reports whether a page of another site led here: then the browser brings
// nothing that it keeps for us alone, and its user may not have meant to come.
func fromElsewhere(r *http.Request) bool { return r.Header.Get("Sec-Fetch-Site") == "cross-site" }

// goesOn reports whether a session has not ended, as far as this node knows.
func (s *Service) goesOn(held *identity.Session) bool {
	if held == nil || held.Over(s.cfg.instant()) {
		return false
	}
	out, err := s.cfg.Log.IsSignedOut(held.ID)
	return err == nil && !out
}

// begin gives the browser a session of its own.
func (s *Service) begin(w http.ResponseWriter, one identity.Session) (identity.Session, error) {
	at := s.cfg.now()
	one.ID, one.SignedIn = record.NewID(), protocol.Instant(at.UnixMilli())
	one.Ends = protocol.Instant(at.Add(time.Duration(s.cfg.Terms.SessionHours) * time.Hour).UnixMilli())
	one.Idle = s.idle(&one)
	return one, s.cookies.setSession(w, &one)
}

// follows ends the session that a browser held before another, nil: none, unless it is its
// user's own and goes on: a tab must not go on under another name than the browser has, and
// one of two tabs may sign in anew beside the other.
func (s *Service) follows(ctx context.Context, before *identity.Session, one identity.Session) {
	if before != nil && (before.Employee != one.Employee || before.Over(s.cfg.instant())) {
		_ = s.end(ctx, before) // who signs in cannot mend it; it is logged, and asked for again
	}
}

// end ends a session on every node; nil: there is none. One that was not used is ended
// too: a copy of it may have been. However often it is asked to, it is recorded once. An
// error is that it goes on on other nodes: the log is asked again. Whoever closes the
// browser meanwhile is signed out all the same.
func (s *Service) end(ctx context.Context, held *identity.Session) error {
	if held == nil || s.cfg.instant() >= held.Ends || s.recorded(held) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logWithin)
	defer cancel()
	err := s.cfg.Log.SignedOut(ctx, *held)
	if err != nil {
		s.cfg.Logger.Error("a sign-out could not be recorded: other nodes do not know; the log is asked again", "session", record.ShortID(held.ID), "error", err)
	}
	return err
}

// recorded reports whether the log has it that a session's user has signed out.
func (s *Service) recorded(held *identity.Session) bool {
	out, err := s.cfg.Log.IsOutEverywhere(held.ID)
	return err == nil && out
}

func (s *Service) idle(one *identity.Session) protocol.Instant {
	at := s.cfg.now().Add(time.Duration(s.cfg.Terms.IdleMinutes) * time.Minute)
	return min(protocol.Instant(at.UnixMilli()), one.Ends)
}

// use moves the idle end of a session.
func (s *Service) use(w http.ResponseWriter, held *identity.Session) {
	moved := *held
	moved.Idle = s.idle(held)
	_ = s.cookies.setSession(w, &moved) // it was one already: it fits
}

// signIn begins the way to the provider; where there is none it says how one signs in.
func (s *Service) signIn(w http.ResponseWriter, r *http.Request) {
	switch s.cfg.Terms.Method {
	case admin.SignInProvider:
	case admin.SignInCertificate:
		s.byCertificate(w, r)
		return
	default: // the page lets one choose
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if strings.ToLower(r.Host) != s.host && r.URL.RawQuery != hereMarker {
		// The answer comes to the node's own name, and so must the cookie.
		http.Redirect(w, r, strings.TrimSuffix(s.cfg.Origin, "/")+pathSignIn+"?"+hereMarker, http.StatusSeeOther)
		return
	}
	d, err := s.provider.describe(r.Context())
	if err != nil {
		s.show(w, pageUnreached, err)
		return
	}
	way := sealedWay{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Again: s.asksAgain(r),
		Begun: s.cfg.instant(), Ends: protocol.Instant(s.cfg.now().Add(wayFor).UnixMilli()),
	}
	if held := s.session(r); held != nil {
		before := sealedOf(held)
		way.Before = &before
	}
	if err := s.cookies.set(w, cookieWay, way, wayFor); err != nil {
		s.show(w, pageAgain, err)
		return
	}
	http.Redirect(w, r, s.provider.way(d, way), http.StatusSeeOther)
}

// asksAgain reports whether the provider is to ask who it is, whatever it remembers: a
// session that has ended here is not begun again by whoever sits down. By a link on another
// site the browser does not bring the session, and whether one has ended is not seen.
func (s *Service) asksAgain(r *http.Request) bool {
	var marked bool
	if s.cookies.open(r, cookieAgain, &marked) == nil || fromElsewhere(r) {
		return true
	}
	held := s.session(r)
	return held != nil && !s.goesOn(held)
}

func (s *Service) byCertificate(w http.ResponseWriter, r *http.Request) {
	if fromElsewhere(r) { // the page has a button
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	var one identity.Session
	actor, err := s.cfg.Identity.Identify(identity.Proof{TLS: r.TLS})
	if err == nil {
		one, err = s.begin(w, identity.Session{Employee: actor.Employee, Name: shown(actor.Name)})
	}
	if err != nil {
		s.show(w, pageCertificate, err)
		return
	}
	s.follows(r.Context(), s.session(r), one)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// back takes the provider's answer.
func (s *Service) back(w http.ResponseWriter, r *http.Request) {
	if s.provider == nil {
		http.NotFound(w, r)
		return
	}
	select {
	case s.backs <- struct{}{}:
		defer func() { <-s.backs }()
	default:
		s.show(w, pageBusy, nil)
		return
	}
	var way sealedWay
	err := s.cookies.open(r, cookieWay, &way)
	q := r.URL.Query()
	if err != nil || s.cfg.instant() >= way.Ends || way.State == "" || subtle.ConstantTimeCompare([]byte(way.State), []byte(q.Get("state"))) != 1 {
		// Another tab's, or another site's: neither takes the way from who is on it.
		s.show(w, pageAgain, errCookie)
		return
	}
	s.cookies.clear(w, cookieWay) // it is good for one answer
	switch {
	case q.Get("error") != "", q.Get("iss") != "" && q.Get("iss") != s.cfg.Terms.Issuer, q.Get("code") == "", len(q.Get("code")) > maxCode:
		s.show(w, pageRefused, errCode)
		return
	}
	who, err := s.provider.redeem(r.Context(), q.Get("code"), way)
	if err != nil {
		s.show(w, pageOf(err), err)
		return
	}
	one, err := s.begin(w, identity.Session{Employee: who.employee, Name: who.name, ACR: who.acr})
	if err != nil {
		s.cookies.clear(w, cookieSession)
		s.show(w, pageRefused, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), logWithin)
	defer cancel()
	if err := s.cfg.Log.SignedIn(ctx, one); err != nil {
		w.Header().Del("Set-Cookie")
		s.cookies.clear(w, cookieWay)
		s.show(w, pageUnrecorded, err)
		return
	}
	s.follows(r.Context(), way.Before.session(), one)
	s.cookies.clear(w, cookieAgain)
	s.cfg.Logger.Info("signed in", "session", record.ShortID(one.ID))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func pageOf(err error) words {
	switch {
	case errors.Is(err, errUnreached):
		return pageUnreached
	case errors.Is(err, errACR):
		return pageACR
	case errors.Is(err, errEmployee):
		return pageEmployee
	default:
		return pageRefused
	}
}

// renew moves the idle end of a session that goes on.
func (s *Service) renew(w http.ResponseWriter, r *http.Request) {
	if err := s.foreign.Check(r); err != nil {
		http.Error(w, "this page may not do that", http.StatusForbidden)
		return
	}
	held := s.session(r)
	switch s.cfg.Terms.Method {
	case admin.SignInChoice: // nothing is held
		w.WriteHeader(http.StatusNoContent)
		return
	case admin.SignInCertificate:
		actor, err := s.cfg.Identity.Identify(identity.Proof{TLS: r.TLS})
		if err != nil || held != nil && held.Employee != actor.Employee {
			held = nil
		} else if held == nil {
			held = &identity.Session{Employee: actor.Employee, Name: shown(actor.Name)}
			if *held, err = s.begin(w, *held); err == nil {
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
	}
	if !s.goesOn(held) {
		http.Error(w, "the session has ended", http.StatusUnauthorized)
		return
	}
	s.use(w, held)
	w.WriteHeader(http.StatusNoContent)
}

// signOut ends the session, here and on every other node. Where it could not be recorded
// its user is told so, and not that it is done.
func (s *Service) signOut(w http.ResponseWriter, r *http.Request) {
	if err := s.foreign.Check(r); err != nil {
		s.show(w, pageForeign, err)
		return
	}
	held := s.cookies.session(r)
	err := s.end(r.Context(), held)
	if err == nil {
		err = s.said(r) // also who asks a second time, with nothing left to sign out of, is told
	} else {
		_ = s.cookies.set(w, cookieUnsaid, sealedOf(held), 0) // it is a session's, that fits
	}
	for _, of := range []string{cookieHandOver, cookieWay} {
		s.cookies.clear(w, of)
	}
	if s.cfg.Terms.Method != admin.SignInCertificate || !s.rests(w, r, held) {
		s.cookies.clear(w, cookieSession)
	}
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	next := "/"
	if s.provider != nil {
		_ = s.cookies.set(w, cookieAgain, true, time.Duration(s.cfg.Terms.SessionHours)*time.Hour) // it is small
		next = pathSignOut
	}
	if err != nil {
		s.show(w, pageUnsaid, err)
		return
	}
	s.cookies.clear(w, cookieUnsaid)
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// rests leaves the browser a session that is over, of whoever's card is in the reader: so
// long as it is there, loading the page would begin another. It reports whether it did.
func (s *Service) rests(w http.ResponseWriter, r *http.Request, held *identity.Session) bool {
	actor, err := s.cfg.Identity.Identify(identity.Proof{TLS: r.TLS})
	if err != nil {
		return false
	}
	over := identity.Session{ID: record.NewID(), Employee: actor.Employee}
	if held != nil && held.Employee == actor.Employee {
		over = *held
	}
	over.Idle = s.cfg.instant()
	return s.cookies.setSession(w, &over) == nil
}

// said reports, as nil, that what was signed out in this browser is so everywhere. What
// this node does not know of (it is another's, or from before this one started) is its own
// to ask for from here on.
func (s *Service) said(r *http.Request) error {
	var kept sealedSession
	if s.cookies.open(r, cookieUnsaid, &kept) != nil {
		return nil
	}
	before := kept.session()
	if before == nil || s.cfg.instant() >= before.Ends || s.recorded(before) {
		return nil
	}
	if out, err := s.cfg.Log.IsSignedOut(before.ID); err != nil || out {
		return errUnsaid
	}
	return s.end(r.Context(), before)
}

// signedOut leads on to the provider's own end, where it has one. It is where the page goes
// whatever became of its sign-out: if that was not recorded it says so here.
func (s *Service) signedOut(w http.ResponseWriter, r *http.Request) {
	if err := s.said(r); err != nil {
		s.show(w, pageUnsaid, err)
		return
	}
	s.cookies.clear(w, cookieUnsaid)
	var end *url.URL
	if s.provider != nil {
		if d, err := s.provider.describe(r.Context()); err == nil && d.end != "" {
			end, _ = url.Parse(d.end)
		}
	}
	if end == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	q := end.Query()
	q.Set("client_id", s.cfg.Terms.ClientID)
	q.Set("post_logout_redirect_uri", strings.TrimSuffix(s.cfg.Origin, "/")+"/")
	end.RawQuery = q.Encode()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Refresh", "0; url="+end.String())
	_ = leaving.Execute(w, end.String()) // the browser went away: nothing to mend
}

// handOver takes a record system's word that a user wants to see a patient.
func (s *Service) handOver(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.show(w, pageHandOver, errHandOver)
		return
	}
	over, err := s.hands.verify(strings.TrimSpace(r.PostForm.Get("token")), s.cfg.now())
	if err == nil {
		err = s.cookies.setHandOver(w, over)
	}
	if err != nil {
		s.show(w, pageHandOver, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
