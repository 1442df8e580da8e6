package admin

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"tvilling/protocol/admin"
)

// spool is a backup of a state that may end in an error, or not be there.
type spool struct {
	state []byte
	then  error // after the state
	err   error
	after <-chan time.Time // what Take waits for
	gone  chan struct{}    // closed with it
}

func (s *spool) Take(ctx context.Context) (admin.BackupManifest, io.ReadCloser, error) {
	select {
	case <-s.after:
	case <-ctx.Done():
		return admin.BackupManifest{}, nil, ctx.Err()
	}
	if s.err != nil {
		return admin.BackupManifest{}, nil, s.err
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(s.state))
	m := admin.BackupManifest{
		Format: admin.FormatBackup, Cluster: "test", Generation: 1, Node: "b1", Level: 1, Index: 7, Term: 2,
		StateHash: digest, LogRoot: digest, Taken: "2026-11-22T10:00:00Z", Bytes: int64(len(s.state)), SHA256: digest,
	}
	return m, s, nil
}

func (s *spool) Read(p []byte) (int, error) {
	if len(s.state) == 0 {
		if s.then != nil {
			return 0, s.then
		}
		return 0, io.EOF
	}
	n := copy(p, s.state)
	s.state = s.state[n:]
	return n, nil
}

func (s *spool) Close() error {
	if s.gone != nil {
		close(s.gone)
	}
	return nil
}

const serverLimit = 200 * time.Millisecond

// give serves a spool with the limits of an operators' listener, made short: the spool
// is ready when they are past.
func give(t *testing.T, s *spool) (*http.Response, error) {
	t.Helper()
	server := httptest.NewUnstartedServer(Handler(Config{
		Backups: s, Metrics: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler),
	}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = serverLimit, serverLimit
	s.after = time.After(serverLimit * 5 / 4)
	server.Start()
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+admin.PathBackup, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return server.Client().Do(r)
}

// A backup outlasts the limits of the server, and is whole.
func TestABackupIsStreamed(t *testing.T) {
	state := bytes.Repeat([]byte("state of the cluster"), 1<<20) // more than all buffers between
	response, err := give(t, &spool{state: state})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	in := bufio.NewReader(response.Body)
	m, err := admin.ReadBackupManifest(in)
	if err != nil {
		t.Fatal(err)
	}
	back, err := io.ReadAll(m.State(in))
	if err != nil || !bytes.Equal(back, state) {
		t.Errorf("%d bytes of %d: %v", len(back), len(state), err)
	}
}

// What breaks midway is seen by the length that was promised.
func TestABackupThatBreaks(t *testing.T) {
	state := bytes.Repeat([]byte("x"), 3<<20)
	past := make(chan time.Time)
	close(past)
	short := &spool{state: state, after: past}
	m, _, _ := short.Take(t.Context())
	short.state, short.then = state[:2<<20], errors.New("the node ends")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := send(w, http.NewResponseController(w), m, short); err == nil {
			t.Error("sent")
		}
	}))
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}

func TestNoBackupNow(t *testing.T) {
	for want, err := range map[int]error{http.StatusConflict: ErrBackupBusy, http.StatusServiceUnavailable: errors.New("disk")} {
		response, fault := give(t, &spool{err: err})
		if fault != nil {
			t.Fatal(fault)
		}
		if response.StatusCode != want || response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v: %s, %s", err, response.Status, response.Header)
		}
		_ = response.Body.Close()
	}
}

// Who goes away lets the next one be taken.
func TestABackupForSomebodyWhoGoes(t *testing.T) {
	s := &spool{state: bytes.Repeat([]byte("x"), 64<<20), gone: make(chan struct{})}
	response, err := give(t, s)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	<-s.gone
}
