// Package providertest is an OpenID provider for tests: a real one, of a library's, whose
// users sign in by being named beforehand. It owns its keys and forgets everything when
// it is closed. It must never be part of a product: whoever comes is let in.
package providertest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// errNone is what is not there.
var errNone = errors.New("providertest: none such")

// User is who signs in, and what the tokens say of it.
type User struct {
	Claims map[string]any // beside the standard ones
	Name   string
	ACR    string
	Change func(claims map[string]any)                      // what the token says, before it is signed anew; nil: nothing
	Forge  func(payload []byte, key *rsa.PrivateKey) string // makes the token; nil: it is signed with the provider's key
}

// Client is who asks for tokens.
type Client struct {
	ID     string
	Secret string   // empty: a public client
	Back   []string // where browsers are sent back to
}

// Provider is an OpenID provider on loopback.
type Provider struct {
	Server *httptest.Server
	http.Handler
	storage *storage
}

// New starts a provider in the clear, or with a certificate of its own.
func New(secure bool, client Client) (*Provider, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	p := &Provider{storage: &storage{client: client, key: signing{key}, requests: map[string]*request{}, codes: map[string]string{}}}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.Handler.ServeHTTP(w, r) }))
	issuer := "http://" + p.Server.Listener.Addr().String()
	if secure {
		issuer = "https://" + p.Server.Listener.Addr().String()
	}
	p.storage.issuer = issuer
	config := &op.Config{CodeMethodS256: true, AuthMethodPost: true, SupportedScopes: []string{"openid", "profile"}, DefaultLogoutRedirectURI: "/logged-out"}
	_, _ = rand.Read(config.CryptoKey[:]) // ends the process rather than fail
	options := []op.Option{op.WithLogger(slog.New(slog.DiscardHandler))}
	if !secure {
		options = append(options, op.WithAllowInsecure())
	}
	inner, err := op.NewProvider(config, p.storage, op.StaticIssuer(issuer), options...)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", inner)
	back := op.AuthCallbackURL(inner)
	mux.Handle("/login", op.NewIssuerInterceptor(inner.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.storage.login(r.FormValue("id")) {
			http.Error(w, "nobody signs in", http.StatusForbidden)
			return
		}
		http.Redirect(w, r, back(r.Context(), r.FormValue("id")), http.StatusFound)
	}))
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) { p.storage.token(w, r, inner) })
	p.Handler = mux
	if secure {
		p.Server.StartTLS()
	} else {
		p.Server.Start()
	}
	return p, nil
}

// Issuer is what the provider calls itself.
func (p *Provider) Issuer() string { return p.storage.issuer }

// SignsIn says who does from now on; nil: nobody.
func (p *Provider) SignsIn(u *User) {
	p.storage.mu.Lock()
	defer p.storage.mu.Unlock()
	p.storage.user = u
}

// Asked is what the last request to sign in asked for: its ways to prove who one is, and
// whether one must do so anew.
func (p *Provider) Asked() (acr []string, again bool) {
	p.storage.mu.Lock()
	defer p.storage.mu.Unlock()
	if p.storage.last == nil {
		return nil, false
	}
	for _, prompt := range p.storage.last.Prompt {
		again = again || prompt == oidc.PromptLogin
	}
	return p.storage.last.ACRValues, again
}

// Close ends it.
func (p *Provider) Close() { p.Server.Close() }

// storage is the library's.
type storage struct {
	client Client
	issuer string
	key    signing

	mu       sync.Mutex
	user     *User
	requests map[string]*request
	codes    map[string]string
	last     *request
}

type request struct {
	*oidc.AuthRequest
	id    string
	user  *User
	since time.Time
}

func (r *request) GetID() string          { return r.id }
func (r *request) GetAMR() []string       { return nil }
func (r *request) GetAuthTime() time.Time { return r.since }
func (r *request) GetClientID() string    { return r.ClientID }
func (r *request) Done() bool             { return r.user != nil }
func (r *request) GetSubject() string     { return "somebody" }
func (r *request) GetScopes() []string    { return r.Scopes }
func (r *request) GetNonce() string       { return r.Nonce }

func (r *request) GetACR() string {
	if r.user == nil {
		return ""
	}
	return r.user.ACR
}

func (r *request) GetAudience() []string {
	return []string{r.ClientID}
}

func (r *request) GetCodeChallenge() *oidc.CodeChallenge {
	if r.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}

func (s *storage) login(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[id]
	if r == nil || s.user == nil {
		return false
	}
	r.user, r.since = s.user, time.Now()
	return true
}

