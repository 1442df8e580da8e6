package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/demo"
)

// freePort finds a port with the others of a node alone free beside it. It lies below
// those that a system gives to whoever asks for any: one of these could be given away
// before the node has started.
func freePort(t *testing.T) int {
	t.Helper()
	for range 20 {
		port := 25200 + 50*rand.IntN(90)
		if free(port, port+sourceOffset, port+adminOffset, port+peerOffset, port+servicesOffset) {
			return port
		}
	}
	t.Fatal("no free ports")
	return 0
}

func free(ports ...int) bool {
	for _, port := range ports {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false
		}
		_ = l.Close() // it was there to try the port
	}
	return true
}

// eventually waits until something holds, or what is looked at has ended.
func eventually(t *testing.T, ended <-chan int, holds func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := holds()
		if err == nil {
			return
		}
		select {
		case code := <-ended:
			t.Fatalf("it ended with exit code %d: %v", code, err)
		case <-tick.C:
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// A node alone is fed from services of its own, which follow their file and can be told
// what to do; the register is made of the file.
func TestAloneFeedsItself(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	feeds := filepath.Join(dir, "mine.toml")
	text, err := demo.Staff(time.Now()).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(feeds, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int, 1)
	var said bytes.Buffer
	go func() {
		ended <- run(ctx, []string{"serve", "--quiet", "--data", filepath.Join(dir, "data"), "--feeds", feeds, "--listen", fmt.Sprintf("127.0.0.1:%d", port)},
			nil, io.Discard, &said)
	}()
	var operator *adminclient.Client
	eventually(t, ended, func() (err error) {
		operator, err = adminclient.Open(filepath.Join(dir, "data", "made", "operator"))
		return err
	})
	defer operator.Close()
	asOf := func(name string) (string, error) {
		s, err := operator.Status(t.Context(), "")
		for _, f := range s.Feeds {
			if f.Name == name && f.Fresh {
				return f.AsOf, nil
			}
		}
		return "", errors.Join(err, fmt.Errorf("%s is not fresh", name))
	}
	for _, name := range []string{"blocks", "consents", "relations", "commissions", "persons"} {
		eventually(t, ended, func() error { _, err := asOf(name); return err })
	}
	if err := os.WriteFile(feeds+".next", append(text, "\n# again\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(feeds+".next", feeds); err != nil {
		t.Fatal(err)
	}
	before, err := asOf("blocks")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, ended, func() error {
		if now, err := asOf("blocks"); err != nil || now <= before {
			return errors.Join(err, errors.New("the blocks are not read again"))
		}
		return nil
	})
	r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/control", port+servicesOffset))
	if err != nil {
		t.Fatal(err)
	}
	state, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil || !strings.Contains(string(state), `"file":"ok"`) {
		t.Errorf("the services say %s, %v", state, err)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d: %s", code, &said)
	}
	if !strings.Contains(said.String(), "Services: stood in for at") {
		t.Errorf("it said %s", &said)
	}
}
