package release

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestJournal(t *testing.T) {
	dir := t.TempDir()
	if _, err := Latest(dir); !errors.Is(err, ErrNone) {
		t.Errorf("none: %v", err)
	}
	p := Plan{ID: NewID(noon), Build: Build{Version: newer}, Steps: []Step{{Number: 1, Kind: Replaces, Node: "w"}}}
	j, err := Create(dir, p, []Check{{Name: "health", Grade: OK}}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append(Entry{Step: 1, Act: ActReplace, Mark: Begins, Text: strings.Repeat("x", maxText) + "end"}); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, p.ID); !errors.Is(err, ErrBusy) || strings.Contains(err.Error(), "unavailable") {
		t.Errorf("open twice: %v", err)
	}
	if going, err := Unended(dir); err != nil || going != p.ID {
		t.Errorf("going on: %q, %v", going, err)
	}
	if _, err := j.file.WriteString(`{"act":"step","mark":"do`); err != nil { // the process died here
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Append(Entry{Act: ActEnd, Mark: Done}); err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := Read(dir, p.ID)
	if err != nil || len(entries) != 3 || len(entries[1].Text) != maxText || !strings.HasSuffix(entries[1].Text, "end") {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	if diff := cmp.Diff(again.Entries(), entries); diff != "" {
		t.Error(diff)
	}
	if going, err := Unended(dir); err != nil || going != "" {
		t.Errorf("after the end: %q, %v", going, err)
	}
	if err := Tell(entries).Keep(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, p, nil, noon); !errors.Is(err, ErrJournal) {
		t.Errorf("the same release: %v", err)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte("{\"act\":\"plan\",\"mark\":\"done\"}\n{\"act\""))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries, whole, err := decode(bytes.NewReader(raw))
		if err == nil && (whole > int64(len(raw)) || len(entries) > maxEntries) {
			t.Errorf("%d bytes of %d, %d entries", whole, len(raw), len(entries))
		}
		Tell(entries)
	})
}

