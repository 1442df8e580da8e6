package logproof

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"tvilling/protocol/admin"
)

// maxLineBytes bounds a line of a file; maxProof the hashes of a proof, of which a log
// of 2^64 entries needs no more.
const (
	maxLineBytes = 256 << 10
	maxProof     = 128
	askEvery     = 1000 // entries between two looks at the context, and two words of progress
)

// Verifier verifies files.
type Verifier struct {
	Keys     Keys
	Readable func(plain []byte) (admin.ReadableEntry, error) // what an entry's bytes say
	Progress func(done, of uint64)                           // nil: nothing is told
}

// Result is what was found to be true of a file.
type Result struct {
	Kind    string
	Later   Signed
	Earlier Signed               // what the log was shown to begin with; zero: nothing was
	Entries uint64               // that are under the checkpoint
	Closed  uint64               // of them: nobody can say what they say
	Entry   *admin.ExportedEntry // of an entry's proof
}

// Verify reads a file to its end. kept is a checkpoint that the caller has kept from
// before, or empty: a whole log, or a consistency proof, must also begin with it. It
// says nothing of one entry.
func (v Verifier) Verify(ctx context.Context, file io.Reader, kept string) (Result, error) {
	r := bufio.NewReaderSize(file, maxLineBytes)
	head, err := readHead(r)
	if errors.Is(err, io.EOF) {
		return Result{}, fmt.Errorf("%w: it is empty", ErrForm)
	}
	if err != nil {
		return Result{}, err
	}
	later, err := v.Keys.open(head.Checkpoint)
	if err != nil {
		return Result{}, fmt.Errorf("checkpoint: %w", err)
	}
	result := Result{Kind: head.Kind, Later: later}
	if kept != "" {
		if result.Earlier, err = v.Keys.open(kept); err != nil {
			return Result{}, fmt.Errorf("kept checkpoint: %w", err)
		}
	}
	switch head.Kind {
	case admin.LogFileWhole:
		err = v.whole(ctx, r, &result)
	case admin.LogFileEntry:
		err = v.entry(r, head, &result)
	case admin.LogFileConsistency:
		err = v.consistency(r, head, &result)
	default:
		err = fmt.Errorf("%w: it is of another kind", ErrForm)
	}
	return result, err
}

// whole makes the tree of every entry anew.
func (v Verifier) whole(ctx context.Context, r *bufio.Reader, result *Result) error {
	size, earlier := result.Later.Size, result.Earlier.Size
	if earlier > size {
		return restarted(result, fmt.Errorf("%w: the kept checkpoint has %d entries and the file %d: take out a newer file, which must hold them", ErrTree, earlier, size))
	}
	var t tree
	for n := uint64(1); n <= size; n++ {
		e, err := v.readEntry(r)
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%w: the checkpoint has %d entries, the file %d", ErrOrder, size, n-1)
		case err != nil:
			return fmt.Errorf("line %d: %w", n+1, err)
		case e.leaf.Sequence != n:
			return fmt.Errorf("%w: number %d stands where %d should", ErrOrder, e.leaf.Sequence, n)
		}
		t.add(e.leaf.Data())
		if e.Closed != "" {
			result.Closed++
		}
		if n == earlier && t.root() != tlog.Hash(result.Earlier.Root) {
			return restarted(result, fmt.Errorf("%w: its first %d entries are not those of the kept checkpoint", ErrTree, n))
		}
		if n%askEvery == 0 || n == size {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if v.Progress != nil {
				v.Progress(n, size)
			}
		}
	}
	if err := atEnd(r); err != nil {
		return err
	}
	if t.root() != tlog.Hash(result.Later.Root) {
		return fmt.Errorf("%w: the entries make another tree than the checkpoint's: one or more of them were changed", ErrTree)
	}
	result.Entries = size
	return nil
}

// entry proves that one entry is in the log.
func (v Verifier) entry(r *bufio.Reader, head admin.LogFileHeader, result *Result) error {
	e, err := v.readEntry(r)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it has no entry", ErrOrder)
	}
	if err != nil {
		return fmt.Errorf("line 2: %w", err)
	}
	if err := atEnd(r); err != nil {
		return err
	}
	if e.Closed != "" {
		return fmt.Errorf("%w: a proof of an entry that is closed", ErrForm)
	}
	hashes, err := hashesOf(head.Proof)
	if err != nil {
		return err
	}
	size, n := result.Later.Size, e.leaf.Sequence
	if n == 0 || n > size || size > 1<<62 {
		return fmt.Errorf("%w: number %d of %d", ErrOrder, n, size)
	}
	if err := tlog.CheckRecord(hashes, int64(size), tlog.Hash(result.Later.Root), int64(n-1), tlog.RecordHash(e.leaf.Data())); err != nil {
		return fmt.Errorf("%w: the entry is not in the log that was signed", ErrTree)
	}
	result.Entries, result.Entry = 1, &e.ExportedEntry
	result.Earlier = Signed{} // nothing was shown of it
	return nil
}

