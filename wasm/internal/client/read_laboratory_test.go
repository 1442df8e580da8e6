package client

import (
	"strings"
	"testing"

	"tvilling/protocol"
)

// Only marks that are known to say so make a value abnormal; every other mark is shown,
// without a sign and a colour that it has no ground for.
func TestMarksOfValues(t *testing.T) {
	r := renderer{s: &State{}}
	written := func(flag string) string {
		m := new(markup)
		r.flagged(m, flag)
		return m.String()
	}
	for flag, want := range map[string]string{
		"H": "high", "HH": "high", "HU": "high", "N, H": "high", "L": "low", "LL": "low", "A": "other", "H, L": "other", "*": "other", "Över referensintervall": "high",
	} {
		if got := written(flag); !strings.Contains(got, `mark-abnormal `+want+`"`) || !strings.Contains(got, flag) {
			t.Errorf("%q: %s", flag, got)
		}
	}
	for _, flag := range []string{"N", "N, N", "Normal", "NEG", "S", "R", "I", "U", "B", "<", ">", "POS", "0"} {
		if got := written(flag); strings.Contains(got, "abnormal") || !strings.Contains(got, "("+new(markup).text(flag).String()+")") {
			t.Errorf("%q: %s", flag, got)
		}
	}
	for flag, want := range map[string]bool{"S": false, "N, N": false, "": false, "N, LL": true} {
		m := new(markup)
		r.quantity(m, &protocol.Node{Kind: protocol.NodeQuantity, Quantity: protocol.Quantity{Value: "5", Flag: flag}})
		if got := m.String(); strings.Contains(got, "quantity abnormal") != want {
			t.Errorf("%q colours %s", flag, got)
		}
	}
	if got := written("Högt"); strings.Contains(got, "(") || !strings.Contains(got, "mark-abnormal high") {
		t.Errorf("said twice: %s", got)
	}
}

// answered is a report of one analysis with these nodes beside its result's.
func answered(t *testing.T, analysis []protocol.Node, result ...protocol.Node) string {
	t.Helper()
	nodes := append([]protocol.Node{
		{Kind: protocol.NodeText, Label: "analysisText", Text: "Odling"},
		{Kind: protocol.NodeGroup, Label: "result", Children: result},
	}, analysis...)
	body := protocol.Body{Sections: []protocol.Section{{Label: "groupOfAnalyses", Nodes: []protocol.Node{{Kind: protocol.NodeGroup, Label: "analysis", Children: nodes}}}}}
	_, page := reading(t, body, protocol.Header{Contract: protocol.LaboratoryOrderOutcome, Title: "x"})
	html, _, _ := strings.Cut(regionOf(page, "reader"), "<details")
	return html
}

// A result in words has the mark of its interpretation, as a number has.
func TestResultInWordsIsMarked(t *testing.T) {
	value := protocol.Node{Kind: protocol.NodeText, Label: "value", Text: "Positiv"}
	mark := func(code, display string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeCode, Label: "interpretation", Code: protocol.Code{Code: code, System: "2.16.840.1.113883.5.83", Display: display}}
	}
	for _, test := range []struct {
		marks    []protocol.Node
		abnormal bool
		says     string
	}{
		{[]protocol.Node{mark("A", "Avvikande")}, true, "Avvikande (A)"},
		{[]protocol.Node{mark("AA", "")}, true, "Avvikande (AA)"},
		{[]protocol.Node{mark("N", "Normal"), mark("A", "")}, true, "Avvikande (N, A) Normal"},
		{[]protocol.Node{mark("17", "Patologiskt")}, true, "Avvikande (Patologiskt)"},
		{[]protocol.Node{mark("N", "Normal")}, false, "(N) Normal"},
		{[]protocol.Node{mark("S", "Känslig")}, false, "(S) Känslig"},
		{[]protocol.Node{{Kind: protocol.NodeText, Label: "interpretation", Text: "Resistent"}}, false, "(Resistent)"},
		{nil, false, "Positiv"},
	} {
		html := answered(t, nil, append([]protocol.Node{value}, test.marks...)...)
		if strings.Contains(html, "mark-abnormal") != test.abnormal || !strings.Contains(textOfPage(html), test.says) {
			t.Errorf("%v: %s", test.marks, textOfPage(html))
		}
	}
}

// A flag of the older generation is told, and nothing is made of one that is missing.
func TestTruthThatSaysAbnormal(t *testing.T) {
	value := protocol.Node{Kind: protocol.NodeText, Label: "outcomeValue", Text: "Positiv"}
	flag := func(text string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeFlag, Label: "pathologicalFlag", Text: text}
	}
	normal := protocol.Node{Kind: protocol.NodeCode, Label: "interpretation", Code: protocol.Code{Code: "N"}}
	for says, nodes := range map[string][]protocol.Node{
		"Avvikande (*)":     {value, flag("true")},
		"Ej avvikande":      {value, flag("false")},
		"(N) Avvikande (*)": {value, normal, flag("true")},
		"Odling Positiv </": nil,
	} {
		if nodes == nil {
			if html := answered(t, nil, value); strings.Contains(strings.ToLower(textOfPage(html)), "avvikande") {
				t.Errorf("nothing is said, and the page says %s", textOfPage(html))
			}
			continue
		}
		if html := answered(t, nil, nodes...); !strings.Contains(textOfPage(html), says) {
			t.Errorf("want %q: %s", says, textOfPage(html))
		}
	}
}

