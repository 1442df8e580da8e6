package node

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"tvilling/node/internal/access"
	adminendpoint "tvilling/node/internal/admin"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// errNoKeys is asked of a witness what only a data node can read.
var errNoKeys = fmt.Errorf("%w: it holds no keys: ask a data node", adminendpoint.ErrElsewhere)

// state reads the replicated state for those who ask for little of it: the operator
// endpoint, readiness, ingest and the feeds.
type state struct {
	fsm  *raftfsm.FSM
	ring *sealing.Ring  // nil on a witness
	from admin.Topology // what the feeds come from
}

// freshFor is how old a projection may be before the gate holds it for unknown.
func freshFor(p raftfsm.Projection) time.Duration {
	return time.Duration(access.Bound(p)) * time.Millisecond
}

// Level returns the feature level that is active.
func (s state) Level() uint16 { return s.fsm.Level() }

// Feeds returns how fresh each projection is.
func (s state) Feeds(now time.Time) ([]admin.Feed, error) {
	v, err := s.fsm.View()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	var feeds []admin.Feed
	for _, p := range raftfsm.Projections() {
		feed := admin.Feed{Name: p.String(), Source: sourceOf(s.from, p), BoundSecond: int64(freshFor(p).Seconds()), AgeSeconds: -1}
		if asOf, _, known := v.Freshness(p); known {
			feed.AsOf = time.UnixMilli(asOf).UTC().Format(time.RFC3339)
			feed.AgeSeconds = int64(now.Sub(time.UnixMilli(asOf)).Seconds())
			feed.Fresh = access.Fresh(protocol.Instant(asOf), protocol.Instant(now.UnixMilli()), access.Bound(p))
		}
		feeds = append(feeds, feed)
	}
	return feeds, nil
}

// fresh is an error that names every projection that is too old to decide on.
func (s state) fresh() error {
	feeds, err := s.Feeds(time.Now())
	if err != nil {
		return err
	}
	var late []error
	for _, f := range feeds {
		if !f.Fresh {
			late = append(late, fmt.Errorf("feed of %s is unknown, older than %d s, or ahead of this node's clock", f.Name, f.BoundSecond))
		}
	}
	return errors.Join(late...)
}

// Sources returns the registrations of sources.
func (s state) Sources() ([]command.RegisterSource, error) {
	v, err := s.fsm.View()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return v.Sources(), nil
}

// Coverage returns the table of which care provider shows what.
func (s state) Coverage() ([]command.Coverage, error) {
	v, err := s.fsm.View()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return v.Coverage(), nil
}

// Announcements returns what the operation tells and is not over.
func (s state) Announcements() ([]command.Announce, error) {
	v, err := s.fsm.View()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	now := time.Now().UnixMilli()
	return slices.DeleteFunc(v.Announcements(), func(a command.Announce) bool { return a.Until != 0 && a.Until <= now }), nil
}

// Backup returns the newest backup that was verified, if there is one.
func (s state) Backup() (command.NoteBackup, bool, error) {
	v, err := s.fsm.View()
	if err != nil {
		return command.NoteBackup{}, false, err
	}
	defer v.Close()
	b, ok := v.Backup()
	return b, ok, nil
}

// registration finds one source.
func (s state) registration(source string) (command.RegisterSource, bool, error) {
	v, err := s.fsm.View()
	if err != nil {
		return command.RegisterSource{}, false, err
	}
	defer v.Close()
	r, found := v.Source(source)
	return r, found, nil
}

// opens tells whether the keyring is one that the state was sealed with: it must open
// the access log's oldest entry or its newest (the oldest one's key may have been
// destroyed, the newest may be of a node with a wrong keyring). A node with another
// keyring would find nobody, and write what no other node can read.
func (s state) opens() error {
	v, err := s.fsm.View()
	if err != nil {
		return err
	}
	newest := v.LogLength()
	v.Close()
	if newest == 0 {
		return nil
	}
	_, err = s.Record(0, 1)
	if err != nil {
		_, err = s.Record(newest-1, 1)
	}
	if err != nil {
		return fmt.Errorf("%w: it is not the one that the state was sealed with: %w", ErrKeyring, err)
	}
	return nil
}

// Record returns a page of the access log, without whom it is about.
func (s state) Record(after uint64, limit int) ([]admin.RecordEntry, error) {
	if s.ring == nil {
		return nil, errNoKeys
	}
	v, err := s.fsm.View()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	var page []admin.RecordEntry
	for _, logged := range v.Log(after, limit) {
		plain, err := s.ring.OpenLog(sealing.Place(logged.Subject, logged.ID), logged.Sealed)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", logged.Sequence, err)
		}
		e, err := record.Decode(plain)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", logged.Sequence, err)
		}
		page = append(page, entryOf(logged, e))
	}
	return page, nil
}

func entryOf(logged raftfsm.Logged, e record.Entry) admin.RecordEntry {
	outcome := "deny"
	if e.Decision.Permit {
		outcome = "permit"
	}
	return admin.RecordEntry{
		Sequence: logged.Sequence, Index: logged.Index, ID: hex.EncodeToString(logged.ID[:]),
		At:       time.UnixMilli(int64(e.At)).UTC().Format(time.RFC3339Nano),
		Activity: e.Activity.String(), Outcome: outcome, Reason: e.Decision.Reason,
		Basis: admin.BasisName(e.Decision.Basis), View: e.Scope.View, Node: e.Node, DecidedAt: e.Decision.DecidedAt,
	}
}
