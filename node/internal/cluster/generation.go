package cluster

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Generation names a history of the cluster. A recovery after a lost quorum and a
// restored backup begin a new one: what an older one acknowledged may be missing in it.
// Two members work together only in the same generation.
type Generation struct {
	Number uint32
	ID     [16]byte // tells two recoveries apart that were made of the same history
	Since  time.Time
}

// First is the generation of a cluster that was never recovered or restored.
func First() Generation { return Generation{Number: 1} }

// Next is a new generation after g.
func (g Generation) Next(now time.Time) Generation {
	next := Generation{Number: g.Number + 1, Since: now.UTC().Truncate(time.Second)}
	_, _ = rand.Read(next.ID[:]) // never fails
	return next
}

// Same tells whether it is the same history.
func (g Generation) Same(other Generation) bool {
	return g.Number == other.Number && g.ID == other.ID
}

// String is its number and the beginning of its id.
func (g Generation) String() string { return fmt.Sprintf("%d (%x)", g.Number, g.ID[:4]) }

// epoch is what the positions of a generation begin with: who resumes from a position
// of another one has to begin anew.
func (g Generation) epoch(cluster string) uint64 {
	text := fmt.Appendf(nil, "tvilling epoch\x00%s\x00%d", cluster, g.Number)
	if g.ID != [16]byte{} {
		text = append(append(text, 0), g.ID[:]...)
	}
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint64(sum[:8])
}

// Names in the directory of the log.
const (
	fileLog        = "log.db"
	fileGeneration = "generation.json"
	fileNext       = "superseded-by.json" // the generation that took this one's place; acted on at the next start
	fileRecovering = "recovering.json"    // the generation that a recovery has begun to make
	fileJoining    = "joining.json"       // this member waits to be taken in, and does not vote
)

// maxGenerationBytes bounds such a file; a larger one is not ours.
const maxGenerationBytes = 1 << 10

// generationFile is how a generation is written.
type generationFile struct {
	Number uint32 `json:"number"`
	ID     string `json:"id"`    // hex
	Since  string `json:"since"` // RFC 3339
}

// ReadGeneration reads the generation of a log's directory (Config.Dir). Without one it
// is the first.
func ReadGeneration(dir string) (Generation, error) {
	g, ok, err := readGeneration(dir, fileGeneration)
	if err == nil && !ok {
		g = First()
	}
	return g, err
}

// WriteGeneration replaces the generation of a log's directory, synced. No process may
// be using the directory.
func WriteGeneration(dir string, g Generation) error { return writeGeneration(dir, fileGeneration, g) }

func readGeneration(dir, name string) (g Generation, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return Generation{}, false, nil
	}
	if err == nil {
		g, err = parseGeneration(b)
	}
	if err != nil {
		return Generation{}, false, fmt.Errorf("%w: %s: %w", ErrGeneration, name, err)
	}
	return g, true, nil
}

func parseGeneration(b []byte) (Generation, error) {
	if len(b) > maxGenerationBytes {
		return Generation{}, errors.New("too large")
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	var f generationFile
	if err := decoder.Decode(&f); err != nil {
		return Generation{}, err
	}
	g := Generation{Number: f.Number}
	id, err := hex.DecodeString(f.ID)
	if err != nil || len(id) != len(g.ID) {
		return Generation{}, errors.New("its id is not 16 bytes in hex")
	}
	copy(g.ID[:], id)
	if g.Since, err = time.Parse(time.RFC3339, f.Since); err != nil {
		return Generation{}, errors.New("its time is no time")
	}
	return g, g.check()
}

// check refuses what no recovery makes.
func (g Generation) check() error {
	if g.Number == 0 || (g.Number == 1) != (g.ID == [16]byte{}) {
		return fmt.Errorf("no cluster has generation %v", g)
	}
	return nil
}

func writeGeneration(dir, name string, g Generation) error {
	if err := g.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrGeneration, err)
	}
	b, err := json.Marshal(generationFile{Number: g.Number, ID: hex.EncodeToString(g.ID[:]), Since: g.Since.UTC().Format(time.RFC3339)})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrGeneration, err)
	}
	if err := writeSynced(dir, name, append(b, '\n')); err != nil {
		return fmt.Errorf("%w: writing %s: %w", ErrGeneration, name, err)
	}
	return nil
}

// writeSynced replaces a file: after a crash there is the old one or the new one.
func writeSynced(dir, name string, b []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(dir)
}

// removeSynced removes a file that may be there.
func removeSynced(dir, name string) error {
	if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
