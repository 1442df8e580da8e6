package access

import (
	"slices"
	"time"

	"tvilling/protocol"
)

// adult is the age from which nobody else consents.
const adult = 18

// person is what a decision knows of the patient.
type person struct {
	linked   []protocol.PatientID
	child    bool
	deceased bool
}

// personOf is told of a patient that opens.
func personOf(f *Facts, at protocol.Instant) person {
	return person{
		linked:   f.Linked,
		deceased: f.Person.Deceased,
		child: child(f.Question.Patient, at) ||
			slices.ContainsFunc(f.Linked, func(id protocol.PatientID) bool { return child(id, at) }),
	}
}

// child reports whether the birth date in an id is that of somebody under eighteen. The
// day is counted by UTC, so that it is an hour or two too long that a guardian is asked
// for, and never too short. A reserve number holds no known date of birth.
func child(id protocol.PatientID, at protocol.Instant) bool {
	kind := id.Kind()
	if kind != protocol.Personnummer && kind != protocol.Samordningsnummer {
		return false
	}
	born := 0
	for _, digit := range id.Reveal()[:8] {
		born = born*10 + int(digit-'0')
	}
	if kind == protocol.Samordningsnummer {
		born -= 60 // it is the day that is raised
	}
	year, month, day := time.UnixMilli(int64(at)).UTC().Date()
	return born+adult*100_00 > year*100_00+int(month)*100+day
}
