package logproof

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"golang.org/x/mod/sumdb/tlog"

	"tvilling/node"
	"tvilling/protocol/admin"
)

const (
	million  = 1_000_000
	variants = 4096 // different entries: the others have the same words under other numbers
)

// longLog is a log too long to be held: its lines are made as they are read.
type longLog struct {
	*forge
	size int
	rest [variants][]byte     // of a line, after its two numbers
	of   [variants]admin.Leaf // without its numbers
}

// newLongLog makes the tree over all of it.
func newLongLog(b *testing.B) *longLog {
	l := &longLog{forge: newForge(b, 0), size: million}
	if testing.Short() {
		l.size = million / 50
	}
	for n := range variants {
		plain := plainEntry(n)
		words, err := node.ReadableEntry(plain)
		if err != nil || words.Patient == "" || len(words.Scope.Resources) != 2 {
			b.Fatalf("an entry is read as %+v, %v", words, err)
		}
		subject := sha256.Sum256([]byte(words.Patient))
		l.of[n] = admin.Leaf{Subject: [16]byte(subject[:16]), Commitment: sha256.Sum256(plain)}
		if !hexInto(l.of[n].ID[:], words.ID) {
			b.Fatalf("an entry has the id %q", words.ID)
		}
		line, err := json.Marshal(admin.ExportedEntry{ID: words.ID, Subject: hex.EncodeToString(subject[:16]), Plain: plain, Entry: words})
		if err != nil {
			b.Fatal(err)
		}
		l.rest[n] = append(line[bytes.Index(line, []byte(`,"id":`)):], '\n')
	}
	for n := 1; n <= l.size; n++ {
		leaf := l.of[n%variants]
		leaf.Sequence, leaf.Index = uint64(n), index(n)
		stored, err := tlog.StoredHashes(int64(n-1), leaf.Data(), l)
		if err != nil {
			b.Fatal(err)
		}
		l.hashes = append(l.hashes, stored...)
	}
	return l
}

// index is where in the cluster's own log an entry stands: others stand between.
func index(n int) uint64 { return 2*uint64(n) + 100 }

func appendLine(to []byte, l *longLog, n int) []byte {
	return append(fmt.Appendf(to, `{"sequence":%d,"index":%d`, n, index(n)), l.rest[n%variants]...)
}

// file is the whole log as it is exported.
func (l *longLog) file() io.Reader {
	head := file(admin.LogFileHeader{Kind: admin.LogFileWhole, Checkpoint: l.checkpoint(l.size, everybody...)})
	return &lines{log: l, rest: head}
}

type lines struct {
	log  *longLog
	n    int
	rest []byte
}

func (r *lines) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.n == r.log.size {
			return 0, io.EOF
		}
		r.n++
		r.rest = appendLine(nil, r.log, r.n)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (l *longLog) verifier() Verifier {
	v := l.forge.verifier()
	v.Readable = node.ReadableEntry
	return v
}

