package protocol

import "testing"

const benchHeaders = 1000

func BenchmarkEncodeHeaders(b *testing.B) {
	h := sampleHeader()
	out := make([]byte, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		out = out[:0]
		for range benchHeaders {
			out = AppendHeader(out, &h)
		}
	}
	b.SetBytes(int64(len(out)))
}

func BenchmarkDecodeHeaders(b *testing.B) {
	h := sampleHeader()
	one := AppendHeader(nil, &h)
	b.SetBytes(int64(len(one) * benchHeaders))
	b.ReportAllocs()
	for b.Loop() {
		for range benchHeaders {
			if _, err := DecodeHeader(one); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func benchChunk() Chunk {
	c := Chunk{Generation: 1, Items: make([]Item, MaxChunkItems)}
	for i := range c.Items {
		c.Items[i] = sampleItem()
	}
	return c
}

// BenchmarkDecodeChunks decodes 1000 headers in two chunks.
func BenchmarkDecodeChunks(b *testing.B) {
	chunk := AppendFrame(nil, benchChunk())
	b.SetBytes(int64(2 * len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		for range benchHeaders / MaxChunkItems {
			if _, err := DecodeFrame(chunk); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkAppendRawChunks is the node's way: 1000 encoded headers in two chunks.
func BenchmarkAppendRawChunks(b *testing.B) {
	h := sampleHeader()
	items := make([]RawItem, MaxChunkItems)
	for i := range items {
		items[i] = RawItem{Key: sampleKey, Rev: 70_000, Header: AppendHeader(nil, &h)}
	}
	out := make([]byte, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		for range benchHeaders / MaxChunkItems {
			out = AppendRawChunk(out[:0], 1, items)
		}
	}
	b.SetBytes(int64(2 * len(out)))
}

func BenchmarkDecodeBody(b *testing.B) {
	d := sampleBody()
	one := AppendBody(nil, &d)
	b.SetBytes(int64(len(one)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeBody(one); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTerm(b *testing.B) {
	for b.Loop() {
		if Term("anatomicalSite", English) == "" || Term("unknownName", English) == "" {
			b.Fatal("no words")
		}
	}
}
