package upstream

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Errors of a service. None of them repeats what the service wrote: texts of its own
// may name a patient.
var (
	ErrUnavailable = errors.New("the service cannot be reached or cannot answer")
	ErrAnswer      = errors.New("the service's answer cannot be taken")
	ErrRefused     = errors.New("the service refused")
)

// Limits of the services.
const (
	MaxAnswerBytes    = 64 << 20         // one answer
	maxElements       = 1000             // in one row of an answer
	maxElementDepth   = 16               // of an answer
	maxElementText    = 16 << 10         // text of one element
	maxHeaderBytes    = 64 << 10         // HTTP headers of an answer
	dialTimeout       = 3 * time.Second  // with the TLS handshake, twice
	idleConnections   = 4                // kept to one service
	idleTimeout       = 90 * time.Second // of a connection
	envelopeSpace     = "http://schemas.xmlsoap.org/soap/envelope/"
	registrySpace     = "urn:riv:itintegration:registry:1"
	schemaInstance    = "http://www.w3.org/2001/XMLSchema-instance"
	contentType       = "text/xml; charset=utf-8"
	faultCodeMaxBytes = 5 // VP007
)

// Endpoint is where a service answers.
type Endpoint struct {
	Client  *http.Client // see NewClient
	URL     string
	Address string // logical address of who answers in the end
}

// NewClient returns what services are called with: no proxy, no redirect, no
// compression, and for https the certificates of the configuration alone, which is asked
// for at each connection: certificates are renewed while a node runs. A service that is
// called over http has none.
func NewClient(certificates func() *tls.Config) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			DialTLSContext:         secure(dialer, certificates),
			MaxIdleConnsPerHost:    idleConnections,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			DisableCompression:     true, // a small answer could unpack to a large one
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("a redirect, and what is asked is for one service alone")
		},
	}
}

// secure connects over TLS; nil where no certificates are given: then nothing is called so.
func secure(dialer *net.Dialer, certificates func() *tls.Config) func(context.Context, string, string) (net.Conn, error) {
	if certificates == nil {
		return nil
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		config := certificates()
		config.NextProtos = []string{"h2", "http/1.1"}
		ctx, cancel := context.WithTimeout(ctx, 2*dialTimeout) // to reach it, and for the handshake
		defer cancel()
		return (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext(ctx, network, address)
	}
}

// contract is one operation of a service: what it is called, and what may stand in its
// answer.
type contract struct {
	name    string          // of the operation
	request string          // element of the question; older domains name it apart
	space   string          // of the interaction
	types   string          // namespace of the answer's fields, beside the interaction's own; empty: none
	fields  map[string]bool // of the answer: others are passed over
}

func newContract(space, types, name string, fields ...string) contract {
	c := contract{name: name, request: name, space: space, types: types, fields: make(map[string]bool, len(fields))}
	for _, f := range fields {
		c.fields[f] = true
	}
	return c
}

// call asks, and hands over each field of the answer as it is read. What take has been
// given before an error is worth nothing.
func (e Endpoint) call(ctx context.Context, c contract, timeout time.Duration, body string, take func(*element) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, strings.NewReader(e.envelope(c, body)))
	if err != nil {
		return fmt.Errorf("%s: %w: its address cannot be used", c.name, ErrUnavailable)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("SOAPAction", `"`+c.space+":"+c.name+`"`)
	response, err := e.Client.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", c.name, ErrUnavailable, err)
	}
	defer response.Body.Close()
	if s := response.StatusCode; s != http.StatusOK && s != http.StatusInternalServerError {
		return fmt.Errorf("%s: %w: HTTP status %d", c.name, ErrUnavailable, s)
	}
	r := &reader{in: io.LimitedReader{R: response.Body, N: MaxAnswerBytes + 1}}
	r.begin()
	if err := r.answer(c, take); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %w: HTTP status %d without a fault", c.name, ErrUnavailable, response.StatusCode)
	}
	return nil
}

// envelope makes the message around a body's fields, which are written already.
func (e Endpoint) envelope(c contract, body string) string {
	var b strings.Builder
	b.Grow(len(body) + 512)
	b.WriteString(xml.Header + `<s:Envelope xmlns:s="` + envelopeSpace + `"><s:Header><LogicalAddress xmlns="` + registrySpace + `">`)
	escape(&b, e.Address)
	b.WriteString(`</LogicalAddress></s:Header><s:Body><r:` + c.request + ` xmlns:r="` + c.space + `" xmlns:t="` + c.types + `">`)
	b.WriteString(body)
	b.WriteString(`</r:` + c.request + `></s:Body></s:Envelope>`)
	return b.String()
}

// fields writes elements. Those of an interaction have the prefix r, those of its types t.
type fields struct{ strings.Builder }

// put writes an element; an empty text is left out.
func (f *fields) put(name, text string) {
	if text == "" {
		return
	}
	f.WriteString("<" + name + ">")
	escape(&f.Builder, text)
	f.WriteString("</" + name + ">")
}

// in writes an element around others.
func (f *fields) in(name string, write func()) {
	f.WriteString("<" + name + ">")
	write()
	f.WriteString("</" + name + ">")
}

func escape(b *strings.Builder, text string) {
	_ = xml.EscapeText(b, []byte(text)) // a Builder takes everything
}
