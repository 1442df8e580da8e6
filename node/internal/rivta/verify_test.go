package rivta

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tvilling/protocol"
)

// opinion is a note with a patient's dissenting opinion, which no other message has.
const opinion = `<GetCareDocumentationResponse xmlns="urn:riv:clinicalprocess:healthcond:description:GetCareDocumentationResponder:3">` +
	`<careDocumentation><header><accessControlHeader>` + accountable + `<blockComparisonTime>20240312101500</blockComparisonTime>` +
	`<approvedForPatient>true</approvedForPatient></accessControlHeader>` + recordAndSource +
	`<author><timestamp>20240312101500</timestamp><name>Karin Lindqvist</name><byRole><code>201010</code><codeSystem>1.2.752.129.2.2.1.4</codeSystem></byRole></author>` +
	`<signature><timestamp>20240312101500</timestamp></signature></header>` +
	`<body><clinicalDocumentNoteCode><code>utr</code></clinicalDocumentNoteCode><clinicalDocumentNoteText>Text</clinicalDocumentNoteText>` +
	`<dissentingOpinion><authorTime>20240312101500</authorTime><opinion>Nej</opinion></dissentingOpinion></body></careDocumentation>` +
	`<result><resultCode>OK</resultCode><logId>1</logId></result></GetCareDocumentationResponse>`

const (
	accountable = `<accountableHealthcareProvider><root>1.2.752.129.2.1.4.1</root><extension>SE1-G</extension></accountableHealthcareProvider>` +
		`<accountableCareUnit><root>1.2.752.129.2.1.4.1</root><extension>SE1-U</extension></accountableCareUnit>` +
		`<patientId><root>1.2.752.129.2.1.3.1</root><extension>199701062383</extension></patientId>`
	recordAndSource = `<sourceSystemId><root>1.2.752.129.2.1.4.1</root><extension>SE1-S</extension></sourceSystemId>` +
		`<record><id><root>R</root></id><timestamp>20240312101500</timestamp></record>`
)

// tag is an XML element that a test can change.
type tag struct {
	name     xml.Name
	text     string
	children []*tag
}

func readTag(t testing.TB, message []byte) *tag {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(message))
	d.CharsetReader = charsetReader(false)
	open := []*tag{{}}
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &tag{name: token.Name}
			open[len(open)-1].children = append(open[len(open)-1].children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			open[len(open)-1].text += string(token)
		}
	}
	if len(open[0].children) != 1 {
		t.Fatal("no message")
	}
	return open[0].children[0]
}

func (e *tag) write(b *bytes.Buffer) {
	b.WriteString("<" + e.name.Local + ` xmlns="` + e.name.Space + `">`)
	if len(e.children) == 0 {
		_ = xml.EscapeText(b, []byte(strings.TrimSpace(e.text)))
	}
	for _, c := range e.children {
		c.write(b)
	}
	b.WriteString("</" + e.name.Local + ">")
}

func (e *tag) message() []byte {
	var b bytes.Buffer
	e.write(&b)
	return b.Bytes()
}

// at calls change for every element at a path below e, with its parent.
func (e *tag) at(path string, change func(parent, e *tag)) {
	name, rest, more := strings.Cut(path, "/")
	for _, c := range slices.Clone(e.children) {
		switch {
		case !strings.EqualFold(c.name.Local, name):
		case more:
			c.at(rest, change)
		default:
			change(e, c)
		}
	}
}

// leaves calls change for every element without children.
func (e *tag) leaves(change func(*tag)) {
	if len(e.children) == 0 {
		change(e)
	}
	for _, c := range e.children {
		c.leaves(change)
	}
}

// spoils are the ways in which a message is made to break a rule: what the rule is
// about is removed, says something else, or is of another code system.
var spoils = []func(parent, e *tag){
	func(parent, e *tag) {
		parent.children = slices.DeleteFunc(parent.children, func(c *tag) bool { return c == e })
	},
	func(_, e *tag) { e.leaves(func(leaf *tag) { leaf.text = "zz" }) },
	func(parent, _ *tag) { parent.at("codeSystem", func(_, system *tag) { system.text = "1.2.3" }) },
}

// messages are the project's own that can be read.
func messages(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata, "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no messages", err)
	}
	all := map[string][]byte{"opinion": []byte(opinion)}
	for _, file := range files {
		name := filepath.Base(file)
		if m, err := Parse(read(t, name)); err == nil && !m.Failed() {
			all[name] = read(t, name)
		}
	}
	return all
}

func expecting(v Verification, expected string) int {
	n := 0
	for _, f := range v.Findings {
		if f.Expected == expected {
			n++
		}
	}
	return n
}

