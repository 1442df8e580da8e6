package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"tvilling/node/internal/ingest"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Headers of a source's answer.
const (
	headerSource  = "Tvilling-Source"
	headerPatient = "Tvilling-Patient"
	headerPartial = "Tvilling-Partial"
)

// Failures that have no sentinel elsewhere.
var (
	errNoHSAID  = errors.New("the certificate's subject has no serialNumber that is an HSA-id")
	errBody     = errors.New("the body could not be read")
	errSlowBody = errors.New("the body did not arrive in time")
	errLarge    = fmt.Errorf("the body is larger than %d bytes", maxAnswerBytes)
	errEncoding = errors.New("a body with a Content-Encoding is not taken")
	errPartial  = errors.New(headerPartial + " is true, false or left out")
	errBusy     = errors.New("too many answers are being read at once")
)

// refusal is what a source is told of a failure, and with which status.
type refusal struct {
	err    error
	code   string
	status int
	title  string
	action string
}

// refusals in the order that they are looked at: the first that fits is told. The
// numbers are in sources' own handbooks: append only, never reuse.
var refusals = [...]refusal{
	{errNoHSAID, "TV-3001", http.StatusForbidden, "The certificate does not say who you are", "Use a certificate with the system's HSA-id in the subject's serialNumber."},
	{ingest.ErrNotRegistered, "TV-3002", http.StatusForbidden, "The source is not registered", "Ask the operators to register the source system."},
	{ingest.ErrNotAllowed, "TV-3003", http.StatusForbidden, "You may not write this", "Ask the operators what the source is registered for, and whether you are its agent."},
	{ingest.ErrAddress, "TV-3004", http.StatusUnprocessableEntity, "The answer is addressed wrongly", "Send it to the address of its own contract, for its own source system."},
	{ingest.ErrPatient, "TV-3005", http.StatusUnprocessableEntity, "The answer is not about exactly one patient", "Send one patient's records, and name the patient in " + headerPatient + " where there is no record."},
	{ingest.ErrTooLarge, "TV-3007", http.StatusRequestEntityTooLarge, "The answer is too large", "Ask for less at a time and send each part with " + headerPartial + ": true."},
	{errLarge, "TV-3007", http.StatusRequestEntityTooLarge, "The answer is too large", "Ask for less at a time and send each part with " + headerPartial + ": true."},
	{ingest.ErrUnknownContract, "TV-3008", http.StatusUnprocessableEntity, "The message is no answer of a contract that is kept", "Send an answer of one of the contracts that the source is registered for."},
	{ingest.ErrMalformed, "TV-3006", http.StatusBadRequest, "The answer cannot be read", "Mend the message at the place that is named; source inspect reads it without sending it."},
	{ingest.ErrAnswer, "TV-3009", http.StatusUnprocessableEntity, "The answer cannot be kept", "Mend the record at the place that is named."},
	{ingest.ErrRecord, "TV-3009", http.StatusUnprocessableEntity, "The answer cannot be kept", "Mend the record at the place that is named."},
	{ingest.ErrNoQuorum, "TV-3010", http.StatusServiceUnavailable, "Nothing can be made durable now", "Nothing was removed. Of a large answer the first parts may have been written, of a small one nothing. Send the whole answer again, here or to another node: the same twice changes nothing."},
	{ingest.ErrUnknown, "TV-3010", http.StatusServiceUnavailable, "Nothing could be made durable in time", "It may have been written, in whole or in part, or not. Send the whole answer again: the same twice changes nothing."},
	{ingest.ErrContended, "TV-3011", http.StatusServiceUnavailable, "The node is busy", "Others wrote the same set all the while; parts of this answer may have been written, and nothing was removed. Send the whole answer again in a few seconds."},
	{errBusy, "TV-3011", http.StatusServiceUnavailable, "The node is busy", "Send it again in a few seconds."},
	{errSlowBody, "TV-3012", http.StatusRequestTimeout, "The answer did not arrive in time", "Send it again over a connection that keeps up."},
	{errEncoding, "TV-3013", http.StatusUnsupportedMediaType, "The body is encoded", "Send the message as it is, without Content-Encoding."},
	{errPartial, "TV-3014", http.StatusBadRequest, "A header cannot be read", "Mend the header that is named."},
	{errBody, "TV-3015", http.StatusBadRequest, "The body did not arrive", "Send it again."},
}

