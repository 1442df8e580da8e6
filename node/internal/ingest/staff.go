package ingest

import (
	"context"
	"errors"
	"fmt"

	"tvilling/node/internal/projection"
	"tvilling/node/internal/upstream"
	"tvilling/raftfsm/command"
)

// directoryFeed asks the directory about everybody whom the register lists. It has no
// deltas: each round is everything.
type directoryFeed struct {
	register Source[Register]
	Source[Directory]
}

func (f directoryFeed) feed(r *round) error {
	if f.register.Every == 0 {
		return fmt.Errorf("%w: no register says whom the directory is asked about", upstream.ErrFeed)
	}
	s, err := f.register.Service.Read(r.ctx)
	if err != nil {
		return err
	}
	commissions, err := f.Service.Commissions(r.ctx, s.Employees)
	if err != nil {
		return err
	}
	rows := make([]row, len(commissions))
	for i, c := range commissions {
		key := command.RowKey{Subject: r.ring.Employee(c.Employee), Key: r.ring.Key(projection.CommissionDomain, c.Row.ID)}
		rows[i] = row{key: key, plain: projection.AppendCommission(nil, c.Row)}
	}
	return r.replace(said{rows: rows}, placeVersion)
}

// registerFeed takes the register's extract of the population register, and its sources.
type registerFeed struct{ Source[Register] }

func (f registerFeed) feed(r *round) error {
	s, err := f.Service.Read(r.ctx)
	if err != nil {
		return err
	}
	return errors.Join(r.registerSources(r.ctx, s.Sources), f.patients(r, s))
}

func (f registerFeed) patients(r *round, s upstream.Snapshot) error {
	if r.watermark == s.Watermark {
		return r.page(nil, nil, s.Watermark, r.asOf)
	}
	rows := make([]row, len(s.Patients))
	for i, p := range s.Patients {
		rows[i] = r.patientRow(p.ID, projection.AppendPerson(nil, p.Row), projection.PersonDomain)
	}
	return r.replace(said{rows: rows}, s.Watermark)
}

// registerSources registers what the register lists and the state does not have so.
// One that is no longer listed stays: registrations are taken back by an operator.
func (f *Feeds) registerSources(ctx context.Context, sources []upstream.Source) error {
	for _, s := range sources {
		want := command.RegisterSource{Source: s.ID.Reveal(), Agent: s.Agent.Reveal(), Contracts: make([]uint8, len(s.Contracts))}
		for i, c := range s.Contracts {
			want.Contracts[i] = uint8(c)
		}
		have, ok, err := f.sources(want.Source)
		if err != nil {
			return fmt.Errorf("reading the registrations: %w", err)
		}
		if ok && (have.Withdrawn || sameRegistration(have, want)) {
			continue
		}
		err = f.propose(ctx, command.Command{Kind: command.KindRegisterSource, Version: 1, Intent: f.intent(), Body: want})
		if err != nil {
			return err
		}
	}
	return nil
}

func sameRegistration(a, b command.RegisterSource) bool {
	return a.Agent == b.Agent && string(a.Contracts) == string(b.Contracts)
}