// TestEveryRuleCanBeBroken spoils a message for each rule, and finds it.
func TestEveryRuleCanBeBroken(t *testing.T) {
	all := messages(t)
	for i := range rules {
		r := &rules[i]
		broken := false
		for _, message := range all {
			m := must(t, message)
			if broken || len(r.contracts) > 0 && !slices.Contains(r.contracts, m.Contract) {
				continue
			}
			before := Verify(message)
			for _, spoil := range spoils {
				after := Verify(spoiled(t, message, r, spoil))
				if expecting(after, r.expected) > expecting(before, r.expected) && after.Worst >= r.severity {
					broken = true
				}
			}
		}
		if !broken {
			t.Errorf("no message breaks the rule of %q (%s) at %s", r.expected, r.contracts, r.paths)
		}
	}
}

func must(t *testing.T, message []byte) Message {
	t.Helper()
	m, err := Parse(message)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// spoiled is a message with what a rule is about spoiled in every record.
func spoiled(t *testing.T, message []byte, r *rule, spoil func(parent, e *tag)) []byte {
	t.Helper()
	root := readTag(t, message)
	end := "header"
	if r.from == inBody {
		end = "body"
	}
	var visit func(e *tag)
	visit = func(e *tag) {
		for _, c := range slices.Clone(e.children) {
			if !strings.HasSuffix(strings.ToLower(c.name.Local), end) || c.name.Space == soapSpace {
				visit(c)
				continue
			}
			for _, path := range r.paths {
				c.at(strings.TrimPrefix(r.in+"/"+path, "/"), spoil)
			}
			if len(r.paths) == 0 && r.in == "" {
				c.children = nil
			} else if len(r.paths) == 0 {
				c.at(r.in, func(_, container *tag) { container.children = nil })
			}
		}
	}
	visit(root)
	return root.message()
}

// TestGoodMessagesPass holds that messages that are as they should be have no finding.
func TestGoodMessagesPass(t *testing.T) {
	for _, name := range []string{"alert-information.xml", "functional-status.xml", "imaging-outcome.xml", "laboratory-v3.xml", "medication.xml",
		"referral-outcome.xml", "vaccination.xml", "bare-latin1.xml"} {
		if v := Verify(read(t, name)); len(v.Findings) > 0 || v.Records == 0 {
			t.Errorf("%s: %+v", name, v.Findings)
		}
	}
	if v := Verify([]byte(opinion)); len(v.Findings) > 0 {
		t.Errorf("opinion: %+v", v.Findings)
	}
}

// TestPublishedSamples holds that nothing but placeholders, ids and patients that are
// missing hinders the published samples, which are filled in halfway.
func TestPublishedSamples(t *testing.T) {
	dir, err := filepath.Abs("../../../../shared/rivta/examples")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "Get*.xml"))
	if len(files) == 0 {
		t.Skip("the published samples are not beside the checkout")
	}
	passed := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v := Verify(b)
		if v.Worst < Hinders {
			passed++
		}
		for _, f := range v.Findings {
			if f.Severity == Hinders && f.Found != "a placeholder" && f.Found != missing && f.Found != "a SOAP fault" {
				t.Errorf("%s: %+v", filepath.Base(file), f)
			}
		}
	}
	if passed < 5 {
		t.Errorf("%d of %d samples pass", passed, len(files))
	}
}

