package upstream

import (
	"fmt"
	"strconv"
	"time"

	"tvilling/protocol"
)

// maxMark bounds a service's time as it wrote it.
const maxMark = 40

// wallForm is how services write times: Swedish local, without a zone.
const wallForm = "2006-01-02T15:04:05.999"

// Clock reads and writes the services' times: Swedish local, without a zone.
type Clock struct{ loc *time.Location }

// NewClock returns the clock of Sweden.
func NewClock() (Clock, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return Clock{}, fmt.Errorf("%w: %w", ErrFeed, err)
	}
	return Clock{loc: loc}, nil
}

// text writes a time to the millisecond.
func (c Clock) text(at protocol.Instant) string {
	return time.UnixMilli(int64(at)).In(c.loc).Format("2006-01-02T15:04:05.000")
}

// Mark is a place in a service's feed: a time of the service's own clock, which is
// handed back to it. The zero value is the beginning.
type Mark struct {
	wall  time.Time // as the service's clock showed it, in UTC's clothes
	text  string    // the same, as the service is asked
	first protocol.Instant
	last  protocol.Instant
}

// Read reads a time of a service.
func (c Clock) Read(s string) (Mark, error) {
	if len(s) > maxMark {
		return Mark{}, errTime
	}
	if at, err := time.Parse(time.RFC3339, normal(s)); err == nil {
		s = at.In(c.loc).Format(wallForm)
	}
	wall, _, ok := localTime(s)
	if !ok || wall.Year() < 1971 {
		return Mark{}, errTime
	}
	return c.mark(wall), nil
}

func (c Clock) mark(wall time.Time) Mark {
	m := Mark{wall: wall, text: wall.Format(wallForm)}
	m.first = protocol.Instant(resolve(wall, c.loc, ends).UnixMilli())
	m.last = protocol.Instant(resolve(wall, c.loc, starts).UnixMilli())
	return m
}

// Overlap returns where a new reading begins. An hour of the autumn comes twice on the
// services' clocks, and what was stored in its second pass may be marked as before what
// was stored in its first: that hour is read from its beginning each time. What comes
// again changes nothing; what was left out would be lost.
func (m Mark) Overlap() Mark {
	if m.first == m.last {
		return m
	}
	wall := m.wall.Truncate(time.Hour)
	before := m.wall.Sub(wall).Milliseconds()
	return Mark{wall: wall, text: wall.Format(wallForm), first: m.first - protocol.Instant(before), last: m.last - protocol.Instant(before)}
}

// IsZero reports whether the mark is the beginning.
func (m Mark) IsZero() bool { return m.text == "" }

// Text returns the mark as the service is asked, to the millisecond.
func (m Mark) Text() string { return m.text }

// Before reports whether m surely lies before o.
func (m Mark) Before(o Mark) bool { return m.last < o.first }

// Earliest and Latest return what the mark can mean.
func (m Mark) Earliest() protocol.Instant { return m.first }

// Latest returns the latest time that the mark can mean.
func (m Mark) Latest() protocol.Instant { return m.last }

// Pack returns the mark to the second, below, as a short text.
func (m Mark) Pack() string {
	if m.IsZero() {
		return ""
	}
	return strconv.FormatInt(m.wall.Unix(), 36)
}

// Unpack reads what Pack wrote.
func (c Clock) Unpack(s string) (Mark, error) {
	if s == "" {
		return Mark{}, nil
	}
	n, err := strconv.ParseInt(s, 36, 64)
	if err != nil || n <= 0 || n > 1<<38 {
		return Mark{}, fmt.Errorf("%w: a place that was kept cannot be read", ErrFeed)
	}
	return c.mark(time.Unix(n, 0).UTC()), nil
}
