package raftfsm

import (
	"encoding/binary"

	"tvilling/raftfsm/command"
)

// How values stand in the store: fixed fields in big-endian order, short texts with a
// length in front, the sealed rest last. The form is a rule of level 1, since it is
// what the state hash is of.

const (
	idBytes       = 16
	documentFixed = idBytes + 3*8
	rowFixed      = idBytes
	logFixed      = 8 + 2*idBytes + 32
	resultBytes   = idBytes + 1 + 8 + 8 + 3*4
)

func joined(parts ...[]byte) []byte {
	var n int
	for _, p := range parts {
		n += len(p)
	}
	b := make([]byte, 0, n)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func headerKey(s command.Subject, contract uint8, key [16]byte) []byte {
	return joined(s[:], []byte{contract}, key[:])
}

func setKey(s command.Subject, contract uint8, source string) []byte {
	return joined(s[:], []byte{contract}, []byte(source))
}

func appendText(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }

// cutText takes a short text off the front.
func cutText(b []byte) (text, rest []byte) {
	n := int(b[0]) + 1
	return b[1:n], b[n:]
}

// storedDocument is a header's value: the attributes that the gate compares, then the
// sealed header. Its slices are the store's.
type storedDocument struct {
	digest                 [16]byte
	rev                    uint64
	time, timeEnd          int64
	source, provider, unit []byte
	header                 []byte
}

func documentOf(d *command.SealedDocument, source string, rev uint64) storedDocument {
	return storedDocument{
		digest: d.Digest, rev: rev, time: d.Time, timeEnd: d.TimeEnd, source: []byte(source),
		provider: []byte(d.CareProvider), unit: []byte(d.CareUnit), header: d.Header,
	}
}

func (d *storedDocument) encode() []byte {
	b := make([]byte, 0, documentFixed+3+len(d.source)+len(d.provider)+len(d.unit)+len(d.header))
	b = append(b, d.digest[:]...)
	b = binary.BigEndian.AppendUint64(b, d.rev)
	b = binary.BigEndian.AppendUint64(b, uint64(d.time))
	b = binary.BigEndian.AppendUint64(b, uint64(d.timeEnd))
	b = appendText(b, string(d.source))
	b = appendText(b, string(d.provider))
	b = appendText(b, string(d.unit))
	return append(b, d.header...)
}

func decodeDocument(b []byte) (d storedDocument) {
	copy(d.digest[:], b)
	d.rev = binary.BigEndian.Uint64(b[16:])
	d.time = int64(binary.BigEndian.Uint64(b[24:]))
	d.timeEnd = int64(binary.BigEndian.Uint64(b[32:]))
	rest := b[documentFixed:]
	d.source, rest = cutText(rest)
	d.provider, rest = cutText(rest)
	d.unit, d.header = cutText(rest)
	return d
}

// same reports whether two documents are equal in what was before sealing.
func (d *storedDocument) same(o *storedDocument) bool {
	return d.digest == o.digest && d.time == o.time && d.timeEnd == o.timeEnd &&
		string(d.provider) == string(o.provider) && string(d.unit) == string(o.unit)
}

// setState is what is known about the set of one patient, contract and source.
type setState struct {
	success, failure int64
	index            uint64
	count            uint32
}

func (s setState) encode() []byte {
	b := make([]byte, 0, 28)
	b = binary.BigEndian.AppendUint64(b, uint64(s.success))
	b = binary.BigEndian.AppendUint64(b, uint64(s.failure))
	b = binary.BigEndian.AppendUint64(b, s.index)
	return binary.BigEndian.AppendUint32(b, s.count)
}

func decodeSet(b []byte) (s setState) {
	if b == nil {
		return s
	}
	s.success = int64(binary.BigEndian.Uint64(b))
	s.failure = int64(binary.BigEndian.Uint64(b[8:]))
	s.index = binary.BigEndian.Uint64(b[16:])
	s.count = binary.BigEndian.Uint32(b[24:])
	return s
}

// rowValue is a row of a projection: its digest, the sealed row.
func rowValue(r *command.Row) []byte { return joined(r.Digest[:], r.Sealed) }

// feedState is where a projection's feed is.
type feedState struct {
	asOf      int64
	number    uint64 // of the latest page that had one
	known     bool   // asOf is valid
	watermark string
}

func (f feedState) encode() []byte {
	b := make([]byte, 0, 17+len(f.watermark))
	b = binary.BigEndian.AppendUint64(b, uint64(f.asOf))
	b = binary.BigEndian.AppendUint64(b, f.number)
	b = append(b, bit(f.known))
	return append(b, f.watermark...)
}

func decodeFeed(b []byte) (f feedState) {
	if b == nil {
		return f
	}
	f.asOf = int64(binary.BigEndian.Uint64(b))
	f.number = binary.BigEndian.Uint64(b[8:])
	f.known = b[16] == 1
	f.watermark = string(b[17:])
	return f
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func sourceValue(s *command.RegisterSource) []byte {
	b := appendText([]byte{bit(s.Withdrawn)}, s.Agent)
	return append(b, s.Contracts...)
}

func decodeSource(id string, b []byte) command.RegisterSource {
	agent, contracts := cutText(b[1:])
	return command.RegisterSource{
		Source: id, Agent: string(agent), Contracts: append([]uint8(nil), contracts...), Withdrawn: b[0] == 1,
	}
}

func logValue(e *command.LogEntry, index uint64) []byte {
	return joined(number(index), e.ID[:], e.Subject[:], e.Commitment[:], e.Sealed)
}

func decodeLogged(sequence uint64, b []byte) Logged {
	return Logged{
		Sequence: sequence, Index: toNumber(b[:8]),
		ID: [16]byte(b[8:]), Subject: command.Subject(b[24:]), Commitment: [32]byte(b[40:]), Sealed: b[logFixed:],
	}
}

const signBit = 1 << 63

// coverageKey makes the rows come in the order of care provider, contract and time.
func coverageKey(c *command.Coverage) []byte {
	b := append(make([]byte, 0, len(c.CareProvider)+9), c.CareProvider...)
	return binary.BigEndian.AppendUint64(append(b, c.Contract), uint64(c.Since)^signBit)
}

func coverageValue(c *command.Coverage) []byte {
	return joined(number(uint64(c.Until)), []byte(c.Name))
}

func decodeCoverage(key, value []byte) command.Coverage {
	provider := len(key) - 9
	return command.Coverage{
		CareProvider: string(key[:provider]), Name: string(value[8:]), Contract: key[provider],
		Since: int64(toNumber(key[provider+1:]) ^ signBit), Until: int64(toNumber(value[:8])),
	}
}

func appendResult(b []byte, intent command.Intent, r command.Result) []byte {
	b = append(b, intent[:]...)
	b = append(b, byte(r.Status))
	b = binary.BigEndian.AppendUint64(b, r.Index)
	b = binary.BigEndian.AppendUint64(b, r.Sequence)
	b = binary.BigEndian.AppendUint32(b, r.Changed)
	b = binary.BigEndian.AppendUint32(b, r.Unchanged)
	return binary.BigEndian.AppendUint32(b, r.Removed)
}

// eachResult yields the intents of one entry.
func eachResult(b []byte, yield func(command.Intent, command.Result)) {
	for ; len(b) >= resultBytes; b = b[resultBytes:] {
		yield(command.Intent(b[:16]), command.Result{
			Status:    command.Status(b[16]),
			Index:     binary.BigEndian.Uint64(b[17:]),
			Sequence:  binary.BigEndian.Uint64(b[25:]),
			Changed:   binary.BigEndian.Uint32(b[33:]),
			Unchanged: binary.BigEndian.Uint32(b[37:]),
			Removed:   binary.BigEndian.Uint32(b[41:]),
		})
	}
}
