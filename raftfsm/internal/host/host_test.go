package host

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestPaced(t *testing.T) {
	const rate, size = 100_000, 1_000_000
	synctest.Test(t, func(t *testing.T) {
		var to bytes.Buffer
		w, start := Paced(&to, rate), time.Now()
		for range size / 1000 {
			if n, err := w.Write(make([]byte, 1000)); n != 1000 || err != nil {
				t.Fatal(n, err)
			}
		}
		if took := time.Since(start); took < 9*time.Second || took > 10*time.Second {
			t.Errorf("%d bytes at %d a second took %v", size, rate, took)
		}
		<-time.After(time.Minute) // a pause is not made up for
		start = time.Now()
		for range 100 {
			_, _ = w.Write(make([]byte, 1000))
		}
		if took := time.Since(start); took < 800*time.Millisecond {
			t.Errorf("a burst after a pause: %v", took)
		}
		if to.Len() != size+100_000 {
			t.Errorf("%d bytes arrived", to.Len())
		}
	})
	var to bytes.Buffer
	if w := Paced(&to, 0); w != &to {
		t.Error("no bound, and yet a pace")
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Lock(path)
	if err != nil {
		t.Fatalf("after it was given up: %v", err)
	}
	_ = again.Close()
}

func TestIDs(t *testing.T) {
	if a, b := NewID(), NewID(); a == b || len(a) != 32 {
		t.Errorf("%q and %q", a, b)
	}
	if a, b := BootID(), BootID(); a != b {
		t.Errorf("one boot has two ids: %q and %q", a, b)
	}
}
