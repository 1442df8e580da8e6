package admin

import (
	"errors"
	"strings"
	"testing"
)

func signInTopology(environment string, s SignIn) Topology {
	return Topology{Environment: environment, SignIn: s, Members: []Node{
		{ID: "a1", Role: RoleData, Origin: "https://a1.tvilling.example"}, {ID: "b1", Role: RoleData, Origin: "https://b1.tvilling.example:8443"},
		{ID: "w", Role: RoleWitness},
	}}
}

func TestSignInIsChecked(t *testing.T) {
	good := SignIn{Method: SignInProvider, Issuer: "https://idp.example/oidc", ClientID: "tvilling", ClientSecret: "secret",
		ACR: []string{"loa3"}, CookieDomain: "tvilling.example", IdleMinutes: 5, SessionHours: 12}
	for name, c := range map[string]struct {
		environment string
		change      func(*SignIn)
		faults      []string // a part of each
	}{
		"a provider":            {Production, func(*SignIn) {}, nil},
		"nothing, production":   {Production, func(s *SignIn) { *s = SignIn{} }, nil},
		"nothing, demo":         {Demo, func(s *SignIn) { *s = SignIn{} }, nil},
		"choice":                {Demo, func(s *SignIn) { *s = SignIn{Method: SignInChoice} }, nil},
		"choice, production":    {Production, func(s *SignIn) { *s = SignIn{Method: SignInChoice} }, []string{"nobody chooses"}},
		"another method":        {Demo, func(s *SignIn) { *s = SignIn{Method: "saml"} }, []string{"saml"}},
		"a provider's, choice":  {Demo, func(s *SignIn) { *s = SignIn{ClientID: "tvilling"} }, []string{"for method provider"}},
		"no issuer":             {Production, func(s *SignIn) { s.Issuer = "" }, []string{"issuer"}},
		"issuer in the clear":   {Production, func(s *SignIn) { s.Issuer = "http://127.0.0.1/oidc" }, []string{"https is needed"}},
		"loopback in the clear": {Demo, func(s *SignIn) { s.Issuer = "http://127.0.0.1/oidc" }, nil},
		"far in the clear":      {Demo, func(s *SignIn) { s.Issuer = "http://idp.example" }, []string{"https is needed"}},
		"issuer with a query":   {Demo, func(s *SignIn) { s.Issuer += "?a=b" }, []string{"issuer"}},
		"no client":             {Demo, func(s *SignIn) { s.ClientID = "" }, []string{"client_id"}},
		"secret elsewhere":      {Demo, func(s *SignIn) { s.ClientSecret = "../secret" }, []string{"client_secret"}},
		"no acr":                {Demo, func(s *SignIn) { s.ACR = nil }, nil},
		"no acr, production":    {Production, func(s *SignIn) { s.ACR = nil }, []string{"acr"}},
		"acr of two words":      {Demo, func(s *SignIn) { s.ACR = []string{"a b"} }, []string{"acr"}},
		"no domain":             {Demo, func(s *SignIn) { s.CookieDomain = "" }, []string{"cookie_domain: the data nodes have 2 hosts"}},
		"another domain":        {Demo, func(s *SignIn) { s.CookieDomain = "other.example" }, []string{"a1.tvilling.example is not", "b1.tvilling.example is not"}},
		"a part of a name":      {Demo, func(s *SignIn) { s.CookieDomain = "villing.example" }, []string{"a1.", "b1."}},
		"an address":            {Demo, func(s *SignIn) { s.CookieDomain = "127.0.0.1" }, []string{"is no domain"}},
		"a header":              {Demo, func(s *SignIn) { s.CookieDomain = "tvilling.example; Path=/" }, []string{"is no domain"}},
		"everything wrong": {Production, func(s *SignIn) {
			*s = SignIn{Method: SignInProvider, CookieDomain: "x", IdleMinutes: 4, SessionHours: 13}
		},
			[]string{"idle_minutes", "session_hours", "issuer", "client_id", "acr", "cookie_domain"}},
	} {
		s := good
		c.change(&s)
		said := errors.Join(signInTopology(c.environment, s).ValidateSignIn()...)
		if (said == nil) != (len(c.faults) == 0) || said != nil && strings.Count(said.Error(), "\n")+1 != len(c.faults) {
			t.Errorf("%s: %v", name, said)
		}
		for _, part := range c.faults {
			if !strings.Contains(said.Error(), part) {
				t.Errorf("%s: %q is not in: %v", name, part, said)
			}
		}
	}
}

func TestHandOverIsChecked(t *testing.T) {
	good := HandOver{System: "SE2321000016-1COS", Name: "Journalen", Key: "hand-over/journalen.pem"}
	for name, c := range map[string]struct {
		change func(*HandOver)
		want   string
	}{
		"good":         {func(*HandOver) {}, ""},
		"no system":    {func(h *HandOver) { h.System = "the journal" }, "system"},
		"no name":      {func(h *HandOver) { h.Name = "" }, "name"},
		"a long name":  {func(h *HandOver) { h.Name = strings.Repeat("x", 1025) }, "name"},
		"no key":       {func(h *HandOver) { h.Key = "" }, "key"},
		"key anywhere": {func(h *HandOver) { h.Key = "/etc/passwd" }, "key"},
	} {
		h := good
		c.change(&h)
		topology := Topology{Environment: Demo, HandOver: []HandOver{good, h}}
		said := errors.Join(topology.ValidateSignIn()...)
		if (said == nil) != (c.want == "") || said != nil && !strings.Contains(said.Error(), c.want+": ") {
			t.Errorf("%s: %v", name, said)
		}
	}
}