// An analysis that has results and is not final says so beside its name, above the fold.
func TestPreliminaryAnalysisSaysSo(t *testing.T) {
	value := protocol.Node{Kind: protocol.NodeQuantity, Label: "value", Quantity: protocol.Quantity{Value: "5"}}
	status := func(code, display string) []protocol.Node {
		return []protocol.Node{{Kind: protocol.NodeCode, Label: "status", Code: protocol.Code{Code: code, Display: display}}}
	}
	older := func(text string) []protocol.Node {
		return []protocol.Node{{Kind: protocol.NodeText, Label: "analysisStatus", Text: text}}
	}
	for _, test := range []struct {
		status []protocol.Node
		says   string
	}{
		{status("preliminary", "Preliminärt svar"), "Preliminärt svar"},
		{status("registered", ""), "registered"},
		{status("corrected", "Rättat svar"), "Rättat svar"},
		{status("entered-in-error", ""), "entered-in-error"},
		{status("X9", "Något annat"), "Något annat"},
		{older("Preliminär"), "Preliminär"},
		{status("final", "Klart"), ""},
		{status("", "Slutsvar"), ""},
		{older("Definitivt svar"), ""},
		{nil, ""},
	} {
		html := answered(t, test.status, value)
		_, tag, tagged := strings.Cut(html, `data-test="analysis-status">`)
		if tagged != (test.says != "") || !strings.HasPrefix(tag, test.says) {
			t.Errorf("%v: %s", test.status, html)
		}
	}
}

// What is said of a check-up stands under it, in its week.
func TestCommentsOfCheckupsKeepTheirWeek(t *testing.T) {
	row := func(week, comment, drug string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeGroup, Label: "pregnancyCheckupRecord", Children: []protocol.Node{
			{Kind: protocol.NodeQuantity, Label: "completeWeeksOfGestation", Quantity: protocol.Quantity{Value: week}},
			{Kind: protocol.NodeText, Label: "comment", Text: comment},
			{Kind: protocol.NodeGroup, Label: "medicationSinceRegistration", Children: []protocol.Node{{Kind: protocol.NodeText, Label: "medicament", Text: drug}}},
		}}
	}
	body := protocol.Body{Sections: []protocol.Section{{Label: "maternityMedicalRecord", Nodes: []protocol.Node{row("28", "Blödning i natt, remitterad.", "Tranexamsyra"), row("12", "Mår bra.", "Folsyra")}}}}
	_, page := reading(t, body, protocol.Header{Contract: protocol.MaternityMedicalHistory, Title: "MHV"})
	html := textOfPage(regionOf(page, "reader"))
	at := -1
	for _, next := range []string{" 12 ", "Mår bra.", " 28 ", "Blödning i natt", "(Vecka 12)", "Folsyra", "(Vecka 28)", "Tranexamsyra"} {
		found := strings.Index(html[at+1:], next)
		if found < 0 {
			t.Fatalf("%q does not stand in its place: %s", next, html)
		}
		at += 1 + found
	}
}

// The answer to a referral that is not said to be the last warns of it.
func TestAnAnswerThatIsNotTheLastWarns(t *testing.T) {
	for code, want := range map[string]bool{"SR": true, "SS": false} {
		kind := protocol.Node{Kind: protocol.NodeCode, Label: "referralOutcomeTypeCode", Code: protocol.Code{Code: code, Display: "Svar"}}
		_, page := reading(t, protocol.Body{Sections: []protocol.Section{{Label: "referralOutcome", Nodes: []protocol.Node{kind}}}}, protocol.Header{Contract: protocol.ReferralOutcome, Title: "x"})
		if html := regionOf(page, "reader"); strings.Contains(html, `class="badge warn"`) != want || !strings.Contains(html, `class="badge`) {
			t.Errorf("%s: %s", code, html)
		}
	}
}

// A result in words has the time that its analysis has, as a number has.
func TestResultInWordsHasItsTime(t *testing.T) {
	at := func(text string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeTime, Label: "timestamp", Time: civil(text)}
	}
	specimen := func(text string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeGroup, Label: "specimen", Children: []protocol.Node{at(text)}}
	}
	value := protocol.Node{Kind: protocol.NodeText, Label: "value", Text: "Positiv"}
	for want, analysis := range map[string][]protocol.Node{
		"<td><time>2024-03-05</time></td>": {at("20240305")},
		"<td><time>2024-03-02</time></td>": {at("20240305"), specimen("20240301"), specimen("20240302")},
		"<td></td>":                        nil,
	} {
		if html := answered(t, analysis, value); !strings.Contains(html, want+"</tr>") {
			t.Errorf("%s: %s", want, html)
		}
	}
}

// The mark's own word is not written after it again.
func TestAMarkIsSaidOnce(t *testing.T) {
	value := protocol.Node{Kind: protocol.NodeQuantity, Label: "value", Quantity: protocol.Quantity{Value: "5", Flag: "A"}}
	words := func(text string) protocol.Node {
		return protocol.Node{Kind: protocol.NodeCode, Label: "interpretation", Code: protocol.Code{Code: "A", Display: text}}
	}
	for text, want := range map[string]string{"Avvikande": "Avvikande (A)", "Klart avvikande": "Avvikande (A) Klart avvikande"} {
		html := answered(t, nil, value, words(text))
		if got := textOfPage(html); strings.Count(got, "vvikande") != strings.Count(want, "vvikande") {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// A number without a unit is written without one, whatever stands for none.
func TestUnitOfNothing(t *testing.T) {
	for unit, want := range map[string]bool{"1": false, "": false, "10*9/L": true} {
		html := answered(t, nil, protocol.Node{Kind: protocol.NodeQuantity, Label: "value", Quantity: protocol.Quantity{Value: "7.46", Unit: unit}})
		if !strings.Contains(html, "<b>7,46</b>") || strings.Contains(html, `class="unit"`) != want {
			t.Errorf("%q: %s", unit, html)
		}
	}
}
