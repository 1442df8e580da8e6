package rivta

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"tvilling/protocol"
)

// TestRefused holds every reason to refuse a message to its sentinel and its place, and
// to silence about what the message says.
func TestRefused(t *testing.T) {
	responder := `xmlns="urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2"`
	record := diagnosis(oldHeader, `<typeOfDiagnosis>`+marker+`</typeOfDiagnosis>`)
	tests := []struct {
		name, message string
		want          error
		places        []string
	}{
		{"nothing", "", ErrMalformed, []string{"no element"}},
		{"no XML", marker, ErrMalformed, []string{"line 1"}},
		{"JSON", `{"a":"` + marker + `"}`, ErrMalformed, nil},
		{"another root", "<" + marker + "/>", ErrMalformed, []string{"neither a SOAP 1.1 envelope", "*, line 1"}},
		{"SOAP 1.2", `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>`, ErrMalformed, []string{"neither a SOAP 1.1"}},
		{"no body", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/></s:Envelope>`, ErrMalformed, []string{"without a body"}},
		{"empty body", soapOpen + soapClose, ErrMalformed, []string{"an empty SOAP body", "Envelope/Body"}},
		{"two answers", strings.Replace(diagnoses(okResult), soapClose, "<x/>"+soapClose, 1), ErrMalformed, []string{"more than one element"}},
		{"stranger in the envelope", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><` + marker + `/></s:Envelope>`, ErrMalformed, []string{"does not belong"}},
		{"more after the end", diagnoses(okResult) + "<" + marker + "/>", ErrMalformed, []string{"more after the root"}},
		{"text after the end", diagnoses(okResult) + marker, ErrMalformed, nil},
		{"text among records", diagnoses(marker + okResult), ErrMalformed, []string{"text where only elements", "GetDiagnosisResponse"}},
		{"cut off", strings.TrimSuffix(diagnoses(record), "</diagnosis></GetDiagnosisResponse>"+soapClose), ErrMalformed, []string{"ends in the middle", "diagnosis[1]"}},
		{"wrong end tag", diagnoses(strings.Replace(record, "</typeOfDiagnosis>", "</"+marker+">", 1)), ErrMalformed, []string{"not well-formed", "typeOfDiagnosis"}},
		{"unknown entity", diagnoses(strings.Replace(record, marker, "&"+marker+";", 1)), ErrMalformed, []string{"not well-formed"}},
		{"document type", `<!DOCTYPE a [<!ENTITY b "` + marker + `">]>` + diagnoses(record), ErrMalformed, []string{"document type"}},
		{"invalid UTF-8", diagnoses(strings.Replace(record, marker, marker+"\xff", 1)), ErrMalformed, []string{"typeOfDiagnosis"}},
		{"unknown encoding", `<?xml version="1.0" encoding="` + marker + `"?>` + diagnoses(record), ErrMalformed, []string{"encoding"}},
		{"two results", diagnoses(okResult + `<result><resultCode>ERROR</resultCode><message>` + marker + `</message></result>`), ErrMalformed, []string{"more than one result", "result"}},
		{"half of UTF-16", "\xfe\xff\x00", ErrMalformed, []string{"UTF-16"}},
		{"unknown contract", soapOpen + `<GetSecretsResponse xmlns="urn:riv:x:GetSecretsResponder:1"/>` + soapClose, ErrUnknownContract, []string{"Envelope/Body/*"}},
		{"a question", soapOpen + `<GetDiagnosis ` + responder + `/>` + soapClose, ErrUnknownContract, nil},
		{"another domain", soapOpen + `<GetDiagnosisResponse xmlns="urn:riv:clinicalprocess:healthcond:actoutcome:GetDiagnosisResponder:2"/>` + soapClose, ErrUnknownContract, nil},
		{"another contract's namespace", soapOpen + `<GetAlertInformationResponse ` + responder + `/>` + soapClose, ErrUnknownContract, nil},
		{"no version", soapOpen + `<GetDiagnosisResponse xmlns="urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:x"/>` + soapClose, ErrUnknownContract, nil},
		{"no namespace", soapOpen + `<GetDiagnosisResponse/>` + soapClose, ErrUnknownContract, nil},
		{"no header", diagnoses(`<diagnosis><diagnosisBody><a>` + marker + `</a></diagnosisBody></diagnosis>`), ErrRecord, []string{"no header", "diagnosis[1], line 1"}},
		{"no record id", diagnoses(record + "\n\n" + diagnosis(strings.Replace(oldHeader, "D1", " ", 1), "")), ErrRecord, []string{"no record id", "diagnosis[2]/diagnosisHeader", "line 3"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { mustFail(t, []byte(test.message), test.want, test.places...) })
	}
}

// TestTooLarge meets every limit, from just inside and from just outside.
func TestTooLarge(t *testing.T) {
	nest := func(n int) string { return strings.Repeat("<a>", n) + marker + strings.Repeat("</a>", n) }
	text := func(n int) string { return `<typeOfDiagnosis>` + strings.Repeat("å", n/2) + `</typeOfDiagnosis>` }
	data := func(n int) string {
		return `<content><mediaType>application/pdf</mediaType><value>` + base64.StdEncoding.EncodeToString(make([]byte, n)) + `</value></content>`
	}
	many := func(n int) string { return strings.Repeat(`<a>`+marker+`</a>`, n) }
	body := func(s string) string { return diagnoses(diagnosis(oldHeader, s) + okResult) }
	tests := []struct {
		name            string
		inside, outside string
		place           string
	}{
		{"a text", body(text(protocol.MaxTextBytes)), body(text(protocol.MaxTextBytes + 2)), "diagnosisBody/typeOfDiagnosis"},
		{"a text that is not even read", body(text(100)), body(text(maxTextBytes + 2)), "diagnosisBody/typeOfDiagnosis"},
		{"inline data", body(data(protocol.MaxAttachmentBytes)), body(data(protocol.MaxAttachmentBytes + 1)), "content/value"},
		{"a body", body(text(500 << 10)), body(text(500<<10) + text(300<<10)), "diagnosis[1]"},
		{"nodes", body(many(protocol.MaxNodes - 100)), body(many(protocol.MaxNodes + 1)), "diagnosis[1]"},
		{"elements", body("<b/>"), body(strings.Repeat("<b/>", maxRecordElements)), "diagnosis[1]"},
		{"depth", body(nest(maxDepth - 3)), body(nest(maxDepth)), "diagnosis[1]"},
		{"a record id", diagnoses(diagnosis(strings.Replace(oldHeader, "D1", strings.Repeat("D", protocol.MaxShortTextBytes), 1), "")),
			diagnoses(diagnosis(strings.Replace(oldHeader, "D1", strings.Repeat("D", protocol.MaxShortTextBytes+1), 1), "")), "documentId"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Parse([]byte(test.inside)); err != nil {
				t.Errorf("inside the limit: %v", err)
			}
			mustFail(t, []byte(test.outside), ErrTooLarge, test.place)
		})
	}
	t.Run("a message", func(t *testing.T) {
		mustFail(t, make([]byte, MaxMessageBytes+1), ErrTooLarge, "32 MiB")
	})
}

