package admin

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"tvilling/protocol"
)

// How staff sign in.
const (
	SignInChoice      = "choice"      // one chooses who to be: in a demo and in development alone
	SignInCertificate = "certificate" // the browser shows a certificate of the staff's authority
	SignInProvider    = "provider"    // at an OpenID provider
)

// Limits of signing in; beyond, the cluster file is refused.
const (
	minIdleMinutes     = 5
	maxIdleMinutes     = 60
	defaultIdleMinutes = 15
	maxSessionHours    = 12
	defaultHours       = 10
	maxACR             = 8
	maxHandOvers       = 64
)

// FileProvider says who signs the OpenID provider's certificate, in a data node's directory.
const FileProvider = "tls/provider-ca.pem"

// SignIn is how staff sign in, and for how long.
type SignIn struct {
	Method        string   `toml:"method,omitempty"`         // choice, certificate or provider; empty: certificate in production, else choice
	Issuer        string   `toml:"issuer,omitempty"`         // of the provider, as its tokens name it
	ClientID      string   `toml:"client_id,omitempty"`      // what the provider calls this cluster
	ClientSecret  string   `toml:"client_secret,omitempty"`  // name of a file in the node's directory; empty: a public client
	ACR           []string `toml:"acr,omitempty"`            // how one must have proved who one is; one of them is asked for, and required
	EmployeeClaim string   `toml:"employee_claim,omitempty"` // where the token has the employee's HSA-id
	CookieDomain  string   `toml:"cookie_domain,omitempty"`  // that the data nodes' origins are under; empty: they have one host
	IdleMinutes   int      `toml:"idle_minutes,omitempty"`   // unused for so long, a session ends
	SessionHours  int      `toml:"session_hours,omitempty"`  // it ends in any case
}

// HandOver is a record system that may send a user here with a patient.
type HandOver struct {
	System string `toml:"system"` // HSA-id; several entries of one are several of its keys
	Name   string `toml:"name"`   // as users know it
	Key    string `toml:"key"`    // name of a file in the node's directory: its public key, PEM
}

// Complete fills in what was left out.
func (s SignIn) Complete(environment string) SignIn {
	if s.Method == "" {
		s.Method = SignInChoice
		if environment == Production {
			s.Method = SignInCertificate
		}
	}
	if s.EmployeeClaim == "" {
		s.EmployeeClaim = "employeeHsaId"
	}
	if s.IdleMinutes == 0 {
		s.IdleMinutes = defaultIdleMinutes
	}
	if s.SessionHours == 0 {
		s.SessionHours = defaultHours
	}
	return s
}

// ValidateSignIn reports every fault of how one signs in and is handed over.
func (t Topology) ValidateSignIn() []error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("sign_in: "+format, args...)) }
	s := t.SignIn.Complete(t.Environment)
	switch s.Method {
	case SignInChoice:
		if t.Environment == Production {
			fault("method: in production nobody chooses who to be: certificate or provider")
		}
	case SignInCertificate, SignInProvider:
	default:
		fault("method: %q is not choice, certificate or provider", s.Method)
	}
	if s.IdleMinutes < minIdleMinutes || s.IdleMinutes > maxIdleMinutes {
		fault("idle_minutes: %d; %d to %d may be", s.IdleMinutes, minIdleMinutes, maxIdleMinutes)
	}
	if s.SessionHours < 1 || s.SessionHours > maxSessionHours {
		fault("session_hours: %d; 1 to %d may be", s.SessionHours, maxSessionHours)
	}
	if s.Method == SignInProvider {
		faults = append(faults, s.validateProvider(t.Environment)...)
	} else if s.Issuer != "" || s.ClientID != "" || s.ClientSecret != "" || len(s.ACR) > 0 {
		fault("issuer, client_id, client_secret and acr are for method provider, and it is %s", s.Method)
	}
	return slices.Concat(faults, t.validateCookies(s), t.validateHandOvers())
}

func (s SignIn) validateProvider(environment string) []error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("sign_in: "+format, args...)) }
	u, err := url.Parse(s.Issuer)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		fault("issuer: it must be an address such as https://idp.example/oidc")
	case u.Scheme == "http" && environment != Production && loopbackHost(u.Hostname()):
	case u.Scheme != "https":
		fault("issuer: https is needed; http is taken on loopback outside production alone")
	}
	if s.ClientID == "" {
		fault("client_id: it is needed: the provider gives it")
	}
	if s.ClientSecret != "" && !inDirectory(s.ClientSecret) {
		fault("client_secret: it must be the name of a file in the node's directory")
	}
	if len(s.ACR) > maxACR || slices.ContainsFunc(s.ACR, func(a string) bool { return a == "" || strings.ContainsAny(a, " \t\r\n") }) {
		fault("acr: at most %d values, without blanks", maxACR)
	}
	if len(s.ACR) == 0 && environment == Production {
		fault("acr: in production it must be said how one must have proved who one is")
	}
	return faults
}

// validateCookies sees to it that a session follows its browser from one node to another.
func (t Topology) validateCookies(s SignIn) (faults []error) {
	var hosts []string
	for _, n := range t.Members {
		if u, err := url.Parse(n.Origin); err == nil && n.Role == RoleData && !slices.Contains(hosts, u.Hostname()) {
			hosts = append(hosts, u.Hostname())
		}
	}
	domain := s.CookieDomain
	switch {
	case domain == "" && s.Method == SignInProvider && len(hosts) > 1:
		return []error{fmt.Errorf("sign_in: cookie_domain: the data nodes have %d hosts, and a session that follows its browser from one to another needs the domain that they share", len(hosts))}
	case domain == "":
		return nil
	case domain != strings.ToLower(domain) || !strings.Contains(domain, ".") || strings.HasPrefix(domain, ".") ||
		strings.ContainsAny(domain, "/:;, ") || net.ParseIP(domain) != nil:
		return []error{fmt.Errorf("sign_in: cookie_domain: %q is no domain, such as tvilling.example", domain)}
	}
	for _, host := range hosts {
		if host != domain && !strings.HasSuffix(host, "."+domain) {
			faults = append(faults, fmt.Errorf("sign_in: cookie_domain: %s is not under %s", host, domain))
		}
	}
	return faults
}

func (t Topology) validateHandOvers() (faults []error) {
	if len(t.HandOver) > maxHandOvers {
		faults = append(faults, fmt.Errorf("hand_over: %d keys; %d may be", len(t.HandOver), maxHandOvers))
	}
	for _, h := range t.HandOver {
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf("hand_over %q: "+format, append([]any{h.System}, args...)...))
		}
		if _, err := protocol.ParseSourceID(h.System); err != nil {
			fault("system: it must be the HSA-id of the record system")
		}
		if h.Name == "" || len(h.Name) > protocol.MaxShortTextBytes {
			fault("name: it is needed, in at most %d bytes: users read it", protocol.MaxShortTextBytes)
		}
		if !inDirectory(h.Key) {
			fault("key: it must be the name of a file in the node's directory")
		}
	}
	return faults
}

// inDirectory reports whether a name stays in the directory that it is looked for in.
func inDirectory(name string) bool {
	return name != "." && filepath.IsLocal(filepath.FromSlash(name))
}

func loopbackHost(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }
