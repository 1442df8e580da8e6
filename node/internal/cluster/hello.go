package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// errHello is a greeting that cannot be read.
var errHello = errors.New("malformed greeting")

// hello is what both sides of a connection say before anything else: which history of
// the cluster they are part of, and how that is.
type hello struct {
	generation Generation // without Since
	history    bool       // there is more here than a first configuration
	settled    bool       // a leader that commits was heard within settledWithin
	index      uint64     // applied
}

// helloBytes is its size: mark(4) number(4) id(16) flags(1) index(8).
const helloBytes = 4 + 4 + 16 + 1 + 8

// helloMark begins each greeting: a form of its own, version 1.
const helloMark = "TvG\x01"

const (
	helloHistory = 1 << iota
	helloSettled
	helloFlags = 1<<iota - 1 // all that are known
)

func appendHello(b []byte, h hello) []byte {
	b = append(b, helloMark...)
	b = binary.BigEndian.AppendUint32(b, h.generation.Number)
	b = append(b, h.generation.ID[:]...)
	var flags byte
	if h.history {
		flags |= helloHistory
	}
	if h.settled {
		flags |= helloSettled
	}
	b = append(b, flags)
	return binary.BigEndian.AppendUint64(b, h.index)
}

// parseHello reads what appendHello wrote, and nothing else.
func parseHello(b []byte) (hello, error) {
	if len(b) != helloBytes || string(b[:4]) != helloMark {
		return hello{}, errHello
	}
	flags := b[24]
	if flags&^helloFlags != 0 {
		return hello{}, fmt.Errorf("%w: flags %08b", errHello, flags)
	}
	h := hello{
		generation: Generation{Number: binary.BigEndian.Uint32(b[4:])},
		history:    flags&helloHistory != 0, settled: flags&helloSettled != 0,
		index: binary.BigEndian.Uint64(b[25:]),
	}
	copy(h.generation.ID[:], b[8:24])
	if err := h.generation.check(); err != nil {
		return hello{}, fmt.Errorf("%w: %w", errHello, err)
	}
	return h, nil
}

// exchange says ours and reads theirs. Both sides do the same at once: a greeting fits
// into what a connection holds unread. The caller has set a time limit.
func exchange(conn io.ReadWriter, ours []byte) (theirs []byte, err error) {
	if _, err := conn.Write(ours); err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	theirs = make([]byte, helloBytes)
	if _, err := io.ReadFull(conn, theirs); err != nil {
		return nil, fmt.Errorf("waiting for a greeting: %w", err)
	}
	return theirs, nil
}
