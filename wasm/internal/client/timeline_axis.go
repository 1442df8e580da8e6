package client

import (
	"strconv"
	"strings"

	"tvilling/protocol"
)

// tick is a line of the time axis with its label. Major: a larger unit begins.
type tick struct {
	at    int64
	label string
	major bool
}

// unit is what ticks are counted in.
type unit uint8

const (
	hours unit = iota
	days
	months
	years
)

// tickSteps are the steps from tick to tick that people read at once, with how many
// minutes they are and how many pixels their labels need.
var tickSteps = [...]struct {
	unit    unit
	n       int64
	minutes int64
	room    int64
}{
	{hours, 1, 60, 48}, {hours, 3, 180, 48}, {hours, 6, 360, 48}, {hours, 12, 720, 48},
	{days, 1, 1440, 52}, {days, 2, 2880, 52}, {days, 7, 10_080, 52}, {days, 14, 20_160, 52},
	{months, 1, 43_800, 44}, {months, 3, 131_400, 44}, {months, 6, 262_800, 44},
	{years, 1, 525_600, 44}, {years, 2, 1_051_200, 44}, {years, 5, 2_628_000, 44}, {years, 10, 5_256_000, 44},
	{years, 20, 10_512_000, 44}, {years, 50, 26_280_000, 44}, {years, 100, 52_560_000, 44},
	{years, 500, 262_800_000, 44}, {years, 1000, 525_600_000, 44}, {years, 5000, 2_628_000_000, 44},
}

// ticks returns the axis of a window: the finest that has room for its labels.
func ticks(w Span, width int, lang protocol.Language) (all []tick) {
	if w.length() <= 0 || width <= 0 {
		return nil
	}
	step := tickSteps[len(tickSteps)-1]
	for _, s := range tickSteps {
		if s.minutes*int64(width) >= s.room*w.length() {
			step = s
			break
		}
	}
	y, mo, _ := date(floorDiv(w.From, minutesOfDay))
	var i int64 // counts steps
	switch step.unit {
	case hours:
		i = floorDiv(w.From, step.minutes)
	case days:
		i = floorDiv(floorDiv(w.From, minutesOfDay)+3, step.n)
	case months:
		i = floorDiv(int64(y*12+mo-1), step.n)
	default:
		i = floorDiv(int64(y), step.n)
	}
	for ; ; i++ {
		t := tickAt(step.unit, i*step.n, lang)
		if t.at >= w.To {
			return all
		}
		if t.at >= w.From {
			all = append(all, t)
		}
	}
}

// tickAt is the tick at n units from the beginning of counting: hours and days from
// 1970 (days from a Monday), months and years from year 0.
func tickAt(u unit, n int64, lang protocol.Language) tick {
	switch u {
	case hours:
		if at := n * 60; n%24 != 0 {
			return tick{at, string(append(pad(nil, int(((n%24)+24)%24), 2), ":00"...)), false}
		}
		return dayTick(n/24, lang, true)
	case days:
		return dayTick(n-3, lang, false)
	case months:
		y, m := int(floorDiv(n, 12)), int(n-floorDiv(n, 12)*12)+1
		at := dayNumber(y, m, 1) * minutesOfDay
		if m == 1 {
			return tick{at, strconv.Itoa(y), true}
		}
		return tick{at, monthName(lang, txtMonthsShort, m), false}
	default:
		return tick{dayNumber(int(n), 1, 1) * minutesOfDay, strconv.FormatInt(n, 10), false}
	}
}

func dayTick(day int64, lang protocol.Language, major bool) tick {
	_, m, d := date(day)
	return tick{day * minutesOfDay, strconv.Itoa(d) + " " + monthName(lang, txtMonthsShort, m), major}
}

// monthName is a month's name, by one of the two texts that list them.
func monthName(lang protocol.Language, names txt, m int) string {
	all := strings.Fields(textOf(lang, names))
	if m < 1 || m > len(all) {
		return ""
	}
	return all[m-1]
}

// spanText names a stretch of time by its first and last day.
func spanText(lang protocol.Language, w Span) string {
	return daysText(w, " "+textOf(lang, txtTill)+" ")
}

func daysText(w Span, between string) string {
	from, to := civilDay(w.From).String(), civilDay(w.To-1).String()
	if from == to {
		return from
	}
	return from + between + to
}
