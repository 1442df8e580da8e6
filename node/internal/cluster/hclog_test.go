package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// A peer that stops in order is no error of this node's; bytes that make no sense are.
func TestAPeerThatHangsUpIsNoError(t *testing.T) {
	const line = "failed to decode incoming command"
	for _, c := range []struct {
		err  error
		want slog.Level
	}{
		{io.EOF, slog.LevelInfo},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), slog.LevelInfo},
		{errors.New("unknown rpc type 77"), slog.LevelError},
	} {
		var said bytes.Buffer
		newBridge(slog.New(slog.NewTextHandler(&said, nil))).Error(line, "error", c.err)
		if !strings.Contains(said.String(), "level="+c.want.String()) {
			t.Errorf("%v: said %q, want level %v", c.err, said.String(), c.want)
		}
	}
}

// What raft hands over is readable in a log of JSON too.
func TestWhatRaftSaysIsReadable(t *testing.T) {
	var said bytes.Buffer
	newBridge(slog.New(slog.NewJSONHandler(&said, nil))).Info("entering", "follower", &worded{1}, "nobody", (*worded)(nil), "after", 1500*time.Millisecond, "error", io.EOF, "count", 7)
	for _, want := range []string{`"follower":"Node 1"`, `"nobody":"<nil>"`, `"after":"1.5s"`, `"error":"EOF"`, `"count":7`} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%s is not in %s", want, said.String())
		}
	}
}

// worded has nothing that JSON would show, as raft has.
type worded struct{ number int }

func (w *worded) String() string { return fmt.Sprintf("Node %d", w.number) }
