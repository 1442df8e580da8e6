package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol/admin"
)

// fake is a cluster of two, one of which is silent. Its answers hold what they must not.
type fake struct{ secret string }

func (fake) Topology() admin.Topology {
	return admin.Topology{Cluster: "norr", Members: []admin.Node{{ID: "a1", Site: "A", Role: "data"}, {ID: "b1", Site: "B", Role: "data"}}}
}
func (fake) OperatorUntil() time.Time { return time.Now().Add(time.Hour) }
func (f fake) Status(context.Context, string) (admin.Status, error) {
	return admin.Status{Leader: "a1", Members: []admin.Member{{ID: "a1", Error: "seen " + f.secret}}}, nil
}

func (f fake) Node(_ context.Context, id string) (admin.NodeHealth, error) {
	if id == "b1" {
		return admin.NodeHealth{}, errors.New("silent about " + f.secret)
	}
	return admin.NodeHealth{Checks: []admin.Check{{Name: "keys", Why: f.secret}}}, nil
}

func (f fake) Metrics(_ context.Context, id string) ([]byte, error) {
	if id == "b1" {
		return nil, errors.New("silent")
	}
	return []byte("tvilling_sessions 3\ntvilling_odd{who=\"" + f.secret + "\"} 1\n"), nil
}

func (f fake) Announcements(context.Context, string) (admin.Announcements, error) {
	return admin.Announcements{Announcements: []admin.Announcement{{English: f.secret}}}, nil
}

