package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Limits of what an operator does in a drill.
const (
	toolWithin  = 5 * time.Minute
	maxToolTail = 1 << 10
)

// Hands are what an operator has on the machines of a cluster: the tool, each node's
// cluster file and its data.
type Hands struct {
	Tool     string // the binary
	Next     string // another build; empty: there is none
	Operator string // its directory
	Made     string // what init wrote, with the authorities' keys
	Work     string // for files of a drill
	Config   func(id string) string
	Data     func(id string) string
	Clocks   func(id string, by time.Duration) error // moves a node's wall clock from what it would be; nil: it cannot be
	Open     func() (func() error, error)            // lets processes be replaced by commands
}

// tool runs a command of tvilling as an operator would. It returns what it printed.
func (r *run) tool(ctx context.Context, args ...string) ([]byte, error) {
	r.watch.note(KindCheck, "tvilling "+args[0]+" "+firstOf(args[1:]))
	ctx, cancel := context.WithTimeout(ctx, toolWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.target.Hands.Tool, args...)
	var out, says bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &says
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endWithin
	if err := cmd.Run(); err != nil {
		tail := append(out.Bytes(), says.Bytes()...)
		return nil, fmt.Errorf("tvilling %s: %w: %s", args[0], err, tail[max(0, len(tail)-maxToolTail):])
	}
	return out.Bytes(), nil
}

// firstOf is the first argument, where it is a word and not a flag.
func firstOf(args []string) string {
	if len(args) == 0 || len(args[0]) == 0 || args[0][0] == '-' || filepath.IsAbs(args[0]) {
		return ""
	}
	return args[0]
}

// empty takes away what lies in a node's data.
func (r *run) empty(id string) error {
	dir := r.target.Hands.Data(id)
	all, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	faults := []error{err}
	for _, e := range all {
		faults = append(faults, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return errors.Join(faults...)
}

// joinAgain starts members until all are there. One that finds its log superseded ends
// itself, and is started again, as a supervisor does.
func (r *run) joinAgain(ctx context.Context, first string) error {
	if err := r.target.Processes.StartNode(first); err != nil {
		return err
	}
	r.watch.note(KindHeal, "start "+first)
	leading := func(context.Context) error {
		if r.watch.leader() == "" {
			return errNobody
		}
		return nil
	}
	if err := until(ctx, leading); err != nil {
		return err
	}
	r.watch.note(KindHeal, "start the others")
	return until(ctx, func(context.Context) error {
		for _, id := range r.others(first) {
			if !r.target.Processes.Running(id) {
				if err := r.target.Processes.StartNode(id); err != nil {
					return err
				}
			}
		}
		if late := r.watch.behind(r.others(""), 1); len(late) > 0 {
			return fmt.Errorf("%w: %v", ErrUnhealthy, late)
		}
		return nil
	})
}

// survivor is as much of recover inspect as is compared.
type survivor struct {
	LastTerm  uint64 `json:"last_term"`
	LastIndex uint64 `json:"last_index"`

	StateKnown bool   `json:"state_known"`
	LogEntries uint64 `json:"log_entries"`
}

// furthest is who of some members has the most, all of them being stopped.
func (r *run) furthest(ctx context.Context, ids []string) (string, error) {
	best, most := "", survivor{}
	for _, id := range ids {
		out, err := r.tool(ctx, "recover", "inspect", "--data", r.target.Hands.Data(id), "--format", "json")
		if err != nil {
			return "", err
		}
		var s survivor
		if err := json.Unmarshal(out, &s); err != nil {
			return "", err
		}
		if best == "" || s.LastTerm > most.LastTerm || s.LastTerm == most.LastTerm && s.LastIndex > most.LastIndex {
			best, most = id, s
		}
	}
	if r.before != nil && most.StateKnown {
		r.before.all = most.LogEntries
	}
	return best, nil
}

// stopRest ends whoever runs still.
func (r *run) stopRest() error {
	var faults []error
	for _, id := range r.others("") {
		if r.target.Processes.Running(id) {
			faults = append(faults, r.target.Processes.KillNode(id))
		}
	}
	return errors.Join(faults...)
}
