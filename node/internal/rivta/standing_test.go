package rivta

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tvilling/protocol"
)

// laboratory is a report of the newer generation with these analyses in one group.
func laboratory(analyses string) string {
	return soapOpen + `<GetLaboratoryOrderOutcomeResponse xmlns="urn:riv:clinicalprocess:healthcond:actoutcome:GetLaboratoryOrderOutcomeResponder:4"><laboratoryOrderOutcome>` +
		`<header><accessControlHeader><blockComparisonTime>20240312101500</blockComparisonTime></accessControlHeader><record><id><extension>L1</extension></id></record></header>` +
		`<body><groupOfAnalyses>` + analyses + `</groupOfAnalyses></body></laboratoryOrderOutcome>` + okResult + `</GetLaboratoryOrderOutcomeResponse>` + soapClose
}

const (
	plainAnalysis = `<analysis><code><displayName>P-Natrium</displayName></code><result><value><pq><value>140</value><unit>mmol/L</unit></pq></value></result></analysis>`
	codeMark      = `<interpretation><code>`
	endMark       = `</code></interpretation>`
)

// A report says in its header that an analysis of it stands out, however many it has;
// it never says so of a unit, of a susceptibility or of a mark that is not known.
func TestHeaderSaysThatAnAnalysisStandsOut(t *testing.T) {
	marked := func(value, marks string) string {
		return `<analysis><code><displayName>P-Kalium</displayName></code><result><value>` + value + `</value>` + marks + `</result></analysis>`
	}
	const number = `<pq><value>6.9</value><unit>mmol/L</unit></pq>`
	for _, test := range []struct {
		name, analyses, detail string
		want                   bool
	}{
		{"one", marked(number, codeMark+`H`+endMark), "6.9 mmol/L H", true},
		{"one of a panel", plainAnalysis + marked(number, codeMark+`HH`+endMark), "", true},
		{"in words", plainAnalysis + marked(`<st>Positiv</st>`, codeMark+`A`+endMark), "", true},
		{"by its words", marked(number, `<interpretation><code>281302008</code><displayName>Över referensintervall</displayName></interpretation>`), "6.9 mmol/L Över referensintervall", true},
		{"one of its marks", marked(number, codeMark+`N`+endMark+codeMark+`H`+endMark), "6.9 mmol/L", true},
		{"what was tried on what was found", `<analysis><code><displayName>Odling</displayName></code><result><value><st>Växt</st></value><related><code><displayName>CRP</displayName></code><result><value><st>7</st></value>` + codeMark + `H` + endMark + `</result></related></result></analysis>`, "Växt", true},
		{"a panel without marks", plainAnalysis + marked(number, ``), "", false},
		{"a panel of normal", plainAnalysis + marked(number, codeMark+`N`+endMark), "", false},
		{"a unit", marked(`<pq><value>2,1</value><unit>L</unit></pq>`, ``), "2,1 L", false},
		{"a susceptibility", marked(`<st>Ciprofloxacin</st>`, codeMark+`S`+endMark), "Ciprofloxacin S", false},
		{"its own words", marked(`<st>Prov&#160;avvikande</st>`, ``), "Prov avvikande", false},
		{"no mark", marked(number, codeMark+`?`+endMark), "6.9 mmol/L", false},
	} {
		m := parse(t, laboratory(test.analyses))
		if detail, abnormal := m.Documents[0].Header.Abnormal(); detail != test.detail || abnormal != test.want {
			t.Errorf("%s: %q, %v", test.name, detail, abnormal)
		}
	}
	older := parse(t, string(read(t, "laboratory-v3.xml")))
	if _, abnormal := older.Documents[0].Header.Abnormal(); !abnormal {
		t.Error("a flag of the older generation is not told")
	}
}

// A header that says it is still one that can be stored and sent, however long.
func TestHeaderThatStandsOutFits(t *testing.T) {
	long := ""
	for range 40 {
		long += `<analysis><code><displayName>P-Analys med ett långt namn ` + string(rune('a'+len(long)%26)) + `</displayName></code><result><value><st>x</st></value>` + codeMark + `LL` + endMark + `</result></analysis>`
	}
	m := parse(t, laboratory(long))
	if _, abnormal := m.Documents[0].Header.Abnormal(); !abnormal {
		t.Error("it does not stand out")
	}
	if err := protocol.CheckDocument(&m.Documents[0]); err != nil {
		t.Error(err)
	}
}