// TestFault reads a fault, and keeps its texts out of the error's own words.
func TestFault(t *testing.T) {
	_, err := Parse(read(t, "fault.xml"))
	var fault *FaultError
	if !errors.As(err, &fault) {
		t.Fatalf("error is %v, want a *FaultError", err)
	}
	want := FaultError{Code: "soap:Server", Text: "VP009 Källsystemet svarar inte", Actor: "SE2321000016-VP", Detail: "försök igen\nVP009"}
	if *fault != want {
		t.Errorf("fault is %+v, want %+v", *fault, want)
	}
	long := soapOpen + `<s:Fault><faultcode>s</faultcode><faultstring>` + strings.Repeat(marker+"å", 1000) + `</faultstring></s:Fault>` + soapClose
	_, err = Parse([]byte(long))
	if !errors.As(err, &fault) || len(fault.Text) > maxFaultBytes || !strings.HasSuffix(fault.Text, "…") {
		t.Errorf("a long fault is not cut at %d bytes: %v", maxFaultBytes, err)
	}
	if strings.Contains(err.Error(), marker) {
		t.Errorf("the error repeats the fault: %q", err)
	}
}

// TestDeviationsAreSilent holds deviations to naming places, and no values.
func TestDeviationsAreSilent(t *testing.T) {
	header := strings.NewReplacer("SE2321000016-SYS", marker+"!", "SE2321000016-U", marker+"å", "199701062383", marker, "20240312101500", marker).Replace(oldHeader)
	body := `<diagnosisTime>` + marker + `</diagnosisTime><` + marker + `><obsoleteTime>` + marker + `</obsoleteTime></` + marker + `>`
	m := parse(t, diagnoses(diagnosis(header, body)+`<`+marker+`>x</`+marker+`><result><resultCode>`+marker+`</resultCode></result>`))
	if len(m.Deviations) != 9 {
		t.Errorf("%d deviations, want 9: %v", len(m.Deviations), m.Deviations)
	}
	for _, d := range m.Deviations {
		if strings.Contains(d.Place+d.What, marker) {
			t.Errorf("deviation repeats the message: %v", d)
		}
	}
	if m.Complete() {
		t.Error("an answer with an unknown result code counts as complete")
	}
}

// TestDeviationsAreBounded sends more deviations than are listed.
func TestDeviationsAreBounded(t *testing.T) {
	m := parse(t, diagnoses(diagnosis(oldHeader, strings.Repeat(`<diagnosisTime>igår</diagnosisTime>`, maxListed+7))+okResult))
	if len(m.Deviations) != maxListed || m.Unlisted != 7 {
		t.Errorf("%d listed and %d unlisted, want %d and 7", len(m.Deviations), m.Unlisted, maxListed)
	}
}