// TestVerifyFindings has a message for each rule that is not about one element's place.
func TestVerifyFindings(t *testing.T) {
	good := `<typeOfDiagnosis>Huvuddiagnos</typeOfDiagnosis><diagnosisCode><code>J03</code><codeSystem>1.2.752.116.1.1.1.1.3</codeSystem></diagnosisCode>`
	patient := func(id, root string) string {
		return diagnoses(diagnosis(strings.Replace(oldHeader, "<id>199701062383</id><type>1.2.752.129.2.1.3.1</type>", "<id>"+id+"</id><type>"+root+"</type>", 1), good) + okResult)
	}
	body := func(more string) string { return diagnoses(diagnosis(oldHeader, good+more) + okResult) }
	two := strings.Replace(strings.Replace(oldHeader, "199701062383", "191212121212", 1), "D1", "D2", 1)
	for name, tt := range map[string]struct {
		message string
		found   string
		worst   Severity
	}{
		"local reserve number": {patient("19970106A012", "1.2.752.97.3.1.3"), "a local reserve number", Hinders},
		"another kind":         {patient("199701062383", "1.2.752.129.2.1.3.3"), "an id of another kind than its root says, or under a root that is not national", Hinders},
		"wrong check digit":    {patient("199701062384", "1.2.752.129.2.1.3.1"), "no valid id of its kind", Hinders},
		"no root":              {patient("199701062383", ""), "no root", Deviates},
		"two patients":         {diagnoses(diagnosis(oldHeader, good) + diagnosis(two, good) + okResult), "several patients", Hinders},
		"the same record id":   {diagnoses(diagnosis(oldHeader, good) + diagnosis(oldHeader, good) + okResult), "the same record id as an earlier record; the later one is kept", Deviates},
		"no records":           {diagnoses(okResult), "none", Notes},
		"no result":            {diagnoses(diagnosis(oldHeader, good)), missing, Deviates},
		"an error":             {diagnoses(`<result><resultCode>ERROR</resultCode><logId>1</logId></result>`), "a result that says ERROR", Deviates},
		"placeholder":          {body("<x>?</x>"), "a placeholder", Deviates},
		"time with a zone":     {body("<diagnosisTime>2024-03-12T10:15:00Z</diagnosisTime>"), "another form", Deviates},
		"time to the minute":   {body("<diagnosisTime>202403121015</diagnosisTime>"), "a time of another exactness", Deviates},
		"code system by name":  {body("<x><code>a</code><codeSystem>ICD</codeSystem></x>"), "no OID", Deviates},
		"both":                 {body("<x><mediaType>text/plain</mediaType><value>aGVq</value><reference>u</reference></x>"), "both", Deviates},
		"neither":              {body("<x><mediaType>text/plain</mediaType></x>"), "neither", Deviates},
		"no base64":            {body("<x><mediaType>text/plain</mediaType><value>!</value></x>"), "no base64", Hinders},
		"large": {body("<x><mediaType>text/plain</mediaType><value>" + strings.Repeat("AAAA", protocol.MaxAttachmentBytes/3+1) + "</value></x>"),
			"larger", Hinders},
		"more without address": {diagnoses(diagnosis(oldHeader, good) + `<hasMore><reference>1</reference></hasMore>` + okResult), missing, Deviates},
		"more by aggregator": {diagnoses(diagnosis(oldHeader, good) + `<hasMore><logicalAddress>5565594230</logicalAddress><reference>1</reference></hasMore>` + okResult),
			"the aggregating service's address", Deviates},
		"a fault":             {soapOpen + `<s:Fault><faultstring>x</faultstring></s:Fault>` + soapClose, "a SOAP fault", Hinders},
		"a fault with a name": {soapOpen + `<s:Fault><faultstring>no 19970106-2383.</faultstring></s:Fault>` + soapClose, "what reads as a patient id", Hinders},
		"no header":           {diagnoses(`<diagnosis><diagnosisBody/></diagnosis>` + okResult), missing, Hinders},
	} {
		v := Verify([]byte(tt.message))
		if !slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Found == tt.found }) || v.Worst != tt.worst {
			t.Errorf("%s: worst %d: %+v", name, v.Worst, v.Findings)
		}
	}
	if v := Verify([]byte(diagnoses("<diagnosis>"))); v.Worst != Hinders || !strings.Contains(v.Findings[0].Found, "malformed") {
		t.Errorf("what cannot be read: %+v", v)
	}
}

// TestFindingsHoldNoValues puts one text everywhere, and finds it nowhere.
func TestFindingsHoldNoValues(t *testing.T) {
	for name, message := range messages(t) {
		root := readTag(t, message)
		root.leaves(func(leaf *tag) { leaf.text = marker })
		v := Verify(root.message())
		for _, f := range v.Findings {
			if strings.Contains(f.Place+f.Expected+f.Found, marker) {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if len(v.Findings) == 0 {
			t.Errorf("%s: nothing was found", name)
		}
	}
}

// TestFindingsAreBounded counts what it does not list.
func TestFindingsAreBounded(t *testing.T) {
	v := Verify([]byte(diagnoses(diagnosis(oldHeader, strings.Repeat("<x>?</x>", 5000)) + okResult)))
	if len(v.Findings) != maxListed || v.Unlisted < 4000 {
		t.Errorf("%d findings and %d more", len(v.Findings), v.Unlisted)
	}
}

func FuzzVerify(f *testing.F) {
	for _, message := range messages(f) {
		f.Add(message)
	}
	f.Add([]byte(soapOpen + `<s:Fault><faultstring>199701062383</faultstring></s:Fault>` + soapClose))
	f.Fuzz(func(t *testing.T, message []byte) {
		m, err := Parse(message)
		v := Verify(message)
		if err != nil && v.Worst != Hinders {
			t.Fatal("what cannot be read hinders nothing")
		}
		if err == nil && (v.Contract != m.Contract || v.Major != m.Major) {
			t.Fatal("another contract than Parse says")
		}
		if len(v.Findings) > maxListed {
			t.Fatalf("%d findings", len(v.Findings))
		}
	})
}
