package admin

import (
	"errors"
	"net/url"
	"testing"
)

func TestParseIdentity(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  Identity
		fails bool
	}{
		{names: []string{"tvilling://demo/node/a1"}, want: Identity{Cluster: "demo", Node: "a1"}},
		{names: []string{"tvilling://demo/operator"}, want: Identity{Cluster: "demo"}},
		{names: []string{"https://other.example/", "tvilling://demo/node/a1"}, want: Identity{Cluster: "demo", Node: "a1"}},
		{names: nil, fails: true},
		{names: []string{"https://demo/node/a1"}, fails: true},
		{names: []string{"tvilling://demo/node/"}, fails: true},
		{names: []string{"tvilling://demo/node/a1/b"}, fails: true},
		{names: []string{"tvilling:///node/a1"}, fails: true},
		{names: []string{"tvilling://demo/else"}, fails: true},
		{names: []string{"tvilling://demo/node/a1?x=1"}, fails: true},
		{names: []string{"tvilling://demo/node/a1", "tvilling://demo/operator"}, fails: true},
	} {
		var uris []*url.URL
		for _, name := range c.names {
			uri, err := url.Parse(name)
			if err != nil {
				t.Fatal(err)
			}
			uris = append(uris, uri)
		}
		got, err := ParseIdentity(uris)
		if c.fails != errors.Is(err, ErrIdentity) || got != c.want {
			t.Errorf("%q: got %v, %v; want %v, failure %t", c.names, got, err, c.want, c.fails)
		}
	}
}

func TestIdentityRoundTrip(t *testing.T) {
	for _, want := range []Identity{{Cluster: "demo", Node: "a1"}, {Cluster: "region-x"}} {
		got, err := ParseIdentity([]*url.URL{want.URI()})
		if err != nil || got != want {
			t.Errorf("%v: got %v, %v", want, got, err)
		}
	}
}
