package logproof

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"tvilling/protocol/admin"
)

// a log of a cluster of three sites, with everything that is needed to forge it but
// the signatures.
type forge struct {
	t        testing.TB
	topology admin.Topology
	signers  map[string]note.Signer
	entries  []admin.ExportedEntry
	hashes   []tlog.Hash // stored
}

func newForge(t testing.TB, entries int) *forge {
	f := &forge{t: t, signers: map[string]note.Signer{}, topology: admin.Topology{Cluster: "test"}}
	for _, m := range [][2]string{{"a1", "A"}, {"a2", "A"}, {"b1", "B"}, {"b2", "B"}, {"w", "W"}} {
		secret, public, err := note.GenerateKey(rand.Reader, admin.SignerName("test", m[0]))
		if err != nil {
			t.Fatal(err)
		}
		if f.signers[m[0]], err = note.NewSigner(secret); err != nil {
			t.Fatal(err)
		}
		f.topology.Members = append(f.topology.Members, admin.Node{ID: m[0], Site: m[1], LogKey: public})
	}
	for n := range entries {
		f.add(fmt.Sprintf("entry %d", n+1))
	}
	return f
}

func (f *forge) add(text string) {
	n := uint64(len(f.entries) + 1)
	id, subject := sha256.Sum256([]byte("id "+text)), sha256.Sum256([]byte("subject "+text))
	e := admin.ExportedEntry{
		Sequence: n, Index: 3 * n, ID: hex.EncodeToString(id[:16]), Subject: hex.EncodeToString(subject[:16]), Plain: []byte(text),
	}
	e.Entry, _ = readable(e.Plain)
	f.entries = append(f.entries, e)
	leaf := admin.Leaf{Sequence: n, Index: 3 * n, ID: [16]byte(id[:16]), Subject: [16]byte(subject[:16]), Commitment: sha256.Sum256(e.Plain)}
	stored, err := tlog.StoredHashes(int64(n-1), leaf.Data(), f)
	if err != nil {
		f.t.Fatal(err)
	}
	f.hashes = append(f.hashes, stored...)
}

func (f *forge) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = f.hashes[x]
	}
	return out, nil
}

func readable(plain []byte) (admin.ReadableEntry, error) {
	if len(plain) == 0 {
		return admin.ReadableEntry{}, errors.New("nothing")
	}
	id := sha256.Sum256([]byte("id " + string(plain)))
	return admin.ReadableEntry{ID: hex.EncodeToString(id[:16]), Activity: string(plain)}, nil
}

func (f *forge) checkpoint(size int, members ...string) string {
	root, err := tlog.TreeHash(int64(size), f)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.sign(admin.Checkpoint{Cluster: "test", Size: uint64(size), Root: root, At: time.Unix(1_790_000_000, 0)}, members...)
}

func (f *forge) sign(c admin.Checkpoint, members ...string) string {
	var all []note.Signer
	for _, m := range members {
		all = append(all, f.signers[m])
	}
	signed, err := note.Sign(&note.Note{Text: c.Text()}, all...)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(signed)
}

var everybody = []string{"a1", "a2", "b1", "b2", "w"}

func (f *forge) verifier() Verifier {
	keys, err := KeysOf(f.topology)
	if err != nil {
		f.t.Fatal(err)
	}
	return Verifier{Keys: keys, Readable: readable}
}

func file(head admin.LogFileHeader, entries ...admin.ExportedEntry) []byte {
	head.Format, head.Cluster = admin.LogFileFormat, "test"
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(true)
	_ = e.Encode(head)
	for _, entry := range entries {
		_ = e.Encode(entry)
	}
	return b.Bytes()
}

func (f *forge) whole(checkpoint string) []byte {
	return file(admin.LogFileHeader{Kind: admin.LogFileWhole, Checkpoint: checkpoint}, f.entries...)
}

func TestAWholeLogIsVerified(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 8, 100} {
		f := newForge(t, n)
		got, err := f.verifier().Verify(t.Context(), bytes.NewReader(f.whole(f.checkpoint(n, everybody...))), f.checkpoint((n+1)/2, everybody...))
		if err != nil || got.Entries != uint64(n) || len(got.Later.Signers) != 5 || len(got.Later.Missing) != 0 {
			t.Errorf("%d entries: %+v, %v", n, got, err)
		}
	}
}

