package session

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
	"unsafe"

	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// How many documents a benchmark's view shows, and how many rounds it makes.
const (
	documents = 20
	rounds    = 5
)

// opening is a session with a view of documents, over a log with the record as it is or
// as a plain append.
type opening struct {
	world   *world
	browser *browser
	took    []time.Duration
}

// newOpening makes one whose log has a length.
func newOpening(b *testing.B, plain bool, length uint64) *opening {
	w := newWorldIn(b, b.TempDir(), func(l *Limits) { l.FramesPerSec, l.FramesAtOnce = 1<<30, 1<<30 })
	if plain {
		appendPlainly(w)
	}
	var docs []doc
	for n := range documents {
		docs = append(docs, doc{protocol.Diagnosis, fmt.Sprint("d", n), ownProvider, ownUnit, "en diagnos"})
	}
	w.put(docs...)
	o := &opening{world: w}
	o.connect()
	o.view()
	o.browser.hangUp() // nobody would answer its heartbeats
	o.grow(b, length)
	w.refresh()
	return o
}

func (o *opening) connect() { o.browser = dial(o.world).greet(commission) }

// appendPlainly switches the log's tree off. The product has no such switch: the state
// machine has a field for its own benchmarks, and this one reaches for it.
func appendPlainly(w *world) {
	field := reflect.ValueOf(w.fsm).Elem().FieldByName("plain")
	*(*bool)(unsafe.Pointer(field.UnsafeAddr())) = true
}

// grow brings the log to a length, with entries like the last one there, about as many
// patients as a node serves in a day.
func (o *opening) grow(b *testing.B, length uint64) {
	w := o.world
	v := must(w.fsm.View())
	from := v.LogLength()
	last := v.Log(from-1, 1)[0]
	last.Sealed = bytes.Clone(last.Sealed) // it is the view's
	v.Close()
	for n := from; n < length; {
		var all []command.Command
		for ; n < length && len(all) < 250; n++ {
			subject := last.Subject
			binary.BigEndian.PutUint64(subject[:], n%5000)
			all = append(all, wish(command.KindRecordAccess, command.RecordAccess{
				DecidedAt: w.fsm.AppliedIndex(), Patient: subject, Actor: w.ring.Employee(doctor), Permit: true,
				Entry: command.LogEntry{ID: record.NewID(), Subject: subject, Sealed: last.Sealed, Commitment: last.Commitment},
			}))
		}
		for _, r := range w.apply(all...) {
			if r.Status != command.StatusDone {
				b.Fatalf("status %d", r.Status)
			}
		}
	}
}

// view opens the patient and shows the documents: two decisions, each recorded before
// anything of it is sent.
func (o *opening) view() {
	o.browser.heard = o.browser.heard[:0]
	o.browser.shown = false // opening leaves what was open
	o.browser.open(patient)
	expect[protocol.Opened](o.browser)
	o.browser.show(protocol.Diagnosis)
	expect[protocol.End](o.browser)
}

// BenchmarkAuditedOpen is the whole way of an audited open through a session and a state
// machine: the patient is opened and 20 documents shown, and for each of the two it is
// decided, recorded, sealed, committed to, applied, and only then read and sent. What is
// left out is what goes between nodes and to their logs: that is the same for both. With
// the record as it is, and with a plain append of it, in turns, so that what else the
// machine does falls on both alike; over a log of a thousand entries and of a million.
// The figures are medians; "record-cost" is the median of the differences, turn by turn.
// It makes several rounds, and takes minutes.
func BenchmarkAuditedOpen(b *testing.B) {
	lengths := []uint64{1000, 1_000_000}
	if testing.Short() {
		lengths = lengths[:1]
	}
	for _, length := range lengths {
		plain, record := newOpening(b, true, length), newOpening(b, false, length)
		plain.connect()
		record.connect()
		for round := range rounds {
			b.Run(fmt.Sprintf("%d/round-%d", length, round+1), func(b *testing.B) { inTurns(b, plain, record) })
		}
		if hasTree(plain) || !hasTree(record) {
			b.Fatal("it is not what it is called that was measured")
		}
		plain.browser.hangUp()
		record.browser.hangUp()
	}
}

func inTurns(b *testing.B, plain, record *opening) {
	order := []*opening{plain, record}
	var fresh time.Time
	plain.took, record.took = nil, nil
	for b.Loop() {
		if time.Since(fresh) > time.Minute { // facts grow old
			plain.world.refresh()
			record.world.refresh()
			fresh = time.Now()
		}
		for _, o := range order {
			started := time.Now()
			o.view()
			o.took = append(o.took, time.Since(started))
		}
		slices.Reverse(order) // who comes first finds colder caches
	}
	differences := make([]time.Duration, len(plain.took))
	for i := range differences {
		differences[i] = record.took[i] - plain.took[i]
	}
	b.ReportMetric(0, "ns/op") // of two
	b.ReportMetric(median(plain.took), "plain-µs/open")
	b.ReportMetric(median(record.took), "record-µs/open")
	b.ReportMetric(median(differences), "record-cost-µs/open")
	b.ReportMetric(commitment(record.world), "commitment-µs/entry")
}

// hasTree reports whether there are hashes of the log's tree.
func hasTree(o *opening) bool {
	v := must(o.world.fsm.View())
	defer v.Close()
	_, err := v.LogHashes().ReadHashes([]int64{2}) // of the first two entries
	return err == nil
}

// commitment is what the commitment to the latest entry takes, in microseconds. The
// plain append has it too.
func commitment(w *world) float64 {
	v := must(w.fsm.View())
	defer v.Close()
	l := v.Log(v.LogLength()-1, 1)[0]
	plain := must(w.ring.OpenLog(sealing.Place(l.Subject, l.ID), l.Sealed))
	const each = 100
	var took []time.Duration
	for range 100 {
		started := time.Now()
		for range each {
			record.Commitment(plain)
		}
		took = append(took, time.Since(started))
	}
	return median(took) / each
}

func median(all []time.Duration) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return float64(all[len(all)/2].Nanoseconds()) / 1000
}
