package access

import (
	"errors"
	"fmt"
	"slices"

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

// Engagement is the answer of the unit's own system, whether it has the patient in
// care. The zero value is that it was not asked.
type Engagement struct {
	At      protocol.Instant
	Engaged bool
}

// Facts is what a node knows, as of Index, about one question. The zero value denies,
// and so does every fact that is missing from it.
type Facts struct {
	Question   Question
	Index      uint64
	AsOf       Freshness
	Employed   bool                  // the employee has some commission
	Commission projection.Commission // the one asked for; without an ID: not found
	Person     projection.Person     // what holds for any of the patient's identities, but not Linked
	Linked     []protocol.PatientID  // the patient's other identities
	Engaged    bool                  // the answer as of AsOf.Engagement
	Relations  []projection.Relation // these three of all identities
	Consents   []Consent
	Blocks     []projection.Block
}

// Collect reads the facts from a view. An error tells what could not be read; the
// facts are returned all the same, with that projection unknown, and deny by it.
func Collect(v View, ring Opener, q Question, e Engagement) (Facts, error) {
	f := Facts{Question: q, Index: v.Index(), Engaged: e.Engaged}
	f.AsOf.Engagement = e.At
	r := reader{view: v, ring: ring}
	if !q.Employee.IsZero() && !q.Commission.IsZero() {
		r.subject = ring.Employee(q.Employee)
		f.AsOf.Commissions = r.commission(&f)
	}
	if !q.Patient.IsZero() {
		f.AsOf.Persons = r.person(&f)
		all := append([]protocol.PatientID{q.Patient}, f.Linked...)
		f.Relations, f.AsOf.Relations = union(&r, all, raftfsm.Relations, sealing.Relations, projection.DecodeRelation)
		f.Consents, f.AsOf.Consents = union(&r, all, raftfsm.Consents, sealing.Consents, r.decodeConsent)
		f.Blocks, f.AsOf.Blocks = union(&r, all, raftfsm.Blocks, sealing.Blocks, decodeBlock)
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
	found, _ := rows(&r, nil, raftfsm.Commissions, sealing.Commissions, projection.DecodeCommission)
	return found, errors.Join(r.faults...)
}

// reader reads the rows about one subject.
type reader struct {
	view    View
	ring    Opener
	subject command.Subject
	patient protocol.PatientID // whose the rows are, where they are a patient's
	place   [32]byte           // subject and row key: the sealed row's additional data
	plain   []byte             // room for opened rows; what is decoded from it is copied
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

// rows appends all rows of a projection about the subject to out, or returns none at
// all and as of never.
func rows[T any](r *reader, out []T, p raftfsm.Projection, bucket sealing.Bucket, decode func([]byte) (T, error)) ([]T, protocol.Instant) {
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

// union reads all rows of a projection about several identities of one patient.
func union[T any](r *reader, all []protocol.PatientID, p raftfsm.Projection, bucket sealing.Bucket, decode func([]byte) (T, error)) (out []T, asOf protocol.Instant) {
	for _, id := range all {
		r.about(id)
		if out, asOf = rows(r, out, p, bucket, decode); asOf == 0 {
			return nil, 0
		}
	}
	return out, asOf
}

// about makes a patient whom the rows are about.
func (r *reader) about(id protocol.PatientID) { r.patient, r.subject = id, r.ring.Patient(id) }

func (r *reader) decodeConsent(plain []byte) (Consent, error) {
	c, err := projection.DecodeConsent(plain)
	return Consent{c, r.patient}, err
}

// person reads what the population register knows of the patient and of every identity
// that it links with the patient's, directly or by another. What holds for one of them
// holds for the patient.
func (r *reader) person(f *Facts) (asOf protocol.Instant) {
	all := []protocol.PatientID{f.Question.Patient}
	var known projection.Person
	for i := 0; i < len(all); i++ {
		r.about(all[i])
		var found []projection.Person
		if found, asOf = rows(r, found, raftfsm.Persons, sealing.Persons, projection.DecodePerson); asOf == 0 {
			return 0
		}
		for _, p := range found {
			known.Protected, known.Deceased = known.Protected || p.Protected, known.Deceased || p.Deceased
			var err error
			if all, err = link(all, p.Linked); err != nil {
				r.fault(raftfsm.Persons, fmt.Errorf("%w: %w", ErrRow, err))
				return 0
			}
		}
	}
	f.Person, f.Linked = known, all[1:]
	return asOf
}

// link adds the identities that are not there yet.
func link(all []protocol.PatientID, linked []string) ([]protocol.PatientID, error) {
	for _, text := range linked {
		id, err := protocol.ParsePatientID(text)
		if err != nil {
			return nil, err
		}
		if slices.Contains(all, id) {
			continue
		}
		if len(all) > projection.MaxLinked {
			return nil, errLinked
		}
		all = append(all, id)
	}
	return all, nil
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
	errLinked    = errors.New("more linked identities than a patient may have")
)

// decodeBlock refuses a block whose reach is not known: the projection is unknown then.
func decodeBlock(plain []byte) (projection.Block, error) {
	b, err := projection.DecodeBlock(plain)
	if err == nil && (b.CareProvider == "" || b.Inner && b.CareUnit == "") {
		err = errPlaceless
	}
	return b, err
}
