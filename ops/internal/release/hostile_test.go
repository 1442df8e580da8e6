package release

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// planOf is a plan of a release that began so many seconds later.
func planOf(seconds int) Plan {
	return Plan{ID: NewID(time.Date(2026, 3, 14, 12, 0, seconds, 0, time.UTC)), Command: "true"}
}

// Two that looked at the same time and found nothing under way do not both begin.
func TestOneReleaseBegins(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	journals := make([]*Journal, 8)
	for i := range journals {
		all.Go(func() {
			j, err := Create(dir, planOf(i), nil, time.Now())
			if err != nil && !errors.Is(err, ErrBusy) {
				t.Errorf("number %d: %v", i, err)
			}
			journals[i] = j
		})
	}
	all.Wait()
	began := 0
	for _, j := range journals {
		if j != nil {
			began++
			defer j.Close()
		}
	}
	if began != 1 {
		t.Errorf("%d releases began at once", began)
	}
	if _, err := Create(dir, planOf(30), nil, time.Now()); !errors.Is(err, ErrBusy) {
		t.Errorf("beside one that has not ended: %v", err)
	}
}

// A journal says which command is run: one that others may have written is not gone on
// with, and none is begun where others may write.
func TestAJournalIsOnesOwn(t *testing.T) {
	dir := t.TempDir()
	p := planOf(0)
	j, err := Create(dir, p, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	at := journalPath(dir, p.ID)
	for what, change := range map[string]struct {
		path string
		mode os.FileMode
	}{"the journal": {at, 0o620}, "its directory": {Path(dir, p.ID), 0o777}, "the directory of all": {Home(dir), 0o770}} {
		info, err := os.Stat(change.path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(change.path, change.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, p.ID); !errors.Is(err, ErrJournal) {
			t.Errorf("%s may be written by others: %v", what, err)
		}
		if err := os.Chmod(change.path, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(at, filepath.Join(dir, "theirs")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "theirs"), at); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, p.ID); !errors.Is(err, ErrJournal) {
		t.Errorf("a link in the place of the journal: %v", err)
	}
	other := t.TempDir()
	if err := os.Mkdir(Home(other), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(Home(other), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(other, p, nil, time.Now()); !errors.Is(err, ErrJournal) {
		t.Errorf("begun where everybody may write: %v", err)
	}
}

// A releaser that was killed before its plan was on the disk has begun nothing, and
// stands in nobody's way.
func TestNothingWasBegun(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(Path(dir, planOf(9).ID), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(Path(dir, planOf(9).ID), "journal-1.new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if id, err := Unended(dir); err != nil || id != "" {
		t.Errorf("%q has not ended, %v", id, err)
	}
	j, err := Create(dir, planOf(0), nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if id, err := Unended(dir); err != nil || id != planOf(0).ID {
		t.Errorf("%q has not ended, %v", id, err)
	}
}
