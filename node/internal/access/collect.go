package access

import (
	"errors"
	"fmt"

	"tvilling/node/internal/projection"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// ErrRow is a row of a projection that cannot be read: the projection is unknown then,
// and unknown is no.
var ErrRow = errors.New("access: a row of the projection cannot be read")

// ErrRows is more rows about one subject than are read: the projection is unknown then.
var ErrRows = errors.New("access: more rows about one subject than the limit")

// MaxRows bounds the rows that one projection may hold about one subject.
const MaxRows = 2000

// Question is what is asked: may this employee, under this commission, see the patient?
type Question struct {
	Employee   protocol.EmployeeID
	Commission protocol.CommissionID
	Patient    protocol.PatientID
}

// View is what Collect reads: the projections at one applied index.
type View interface {
	Index() uint64
	Rows(p raftfsm.Projection, s command.Subject, yield func(key [16]byte, sealed []byte) bool)
	Freshness(p raftfsm.Projection) (asOfMillis int64, watermark string, known bool)
}

// Opener makes the pseudonyms and row keys, and opens the rows.
type Opener interface {
	Patient(protocol.PatientID) [16]byte
	Employee(protocol.EmployeeID) [16]byte
	Key(domain string, parts ...string) [16]byte
	OpenTo(dst []byte, bucket sealing.Bucket, key []byte, sealed []byte) ([]byte, error)
}

// Freshness says as of when each projection is known. Zero is unknown.
type Freshness struct {
	Blocks      protocol.Instant
	Consents    protocol.Instant
	Relations   protocol.Instant
	Commissions protocol.Instant
	Persons     protocol.Instant
	Engagement  protocol.Instant // when the unit's own system answered, where it was asked
}

// Facts is what a node knows, as of Index, about one question. The zero value denies,
// and so does every fact that is missing from it.
type Facts struct {
	Question   Question
	Index      uint64
	AsOf       Freshness
	Employed   bool                  // the employee has some commission
	Commission projection.Commission // the one asked for; without an ID: not found
	Relations  []projection.Relation
	Consents   []projection.Consent
	Blocks     []projection.Block
}

// Collect reads the facts from a view. An error tells what could not be read; the
// facts are returned all the same, with that projection unknown, and deny by it.
func Collect(v View, ring Opener, q Question) (Facts, error) {
	f := Facts{Question: q, Index: v.Index()}
	r := reader{view: v, ring: ring}
	if !q.Employee.IsZero() && !q.Commission.IsZero() {
		r.subject = ring.Employee(q.Employee)
		f.AsOf.Commissions = r.commission(&f)
	}
	if !q.Patient.IsZero() {
		r.subject = ring.Patient(q.Patient)
		f.Relations, f.AsOf.Relations = rows(&r, raftfsm.Relations, sealing.Relations, projection.DecodeRelation)
		f.Consents, f.AsOf.Consents = rows(&r, raftfsm.Consents, sealing.Consents, projection.DecodeConsent)
		f.Blocks, f.AsOf.Blocks = rows(&r, raftfsm.Blocks, sealing.Blocks, decodeBlock)
	}
	return f, errors.Join(r.faults...)
}

// Commissions reads every commission of an employee, for the choice among them. With
// an error there may be more than are returned.
func Commissions(v View, ring Opener, employee protocol.EmployeeID) ([]projection.Commission, error) {
	if employee.IsZero() {
		return nil, nil
	}
	r := reader{view: v, ring: ring, subject: ring.Employee(employee)}
	found, _ := rows(&r, raftfsm.Commissions, sealing.Commissions, projection.DecodeCommission)
	return found, errors.Join(r.faults...)
}

// reader reads the rows about one subject.
type reader struct {
	view    View
	ring    Opener
	subject command.Subject
	place   [32]byte // subject and row key: the sealed row's additional data
	plain   []byte   // room for opened rows; what is decoded from it is copied
	faults  []error
}

func (r *reader) open(bucket sealing.Bucket, key [16]byte, sealed []byte) ([]byte, error) {
	copy(r.place[:16], r.subject[:])
	copy(r.place[16:], key[:])
	plain, err := r.ring.OpenTo(r.plain[:0], bucket, r.place[:], sealed)
	if err == nil {
		r.plain = plain
	}
	return plain, err
}

// asOf returns a projection's freshness, or unknown.
func (r *reader) asOf(p raftfsm.Projection) protocol.Instant {
	if asOf, _, known := r.view.Freshness(p); known {
		return protocol.Instant(asOf)
	}
	return 0
}

func (r *reader) fault(p raftfsm.Projection, err error) {
	r.faults = append(r.faults, fmt.Errorf("projection %d: %w", p, err))
}

// rows reads all rows of a projection, or none of them and as of never.
func rows[T any](r *reader, p raftfsm.Projection, bucket sealing.Bucket, decode func([]byte) (T, error)) ([]T, protocol.Instant) {
	var out []T
	var fault error
	r.view.Rows(p, r.subject, func(key [16]byte, sealed []byte) bool {
		if len(out) == MaxRows {
			fault = ErrRows
			return false
		}
		plain, err := r.open(bucket, key, sealed)
		if err != nil {
			fault = fmt.Errorf("%w: %w", ErrRow, err)
			return false
		}
		row, err := decode(plain)
		if err != nil {
			fault = fmt.Errorf("%w: %w", ErrRow, err)
			return false
		}
		out = append(out, row)
		return true
	})
	if fault != nil {
		r.fault(p, fault)
		return nil, 0
	}
	return out, r.asOf(p)
}

// commission reads the one commission that is asked for; of the others it is enough
// that they are there.
func (r *reader) commission(f *Facts) protocol.Instant {
	id := f.Question.Commission.Reveal()
	wanted := r.ring.Key(projection.CommissionDomain, id)
	var fault error
	r.view.Rows(raftfsm.Commissions, r.subject, func(key [16]byte, sealed []byte) bool {
		f.Employed = true
		if key != wanted {
			return true
		}
		plain, err := r.open(sealing.Commissions, key, sealed)
		if err == nil {
			f.Commission, err = projection.DecodeCommission(plain)
		}
		if err == nil && f.Commission.ID != id {
			err = errMisplaced
		}
		if err != nil {
			f.Commission, fault = projection.Commission{}, fmt.Errorf("%w: %w", ErrRow, err)
		}
		return false
	})
	if fault != nil {
		r.fault(raftfsm.Commissions, fault)
		return 0
	}
	return r.asOf(raftfsm.Commissions)
}

var (
	errMisplaced = errors.New("it stands under another's key")
	errPlaceless = errors.New("a block that does not say what it blocks")
)

// decodeBlock refuses a block whose reach is not known: the projection is unknown then.
func decodeBlock(plain []byte) (projection.Block, error) {
	b, err := projection.DecodeBlock(plain)
	if err == nil && (b.CareProvider == "" || b.Inner && b.CareUnit == "") {
		err = errPlaceless
	}
	return b, err
}
