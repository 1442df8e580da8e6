package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
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
