package access

import (
	"tvilling/protocol"
	"tvilling/raftfsm"
)

// Limits of what a decision may rest on.
const (
	MaxClockSkew  = 30 * second // how far ahead of this node's clock an as-of time may be; further is unknown
	EngagementFor = 60 * second // how long an answer of the unit's own system about a care engagement counts
	EmergencyFor  = 4 * hour    // how long an emergency that is registered here lasts at most

	second = protocol.Instant(1000)
	minute = 60 * second
	hour   = 60 * minute
)

// Bound is how old a projection may be; an older one is unknown. What is no projection
// is always unknown.
func Bound(p raftfsm.Projection) protocol.Instant {
	switch p {
	case raftfsm.Blocks, raftfsm.Consents, raftfsm.Relations:
		return 10 * minute
	case raftfsm.Commissions:
		return 30 * minute
	case raftfsm.Persons:
		return 24 * hour
	default:
		return 0
	}
}

// Fresh reports whether what is known as of a time may be decided on at another.
func Fresh(asOf, at, bound protocol.Instant) bool {
	return at > 0 && asOf > 0 && asOf-at <= MaxClockSkew && at-asOf <= bound
}

// turns returns the last instant until which Fresh answers as it does at the time.
func turns(asOf, at, bound protocol.Instant) moment {
	switch {
	case Fresh(asOf, at, bound):
		return moment(min(asOf, at) + bound)
	case at > 0 && asOf > at: // from a clock too far ahead: time makes it known
		return moment(asOf - MaxClockSkew - 1)
	default:
		return forever
	}
}

// current reports whether a period holds at the time. Both ends are inclusive; one
// that never began does not hold.
func current(start, end, at protocol.Instant) bool {
	return start > 0 && start <= at && (end == 0 || end >= at)
}

// outlasts compares two ends, of which zero is never.
func outlasts(a, b protocol.Instant) bool { return b != 0 && (a == 0 || a > b) }

// moment is the last instant of something, of which several meet in their earliest.
type moment protocol.Instant

const forever moment = 1<<63 - 1

func (m moment) or(other moment) moment { return min(m, other) }

// orEnd is or, for an end of which zero is never.
func (m moment) orEnd(end protocol.Instant) moment {
	if end == 0 {
		return m
	}
	return min(m, moment(end))
}
