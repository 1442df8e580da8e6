package gateway

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/ingest"
	"tvilling/protocol/admin"
)

const (
	system  = "SE3000000003-S1"
	patient = "191212121212"
)

// send puts an answer with a certificate.
func (w *world) send(t *testing.T, cert *tls.Certificate, body io.Reader, header ...string) (*http.Response, error) {
	t.Helper()
	config := &tls.Config{RootCAs: w.web.pool(), NextProtos: []string{"h2", "http/1.1"}}
	if cert != nil {
		config.Certificates = []tls.Certificate{*cert}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "https://"+w.source+"/source/v1/answers/GetDiagnosis", body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := (&http.Transport{TLSClientConfig: config, DisableKeepAlives: true, ForceAttemptHTTP2: true}).RoundTrip(r)
	if err == nil {
		t.Cleanup(func() { _ = response.Body.Close() })
	}
	return response, err
}

// problem wants a refusal, and returns it.
func problem(t *testing.T, r *http.Response, err error) admin.Problem {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var p admin.Problem
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil || r.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d, %q: %v", r.StatusCode, r.Header.Get("Content-Type"), err)
	}
	return p
}

func TestAnAnswerIsPassedOn(t *testing.T) {
	w := start(t, nil)
	r, err := w.send(t, w.sources.issue(strings.ToLower(system)), strings.NewReader("<answer/>"),
		headerSource, "SE3000000003-S2", headerPatient, patient, headerPartial, "true")
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK || r.ProtoMajor != 1 || r.TLS.Version != tls.VersionTLS13 {
		t.Errorf("%d over %s", r.StatusCode, r.Proto)
	}
	var receipt ingest.Receipt
	if err := json.NewDecoder(r.Body).Decode(&receipt); err != nil || receipt.Index != 42 {
		t.Errorf("receipt %+v, %v", receipt, err)
	}
	want := []ingest.Request{{Caller: system, Source: "SE3000000003-S2", Patient: patient, Contract: "GetDiagnosis", Partial: true, Message: []byte("<answer/>")}}
	if diff := cmp.Diff(want, w.intake.got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(w.log.String(), patient) {
		t.Error("the patient is in the log")
	}
}

func TestWhoMayNotSend(t *testing.T) {
	w := start(t, nil)
	for name, cert := range map[string]*tls.Certificate{"nobody": nil, "another authority's": newAuthority(t).issue(system)} {
		if _, err := w.send(t, cert, strings.NewReader("x")); err == nil {
			t.Errorf("%s: a connection", name)
		}
	}
	for _, serial := range []string{"", "not an id", patient + "/x"} {
		r, err := w.send(t, w.sources.issue(serial), strings.NewReader("x"))
		if p := problem(t, r, err); p.Code != "TV-3001" || r.StatusCode != http.StatusForbidden {
			t.Errorf("serialNumber %q: %d %+v", serial, r.StatusCode, p)
		}
	}
	if len(w.intake.got) != 0 {
		t.Error("something was taken")
	}
}

func TestAnswersThatAreNotRead(t *testing.T) {
	w := start(t, nil)
	cert := w.sources.issue(system)
	cases := map[string]struct {
		body   io.Reader
		header []string
		code   string
		status int
	}{
		"too large":      {io.LimitReader(zeros{}, maxAnswerBytes+1), nil, "TV-3007", http.StatusRequestEntityTooLarge},
		"encoded":        {strings.NewReader("x"), []string{"Content-Encoding", "gzip"}, "TV-3013", http.StatusUnsupportedMediaType},
		"a wrong header": {strings.NewReader("x"), []string{headerPartial, "perhaps"}, "TV-3014", http.StatusBadRequest},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r, err := w.send(t, cert, c.body, c.header...)
			if p := problem(t, r, err); p.Code != c.code || r.StatusCode != c.status || p.Action == "" {
				t.Errorf("%d %+v", r.StatusCode, p)
			}
		})
	}
	if len(w.intake.got) != 0 {
		t.Error("something was taken")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// unsized is a body that does not say how large it is: it counts for the largest.
func unsized() io.Reader { return struct{ io.Reader }{strings.NewReader("x")} }

func TestAnswersAtOnceAreBounded(t *testing.T) {
	const most = answersRoom / maxAnswerBytes
	w := start(t, nil)
	w.intake.enter, w.intake.leave = make(chan struct{}), make(chan struct{})
	cert := w.sources.issue(system)
	sent := make(chan error, most+1)
	send := func() {
		_, err := w.send(t, cert, unsized())
		sent <- err
	}
	for range most {
		go send()
	}
	for range most {
		<-w.intake.enter
	}

	// One more waits for its turn, and is refused when that does not come in time.
	w.wait = time.Millisecond
	r, err := w.send(t, cert, unsized())
	if p := problem(t, r, err); p.Code != "TV-3011" || r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("%d %+v", r.StatusCode, p)
	}
	w.wait = time.Minute
	go send()
	w.intake.leave <- struct{}{}
	<-w.intake.enter
	for range most {
		w.intake.leave <- struct{}{}
	}
	for range most + 1 {
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
}

func TestProblems(t *testing.T) {
	cases := []struct {
		err    error
		code   string
		status int
	}{
		{errNoHSAID, "TV-3001", http.StatusForbidden},
		{ingest.ErrNotRegistered, "TV-3002", http.StatusForbidden},
		{ingest.ErrNotAllowed, "TV-3003", http.StatusForbidden},
		{ingest.ErrAddress, "TV-3004", http.StatusUnprocessableEntity},
		{ingest.ErrPatient, "TV-3005", http.StatusUnprocessableEntity},
		{ingest.ErrMalformed, "TV-3006", http.StatusBadRequest},
		{ingest.ErrTooLarge, "TV-3007", http.StatusRequestEntityTooLarge},
		{errLarge, "TV-3007", http.StatusRequestEntityTooLarge},
		{ingest.ErrUnknownContract, "TV-3008", http.StatusUnprocessableEntity},
		{ingest.ErrAnswer, "TV-3009", http.StatusUnprocessableEntity},
		{ingest.ErrRecord, "TV-3009", http.StatusUnprocessableEntity},
		{ingest.ErrNoQuorum, "TV-3010", http.StatusServiceUnavailable},
		{ingest.ErrUnknown, "TV-3016", http.StatusServiceUnavailable},
		{ingest.ErrContended, "TV-3017", http.StatusServiceUnavailable},
		{errBusy, "TV-3011", http.StatusServiceUnavailable},
		{errSlowBody, "TV-3012", http.StatusRequestTimeout},
		{errEncoding, "TV-3013", http.StatusUnsupportedMediaType},
		{errPartial, "TV-3014", http.StatusBadRequest},
		{errBody, "TV-3015", http.StatusBadRequest},
		{context.Canceled, "TV-3099", http.StatusInternalServerError},
	}
	told := map[error]bool{}
	for _, c := range cases {
		told[c.err] = true
		got := refusalOf(fmt.Errorf("at the place: %w", c.err))
		told := got.number.Problem("")
		if told.Code != c.code || got.status != c.status || told.Title == "" || told.Action == "" {
			t.Errorf("%v: %s, %d", c.err, told.Code, got.status)
		}
	}
	for _, one := range refusals {
		if !told[one.err] {
			t.Errorf("no case for %v", one.err)
		}
	}
}

// A large answer is written in parts: where one fails, the words must not deny those
// that came before it.
func TestWhatMayHaveBeenWrittenInPartIsSaid(t *testing.T) {
	for _, err := range []error{ingest.ErrNoQuorum, ingest.ErrUnknown, ingest.ErrContended} {
		if action := refusalOf(err).number.Problem("").Action; strings.HasPrefix(action, "Nothing was written") || !strings.Contains(action, "part") || !strings.Contains(action, "Send the whole answer again") {
			t.Errorf("%v: told %q", err, action)
		}
	}
}

// An error that nobody foresaw is not quoted to the source: who knows what it holds.
func TestTheUnforeseenIsNotQuoted(t *testing.T) {
	w := start(t, nil)
	w.intake.err = fmt.Errorf("something about %s", patient)
	r, err := w.send(t, w.sources.issue(system), strings.NewReader("x"))
	if p := problem(t, r, err); p.Code != "TV-3099" || strings.Contains(fmt.Sprint(p), patient) {
		t.Errorf("%d %+v", r.StatusCode, p)
	}
	w.intake.err = fmt.Errorf("%w: Envelope/Body line 3", ingest.ErrMalformed)
	r, err = w.send(t, w.sources.issue(system), strings.NewReader("x"))
	if p := problem(t, r, err); p.Code != "TV-3006" || !strings.Contains(p.Detail, "line 3") {
		t.Errorf("the place is lost: %+v", p)
	}
	if asked, failed := w.Counts().Put.Read(); asked != 2 || failed != 1 {
		t.Errorf("%d answers and %d failed: only what was not foreseen is the node's failure", asked, failed)
	}
}