// unforeseen is told when nothing fits. Its detail is not the error's text, which
// nobody has looked through for what it may hold.
var unforeseen = refusal{code: "TV-3099", status: http.StatusInternalServerError, title: "Something failed in the node",
	action: "Send it again. If it goes on, tell the operators the time and the code."}

// SourceHandler serves source systems.
func (g *Gateway) SourceHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /source/v1/answers/{contract}", g.put)
	return mux
}

// put takes one answer.
func (g *Gateway) put(w http.ResponseWriter, r *http.Request) {
	receipt, err := g.answer(w, r)
	if err != nil {
		g.tellProblem(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(receipt) // the source went away: sending it again is harmless
}

func (g *Gateway) answer(w http.ResponseWriter, r *http.Request) (ingest.Receipt, error) {
	request, err := requestOf(r)
	if err != nil {
		return ingest.Receipt{}, err
	}
	leave, err := g.room(r)
	if err != nil {
		return ingest.Receipt{}, err
	}
	defer leave()
	if request.Message, err = body(w, r); err != nil {
		return ingest.Receipt{}, err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), durableWithin, ingest.ErrUnknown)
	defer cancel()
	return g.cfg.Ingest.Put(ctx, request)
}

// room waits, bounded and in turn, until there is room for an answer beside those that
// are being read and made durable. One that does not say how large it is, is counted
// as the largest.
func (g *Gateway) room(r *http.Request) (leave func(), err error) {
	size := r.ContentLength
	switch {
	case size > maxAnswerBytes:
		return nil, errLarge
	case size < 0:
		size = maxAnswerBytes
	}
	size = max(size, minAnswerRoom)
	ctx, cancel := context.WithTimeout(r.Context(), g.wait)
	defer cancel()
	if g.answers.Acquire(ctx, size) != nil {
		return nil, errBusy
	}
	return func() { g.answers.Release(size) }, nil
}

// requestOf reads who sends, and what the headers say. The patient is in a header,
// since addresses end up in the logs of whatever stands between.
func requestOf(r *http.Request) (ingest.Request, error) {
	q := ingest.Request{
		Contract: r.PathValue("contract"),
		Source:   r.Header.Get(headerSource), Patient: r.Header.Get(headerPatient),
	}
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return q, errNoHSAID
	}
	caller, err := protocol.ParseSourceID(r.TLS.VerifiedChains[0][0].Subject.SerialNumber)
	if err != nil {
		return q, errNoHSAID
	}
	q.Caller = caller.Reveal()
	if c := r.Header.Get("Content-Encoding"); c != "" && c != "identity" {
		return q, errEncoding
	}
	if p := r.Header.Get(headerPartial); p != "" {
		if q.Partial, err = strconv.ParseBool(p); err != nil {
			return q, errPartial
		}
	}
	return q, nil
}

// body reads a body within its bounds of size and time.
func body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > maxAnswerBytes {
		return nil, errLarge
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(answerWithin)) // the server's own bound stands if it cannot be set
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswerBytes))
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return b, nil
	case errors.As(err, &large):
		return nil, errLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errSlowBody
	default:
		return nil, errBody
	}
}

// refusalOf finds what to tell of an error.
func refusalOf(err error) refusal {
	for _, one := range refusals {
		if errors.Is(err, one.err) {
			return one
		}
	}
	return unforeseen
}

func (g *Gateway) tellProblem(w http.ResponseWriter, err error) {
	told := refusalOf(err)
	problem := admin.Problem{Code: told.code, Title: told.title, Action: told.action}
	level := g.cfg.Logger.Info
	if told == unforeseen {
		level = g.cfg.Logger.Error
	} else {
		problem.Detail = err.Error()
	}
	level("an answer was refused", "code", told.code, "error", err)
	w.Header().Set("Content-Type", "application/problem+json")
	if told.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	w.WriteHeader(told.status)
	_ = json.NewEncoder(w).Encode(problem) // the source went away: nothing to mend
}
