package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-jose/go-jose/v4"

	"tvilling/node/providertest"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

const journalID = "SE2321000016-1COS"

// atProvider is the configuration of a node alone where one signs in at a provider, and
// the key of a record system that may send users to it.
func atProvider(t *testing.T) (Config, *providertest.Provider, *ecdsa.PrivateKey) {
	t.Helper()
	cfg := aloneIn(t, t.TempDir())
	at := free(t, 1)[0]
	cfg.Topology.Members[0].Client, cfg.Topology.Members[0].Origin = at, "http://"+at
	provider, err := providertest.New(false, providertest.Client{ID: "tvilling", Secret: "hemligt", Back: []string{"http://" + at + "/sign-in/back"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(provider.Close)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(cfg.DataDir, "secret"), []byte("hemligt\n"), 0o600),
		os.WriteFile(filepath.Join(cfg.DataDir, "journal.pem"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	cfg.Topology.SignIn = admin.SignIn{Method: admin.SignInProvider, Issuer: provider.Issuer(), ClientID: "tvilling", ClientSecret: "secret", ACR: []string{"loa3"}}
	cfg.Topology.HandOver = []admin.HandOver{{System: journalID, Name: "Journalen", Key: "journal.pem"}}
	return cfg, provider, key
}

// visitor is a browser without a program.
type visitor struct {
	*http.Client
	t      *testing.T
	origin string
}

// stream opens a stream with the cookies that the visitor has, and says Hello.
func (v visitor) stream() *websocket.Conn {
	v.t.Helper()
	conn, _, err := websocket.Dial(v.t.Context(), "ws"+strings.TrimPrefix(v.origin, "http")+"/stream", &websocket.DialOptions{
		HTTPClient: v.Client, Subprotocols: []string{"tvilling.v1"}, HTTPHeader: http.Header{"Origin": {v.origin}},
	})
	if err != nil {
		v.t.Fatal(err)
	}
	conn.SetReadLimit(protocol.MaxFrameBytes)
	v.t.Cleanup(func() { _ = conn.CloseNow() })
	if err := conn.Write(v.t.Context(), websocket.MessageBinary, protocol.AppendFrame(nil, protocol.Hello{Version: protocol.Version})); err != nil {
		v.t.Fatal(err)
	}
	return conn
}

// heard takes frames until one of the type comes.
func heard[F protocol.Frame](v visitor, conn *websocket.Conn) F {
	v.t.Helper()
	for {
		_, b, err := conn.Read(v.t.Context())
		if err != nil {
			v.t.Fatal(err)
		}
		f, err := protocol.DecodeFrame(b)
		if err != nil {
			v.t.Fatal(err)
		}
		if want, is := f.(F); is {
			return want
		}
	}
}

// From a record system's form by way of the provider to the stream of a real node, and out.
func TestSigningInToANode(t *testing.T) {
	cfg, provider, key := atProvider(t)
	provider.SignsIn(&providertest.User{Name: "Anna Ek", ACR: "loa3", Claims: map[string]any{"employeeHsaId": employeeID}})
	r := run(t, cfg)
	r.ready()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := visitor{&http.Client{Jar: jar}, t, cfg.Topology.Members[0].Origin}
	if got := heard[protocol.Refused](v, v.stream()); got.Fault != protocol.FaultSignIn {
		t.Errorf("nobody is refused with TV-%d", got.Fault)
	}
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"iss": journalID, "aud": "alone", "sub": employeeID, "patient": patientID, "commission": "SE2321000016-1UPP",
		"jti": rand.Text(), "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	token := url.Values{"token": {providertest.Sign(claims, jose.ES256, key)}}
	for _, step := range []func() (*http.Response, error){
		func() (*http.Response, error) { return v.PostForm(v.origin+"/hand-over", token) },
		func() (*http.Response, error) { return v.Get(v.origin + "/sign-in") },
	} {
		response, err := step()
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.Request.URL.Path != "/" {
			t.Fatalf("at %s with %d", response.Request.URL.Path, response.StatusCode)
		}
	}
	conn := v.stream()
	if got := heard[protocol.Welcome](v, conn); got.Person.Name != "Anna Ek" || got.People != nil {
		t.Errorf("greeted %+v", got.Person)
	}
	if got := heard[protocol.Session](v, conn); got.SignIn != protocol.SignInProvider || got.IdleMillis != 15*60*1000 || got.Ends == 0 {
		t.Errorf("told %+v", got)
	}
	if got := heard[protocol.HandedOver](v, conn); got.System != "Journalen" || got.Patient.Reveal() != patientID {
		t.Errorf("handed over by %q", got.System)
	}
	response, err := v.PostForm(v.origin+"/hand-over", token) // the same word again
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if got := heard[protocol.Refused](v, v.stream()); got.Fault != protocol.FaultHandOver {
		t.Errorf("a used hand-over is refused with TV-%d", got.Fault)
	}
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if response, err = v.PostForm(v.origin+"/sign-out", nil); err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if got := heard[protocol.Refused](v, conn); got.Fault != protocol.FaultSessionEnded {
		t.Errorf("the open stream of who signed out ends with TV-%d", got.Fault)
	}
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusCode(protocol.CloseSession) {
		t.Errorf("closed: %v", err)
	}
}

// What belongs to signing in is looked at when the node starts, the provider is not.
func TestANodeStartsWithoutItsProvider(t *testing.T) {
	cfg, provider, _ := atProvider(t)
	provider.Close()
	run(t, cfg).ready()
	for name, spoil := range map[string]func(*Config){
		"no secret":     func(c *Config) { c.Topology.SignIn.ClientSecret = "elsewhere" },
		"no key":        func(c *Config) { c.Topology.HandOver[0].Key = "elsewhere" },
		"no public key": func(c *Config) { c.Topology.HandOver[0].Key = "secret" },
		"no authority":  func(c *Config) { c.Topology.SignIn.Issuer = "https://idp.example" },
		"a certificate": func(c *Config) { c.Topology.SignIn = admin.SignIn{Method: admin.SignInCertificate} },
		"no client":     func(c *Config) { c.Topology.SignIn.ClientID = "" },
	} {
		cfg, _, _ := atProvider(t)
		spoil(&cfg)
		n, err := Open(cfg)
		if err == nil {
			err = n.Close()
			t.Errorf("%s: it starts, %v", name, err)
		} else if !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
