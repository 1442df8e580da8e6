package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
)

// bridge hands raft's log to ours. Trace and debug are dropped; a warning or an error
// that repeats is said once in a while, because raft repeats itself several times a
// second for as long as a peer is away.
type bridge struct {
	to    *slog.Logger
	name  string
	with  []any
	quiet *quiet
}

// quiet remembers what was said lately.
type quiet struct {
	mu   sync.Mutex
	said map[string]time.Time
}

const (
	quietFor   = 10 * time.Second
	quietLines = 256 // different lines remembered; then all are forgotten
)

func newBridge(to *slog.Logger) hclog.Logger {
	return &bridge{to: to, name: "raft", quiet: &quiet{said: map[string]time.Time{}}}
}

// again tells whether the line was said lately.
func (q *quiet) again(line string) bool {
	now := time.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	if at, ok := q.said[line]; ok && now.Sub(at) < quietFor {
		return true
	}
	if len(q.said) >= quietLines {
		clear(q.said)
	}
	q.said[line] = now
	return false
}

func (b *bridge) Log(level hclog.Level, msg string, args ...any) {
	var to slog.Level
	switch level {
	case hclog.Info:
		to = slog.LevelInfo
	case hclog.Warn:
		to = slog.LevelWarn
	case hclog.Error:
		to = slog.LevelError
	default:
		return
	}
	args = plain(append(append([]any{}, b.with...), args...))
	if hungUp(msg, args) {
		to = slog.LevelInfo // how every ordinary stop of a peer looks from here
	}
	if to >= slog.LevelWarn && b.quiet.again(msg+peerIn(args)) {
		return
	}
	b.to.Log(context.Background(), to, "raft: "+msg, args...)
}

// plain makes words of what hclog formats late, and of what has words for itself: as
// JSON a time span would be a number without a unit, and raft itself nothing at all.
func plain(args []any) []any {
	for i, arg := range args {
		switch v := arg.(type) {
		case hclog.Format:
			if len(v) == 0 {
				continue
			}
			if format, ok := v[0].(string); ok {
				args[i] = fmt.Sprintf(format, v[1:]...)
			}
		case error, time.Time:
		case fmt.Stringer:
			args[i] = fmt.Sprint(v) // also of one that is nil
		}
	}
	return args
}

// hungUp tells a connection that its other end has closed from bytes that make no sense:
// raft says both in the same words.
func hungUp(msg string, args []any) bool {
	if msg != "failed to decode incoming command" {
		return false
	}
	for _, arg := range args {
		err, ok := arg.(error)
		if ok && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET)) {
			return true
		}
	}
	return false
}

// peerIn finds which peer a line is about.
func peerIn(args []any) string {
	for i := 0; i+1 < len(args); i += 2 {
		switch args[i] {
		case "peer", "server-id", "id":
			return fmt.Sprint(args[i+1])
		}
	}
	return ""
}

func (b *bridge) Trace(string, ...any)          {}
func (b *bridge) Debug(string, ...any)          {}
func (b *bridge) Info(msg string, args ...any)  { b.Log(hclog.Info, msg, args...) }
func (b *bridge) Warn(msg string, args ...any)  { b.Log(hclog.Warn, msg, args...) }
func (b *bridge) Error(msg string, args ...any) { b.Log(hclog.Error, msg, args...) }
func (b *bridge) IsTrace() bool                 { return false }
func (b *bridge) IsDebug() bool                 { return false }
func (b *bridge) IsInfo() bool                  { return true }
func (b *bridge) IsWarn() bool                  { return true }
func (b *bridge) IsError() bool                 { return true }
func (b *bridge) ImpliedArgs() []any            { return b.with }
func (b *bridge) Name() string                  { return b.name }
func (b *bridge) SetLevel(hclog.Level)          {}
func (b *bridge) GetLevel() hclog.Level         { return hclog.Info }

func (b *bridge) With(args ...any) hclog.Logger {
	return &bridge{to: b.to, name: b.name, with: append(append([]any{}, b.with...), args...), quiet: b.quiet}
}

func (b *bridge) Named(name string) hclog.Logger { return b.ResetNamed(b.name + "." + name) }
func (b *bridge) ResetNamed(name string) hclog.Logger {
	return &bridge{to: b.to, name: name, with: b.with, quiet: b.quiet}
}

func (b *bridge) StandardLogger(o *hclog.StandardLoggerOptions) *log.Logger {
	return log.New(b.StandardWriter(o), "", 0)
}

func (b *bridge) StandardWriter(*hclog.StandardLoggerOptions) io.Writer {
	return slogWriter{b}
}

type slogWriter struct{ b *bridge }

func (w slogWriter) Write(p []byte) (int, error) {
	w.b.Info(string(p))
	return len(p), nil
}
