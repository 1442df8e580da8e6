package demo

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// killAfter is how long a process gets to end when it is asked to: it drains first.
const killAfter = 30 * time.Second

// child is what a process is started with.
type child struct {
	id, log string
	argv    []string
	sockets *sockets // that it inherits; may be nil
}

// process is a child process: one start of one node.
type process struct {
	id    string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has
	err   error         // how it ended; read after ended
	asked bool          // to end, by us
}

// Exit tells of a process that ended without being asked to.
type Exit struct {
	ID  string
	Log string // file with what it said
	Err error
}

// starter starts processes from one thread that lives as long as it does. The kernel
// kills a child when the thread that started it ends (that is how none outlives a
// killed demo), and Go's threads come and go.
type starter struct {
	requests chan func()
	done     sync.WaitGroup
}

func newStarter() *starter {
	s := &starter{requests: make(chan func())}
	s.done.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for start := range s.requests {
			start()
		}
	})
	return s
}

func (s *starter) start(cmd *exec.Cmd) error {
	started := make(chan error, 1)
	s.requests <- func() { started <- cmd.Start() }
	return <-started
}

func (s *starter) close() {
	close(s.requests)
	s.done.Wait()
}

// spawn starts a process with its output going to a file, appended.
func (s *starter) spawn(c child) (*process, error) {
	out, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close() // the child has its own
	p := &process{id: c.id, cmd: exec.Command(c.argv[0], c.argv[1:]...), ended: make(chan struct{})}
	if c.sockets != nil {
		p.cmd.Env, p.cmd.ExtraFiles = c.sockets.environment(), c.sockets.files
	}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = attributes()
	if err := s.start(p.cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.id, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// signal sends a signal; a process that has ended already is no error.
func (p *process) signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", p.id, err)
	}
	if s == syscall.SIGTERM {
		return p.signal(syscall.SIGCONT) // one that is paused hears nothing else
	}
	return nil
}

// end waits until the process has ended, and kills it if it takes too long.
func (p *process) end(within time.Duration) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.ended:
		return nil
	case <-timer.C:
	}
	err := p.signal(syscall.SIGKILL)
	<-p.ended
	return errors.Join(err, fmt.Errorf("%s did not end within %v and was killed", p.id, within))
}