// Every way in which somebody who keeps the log could change it, without the keys.
func TestWhatWasChangedIsFound(t *testing.T) {
	f := newForge(t, 20)
	checkpoint := f.checkpoint(20, everybody...)
	kept := f.checkpoint(10, everybody...)
	other := newForge(t, 19)
	other.add("another entry")
	again := func(change func(all []admin.ExportedEntry) []admin.ExportedEntry) []byte {
		return file(admin.LogFileHeader{Kind: admin.LogFileWhole, Checkpoint: checkpoint}, change(append([]admin.ExportedEntry{}, f.entries...))...)
	}
	rewrite := func(e admin.ExportedEntry, text string) admin.ExportedEntry {
		e.Plain = []byte(text)
		e.Entry, _ = readable(e.Plain)
		e.ID = e.Entry.ID
		return e
	}
	closed := func(change func(e *admin.ExportedEntry)) []byte {
		return again(func(a []admin.ExportedEntry) []admin.ExportedEntry { close1(&a[7]); change(&a[7]); return a })
	}
	valid := string(f.whole(checkpoint))
	for _, c := range []struct {
		name string
		file []byte
		kept string
		want error
	}{
		{name: "an entry changed", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry { a[7] = rewrite(a[7], "nobody"); return a }), want: ErrTree},
		{name: "the last entry changed", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry { a[19] = rewrite(a[19], "nobody"); return a }), want: ErrTree},
		{name: "its words changed", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry { a[7].Entry.Activity = "nothing"; return a }), want: ErrChanged},
		{name: "its patient changed", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry { a[7].Subject = a[8].Subject; return a }), want: ErrTree},
		{name: "its id changed", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry { a[7].ID = a[8].ID; return a }), want: ErrChanged},
		{name: "its index changed", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry { a[7].Index++; return a }), want: ErrTree},
		{name: "an entry removed", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry { return append(a[:7], a[8:]...) }), want: ErrOrder},
		{name: "an entry removed and the others numbered anew", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry {
			a = append(a[:7], a[8:]...)
			for i := range a {
				a[i].Sequence = uint64(i + 1)
			}
			return a
		}), want: ErrOrder},
		{name: "the last entries cut off", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry { return a[:15] }), want: ErrOrder},
		{name: "an entry closed with another commitment", file: closed(func(e *admin.ExportedEntry) { e.Commitment = make([]byte, 32) }), want: ErrTree},
		{name: "an entry closed without a commitment", file: closed(func(e *admin.ExportedEntry) { e.Commitment = nil }), want: ErrForm},
		{name: "an entry closed with a long commitment", file: closed(func(e *admin.ExportedEntry) { e.Commitment = make([]byte, 33) }), want: ErrForm},
		{name: "an entry closed that says something", file: closed(func(e *admin.ExportedEntry) { e.Entry.Activity = "nothing" }), want: ErrChanged},
		{name: "an entry closed with bytes", file: closed(func(e *admin.ExportedEntry) { e.Plain = []byte("nothing") }), want: ErrChanged},
		{name: "two entries in another order", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry { a[3], a[4] = a[4], a[3]; return a }), want: ErrOrder},
		{name: "the same, numbered as they stand", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry {
			a[3], a[4] = a[4], a[3]
			a[3].Sequence, a[4].Sequence = 4, 5
			return a
		}), want: ErrTree},
		{name: "an entry added", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry {
			e := rewrite(a[0], "somebody")
			e.Sequence = 21
			return append(a, e)
		}), want: ErrOrder},
		{name: "an entry twice", file: again(func(a []admin.ExportedEntry) []admin.ExportedEntry {
			return append(a[:5], append([]admin.ExportedEntry{a[4]}, a[5:]...)...)
		}), want: ErrOrder},
		{name: "a line cut off", file: []byte(valid[:len(valid)-10]), want: ErrForm},
		{name: "a word said twice", file: []byte(strings.Replace(valid, `{"sequence":8,`, `{"sequence":9,"sequence":8,`, 1)), want: ErrChanged},
		{name: "a word besides", file: []byte(strings.Replace(valid, `{"sequence":8,`, `{"x":9,"sequence":8,`, 1)), want: ErrChanged},
		{name: "a space", file: []byte(strings.Replace(valid, `{"sequence":8,`, `{"sequence": 8,`, 1)), want: ErrChanged},
		{name: "nothing", file: nil, want: ErrForm},
		{name: "another file", file: []byte("{}\n"), want: ErrForm},
		{name: "a line without end", file: bytes.Repeat([]byte("x"), maxLineBytes+1), want: ErrForm},
		{name: "another log of the same length", file: other.whole(checkpoint), want: ErrTree},
		{name: "another log, signed by others", file: other.whole(other.checkpoint(20, everybody...)), want: ErrSignatures},
		{name: "signed by two of five", file: f.whole(f.checkpoint(20, "a1", "a2")), want: ErrSignatures},
		{name: "signed by one five times", file: f.whole(f.checkpoint(20, "a1", "a1", "a1")), want: ErrSignatures},
		{name: "not signed", file: f.whole(strings.SplitAfter(checkpoint, "\n\n")[0]), want: ErrSignatures},
		{name: "the size in the checkpoint changed", file: f.whole(strings.Replace(checkpoint, "\n20\n", "\n19\n", 1)), want: ErrSignatures},
		{name: "a checkpoint of another tree, signed", file: f.whole(f.sign(admin.Checkpoint{Cluster: "test", Size: 20, At: time.Unix(0, 0)}, everybody...)), want: ErrTree},
		{name: "another cluster's, signed", file: f.whole(f.sign(admin.Checkpoint{Cluster: "other", Size: 20, At: time.Unix(0, 0)}, everybody...)), want: ErrCluster},
		{name: "not what was kept", file: f.whole(checkpoint), kept: f.sign(admin.Checkpoint{Cluster: "test", Size: 10, At: time.Unix(0, 0)}, everybody...), want: ErrTree},
		{name: "shorter than what was kept", file: file(admin.LogFileHeader{Kind: admin.LogFileWhole, Checkpoint: f.checkpoint(5, everybody...)}, f.entries[:5]...), kept: kept, want: ErrTree},
		{name: "of another kind", file: file(admin.LogFileHeader{Kind: "all", Checkpoint: checkpoint}, f.entries...), want: ErrForm},
	} {
		if got, err := f.verifier().Verify(t.Context(), bytes.NewReader(c.file), c.kept); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, got.Entries, err, c.want)
		}
	}
}

