package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/fault"
	"tvilling/ops/internal/scratch"
	"tvilling/ops/internal/workload"
	"tvilling/protocol/admin"
)

// Own says how a cluster of a drill's own is made.
type Own struct {
	Binary  string
	Network string // namespaces, relays; empty: the best that there can be
	Work    Work
	Next    string // another build, for the drill that releases one
	Skewed  string // a build whose clock can be moved, for the drill that does
}

// processes are a demo's, as a drill needs them.
type processes struct{ *demo.Cluster }

// Running reports whether a node's process is there.
func (p processes) Running(id string) bool { return p.PID(id) != 0 }

// own is what a cluster of a drill's own is made of.
type own struct {
	network fault.Network
	disks   fault.Disk
	cluster *demo.Cluster
	clocks  string       // directory of how far clocks are moved; empty: they are not
	unclock func() error // removes it
	faults  []error      // of hooks, which return none
}

// OpenOwn makes a cluster of real processes for one drill, with what that drill needs.
// close ends and removes everything.
func OpenOwn(ctx context.Context, o Own, s Scenario) (t *Target, end func() error, err error) {
	w := &own{}
	why := map[Need]string{NeedBuilds: "it needs another build to release: name one with --binary",
		NeedClocks: "it needs a build whose clock can be moved: make skewed, and name it with --skewed"}
	if w.network, err = fault.Open(o.Network); err != nil {
		return nil, nil, err
	}
	if slices.Contains(s.Needs, NeedDisk) {
		if w.disks, err = fault.OpenDisk([]string{"a1", "a2", "b1", "b2", "w"}); errors.Is(err, fault.ErrUnavailable) {
			w.disks, why[NeedDisk] = nil, err.Error()
		} else if err != nil {
			return nil, nil, errors.Join(err, w.close())
		}
	}
	binary := o.Binary
	if slices.Contains(s.Needs, NeedClocks) && o.Skewed != "" {
		binary = o.Skewed
		if w.clocks, w.unclock, err = scratch.Make("tvilling-clocks-"); err != nil {
			return nil, nil, errors.Join(err, w.close())
		}
	}
	feeds := workload.Feeds(time.Now())
	w.cluster, err = demo.Start(ctx, demo.Options{Binary: binary, Feeds: feeds, Edit: w.edit, EditNode: w.editNode, Start: w.start})
	if err = errors.Join(append(w.faults, err)...); err != nil {
		return nil, nil, errors.Join(err, w.close())
	}
	t = &Target{Kind: "a cluster of its own", Operator: w.cluster.Operator(), Processes: processes{w.cluster}, Pauses: true,
		Links: w.network, Slows: true, Disks: w.disks, Why: why, LoadKind: o.Work.String(), Blind: o.Work.blind(),
		Load: func(ctx context.Context) (Load, error) { return startWork(ctx, w.cluster, feeds, o.Work) },
		Services: func(ctx context.Context, path, order string) error {
			_, err := w.cluster.StandIn(ctx, path, order)
			return err
		}}
	t.Hands = &Hands{Tool: o.Binary, Next: o.Next, Operator: w.cluster.OperatorDir(), Made: w.cluster.Made(), Work: w.cluster.Dir(), Config: w.cluster.ClusterFile, Data: w.cluster.DataDir,
		Open: func() (func() error, error) {
			control, err := w.cluster.Control()
			if err != nil {
				return nil, err
			}
			return control.Close, nil
		}}
	if w.clocks != "" {
		t.Hands.Clocks, o.Work.slack = w.move, clockWild+time.Second
	}
	if s.tame {
		t.LoadKind, t.Blind = probing, blind()
		t.Load = func(ctx context.Context) (Load, error) { return startProbes(ctx, w.cluster.Operator()) }
	}
	return t, w.close, nil
}

func (w *own) failed(what string, err error) {
	if err != nil {
		w.faults = append(w.faults, fmt.Errorf("%s: %w", what, err))
	}
}

func (w *own) edit(t *admin.Topology) { w.failed("placing the nodes", w.network.Edit(t)) }

func (w *own) editNode(id string, t *admin.Topology) {
	w.failed("placing what lies around "+id, w.network.EditNode(id, t))
}

// start puts a node where its network and its disk are. The directory of its data
// becomes a name for the one on its own disk.
func (w *own) start(id string, argv []string) []string {
	if w.clocks != "" {
		argv = append([]string{"env", "TVILLING_CLOCK_OFFSET=" + filepath.Join(w.clocks, id)}, argv...)
	}
	if w.disks == nil {
		return w.network.Wrap(id, argv)
	}
	disk, err := w.disks.Dir(id)
	w.failed("the disk of "+id, err)
	for i, a := range argv {
		if a == "--data" && i+1 < len(argv) {
			if have, err := os.Readlink(argv[i+1]); err != nil || have != disk {
				w.failed("the data of "+id, os.Symlink(disk, argv[i+1]))
			}
		}
	}
	return w.disks.Wrap(id, w.network.Wrap(id, argv))
}

// move says how far a node's clock is moved from now on.
func (w *own) move(id string, by time.Duration) error {
	path := filepath.Join(w.clocks, id)
	if err := os.WriteFile(path+".new", []byte(by.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// close ends the nodes first: one that waits for its disk ends when that is mended.
func (w *own) close() error {
	var faults []error
	if w.cluster != nil {
		if w.disks != nil {
			for _, m := range w.cluster.Topology().Members {
				_ = w.disks.Repair(m.ID) // what was not at fault stays as it is; Close says what cannot be mended
			}
		}
		faults = append(faults, w.network.Heal(), w.cluster.Close())
	}
	if w.disks != nil {
		faults = append(faults, w.disks.Close())
	}
	if w.clocks != "" {
		faults = append(faults, w.unclock())
	}
	return errors.Join(append(faults, w.network.Close())...)
}

// KeepLogs copies what the nodes said into a directory, named after a drill.
func KeepLogs(t *Target, dir, name string) error {
	p, is := t.Processes.(processes)
	if !is {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var faults []error
	for _, m := range p.Topology().Members {
		text, err := os.ReadFile(p.LogFile(m.ID))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, strings.Join([]string{name, m.ID, "log"}, ".")), text, 0o600)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
