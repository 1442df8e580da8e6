package admin

import (
	"fmt"
	"net"
	"net/url"
)

// National is the logical address of the national services.
const National = "SE165565594230-1000"

// Limits of the upstream tables.
const (
	MaxEverySeconds  = 3600
	MaxFullHours     = 24
	MaxCareProviders = 24 // whose consents or relations are asked for: their places fit in one watermark
	maxUpstreamID    = 64
)

// Upstream is the services around the cluster. A table that is left out is a service
// that is not there: what it would have told is unknown.
type Upstream struct {
	System     string   `toml:"system,omitempty"` // the cluster's own HSA-id, as the access log names it
	Name       string   `toml:"name,omitempty"`
	Blocks     *Service `toml:"blocks,omitempty"`     // GetBlocks 4
	Consents   *Service `toml:"consents,omitempty"`   // GetConsentsForCareProvider 2
	Relations  *Service `toml:"relations,omitempty"`  // GetPatientRelationsForCareProvider 1
	Directory  *Service `toml:"directory,omitempty"`  // GetCredentialsForPersonIncludingProtectedPerson 2
	Engagement *Service `toml:"engagement,omitempty"` // AssertCareEngagement 1, addressed to the care unit
	Log        *Service `toml:"log,omitempty"`        // StoreLog 2
}

// Service is one of them. What is left out is as Upstream.Complete says.
type Service struct {
	URL           string   `toml:"url"`                      // https, or http to an address on loopback
	Address       string   `toml:"address,omitempty"`        // logical address; default: the national one
	CareProviders []string `toml:"care_providers,omitempty"` // consents, relations: HSA-ids, each asked for by itself
	EverySeconds  int      `toml:"every_seconds,omitempty"`  // between two calls
	FullHours     int      `toml:"full_hours,omitempty"`     // blocks: between two readings of everything
}

// Defaults of the services.
const (
	deltaSeconds     = 15  // blocks, consents, relations
	directorySeconds = 300 // the directory wants to be asked seldom
	logSeconds       = 10
	blocksFullHours  = 6
)

// services lists what is there, with what goes for it.
func (u *Upstream) services() []struct {
	name     string
	service  *Service
	every    int
	full     int
	provider bool // asked for care providers
} {
	return []struct {
		name     string
		service  *Service
		every    int
		full     int
		provider bool
	}{
		{"blocks", u.Blocks, deltaSeconds, blocksFullHours, false},
		{"consents", u.Consents, deltaSeconds, 0, true},
		{"relations", u.Relations, deltaSeconds, 0, true},
		{"directory", u.Directory, directorySeconds, 0, false},
		{"engagement", u.Engagement, 0, 0, false},
		{"log", u.Log, logSeconds, 0, false},
	}
}

// Complete returns the tables with defaults in the place of what is left out.
func (u Upstream) Complete() Upstream {
	for _, at := range []**Service{&u.Blocks, &u.Consents, &u.Relations, &u.Directory, &u.Engagement, &u.Log} {
		if *at != nil {
			own := **at
			*at = &own
		}
	}
	for _, s := range u.services() {
		if s.service == nil {
			continue
		}
		if s.service.EverySeconds == 0 {
			s.service.EverySeconds = s.every
		}
		if s.service.FullHours == 0 {
			s.service.FullHours = s.full
		}
		if s.service.Address == "" && s.name != "engagement" {
			s.service.Address = National
		}
	}
	return u
}

// Secure reports whether some service is called over TLS, and certificates are needed.
func (u Upstream) Secure() bool {
	for _, s := range u.services() {
		if s.service == nil {
			continue
		}
		if at, err := url.Parse(s.service.URL); err == nil && at.Scheme == "https" {
			return true
		}
	}
	return false
}

// Validate reports every fault of the tables.
func (u Upstream) Validate(environment string) (faults []error) {
	fault := func(name, format string, args ...any) {
		faults = append(faults, fmt.Errorf("upstream."+name+": "+format, args...))
	}
	for _, s := range u.services() {
		if s.service == nil {
			continue
		}
		if u.System == "" || len(u.System) > maxUpstreamID {
			fault("system", "the cluster's own HSA-id is needed to call any service")
		}
		if err := checkURL(s.service.URL, environment); err != nil {
			fault(s.name+".url", "%w", err)
		}
		if n := s.service.EverySeconds; n < 0 || n > MaxEverySeconds || n != 0 && s.every == 0 {
			fault(s.name+".every_seconds", "%d is not 1 to %d, or this service is not asked by the clock", n, MaxEverySeconds)
		}
		if n := s.service.FullHours; n < 0 || n > MaxFullHours || n != 0 && s.full == 0 {
			fault(s.name+".full_hours", "%d is not 1 to %d, or this service is not read whole by the clock", n, MaxFullHours)
		}
		if len(s.service.Address) > maxUpstreamID || s.service.Address != "" && s.name == "engagement" {
			fault(s.name+".address", "too long, or not one's own to choose: a care engagement is asked for at the care unit")
		}
		if n := len(s.service.CareProviders); n > MaxCareProviders || s.provider != (n > 0) {
			fault(s.name+".care_providers", "1 to %d are needed for consents and relations, and none for others", MaxCareProviders)
		}
		for _, id := range s.service.CareProviders {
			if id == "" || len(id) > maxUpstreamID {
				fault(s.name+".care_providers", "one is not an HSA-id")
			}
		}
	}
	return faults
}

// checkURL takes https; and http to this machine alone, never in production.
func checkURL(text, environment string) error {
	at, err := url.Parse(text)
	switch {
	case err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "":
		return fmt.Errorf("%w: not an address such as https://services.example/vp/GetBlocks", ErrTopology)
	case at.Scheme == "https":
		return nil
	case at.Scheme != "http":
		return fmt.Errorf("%w: not https", ErrTopology)
	case environment == Production:
		return fmt.Errorf("%w: not https, and in production what comes over it decides who sees whom", ErrTopology)
	case !net.ParseIP(at.Hostname()).IsLoopback():
		return fmt.Errorf("%w: http to another machine: use https, or an address such as http://127.0.0.1:8480", ErrTopology)
	default:
		return nil
	}
}