// TestNothingOfAPatientIsInABundle puts every test patient in every place that a bundle
// is made of, in every form that is written, and finds none.
func TestNothingOfAPatientIsInABundle(t *testing.T) {
	for _, p := range patients.Patients() {
		for _, form := range []string{p.ID, p.ID[:8] + "-" + p.ID[8:], p.ID[2:8] + "-" + p.ID[8:], p.ID[2:]} {
			if len(form) != 12 && strings.ContainsAny(p.ID[:8], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
				continue // reserve numbers are never written without their first two
			}
			log := filepath.Join(t.TempDir(), "a1.log")
			if err := os.WriteFile(log, []byte("before "+form+" after\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var archive bytes.Buffer
			contents, err := Write(context.Background(), &archive, fake{form}, Options{Version: "v2", Logs: []string{log}})
			if err != nil {
				t.Fatal(err)
			}
			files := unpack(t, archive.Bytes())
			for name, text := range files {
				if strings.Contains(text, form) {
					t.Errorf("%s holds a patient of %d characters", name, len(form))
				}
			}
			if !strings.Contains(files["logs/01-a1.log"], "before "+taken+" after") {
				t.Errorf("the log has %d bytes", len(files["logs/01-a1.log"]))
			}
			for _, name := range []string{"cluster.toml", "status.json", "doctor.json", "findings.json", "nodes/a1/health.json", "nodes/a1/metrics.txt", "contents.json"} {
				if files[name] == "" {
					t.Errorf("%s is not there", name)
				}
			}
			if _, there := files["nodes/b1/health.json"]; there {
				t.Error("a silent node has a file")
			}
			if !told(contents, "nodes/b1/health.json") {
				t.Error("that a node was silent is not told")
			}
		}
	}
}

func told(c Contents, name string) bool {
	for _, f := range c.Files {
		if f.Name == name && f.Fault != "" {
			return true
		}
	}
	return false
}

// Whatever stands right before and behind, and whatever a file is called.
func TestAnIdentityAmongOtherDigits(t *testing.T) {
	for _, p := range patients.Patients() {
		for _, form := range []string{p.ID, p.ID[:8] + "-" + p.ID[8:]} {
			for _, before := range []string{"", "1", "00", "123456789", "SE", "x9", "-"} {
				text := before + form + ";1"
				if clean, count := Clean([]byte(text)); strings.Contains(string(clean), form) || count == 0 {
					t.Errorf("behind %q %d characters are left as they were", before, len(form))
				}
			}
		}
		log := filepath.Join(t.TempDir(), p.ID+".log")
		if err := os.WriteFile(log, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		contents, err := Write(t.Context(), io.Discard, fake{}, Options{Logs: []string{log}})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range contents.Files {
			if strings.Contains(f.Name, p.ID) {
				t.Error("a file is named after a patient")
			}
		}
	}
}

func TestCleanLeavesTheRest(t *testing.T) {
	for _, text := range []string{
		"index 1234567890", "2026-03-01T14:00:00Z", "SE165565594230-1000", "SE0000000101-NPM1", "SE0000000101-1000", "[SE0000000404-1000 SE0000000202-1000]", "at 1772373600000",
		"127.0.0.1:8470", "d41d8cd98f00b204e9800998ecf8427e", "took 12.345678 s", "",
	} {
		if clean, count := Clean([]byte(text)); count != 0 || string(clean) != text {
			t.Errorf("%q became %q", text, clean)
		}
	}
}

func TestBundleSaysWhatItCannotRead(t *testing.T) {
	var archive bytes.Buffer
	contents, err := Write(context.Background(), &archive, fake{}, Options{Logs: []string{"/nonexistent/log"}})
	if err != nil || !told(contents, "logs/01-log") {
		t.Errorf("a log that is not there: %v, %+v", err, contents)
	}
	if _, err := Write(context.Background(), &archive, fake{}, Options{Logs: make([]string, maxLogs+1)}); !errors.Is(err, ErrLogs) {
		t.Errorf("too many logs: %v", err)
	}
	if _, err := Write(context.Background(), full{}, fake{}, Options{}); err == nil {
		t.Error("a full disk is not told")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestEndOfALongLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	line := strings.Repeat("x", 1023) + "\n"
	if err := os.WriteFile(path, []byte(strings.Repeat(line, maxLogBytes/1024)+"the last\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := end(path)
	if err != nil || !strings.HasSuffix(string(text), "the last\n") || len(text) > maxLogBytes || text[0] != 'x' {
		t.Errorf("%v, %d bytes", err, len(text))
	}
}

func unpack(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(zip); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[head.Name] = string(text)
	}
}

// What a node measured is left as it is, whatever it looks like; where somebody could
// have put a number of a person it is looked for as everywhere.
func TestMeasuredNumbersAreNobodys(t *testing.T) {
	const id = "191212121212"
	for _, line := range []string{
		"tvilling_bytes_total " + id, "tvilling_bytes_total{node=\"a1\",to=\"b 1\"} 1212121212", "go_started_seconds 1.912121212129e+09",
		"tvilling_odd -1912.12121212", "tvilling_odd +Inf", "tvilling_odd NaN", "# HELP tvilling_odd What is odd.", "",
	} {
		if clean, count := cleanMetrics([]byte(line + "\n")); count != 0 || string(clean) != line+"\n" {
			t.Errorf("%q became %q", line, clean)
		}
	}
	for _, line := range []string{
		"tvilling_odd{who=\"" + id + "\"} 1", "tvilling_odd{who=\"" + id + " x\"} 12", "tvilling_" + id + " 1", "# HELP odd " + id,
		id, "odd " + id + " 1772373600000", "odd " + id + "x", "odd 19121212-1212", "odd  " + id, "{who=\"" + id + "\"} 1", "odd{who=\"} " + id + "\"} 1",
	} {
		clean, count := cleanMetrics([]byte("odd 1\n" + line + "\nodd 2\n"))
		if count == 0 || strings.Contains(string(clean), id) {
			t.Errorf("in a line of %d characters %d were taken out", len(line), count)
		}
		if !strings.HasPrefix(string(clean), "odd 1\n") || !strings.HasSuffix(string(clean), "\nodd 2\n") {
			t.Errorf("the lines beside it are others: %d bytes", len(clean))
		}
	}
}

func TestHowFullADiskIsIsNobodys(t *testing.T) {
	const id = "199701062383"
	for line, want := range map[string]int{
		`  "disk_free": ` + id + `,`:   0,
		`      "disk_total": ` + id:    0,
		`  "disk_free": "` + id + `",`: 1,
		`  "disk": ` + id + `,`:        1,
	} {
		if clean, count := cleanJSON([]byte(line + "\n")); count != want || (want == 0) != (string(clean) == line+"\n") {
			t.Errorf("%s: %d taken out: %s", line, count, clean)
		}
	}
}
