package standin

import (
	"errors"
	"sync"
	"time"
	_ "time/tzdata" // a bare machine may have no zone files, and Swedish time must be known

	"github.com/pelletier/go-toml/v2"
)

// moment is a time as these services know it: whole seconds. Zero is none.
type moment int64

// never is the end of what has to have an end and has none.
const never = moment(4102441200) // 2100-01-01, Swedish time

// bound says which end of a period a time is.
type bound bool

const (
	starts bound = false
	ends   bound = true
)

var errTime = errors.New("not a time: write 2026-01-31, 2026-01-31T10:00 (Swedish time) or 2026-01-31T10:00:00+01:00")

// wireTime is the form of a time on the wire: Swedish local, without a zone.
const wireTime = "2006-01-02T15:04:05"

// localForms are the forms of a Swedish local time.
var localForms = [...]string{time.DateOnly, "2006-01-02T15:04", wireTime}

// stockholm is where the local times are; time/tzdata carries it.
var stockholm = sync.OnceValue(func() *time.Location {
	loc, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		panic("standin: the zone is in the program and cannot be loaded: " + err.Error())
	}
	return loc
})

// written returns a time as it is written, in quotes or as TOML's own dates; nothing
// for one that is left out.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case toml.LocalDate:
		return v.String()
	case toml.LocalDateTime:
		return v.String()
	case time.Time:
		return v.Format(time.RFC3339Nano)
	default:
		return "of another kind" // which no reader of times takes
	}
}

func normal(s string) string {
	if len(s) > 10 && s[10] == ' ' {
		return s[:10] + "T" + s[11:]
	}
	return s
}

// instant reads a time of the file. A date that ends something includes its whole day.
func instant(s string, which bound) (moment, error) {
	if t, err := time.Parse(time.RFC3339, normal(s)); err == nil {
		return positive(t)
	}
	for i, form := range localForms {
		t, err := time.ParseInLocation(form, normal(s), stockholm())
		if err != nil {
			continue
		}
		if i == 0 && which == ends {
			t = t.AddDate(0, 0, 1).Add(-time.Second)
		}
		return positive(t)
	}
	return 0, errTime
}

func positive(t time.Time) (moment, error) {
	if t.Unix() <= 0 {
		return 0, errTime
	}
	return moment(t.Unix()), nil
}

// wallTime reads a bound of a block's period into the wire's form.
func wallTime(s string, which bound) (string, error) {
	if s == "" {
		return "", nil
	}
	for i, form := range localForms {
		t, err := time.ParseInLocation(form, normal(s), time.UTC)
		if err != nil {
			continue
		}
		if i == 0 && which == ends {
			t = t.AddDate(0, 0, 1).Add(-time.Second)
		}
		return t.Format(wireTime), nil
	}
	return "", errTime
}

// wire writes a moment as the contracts do.
func (m moment) wire() string {
	if m == 0 {
		return ""
	}
	return time.Unix(int64(m), 0).In(stockholm()).Format(wireTime)
}

// fromWire reads a time of a request: whole seconds or parts of them, with a zone or
// without. Where the clock shows a time twice, the earlier is meant: a reader gets
// something twice rather than never.
func fromWire(s string) (moment, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return positive(t)
	}
	t, err := time.ParseInLocation(wireTime, s, stockholm()) // takes a fraction too
	if err != nil {
		return 0, errTime
	}
	if earlier := t.Add(-time.Hour); earlier.Format(wireTime) == t.Format(wireTime) {
		t = earlier
	}
	return positive(t)
}
