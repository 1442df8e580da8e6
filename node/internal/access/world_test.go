package access_test

import (
	"errors"
	"slices"
	"testing"

	"tvilling/node/internal/projection"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// world is a View over sealed rows in memory.
type world struct {
	ring  *sealing.Ring
	index uint64
	rows  map[place][]row
	asOf  map[raftfsm.Projection]protocol.Instant // absent: unknown
}

type place struct {
	projection raftfsm.Projection
	subject    command.Subject
}

type row struct {
	key    [16]byte
	sealed []byte
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ring, err := sealing.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	return &world{ring: ring, index: 7, rows: map[place][]row{}, asOf: map[raftfsm.Projection]protocol.Instant{}}
}

func (w *world) Index() uint64 { return w.index }

func (w *world) Rows(p raftfsm.Projection, s command.Subject, yield func([16]byte, []byte) bool) {
	for _, r := range w.rows[place{p, s}] {
		if !yield(r.key, r.sealed) {
			return
		}
	}
}

func (w *world) Freshness(p raftfsm.Projection) (int64, string, bool) {
	asOf, known := w.asOf[p]
	return int64(asOf), "", known
}

var buckets = map[raftfsm.Projection]sealing.Bucket{
	raftfsm.Blocks: sealing.Blocks, raftfsm.Consents: sealing.Consents,
	raftfsm.Relations: sealing.Relations, raftfsm.Commissions: sealing.Commissions, raftfsm.Persons: sealing.Persons,
}

func (w *world) put(p raftfsm.Projection, s command.Subject, key [16]byte, plain []byte) {
	sealed := w.ring.Seal(buckets[p], slices.Concat(s[:], key[:]), plain)
	w.rows[place{p, s}] = append(w.rows[place{p, s}], row{key, sealed})
}

func (w *world) commission(employee protocol.EmployeeID, c projection.Commission) {
	w.put(raftfsm.Commissions, w.ring.Employee(employee), w.ring.Key(projection.CommissionDomain, c.ID), projection.AppendCommission(nil, c))
}

func (w *world) relation(patient protocol.PatientID, r projection.Relation) {
	key := w.ring.Key(projection.RelationDomain, r.CareProvider, r.CareUnit, r.Employee)
	w.put(raftfsm.Relations, w.ring.Patient(patient), key, projection.AppendRelation(nil, r))
}

func (w *world) consent(patient protocol.PatientID, c projection.Consent) {
	w.put(raftfsm.Consents, w.ring.Patient(patient), w.ring.Key(projection.ConsentDomain, c.ID), projection.AppendConsent(nil, c))
}

func (w *world) block(patient protocol.PatientID, b projection.Block) {
	w.put(raftfsm.Blocks, w.ring.Patient(patient), w.ring.Key(projection.BlockDomain, b.ID), projection.AppendBlock(nil, b))
}

// damage puts a row that does not open.
func (w *world) damage(p raftfsm.Projection, s command.Subject) {
	w.rows[place{p, s}] = append(w.rows[place{p, s}], row{[16]byte{1}, []byte("not sealed")})
}

// fataler is what tests, benchmarks and rapid's checks share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func id[T any](t fataler, parse func(string) (T, error), s string) T {
	t.Helper()
	if s == "" {
		var none T
		return none
	}
	v, err := parse(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return v
}

var errNoProjection = errors.New("no such projection")

func projectionNamed(name string) (raftfsm.Projection, error) {
	switch name {
	case "blocks":
		return raftfsm.Blocks, nil
	case "consents":
		return raftfsm.Consents, nil
	case "relations":
		return raftfsm.Relations, nil
	case "commissions":
		return raftfsm.Commissions, nil
	case "persons":
		return raftfsm.Persons, nil
	default:
		return 0, errNoProjection
	}
}

func (w *world) person(patient protocol.PatientID, p projection.Person) {
	w.put(raftfsm.Persons, w.ring.Patient(patient), w.ring.Key(projection.PersonDomain), projection.AppendPerson(nil, p))
}