// token answers as the library does, with a token that the user has changed.
func (s *storage) token(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	said := httptest.NewRecorder()
	inner.ServeHTTP(said, r)
	var answer map[string]any
	s.mu.Lock()
	u := s.user
	s.mu.Unlock()
	if err := json.Unmarshal(said.Body.Bytes(), &answer); err == nil && said.Code == http.StatusOK && u != nil {
		answer["id_token"] = s.changed(answer["id_token"].(string), u)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(said.Code)
	_ = json.NewEncoder(w).Encode(answer) // who asked went away
}

func (s *storage) changed(token string, u *User) string {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || u.Change == nil && u.Forge == nil {
		return token
	}
	payload := parsed.UnsafePayloadWithoutVerification()
	if u.Change != nil {
		var claims map[string]any
		_ = json.Unmarshal(payload, &claims) // it is the library's
		u.Change(claims)
		payload, _ = json.Marshal(claims)
	}
	if u.Forge != nil {
		return u.Forge(payload, s.key.key)
	}
	return Sign(payload, jose.RS256, jose.JSONWebKey{Key: s.key.key, KeyID: s.key.ID()})
}

// Sign makes a token.
func Sign(payload []byte, alg jose.SignatureAlgorithm, key any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return err.Error()
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return err.Error()
	}
	text, _ := signed.CompactSerialize() // it has one signature
	return text
}

func (s *storage) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &request{AuthRequest: asked, id: rand.Text()}
	s.requests[r.id], s.last = r, r
	return r, nil
}

func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.requests[id]; r != nil {
		return r, nil
	}
	return nil, errNone
}

func (s *storage) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	id := s.codes[code]
	s.mu.Unlock()
	return s.AuthRequestByID(ctx, id)
}

func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, asked op.IDTokenRequest, _ []string) error {
	if r, ok := asked.(*request); ok && r.user != nil {
		info.Name = r.user.Name
		for name, value := range r.user.Claims {
			info.AppendClaims(name, value)
		}
	}
	return nil
}

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != s.client.ID {
		return nil, errNone
	}
	return &client{s.client}, nil
}

func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != s.client.ID || s.client.Secret == "" || secret != s.client.Secret {
		return errNone
	}
	return nil
}

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.key, nil }
func (s *storage) KeySet(context.Context) ([]op.Key, error)          { return []op.Key{public{s.key}}, nil }
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

func (s *storage) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return rand.Text(), time.Now().Add(time.Minute), nil
}

func (s *storage) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errNone
}

// What is not asked of it here.
func (s *storage) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, errNone
}
func (s *storage) TerminateSession(context.Context, string, string) error { return nil }
func (s *storage) RevokeToken(context.Context, string, string, string) *oidc.Error {
	return nil
}
func (s *storage) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}
func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}
func (s *storage) SetUserinfoFromToken(context.Context, *oidc.UserInfo, string, string, string) error {
	return nil
}
func (s *storage) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return nil
}
func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}
func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNone
}
func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNone
}
func (s *storage) Health(context.Context) error { return nil }

// signing is the provider's key.
type signing struct{ key *rsa.PrivateKey }

func (s signing) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (s signing) Key() any                                    { return s.key }
func (s signing) ID() string                                  { return "key" }

type public struct{ signing }

func (p public) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (p public) Use() string                        { return "sig" }
func (p public) Key() any                           { return &p.key.PublicKey }

// client is the library's view of a Client.
type client struct{ Client }

func (c *client) GetID() string                    { return c.ID }
func (c *client) RedirectURIs() []string           { return c.Back }
func (c *client) PostLogoutRedirectURIs() []string { return c.Back }
func (c *client) ApplicationType() op.ApplicationType {
	return op.ApplicationTypeWeb
}

func (c *client) AuthMethod() oidc.AuthMethod {
	if c.Secret == "" {
		return oidc.AuthMethodNone
	}
	return oidc.AuthMethodBasic
}

func (c *client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c *client) GrantTypes() []oidc.GrantType         { return []oidc.GrantType{oidc.GrantTypeCode} }
func (c *client) LoginURL(id string) string            { return "/login?id=" + id }
func (c *client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c *client) IDTokenLifetime() time.Duration       { return 5 * time.Minute }
func (c *client) DevMode() bool                        { return true }
func (c *client) IsScopeAllowed(string) bool           { return true }
func (c *client) IDTokenUserinfoClaimsAssertion() bool { return true }
func (c *client) ClockSkew() time.Duration             { return 0 }
func (c *client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
func (c *client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
