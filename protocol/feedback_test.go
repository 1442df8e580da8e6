package protocol

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What is an identity, however it is written.
func TestIdentities(t *testing.T) {
	for what, text := range map[string]string{
		"with its century":              "191212121212",
		"with a dash":                   "19121212-1212",
		"without its century":           "1212121212",
		"without it, with a dash":       "121212-1212",
		"older than a hundred":          "121212+1212",
		"in parts":                      "1912 12 12 1212",
		"in parts with dashes":          "1912-12-12-1212",
		"with a dash and spaces":        "121212 - 1212",
		"with a long dash":              "121212–1212",
		"with a hard space":             "121212\u00a01212",
		"with something unseen in it":   "121212\u200b1212",
		"in full width":                 "１２１２１２－１２１２",
		"in Arabic digits":              "١٢١٢١٢١٢١٢",
		"with dots":                     "12.12.12.1212",
		"within a longer number":        "7191212121212",
		"of a coordination number":      "701063-2391",
		"of a reserve number":           "22 12 12 12 pt12",
		"of one with a capital":         "22121212-F112",
		"of one in small letters":       "22 121212-ab12",
		"an HSA-id":                     "SE2321000016-1ABC",
		"an HSA-id in small letters":    "se2321000016-1abc",
		"an HSA-id of a test":           "SE-122345",
		"an HSA-id in parts":            "SE232100 0016-1ABC",
		"an address of mail":            "anna.andersson@region.se",
		"an address without a dot":      "anna@region",
		"an address with another sign":  "anna＠region.se",
		"a telephone number":            "070-123 45 67",
		"a telephone number of a place": "(08) 123 45 67",
		"a short one":                   "031-12 34 56",
		"an international one":          "+46 70 123 45 67",
		"an international short one":    "+47 123 45 67",
		"a long run":                    "1234567",
		"a long number in parts":        "1234-5678-90",
	} {
		for _, around := range []string{text, "Det gäller " + text + ", tror jag.", "(" + text + ")", "å" + text + "å", "12 " + text, "\n" + text + "\n"} {
			if !Identifies(around) {
				t.Errorf("%s: it is not seen in %d characters", what, len(around))
			}
			if (Feedback{Text: around}).Proper() {
				t.Errorf("%s: a feedback with it is taken", what)
			}
		}
	}
}

// What people write of a client.
func TestWhatIsNoIdentity(t *testing.T) {
	for _, text := range []string{
		"", "Bra!", "Listan hoppar när jag läser. Kan den stå still?",
		"2026-11-22 kl 14:00 blev skärmen tom i 3 sekunder.", "22/11 2026, kl. 9.30", "Felkod TV-1005, version 1.12.3",
		"Det tar 10-15 sekunder, 3 gånger av 10.", "Jag vill se 1000 dokument", "se 4 nya", "Diagnoser (12 st), läkemedel (34 st), 5 + 6",
		"E-post @ fungerar inte", "Skärmen är 1920 x 1080, zoom 400 %", "98 %, 2 av 3; 7,5 mmol/l", "I'd like bigger letters: 16 px.",
	} {
		if Identifies(text) {
			t.Errorf("%q is taken for an identity", text)
		}
		if f := (Feedback{Page: "overview", Grade: 3, Text: text}); !f.Proper() {
			t.Errorf("%q is not taken", text)
		}
	}
}

func TestProperFeedback(t *testing.T) {
	for what, f := range map[string]Feedback{
		"nothing":            {Page: "overview"},
		"spaces alone":       {Text: " \n\t "},
		"too much":           {Text: strings.Repeat("å", MaxFeedbackRunes+1)},
		"a grade beyond":     {Text: "Bra", Grade: 6},
		"more than is sent":  {Text: strings.Repeat("\U0001f600", MaxFeedbackRunes)},
		"a control":          {Text: "Bra\x1b[31m"},
		"a later control":    {Text: "Bra\u009b31m"},
		"a page in words":    {Page: "Overview of Anna", Text: "Bra"},
		"a page too long":    {Page: strings.Repeat("a", maxPage+1), Text: "Bra"},
		"a page of somebody": {Page: "191212121212", Text: "Bra"},
	} {
		if f.Proper() {
			t.Errorf("%s is taken", what)
		}
	}
	for what, f := range map[string]Feedback{
		"a grade alone":      {Grade: 1},
		"a text alone":       {Text: "Bra"},
		"as much as may be":  {Text: strings.Repeat("å", MaxFeedbackRunes)},
		"a page with a part": {Page: "reading/diagnosis-2", Text: "Bra\nMycket bra"},
	} {
		if !f.Proper() {
			t.Errorf("%s is not taken", what)
		}
	}
}

// Whatever is written with an identity in it is found.
func TestIdentitiesAreFound(t *testing.T) {
	ids := []string{"191212121212", "199701062383", "197010632391", "221212121212"}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.SampledFrom(ids).Draw(t, "id")
		if rapid.Bool().Draw(t, "short") && id[0] != '2' {
			id = id[2:]
		}
		var b strings.Builder
		for i := range len(id) {
			if i > 0 && rapid.IntRange(0, 3).Draw(t, "parted") == 0 {
				b.WriteString(rapid.SampledFrom([]string{" ", "-", "+", " - ", "\u00a0", "\u2013", ".", "/"}).Draw(t, "sign"))
			}
			b.WriteByte(id[i])
		}
		text := rapid.String().Draw(t, "before") + " " + b.String() + rapid.String().Draw(t, "after")
		if !Identifies(text) {
			t.Fatalf("it is not seen in %q", text)
		}
	})
}

func FuzzFeedback(f *testing.F) {
	f.Add("overview", "Bra, men 191212-1212 syns inte", uint8(3))
	f.Fuzz(func(t *testing.T, page, text string, grade uint8) {
		found := Feedback{Page: page, Text: text, Grade: grade}
		if found.Proper() && (Identifies(text) || Identifies(page) || len(text) > MaxReasonBytes) {
			t.Error("what is taken may not be")
		}
	})
}