func TestNumbers(t *testing.T) {
	got := parseNumbers([]byte(`# HELP tvilling_open_seconds x
tvilling_requests_total{what="open"} 12
tvilling_requests_total{what="put"} 3
tvilling_requests_failed_total 2
tvilling_requests_failed_total NaN
tvilling_open_seconds_bucket{le="+Inf"} 5
tvilling_open_seconds_bucket{kind="a",le="0.01"} 3
tvilling_open_seconds_bucket{kind="b",le="0.01"} 1
tvilling_open_seconds_bucket{kind="b"} 1
tvilling_build_info{version="} 9"} 1
`))
	if got.Requests != 15 || got.Failed != 2 || len(got.Opens) != 2 || got.Opens[0] != (Bucket{0.01, 4}) || got.Opens[1].Count != 5 {
		t.Errorf("%+v", got)
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add([]byte("tvilling_open_seconds_bucket{le=\"0.1\"} 3\ntvilling_requests_total 4"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		n := parseNumbers(raw)
		if len(n.Opens) > maxBuckets || !(n.Requests >= 0) || !(n.Failed >= 0) {
			t.Errorf("%+v", n)
		}
		percentile(since(n.Opens, n.Opens), 0.99, 0)
	})
}

func TestCommand(t *testing.T) {
	for _, text := range []string{"", "  ", "{{.Nod}}", "{{", strings.Repeat("x", maxTemplate+1)} {
		if _, err := ParseCommand(text); !errors.Is(err, ErrTemplate) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	c, err := ParseCommand(`echo {{.Node}} {{.Site}} {{.Host}} {{.Version}} '{{.Binary}}'; echo more >&2; [ {{.Node}} != b1 ]`)
	if err != nil || !c.NeedsBinary() {
		t.Fatal(err)
	}
	if err := c.Fits(places(), Plan{Build: Build{File: "/tmp/a b"}, Already: []string{"a1", "a2", "b1", "b2", "w"}}); !errors.Is(err, ErrTemplate) {
		t.Errorf("a name that a shell would take apart: %v", err)
	}
	former := map[string]Former{}
	for _, n := range places().Members {
		former[n.ID] = Former{Version: older}
	}
	whole := Plan{Build: Build{File: "/opt/x", Version: newer}, Former: former}.WithFormer("/old")
	if err := c.Fits(places(), whole); err != nil {
		t.Error(err)
	}
	for name, p := range map[string]Plan{
		"no binary":          {Build: Build{Version: newer}, Former: whole.Former},
		"no way back":        {Build: whole.Build, Former: former},
		"an odd way back":    Plan{Build: whole.Build, Former: former}.WithFormer("/old one"),
		"one without a file": {Build: whole.Build, Former: former, Already: []string{"a1", "a2", "b1", "b2"}},
	} {
		if err := c.Fits(places(), p); !errors.Is(err, ErrTemplate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.Fits(places(), Plan{Build: whole.Build, Former: former, Already: []string{"a1", "a2", "b1", "b2", "w"}}); err != nil {
		t.Errorf("nobody is to be taken back: %v", err)
	}
	lock := filepath.Join(t.TempDir(), "lock")
	r := Replacement{"a1", "A", "10.0.0.1", "/opt/x", newer}
	if said, err := c.Run(t.Context(), r, lock); err != nil || said != "a1 A 10.0.0.1 1.1.0 /opt/x\nmore" {
		t.Errorf("%q, %v", said, err)
	}
	r.Node = "b1"
	if _, err := c.Run(t.Context(), r, lock); err == nil {
		t.Error("a command that fails is not told")
	}
	endless, err := ParseCommand(`echo begun; sleep 1000 & sleep 1000`)
	if err != nil || endless.NeedsBinary() {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := endless.Run(ctx, r, lock); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one that does not end: %v", err)
	}
	loud, err := ParseCommand(`yes | head -c 100000; echo end`)
	if err != nil {
		t.Fatal(err)
	}
	if said, err := loud.Run(t.Context(), r, lock); err != nil || len(said) > maxText || !strings.HasSuffix(said, "end") {
		t.Errorf("%d bytes, %v", len(said), err)
	}
}

// A path that is written into a command stays one, whatever stands in it.
func TestQuoted(t *testing.T) {
	const odd = `/srv/o'brien's {{.Node}} {{{$x` + "`id`" + ` }}/"b"`
	c, err := ParseCommand("printf %s " + Quoted(odd))
	if err != nil {
		t.Fatal(err)
	}
	if said, err := c.Run(t.Context(), Replacement{Node: "a1"}, filepath.Join(t.TempDir(), "lock")); err != nil || said != odd {
		t.Errorf("%q, %v", said, err)
	}
}

func TestAsk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "binary")
	write := func(text string) {
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(`[ "$*" = "version --format json" ] && echo '{"version":"1.1.0","level":2,"wire":1}'`)
	if b, err := Ask(t.Context(), file); err != nil || b != (Build{newer, 2, file}) {
		t.Errorf("%+v, %v", b, err)
	}
	for _, text := range []string{"exit 1", "echo nothing", "echo '{}'"} {
		write(text)
		if _, err := Ask(t.Context(), file); !errors.Is(err, ErrBinary) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestPage(t *testing.T) {
	p := Plan{ID: "x", Cluster: "<b>", Build: Build{Version: newer}, Former: map[string]Former{"w": {Version: older}}, Steps: []Step{{Number: 1, Kind: Replaces, Node: "w", Version: newer, From: older}}}
	entries := []Entry{{At: noon, Act: ActPlan, Plan: &p}, {At: noon.Add(time.Second), Step: 1, Node: "w", Act: ActReplace, Mark: Begins},
		{At: noon.Add(9 * time.Second), Step: 1, Node: "w", Act: ActHalt, Sign: "a node does not come back", Text: "w does not answer"}}
	r := Tell(entries)
	var page strings.Builder
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	for _, want := range []string{"halted", "&lt;b&gt;", "w does not answer", "release run --resume"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "http") || strings.Contains(text, "ZgotmplZ") {
		t.Error("the page is not whole by itself")
	}
}

// Whoever looks is told whether anybody works on it: what is running with nobody there is not.
func TestWorked(t *testing.T) {
	dir := t.TempDir()
	j, err := Create(dir, planOf(0), nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, worked := range []bool{true, false} {
		got, err := Worked(dir, planOf(0).ID)
		if err != nil || got != worked {
			t.Errorf("worked on: %v, %v", got, err)
		}
		r := Tell(j.Entries())
		r.Worked(got)
		if r.Interrupted(got) == worked || strings.Contains(r.Next[0], "works on it now") != worked || strings.Contains(r.Next[len(r.Next)-1], "abort") == worked {
			t.Errorf("worked on (%v), it says %q", worked, r.Next)
		}
		if worked {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Worked(dir, "20260314T120001Z"); !errors.Is(err, ErrJournal) {
		t.Errorf("none: %v", err)
	}
}

// A journal that is longer than can be read is refused, and not cut off where reading ends.
func TestTooLongAJournal(t *testing.T) {
	line := append(bytes.Repeat([]byte(" "), maxLine-3), "{}\n"...)
	if _, _, err := decode(bytes.NewReader(bytes.Repeat(line, maxBytes/maxLine))); err != nil {
		t.Errorf("one that just fits: %v", err)
	}
	if entries, whole, err := decode(bytes.NewReader(bytes.Repeat(line, maxBytes/maxLine+1))); err == nil {
		t.Errorf("%d entries and %d bytes of a journal that goes on", len(entries), whole)
	}
}
