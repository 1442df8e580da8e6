package cluster

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"tvilling/raftfsm/command"
)

// errFrame is a peer call that cannot be read; the connection is closed.
var errFrame = errors.New("malformed peer call")

// call numbers what is asked of a peer and how it answers. Append only.
type call uint8

const (
	callPropose  call = 1 // wait, commands → results
	callStatus   call = 2 // → status, JSON
	callTransfer call = 3 // member id → nothing
	callCosign   call = 4 // a statement about the access log → a signature
	callResults  call = 128
	callAnswer   call = 129
	callError    call = 130
)

// fault numbers the errors that a peer may answer with. Append only; an unknown one
// leaves the outcome unknown.
type fault uint8

const (
	faultNotLeader   fault = 1
	faultTooLarge    fault = 2
	faultUnknown     fault = 3
	faultRefused     fault = 4
	faultNotSent     fault = 5
	faultTransfer    fault = 6
	faultNotCaughtUp fault = 7
	faultCosign      fault = 8
)

// faults pairs the numbers with our errors, the most telling first.
var faults = [...]struct {
	number fault
	err    error
}{
	{faultNotCaughtUp, ErrNotCaughtUp},
	{faultNotLeader, errNotLeader},
	{faultTransfer, ErrTransfer},
	{faultTooLarge, ErrTooLarge},
	{faultRefused, ErrRefused},
	{faultNotSent, errNotSent},
	{faultCosign, ErrCosign},
	{faultUnknown, errLost},
}

// frame is one message on a peer call's connection: length(4) kind(1) id(8) payload.
// Answers carry the id of what they answer.
type frame struct {
	kind    call
	id      uint64
	payload []byte
}

const frameHead = 4 + 1 + 8

func appendFrame(b []byte, f frame) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(1+8+len(f.payload)))
	b = append(b, byte(f.kind))
	b = binary.BigEndian.AppendUint64(b, f.id)
	return append(b, f.payload...)
}

func readFrame(r *bufio.Reader) (frame, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < 1+8 || size > maxCallBytes {
		return frame{}, fmt.Errorf("%w: %d bytes", errFrame, size)
	}
	f := frame{kind: call(head[4]), id: binary.BigEndian.Uint64(head[5:]), payload: make([]byte, size-1-8)}
	if _, err := io.ReadFull(r, f.payload); err != nil {
		return frame{}, err
	}
	return f, nil
}

// appendProposal writes how long the caller waits and the encoded commands.
func appendProposal(b []byte, wait time.Duration, commands [][]byte) []byte {
	b = binary.AppendUvarint(b, uint64(max(0, wait.Milliseconds())))
	b = binary.AppendUvarint(b, uint64(len(commands)))
	for _, c := range commands {
		b = binary.AppendUvarint(b, uint64(len(c)))
		b = append(b, c...)
	}
	return b
}

// readProposal reads it. The commands share b's memory.
func readProposal(b []byte) (wait time.Duration, commands [][]byte, err error) {
	r := reader{b: b}
	wait = time.Duration(min(r.uvarint(), uint64(time.Hour/time.Millisecond))) * time.Millisecond
	n := r.uvarint()
	if n == 0 || n > MaxProposalCommands {
		return 0, nil, fmt.Errorf("%w: %d commands", errFrame, n)
	}
	for range n {
		commands = append(commands, r.bytes(r.uvarint()))
	}
	return wait, commands, r.end()
}

func appendResults(b []byte, results []command.Result) []byte {
	b = binary.AppendUvarint(b, uint64(len(results)))
	for _, r := range results {
		repeated := byte(0)
		if r.Repeated {
			repeated = 1
		}
		b = append(b, byte(r.Status), repeated)
		for _, v := range [...]uint64{r.Index, r.Sequence, uint64(r.Changed), uint64(r.Unchanged), uint64(r.Removed)} {
			b = binary.AppendUvarint(b, v)
		}
	}
	return b
}

func readResults(b []byte) ([]command.Result, error) {
	r := reader{b: b}
	n := r.uvarint()
	if n > MaxProposalCommands {
		return nil, fmt.Errorf("%w: %d results", errFrame, n)
	}
	results := make([]command.Result, n)
	for i := range results {
		fixed := r.bytes(2)
		if r.bad {
			break
		}
		results[i] = command.Result{
			Status: command.Status(fixed[0]), Repeated: fixed[1] == 1,
			Index: r.uvarint(), Sequence: r.uvarint(),
			Changed: uint32(r.uvarint()), Unchanged: uint32(r.uvarint()), Removed: uint32(r.uvarint()),
		}
	}
	return results, r.end()
}

func appendError(b []byte, err error) []byte {
	number := faultUnknown
	for _, f := range faults {
		if errors.Is(err, f.err) {
			number = f.number
			break
		}
	}
	text := err.Error()
	return append(append(b, byte(number)), text[:min(len(text), maxErrorBytes)]...)
}

// readError makes an error of a peer's answer.
func readError(b []byte) error {
	if len(b) == 0 {
		return fmt.Errorf("%w: %w: empty", errLost, errFrame)
	}
	for _, f := range faults {
		if f.number == fault(b[0]) {
			return fmt.Errorf("%w (peer: %s)", f.err, b[1:])
		}
	}
	return fmt.Errorf("%w: a peer answered with fault %d", errLost, b[0])
}

// reader reads bounded values; what does not fit makes it bad, and all else zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) end() error {
	if r.bad || len(r.b) != 0 {
		return errFrame
	}
	return nil
}