// close1 makes of an entry what a node hands out of one that it cannot open.
func close1(e *admin.ExportedEntry) {
	commitment := sha256.Sum256(e.Plain)
	e.Closed, e.Commitment, e.Plain, e.Entry = "no key opens it", commitment[:], nil, admin.ReadableEntry{}
}

// Entries that cannot be opened keep nothing from being verified of the others, and are
// counted; one alone is no proof of anything.
func TestClosedEntriesAreCounted(t *testing.T) {
	f := newForge(t, 9)
	close1(&f.entries[2])
	close1(&f.entries[8])
	got, err := f.verifier().Verify(t.Context(), bytes.NewReader(f.whole(f.checkpoint(9, everybody...))), "")
	if err != nil || got.Entries != 9 || got.Closed != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := f.verifier().Verify(t.Context(), bytes.NewReader(f.entryProof(3, 9, f.checkpoint(9, everybody...))), ""); !errors.Is(err, ErrForm) {
		t.Errorf("a closed entry was proved: %v", err)
	}
}

// A majority of one site and the other without the witness is said, not refused.
func TestSitesThatHaveNotSignedAreNamed(t *testing.T) {
	f := newForge(t, 3)
	got, err := f.verifier().Verify(t.Context(), bytes.NewReader(f.whole(f.checkpoint(3, "a1", "a2", "w"))), "")
	if err != nil || len(got.Later.Missing) != 1 || got.Later.Missing[0] != "B" {
		t.Errorf("%+v, %v", got.Later, err)
	}
}

func (f *forge) entryProof(n, size int, checkpoint string) []byte {
	hashes, err := tlog.ProveRecord(int64(size), int64(n-1), f)
	if err != nil {
		f.t.Fatal(err)
	}
	return file(admin.LogFileHeader{Kind: admin.LogFileEntry, Checkpoint: checkpoint, Proof: raw(hashes)}, f.entries[n-1])
}

func (f *forge) consistencyProof(from, to int) []byte {
	hashes, err := tlog.ProveTree(int64(to), int64(from), f)
	if err != nil {
		f.t.Fatal(err)
	}
	return file(admin.LogFileHeader{
		Kind: admin.LogFileConsistency, Earlier: f.checkpoint(from, everybody...), Checkpoint: f.checkpoint(to, everybody...), Proof: raw(hashes),
	})
}

func raw(hashes []tlog.Hash) [][]byte {
	all := make([][]byte, len(hashes))
	for i := range hashes {
		all[i] = hashes[i][:]
	}
	return all
}

