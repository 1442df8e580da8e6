package standin

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
)

// maxRequestBytes is enough for a full StoreLog: 500 posts with the longest texts.
const maxRequestBytes = 16 << 20

const soapNamespace = "http://schemas.xmlsoap.org/soap/envelope/"

// faultError is a technical error: the caller gets a SOAP fault.
type faultError struct {
	code string // Client or Server
	text string
}

func (f *faultError) Error() string { return f.text }

func malformed(format string, args ...any) error {
	return &faultError{"Client", "VP015 " + fmt.Sprintf(format, args...)}
}

// envelope is a request, with the body that a service takes.
type envelope[B any] struct {
	XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Header  struct {
		Address string `xml:"urn:riv:itintegration:registry:1 LogicalAddress"`
	} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Header"`
	Body B `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
}

// extra gathers elements that a request has and the contract has not. A client that
// misspells one would otherwise be answered as if it had left it out.
type extra struct {
	Unknown []struct{ XMLName xml.Name } `xml:",any"`
}

func (e extra) fault() error {
	if len(e.Unknown) == 0 {
		return nil
	}
	return malformed("the element %s in %q is not of the contract there", e.Unknown[0].XMLName.Local, e.Unknown[0].XMLName.Space)
}

// demand reads a request's body, which must be of the contract, whole.
func demand[B any](text []byte) (B, error) {
	var e envelope[B]
	if err := xml.Unmarshal(text, &e); err != nil {
		return e.Body, malformed("not an envelope of this contract")
	}
	if e.Header.Address == "" {
		return e.Body, &faultError{"Client", "VP003 No receiver ID (RIV-TA logical address) found in message header"}
	}
	return e.Body, nil
}

// namespaces are an answer's: of the interaction, and of the domain's types.
type namespaces struct{ interaction, types string }

// envelopeOut is an answer. Its content names elements by the prefixes r, of the
// interaction, and c, of the types.
type envelopeOut struct {
	XMLName xml.Name `xml:"soapenv:Envelope"`
	Soap    string   `xml:"xmlns:soapenv,attr"`
	R       string   `xml:"xmlns:r,attr,omitempty"`
	C       string   `xml:"xmlns:c,attr,omitempty"`
	Body    struct {
		Content any
	} `xml:"soapenv:Body"`
}

// encode writes an answer.
func encode(n namespaces, content any) ([]byte, error) {
	out := envelopeOut{Soap: soapNamespace, R: n.interaction, C: n.types}
	out.Body.Content = content
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(out); err != nil {
		return nil, fmt.Errorf("encoding an answer: %w", err)
	}
	return b.Bytes(), nil
}

// faultOut is a SOAP 1.1 fault.
type faultOut struct {
	XMLName xml.Name `xml:"soapenv:Fault"`
	Code    string   `xml:"faultcode"`
	Text    string   `xml:"faultstring"`
}

// refuse answers with a SOAP fault.
func refuse(w http.ResponseWriter, err error) {
	fault := &faultError{"Server", "VP009 the stand-in failed"}
	_ = errors.As(err, &fault) // another error stays what the line above says
	text, err := encode(namespaces{}, faultOut{Code: "soapenv:" + fault.code, Text: fault.text})
	if err != nil {
		http.Error(w, "the fault cannot be written", http.StatusInternalServerError)
		return
	}
	send(w, http.StatusInternalServerError, text)
}

func send(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the caller is gone: nothing to tell
}

// result is how the security services begin their answers. The domain of relations
// is older and writes its elements with capitals: see resultV1.
type result struct {
	Code string `xml:"c:resultCode"`
	Text string `xml:"c:resultText"`
}

type resultV1 struct {
	Code string `xml:"c:ResultCode"`
	Text string `xml:"c:ResultText"`
}

// Result codes.
const (
	codeOK    = "OK"
	codeError = "ERROR"
	// The domain of blocks spells it in one word, the others in two.
	codeBlocksInvalid = "VALIDATIONERROR"
	codeInvalid       = "VALIDATION_ERROR"
)

// personID is an id with its root, as the newer domains write it.
type personID struct {
	Root      string `xml:"c:root"`
	Extension string `xml:"c:extension"`
}
