package signin

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Errors of the provider. They never quote it.
var (
	errUnreached = errors.New("signin: the provider cannot be reached, or its description cannot be used")
	errCode      = errors.New("signin: the provider did not take its own code")
	errToken     = errors.New("signin: the provider's token is not for this, not signed by it, or too old")
	errNonce     = errors.New("signin: the provider's token answers another question")
	errACR       = errors.New("signin: the token does not say that one has proved who one is in an accepted way")
	errProved    = errors.New("signin: one was to prove who one is anew, and the provider remembered it")
	errWhen      = errors.New("signin: one was to prove who one is anew, and the token does not say when one did: it has no auth_time")
	errEmployee  = errors.New("signin: the token names no employee by an HSA-id")
	errRedirect  = errors.New("signin: the provider sends elsewhere")
	errLarge     = errors.New("signin: the provider says too much")
)

// Limits of the talk with the provider. What happens at each is said beside it.
const (
	callWithin   = 10 * time.Second // one call: errUnreached
	dialWithin   = 3 * time.Second  // a connection: errUnreached
	describedFor = time.Hour        // a description is good; then it is asked for anew, and used on where that fails
	retryAfter   = 2 * time.Second  // a description that was not had is not asked for again before
	maxAnswer    = 128 << 10        // bytes of an answer: errLarge. To verify with a key of a megabyte takes minutes
	maxConns     = 16               // at once: one more waits
	maxToken     = 64 << 10         // bytes of a token: errToken
	provedSkew   = time.Minute      // between the provider's clock and ours, of when one proved who one is: errProved
)

// algorithms are those that a token may be signed with: none of them has a shared key.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// provider is the OpenID provider: what it says of itself, and how it is asked.
type provider struct {
	terms  admin.SignIn
	secret string
	back   string // where it sends browsers
	client *http.Client
	now    func() time.Time

	mu     sync.Mutex
	known  *described // nil: not yet
	since  time.Time
	failed time.Time
}

// described is what the provider says of itself.
type described struct {
	verifier *oidc.IDTokenVerifier
	oauth    oauth2.Config
	end      string // where one signs out; empty: nowhere
}

// NewClient is for asking the provider at an issuer: it goes nowhere else than to where
// the issuer's own description leads, in the clear only to the issuer itself, and follows
// no redirect. roots are whom its certificate is held against, at each connection.
func NewClient(issuer string, roots func() (*x509.CertPool, error)) *http.Client {
	at, _ := url.Parse(issuer) // it was checked with the cluster file
	dialer := &net.Dialer{Timeout: dialWithin}
	transport := &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: dialWithin, ResponseHeaderTimeout: callWithin,
		MaxConnsPerHost: maxConns, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			trusted, err := roots()
			if err != nil {
				return nil, err
			}
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			d := &tls.Dialer{NetDialer: dialer, Config: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted, ServerName: host}}
			return d.DialContext(ctx, network, address)
		},
	}
	return &http.Client{
		Transport: guarded{transport, at}, Timeout: callWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
	}
}

// guarded bounds what comes, and where it comes from.
type guarded struct {
	next   http.RoundTripper
	issuer *url.URL
}

func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if !allowed(g.issuer, r.URL) {
		return nil, errRedirect
	}
	response, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = &boundedBody{response.Body, maxAnswer}
	return response, nil
}

// allowed reports whether something of the provider's may be at an address: over https,
// or in the clear where the issuer itself is.
func allowed(issuer, at *url.URL) bool {
	return at.Host != "" && at.User == nil && (at.Scheme == "https" || at.Scheme == "http" && issuer.Scheme == "http" && at.Host == issuer.Host)
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLarge
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// describe returns what the provider says of itself, as it was said within the hour
// unless it cannot be reached. Who comes while it is asked waits for the answer.
func (p *provider) describe(ctx context.Context) (*described, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.now()
	switch {
	case p.known != nil && at.Sub(p.since) < describedFor:
		return p.known, nil
	case at.Sub(p.failed) < retryAfter && p.known != nil:
		return p.known, nil
	case at.Sub(p.failed) < retryAfter:
		return nil, errUnreached
	}
	// Whoever goes away while the answer is on its way does not take it from the others.
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), callWithin)
	defer cancel()
	if end, ok := ctx.Deadline(); ok { // who asks will not wait for longer, and nobody behind them should
		var sooner context.CancelFunc
		within, sooner = context.WithDeadline(within, end)
		defer sooner()
	}
	known, err := p.ask(within)
	if err != nil {
		p.failed = p.now()
		if p.known == nil {
			return nil, err
		}
		return p.known, nil
	}
	p.known, p.since = known, p.now()
	return known, nil
}

