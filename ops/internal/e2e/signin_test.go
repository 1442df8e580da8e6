package e2e

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tvilling/node"
	"tvilling/node/providertest"
	"tvilling/protocol/admin"
)

// atProvider runs a node where one signs in at a provider of another site, and returns
// what browsers call it.
func atProvider(t *testing.T) (origin string, ended chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	origin = "http://localhost:" + port // the provider's is another: 127.0.0.1
	provider, err := providertest.New(false, providertest.Client{ID: "tvilling", Back: []string{origin + "/sign-in/back", origin + "/"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(provider.Close)
	inner := provider.Handler
	ended = make(chan struct{}, 1)
	provider.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end_session" {
			select {
			case ended <- struct{}{}:
			default: // once is enough
			}
		}
		inner.ServeHTTP(w, r)
	})
	provider.SignsIn(&providertest.User{Name: "Anna Andersson", ACR: "loa3", Claims: map[string]any{"employeeHsaId": "SE2321000016-1ANN"}})
	cfg := node.Alone(filepath.Join(t.TempDir(), "node"), l.Addr().String(), "", admin.Upstream{})
	cfg.Topology.Members[0].Origin = origin
	cfg.Topology.SignIn = admin.SignIn{Method: admin.SignInProvider, Issuer: provider.Issuer(), ClientID: "tvilling", ACR: []string{"loa3"}}
	cfg.Listeners = map[string]net.Listener{node.ListenerClient: l}
	n, err := node.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- n.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return origin, ended
}

// A browser goes to the provider of another site and back, is somebody, stays so when the
// page is loaded anew, and is nobody when it has signed out.
func TestSignInAtAProvider(t *testing.T) {
	origin, ended := atProvider(t)
	chromium := browser(t)
	p := open(t, chromium, origin)
	p.waitState("signin")
	p.click("sign-in")
	p.wait(`document.body.innerText.includes('Anna Andersson')`)
	if at := eval[string](p, `location.href`); at != origin+"/" {
		t.Errorf("at %s", at)
	}
	if kept := eval[string](p, `document.cookie + Object.keys(localStorage)`); strings.Contains(kept, "tvilling-") {
		t.Errorf("a script sees %q", kept)
	}
	p.do(chromedp.Reload())
	p.wait(`document.body.innerText.includes('Anna Andersson')`)
	if renewed := eval2[float64](p, `fetch('/renew', {method: 'POST'}).then(r => r.status)`); renewed != 204 {
		t.Errorf("renewed with %v", renewed)
	}
	p.shot("signed-in")
	p.click("sign-out")
	select {
	case <-ended:
	case <-time.After(patience):
		p.shot("failure")
		t.Fatal("nobody is signed out at the provider")
	}
	p = open(t, chromium, origin+"/sign-in/back?state=x") // the other tab is on its way back here
	p.shot("not-signed-in")
	if said := p.text(); !strings.Contains(said, "TV-2011") {
		t.Errorf("an answer to nothing is met with %q", said)
	}
	p.do(chromedp.Navigate(origin))
	p.waitState("signin")
	if renewed := eval2[float64](p, `fetch('/renew', {method: 'POST'}).then(r => r.status)`); renewed != 401 {
		t.Errorf("who is nobody renews with %v", renewed)
	}
}
