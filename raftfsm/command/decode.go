package command

import (
	"encoding/binary"
	"fmt"
)

// decoder reads values whose form a scanner has walked before: it checks nothing and
// must never be given anything else. Bytes that it returns share the entry's memory,
// which nobody writes to; a follower decodes every document of the log.
type decoder struct{ scanner }

// unsigned reads a number, also a signed one that is not negative.
func (d *decoder) unsigned() uint64 {
	c := d.b[d.at]
	d.at++
	if c <= 0x7f {
		return uint64(c)
	}
	return d.wide(c - 0xcc)
}

// wide reads a big-endian number of 1, 2, 4 or 8 bytes.
func (d *decoder) wide(log2 byte) uint64 {
	b := d.b[d.at:]
	d.at += 1 << log2
	switch log2 {
	case 0:
		return uint64(b[0])
	case 1:
		return uint64(binary.BigEndian.Uint16(b))
	case 2:
		return uint64(binary.BigEndian.Uint32(b))
	default:
		return binary.BigEndian.Uint64(b)
	}
}

func (d *decoder) signed() int64 {
	c := d.b[d.at]
	switch {
	case c >= 0xe0:
		d.at++
		return int64(int8(c))
	case c >= 0xd0 && c <= 0xd3:
		d.at++
		shift := 64 - 8<<(c-0xd0)
		return int64(d.wide(c-0xd0)<<shift) >> shift
	}
	return int64(d.unsigned())
}

func (d *decoder) flag() bool {
	d.at++
	return d.b[d.at-1] == 0xc3
}

func (d *decoder) cut(n int) []byte {
	d.at += n
	return d.b[d.at-n : d.at : d.at]
}

func (d *decoder) text() string {
	c := d.b[d.at]
	d.at++
	n := int(c & 0x1f)
	if c >= 0xd9 {
		n = int(d.wide(c - 0xd9))
	}
	return string(d.cut(n))
}

func (d *decoder) bytes() []byte {
	c := d.b[d.at]
	d.at++
	if c == 0xc0 {
		return nil
	}
	return d.cut(int(d.wide(c - 0xc4)))
}

func (d *decoder) key() [16]byte { return [16]byte(d.bytes()) }

// array reads an array's head, of a struct or a list; a list may be nil.
func (d *decoder) array() (n int, present bool) {
	c := d.b[d.at]
	d.at++
	switch {
	case c == 0xc0:
		return 0, false
	case c <= 0x9f:
		return int(c & 0x0f), true
	}
	return int(d.wide(c - 0xdc + 1)), true
}

// list reads a list of what one reads.
func list[T any](d *decoder, one func(*decoder) T) []T {
	n, present := d.array()
	if !present {
		return nil
	}
	all := make([]T, n)
	for i := range all {
		all[i] = one(d)
	}
	return all
}

// command reads one command. The fields of every struct stand in the order of its
// declaration, embedded ones among them.
func (d *decoder) command() (c Command, err error) {
	d.array()
	c.Kind, c.Version, c.Intent = Kind(d.unsigned()), uint8(d.unsigned()), d.key()
	switch c.Kind {
	case KindCanary, KindActivate, KindDropSource, KindErasePatient, KindRegisterSource:
		c.Body = d.rare(c.Kind)
		return c, nil
	}
	d.array()
	switch c.Kind {
	case KindPutSnapshot:
		c.Body = d.putSnapshot()
	case KindBlockPage, KindConsentPage, KindRelationPage, KindCommissionPage:
		c.Body = FeedPage{
			Upserts: list(d, (*decoder).row), Removes: list(d, (*decoder).rowKey), Full: d.flag(),
			Resync: d.unsigned(), Last: d.flag(), Watermark: d.text(), AsOf: d.signed(),
		}
	case KindRegisterConsent:
		c.Body = RegisterConsent{DecidedAt: d.unsigned(), Actor: d.key(), Row: d.row(), Entry: d.logEntry()}
	case KindEndConsent:
		c.Body = EndConsent{DecidedAt: d.unsigned(), Actor: d.key(), Rows: list(d, (*decoder).rowKey), Entry: d.logEntry()}
	case KindRecordAccess:
		c.Body = RecordAccess{DecidedAt: d.unsigned(), Patient: d.key(), Actor: d.key(), Permit: d.flag(), Entry: d.logEntry()}
	case KindRecordEvent:
		c.Body = RecordEvent{Entry: d.logEntry()}
	default:
		return Command{}, fmt.Errorf("%w: %d", ErrUnknownKind, c.Kind)
	}
	return c, nil
}

// rare reads the bodies that an operator or the cluster itself proposes.
func (d *decoder) rare(kind Kind) any {
	d.array()
	switch kind {
	case KindDropSource:
		return DropSource{Source: d.text()}
	case KindErasePatient:
		return ErasePatient{Subject: d.key()}
	case KindCanary:
		return Canary{Node: d.text(), Number: d.unsigned()}
	case KindActivate:
		return Activate{Level: uint16(d.unsigned())}
	default:
		return RegisterSource{Source: d.text(), Agent: d.text(), Contracts: d.bytes(), Withdrawn: d.flag()}
	}
}

func (d *decoder) putSnapshot() PutSnapshot {
	return PutSnapshot{
		Subject: d.key(), Contract: uint8(d.unsigned()), Source: d.text(), Complete: d.flag(), Failed: d.flag(),
		At: d.signed(), Documents: list(d, (*decoder).document), Keep: list(d, (*decoder).key),
	}
}

func (d *decoder) document() SealedDocument {
	d.array()
	return SealedDocument{
		Key: d.key(), CareProvider: d.text(), CareUnit: d.text(), Time: d.signed(), TimeEnd: d.signed(),
		Digest: d.key(), Header: d.bytes(), Body: d.bytes(),
	}
}

func (d *decoder) row() Row {
	d.array()
	return Row{RowKey: RowKey{Subject: d.key(), Key: d.key()}, Digest: d.key(), Sealed: d.bytes()}
}

func (d *decoder) rowKey() RowKey {
	d.array()
	return RowKey{Subject: d.key(), Key: d.key()}
}

func (d *decoder) logEntry() LogEntry {
	d.array()
	return LogEntry{ID: d.key(), Subject: d.key(), Sealed: d.bytes()}
}
