package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"tvilling/protocol/admin"
)

// lookEvery is how often the files are looked at. One goroutine does, and no handshake:
// so that what is wrong with a new file is known before anybody connects, and nobody who
// connects waits for a disk. They are few and small: they are read and compared, since a
// file's time and size may stay while it changes.
const lookEvery = 2 * time.Second

// Live is a node's certificates as its directory has them now. A part that changes is
// taken up as a whole; one that cannot be used is told of, and what was there before stays.
type Live struct {
	dir   string
	self  admin.Identity
	log   *slog.Logger
	parts []part

	now   atomic.Pointer[Node]
	fault atomic.Pointer[error] // what is wrong with files that were not taken up; nil: nothing

	// Of the one that looks alone.
	used [][][]byte // what the files held that are in use
	seen [][][]byte // what they held at the last look
	told []string   // what was said of them last
}

// Open reads a node's directory. Run takes up what changes.
func Open(dir, role string, self admin.Identity, log *slog.Logger) (*Live, error) {
	l := &Live{dir: dir, self: self, log: log, parts: partsOf(role)}
	n, used, err := load(dir, l.parts)
	if err != nil {
		return nil, err
	}
	l.now.Store(n)
	l.used, l.seen, l.told = used, slices.Clone(used), make([]string, len(used))
	return l, nil
}

// Now is what is used now. It does not change.
func (l *Live) Now() *Node { return l.now.Load() }

// Fault says what is wrong with files that were put there and not taken up.
func (l *Live) Fault() error {
	if err := l.fault.Load(); err != nil {
		return *err
	}
	return nil
}

// Run looks until the context ends.
func (l *Live) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			l.look(now)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look takes up what has changed and can be used.
func (l *Live) look(at time.Time) {
	var faults []error
	for i := range l.parts {
		faults = append(faults, l.lookAt(i, at))
	}
	err := errors.Join(faults...)
	l.fault.Store(&err)
}

// lookAt looks at one part. A fault is told of at the second look that finds the same:
// between the renaming of a key and that of its certificate the two do not match.
func (l *Live) lookAt(i int, at time.Time) error {
	p := l.parts[i]
	texts, none, err := p.read(l.dir)
	if none && l.used[i] == nil {
		return nil
	}
	before := l.seen[i]
	l.seen[i] = texts
	if err == nil && same(texts, l.used[i]) {
		l.told[i] = ""
		return nil
	}
	if err == nil {
		err = l.take(i, texts, at)
	}
	if err == nil {
		l.told[i] = ""
		return nil
	}
	err = fmt.Errorf("%s was not taken up: %w", p.files[0].path, err)
	if !same(texts, before) {
		return nil
	}
	if l.told[i] != err.Error() {
		l.log.Error("a new certificate cannot be used: the one before it stays", "error", err)
		l.told[i] = err.Error()
	}
	return err
}

// take takes a part up, if it can be used.
func (l *Live) take(i int, texts [][]byte, at time.Time) error {
	p, n := l.parts[i], *l.Now()
	if err := p.make(&n, texts); err != nil {
		return err
	}
	if err := errors.Join(p.lasts(texts, at), p.judge(&n, l.self, at)); err != nil {
		return err
	}
	l.used[i] = texts
	n.Expiries = nil
	for j, q := range l.parts {
		if l.used[j] != nil {
			n.Expiries = append(n.Expiries, q.expiries(l.used[j])...)
		}
	}
	l.now.Store(&n)
	l.log.Info("a new certificate was taken up", "file", p.files[0].path, "until", until(p.expiries(texts)))
	return nil
}

// until is when the first of them runs out.
func until(all []admin.Certificate) (first string) {
	for _, c := range all {
		if first == "" || c.Until < first { // all are in UTC
			first = c.Until
		}
	}
	return first
}

func same(a, b [][]byte) bool {
	return slices.EqualFunc(a, b, func(x, y []byte) bool { return slices.Equal(x, y) })
}

// AdminServer is Node.AdminServer, at each handshake.
func (l *Live) AdminServer() *tls.Config {
	return l.server(func(n *Node) *tls.Config { return n.AdminServer(l.self.Cluster) })
}

// SourceServer is Node.SourceServer, at each handshake.
func (l *Live) SourceServer() *tls.Config { return l.server((*Node).SourceServer) }

// BrowserServer is Node.BrowserServer, at each handshake. Whether browsers connect in the
// clear is decided at the start.
func (l *Live) BrowserServer() *tls.Config {
	if l.Now().Client == nil {
		return nil
	}
	return l.server((*Node).BrowserServer)
}

func (l *Live) server(make func(*Node) *tls.Config) *tls.Config {
	config := make(l.Now())
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return make(l.Now()), nil }
	return config
}

// Services is what services are called with at the next connection.
func (l *Live) Services() *tls.Config { return l.Now().Upstream.Config() }