// A mark whose code says nothing is told by its words; the code stays a node.
func TestMarkIsWhatSaysHowAResultStands(t *testing.T) {
	m := parse(t, laboratory(`<analysis><result><value><pq><value>6</value></pq></value><interpretation><code>281300000</code><displayName>Under referensintervall</displayName></interpretation></result></analysis>`))
	for _, s := range m.Documents[0].Body.Sections {
		if q := quantities(s.Nodes); len(q) == 1 && q[0].Quantity.Flag == "Under referensintervall" {
			return
		}
	}
	t.Errorf("%+v", m.Documents[0].Body)
}

// The published sample has no marks but placeholders.
func TestPublishedLaboratoryReportDoesNotStandOut(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("../../../../shared/rivta/examples", "GetLaboratoryOrderOutcome-Compliant-Content-Response.xml"))
	if err != nil {
		t.Skip("the contracts' samples are not beside this checkout")
	}
	for _, d := range parse(t, string(b)).Documents {
		if _, abnormal := d.Header.Abnormal(); abnormal {
			t.Errorf("%q", d.Header.Detail)
		}
	}
}

// An alert whose validity was over when it was recorded says so in its header, which
// has no place for an end before its time.
func TestAlertThatWasOverWhenRecorded(t *testing.T) {
	alert := func(inner string) string {
		return soapOpen + `<GetAlertInformationResponse xmlns="urn:riv:clinicalprocess:healthcond:description:GetAlertInformationResponder:2"><alertInformation><alertInformationHeader>` + oldHeader +
			`</alertInformationHeader><alertInformationBody>` + inner + `</alertInformationBody></alertInformation>` + okResult + `</GetAlertInformationResponse>` + soapClose
	}
	for inner, want := range map[string]string{
		`<validityTimePeriod><start>20100101</start><end>20200101</end></validityTimePeriod>`:                     "Inaktuell",
		`<validityTimePeriod><end>20240311</end></validityTimePeriod>`:                                            "Inaktuell",
		`<validityTimePeriod><end>2024</end></validityTimePeriod>`:                                                "",
		`<validityTimePeriod><end>20240312</end></validityTimePeriod>`:                                            "",
		`<validityTimePeriod><end>20250101</end></validityTimePeriod>`:                                            "",
		`<validityTimePeriod><start>20100101</start></validityTimePeriod>`:                                        "",
		`<validityTimePeriod><end>20250101</end></validityTimePeriod><obsoleteTime>20240312101500</obsoleteTime>`: "Inaktuell",
	} {
		if got := parse(t, alert(inner)).Documents[0].Header.Status; got != want {
			t.Errorf("%s: %q", inner, got)
		}
	}
}

// The one result of a report is told with what was measured, unless the title says it.
func TestTheOneResultSaysOfWhat(t *testing.T) {
	analysis := func(name, result string) string {
		return `<analysis><code><displayName>` + name + `</displayName></code>` + result + `</analysis>`
	}
	value := func(number, unit string) string {
		return `<result><value><pq><value>` + number + `</value><unit>` + unit + `</unit></pq></value></result>`
	}
	long := strings.Repeat("B-Hemoglobin ", 20)
	for name, test := range map[string]struct{ inner, want string }{
		"the title is of the group":    {`<name>Hematologi</name>` + analysis("B-Hemoglobin", value("108", "g/L")), "B-Hemoglobin 108 g/L"},
		"the title says it":            {`<name>B-Hemoglobin</name>` + analysis("B-Hemoglobin", value("108", "g/L")), "108 g/L"},
		"the title is of the analysis": {analysis("B-Hemoglobin", value("108", "g/L")), "108 g/L"},
		"another has no result":        {`<name>Hematologi</name>` + analysis("B-Hemoglobin", "") + analysis("B-Trombocyter", value("210", "10*9/L")), "B-Trombocyter 210 10*9/L"},
		"two have":                     {`<name>Hematologi</name>` + analysis("B-Hemoglobin", value("108", "g/L")) + analysis("B-EVF", value("0.4", "1")), "B-Hemoglobin, B-EVF"},
		"a unit of nothing":            {`<name>Blodgas</name>` + analysis("aB-pH", value("7.46", "1")), "aB-pH 7,46"},
		"no name":                      {`<name>Blodgas</name><analysis>` + value("7.46", "1") + `</analysis>`, "7,46"},
		"a name that leaves no room":   {`<name>Hematologi</name>` + analysis(long, value("108", "g/L")), "108 g/L"},
	} {
		got := parse(t, laboratory(test.inner)).Documents[0].Header
		if strings.ReplaceAll(got.Detail, ".", ",") != test.want {
			t.Errorf("%s: %q under %q, want %q", name, got.Detail, got.Title, test.want)
		}
	}
}
