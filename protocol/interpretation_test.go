package protocol

import "testing"

// Every mark of HL7's table of interpretations that says something else than that a
// value stands out, and everything that is not known, makes no value abnormal.
func TestStandingOf(t *testing.T) {
	for marks, want := range map[string]Standing{
		"A": StandingAbnormal, "AA": StandingAbnormal, "*": StandingAbnormal, "Avvikande": StandingAbnormal, "UTANFÖR REFERENSINTERVALL": StandingAbnormal,
		"H": StandingHigh, "HH": StandingHigh, "HU": StandingHigh, "H>": StandingHigh, "Högt": StandingHigh, "över referensintervall": StandingHigh,
		"L": StandingLow, "LL": StandingLow, "LU": StandingLow, "L<": StandingLow, "LÅGT": StandingLow, "Under referensintervall": StandingLow,
		"N, H": StandingHigh, "H,HH": StandingHigh, " A , H ": StandingHigh, "H, A": StandingHigh, "H, L": StandingAbnormal, "L, A, H": StandingAbnormal, "S, LL": StandingLow,
		"": StandingNone, " ": StandingNone, ",": StandingNone, "N": StandingNone, "N, N": StandingNone, "Normal": StandingNone, "0": StandingNone, "?": StandingNone,
		"S": StandingNone, "I": StandingNone, "R": StandingNone, "NS": StandingNone, "SDD": StandingNone, "MS": StandingNone, "VS": StandingNone, "SYN-R": StandingNone,
		"<": StandingNone, ">": StandingNone, "IE": StandingNone, "QCF": StandingNone, "U": StandingNone, "D": StandingNone, "B": StandingNone, "W": StandingNone,
		"POS": StandingNone, "NEG": StandingNone, "IND": StandingNone, "DET": StandingNone, "ND": StandingNone, "E": StandingNone, "EXP": StandingNone, "UNE": StandingNone,
		"RR": StandingNone, "NR": StandingNone, "WR": StandingNone, "HX": StandingNone, "LX": StandingNone, "EX": StandingNone, "CAR": StandingNone,
		"Ej avvikande": StandingNone, "Inte högt": StandingNone, "HL": StandingNone, "A+": StandingNone,
	} {
		if got := StandingOf(marks); got != want {
			t.Errorf("%q is %d, want %d", marks, got, want)
		}
	}
}

func TestMarkOf(t *testing.T) {
	for _, test := range []struct {
		texts [3]string
		want  string
	}{
		{[3]string{"H", "", "Högt"}, "H"},
		{[3]string{"281302008", "", "Över referensintervall"}, "Över referensintervall"},
		{[3]string{"S", "", "Känslig"}, "S"},
		{[3]string{"", "", "Känslig"}, "Känslig"},
		{[3]string{}, ""},
	} {
		if got := MarkOf(test.texts[:]...); got != test.want {
			t.Errorf("%q gives %q, want %q", test.texts, got, test.want)
		}
	}
}

func TestAbnormalHeader(t *testing.T) {
	for _, detail := range []string{"", "5,9 mmol/L H", "a,", "avvikande", "a, avvikande"} {
		h := Header{Detail: detail}
		if got, abnormal := h.Abnormal(); got != detail || abnormal {
			t.Errorf("%q reads %q, %v", detail, got, abnormal)
		}
		h.SetAbnormal()
		if got, abnormal := h.Abnormal(); got != detail || !abnormal {
			t.Errorf("%q that is set (%q) reads %q, %v", detail, h.Detail, got, abnormal)
		}
	}
}
