package raftfsm

import (
	"fmt"

	"tvilling/raftfsm/command"
	"tvilling/raftfsm/internal/store"
)

// View is the state at one index. It is for one goroutine, and must be closed soon: it
// is never held across a network write, or the file grows for good. Slices that it
// returns are valid until Close and must not be written to. Do not open a View while
// holding one.
type View struct {
	reader *store.Reader
	index  uint64
	level  uint16
}

// View opens a view of the state as it is now.
func (f *FSM) View() (*View, error) {
	if err := f.Err(); err != nil {
		return nil, err
	}
	r, err := f.store.Read()
	if err != nil {
		return nil, fmt.Errorf("raftfsm: view: %w", err)
	}
	return &View{reader: r, index: r.Position().Index, level: levelOf(r)}, nil
}

// Close ends the view.
func (v *View) Close() { v.reader.Close() }

// Index returns the index of the latest entry in it.
func (v *View) Index() uint64 { return v.index }

// Level returns the feature level that is active in it.
func (v *View) Level() uint16 { return v.level }

// Revision returns the index of the latest change to what decisions about the subject
// rest on, 0 if there was none.
func (v *View) Revision(s command.Subject) uint64 { return revision(v.reader, s) }

// Rows yields a subject's rows of a projection, in the order of their keys.
func (v *View) Rows(p Projection, s command.Subject, yield func(key [16]byte, sealed []byte) bool) {
	b := p.bucket()
	if !b.Known() {
		return
	}
	v.reader.Scan(b, s[:], func(k, value []byte) bool {
		return yield([16]byte(k[16:]), value[rowFixed:])
	})
}

// EveryRow yields all rows of a projection, in the order of subjects and keys, with the
// keyed hash of what is sealed in each.
func (v *View) EveryRow(p Projection, yield func(key command.RowKey, digest [16]byte, sealed []byte) bool) {
	b := p.bucket()
	if !b.Known() {
		return
	}
	v.reader.ScanFrom(b, nil, func(k, value []byte) bool {
		return yield(command.RowKey{Subject: command.Subject(k), Key: [16]byte(k[16:])}, [16]byte(value), value[rowFixed:])
	})
}

// Freshness returns as of when a projection holds, and its feed's place. Not known: no
// page of a feed has come.
func (v *View) Freshness(p Projection) (asOfMillis int64, watermark string, known bool) {
	f := decodeFeed(v.reader.Get(store.Feeds, []byte{byte(p)}))
	if !f.known {
		return 0, "", false
	}
	return f.asOf, f.watermark, true
}

// FeedNumber returns the number of a projection's latest page. The next one's is one
// greater.
func (v *View) FeedNumber(p Projection) uint64 {
	return decodeFeed(v.reader.Get(store.Feeds, []byte{byte(p)})).number
}

// Attributes are what stands in clear beside a sealed document.
type Attributes struct {
	Key          [16]byte
	Contract     uint8
	Source       string // HSA-id
	CareProvider string // HSA-id; empty: missing
	CareUnit     string // HSA-id; empty: missing
	Time         int64  // protocol.Civil
	TimeEnd      int64  // protocol.Civil
	Rev          uint64 // index of its latest change
}

// texts keeps the latest of each short text: within a patient they repeat.
type texts struct{ source, provider, unit string }

func again(last *string, b []byte) string {
	if *last != string(b) {
		*last = string(b)
	}
	return *last
}

func (t *texts) attributes(key [16]byte, contract uint8, d *storedDocument) Attributes {
	return Attributes{
		Key: key, Contract: contract, Time: d.time, TimeEnd: d.timeEnd, Rev: d.rev,
		Source:       again(&t.source, d.source),
		CareProvider: again(&t.provider, d.provider),
		CareUnit:     again(&t.unit, d.unit),
	}
}

// Headers yields a subject's documents of the contracts, or of all for nil, in the
// order of contract and key.
func (v *View) Headers(s command.Subject, contracts []uint8, yield func(a Attributes, sealedHeader []byte) bool) {
	var t texts
	more := true
	each := func(k, value []byte) bool {
		d := decodeDocument(value)
		more = yield(t.attributes([16]byte(k[17:]), k[16], &d), d.header)
		return more
	}
	if contracts == nil {
		v.reader.Scan(store.Headers, s[:], each)
		return
	}
	var wanted [256]bool
	for _, c := range contracts {
		wanted[c] = true
	}
	for c := range wanted {
		if wanted[c] && more {
			v.reader.Scan(store.Headers, joined(s[:], []byte{uint8(c)}), each)
		}
	}
}

// Document returns one document.
func (v *View) Document(s command.Subject, key [16]byte) (a Attributes, header, body []byte, ok bool) {
	b := v.reader.Get(store.Bodies, joined(s[:], key[:]))
	if b == nil {
		return Attributes{}, nil, nil, false
	}
	stored := v.reader.Get(store.Headers, headerKey(s, b[0], key))
	if stored == nil {
		return Attributes{}, nil, nil, false
	}
	d := decodeDocument(stored)
	return new(texts).attributes(key, b[0], &d), d.header, b[1:], true
}

// SetStatus is what is known about the set of one patient, contract and source.
type SetStatus struct {
	Contract    uint8
	Source      string
	LastSuccess int64  // milliseconds since 1970 UTC of the latest complete answer; 0: none
	LastFailure int64  // the same of the latest failure
	Index       uint64 // of the latest entry about it
	Count       uint32 // documents in it
}

// Sets returns the status of a subject's sets, in the order of contract and source.
func (v *View) Sets(s command.Subject) []SetStatus {
	var all []SetStatus
	v.reader.Scan(store.Sets, s[:], func(k, value []byte) bool {
		set := decodeSet(value)
		all = append(all, SetStatus{
			Contract: k[16], Source: string(k[17:]), LastSuccess: set.success, LastFailure: set.failure,
			Index: set.index, Count: set.count,
		})
		return true
	})
	return all
}

// Source returns a source's registration.
func (v *View) Source(id string) (command.RegisterSource, bool) {
	b := v.reader.Get(store.Sources, []byte(id))
	if b == nil {
		return command.RegisterSource{}, false
	}
	return decodeSource(id, b), true
}

// Sources returns every registration, in order.
func (v *View) Sources() []command.RegisterSource {
	var all []command.RegisterSource
	v.reader.ScanFrom(store.Sources, nil, func(k, value []byte) bool {
		all = append(all, decodeSource(string(k), value))
		return true
	})
	return all
}
