// Package sourceclient delivers answers of source systems to a cluster: it is the
// sending side of ingest.
//
// It owns the source's connection: its certificate, which node to try next, how long
// to go on. Sending the same answer twice changes nothing, so it may repeat whatever
// did not succeed. It must never put a patient in an address, an error or a log.
package sourceclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Limits of a delivery.
const (
	dialTimeout     = 2 * time.Second
	callTimeout     = 30 * time.Second // one try at one node
	maxReceiptBytes = 64 << 10
	maxRounds       = 6                      // times that every node is tried
	firstPause      = 200 * time.Millisecond // between rounds, doubled each time
	maxConnections  = 16                     // to one node
)

// Errors.
var (
	ErrFiles    = errors.New("the source's certificate cannot be used")
	ErrNowhere  = errors.New("no address to send to")
	ErrMessage  = errors.New("the message is no answer of a contract that is kept")
	ErrFault    = errors.New("the message is a fault, which does not name its contract")
	ErrNoAnswer = errors.New("no node took the message")
)

// RefusedError is a node's reasoned no: sending the same again gives the same.
type RefusedError struct {
	Status  int
	Problem admin.Problem
}

// Error says the code, what is wrong and what to do.
func (e *RefusedError) Error() string {
	p := e.Problem
	text := p.Code + " " + p.Title
	// A detail that begins by saying the title again adds what comes after it.
	detail := p.Detail
	if n := len(p.Title); len(detail) >= n && strings.EqualFold(detail[:n], p.Title) {
		detail = strings.TrimPrefix(detail[n:], ": ")
	}
	if detail != "" {
		text += ": " + detail
	}
	if p.Action != "" {
		text += ". " + p.Action
	}
	return text
}

// temporary reports whether another node, or the same one later, may say yes.
func (e *RefusedError) temporary() bool {
	switch e.Status {
	case http.StatusServiceUnavailable, http.StatusRequestTimeout, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Receipt says what became durable, and at which log index.
type Receipt struct {
	Index     uint64 `json:"index"`
	Documents int    `json:"documents"`
	Changed   int    `json:"changed"`
	Unchanged int    `json:"unchanged"`
	Removed   int    `json:"removed"`
	Failed    bool   `json:"failed,omitempty"` // the answer was a fault: only the set's status changed
}

// Config says who sends, and where.
type Config struct {
	Addresses   []string // host:port of source listeners; the first is tried first
	Authority   string   // file: the cluster's authority
	Certificate string   // file
	Key         string   // file

	// Waiting is told, from any goroutine, that no node takes a message now, why, and
	// how long it waits until it is sent again. nil: nobody is told.
	Waiting func(wait time.Duration, why error)
	// Tried is told, from any goroutine, how each try at one node went. nil: nobody is.
	Tried func(err error)
}

// Client delivers to one cluster. It is safe for concurrent use.
type Client struct {
	addresses []string
	http      *http.Client
	waiting   func(wait time.Duration, why error)
	tried     func(err error)
	pause     func(ctx context.Context, d time.Duration) error
}

// New reads the files and makes a Client.
func New(c Config) (*Client, error) {
	if len(c.Addresses) == 0 {
		return nil, ErrNowhere
	}
	authority, err := os.ReadFile(c.Authority)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFiles, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%w: %s holds no certificate", ErrFiles, c.Authority)
	}
	mine, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFiles, err)
	}
	if c.Waiting == nil {
		c.Waiting = func(time.Duration, error) {}
	}
	if c.Tried == nil {
		c.Tried = func(error) {}
	}
	return &Client{addresses: c.Addresses, waiting: c.Waiting, tried: c.Tried, pause: pause, http: &http.Client{Transport: &http.Transport{
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: 16 << 10,
		MaxConnsPerHost:        maxConnections,
		MaxIdleConnsPerHost:    maxConnections,
		IdleConnTimeout:        30 * time.Second,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots,
			GetClientCertificate: func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if err := asked.SupportsCertificate(&mine); err != nil {
					return nil, fmt.Errorf("%w: %s is not of an authority that the node takes sources from", ErrFiles, c.Certificate)
				}
				return &mine, nil
			}},
	}}}, nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Message is one answer to deliver.
type Message struct {
	Contract protocol.Contract
	Source   string             // HSA-id of the source system; empty: the certificate's own
	Patient  protocol.PatientID // zero: the records name it
	Partial  bool               // the answer was limited: nothing may be deleted
	Body     []byte
}

// ContractOf finds which contract a message answers, by its response element.
func ContractOf(message []byte) (protocol.Contract, error) {
	d := xml.NewDecoder(bytes.NewReader(message))
	for {
		token, err := d.Token()
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) {
			return protocol.NoContract, fmt.Errorf("%w: it is no well-formed XML, line %d", ErrMessage, syntax.Line)
		}
		if err != nil {
			return protocol.NoContract, fmt.Errorf("%w: it has no response element", ErrMessage)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local == "Fault" {
			return protocol.NoContract, ErrFault
		}
		if name, is := strings.CutSuffix(start.Name.Local, "Response"); is {
			if c, known := protocol.ContractNamed(name); known {
				return c, nil
			}
			return protocol.NoContract, ErrMessage
		}
	}
}

// Put delivers a message, at any node that takes it, and returns when it is durable.
func (c *Client) Put(ctx context.Context, m Message) (Receipt, error) {
	var last error
	wait := firstPause
	for round := range maxRounds {
		if round > 0 {
			c.waiting(wait, last)
			if err := c.pause(ctx, wait); err != nil {
				return Receipt{}, fmt.Errorf("%w: %w", ErrNoAnswer, last)
			}
			wait *= 2
		}
		for _, address := range c.addresses {
			receipt, err := c.try(ctx, address, m)
			c.tried(err)
			var refused *RefusedError
			if err == nil || errors.As(err, &refused) && !refused.temporary() {
				return receipt, err
			}
			if errors.Is(err, ErrFiles) {
				return Receipt{}, err
			}
			if last = err; ctx.Err() != nil {
				return Receipt{}, fmt.Errorf("%w: %w", ErrNoAnswer, last)
			}
		}
	}
	return Receipt{}, fmt.Errorf("%w: %w", ErrNoAnswer, last)
}

func (c *Client) try(ctx context.Context, address string, m Message) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	to := "https://" + address + "/source/v1/answers/" + m.Contract.String()
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, to, bytes.NewReader(m.Body))
	if err != nil {
		return Receipt{}, err
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	if m.Source != "" {
		r.Header.Set("Tvilling-Source", m.Source)
	}
	if !m.Patient.IsZero() {
		r.Header.Set("Tvilling-Patient", m.Patient.Reveal())
	}
	if m.Partial {
		r.Header.Set("Tvilling-Partial", "true")
	}
	response, err := c.http.Do(r)
	if err != nil {
		return Receipt{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxReceiptBytes))
	if err != nil {
		return Receipt{}, err
	}
	if response.StatusCode != http.StatusOK {
		refused := &RefusedError{Status: response.StatusCode}
		if json.Unmarshal(raw, &refused.Problem) != nil || refused.Problem.Code == "" {
			refused.Problem = admin.Problem{Code: "TV-3098", Title: "no reasoned answer: " + response.Status, Action: "Is this the address of a source listener?"}
		}
		return Receipt{}, refused
	}
	var receipt Receipt
	if err := json.Unmarshal(raw, &receipt); err != nil {
		return Receipt{}, fmt.Errorf("reading the receipt: %w", err)
	}
	return receipt, nil
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
