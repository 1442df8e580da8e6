package workload

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/history"
	"tvilling/ops/internal/notes"
	"tvilling/protocol"
)

// How much there is.
const (
	calmPatients    = 120 // who are opened, and about whom nothing changes
	writtenPatients = 64  // about whom records are delivered
	MaxChangers     = 16  // each with a patient of its own
	MaxProducers    = writtenPatients
	MaxOpeners      = 1024
	MaxStreams      = 4000
	staff           = 8  // people to be
	leavers         = 2  // people beside them, whose commission comes and goes
	leaverPatients  = 8  // whom those see: with a commission go its engagements, and everybody who sees these patients is decided on anew
	calmDocuments   = 10 // of each calm patient
	standingBlocks  = 60 // of calm patients, where they hide nothing: a node does not believe at once that most blocks are gone

	firstPerson = 4000 // in the row of numbers that nobody has: away from a bench's
)

const _ = uint(standingBlocks - 2*MaxChangers)

// The organisation: a care unit that the staff belong to, the care provider's other
// one, another care provider's, and the system that keeps all their records.
const (
	ownProvider   = "SE0000000911-1000"
	ownUnit       = "SE0000000911-1100"
	nextUnit      = "SE0000000911-1200"
	leaverUnit    = "SE0000000911-1300"
	otherProvider = "SE0000000912-1000"
	otherUnit     = "SE0000000912-2100"
	sourceSystem  = "SE0000000911-S001"
)

// Patients, by number.
func calm(n int) string { return notes.PersonalNumber(firstPerson + n%calmPatients) }
func written(n int) string {
	return notes.PersonalNumber(firstPerson + calmPatients + n%writtenPatients)
}
func changing(n int) string {
	return notes.PersonalNumber(firstPerson + calmPatients + writtenPatients + n%MaxChangers)
}

func personKey(n int) string { return "w" + strconv.Itoa(n%staff) }
func leaverKey(n int) string { return "l" + strconv.Itoa(n%leavers) }

// Feeds returns what the services around the cluster must know from its start: staff with
// commissions, and care engagements with every patient. Of now only the year counts, so
// that it can be made again.
func Feeds(now time.Time) demo.Feeds {
	from, to := time.Date(now.Year()-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(now.Year()+2, 1, 1, 0, 0, 0, 0, time.UTC)
	var f demo.Feeds
	for n := range staff + leavers {
		key, unit := personKey(n), ownUnit
		if n >= staff {
			key, unit = leaverKey(n-staff), leaverUnit
		}
		employee := fmt.Sprintf("SE0000000911-P%03d", n)
		f.Person = append(f.Person, demo.Person{Key: key, Name: "Lastman " + strconv.Itoa(n), Title: "Läkare", Employee: employee})
		f.Commission = append(f.Commission, demo.Commission{
			Employee: employee, ID: commissionOf(n), Name: "Läkare", Purpose: "Vård och behandling",
			Rights: []string{"Läsa;alla;SJF"}, CareUnit: unit, CareUnitName: "Lastmottagningen",
			CareProvider: ownProvider, CareProviderName: "Region Lastmark", Start: from, End: to,
		})
	}
	for n := range calmPatients + writtenPatients + MaxChangers {
		f.Relation = append(f.Relation, demo.Relation{Patient: notes.PersonalNumber(firstPerson + n), CareProvider: ownProvider,
			CareUnit: ownUnit, Start: from, End: to})
	}
	for n := range standingBlocks {
		f.Block = append(f.Block, demo.Block{Patient: calm(n), ID: fmt.Sprintf("standing-%d", n), Kind: "inner", CareProvider: ownProvider, CareUnit: nextUnit})
	}
	for n := range leaverPatients {
		f.Relation = append(f.Relation, demo.Relation{Patient: calm(n), CareProvider: ownProvider, CareUnit: leaverUnit, Start: from, End: to})
	}
	return f
}

func commissionOf(n int) string { return fmt.Sprintf("SE0000000911-C%03d", n) }

// around is what the services around the cluster say now. It changes one thing at a time.
type around struct {
	cluster *demo.Cluster

	mu    sync.Mutex // guards feeds, and the file that they are written to
	feeds demo.Feeds
	next  int // number of a block
}

func (a *around) write(change func(*demo.Feeds)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.feeds)
	return a.cluster.WriteFeeds(a.feeds)
}

// clear takes back whatever block was left.
func (a *around) clear() error {
	return a.write(func(f *demo.Feeds) {
		f.Block = slices.DeleteFunc(f.Block, func(b demo.Block) bool { return strings.HasPrefix(b.ID, ourBlock) })
	})
}

// ourBlock begins the id of every block that is taken back again.
const ourBlock = "load-"

// block puts a block of a group of a patient's records, and returns what takes it back.
func (a *around) block(patient string, g history.Group) (lift func() error, err error) {
	var b demo.Block
	err = a.write(func(f *demo.Feeds) {
		a.next++
		b = demo.Block{Patient: patient, ID: fmt.Sprintf(ourBlock+"%d-%d", time.Now().Unix(), a.next), Kind: "inner", CareProvider: ownProvider, CareUnit: nextUnit}
		if g == history.Other {
			b.Kind, b.CareProvider, b.CareUnit = "outer", otherProvider, ""
		}
		f.Block = append(f.Block, b)
	})
	return func() error {
		return a.write(func(f *demo.Feeds) {
			f.Block = slices.DeleteFunc(f.Block, func(one demo.Block) bool { return one.ID == b.ID })
		})
	}, err
}

// dismiss takes a leaver's commission away, and returns what gives it back.
func (a *around) dismiss(leaver int) (restore func() error, err error) {
	var taken demo.Commission
	err = a.write(func(f *demo.Feeds) {
		at := slices.IndexFunc(f.Commission, func(c demo.Commission) bool { return c.ID == commissionOf(staff+leaver) })
		if at >= 0 {
			taken = f.Commission[at]
			f.Commission = slices.Delete(slices.Clone(f.Commission), at, at+1)
		}
	})
	return func() error {
		return a.write(func(f *demo.Feeds) { f.Commission = append(f.Commission, taken) })
	}, err
}

// note makes a record of a group. Its name is its own, in all the cluster's time.
func note(patient, name string, g history.Group) notes.Note {
	n := notes.Note{Patient: patient, Name: name, Provider: ownProvider, Unit: ownUnit, System: sourceSystem}
	switch g {
	case history.Next:
		n.Unit = nextUnit
	case history.Other:
		n.Provider, n.Unit = otherProvider, otherUnit
	}
	return n
}

// groupOf tells whose record it is; -1: nobody's of ours.
func groupOf(h *protocol.Header) int {
	switch h.CareUnit.Reveal() {
	case ownUnit:
		return int(history.Own)
	case nextUnit:
		return int(history.Next)
	case otherUnit:
		return int(history.Other)
	}
	return -1
}

// nameOf is the name of a record as its title ends with it.
func nameOf(h *protocol.Header) string {
	_, name, _ := strings.Cut(h.Title, " ")
	return name
}
