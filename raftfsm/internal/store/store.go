// Package store keeps the state machine's state: pairs of bytes in numbered buckets,
// in one bbolt file, with a running sum over all of them.
//
// It owns the file, the marker that says whether the file can be trusted, the sum and
// the form of snapshots. It knows neither commands nor what the pairs mean. It must
// never serve from a file that it has reason to doubt: the log and the snapshots are
// what is durable, the file is a cache of them, and one that is in doubt is deleted
// and built anew.
//
//	state      marker   what the file is at Open
//	(none)              new
//	any        clean    trusted if its size and hash are the marker's
//	any        open     trusted if the machine has not been restarted since, or every
//	                    transaction was synced; and then only if every page and the
//	                    sum prove right
//	any        other    deleted
package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"tvilling/raftfsm/internal/host"
)

// Names of the files in the directory.
const (
	databaseName = "fsm.db"
	markerName   = "state"
	lockName     = "lock"
)

// DefaultMmapBytes is how much address space the database takes at once: a writer
// that must map more waits for every reader, a snapshot that is paced among them, for
// longer than a leader may stand still. So it is more than a file should become: 64 GiB,
// or 1 GiB where addresses have 32 bits. It costs no memory.
const DefaultMmapBytes = 1 << (30 + 6*(^uint(0)>>63))

const lockTimeout = 2 * time.Second

// Errors of a store.
var (
	ErrClosed    = errors.New("store: closed")
	ErrViewsOpen = errors.New("store: closed while readers hold the file: it will be checked at the next start")
)

// Options are how a store is opened.
type Options struct {
	Sync      bool   // sync every transaction: slower, and the file survives a power cut
	MmapBytes int    // 0: DefaultMmapBytes
	BootID    string // of the machine's present boot; empty: no file with an open marker is trusted
	Steps     Steps  // may be nil
}

// Steps is told the name of every step that changes the directory before it is done.
// Tests look at the directory then, since a machine may stop between any two.
type Steps interface{ Before(step string) }

// Store is an open store. One goroutine writes; any number read.
type Store struct {
	dir     string
	options Options
	lock    io.Closer
	usable  bool
	reason  error // why the file that was there is not

	mu      sync.Mutex
	current *file // nil when closed
}

// file is a database and who uses it: the store, and every Reader.
type file struct {
	db      *bolt.DB
	id      string
	users   int  // guarded by Store.mu
	retired bool // replaced by a restore; guarded by Store.mu
}

// Open opens the store in a directory, making it if needed. It never fails for a
// damaged file: that is replaced by an empty one.
func Open(dir string, o Options) (*Store, error) {
	if o.MmapBytes == 0 {
		o.MmapBytes = DefaultMmapBytes
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	lock, err := host.Lock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s := &Store{dir: dir, options: o, lock: lock}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

func (s *Store) open() error {
	id, err := s.judge()
	if err != nil {
		s.reason = err
		if id, err = s.fresh(); err != nil {
			return err
		}
	}
	s.usable = s.reason == nil
	if err := s.mark(marker{State: stateOpen, Database: id}); err != nil {
		return err
	}
	db, err := s.openDatabase(s.path(databaseName), !s.options.Sync)
	if err != nil {
		return err
	}
	s.current = &file{db: db, id: id, users: 1}
	return nil
}

// judge decides whether the file that is there can be trusted, without giving it to
// bbolt, and returns its id.
func (s *Store) judge() (string, error) {
	m, err := readMarker(s.path(markerName))
	if err != nil {
		return "", err
	}
	switch {
	case m.State == stateClean:
		size, hash, err := hashFile(s.path(databaseName))
		if err != nil {
			return "", err
		}
		if size != m.Size || hash != m.Hash {
			return "", damaged("it changed after it was closed")
		}
		return m.Database, nil
	case m.State != stateOpen:
		return "", damaged("a restore was cut off")
	case !m.Sync && (m.Boot == "" || m.Boot != s.options.BootID):
		return "", damaged("the machine was restarted while it was written")
	}
	f, err := inspect(s.path(databaseName))
	if err != nil {
		return "", err
	}
	if f.id != m.Database {
		return "", damaged("the marker is of another file")
	}
	return f.id, nil
}

// fresh replaces whatever is there with an empty database.
func (s *Store) fresh() (string, error) {
	s.step("remove")
	for _, name := range []string{markerName, databaseName, databaseName + ".tmp"} {
		if err := os.Remove(s.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("store: %w", err)
		}
	}
	id := host.NewID()
	if err := s.create(id, nil, Header{}); err != nil {
		return "", err
	}
	s.step("rename")
	return id, s.rename()
}

// create writes a new database beside the present one, synced and closed, from a
// snapshot or empty.
func (s *Store) create(id string, from *snapshotReader, h Header) error {
	s.step("create")
	path := s.path(databaseName + ".tmp")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("store: %w", err)
	}
	db, err := s.openDatabase(path, true)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error { return layOut(tx, id) })
	if err == nil && from != nil {
		err = fillFrom(db, from, h)
	}
	if err = errors.Join(err, db.Sync(), db.Close()); err != nil {
		return fmt.Errorf("store: create: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}

// layOut makes the buckets.
func layOut(tx *bolt.Tx, id string) error {
	meta, err := tx.CreateBucket([]byte(metaBucket))
	if err != nil {
		return err
	}
	for _, b := range Buckets() {
		if _, err := tx.CreateBucket([]byte(names[b])); err != nil {
			return err
		}
	}
	return errors.Join(meta.Put(metaID, []byte(id)), meta.Put(metaPosition, Position{}.encode()))
}

func (s *Store) rename() error {
	if err := os.Rename(s.path(databaseName+".tmp"), s.path(databaseName)); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return syncDir(s.dir)
}

func (s *Store) openDatabase(path string, noSync bool) (*bolt.DB, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout:         lockTimeout,
		NoSync:          noSync,
		NoGrowSync:      noSync,
		NoFreelistSync:  true,
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: s.options.MmapBytes,
		NoStatistics:    true,
	})
	if err != nil {
		return nil, fmt.Errorf("store: open database: %w", err)
	}
	return db, nil
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Store) step(name string) {
	if s.options.Steps != nil {
		s.options.Steps.Before(name)
	}
}

func (s *Store) mark(m marker) error {
	s.step("mark " + m.State)
	m.Boot, m.Sync = s.options.BootID, s.options.Sync
	return m.write(s.path(markerName))
}

// Usable reports whether the file that was there at Open is the one in use.
func (s *Store) Usable() bool { return s.usable }

// Reason says why not.
func (s *Store) Reason() error { return s.reason }

// Begin starts a write transaction.
func (s *Store) Begin() (*Tx, error) {
	s.mu.Lock()
	f := s.current
	s.mu.Unlock()
	if f == nil {
		return nil, ErrClosed
	}
	return begin(f.db)
}

func begin(db *bolt.DB) (*Tx, error) {
	tx, err := db.Begin(true)
	if err != nil {
		return nil, fmt.Errorf("store: begin: %w", err)
	}
	t := &Tx{reading: reading{tx: tx}}
	t.sum = t.Position().Sum
	return t, nil
}

// Read starts a read transaction.
func (s *Store) Read() (*Reader, error) {
	s.mu.Lock()
	f := s.current
	if f != nil {
		f.users++
	}
	s.mu.Unlock()
	if f == nil {
		return nil, ErrClosed
	}
	tx, err := f.db.Begin(false)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: read: %w", err), s.release(f))
	}
	return &Reader{reading: reading{tx: tx}, store: s, file: f}, nil
}

