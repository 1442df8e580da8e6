package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"tvilling/node"
)

// How a supervisor is spoken to.
const (
	lookEvery = 250 * time.Millisecond // whether the node serves, until it does
	saysEvery = 10 * time.Second       // that it goes on trying, which gives it three times as long
)

// sockets are what a supervisor bound, by the names that it gave them. They are kept for
// as long as the process runs: a node that starts again in it listens on them again.
type sockets map[string]*os.File

// inherited takes them over. Without a supervisor there are none.
func inherited(files []*os.File) (sockets, error) {
	one := sockets{}
	var twice []string
	for _, f := range files {
		if one[f.Name()] != nil {
			twice = append(twice, f.Name())
		}
		one[f.Name()] = f
	}
	if len(twice) > 0 {
		return nil, usage("the supervisor hands over several listeners of one name (%s): give each address a name of its own", strings.Join(twice, ", "))
	}
	return one, nil
}

// listen makes a listener of each, of which the caller owns all.
func (s sockets) listen() (map[string]net.Listener, error) {
	all := map[string]net.Listener{}
	for name, f := range s {
		l, err := net.FileListener(f)
		if err != nil {
			for _, l := range all {
				_ = l.Close() // nothing was served on it
			}
			return nil, fmt.Errorf("taking over the supervisor's listener %s: %w", name, err)
		}
		all[name] = l
	}
	return all, nil
}

// supervised is a node as its supervisor is told of it.
type supervised interface {
	Serves() error
	Vital(ctx context.Context) error
	Drained() <-chan struct{}
}

// supervisor tells whoever started the process how it goes, until ended is closed.
type supervisor struct {
	tell     func(state string) // nothing, where nobody listens
	watchdog time.Duration      // how often it wants to hear; 0: it does not
	log      *slog.Logger
}

func newSupervisor(log *slog.Logger) supervisor {
	s := supervisor{log: log, tell: func(state string) {
		if _, err := daemon.SdNotify(false, state); err != nil {
			log.Warn("the supervisor could not be told", "error", err)
		}
	}}
	var err error
	if s.watchdog, err = daemon.SdWatchdogEnabled(false); err != nil {
		log.Warn("the supervisor's watchdog cannot be fed", "error", err)
	}
	return s
}

// follow tells of a node until ended is closed: that it serves, when it first does; that
// it lives, as long as it can show it; that it ends, when it is asked to.
func (s supervisor) follow(ctx context.Context, n supervised, ended <-chan struct{}) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var feed <-chan time.Time
	if s.watchdog > 0 {
		ticker := time.NewTicker(s.watchdog / 3)
		defer ticker.Stop()
		feed = ticker.C
	}
	looks, asked, drained := look.C, ctx.Done(), n.Drained()
	var said time.Time
	for {
		select {
		case <-ended:
			return
		case <-asked:
			asked, looks = nil, nil
			s.tell(daemon.SdNotifyStopping)
		case <-drained:
			drained, looks = nil, nil
			s.tell(daemon.SdNotifyStopping)
		case <-looks:
			err := n.Serves()
			if err == nil {
				looks = nil
				s.tell(daemon.SdNotifyReady + "\nSTATUS=serves")
			} else if time.Since(said) > saysEvery {
				said = time.Now()
				s.tell(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d\nSTATUS=not ready: %s", (3 * saysEvery).Microseconds(), oneLine(err)))
			}
		case <-feed:
			s.feed(n)
		}
	}
}

// feed shows the watchdog that the node lives: raft answers, and its log was written a
// moment ago or could be just now. A node that cannot show it is not fed, and ended.
func (s supervisor) feed(n supervised) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), s.watchdog/3, errNotVital)
	defer cancel()
	if err := n.Vital(ctx); err != nil {
		s.log.Error("the watchdog is not fed", "reason", err)
		return
	}
	s.tell(daemon.SdNotifyWatchdog)
}

var errNotVital = errors.New("it takes too long")

// oneLine is an error as one line of a state.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

var _ supervised = (*node.Node)(nil)