// consistency proves that the later log begins with the earlier one.
func (v Verifier) consistency(r *bufio.Reader, head admin.LogFileHeader, result *Result) error {
	if err := atEnd(r); err != nil {
		return err
	}
	earlier, err := v.Keys.open(head.Earlier)
	if err != nil {
		return fmt.Errorf("earlier checkpoint: %w", err)
	}
	if result.Earlier.Size != 0 && (result.Earlier.Size != earlier.Size || result.Earlier.Root != earlier.Root) {
		return fmt.Errorf("%w: the file's earlier checkpoint is not the kept one", ErrTree)
	}
	result.Earlier = earlier
	hashes, err := hashesOf(head.Proof)
	if err != nil {
		return err
	}
	from, to := earlier.Size, result.Later.Size
	if from == 0 || from > to || to > 1<<62 {
		return restarted(result, fmt.Errorf("%w: from %d entries to %d", ErrOrder, from, to))
	}
	if err := tlog.CheckTree(hashes, int64(to), tlog.Hash(result.Later.Root), int64(from), tlog.Hash(earlier.Root)); err != nil {
		return restarted(result, fmt.Errorf("%w: the later log does not begin with the earlier one", ErrTree))
	}
	return nil
}

// restarted tells a log that does not hold what was signed before from one that was
// begun anew, which a majority has signed: a recovery or a restored backup may lack what
// came last. It does not make it hold.
func restarted(result *Result, err error) error {
	earlier, later := result.Earlier.Generation, result.Later.Generation
	if later.First() || later == earlier {
		return err
	}
	return fmt.Errorf("%w in generation %d; the checkpoint before it is of generation %d: what was signed last then may be missing, and who runs the cluster can say why (%w)",
		ErrRestarted, later.Number, max(1, earlier.Number), err)
}

// read is an entry and what the tree holds of it.
type read struct {
	admin.ExportedEntry
	leaf admin.Leaf
}

// readEntry reads a line and looks that its words are what its bytes say.
func (v Verifier) readEntry(r *bufio.Reader) (read, error) {
	line, err := nextLine(r)
	if err != nil {
		return read{}, err
	}
	var e admin.ExportedEntry
	if err := decodeLine(line, &e); err != nil {
		return read{}, err
	}
	out := read{ExportedEntry: e, leaf: admin.Leaf{Sequence: e.Sequence, Index: e.Index, Commitment: sha256.Sum256(e.Plain)}}
	if !hexInto(out.leaf.ID[:], e.ID) || !hexInto(out.leaf.Subject[:], e.Subject) {
		return read{}, fmt.Errorf("%w: an id that is none", ErrForm)
	}
	if e.Closed != "" {
		out.Entry, out.Plain = admin.ReadableEntry{}, nil // nothing is believed of what it says
		if copy(out.leaf.Commitment[:], e.Commitment) != len(e.Commitment) || len(e.Commitment) != sha256.Size {
			return read{}, fmt.Errorf("%w: a closed entry without a commitment", ErrForm)
		}
	} else if out.Entry, err = v.Readable(e.Plain); err != nil {
		return read{}, fmt.Errorf("%w: its bytes cannot be read: %w", ErrChanged, err)
	} else if out.Entry.ID != e.ID {
		return read{}, fmt.Errorf("%w: its bytes have another id", ErrChanged)
	}
	if !written(out.ExportedEntry, line) { // byte by byte: JSON has many ways to say two things at once
		return read{}, fmt.Errorf("%w: its words and its bytes differ", ErrChanged)
	}
	return out, nil
}

// written reports whether a line is exactly what a value is written as.
func written(value any, line []byte) bool {
	b, err := json.Marshal(value)
	return err == nil && bytes.Equal(b, bytes.TrimSuffix(line, []byte{'\n'}))
}

// readHead reads the first line.
func readHead(r *bufio.Reader) (head admin.LogFileHeader, err error) {
	line, err := nextLine(r)
	if err != nil {
		return head, err
	}
	if err := decodeLine(line, &head); err != nil {
		return head, err
	}
	if head.Format != admin.LogFileFormat || !written(head, line) {
		return head, fmt.Errorf("%w: its first line does not say %s as one does", ErrForm, admin.LogFileFormat)
	}
	return head, nil
}

// nextLine returns a line, valid until the next one. io.EOF: there is none.
func nextLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("%w: a line of more than %d bytes", ErrForm, maxLineBytes)
	case errors.Is(err, io.EOF) && len(line) > 0:
		return nil, fmt.Errorf("%w: the last line is cut off", ErrForm)
	}
	return line, err
}

// decodeLine reads a line's value. The decoder's own words could quote it.
func decodeLine(line []byte, into any) error {
	if json.Unmarshal(line, into) != nil {
		return fmt.Errorf("%w: a line that is not what it should be", ErrForm)
	}
	return nil
}

func atEnd(r *bufio.Reader) error {
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: there is more in the file than its checkpoint has", ErrOrder)
	}
	return nil
}

func hexInto(to []byte, s string) bool {
	if len(s) != hex.EncodedLen(len(to)) {
		return false
	}
	_, err := hex.Decode(to, []byte(s))
	return err == nil
}

func hashesOf(proof [][]byte) ([]tlog.Hash, error) {
	if len(proof) > maxProof {
		return nil, fmt.Errorf("%w: a proof of %d hashes", ErrForm, len(proof))
	}
	all := make([]tlog.Hash, len(proof))
	for i, h := range proof {
		if len(h) != tlog.HashSize {
			return nil, fmt.Errorf("%w: a proof with what is no hash", ErrForm)
		}
		copy(all[i][:], h)
	}
	return all, nil
}
