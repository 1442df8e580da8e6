package upstream

import (
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // a bare machine may have no zone files, and Swedish time must be known

	"tvilling/protocol"
)

// zone is where the contracts' local times are.
const zone = "Europe/Stockholm"

// errTime is a time in a form that no service may use.
var errTime = errors.New("not a time such as 2026-01-31T10:00:00")

// bound says which end of a period a time is.
type bound bool

const (
	starts bound = false
	ends   bound = true
)

// localForms are the forms of a Swedish local time.
var localForms = [...]string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05"}

// localTime reads a local time as a wall clock shows it.
func localTime(s string) (wall time.Time, dateOnly bool, ok bool) {
	for i, form := range localForms {
		if wall, err := time.ParseInLocation(form, normal(s), time.UTC); err == nil {
			return wall, i == 0, true
		}
	}
	return time.Time{}, false, false
}

// normal writes the space that may part date and time as T.
func normal(s string) string {
	if len(s) > 10 && s[10] == ' ' {
		return s[:10] + "T" + s[11:]
	}
	return s
}

// instant reads when something that permits starts or ends. A date that ends includes
// its whole day. Where the clock shows a time twice, or skips it, the later instant
// starts and the earlier ends: what is unclear permits nothing.
func instant(s string, loc *time.Location, which bound) (protocol.Instant, error) {
	if t, err := time.Parse(time.RFC3339, normal(s)); err == nil {
		return positive(t.UnixMilli())
	}
	wall, dateOnly, ok := localTime(s)
	if !ok {
		return 0, errTime
	}
	if dateOnly && which == ends {
		next := resolve(wall.AddDate(0, 0, 1), loc, which)
		return positive(next.UnixMilli() - 1)
	}
	return positive(resolve(wall, loc, which).UnixMilli())
}

// positive refuses what an Instant would take for unknown.
func positive(millis int64) (protocol.Instant, error) {
	if millis <= 0 {
		return 0, errTime
	}
	return protocol.Instant(millis), nil
}

// resolve finds the instant at which clocks in loc show the wall time.
func resolve(wall time.Time, loc *time.Location, which bound) time.Time {
	const day = 24 * time.Hour
	_, before := wall.Add(-day).In(loc).Zone()
	_, after := wall.Add(day).In(loc).Zone()
	first := wall.Add(-time.Duration(max(before, after)) * time.Second)
	last := wall.Add(-time.Duration(min(before, after)) * time.Second)
	switch isFirst, isLast := shows(first, wall, loc), shows(last, wall, loc); {
	case isFirst && !isLast:
		return first
	case isLast && !isFirst:
		return last
	case which == ends:
		return first
	default:
		return last
	}
}

func shows(at, wall time.Time, loc *time.Location) bool {
	_, offset := at.In(loc).Zone()
	return at.Add(time.Duration(offset) * time.Second).Equal(wall)
}

// civil reads a bound of a block's period, which is compared with records' own local
// times and so has no zone.
func civil(s string) (protocol.Civil, error) {
	if s == "" {
		return 0, nil
	}
	if _, _, ok := localTime(s); !ok {
		return 0, errTime
	}
	return protocol.ParseCivil(strings.TrimSpace(normal(s)))
}
