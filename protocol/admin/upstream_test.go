package admin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const alone = `cluster = "c"
environment = "demo"
register = "register.toml"

[upstream]
system = "SE2321000016-1TVI"
name = "Tvilling"
blocks = { url = "http://127.0.0.1:8480/blocks", full_hours = 2 }
consents = { url = "https://vp.example/consents", care_providers = ["SE2321000016-1REG"], every_seconds = 30 }
engagement = { url = "http://[::1]:8480/tgp" }

[[member]]
id = "a1"
site = "A"
role = "data"
peer = "h:1"
admin = "h:2"
client = "127.0.0.1:3"
source = "h:4"
origin = "https://h"
`

func TestUpstreamIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.toml")
	if err := os.WriteFile(path, []byte(alone), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := LoadTopology(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Upstream{
		System: "SE2321000016-1TVI", Name: "Tvilling",
		Blocks:     &Service{URL: "http://127.0.0.1:8480/blocks", Address: National, EverySeconds: 15, FullHours: 2},
		Consents:   &Service{URL: "https://vp.example/consents", Address: National, EverySeconds: 30, CareProviders: []string{"SE2321000016-1REG"}},
		Engagement: &Service{URL: "http://[::1]:8480/tgp"},
	}
	if diff := cmp.Diff(want, got.Upstream.Complete()); diff != "" || got.Register != "register.toml" {
		t.Error(diff)
	}
	if got.Upstream.Blocks.Address != "" {
		t.Error("what is completed is the cluster file's own")
	}
	if !got.Upstream.Secure() || (Upstream{Blocks: want.Blocks}).Secure() {
		t.Error("one is called over TLS, and the others are not")
	}
	text, err := got.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := LoadTopology(path)
	if diff := cmp.Diff(got, again); diff != "" || err != nil {
		t.Errorf("written and read again: %v\n%s", err, diff)
	}
}

func TestUpstreamFaults(t *testing.T) {
	at := func(url string) *Service { return &Service{URL: url} }
	const fine = "https://vp.example/x"
	for name, c := range map[string]struct {
		u           Upstream
		environment string
		want        string // empty: it is taken
	}{
		"none":                         {Upstream{}, Production, ""},
		"https":                        {Upstream{System: "S", Log: at(fine)}, Production, ""},
		"loopback in a demo":           {Upstream{System: "S", Log: at("http://127.0.0.1:1/x")}, Demo, ""},
		"loopback in production":       {Upstream{System: "S", Log: at("http://127.0.0.1:1/x")}, Production, "in production"},
		"http elsewhere":               {Upstream{System: "S", Log: at("http://10.0.0.1:1/x")}, Demo, "http to another machine"},
		"a name for loopback":          {Upstream{System: "S", Log: at("http://localhost:1/x")}, Demo, "http to another machine"},
		"another scheme":               {Upstream{System: "S", Log: at("ftp://vp.example/x")}, Demo, "not https"},
		"a password":                   {Upstream{System: "S", Log: at("https://a:b@vp.example/x")}, Demo, "not an address"},
		"no address":                   {Upstream{System: "S", Log: at("")}, Demo, "upstream.log.url"},
		"nobody asks":                  {Upstream{Log: at(fine)}, Demo, "upstream.system"},
		"consents of nobody":           {Upstream{System: "S", Consents: at(fine)}, Demo, "upstream.consents.care_providers"},
		"blocks of somebody":           {Upstream{System: "S", Blocks: &Service{URL: fine, CareProviders: []string{"P"}}}, Demo, "upstream.blocks.care_providers"},
		"too many":                     {Upstream{System: "S", Relations: &Service{URL: fine, CareProviders: make([]string, MaxCareProviders+1)}}, Demo, "upstream.relations.care_providers"},
		"an engagement by the clock":   {Upstream{System: "S", Engagement: &Service{URL: fine, EverySeconds: 5}}, Demo, "upstream.engagement.every_seconds"},
		"an engagement with one place": {Upstream{System: "S", Engagement: &Service{URL: fine, Address: "X"}}, Demo, "upstream.engagement.address"},
		"back in time":                 {Upstream{System: "S", Blocks: &Service{URL: fine, EverySeconds: -1}}, Demo, "upstream.blocks.every_seconds"},
		"seldom":                       {Upstream{System: "S", Blocks: &Service{URL: fine, EverySeconds: MaxEverySeconds + 1}}, Demo, "upstream.blocks.every_seconds"},
		"whole, seldom":                {Upstream{System: "S", Blocks: &Service{URL: fine, FullHours: MaxFullHours + 1}}, Demo, "upstream.blocks.full_hours"},
		"a whole log":                  {Upstream{System: "S", Log: &Service{URL: fine, FullHours: 1}}, Demo, "upstream.log.full_hours"},
	} {
		var said []string
		for _, err := range c.u.Validate(c.environment) {
			said = append(said, err.Error())
		}
		if text := strings.Join(said, "\n"); (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: %q, want %q", name, text, c.want)
		}
	}
}
