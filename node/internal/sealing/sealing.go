// Package sealing keeps the keys, and is the only one that uses them: it seals the
// values that go into the log and the store, opens them again, and makes the
// pseudonyms and row keys that stand outside the sealed.
//
// It owns the keyring and its file. A sealed value is
//
//	key id (4 bytes) │ nonce (12 bytes) │ AES-256-GCM of the value │ tag (16 bytes)
//
// with the bucket's name and the row's key as additional data, so that a value moved
// to another place does not open. Pseudonyms, row keys and digests are HMAC-SHA-256
// under the index key, cut to sixteen bytes.
//
// It must never put a key, a plain value or an id into an error or a log, and never
// know what the values mean.
package sealing

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"tvilling/protocol"
)

// Errors of sealing. They never say what was in the value.
var (
	ErrKeyGone     = errors.New("sealing: the key of this value has been destroyed or was never here")
	ErrNotSealed   = errors.New("sealing: value does not open: damaged, moved from another place, or not sealed by this cluster")
	ErrKeyActive   = errors.New("sealing: the active key cannot be destroyed: rotate first")
	ErrTooManyKeys = errors.New("sealing: keyring is full: destroy old keys first")
)

// Limits of sealing.
const (
	KeyBytes      = 32      // a data key, a log key, the index key, the key-encryption key
	MaxKeys       = 512     // keys of one kind in a ring: weekly for nearly ten years; more is ErrTooManyKeys
	maxRingBytes  = 1 << 20 // a keyring file; more is refused
	keyIDBytes    = 4
	nonceBytes    = 12
	tagBytes      = 16
	prefixBytes   = keyIDBytes + nonceBytes
	Overhead      = prefixBytes + tagBytes // what sealing adds to a value
	scratchBytes  = 128                    // additional data up to this length costs no allocation
	pseudonymSize = 16
)

// Bucket says where a sealed value stands. It is part of the additional data.
type Bucket uint8

// The buckets. The zero value is no place: nothing that was sealed elsewhere opens there.
const (
	BucketNone Bucket = iota
	Headers
	Bodies
	Blocks
	Consents
	Relations
	Commissions
	AccessLog
	Persons
	Cookies // what a browser keeps, and cannot read
)

// name is what goes into the additional data: never change one.
func (b Bucket) name() string {
	switch b {
	case Headers:
		return "headers"
	case Bodies:
		return "bodies"
	case Blocks:
		return "blocks"
	case Consents:
		return "consents"
	case Relations:
		return "relations"
	case Commissions:
		return "commissions"
	case AccessLog:
		return "log"
	case Persons:
		return "persons"
	case Cookies:
		return "cookies"
	default:
		return "none"
	}
}

// Ring is a keyring. Its methods may be called from any goroutine.
type Ring struct {
	state   atomic.Pointer[keys] // replaced whole, never changed
	sealed  atomic.Uint64        // values sealed with the active data key in this process
	scratch sync.Pool            // *additional
	macs    sync.Pool            // *mac

	change sync.Mutex // held by Rotate and Destroy while they replace state
}

// keys is all that a ring knows at one time.
type keys struct {
	data  keySet
	log   keySet
	index [KeyBytes]byte
}

// keySet is several keys of one kind, with the one that seals.
type keySet struct {
	active *key
	byID   map[uint32]*key
}

type key struct {
	id     uint32
	secret [KeyBytes]byte
	aead   cipher.AEAD
}

// additional is room for a call's additional data, which would otherwise be allocated
// anew for every value.
type additional struct{ bytes [scratchBytes]byte }

// NewRing makes a ring of fresh keys: one data key, one log key, an index key.
func NewRing() (*Ring, error) {
	var k keys
	rand.Read(k.index[:]) // never fails: the runtime ends the process instead
	for _, set := range []*keySet{&k.data, &k.log} {
		fresh, err := freshKey(nil)
		if err != nil {
			return nil, err
		}
		*set = set.with(fresh)
	}
	return ringOf(k), nil
}

func ringOf(k keys) *Ring {
	r := new(Ring)
	r.scratch.New = func() any { return new(additional) }
	r.macs.New = func() any { return newMAC(&k.index) }
	r.state.Store(&k)
	return r
}

// freshKey makes a key whose id is none of those taken. Ids are drawn, not counted,
// so that two rings that grew apart do not name different keys alike.
func freshKey(taken map[uint32]*key) (*key, error) {
	var secret [KeyBytes]byte
	rand.Read(secret[:])
	for {
		var id [keyIDBytes]byte
		rand.Read(id[:])
		n := binary.BigEndian.Uint32(id[:])
		if _, is := taken[n]; n != 0 && !is {
			return newKey(n, secret)
		}
	}
}

func newKey(id uint32, secret [KeyBytes]byte) (*key, error) {
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return nil, fmt.Errorf("sealing: make a key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("sealing: make a key: %w", err)
	}
	return &key{id: id, secret: secret, aead: aead}, nil
}

// with returns a set that also holds k, active.
func (s keySet) with(k *key) keySet {
	next := keySet{active: k, byID: make(map[uint32]*key, len(s.byID)+1)}
	for id, old := range s.byID {
		next.byID[id] = old
	}
	next.byID[k.id] = k
	return next
}

