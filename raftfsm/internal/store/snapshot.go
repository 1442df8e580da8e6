package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	bolt "go.etcd.io/bbolt"
)

// A snapshot is a stream: a header, every pair of the buckets in order, an end, and
// the SHA-256 of all that came before.
//
//	header   magic(8) form(2) level(2) index(8) term(8) sum(32)
//	pair     bucket(1) length of key(4) length of value(4) key value
//	end      0(1) count of pairs(8) SHA-256(32)
const (
	snapshotMagic  = "TVILSNAP"
	snapshotForm   = 1
	snapshotBuffer = 256 << 10
	headerBytes    = 8 + 2 + 2 + positionBytes
	maxKeyBytes    = 1 << 10
	maxValueBytes  = 4 << 20
	restoreBatch   = 8 << 20 // bytes in one transaction of a restore
)

// Errors of reading a snapshot.
var (
	ErrNoSnapshot      = errors.New("store: not a snapshot, or one that is damaged")
	ErrUnknownSnapshot = errors.New("store: a snapshot of a form that this release does not know")
)

// Header is what stands in front of a snapshot.
type Header struct {
	Level    uint16 // the cluster's feature level when it was taken
	Position Position
}

func (h Header) encode() []byte {
	b := append(make([]byte, 0, headerBytes), snapshotMagic...)
	b = binary.BigEndian.AppendUint16(b, snapshotForm)
	b = binary.BigEndian.AppendUint16(b, h.Level)
	return append(b, h.Position.encode()...)
}

// ReadHeader reads the header of a snapshot and no more.
func ReadHeader(r io.Reader) (Header, error) {
	b := make([]byte, headerBytes)
	if _, err := io.ReadFull(r, b); err != nil {
		return Header{}, fmt.Errorf("%w: header: %w", ErrNoSnapshot, err)
	}
	if string(b[:8]) != snapshotMagic {
		return Header{}, fmt.Errorf("%w: magic", ErrNoSnapshot)
	}
	if form := binary.BigEndian.Uint16(b[8:]); form != snapshotForm {
		return Header{}, fmt.Errorf("%w: %d", ErrUnknownSnapshot, form)
	}
	h := Header{Level: binary.BigEndian.Uint16(b[10:])}
	h.Position, _ = decodePosition(b[12:])
	return h, nil
}

// WriteSnapshot writes the reader's state. Level goes into the header.
func (r *Reader) WriteSnapshot(w io.Writer, level uint16) error {
	digest := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(digest, w), snapshotBuffer)
	_, err := out.Write(Header{Level: level, Position: r.Position()}.encode())
	var count uint64
	var head [9]byte
	for _, b := range Buckets() {
		if err != nil {
			break
		}
		r.ScanFrom(b, nil, func(key, value []byte) bool {
			head[0] = byte(b)
			binary.BigEndian.PutUint32(head[1:], uint32(len(key)))
			binary.BigEndian.PutUint32(head[5:], uint32(len(value)))
			for _, part := range [...][]byte{head[:], key, value} {
				if _, err = out.Write(part); err != nil {
					return false
				}
			}
			count++
			return true
		})
	}
	if err == nil {
		_, err = out.Write(binary.BigEndian.AppendUint64([]byte{0}, count))
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		return fmt.Errorf("store: write snapshot: %w", err)
	}
	if _, err = w.Write(digest.Sum(nil)); err != nil {
		return fmt.Errorf("store: write snapshot: %w", err)
	}
	return nil
}

// snapshotReader reads the pairs of a snapshot.
type snapshotReader struct {
	in     *bufio.Reader
	digest hash.Hash
	bucket Bucket
	key    []byte // the latest, to hold the order
	count  uint64
}

func newSnapshotReader(r io.Reader) (*snapshotReader, Header, error) {
	s := &snapshotReader{in: bufio.NewReaderSize(r, snapshotBuffer), digest: sha256.New()}
	h, err := ReadHeader(io.TeeReader(s.in, s.digest))
	return s, h, err
}

func (s *snapshotReader) read(b []byte) error {
	if _, err := io.ReadFull(s.in, b); err != nil {
		return fmt.Errorf("%w: cut short: %w", ErrNoSnapshot, err)
	}
	_, _ = s.digest.Write(b)
	return nil
}

// next returns the next pair, or a zero bucket after the last one, when the whole
// was found to be as it was written. Key and value are the caller's.
func (s *snapshotReader) next() (Bucket, []byte, []byte, error) {
	var head [9]byte
	if err := s.read(head[:]); err != nil {
		return noBucket, nil, nil, err
	}
	b := Bucket(head[0])
	if b == noBucket {
		return noBucket, nil, nil, s.end(binary.BigEndian.Uint64(head[1:]))
	}
	keyBytes, valueBytes := binary.BigEndian.Uint32(head[1:]), binary.BigEndian.Uint32(head[5:])
	if !b.Known() || keyBytes == 0 || keyBytes > maxKeyBytes || valueBytes > maxValueBytes {
		return noBucket, nil, nil, fmt.Errorf("%w: pair %d", ErrNoSnapshot, s.count)
	}
	pair := make([]byte, keyBytes+valueBytes)
	if err := s.read(pair); err != nil {
		return noBucket, nil, nil, err
	}
	key, value := pair[:keyBytes:keyBytes], pair[keyBytes:]
	if b < s.bucket || b == s.bucket && bytes.Compare(key, s.key) <= 0 {
		return noBucket, nil, nil, fmt.Errorf("%w: order of pair %d", ErrNoSnapshot, s.count)
	}
	s.bucket, s.key, s.count = b, key, s.count+1
	return b, key, value, nil
}

func (s *snapshotReader) end(count uint64) error {
	want := s.digest.Sum(nil)
	got := make([]byte, len(want))
	if err := s.read(got); err != nil {
		return err
	}
	if count != s.count || !bytes.Equal(want, got) {
		return fmt.Errorf("%w: checksum", ErrNoSnapshot)
	}
	return nil
}

// fillFrom puts every pair of a snapshot into an empty database, and proves that they
// add up to the header's sum.
func fillFrom(db *bolt.DB, s *snapshotReader, h Header) error {
	for {
		tx, err := begin(db)
		if err != nil {
			return err
		}
		done, err := fillBatch(tx, s)
		if err != nil {
			tx.Rollback()
			return err
		}
		p := h.Position
		if done && tx.sum != p.Sum {
			tx.Rollback()
			return fmt.Errorf("%w: the pairs do not add up to its sum", ErrNoSnapshot)
		}
		if !done {
			p = Position{}
		}
		if _, err := tx.Commit(p.Index, p.Term); err != nil || done {
			return err
		}
	}
}

func fillBatch(tx *Tx, s *snapshotReader) (done bool, err error) {
	for size := 0; size < restoreBatch; {
		b, key, value, err := s.next()
		if err != nil || b == noBucket {
			return err == nil, err
		}
		tx.bucket(b).FillPercent = 0.9 // keys come in order
		if err := tx.Put(b, key, value); err != nil {
			return false, err
		}
		size += len(key) + len(value)
	}
	return false, nil
}
