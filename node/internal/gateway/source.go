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
	number admin.ProblemNumber
	status int
}

// refusals in the order that they are looked at: the first that fits is told.
var refusals = [...]refusal{
	{errNoHSAID, admin.ProblemCaller, http.StatusForbidden},
	{ingest.ErrNotRegistered, admin.ProblemUnregistered, http.StatusForbidden},
	{ingest.ErrNotAllowed, admin.ProblemNotAllowed, http.StatusForbidden},
	{ingest.ErrAddress, admin.ProblemAddress, http.StatusUnprocessableEntity},
	{ingest.ErrPatient, admin.ProblemPatient, http.StatusUnprocessableEntity},
	{ingest.ErrTooLarge, admin.ProblemTooLarge, http.StatusRequestEntityTooLarge},
	{errLarge, admin.ProblemTooLarge, http.StatusRequestEntityTooLarge},
	{ingest.ErrUnknownContract, admin.ProblemContract, http.StatusUnprocessableEntity},
	{ingest.ErrMalformed, admin.ProblemMalformed, http.StatusBadRequest},
	{ingest.ErrAnswer, admin.ProblemRecord, http.StatusUnprocessableEntity},
	{ingest.ErrRecord, admin.ProblemRecord, http.StatusUnprocessableEntity},
	{ingest.ErrNoQuorum, admin.ProblemNotDurable, http.StatusServiceUnavailable},
	{ingest.ErrUnknown, admin.ProblemOutcome, http.StatusServiceUnavailable},
	{ingest.ErrContended, admin.ProblemContended, http.StatusServiceUnavailable},
	{errBusy, admin.ProblemBusy, http.StatusServiceUnavailable},
	{errSlowBody, admin.ProblemSlowBody, http.StatusRequestTimeout},
	{errEncoding, admin.ProblemEncoding, http.StatusUnsupportedMediaType},
	{errPartial, admin.ProblemHeader, http.StatusBadRequest},
	{errBody, admin.ProblemBody, http.StatusBadRequest},
}

// unforeseen is told when nothing fits. Its detail is not the error's text, which
// nobody has looked through for what it may hold.
var unforeseen = refusal{number: admin.ProblemIngest, status: http.StatusInternalServerError}

// SourceHandler serves source systems.
func (g *Gateway) SourceHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /source/v1/answers/{contract}", g.put)
	return mux
}

// put takes one answer.
func (g *Gateway) put(w http.ResponseWriter, r *http.Request) {
	g.counts.Put.Ask()
	receipt, err := g.answer(w, r)
	if err != nil {
		if told := refusalOf(err); told.status >= http.StatusInternalServerError && r.Context().Err() == nil {
			g.counts.Put.Fail()
		}
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
	level, detail := g.cfg.Logger.Info, err.Error()
	if told == unforeseen {
		level, detail = g.cfg.Logger.Error, ""
	}
	problem := told.number.Problem(detail)
	level("an answer was refused", "code", problem.Code, "error", err)
	w.Header().Set("Content-Type", "application/problem+json")
	if told.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	w.WriteHeader(told.status)
	_ = json.NewEncoder(w).Encode(problem) // the source went away: nothing to mend
}
