package rivta

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tvilling/protocol"
)

// FuzzParse holds Parse to what it promises of any input: no panic, an error of the
// package's own that repeats nothing, documents within the limits of the wire.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(testdata, "*.xml"))
	if err != nil || len(files) == 0 {
		f.Fatal("no messages", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		m, err := Parse(message)
		var fault *FaultError
		switch {
		case err == nil, errors.As(err, &fault):
		case errors.Is(err, ErrMalformed), errors.Is(err, ErrTooLarge), errors.Is(err, ErrUnknownContract), errors.Is(err, ErrRecord):
			if strings.Contains(err.Error(), "199701062383") {
				t.Errorf("error repeats the message: %v", err)
			}
		default:
			t.Errorf("error of no kind: %v", err)
		}
		for i := range m.Documents {
			if err := protocol.CheckDocument(&m.Documents[i]); err != nil {
				t.Errorf("document %d: %v", i, err)
			}
			if m.Documents[i].Header.RecordID == "" || m.Documents[i].Header.Title == "" {
				t.Errorf("document %d has no id or no title", i)
			}
		}
	})
}

// BenchmarkParse reads an answer of some two thousand laboratory records.
func BenchmarkParse(b *testing.B) {
	one := string(read(b, "laboratory-v4.xml"))
	start, end := strings.Index(one, "<r:laboratoryOrderOutcome>"), strings.Index(one, "</r:laboratoryOrderOutcome>")+len("</r:laboratoryOrderOutcome>")
	var message strings.Builder
	message.WriteString(one[:start])
	for i := range 2000 {
		message.WriteString(strings.Replace(one[start:end], "LAB-1<", "LAB-"+strings.Repeat("1", i%7)+string(rune('a'+i%26))+string(rune('a'+i/26%26))+"<", 1))
	}
	message.WriteString(one[end:])
	large := []byte(message.String())
	b.SetBytes(int64(len(large)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(large); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseNote reads an answer with one note: what most messages are.
func BenchmarkParseNote(b *testing.B) {
	one := read(b, "care-documentation-v3.xml")
	b.SetBytes(int64(len(one)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(one); err != nil {
			b.Fatal(err)
		}
	}
}