func (p *provider) ask(ctx context.Context) (*described, error) {
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.terms.Issuer)
	if err != nil {
		return nil, errUnreached // the library's own words quote what came
	}
	var more struct {
		End     string   `json:"end_session_endpoint"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, errUnreached
	}
	issuer, err := url.Parse(p.terms.Issuer)
	if err != nil {
		return nil, errUnreached
	}
	endpoint := found.Endpoint()
	for _, address := range []string{endpoint.AuthURL, endpoint.TokenURL} {
		if u, err := url.Parse(address); err != nil || !allowed(issuer, u) {
			return nil, fmt.Errorf("%w: an address that may not be", errUnreached)
		}
	}
	if u, err := url.Parse(more.End); err != nil || !allowed(issuer, u) {
		more.End = ""
	}
	// Found out by trying, a code would be shown twice, and be used up by the first.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.secret == "" || len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &described{
		verifier: found.Verifier(&oidc.Config{ClientID: p.terms.ClientID, SupportedSigningAlgs: algorithms, Now: p.now}),
		oauth: oauth2.Config{
			ClientID: p.terms.ClientID, ClientSecret: p.secret, Endpoint: endpoint, RedirectURL: p.back,
			Scopes: []string{oidc.ScopeOpenID, "profile"},
		},
		end: more.End,
	}, nil
}

// way is where a browser is sent, and what must come back.
func (p *provider) way(d *described, w sealedWay) string {
	options := []oauth2.AuthCodeOption{oidc.Nonce(w.Nonce), oauth2.S256ChallengeOption(w.Verifier)}
	if len(p.terms.ACR) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(p.terms.ACR, " ")))
	}
	if w.Again {
		// Who is asked for an age must say when one proved who one is.
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return d.oauth.AuthCodeURL(w.State, options...)
}

// claims are what is read of a token that was verified.
type claims struct {
	Party  string  `json:"azp"`
	ACR    string  `json:"acr"`
	Proved float64 `json:"auth_time"` // when one last did; zero: the provider does not say
	Name   string  `json:"name"`
	Given  string  `json:"given_name"`
	Family string  `json:"family_name"`
}

// somebody is who came back.
type somebody struct {
	employee  protocol.EmployeeID
	name, acr string
}

// redeem makes somebody of a code, or nobody.
func (p *provider) redeem(ctx context.Context, code string, w sealedWay) (somebody, error) {
	d, err := p.describe(ctx)
	if err != nil {
		return somebody{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), callWithin)
	defer cancel()
	got, err := d.oauth.Exchange(ctx, code, oauth2.VerifierOption(w.Verifier))
	if err != nil {
		if _, said := errors.AsType[*oauth2.RetrieveError](err); said {
			return somebody{}, errCode
		}
		return somebody{}, errUnreached
	}
	raw, ok := got.Extra("id_token").(string)
	if !ok || len(raw) > maxToken {
		return somebody{}, errToken
	}
	token, err := d.verifier.Verify(ctx, raw)
	if err != nil {
		return somebody{}, errToken
	}
	if w.Nonce == "" || subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(w.Nonce)) != 1 {
		return somebody{}, errNonce
	}
	return p.read(token, w)
}

// read takes of a verified token what is needed, and checks what the library leaves to us.
func (p *provider) read(token *oidc.IDToken, w sealedWay) (somebody, error) {
	var c claims
	if err := token.Claims(&c); err != nil {
		return somebody{}, errToken
	}
	if c.Party != "" && c.Party != p.terms.ClientID || c.Party == "" && len(token.Audience) > 1 {
		return somebody{}, errToken
	}
	if len(p.terms.ACR) > 0 && !slices.Contains(p.terms.ACR, c.ACR) {
		return somebody{}, errACR
	}
	switch proved := protocol.Instant(c.Proved * 1000); {
	case !w.Again:
	case proved <= 0: // unknown is no: the question went by way of the browser, whose user can leave it out
		return somebody{}, errWhen
	case proved+instant(provedSkew) < w.Begun:
		return somebody{}, errProved
	}
	var all map[string]any
	if err := token.Claims(&all); err != nil {
		return somebody{}, errToken
	}
	text, ok := all[p.terms.EmployeeClaim].(string)
	if !ok {
		return somebody{}, errEmployee
	}
	employee, err := protocol.ParseEmployeeID(text)
	if err != nil {
		return somebody{}, errEmployee
	}
	name := c.Name
	if name == "" {
		name = strings.TrimSpace(c.Given + " " + c.Family)
	}
	return somebody{employee: employee, name: shown(name), acr: shown(c.ACR)}, nil
}

func instant(d time.Duration) protocol.Instant { return protocol.Instant(d.Milliseconds()) }

// shown is a text of the provider's that may be shown; another is none.
func shown(s string) string {
	if len(s) > maxShown || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// maxShown is what a name may have in bytes: with it the cookie stays within its limit.
const maxShown = 256
