package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A source or an agent can only write: nothing on its listener answers a question,
// and what its one call answers is the receipt.
func TestASourceCanReadNothing(t *testing.T) {
	w := start(t, nil)
	for _, path := range []string{"/", "/source/v1/answers/GetDiagnosis", "/source/v1/answers/", "/source/v1/", "/stream", "/livez", "/readyz",
		"/assets/", "/admin/v1/status", "/admin/v1/record", "/metrics", "/debug/pprof/"} {
		for _, method := range []string{"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "PUT"} {
			if method == "PUT" && path == "/source/v1/answers/GetDiagnosis" {
				continue
			}
			answer := httptest.NewRecorder()
			w.SourceHandler().ServeHTTP(answer, httptest.NewRequest(method, path, nil))
			if answer.Code != http.StatusNotFound && answer.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d %s", method, path, answer.Code, answer.Body)
			}
		}
	}
	r, err := w.send(t, w.sources.issue(system), strings.NewReader("<answer/>"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || strings.TrimSpace(string(body)) != `{"index":42,"documents":1,"changed":1,"unchanged":0,"removed":0}` {
		t.Errorf("the receipt: %s, %v", body, err)
	}
}
