package e2e

import (
	"context"
	"net"
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
func atProvider(t *testing.T) (origin string, provider *providertest.Provider) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	origin = "http://localhost:" + port // the provider's is another: 127.0.0.1
	provider, err = providertest.New(false, providertest.Client{ID: "tvilling", Back: []string{origin + "/sign-in/back", origin + "/"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(provider.Close)
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
	return origin, provider
}

// A browser goes to the provider of another site and back, is somebody, stays so when the
// page is loaded anew, and is nobody when it has signed out.
func TestSignInAtAProvider(t *testing.T) {
	origin, provider := atProvider(t)
	p := open(t, browser(t), origin)
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
	for deadline := time.Now().Add(patience); ; {
		if at := eval[string](p, `location.href`); strings.HasPrefix(at, provider.Issuer()) || at == origin+"/" && p.state() == "signin" {
			break
		}
		if time.Now().After(deadline) {
			p.shot("failure")
			t.Fatalf("signed out to %s", eval[string](p, `location.href`))
		}
	}
	p.do(chromedp.Navigate(origin))
	p.waitState("signin")
	if renewed := eval2[float64](p, `fetch('/renew', {method: 'POST'}).then(r => r.status)`); renewed != 401 {
		t.Errorf("who is nobody renews with %v", renewed)
	}
}
