package protocol

// Standing is what the marks of a laboratory result say of how it compares with what
// is expected. A mark that is not known says nothing: it makes a result neither
// ordinary nor abnormal.
type Standing uint8

// The standings.
const (
	StandingNone     Standing = iota // not marked, or marked as something else
	StandingAbnormal                 // stands out
	StandingHigh                     // stands out upwards
	StandingLow                      // stands out downwards
)

// StandingOf judges marks parted by commas, one by one. They are codes of HL7's
// ObservationInterpretation, the older generation's * and the words that sources write.
// Of that table only the marks of normality count: a bacterium that is susceptible or
// resistant, a value beyond what the instrument can measure, one that has changed and
// one that is positive may each be as expected.
func StandingOf(marks string) Standing {
	all := StandingNone
	for len(marks) > 0 {
		end := 0
		for end < len(marks) && marks[end] != ',' {
			end++
		}
		one := standing(marks[:end])
		switch {
		case all <= StandingAbnormal:
			all = max(all, one)
		case one > StandingAbnormal && one != all:
			return StandingAbnormal // both upwards and downwards
		}
		marks = marks[min(end+1, len(marks)):]
	}
	return all
}

func standing(mark string) Standing {
	switch lower(mark) {
	case "a", "aa", "*", "abnormal", "critical abnormal", "outside reference range",
		"avvikande", "kritiskt avvikande", "patologisk", "patologiskt", "utanför referensintervall", "utanför referensintervallet":
		return StandingAbnormal
	case "h", "hh", "hu", "h>", "high", "critical high", "significantly high", "above reference range",
		"hög", "högt", "kritiskt hög", "kritiskt högt", "över referensintervall", "över referensintervallet":
		return StandingHigh
	case "l", "ll", "lu", "l<", "low", "critical low", "significantly low", "below reference range",
		"låg", "lågt", "kritiskt låg", "kritiskt lågt", "under referensintervall", "under referensintervallet":
		return StandingLow
	default:
		return StandingNone
	}
}

// lower is a text without blanks around it, its letters in lower case.
func lower(s string) string {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' || i > 0 && b[i-1] == 0xc3 && c >= 0x80 && c <= 0x9e { // À to Þ
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// MarkOf chooses the mark among what a source says of one interpretation, its code
// first: the first that says how the result stands, else the first that says anything.
func MarkOf(texts ...string) string {
	first := ""
	for _, text := range texts {
		if StandingOf(text) != StandingNone {
			return text
		}
		if first == "" {
			first = text
		}
	}
	return first
}

// abnormalEnd ends the detail of a report in which a result stands out. What a source
// says has ordinary blanks alone in a detail, so no source can write it by chance.
const abnormalEnd = "\u00a0avvikande"

// SetAbnormal has the header say that a result of the report stands out.
func (h *Header) SetAbnormal() {
	if h.Detail != "" {
		h.Detail += ","
	}
	h.Detail += abnormalEnd
}

// Abnormal parts what the header says in words from whether a result of the report
// stands out. That none is said to is no promise that all are as expected.
func (h *Header) Abnormal() (detail string, abnormal bool) {
	end := len(h.Detail) - len(abnormalEnd)
	if end < 0 || h.Detail[end:] != abnormalEnd {
		return h.Detail, false
	}
	if end > 0 {
		end-- // the comma
	}
	return h.Detail[:end], true
}
