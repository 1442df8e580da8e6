package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/health"
	"tvilling/protocol/admin"
)

var now = time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)

func well() Observed {
	topology := admin.Topology{Cluster: "norr", Members: []admin.Node{{ID: "a1", Site: "A", Role: admin.RoleData}}}
	member := admin.Member{ID: "a1", Site: "A", Role: admin.RoleData, State: "leader", Keys: true, Level: 2, Version: "v2", AppliedIndex: 9}
	return Observed{
		Now: now, Topology: topology, OperatorUntil: now.Add(400 * 24 * time.Hour), Version: "v2",
		Status: admin.Status{Leader: "a1", Level: 2, Members: []admin.Member{member}, Backup: admin.BackupManifest{Verified: now.Format(time.RFC3339)}},
		Nodes: []Seen{{ID: "a1", Asked: now, Took: 10 * time.Millisecond, Health: admin.NodeHealth{
			Member: member, Now: now.Format(time.RFC3339Nano), Disk: admin.Disk{Free: 50, Total: 100},
			Checks: []admin.Check{{Name: "leader", OK: true}}, Certificates: []admin.Certificate{{Name: "node", Until: now.Add(300 * 24 * time.Hour).Format(time.RFC3339)}}}}},
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name  string
		make  func(*Observed)
		what  string // of the check that must be there; empty: nothing is wrong
		grade health.Grade
	}{
		{"all is well", func(*Observed) {}, "", 0},
		{"operator's certificate soon", func(o *Observed) { o.OperatorUntil = now.Add(24 * time.Hour) }, "your certificate", health.Degraded},
		{"operator's certificate ran out", func(o *Observed) { o.OperatorUntil = now }, "your certificate", health.Broken},
		{"a node is silent", func(o *Observed) { o.Nodes[0].Err = errors.New("refused") }, "a1", health.Degraded},
		{"a slow answer", func(o *Observed) { o.Nodes[0].Took = 2 * time.Second }, "a1", health.Notice},
		{"a clock ahead", func(o *Observed) { o.Nodes[0].Health.Now = now.Add(3 * time.Second).Format(time.RFC3339Nano) }, "a1 clock", health.Degraded},
		{"a clock behind", func(o *Observed) { o.Nodes[0].Health.Now = now.Add(-time.Hour).Format(time.RFC3339Nano) }, "a1 clock", health.Broken},
		{"a clock that the question explains", func(o *Observed) {
			o.Nodes[0].Took, o.Nodes[0].Health.Now = 900*time.Millisecond, now.Add(400*time.Millisecond).Format(time.RFC3339Nano)
		}, "", 0},
		{"no clock", func(o *Observed) { o.Nodes[0].Health.Now = "" }, "a1 clock", health.Notice},
		{"another version", func(o *Observed) { o.Version = "v3" }, "a1 version", health.Notice},
		{"little room", func(o *Observed) { o.Nodes[0].Health.Disk.Free = 9 }, "a1 disk", health.Degraded},
		{"no room", func(o *Observed) { o.Nodes[0].Health.Disk.Free = 1 }, "a1 disk", health.Broken},
		{"a certificate soon", func(o *Observed) { o.Nodes[0].Health.Certificates[0].Until = now.Add(time.Hour).Format(time.RFC3339) }, "a1 certificate node", health.Degraded},
		{"a certificate ran out", func(o *Observed) { o.Nodes[0].Health.Certificates[0].Until = now.Format(time.RFC3339) }, "a1 certificate node", health.Broken},
		{"a check fails", func(o *Observed) { o.Nodes[0].Health.Checks[0] = admin.Check{Name: "leader", Why: "none"} }, "a1 leader", health.Broken},
		{"a check warns", func(o *Observed) { o.Nodes[0].Health.Checks[0] = admin.Check{Name: "feeds", Warns: true} }, "a1 feeds", health.Degraded},
		{"a forgotten drain", func(o *Observed) { o.Nodes[0].Health.Draining.Phase = admin.PhaseDrained }, "a1 drain", health.Notice},
		{"no status", func(o *Observed) { o.StatusErr = errors.New("no") }, "cluster", health.Broken},
		{"the cluster's own finding", func(o *Observed) { o.Status.Leader = "" }, "cluster", health.Broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := well()
			c.make(&o)
			var wrong []Check
			for _, check := range Judge(o) {
				if check.Grade != 0 {
					wrong = append(wrong, check)
				}
			}
			switch {
			case c.what == "" && len(wrong) > 0:
				t.Errorf("found %+v", wrong)
			case c.what != "" && (len(wrong) != 1 || wrong[0].What != c.what || wrong[0].Grade != c.grade || wrong[0].Do == ""):
				t.Errorf("found %+v, want one of %s, %v, with something to do", wrong, c.what, c.grade)
			}
			if Worst(Judge(o)) != c.grade {
				t.Errorf("worst is %v", Worst(Judge(o)))
			}
		})
	}
}

// fake answers for a1 alone.
type fake struct{ Observed }

func (f fake) Topology() admin.Topology { return f.Observed.Topology }
func (f fake) OperatorUntil() time.Time { return f.Observed.OperatorUntil }
func (f fake) Status(context.Context, string) (admin.Status, error) {
	return f.Observed.Status, nil
}

func (f fake) Node(_ context.Context, id string) (admin.NodeHealth, error) {
	if id != "a1" {
		return admin.NodeHealth{}, errors.New("silent")
	}
	return f.Nodes[0].Health, nil
}

func TestExamineAsksEveryNode(t *testing.T) {
	o := well()
	o.Topology.Members = append(o.Topology.Members, admin.Node{ID: "b1", Site: "B", Role: admin.RoleData})
	got := Examine(context.Background(), fake{o}, "v2")
	if len(got.Nodes) != 2 || got.Nodes[0].Err != nil || got.Nodes[1].Err == nil || got.Status.Leader != "a1" || got.Version != "v2" {
		t.Fatalf("observed %+v", got)
	}
	said := false
	for _, c := range Judge(got) {
		said = said || c.What == "b1" && strings.Contains(c.Found, "silent")
	}
	if !said {
		t.Error("the silent node is not told of")
	}
}
