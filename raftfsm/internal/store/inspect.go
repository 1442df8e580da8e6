package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
)

// The file format of bbolt, as far as it must be known to judge a file without
// opening it: bbolt trusts what it reads, and a damaged page can make it loop, take
// all memory, or end the program in a goroutine of its own.
const (
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
	pageHeaderSize = 16
	elementSize    = 16
	branchFlag     = 0x01
	leafFlag       = 0x02
	metaFlag       = 0x04
	bucketFlag     = 0x01 // of a leaf element
	bucketHeader   = 16
	noFreelist     = ^uint64(0)
	maxTreeDepth   = 32
	maxPageBytes   = 4 << 20
)

// found is what an inspected file holds.
type found struct {
	position Position
	id       string
}

// inspect reads a whole file page by page and proves that every page that can be
// reached is well-formed, reached once, in order, and that the pairs add up to the
// stored sum. What passes can be given to bbolt.
func inspect(path string) (found, error) {
	f, err := os.Open(path)
	if err != nil {
		return found{}, fmt.Errorf("store: inspect: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return found{}, fmt.Errorf("store: inspect: %w", err)
	}
	in := inspector{file: f, size: info.Size()}
	root, err := in.metas()
	if err != nil {
		return found{}, err
	}
	if err := in.tree(root, noBucket, nil, nil, 0); err != nil {
		return found{}, err
	}
	if in.buckets != int(bucketEnd) { // one for meta
		return found{}, damaged("%d buckets", in.buckets)
	}
	if in.sum != in.found.position.Sum {
		return found{}, damaged("the pairs do not add up to the stored sum")
	}
	return in.found, nil
}

type inspector struct {
	file     *os.File
	size     int64
	pageSize int64
	high     uint64 // pages from here on are not in use
	seen     []uint64
	sum      Sum
	hasher   pairHasher
	buckets  int
	found    found
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

// boltMeta is one of the two pages that say where the tree begins.
type boltMeta struct {
	pageSize             uint32
	root, high, freelist uint64
	tx                   uint64
}

func parseMeta(page []byte, id uint64) (boltMeta, error) {
	b := page[pageHeaderSize:]
	h := fnv.New64a()
	_, _ = h.Write(b[:56])
	word, long := binary.NativeEndian.Uint32, binary.NativeEndian.Uint64
	m := boltMeta{pageSize: word(b[8:]), root: long(b[16:]), freelist: long(b[32:]), high: long(b[40:]), tx: long(b[48:])}
	switch {
	case word(b) != boltMagic || word(b[4:]) != boltVersion || long(b[56:]) != h.Sum64():
		return boltMeta{}, damaged("meta page %d", id)
	case long(page) != id || m.tx%2 != id || binary.NativeEndian.Uint16(page[8:]) != metaFlag:
		return boltMeta{}, damaged("header of meta page %d", id)
	case m.pageSize < 1024 || m.pageSize > 64<<10:
		return boltMeta{}, damaged("values of meta page %d", id)
	}
	return m, nil
}

// metas reads both meta pages. Both must be whole: bbolt would fall back to the older
// one in silence, which is a state that the caller has seen the end of.
func (in *inspector) metas() (root uint64, err error) {
	page := make([]byte, 80)
	if _, err := in.file.ReadAt(page, 0); err != nil {
		return 0, damaged("no meta page")
	}
	first, err := parseMeta(page, 0)
	if err != nil {
		return 0, err
	}
	in.pageSize = int64(first.pageSize)
	if _, err := in.file.ReadAt(page, in.pageSize); err != nil {
		return 0, damaged("no second meta page")
	}
	second, err := parseMeta(page, 1)
	if err != nil {
		return 0, err
	}
	latest := first
	if second.tx > first.tx {
		latest = second
	}
	if first.pageSize != second.pageSize || first.tx-second.tx+1 > 2 {
		return 0, damaged("meta pages that do not belong together")
	}
	if latest.high > uint64(in.size/in.pageSize)+1 || latest.freelist != noFreelist {
		return 0, damaged("values of the latest meta page")
	}
	in.high = latest.high
	in.seen = make([]uint64, latest.high/64+1)
	return latest.root, nil
}

// page reads a page with what it flows over into, and notes that it was reached.
func (in *inspector) page(id uint64) ([]byte, error) {
	var head [pageHeaderSize]byte
	if id < 2 || id >= in.high {
		return nil, damaged("page %d is out of bounds", id)
	}
	if _, err := in.file.ReadAt(head[:], int64(id)*in.pageSize); err != nil {
		return nil, damaged("page %d is missing", id)
	}
	pages := uint64(binary.NativeEndian.Uint32(head[12:])) + 1
	if binary.NativeEndian.Uint64(head[:]) != id || id+pages > in.high || int64(pages)*in.pageSize > maxPageBytes {
		return nil, damaged("header of page %d", id)
	}
	for n := id; n < id+pages; n++ {
		if in.seen[n/64]>>(n%64)&1 != 0 {
			return nil, damaged("page %d is reached twice", n)
		}
		in.seen[n/64] |= 1 << (n % 64)
	}
	b := make([]byte, int64(pages)*in.pageSize)
	if _, err := in.file.ReadAt(b, int64(id)*in.pageSize); err != nil {
		return nil, damaged("page %d is cut short", id)
	}
	return b, nil
}

// tree walks the tree under a page. Its first key must be from, as the branch above
// says, and all of its keys less than to.
func (in *inspector) tree(id uint64, b Bucket, from, to []byte, depth int) error {
	if depth > maxTreeDepth {
		return damaged("a tree too deep")
	}
	page, err := in.page(id)
	if err != nil {
		return err
	}
	switch binary.NativeEndian.Uint16(page[8:]) {
	case branchFlag:
		return in.branch(page, b, from, to, depth)
	case leafFlag:
		return in.leaf(page, b, from, to, depth)
	default:
		return damaged("kind of page %d", id)
	}
}

// element returns the i-th element of a page and where its key begins.
func element(page []byte, i int) (e []byte, at uint64, ok bool) {
	start := pageHeaderSize + i*elementSize
	if start+elementSize > len(page) {
		return nil, 0, false
	}
	return page[start : start+elementSize], uint64(start), true
}

// cut returns n bytes of a page from at, or nil.
func cut(page []byte, at, n uint64) []byte {
	if at > uint64(len(page)) || n > uint64(len(page))-at {
		return nil
	}
	return page[at : at+n]
}

func inOrder(i int, before, key, from, to []byte) bool {
	switch {
	case len(key) == 0 || to != nil && bytes.Compare(key, to) >= 0:
		return false
	case i == 0:
		return from == nil || bytes.Equal(key, from)
	default:
		return bytes.Compare(before, key) < 0
	}
}

func (in *inspector) branch(page []byte, b Bucket, from, to []byte, depth int) error {
	count := int(binary.NativeEndian.Uint16(page[10:]))
	if count == 0 {
		return damaged("an empty branch")
	}
	keys, children := make([][]byte, count), make([]uint64, count)
	for i := range count {
		e, at, ok := element(page, i)
		if !ok {
			return damaged("a branch of too many elements")
		}
		keys[i] = cut(page, at+uint64(binary.NativeEndian.Uint32(e)), uint64(binary.NativeEndian.Uint32(e[4:])))
		children[i] = binary.NativeEndian.Uint64(e[8:])
		if !inOrder(i, keys[max(i-1, 0)], keys[i], from, to) {
			return damaged("keys of a branch")
		}
	}
	for i := range count {
		end := to
		if i+1 < count {
			end = keys[i+1]
		}
		if err := in.tree(children[i], b, keys[i], end, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (in *inspector) leaf(page []byte, b Bucket, from, to []byte, depth int) error {
	count := int(binary.NativeEndian.Uint16(page[10:]))
	var before []byte
	for i := range count {
		e, at, ok := element(page, i)
		if !ok {
			return damaged("a leaf of too many elements")
		}
		at += uint64(binary.NativeEndian.Uint32(e[4:]))
		keyBytes := uint64(binary.NativeEndian.Uint32(e[8:]))
		key := cut(page, at, keyBytes)
		value := cut(page, at+keyBytes, uint64(binary.NativeEndian.Uint32(e[12:])))
		if value == nil || !inOrder(i, before, key, from, to) {
			return damaged("keys of a leaf")
		}
		if err := in.pair(b, binary.NativeEndian.Uint32(e), key, value, depth); err != nil {
			return err
		}
		before = key
	}
	return nil
}

// pair takes one pair of a leaf: a bucket in the root, else content.
func (in *inspector) pair(b Bucket, flags uint32, key, value []byte, depth int) error {
	switch {
	case b == noBucket && flags == bucketFlag:
		return in.bucket(key, value, depth)
	case b == noBucket || flags != 0:
		return damaged("flags of an element")
	case b != bucketEnd:
		in.sum.add(in.hasher.hash(b, key, value))
	case bytes.Equal(key, metaPosition):
		position, ok := decodePosition(value)
		if !ok {
			return damaged("position")
		}
		in.found.position = position
	case bytes.Equal(key, metaID):
		in.found.id = string(value)
	default:
		return damaged("meta")
	}
	return nil
}

// bucket walks a bucket: a tree of its own, or a leaf within the value.
func (in *inspector) bucket(name, value []byte, depth int) error {
	b := bucketNamed(name)
	if string(name) == metaBucket {
		b = bucketEnd // stands for meta, whose pairs are not summed
	} else if b == noBucket {
		return damaged("an unknown bucket")
	}
	in.buckets++
	if len(value) < bucketHeader {
		return damaged("header of a bucket")
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return in.tree(root, b, nil, nil, depth+1)
	}
	inline := value[bucketHeader:]
	if len(inline) < pageHeaderSize || binary.NativeEndian.Uint16(inline[8:]) != leafFlag {
		return damaged("a bucket within its parent")
	}
	return in.leaf(inline, b, nil, nil, depth+1)
}
