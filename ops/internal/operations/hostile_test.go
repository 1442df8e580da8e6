package operations

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whatever lies among the reports, the page neither waits for it nor is led elsewhere.
func TestOnlyFilesAreReports(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	const report = `{"kind":"drill","name":"theirs","started":"2026-03-01T10:00:00Z","verdict":"pass"}`
	if err := os.WriteFile(elsewhere, []byte(report), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, "link.json")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := strings.Replace(report, "theirs", strings.Repeat("long", maxReportBytes/8), 1)
	if err := os.WriteFile(filepath.Join(dir, "long.json"), []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan []Report, 1)
	go func() { got <- new(shelf).reports(dir) }()
	select {
	case all := <-got:
		if len(all) != 1 || len(all[0].Name) > 1000 {
			t.Errorf("%d reports, the first one's name has %d bytes", len(all), len(all[0].Name))
		}
	case <-t.Context().Done():
	}
}

// What a node or a file says stays on its line of an event.
func TestAnEventIsOne(t *testing.T) {
	s, err := New(&fake{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := s.event(&text, page{Lost: "a\r\rdata: b\rretry: 0\u2028c"}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "\r") || strings.Count(text.String(), "\n\n") != 1 {
		t.Errorf("%q", text.String())
	}
}

// Another site's page, which cannot read the answer, does not take the viewers' places.
func TestOtherSitesAreRefused(t *testing.T) {
	s, err := New(&fake{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		site, mode string
		want       int
	}{
		{"", "", http.StatusOK}, {"none", "navigate", http.StatusOK}, {"same-origin", "cors", http.StatusOK},
		{"cross-site", "navigate", http.StatusOK}, // a link that somebody followed
		{"cross-site", "no-cors", http.StatusForbidden}, {"same-site", "cors", http.StatusForbidden},
	} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
			r.Header.Set("Sec-Fetch-Mode", c.mode)
		}
		if s.Handler().ServeHTTP(w, r); w.Code != c.want {
			t.Errorf("from %q by %q: status %d", c.site, c.mode, w.Code)
		}
	}
}
