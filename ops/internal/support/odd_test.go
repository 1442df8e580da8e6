package support

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A person's number is found however it is written, and whatever stands beside it.
func TestCleanFindsOddForms(t *testing.T) {
	const id, born, last = "191212121212", "19121212", "1212"
	for what, text := range map[string]string{
		"with a space":            born + " " + last,
		"with a hard space":       born + "\u00a0" + last,
		"with a dash":             born + "\u2013" + last,
		"with a hard hyphen":      born + "\u2011" + last,
		"with a minus":            born + "\u2212" + last,
		"in a URL":                born + "%2D" + last,
		"short, in a URL":         born[2:] + "%2b" + last,
		"as a date":               "1912-12-12-" + last,
		"after a zero":            "0" + id,
		"after other digits":      "20261122" + id + ".log",
		"before other digits":     id + "000",
		"beside another":          id + id,
		"after an HSA-id":         "SE0000000101-1000" + " " + id,
		"as the end of an HSA-id": "SE0000000101-" + id,
		"a reserve number":        "22121212pt12",
		"another":                 "22121212-f112",
	} {
		clean, count := Clean([]byte("before " + text + " after"))
		if count == 0 || strings.Contains(string(clean), text) || strings.Contains(string(clean), last+" after") {
			t.Errorf("%s: %d taken out, of %d characters %d are left", what, count, len(text), len(clean))
		}
	}
}

// A log is called after whatever the operator wrote: that is looked at too.
func TestNamesOfLogsAreClean(t *testing.T) {
	const id = "191212121212"
	log := filepath.Join(t.TempDir(), "seen-"+id+".log")
	if err := os.WriteFile(log, []byte("line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	contents, err := Write(context.Background(), &archive, fake{}, Options{Logs: []string{log, filepath.Join(t.TempDir(), id)}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range unpack(t, archive.Bytes()) {
		if strings.Contains(name, id) || strings.Contains(text, id) {
			t.Errorf("a file of %d bytes tells of somebody", len(text))
		}
	}
	for _, f := range contents.Files {
		if strings.Contains(f.Name+f.Fault, id) {
			t.Error("what is said of the bundle tells of somebody")
		}
	}
}
