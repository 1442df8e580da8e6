package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"tvilling/ops/internal/demo/patients"
	"tvilling/ops/internal/pki"
	"tvilling/ops/internal/sourceclient"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Filled says what was delivered.
type Filled struct {
	Messages  int
	Documents int
	Index     uint64 // the log index at which the last is durable
}

// Fill registers the source systems, puts the table of coverage and delivers the records of all test patients.
func (c *Cluster) Fill(ctx context.Context, asOf time.Time) (Filled, error) {
	for _, s := range patients.Systems() {
		registration := admin.Source{ID: s.ID, Agent: s.Agent}
		for _, contract := range s.Contracts {
			registration.Contracts = append(registration.Contracts, contract.String())
		}
		if _, err := c.operator.Register(ctx, "", registration); err != nil {
			return Filled{}, fmt.Errorf("registering %s: %w", s.ID, err)
		}
	}
	if _, err := c.operator.PutCoverage(ctx, "", Coverage()); err != nil {
		return Filled{}, fmt.Errorf("putting the table of coverage: %w", err)
	}
	var all Filled
	for _, s := range patients.Systems() {
		one, err := c.deliver(ctx, s, asOf)
		if err != nil {
			return all, fmt.Errorf("delivering for %s: %w", s.ID, err)
		}
		all.Messages += one.Messages
		all.Documents += one.Documents
		all.Index = max(all.Index, one.Index)
	}
	return all, nil
}

// deliver sends what one system holds, by its agent where it has one.
func (c *Cluster) deliver(ctx context.Context, s patients.System, asOf time.Time) (Filled, error) {
	sender := s.ID
	if s.Agent != "" {
		sender = s.Agent
	}
	client, err := c.Source(sender)
	if err != nil {
		return Filled{}, err
	}
	defer client.Close()
	var answers []patients.Answer
	for _, p := range patients.Patients() {
		for _, a := range patients.AnswersFor(p.ID, asOf) {
			if a.System == s.ID {
				answers = append(answers, a)
			}
		}
	}
	var all Filled
	var faults []error
	client.Deliver(ctx, len(answers), func(n int) (sourceclient.Message, error) {
		return sourceclient.Message{Contract: answers[n].Contract, Source: s.ID, Body: answers[n].Message}, nil
	}, func(d sourceclient.Delivery) {
		if d.Err != nil {
			faults = append(faults, fmt.Errorf("%v: %w", answers[d.Number].Contract, d.Err))
			return
		}
		all.Messages++
		all.Documents += d.Receipt.Documents
		all.Index = max(all.Index, d.Receipt.Index)
	})
	return all, errors.Join(faults...)
}

// Source makes a client that sends with the certificate of a source system or an
// agent, which is issued the first time.
func (c *Cluster) Source(id string) (*sourceclient.Client, error) {
	files := pki.Issued{Certificate: c.path("made", "sources", id+".pem"), Key: c.path("made", "sources", id+".key")}
	if issued, err := pki.IssueSource(c.Made(), id); err == nil {
		files = issued
	} else if !errors.Is(err, pki.ErrExists) {
		return nil, err
	}
	config := sourceclient.Config{Authority: filepath.Join(c.OperatorDir(), filepath.FromSlash(admin.FileAuthority)),
		Certificate: files.Certificate, Key: files.Key}
	for _, m := range c.topology.Members {
		if m.Source != "" {
			config.Addresses = append(config.Addresses, m.Source)
		}
	}
	return sourceclient.New(config)
}

// Coverage is which care provider shows which information: the regions everything, the
// others not what they do not do.
func Coverage() admin.CoverageTable {
	without := map[patients.Provider][]protocol.Contract{
		patients.Norrmark: nil, patients.Sydhav: nil,
		patients.Linden:    {protocol.FunctionalStatus, protocol.MaternityMedicalHistory},
		patients.Bjorkholm: {protocol.LaboratoryOrderOutcome, protocol.ImagingOutcome, protocol.ReferralOutcome, protocol.MaternityMedicalHistory},
	}
	var t admin.CoverageTable
	for _, p := range []patients.Provider{patients.Norrmark, patients.Sydhav, patients.Linden, patients.Bjorkholm} {
		for _, contract := range protocol.Contracts() {
			if !slices.Contains(without[p], contract) {
				t.Rows = append(t.Rows, admin.CoverageRow{CareProvider: p.ID, Name: p.Name, Contract: contract.String(), Since: "2016-01-01"})
			}
		}
	}
	return t
}