// Seal seals a value of a bucket under a key of that bucket, with the active data key.
func (r *Ring) Seal(bucket Bucket, key []byte, plain []byte) []byte {
	r.sealed.Add(1)
	return r.seal(r.state.Load().data.active, bucket, key, plain)
}

// Place is where a sealed value stands: under whom, and which it is. A value that is
// sealed for one place opens at no other.
func Place(subject, key [16]byte) []byte {
	return append(append(make([]byte, 0, len(subject)+len(key)), subject[:]...), key[:]...)
}

// SealLog seals an entry of the access log with the log's own active key.
func (r *Ring) SealLog(key []byte, plain []byte) []byte {
	return r.seal(r.state.Load().log.active, AccessLog, key, plain)
}

// Open opens what Seal sealed for the same bucket and key. It allocates no more than
// the value it is given.
func (r *Ring) Open(bucket Bucket, key []byte, sealed []byte) ([]byte, error) {
	return r.OpenTo(nil, bucket, key, sealed)
}

// OpenTo appends the opened value to dst and returns it. Where dst has room, nothing
// is allocated. dst and sealed must not overlap.
func (r *Ring) OpenTo(dst []byte, bucket Bucket, key []byte, sealed []byte) ([]byte, error) {
	return r.open(&r.state.Load().data, dst, bucket, key, sealed)
}

// OpenLog opens an entry of the access log.
func (r *Ring) OpenLog(key []byte, sealed []byte) ([]byte, error) {
	return r.open(&r.state.Load().log, nil, AccessLog, key, sealed)
}

func (r *Ring) seal(k *key, bucket Bucket, place []byte, plain []byte) []byte {
	out := make([]byte, prefixBytes, Overhead+len(plain))
	binary.BigEndian.PutUint32(out, k.id)
	rand.Read(out[keyIDBytes:])
	scratch := r.scratch.Get().(*additional)
	out = k.aead.Seal(out, out[keyIDBytes:prefixBytes], plain, scratch.of(bucket, place))
	r.scratch.Put(scratch)
	return out
}

func (r *Ring) open(set *keySet, dst []byte, bucket Bucket, place []byte, sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, ErrNotSealed
	}
	k, ok := set.byID[binary.BigEndian.Uint32(sealed)]
	if !ok {
		return nil, ErrKeyGone
	}
	scratch := r.scratch.Get().(*additional)
	out, err := k.aead.Open(dst, sealed[keyIDBytes:prefixBytes], sealed[prefixBytes:], scratch.of(bucket, place))
	r.scratch.Put(scratch)
	if err != nil {
		return nil, ErrNotSealed
	}
	return out, nil
}

// of writes the additional data: the bucket's name, a zero byte, the key. No name
// holds a zero byte, so no two places share their additional data.
func (a *additional) of(bucket Bucket, place []byte) []byte {
	b := append(a.bytes[:0], bucket.name()...)
	b = append(b, 0)
	return append(b, place...)
}

// Active returns the id of the data key that seals, and how many values this process
// has sealed with it. Random nonces are safe for 2^32 values of one key, over all
// nodes together; whoever rotates looks here.
func (r *Ring) Active() (id uint32, sealed uint64) {
	return r.state.Load().data.active.id, r.sealed.Load()
}

// DataKeys returns the ids of the data keys, in no order.
func (r *Ring) DataKeys() []uint32 {
	set := r.state.Load().data
	ids := make([]uint32, 0, len(set.byID))
	for id := range set.byID {
		ids = append(ids, id)
	}
	return ids
}

// Rotate adds a fresh data key and makes it active; the older ones still open.
// Save the ring before anything is sealed with it.
func (r *Ring) Rotate() (id uint32, err error) {
	r.change.Lock()
	defer r.change.Unlock()
	next := *r.state.Load()
	if len(next.data.byID) >= MaxKeys {
		return 0, ErrTooManyKeys
	}
	fresh, err := freshKey(next.data.byID)
	if err != nil {
		return 0, err
	}
	next.data = next.data.with(fresh)
	r.state.Store(&next)
	r.sealed.Store(0)
	return fresh.id, nil
}

// Destroy removes a data key. What it sealed can never be opened again, here or in
// any log, snapshot or backup, once every saved ring has lost it too.
func (r *Ring) Destroy(id uint32) error {
	r.change.Lock()
	defer r.change.Unlock()
	next := *r.state.Load()
	if _, ok := next.data.byID[id]; !ok {
		return ErrKeyGone
	}
	if id == next.data.active.id {
		return ErrKeyActive
	}
	next.data = next.data.with(next.data.active)
	delete(next.data.byID, id)
	r.state.Store(&next)
	return nil
}

// Patient returns the pseudonym of a patient.
func (r *Ring) Patient(id protocol.PatientID) [16]byte { return r.Key("patient", id.Reveal()) }

// Employee returns the pseudonym of a member of staff.
func (r *Ring) Employee(id protocol.EmployeeID) [16]byte { return r.Key("employee", id.Reveal()) }
