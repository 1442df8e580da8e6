package access

import (
	"slices"
	"time"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

// BlockState is what is known of the blocks over a record. The zero value is that
// nothing is known, and then the record is hidden.
type BlockState uint8

// The states.
const (
	BlockUnknown BlockState = iota
	BlockNone
	BlockStands
)

// Verdict is what was decided of one record. The zero value hides.
type Verdict struct {
	Shown  bool
	Reason Reason
}

// Document decides whether a record is shown to who asked, of those chosen. It is
// called for every record of a view: it compares texts and numbers and allocates nothing.
func (d *Decision) Document(a raftfsm.Attributes, chosen ContractSet) Verdict {
	if !d.permitted {
		return Verdict{Reason: ReasonNotPermitted}
	}
	if reason := d.outside(&a); reason != ReasonNone {
		return Verdict{Reason: reason}
	}
	shown := ReasonOwnUnit
	if ownProvider := a.CareProvider == d.commission.CareProvider; !ownProvider || a.CareUnit != d.commission.CareUnit {
		shown = ReasonOwnProvider
		if !ownProvider {
			shown = ReasonOtherProvider
			if reason := d.ground.shut(); reason != ReasonNone {
				return Verdict{Reason: reason}
			}
		}
		switch state, reason := d.blocked(&a); state {
		case BlockNone:
		case BlockStands:
			return Verdict{Reason: reason}
		default:
			return Verdict{Reason: ReasonBlocksUnknown}
		}
	}
	if !chosen.Has(protocol.Contract(a.Contract)) {
		return Verdict{Reason: ReasonNotChosen}
	}
	return Verdict{Shown: true, Reason: shown}
}

// outside says why a record is not among those that could be shown at all: whose it is
// is not known, or the commission's rights do not cover it.
func (d *Decision) outside(a *raftfsm.Attributes) Reason {
	switch {
	case a.CareProvider == "" || a.CareUnit == "":
		return ReasonOwnerUnknown
	case !d.rights.Has(protocol.Contract(a.Contract)):
		return ReasonOutsideRight
	default:
		return ReasonNone
	}
}

// shut says why other care providers' records are not shown.
func (g *ground) shut() Reason {
	switch {
	case g.basis == protocol.BasisConsent,
		g.basis == protocol.BasisEmergency && g.step == protocol.EmergencyContent:
		return ReasonNone
	case g.step == protocol.EmergencyProviders:
		return ReasonFirstStep
	default:
		return ReasonNoBasis
	}
}

// standing is a block that hits who asked, ready to be compared with records.
type standing struct {
	inner    bool
	provider string
	unit     string // inner blocks only
	from, to int64  // digits of local time, inclusive
	exempt   ContractSet
}

// findBlocks keeps the blocks that hit who asks, and returns until when those that
// are lifted stay so.
func (d *Decision) findBlocks(f *Facts, at protocol.Instant) (until moment) {
	until = turns(f.AsOf.Blocks, at, Bound(raftfsm.Blocks))
	if !Fresh(f.AsOf.Blocks, at, Bound(raftfsm.Blocks)) {
		return until // blockState stays BlockUnknown
	}
	d.blockState = BlockNone
	for i := range f.Blocks {
		b := &f.Blocks[i]
		own := b.CareProvider == f.Commission.CareProvider
		if own && (!b.Inner || b.CareUnit == f.Commission.CareUnit) {
			continue // an outer block hits other care providers, an inner one other units
		}
		if end, lifted := f.lift(b.Lifts, at); lifted {
			until = until.orEnd(end)
			continue
		}
		from, to := span(b.Start, b.End)
		d.blocks = append(d.blocks, standing{
			inner: b.Inner, provider: b.CareProvider, unit: b.CareUnit,
			from: from, to: to, exempt: exempted(b.Exempt),
		})
	}
	return until
}

// lift finds the lift for who asks that lasts longest. One without an end is none.
func (f *Facts) lift(lifts []projection.Lift, at protocol.Instant) (end protocol.Instant, ok bool) {
	for _, l := range lifts {
		if l.CareUnit == f.Commission.CareUnit && l.End >= at && l.End > end &&
			(l.Employee == "" || l.Employee == f.Question.Employee.Reveal()) {
			end, ok = l.End, true
		}
	}
	return end, ok
}

// blocked looks for a block over a record that is not the own unit's.
func (d *Decision) blocked(a *raftfsm.Attributes) (BlockState, Reason) {
	if d.blockState != BlockNone {
		return BlockUnknown, ReasonBlocksUnknown
	}
	at := slices.IndexFunc(d.blocks, func(b standing) bool { return b.hits(a) })
	switch {
	case at < 0:
		return BlockNone, ReasonNone
	case d.blocks[at].inner:
		return BlockStands, ReasonInnerBlock
	default:
		return BlockStands, ReasonOuterBlock
	}
}

// hits reports whether a block is over a record. One that does not say whose records
// it keeps hits all.
func (b *standing) hits(a *raftfsm.Attributes) bool {
	switch {
	case b.provider == "", b.inner && b.unit == "":
	case b.inner:
		if a.CareUnit != b.unit { // whatever care provider the record names
			return false
		}
	case a.CareProvider != b.provider:
		return false
	}
	if b.exempt.Has(protocol.Contract(a.Contract)) {
		return false
	}
	from, to := recorded(protocol.Civil(a.Time), protocol.Civil(a.TimeEnd))
	return from <= b.to && to >= b.from
}

// Bounds of a time that is not known: everything.
const (
	earliest = int64(0)
	latest   = int64(1<<63 - 1)
)

// span returns the first and the last second of a block's period. A bound that is not
// given or not understood is none, and so are two that contradict each other. One in
// the autumn hour that clocks show twice could be of either, and so takes in all of it.
func span(start, end protocol.Civil) (from, to int64) {
	from, to = earliest, latest
	if first, _, ok := seconds(start); ok {
		if from = first; repeated(first) {
			from -= first % 1_00_00
		}
	}
	if _, last, ok := seconds(end); ok {
		if to = last; repeated(last) {
			to += 99_99 - last%1_00_00
		}
	}
	if from > to {
		return earliest, latest
	}
	return from, to
}

// repeated reports whether digits are of an hour that Swedish clocks show twice: from
// two to three on the last Sunday of October, until 1995 of September.
func repeated(digits int64) bool {
	year, month, day := int(digits/1_00_00_00_00_00), int(digits/1_00_00_00_00%100), int(digits/1_00_00_00%100)
	autumn := time.October
	if year < 1996 {
		autumn = time.September
	}
	if digits/1_00_00%100 != 2 || month != int(autumn) {
		return false
	}
	last := time.Date(year, autumn+1, 0, 0, 0, 0, 0, time.UTC)
	return day == last.Day()-int(last.Weekday())
}

// recorded returns the first and the last second of what a record is compared by. One
// without a time, or with one that is not understood, could be from any time.
func recorded(start, end protocol.Civil) (from, to int64) {
	first, last, ok := seconds(start)
	if !ok {
		return earliest, latest
	}
	if end.IsZero() {
		return first, last
	}
	endFirst, endLast, ok := seconds(end)
	if !ok {
		return earliest, latest
	}
	return min(first, endFirst), max(last, endLast)
}

// seconds returns the first and the last second that a time may mean, as digits
// YYYYMMDDhhmmss: a time that is given to the day is the whole day.
func seconds(c protocol.Civil) (first, last int64, ok bool) {
	first = int64(c) / 10
	switch int64(c) % 10 {
	case 2:
		last = first + 99_99_99_99_99
	case 3:
		last = first + 99_99_99_99
	case 4:
		last = first + 99_99_99
	case 5:
		last = first + 99_99
	case 6:
		last = first + 99
	case 7:
		last = first
	default:
		return 0, 0, false
	}
	return first, last, c > 0
}
