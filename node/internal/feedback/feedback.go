// Package feedback keeps what users think of the client, on the node that they wrote it at.
//
// It owns the files: lines of JSON that are appended and synced, in two files of which the
// older goes when the newer is full. It must never keep who wrote, in which session, about
// whom, or when more closely than to the hour; what looks like an identity does not come
// here (protocol.Feedback.Proper is asked before, and here again). Nothing of a text goes
// into a log or an error.
package feedback

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tvilling/protocol"
)

// Limits of what is kept. What happens at each is said beside it.
const (
	MaxEntries = 10_000  // on one node: the older half goes
	maxBytes   = 8 << 20 // the same, of bytes
	perHour    = 500     // on one node: one more is ErrMany. A whole hospital's worth, and no flood
	maxLine    = 8 << 10 // of one entry; a longer line in the file is not one
	fileBytes  = maxBytes / 2
	fileCount  = MaxEntries / 2
)

// Errors of a Book.
var (
	ErrMany     error = &refusal{protocol.FaultBusy, "feedback: as much as is taken in an hour"}
	ErrImproper error = &refusal{protocol.FaultFeedback, "feedback: nothing, too much, or something like an identity"}
)

// refusal is an error that its writer is told of.
type refusal struct {
	fault protocol.Fault
	text  string
}

func (r *refusal) Error() string { return r.text }

// Fault is what the browser is told.
func (r *refusal) Fault() protocol.Fault { return r.fault }

// The files.
const (
	newest = "feedback.jsonl"
	older  = "feedback.1.jsonl"
)

// Entry is one feedback as it is kept.
type Entry struct {
	Number  uint64 `json:"number"` // on this node, from 1
	ID      string `json:"id"`     // drawn: it says nothing
	Hour    string `json:"hour"`   // in which it came, RFC 3339
	Version string `json:"version"`
	Page    string `json:"page,omitempty"`
	Grade   uint8  `json:"grade,omitempty"`
	Text    string `json:"text,omitempty"`
}

// Book is the feedback of one node. It is safe for concurrent use.
type Book struct {
	dir, version string
	now          func() time.Time

	entries int   // that a file holds
	bytes   int64 // the same

	mu    sync.Mutex
	last  uint64 // number of the newest entry
	hour  time.Time
	taken int // in that hour
}

// Open opens the book in a directory, which it makes. It holds no file open. An entry that
// was not written to its end is cut off by the next: nobody was thanked for it.
func Open(dir, version string) (*Book, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("feedback: %w", err)
	}
	b := &Book{dir: dir, version: version, now: time.Now, entries: fileCount, bytes: fileBytes}
	before, _, err := read(b.path(older), 0, 0)
	if err != nil {
		return nil, err
	}
	entries, _, err := read(b.path(newest), 0, 0)
	if err != nil {
		return nil, err
	}
	b.last = max(lastOf(before), lastOf(entries))
	return b, nil
}

func (b *Book) path(name string) string { return filepath.Join(b.dir, name) }

func lastOf(entries []Entry) uint64 {
	if len(entries) == 0 {
		return 0
	}
	return entries[len(entries)-1].Number
}

// Add keeps a feedback and returns its id. When it returns, the entry is on the disk.
func (b *Book) Add(f protocol.Feedback) (id string, err error) {
	if !f.Proper() {
		return "", ErrImproper
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	hour := b.now().UTC().Truncate(time.Hour)
	if !hour.Equal(b.hour) {
		b.hour, b.taken = hour, 0
	}
	if b.taken >= perHour {
		return "", ErrMany
	}
	e := Entry{
		Number: b.last + 1, ID: drawn(), Hour: hour.Format(time.RFC3339), Version: b.version,
		Page: f.Page, Grade: f.Grade, Text: f.Text,
	}
	line, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("feedback: %w", err)
	}
	if err := b.write(append(line, '\n')); err != nil {
		return "", err
	}
	b.last, b.taken = e.Number, b.taken+1
	return e.ID, nil
}

// write appends a line to the newest file, or to the next where that is full. What was
// written in part before is cut off. The file is looked at each time: few write, and
// somebody may have taken it away, or put it back.
func (b *Book) write(line []byte) error {
	entries, whole, err := read(b.path(newest), 0, 0)
	if err != nil {
		return err
	}
	if len(entries) >= b.entries || whole+int64(len(line)) > b.bytes {
		if err := os.Rename(b.path(newest), b.path(older)); err != nil { // whose entries go
			return fmt.Errorf("feedback: %w", err)
		}
		whole = 0
	}
	file, err := os.OpenFile(b.path(newest), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("feedback: %w", err)
	}
	err = file.Truncate(whole)
	if err == nil {
		_, err = file.WriteAt(line, whole)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil && whole == 0 {
		err = syncDir(b.dir) // the file is new
	}
	if err != nil {
		return fmt.Errorf("feedback: %w", err)
	}
	return nil
}

// After returns the entries after a number, at most limit, in their order; more: there
// are others after them.
func (b *Book) After(number uint64, limit int) (entries []Entry, more bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range [...]string{older, newest} {
		found, _, err := read(b.path(name), number, limit+1-len(entries))
		if err != nil {
			return nil, false, err
		}
		if entries = append(entries, found...); len(entries) > limit {
			return entries[:limit], true, nil
		}
	}
	return entries, false, nil
}

// read reads the entries of a file after a number, at most limit (0: all), and how many
// bytes its whole lines take. A line that is none is passed over; one that is longer than
// any of ours ends the file.
func read(path string, after uint64, limit int) (entries []Entry, whole int64, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("feedback: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	lines.Split(wholeLines)
	for lines.Scan() {
		line := lines.Bytes()
		whole += int64(len(line))
		var e Entry
		if json.Unmarshal(line, &e) != nil || e.Number <= after {
			continue
		}
		if entries = append(entries, e); len(entries) == limit {
			break
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return nil, 0, fmt.Errorf("feedback: %s: %w", filepath.Base(path), err)
	}
	return entries, whole, nil
}

// wholeLines splits into lines with their ends; what follows the last end is none.
func wholeLines(data []byte, _ bool) (advance int, line []byte, err error) {
	end := bytes.IndexByte(data, '\n') + 1
	if end == 0 {
		return 0, nil, nil
	}
	return end, data[:end], nil
}

// drawn is an id that says nothing: neither who nor when.
func drawn() string {
	var id [10]byte
	_, _ = rand.Read(id[:]) // it never fails: the program ends before
	return base32.StdEncoding.EncodeToString(id[:])
}

// syncDir makes durable which files a directory has.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
