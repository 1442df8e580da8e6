package health

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol/admin"
)

func checks(found map[string]error) func() []Check {
	return func() (all []Check) {
		for _, name := range []string{"leader", "feeds", "disk"} {
			all = append(all, Check{Name: name, Ask: func() error { return found[name] }})
		}
		return all
	}
}

func TestReady(t *testing.T) {
	lost, late := errors.New("nobody\nleads"), Warn(errors.New("blocks are old"))
	for name, c := range map[string]struct {
		found  map[string]error
		query  string
		status int
		text   string
	}{
		"all is well":       {nil, "", 200, "ready\n"},
		"each check":        {nil, "?verbose", 200, "[+]leader ok\n[+]feeds ok\n[+]disk ok\nready\n"},
		"one warns":         {map[string]error{"feeds": late}, "", 200, "ready, but: feeds\n"},
		"one fails":         {map[string]error{"leader": lost, "feeds": late}, "", 503, "not ready: leader\n"},
		"each that fails":   {map[string]error{"leader": lost, "feeds": late}, "?verbose", 503, "[-]leader failed: nobody; leads\n[-]feeds warns: blocks are old\n[+]disk ok\nnot ready: leader\n"},
		"without that one":  {map[string]error{"leader": lost}, "?verbose&exclude=leader", 200, "[+]feeds ok\n[+]disk ok\n(1 excluded)\nready\n"},
		"without another":   {map[string]error{"leader": lost}, "?exclude=disk&exclude=feeds", 503, "not ready: leader\n"},
		"without a strange": {nil, "?verbose&exclude=x", 200, "[+]leader ok\n[+]feeds ok\n[+]disk ok\nready\n"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := httptest.NewRecorder()
			Ready(checks(c.found))(w, httptest.NewRequest(method, admin.PathReady+c.query, nil))
			want := c.text
			if method == http.MethodHead {
				want = ""
			}
			if w.Code != c.status || w.Body.String() != want || (w.Header().Get("Retry-After") != "") != (c.status == 503) {
				t.Errorf("%s, %s: %d %q, want %d %q", name, method, w.Code, w.Body.String(), c.status, want)
			}
		}
	}
}

func TestDisk(t *testing.T) {
	for free, want := range map[uint64]string{1000: "", 100: "", 99: "warns", 20: "warns", 19: "fails", 0: "fails"} {
		err := Disk(free, 1000)
		got := ""
		if err != nil {
			got = "fails"
		}
		if errors.Is(err, ErrWarns) {
			got = "warns"
		}
		if got != want {
			t.Errorf("%d of 1000 free: %v", free, err)
		}
	}
	if err := Disk(0, 0); err != nil {
		t.Errorf("a disk that nothing is known of: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), make([]byte, 700), 0o600); err != nil {
		t.Fatal(err)
	}
	if free, total, err := Room(dir); err != nil || total == 0 || free > total || Used(dir) != 700 {
		t.Errorf("%d of %d free, %d used, %v", free, total, Used(dir), err)
	}
	if _, _, err := Room(filepath.Join(dir, "none")); err == nil {
		t.Error("there is room where there is nothing")
	}
}

func TestCertificates(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	at := func(name string, after time.Duration) admin.Certificate {
		return admin.Certificate{Name: name, Until: now.Add(after).Format(time.RFC3339)}
	}
	const day = 24 * time.Hour
	long, soon, over := at("node", 31*day), at("client", 29*day), at("staff", 0)
	if err := Certificates([]admin.Certificate{long}, now); err != nil {
		t.Error(err)
	}
	if err := Certificates([]admin.Certificate{long, soon}, now); !errors.Is(err, ErrWarns) {
		t.Errorf("one that runs out soon: %v", err)
	}
	if err := Certificates([]admin.Certificate{soon, over}, now); err == nil || errors.Is(err, ErrWarns) {
		t.Errorf("one that has run out: %v", err)
	}
	if diff := cmp.Diff(soon.Until, First([]admin.Certificate{long, soon})); diff != "" {
		t.Error(diff)
	}
	if First(nil) != "" {
		t.Error("nothing runs out first")
	}
}