// plainEntry is an entry as data nodes write it: somebody has read two providers'
// information. The encoding is the nodes' own; that it is, the reading of it shows.
func plainEntry(n int) []byte {
	type actor struct{ Employee, EmployeeName, EmployeeTitle, Commission, CommissionName, CareUnit, CareUnitName, CareProvider, CareProviderName, Operator string }
	type decision struct {
		Permit    bool
		Reason    string
		Basis     uint8
		DecidedAt uint64
		AsOf      [6]int64
	}
	type resource struct {
		Contract               uint8
		CareProvider, CareUnit string
	}
	type scope struct {
		View      string
		Contracts []uint8
		Document  [16]byte
		Resources []resource
	}
	type entry struct {
		Version       uint8
		ID            [16]byte
		At            int64
		Activity      uint8
		Purpose       string
		Actor         actor
		Patient       string
		Decision      decision
		Scope         scope
		Session, Node string
		Note          string
		About         [16]byte
		Outcome       uint8
		Salt          [16]byte
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], uint64(n)*0x9e3779b97f4a7c15)
	text, at := hex.EncodeToString(raw[:]), int64(1_790_000_000_000+n*317)
	e := entry{
		Version: 1, ID: raw, At: at, Activity: 2, Purpose: "Vård och behandling", Patient: "191212121212",
		Actor: actor{"SE0000000101-P" + fmt.Sprint(n%300), "Anna Lindqvist", "Specialistläkare", "SE0000000101-C101", "Läkare, medicinkliniken",
			"SE0000000101-1100", "Medicinkliniken, Norrmarks sjukhus", "SE0000000101-1000", "Region Norrmark", ""},
		Decision: decision{Permit: true, Reason: "none", Basis: 1, DecidedAt: index(n), AsOf: [6]int64{at - 700, at - 650, at - 600, at - 900, at - 300, 0}},
		Scope: scope{View: text, Contracts: []uint8{1, 2, 3, 4, 5}, Resources: []resource{
			{2, "SE0000000101-1000", "SE0000000101-1100"}, {5, "SE0000000202-1000", "SE0000000202-1300"}}},
		Session: text[:26], Node: "a1", Salt: raw,
	}
	var b bytes.Buffer
	encoder := msgpack.NewEncoder(&b)
	encoder.UseCompactInts(true)
	encoder.UseArrayEncodedStructs(true)
	if err := encoder.Encode(&e); err != nil {
		panic(err) // a value of our own
	}
	return b.Bytes()
}

// BenchmarkVerify verifies what is taken out of a log of a million entries, each of
// which says that somebody has read two providers' information: the whole of it, read
// from memory; the proof of one entry; and the proof that it begins with an earlier
// checkpoint. Each includes the signatures of five members. Proofs are of entries and
// checkpoints all over the log; the bytes are those of the largest.
func BenchmarkVerify(b *testing.B) {
	l := newLongLog(b)
	b.Run(fmt.Sprint("whole/", l.size), l.wholes)
	b.Run(fmt.Sprint("entry/", l.size), func(b *testing.B) {
		checkpoint := l.checkpoint(l.size, everybody...)
		l.proofs(b, func(n int) (tlog.RecordProof, []byte) {
			hashes, err := tlog.ProveRecord(int64(l.size), int64(n-1), l)
			if err != nil {
				b.Fatal(err)
			}
			return hashes, append(file(admin.LogFileHeader{Kind: admin.LogFileEntry, Checkpoint: checkpoint, Proof: raw(hashes)}), appendLine(nil, l, n)...)
		})
	})
	b.Run(fmt.Sprint("consistency/", l.size), func(b *testing.B) {
		l.proofs(b, func(n int) (tlog.RecordProof, []byte) {
			hashes, err := tlog.ProveTree(int64(l.size), int64(n), l)
			if err != nil {
				b.Fatal(err)
			}
			return tlog.RecordProof(hashes), l.consistencyProof(n, l.size)
		})
	})
}

func (l *longLog) wholes(b *testing.B) {
	length, err := io.Copy(io.Discard, l.file())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(length)
	b.ReportAllocs()
	for b.Loop() {
		if got, err := l.verifier().Verify(b.Context(), l.file(), ""); err != nil || got.Entries != uint64(l.size) {
			b.Fatal(got.Entries, err)
		}
	}
	b.ReportMetric(float64(l.size)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(length)/float64(l.size), "file-B/entry")
}

func (l *longLog) proofs(b *testing.B, prove func(n int) (tlog.RecordProof, []byte)) {
	places := rand.New(rand.NewPCG(1, 2)) // the same ones every time
	var files [][]byte
	most, largest := 0, 0
	for range 64 {
		hashes, text := prove(1 + places.IntN(l.size))
		files = append(files, text)
		most, largest = max(most, len(hashes)), max(largest, len(text))
	}
	n := 0
	for b.Loop() {
		if _, err := l.verifier().Verify(b.Context(), bytes.NewReader(files[n%len(files)]), ""); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(most), "hashes")
	b.ReportMetric(float64(most*tlog.HashSize), "proof-B")
	b.ReportMetric(float64(largest), "file-B")
}
