package store

import (
	"bytes"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// ErrDamaged is a file whose content is not what its own sum says.
var ErrDamaged = errors.New("store: damaged file")

// reading is what read and write transactions share. Slices it returns are valid until
// the transaction ends, and must not be written to.
type reading struct {
	tx      *bolt.Tx
	buckets [bucketEnd]*bolt.Bucket
}

// bucket opens a bucket the first time it is asked for. Every file has all of them.
func (r *reading) bucket(b Bucket) *bolt.Bucket {
	if r.buckets[b] == nil {
		r.buckets[b] = r.tx.Bucket([]byte(names[b]))
		r.buckets[b].FillPercent = b.fill()
	}
	return r.buckets[b]
}

// Get returns the value under key, or nil. An empty value is not nil.
func (r *reading) Get(b Bucket, key []byte) []byte { return r.bucket(b).Get(key) }

// Scan yields the pairs whose key begins with prefix, in order.
func (r *reading) Scan(b Bucket, prefix []byte, yield func(key, value []byte) bool) {
	cursor := r.bucket(b).Cursor()
	for k, v := cursor.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = cursor.Next() {
		if !yield(k, v) {
			return
		}
	}
}

// ScanFrom yields the pairs from key start on, in order.
func (r *reading) ScanFrom(b Bucket, start []byte, yield func(key, value []byte) bool) {
	cursor := r.bucket(b).Cursor()
	for k, v := cursor.Seek(start); k != nil; k, v = cursor.Next() {
		if !yield(k, v) {
			return
		}
	}
}

// LastKey returns the greatest key of a bucket, or nil.
func (r *reading) LastKey(b Bucket) []byte {
	k, _ := r.bucket(b).Cursor().Last()
	return k
}

// Position returns where the state is.
func (r *reading) Position() Position {
	p, _ := decodePosition(r.tx.Bucket([]byte(metaBucket)).Get(metaPosition))
	return p
}

// Tx is a write transaction: the only way to change the state. It keeps the running
// sum. Keys and values given to it must not be changed before it ends; a Scan must
// not be under way while it writes.
type Tx struct {
	reading
	sum    Sum
	hasher pairHasher
}

// Put stores value under key.
func (t *Tx) Put(b Bucket, key, value []byte) error { return t.Replace(b, key, t.Get(b, key), value) }

// Replace is Put for who has looked already: old must be what Get answers for the key,
// nil where there is nothing. Any other makes the sum wrong for good.
func (t *Tx) Replace(b Bucket, key, old, value []byte) error {
	if old != nil {
		if bytes.Equal(old, value) {
			return nil
		}
		t.sum.subtract(t.hasher.hash(b, key, old))
	}
	t.sum.add(t.hasher.hash(b, key, value))
	if err := t.bucket(b).Put(key, value); err != nil {
		return fmt.Errorf("store: put in %s: %w", b, err)
	}
	return nil
}

// Delete removes key and reports whether it was there.
func (t *Tx) Delete(b Bucket, key []byte) (bool, error) {
	bucket := t.bucket(b)
	old := bucket.Get(key)
	if old == nil {
		return false, nil
	}
	t.sum.subtract(t.hasher.hash(b, key, old))
	if err := bucket.Delete(key); err != nil {
		return false, fmt.Errorf("store: delete in %s: %w", b, err)
	}
	return true, nil
}

// Commit makes the changes last, as the state after log index and term.
func (t *Tx) Commit(index, term uint64) (Position, error) {
	p := Position{Index: index, Term: term, Sum: t.sum}
	if err := t.tx.Bucket([]byte(metaBucket)).Put(metaPosition, p.encode()); err != nil {
		return Position{}, fmt.Errorf("store: put position: %w", err)
	}
	if err := t.tx.Commit(); err != nil {
		return Position{}, fmt.Errorf("store: commit: %w", err)
	}
	return p, nil
}

// Rollback forgets the changes. After Commit it does nothing.
func (t *Tx) Rollback() { _ = t.tx.Rollback() }

// Reader is a read transaction: the state as it was when it was opened. One that is
// held while others write makes the file grow for good.
type Reader struct {
	reading
	store *Store
	file  *file
}

// Close ends the transaction. The last one of a file that was replaced or closed
// closes the file.
func (r *Reader) Close() {
	if r.tx == nil {
		return
	}
	_ = r.tx.Rollback()
	r.tx = nil
	_ = r.store.release(r.file)
}

// Verify computes the sum anew from every pair, and compares.
func (r *Reader) Verify() error {
	var sum Sum
	var hasher pairHasher
	for _, b := range Buckets() {
		r.ScanFrom(b, nil, func(key, value []byte) bool {
			sum.add(hasher.hash(b, key, value))
			return true
		})
	}
	if sum != r.Position().Sum {
		return fmt.Errorf("%w: the pairs do not add up to the stored sum", ErrDamaged)
	}
	return nil
}