// release takes one user off a file. The last one closes it; the others are told that
// there still are readers.
func (s *Store) release(f *file) error {
	s.mu.Lock()
	f.users--
	last, retired := f.users == 0, f.retired
	s.mu.Unlock()
	switch {
	case !last:
		return ErrViewsOpen
	case retired:
		return f.db.Close()
	default:
		return s.finish(f)
	}
}

// finish syncs and closes the database of a store that was closed, and says so in the
// marker.
func (s *Store) finish(f *file) error {
	s.step("sync")
	err := errors.Join(f.db.Sync(), f.db.Close())
	m := marker{State: stateClean, Database: f.id}
	if err == nil {
		m.Size, m.Hash, err = hashFile(s.path(databaseName))
	}
	if err == nil {
		err = s.mark(m)
	}
	return errors.Join(err, s.lock.Close())
}

// Restore replaces the state with a snapshot's. The check, if any, is asked about the
// header first. Readers keep the state that they were opened on. After an error the
// state is what it was.
func (s *Store) Restore(r io.Reader, check func(Header) error) (Header, error) {
	in, h, err := newSnapshotReader(r)
	if err == nil && check != nil {
		err = check(h)
	}
	if err != nil {
		return Header{}, err
	}
	s.mu.Lock()
	old := s.current
	s.mu.Unlock()
	if old == nil {
		return Header{}, ErrClosed
	}
	// From here on the log may have a snapshot that the file lacks: if the machine
	// stops, the file must not be taken for as new as the log believes it is.
	if err := s.mark(marker{State: stateRestoring, Database: old.id}); err != nil {
		return Header{}, err
	}
	id := host.NewID()
	if err := s.create(id, in, h); err != nil {
		return Header{}, errors.Join(err, s.mark(marker{State: stateOpen, Database: old.id}))
	}
	return h, s.swap(id, old)
}

// swap puts the created database in the place of the old one.
func (s *Store) swap(id string, old *file) error {
	s.step("rename")
	if err := s.rename(); err != nil {
		return err
	}
	if err := s.mark(marker{State: stateOpen, Database: id}); err != nil {
		return err
	}
	db, err := s.openDatabase(s.path(databaseName), !s.options.Sync)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.current = &file{db: db, id: id, users: 1}
	old.retired = true
	s.mu.Unlock()
	if err := s.release(old); !errors.Is(err, ErrViewsOpen) {
		return err
	}
	return nil
}

// Close closes the store. If Readers are still open it returns ErrViewsOpen, and the
// last of them closes the file.
func (s *Store) Close() error {
	s.mu.Lock()
	f := s.current
	s.current = nil
	s.mu.Unlock()
	if f == nil {
		return nil
	}
	return s.release(f)
}
