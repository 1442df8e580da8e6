package mixed

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/demo"
	"tvilling/protocol/admin"
)

const within = 40 * time.Second // for a level to be reached

// build builds this tree's binary, of the level before with the tag.
func build(t *testing.T, name string, tags string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), name)
	out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", tags, "-ldflags", "-s -w -X main.version="+name, "-o", binary, "tvilling/ops/cmd/tvilling").CombinedOutput()
	if err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return binary
}

// mixture is a cluster of two builds under a light load.
type mixture struct {
	t        *testing.T
	c        *demo.Cluster
	old, now string // the builds
	load     *load
}

func newMixture(t *testing.T) *mixture {
	t.Helper()
	m := &mixture{t: t, old: build(t, "before", "level1"), now: build(t, "now", "")}
	var err error
	m.c, err = demo.Start(t.Context(), demo.Options{
		Binary: m.old, Dir: filepath.Join(t.TempDir(), "demo"), Feeds: demo.Staff(time.Now()), LevelAsIs: true,
		Args: func(string) []string { return []string{"--quiet", "--snapshot-every", "20"} },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.c.Close(); err != nil && !t.Failed() {
			t.Error(err)
		}
	})
	if _, err := m.c.Fill(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	m.load = startLoad(t, m.c)
	return m
}

// until waits until something holds, within bounds.
func (m *mixture) until(what string, holds func(ctx context.Context) error) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var why error
	for {
		err := holds(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil {
			why = err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			m.t.Fatalf("never: %s: %v\n%s", what, why, m.said())
		}
	}
}

// said is the end of what every member has said.
func (m *mixture) said() string {
	var all strings.Builder
	for _, one := range m.c.Topology().Members {
		text, err := os.ReadFile(m.c.LogFile(one.ID))
		if err != nil {
			continue
		}
		all.WriteString(one.ID + ":\n" + string(text[max(0, len(text)-1500):]) + "\n")
	}
	return all.String()
}

// to puts a build in a node's place and waits until the node is of use again.
func (m *mixture) to(binary string, ids ...string) {
	m.t.Helper()
	for _, id := range ids {
		if err := m.c.Replace(m.t.Context(), id, binary); err != nil {
			m.t.Fatal(err)
		}
		m.serves(id)
	}
}

// serves waits until a node has what the others have, and browsers open there.
func (m *mixture) serves(id string) {
	m.t.Helper()
	m.until(id+" catches up", func(ctx context.Context) error {
		s, err := m.c.Operator().Status(ctx, "")
		if err != nil {
			return err
		}
		member := memberOf(s, id)
		if member.State == "unreachable" || member.Error != "" || member.Lag > 5 || s.Leader == "" || member.AppliedIndex == 0 {
			return errors.New(member.State + " " + member.Error)
		}
		return nil
	})
	if n, _ := m.c.Topology().Member(id); n.Role == admin.RoleData {
		m.until(id+" opens", func(ctx context.Context) error { return open(ctx, m.c.URL(id)) })
	}
}

func memberOf(s admin.Status, id string) admin.Member {
	for _, m := range s.Members {
		if m.ID == id {
			return m
		}
	}
	return admin.Member{State: "unreachable"}
}

// lead moves leadership to a node.
func (m *mixture) lead(id string) {
	m.t.Helper()
	m.until(id+" leads", func(ctx context.Context) error {
		s, err := m.c.Operator().Status(ctx, "")
		if err != nil || s.Leader == id {
			return err
		}
		if err := m.c.Operator().Transfer(ctx, "", id); err != nil {
			return err
		}
		return errors.New("asked for")
	})
	m.load.goesOn("with " + id + " leading")
}

// wipe takes a node's state away, so that it has to be sent a snapshot by the leader.
func (m *mixture) wipe(id string) {
	m.t.Helper()
	if err := m.c.StopNode(id); err != nil {
		m.t.Fatal(err)
	}
	m.load.goesOn("without " + id)
	if err := os.RemoveAll(m.c.DataDir(id)); err != nil {
		m.t.Fatal(err)
	}
	if err := m.c.StartNode(id); err != nil {
		m.t.Fatal(err)
	}
}

// agree waits until every member has been seen at one index, and holds that at every
// index at which two of them were seen they have the same state.
func (m *mixture) agree() {
	m.t.Helper()
	all := len(m.c.Topology().Members)
	seen := map[uint64]map[string]string{}
	m.until("all members at one index", func(ctx context.Context) error {
		s, err := m.c.Operator().Status(ctx, "")
		if err != nil {
			return err
		}
		for _, one := range s.Members {
			if one.StateHash == "" {
				continue
			}
			at := seen[one.HashIndex]
			if at == nil {
				at = map[string]string{}
				seen[one.HashIndex] = at
			}
			at[one.ID] = one.StateHash
			for id, hash := range at {
				if hash != one.StateHash {
					m.t.Fatalf("at index %d %s and %s have different states", one.HashIndex, id, one.ID)
				}
			}
			if len(at) == all {
				return nil
			}
		}
		return errors.New("not yet")
	})
}

// refused holds that the cluster says no, with a code.
func (m *mixture) refused(err error, code, says string) {
	m.t.Helper()
	var problem *adminclient.ProblemError
	if !errors.As(err, &problem) || problem.Problem.Code != code || problem.Status != http.StatusConflict || !strings.Contains(err.Error(), says) {
		m.t.Errorf("answered %v, want %s about %q", err, code, says)
	}
}

// refuses holds that a node that is started ends by itself, not in order, and says which
// build is needed; and that the others do not care.
func (m *mixture) refuses(id string) {
	m.t.Helper()
	select {
	case e := <-m.c.Exits():
		var exit *exec.ExitError
		if e.ID != id || !errors.As(e.Err, &exit) || exit.ExitCode() != 1 {
			m.t.Errorf("%s ended with %v, where %s has to end with exit code 1", e.ID, e.Err, id)
		}
	case <-time.After(within):
		m.t.Fatalf("%s goes on with a level that it does not know", id)
	}
	text, err := os.ReadFile(m.c.LogFile(id))
	if err != nil {
		m.t.Fatal(err)
	}
	if !strings.Contains(string(text), "install a build that knows level 2") && !strings.Contains(string(text), "install the later build") {
		m.t.Errorf("%s does not say which build is needed:\n%s", id, text[max(0, len(text)-2000):])
	}
	if err := os.Truncate(m.c.LogFile(id), 0); err != nil {
		m.t.Fatal(err)
	}
	m.load.goesOn("after " + id + " has stopped")
}

var words = admin.Announcement{Kind: "ongoing", From: "2026-01-01T00:00:00Z", Swedish: "Text", English: "Words"}

// A release, with what may happen on its way: forth and back again, leaders and
// majorities of either build, snapshots both ways, under load. Then its level is
// activated, and the build before cannot come back.
func TestTwoBuildsInOneCluster(t *testing.T) {
	m := newMixture(t)
	admins := m.c.Operator()

	m.to(m.now, "a2") // a minority; the leader is old
	m.load.goesOn("with one member new")
	m.lead("a2")
	m.wipe("b2")
	m.serves("b2") // an old one, from a new leader's snapshot
	m.agree()
	m.to(m.old, "a2") // and back
	m.to(m.now, "a2", "b1", "b2")
	m.lead("a1") // a majority is new; the leader is old
	m.wipe("b1")
	m.serves("b1") // a new one, from an old leader's snapshot
	m.agree()

	_, err := admins.Activate(t.Context(), "a2")
	m.refused(err, "TV-4002", "a1 runs a build of level 1")
	_, err = admins.Announce(t.Context(), "a2", words)
	m.refused(err, "TV-4007", "activate")

	m.to(m.now, "w", "a1")
	if _, err := admins.Activate(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := admins.Announce(t.Context(), "", words); err != nil {
		t.Fatal(err)
	}
	m.load.goesOn("at level 2")
	m.agree()

	if err := m.c.Replace(t.Context(), "b2", m.old); err != nil { // on its own data
		t.Fatal(err)
	}
	m.refuses("b2")
	if err := os.RemoveAll(m.c.DataDir("b2")); err != nil {
		t.Fatal(err)
	}
	if err := m.c.StartNode("b2"); err != nil { // and with none, from the leader's snapshot
		t.Fatal(err)
	}
	m.refuses("b2")
	m.to(m.now, "b2")
	m.load.stop()
	m.agree()
	m.load.check()
}
