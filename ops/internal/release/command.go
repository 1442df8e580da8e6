package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"text/template"
	"time"

	"tvilling/protocol/admin"
)

// Limits of a command.
const (
	commandWithin = 5 * time.Minute
	askWithin     = 10 * time.Second
	killedWithin  = 2 * time.Second // for its pipes to close
	maxTemplate   = 4 << 10
)

// Errors of commands.
var (
	ErrTemplate = errors.New("the command that replaces a node")
	ErrBinary   = errors.New("the binary cannot be asked")
	ErrAtWork   = errors.New("a command that was given before is at work still")
)

// plain are values that a shell takes as they are, however they are quoted.
var plain = regexp.MustCompile(`^[A-Za-z0-9._/+@:=,-]*$`)

// Command is a command line with {{.Node}}, {{.Site}}, {{.Host}}, {{.Binary}} and
// {{.Version}} in it. It must end when the node has been started, must be such that it
// can be given again, and ends with 0 when it did.
type Command struct{ template *template.Template }

// ParseCommand reads a template, and tries it.
func ParseCommand(text string) (*Command, error) {
	if strings.TrimSpace(text) == "" || len(text) > maxTemplate {
		return nil, fmt.Errorf("%w: 1 to %d bytes are needed", ErrTemplate, maxTemplate)
	}
	t, err := template.New("replace").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	c := &Command{t}
	_, err = c.line(Replacement{Node: "n", Site: "s", Host: "h", Binary: "/b", Version: "v"})
	return c, err
}

// NeedsBinary reports whether the binary's name stands in it.
func (c *Command) NeedsBinary() bool {
	with, err := c.line(Replacement{Binary: "/one"})
	without, other := c.line(Replacement{Binary: "/two"})
	return err != nil || other != nil || with != without
}

func (c *Command) line(r Replacement) (string, error) {
	for name, value := range map[string]string{"Node": r.Node, "Site": r.Site, "Host": r.Host, "Binary": r.Binary, "Version": r.Version} {
		if !plain.MatchString(value) {
			return "", fmt.Errorf("%w: {{.%s}} would be %q, which a shell could read as something else", ErrTemplate, name, value)
		}
	}
	var line bytes.Buffer
	if err := c.template.Execute(&line, r); err != nil {
		return "", fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	return line.String(), nil
}

// Quoted is a path as it is written in a template for a shell: taken as it is, whatever
// stands in it.
func Quoted(path string) string {
	word := "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	return strings.ReplaceAll(word, "{{", `{{"{{"}}`)
}

// Run runs it for one node, within bounds, and returns the end of what it said. While it
// is at work it holds the file of that name locked, also when this process is gone: two
// never work at once.
func (c *Command) Run(ctx context.Context, r Replacement, lock string) (said string, err error) {
	line, err := c.line(r)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(lock, os.O_CREATE|os.O_RDONLY|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := exclude(f); err != nil {
		if errors.Is(err, ErrBusy) {
			err = fmt.Errorf("%w: it holds %s", ErrAtWork, lock)
		}
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	cmd, out := shell(ctx, line, f), &ending{}
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("it was ended: %w", ctx.Err())
	}
	return out.text(), err
}

// shell is a command that keeps a lock. The outer shell alone does, and it stays until the
// line has ended: what the line leaves behind, or becomes, has no part in it.
func shell(ctx context.Context, line string, lock *os.File) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", "( "+line+"\n) 3>&-\nexit $?")
	cmd.ExtraFiles, cmd.WaitDelay = []*os.File{lock}, killedWithin
	// What it started ends with it: a group of its own, which is ended as one.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// ending keeps the end of what is written.
type ending struct{ raw []byte }

func (e *ending) Write(p []byte) (int, error) {
	e.raw = append(e.raw, p...)
	if over := len(e.raw) - maxText/2; over > 0 {
		e.raw = append(e.raw[:0], e.raw[over:]...)
	}
	return len(p), nil
}

func (e *ending) text() string { return strings.ToValidUTF8(strings.TrimSpace(string(e.raw)), "?") }

// Ask has a binary say which build it is.
func Ask(ctx context.Context, file string) (Build, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	said := &ending{}
	cmd := exec.CommandContext(ctx, file, "version", "--format", "json")
	cmd.Stdout, cmd.WaitDelay = said, killedWithin
	if err := cmd.Run(); err != nil {
		return Build{}, fmt.Errorf("%w: %s version: %w", ErrBinary, file, err)
	}
	var b Build
	if err := json.Unmarshal(said.raw, &b); err != nil || b.Version == "" {
		return Build{}, fmt.Errorf("%w: %s version --format json did not say its version", ErrBinary, file)
	}
	if strings.HasSuffix(b.Version, "+skewed") {
		return Build{}, fmt.Errorf("%w: %s is a build for drills, whose clock can be moved", ErrBinary, file)
	}
	b.File = file
	return b, nil
}

// Fits tries a command on every member, forth and back, so that what cannot be put into
// it, and a way back that is not there, is said before anything is touched.
func (c *Command) Fits(t admin.Topology, p Plan) error {
	needs := c.NeedsBinary()
	if needs && p.Build.File == "" {
		return fmt.Errorf("%w needs {{.Binary}}: name it with --binary", ErrTemplate)
	}
	var faults []error
	for _, n := range t.Members {
		was := p.Former[n.ID]
		if needs && was.File == "" && !slices.Contains(p.Already, n.ID) {
			return fmt.Errorf("%w needs {{.Binary}}, also when it is taken back: name the binary that %s ran before (%s) with --former", ErrTemplate, n.ID, was.Version)
		}
		for _, b := range []Build{p.Build, {Version: was.Version, File: was.File}} {
			r, err := replacementOf(n, b.File, b.Version)
			if err == nil {
				_, err = c.line(r)
			}
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}