func TestProofs(t *testing.T) {
	f := newForge(t, 33)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 33).Draw(t, "size")
		n := rapid.IntRange(1, size).Draw(t, "entry")
		got, err := f.verifier().Verify(t.Context(), bytes.NewReader(f.entryProof(n, size, f.checkpoint(size, everybody...))), "")
		if err != nil || got.Entry == nil || got.Entry.Sequence != uint64(n) {
			t.Fatalf("entry %d of %d: %v", n, size, err)
		}
		got, err = f.verifier().Verify(t.Context(), bytes.NewReader(f.entryProof(n, size, f.checkpoint(size, everybody...))), f.checkpoint(n, everybody...))
		if err != nil || got.Earlier.Size != 0 {
			t.Fatalf("entry %d of %d is said to begin with something: %+v, %v", n, size, got.Earlier, err)
		}
		got, err = f.verifier().Verify(t.Context(), bytes.NewReader(f.consistencyProof(n, size)), f.checkpoint(n, everybody...))
		if err != nil || got.Earlier.Size != uint64(n) || got.Later.Size != uint64(size) {
			t.Fatalf("%d to %d: %v", n, size, err)
		}
	})
}

func TestFalseProofsAreFound(t *testing.T) {
	f := newForge(t, 33)
	checkpoint := f.checkpoint(33, everybody...)
	proof := f.entryProof(5, 33, checkpoint)
	var head admin.LogFileHeader
	if err := json.Unmarshal(proof[:bytes.IndexByte(proof, '\n')], &head); err != nil {
		t.Fatal(err)
	}
	changed := head
	changed.Proof = append([][]byte{make([]byte, 32)}, head.Proof[1:]...)
	long := head
	long.Proof = make([][]byte, maxProof+1)
	short := head
	short.Proof = [][]byte{{1}}
	moved := f.entries[4]
	moved.Sequence = 6
	consistency := string(f.consistencyProof(10, 33))
	for name, c := range map[string]struct {
		file []byte
		kept string
		want error
	}{
		"another entry":               {file: file(head, f.entries[5]), want: ErrTree},
		"another number":              {file: file(head, moved), want: ErrTree},
		"a hash changed":              {file: file(changed, f.entries[4]), want: ErrTree},
		"too many hashes":             {file: file(long, f.entries[4]), want: ErrForm},
		"no hash":                     {file: file(short, f.entries[4]), want: ErrForm},
		"two entries":                 {file: file(head, f.entries[4], f.entries[5]), want: ErrOrder},
		"no entry":                    {file: file(head), want: ErrOrder},
		"a checkpoint of a less size": {file: f.entryProof(5, 33, f.checkpoint(4, everybody...)), want: ErrOrder},
		"consistency, another kept":   {file: []byte(consistency), kept: f.checkpoint(11, everybody...), want: ErrTree},
		"consistency, backwards": {file: file(admin.LogFileHeader{
			Kind: admin.LogFileConsistency, Earlier: checkpoint, Checkpoint: f.checkpoint(10, everybody...)}), want: ErrOrder},
		"consistency, unproved": {file: file(admin.LogFileHeader{
			Kind: admin.LogFileConsistency, Earlier: f.checkpoint(10, everybody...), Checkpoint: checkpoint}), want: ErrTree},
		"consistency of a forged earlier": {file: []byte(strings.Replace(consistency,
			mustJSON(f.checkpoint(10, everybody...)), mustJSON(f.sign(admin.Checkpoint{Cluster: "test", Size: 10, At: time.Unix(0, 0)}, everybody...)), 1)), want: ErrTree},
	} {
		if _, err := f.verifier().Verify(t.Context(), bytes.NewReader(c.file), c.kept); !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", name, err, c.want)
		}
	}
}

func mustJSON(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestTreeIsTheLogs(t *testing.T) {
	var ours tree
	f := newForge(t, 0)
	for n := 1; n <= 70; n++ {
		f.add(fmt.Sprint(n))
		want, err := tlog.TreeHash(int64(n), f)
		if err != nil {
			t.Fatal(err)
		}
		e := f.entries[n-1]
		leaf := admin.Leaf{Sequence: e.Sequence, Index: e.Index, Commitment: sha256.Sum256(e.Plain)}
		hexInto(leaf.ID[:], e.ID)
		hexInto(leaf.Subject[:], e.Subject)
		if ours.add(leaf.Data()); ours.root() != want {
			t.Fatalf("%d entries: another root", n)
		}
	}
}

func FuzzVerify(f *testing.F) {
	g := newForge(f, 5)
	f.Add(g.whole(g.checkpoint(5, everybody...)))
	f.Add(g.entryProof(2, 5, g.checkpoint(5, everybody...)))
	f.Add(g.consistencyProof(2, 5))
	original := g.whole(g.checkpoint(5, everybody...))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := g.verifier().Verify(t.Context(), bytes.NewReader(b), "")
		if err == nil && got.Kind == admin.LogFileWhole && got.Later.Size == 5 && !bytes.Equal(b, original) {
			t.Fatal("a file that is not what was exported was verified")
		}
	})
}
