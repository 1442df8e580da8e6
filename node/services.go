package node

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"
	"time"

	"tvilling/node/internal/ingest"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
)

// services are the clients of what the cluster file names. What it does not is nil.
type services struct {
	register   *upstream.Register
	feeds      ingest.Services
	engagement *upstream.EngagementService
	log        *upstream.LogService
	client     *http.Client
}

// openServices makes the clients. They connect when something is asked.
func openServices(n *Node) (services, error) {
	topology := n.cfg.Topology
	u := topology.Upstream.Complete()
	config, err := n.upstreamTLS(u)
	if err != nil {
		return services{}, err
	}
	s := services{client: upstream.NewClient(config)}
	if topology.Register != "" {
		s.register = upstream.NewRegister(topology.Register, n.ring.Digest)
		if topology.Environment == admin.Production {
			if err := s.register.Private(); err != nil {
				return services{}, err
			}
		}
		s.feeds.Register = ingest.Source[ingest.Register]{Service: s.register, Every: topology.RegisterEvery()}
	}
	if err := s.openFeeds(u); err != nil {
		return services{}, err
	}
	if u.Engagement != nil {
		if s.engagement, err = upstream.NewEngagementService(s.at(u.Engagement)); err != nil {
			return services{}, err
		}
	}
	if u.Log != nil {
		if s.log, err = upstream.NewLogService(s.at(u.Log)); err != nil {
			return services{}, err
		}
	}
	return s, nil
}

func (s *services) openFeeds(u admin.Upstream) error {
	if u.Blocks != nil {
		service, err := upstream.NewBlockService(s.at(u.Blocks))
		if err != nil {
			return err
		}
		s.feeds.Blocks = ingest.Source[ingest.Blocks]{Service: service, Every: every(u.Blocks), Full: time.Duration(u.Blocks.FullHours) * time.Hour}
	}
	if u.Consents != nil {
		providers, err := careProviders(u.Consents)
		if err != nil {
			return err
		}
		service, err := upstream.NewConsentService(s.at(u.Consents))
		if err != nil {
			return err
		}
		s.feeds.Consents = ingest.Source[ingest.Changes[upstream.Consent]]{Service: service, Every: every(u.Consents), CareProviders: providers}
	}
	if u.Relations != nil {
		providers, err := careProviders(u.Relations)
		if err != nil {
			return err
		}
		service, err := upstream.NewRelationService(s.at(u.Relations))
		if err != nil {
			return err
		}
		s.feeds.Relations = ingest.Source[ingest.Changes[upstream.Relation]]{Service: service, Every: every(u.Relations), CareProviders: providers}
	}
	if u.Directory != nil {
		service, err := upstream.NewDirectory(s.at(u.Directory))
		if err != nil {
			return err
		}
		s.feeds.Directory = ingest.Source[ingest.Directory]{Service: service, Every: every(u.Directory)}
	}
	return nil
}

func (s *services) at(service *admin.Service) upstream.Endpoint {
	return upstream.Endpoint{Client: s.client, URL: service.URL, Address: service.Address}
}

func every(service *admin.Service) time.Duration {
	return time.Duration(service.EverySeconds) * time.Second
}

// careProviders are the ids in canonical form and in order: another order in the cluster
// file is no other configuration.
func careProviders(service *admin.Service) ([]string, error) {
	var all []string
	for _, text := range service.CareProviders {
		id, err := protocol.ParseCareProviderID(text)
		if err != nil {
			return nil, fmt.Errorf("%w: upstream: care_providers: %w", ErrConfig, err)
		}
		all = append(all, id.Reveal())
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// upstreamTLS is what services are called with over https, at each connection; nil where
// none is.
func (n *Node) upstreamTLS(u admin.Upstream) (func() *tls.Config, error) {
	switch {
	case !u.Secure():
		return nil, nil
	case n.certs == nil || n.certs.Now().Upstream == nil:
		return nil, fmt.Errorf("%w: services are called over https, and the node's directory has no %s, %s and %s",
			ErrConfig, admin.FileUpstreamCert, admin.FileUpstreamKey, admin.FileUpstream)
	}
	return n.certs.Services, nil
}

// sourceOf tells which service a projection comes from; empty: none.
func sourceOf(t admin.Topology, p raftfsm.Projection) string {
	u := t.Upstream
	switch {
	case p == raftfsm.Blocks && u.Blocks != nil:
		return "GetBlocks 4"
	case p == raftfsm.Consents && u.Consents != nil:
		return "GetConsentsForCareProvider 2"
	case p == raftfsm.Relations && u.Relations != nil:
		return "GetPatientRelationsForCareProvider 1"
	case p == raftfsm.Commissions && u.Directory != nil:
		return "GetCredentialsForPersonIncludingProtectedPerson 2"
	case p == raftfsm.Persons && t.Register != "":
		return "register"
	default:
		return ""
	}
}
