package cluster

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// A snapshot that a leader sent, and that was delayed on its way, arrives after entries
// that follow upon it: they were acknowledged, and stay.
func TestALateSnapshotTakesNothingAway(t *testing.T) {
	tuning := Tuning{TrailingLogs: 10, SnapshotThreshold: 50, SnapshotInterval: 200 * time.Millisecond}
	withinTuned(t, tuning, three, func(w *world) {
		l := w.lead("a1")
		for range 200 {
			w.propose(l, event())
			time.Sleep(10 * time.Millisecond)
		}
		w.until("a snapshot", 10*time.Second, func() bool {
			list, _ := l.snaps.List()
			return len(list) > 0
		})
		meta, content, err := snapshotOf(l)
		if err != nil {
			t.Fatal(err)
		}
		w.propose(l, event())
		b := w.nodes["b1"]
		w.level(l, b)
		before, _ := b.store.LastIndex()
		if before <= meta.Index {
			t.Fatalf("the snapshot reaches to %d and the log to %d", meta.Index, before)
		}
		configuration := raft.EncodeConfiguration(meta.Configuration)
		request := &raft.InstallSnapshotRequest{
			RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte("a1"), Addr: []byte("a1")}, SnapshotVersion: meta.Version,
			Term: l.raft.CurrentTerm(), LastLogIndex: meta.Index, LastLogTerm: meta.Term,
			Configuration: configuration, ConfigurationIndex: meta.ConfigurationIndex, Size: meta.Size,
		}
		var response raft.InstallSnapshotResponse
		err = l.network.Transport().InstallSnapshot("b1", "b1", request, &response, bytes.NewReader(content))
		if err == nil || !strings.Contains(err.Error(), errLate.Error()) {
			t.Errorf("a late snapshot was answered with %v", err)
		}
		if after, _ := b.store.LastIndex(); after < before {
			t.Errorf("the log reached to %d, and reaches to %d", before, after)
		}
		if n := b.machine.restore.Load(); n != 0 {
			t.Errorf("%d snapshots were restored", n)
		}
		w.propose(l, event())
		w.level(l, b)
	})
}

func snapshotOf(n *node) (*raft.SnapshotMeta, []byte, error) {
	list, err := n.snaps.List()
	if err != nil {
		return nil, nil, err
	}
	meta, from, err := n.snaps.Open(list[0].ID)
	if err != nil {
		return nil, nil, err
	}
	defer from.Close()
	content, err := io.ReadAll(from)
	return meta, content, err
}

// What makes a snapshot late is a log that goes on from it, and nothing else.
func TestLate(t *testing.T) {
	request := &raft.InstallSnapshotRequest{Term: 5, LastLogIndex: 30, LastLogTerm: 3}
	for name, c := range map[string]struct {
		logs []*raft.Log
		late bool
	}{
		"no log":                                     {nil, false},
		"a log that ends before it":                  {[]*raft.Log{{Index: 29, Term: 3}}, false},
		"a log that ends where it does":              {[]*raft.Log{{Index: 30, Term: 3}}, false},
		"a longer log that differs at its place":     {[]*raft.Log{{Index: 30, Term: 2}, {Index: 31, Term: 4}}, false},
		"a longer log of the leader's":               {[]*raft.Log{{Index: 30, Term: 2}, {Index: 31, Term: 4}, {Index: 32, Term: 5}}, true},
		"a longer log that holds its last entry":     {[]*raft.Log{{Index: 30, Term: 3}, {Index: 31, Term: 4}}, true},
		"a log that begins after it, of other terms": {[]*raft.Log{{Index: 31, Term: 3}, {Index: 32, Term: 4}}, true},
	} {
		logs := raft.NewInmemStore()
		if err := logs.StoreLogs(c.logs); err != nil {
			t.Fatal(err)
		}
		if err := late(request, logs); (err != nil) != c.late {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The rest of a late snapshot is read, so that the line it came on can be used again.
func TestALateSnapshotIsReadToItsEnd(t *testing.T) {
	content := strings.NewReader("content")
	r := &lateReader{Reader: content, late: func() error { return errLate }}
	if _, err := r.Read(make([]byte, 4)); err == nil {
		t.Error("it is begun")
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "content" {
		t.Errorf("%q, %v", rest, err)
	}
}
