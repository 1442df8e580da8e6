package session

import (
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// subjects are the pseudonyms of a patient's identities: of the one that was asked
// for first, then of those that are linked with it. A document that is kept under
// several of them is that of the first.
type subjects []command.Subject

func subjectsOf(ring Ring, patient protocol.PatientID, linked []protocol.PatientID) subjects {
	all := make(subjects, 0, 1+len(linked))
	all = append(all, ring.Patient(patient))
	for _, id := range linked {
		all = append(all, ring.Patient(id))
	}
	return all
}

// linked are the others than the one that was asked for.
func (all subjects) linked() []command.Subject { return all[1:] }

// revision is the latest change to what decisions about the patient rest on.
func (all subjects) revision(v *raftfsm.View) (latest uint64) {
	for _, s := range all {
		latest = max(latest, v.Revision(s))
	}
	return latest
}

// sealedDocument is a document as the state keeps it, and under which identity.
type sealedDocument struct {
	raftfsm.Attributes
	subject      command.Subject
	header, body []byte
}

// place is where the document's sealed parts stand.
func (d *sealedDocument) place() []byte { return sealing.Place(d.subject, d.Key) }

// headers yields the documents of the contracts, or of all for nil, without bodies.
// What it yields is valid until the next one.
func (all subjects) headers(v *raftfsm.View, contracts []uint8, yield func(d *sealedDocument) bool) {
	more := true
	for i, s := range all {
		if !more {
			return
		}
		d := sealedDocument{subject: s}
		v.Headers(s, contracts, func(a raftfsm.Attributes, header []byte) bool {
			if _, twice := all[:i].document(v, a.Key); !twice {
				d.Attributes, d.header = a, header
				more = yield(&d)
			}
			return more
		})
	}
}

// document finds one document.
func (all subjects) document(v *raftfsm.View, key protocol.DocumentKey) (d sealedDocument, found bool) {
	for _, s := range all {
		if d.Attributes, d.header, d.body, found = v.Document(s, key); found {
			d.subject = s
			return d, true
		}
	}
	return sealedDocument{}, false
}
