package client

import (
	"strconv"
	"testing"

	"tvilling/protocol"
)

// many makes n documents such as an old patient has: all contracts, thirty years, some
// care providers and units.
func many(n int) []protocol.Item {
	providers := make([]protocol.CareProviderID, 12)
	for i := range providers {
		providers[i] = parsed(protocol.ParseCareProviderID("SE23210000" + strconv.Itoa(10+i) + "-VG"))
	}
	titles := [...]string{"Blodtryckskontroll", "Essentiell hypertoni", "Anteckning från besök på vårdcentral", "Röntgen av höger höft", "Kreatinin", "Vaccination mot influensa", "Överkänslighet mot penicillin", "Återbesök hos sjuksköterska"}
	items := make([]protocol.Item, n)
	for i := range items {
		var key protocol.DocumentKey
		seed := uint64(i)*0x9e3779b97f4a7c15 + 1
		for b := range key {
			seed ^= seed << 13
			seed ^= seed >> 7
			seed ^= seed << 17
			key[b] = byte(seed)
		}
		year, month, day := 1995+int(seed%30), 1+int(seed>>8%12), 1+int(seed>>16%28)
		items[i] = protocol.Item{Key: key, Rev: seed, Header: protocol.Header{
			RecordID: "record-" + strconv.Itoa(i), Contract: protocol.Contract(1 + i%12), CareProvider: providers[i%len(providers)],
			Time:  parsed(protocol.ParseCivil(strconv.Itoa(year*10000 + month*100 + day))),
			Title: titles[i%len(titles)] + " " + strconv.Itoa(i), Detail: "Vårdcentralen bedömer att värdet är " + strconv.Itoa(i%200),
			Status: "final", Author: "Karin Ljung", AuthorRole: "Läkare", Unit: "Vårdcentralen Enhet " + strconv.Itoa(i%40), Signed: true,
		}}
	}
	return items
}

const lots = 10_000

// crowded is an overview of lots of documents, painted.
func crowded(t testing.TB) (*State, *Painter, *stream) {
	s := &stream{s: New(), now: Clock{1_000, 1_800_000_000_000}}
	s.s.View = View{Shown: true, Link: 1, Generation: 1, Store: newStore()}
	s.s.Links.Live = Link{ID: 1, Stage: StageLive, Generation: 1}
	s.s.Me.Known, s.s.Wish.Patient, s.s.Wish.Commission = true, testPatient, testCommission.ID
	s.s.Lease.Due = s.now.after(1 << 40)
	s.items = many(lots)
	s.send(s.items)
	s.do(Measured{800, 64})
	p := NewPainter()
	if p.Paint(&s.s, nil) == "" || s.s.List.Documents != lots {
		t.Fatalf("%d documents in the list", s.s.List.Documents)
	}
	return &s.s, p, s
}

// stream is a node that sends batches.
type stream struct {
	s      State
	now    Clock
	items  []protocol.Item
	index  uint64
	count  uint32
	digest uint64
	next   uint64
}

func (s *stream) do(in Input) { s.s, _ = Step(s.s, Event{s.now, 0, in}) }

// send sends documents that are new.
func (s *stream) send(items []protocol.Item) {
	count, digest := sum(items)
	s.count, s.digest, s.index = s.count+count, s.digest+digest, s.index+1
	s.do(Received{1, protocol.Batch{Generation: 1, From: s.index - 1, To: s.index, Upserts: items, Count: s.count, Digest: s.digest}})
	s.do(Frame{})
}

// fresh makes n documents that were not there.
func (s *stream) fresh(n int) []protocol.Item {
	items := make([]protocol.Item, n)
	for i := range items {
		s.next++
		items[i] = s.items[int(s.next)%len(s.items)]
		items[i].Key[0], items[i].Key[1], items[i].Key[2] = byte(s.next), byte(s.next>>8), ^items[i].Key[2]
	}
	return items
}

func BenchmarkSnapshot(b *testing.B) {
	items := many(lots)
	for b.Loop() {
		s := newStore()
		for i := range items {
			s.put(items[i])
		}
		if len(s.rows(Query{}, nil)) != lots {
			b.Fatal("rows")
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	for _, c := range []struct {
		name  string
		fresh int
		in    Input
	}{{"quiet", 0, nil}, {"one new", 1, nil}, {"ten new", 10, nil}, {"ten held", 10, Pointed{true}}, {"ten new by provider", 10, Act{ActByProvider, ""}}, {"ten new in a search", 10, Typed{FieldSearch, "blodtryck"}}} {
		b.Run(c.name, func(b *testing.B) {
			s, p, from := crowded(b)
			if c.in != nil {
				from.do(c.in)
			}
			p.Paint(s, nil)
			for b.Loop() {
				if c.fresh > 0 {
					from.now = from.now.after(16)
					from.send(from.fresh(c.fresh))
				}
				p.Paint(s, nil)
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	for _, c := range []struct{ name, from, to string }{
		{"first letter", "", "b"}, {"more", "blod", "blodt"}, {"two words", "", "ljung 1998"}, {"nothing", "", "xyz"}, {"cleared", "b", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, p, from := crowded(b)
			for b.Loop() {
				b.StopTimer()
				from.do(Typed{FieldSearch, c.from})
				p.Paint(s, nil)
				b.StartTimer()
				from.do(Typed{FieldSearch, c.to})
				p.Paint(s, nil)
			}
		})
	}
	b.Run("the very first", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			s, p, from := crowded(b)
			b.StartTimer()
			from.do(Typed{FieldSearch, "b"})
			p.Paint(s, nil)
		}
	})
}
