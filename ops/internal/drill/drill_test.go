package drill

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/adminclient"
	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/fault"
)

// program builds the binary that a drill's cluster is of.
func program(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "tvilling")
	if out, err := exec.Command("go", "build", "-o", binary, "tvilling/ops/cmd/tvilling").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return binary
}

func leaderKill(t *testing.T) Scenario {
	t.Helper()
	found, err := Named([]string{"leader-kill"})
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}

// One drill with everything that is real: processes, relays, work.
func TestLeaderKill(t *testing.T) {
	binary, s := program(t), leaderKill(t)
	s.Hold = awayLeast + 2*time.Second
	target, end, err := OpenOwn(t.Context(), Own{Binary: binary, Network: fault.KindRelays, Work: Work{Openers: 4, Producers: 2, Streams: 4, Changers: 1, Seed: 1}}, s)
	if err != nil {
		t.Fatal(err)
	}
	target.Steady, target.After = time.Second, time.Second
	r := Run(t.Context(), s, target, func(line string) { t.Log(line) })
	if err := end(); err != nil {
		t.Error(err)
	}
	if r.Outcome != Pass {
		t.Errorf("%s: %s", r.Outcome, strings.Join(r.Reasons, "\n"))
	}
	if r.Where.Network != fault.KindRelays || r.Figures[Changes] != 1 || r.Figures[Requests] == 0 || r.Figures[Acknowledged] == 0 || len(r.Leaders) < 2 || len(r.Seconds) == 0 {
		t.Errorf("the report does not tell what was done: %+v", r)
	}
	if _, err := exec.Command("pgrep", "-f", binary).Output(); err == nil {
		t.Error("a process is left")
	}
}

// hurtful is a target of which every part is there and nothing works.
type hurtful struct{}

func (hurtful) KillNode(string) error   { return nil }
func (hurtful) StartNode(string) error  { return nil }
func (hurtful) PauseNode(string) error  { return nil }
func (hurtful) ResumeNode(string) error { return nil }
func (hurtful) Running(string) bool     { return false }

func TestWhatCannotBeRunIsNotAPass(t *testing.T) {
	for _, c := range []struct {
		drill  string
		target Target
		says   string
	}{
		{"clock-skew", Target{Why: map[Need]string{NeedClocks: "make skewed"}}, "make skewed"},
		{"leader-kill", Target{Kind: "a place"}, "a place has no way"},
		{"disk-full", Target{Processes: hurtful{}, Why: map[Need]string{NeedDisk: "needs root"}}, "needs root"},
		{"pause-leader", Target{Processes: hurtful{}, Kind: "a place"}, "pause"},
	} {
		found, err := Named([]string{c.drill})
		if err != nil {
			t.Fatal(err)
		}
		r := Run(t.Context(), found[0], &c.target, nil)
		if r.Outcome != NotRun || len(r.Reasons) != 1 || !strings.Contains(r.Reasons[0], c.says) {
			t.Errorf("%s: %s %q, want not run since %q", c.drill, r.Outcome, r.Reasons, c.says)
		}
	}
}

func TestRunningDemoIsOneThatRuns(t *testing.T) {
	if _, _, err := OpenRunning(t.Context(), t.TempDir()); !errors.Is(err, demo.ErrNoDemo) {
		t.Errorf("an empty directory: %v", err)
	}
}

func TestNamedClusterMakesNoFaultThatItCannotTakeBack(t *testing.T) {
	for text, want := range map[string]map[Need]bool{
		"":                                  {},
		`kill = ["k"]`:                      {},
		"kill = [\"k\"]\nstart = [\"s\"]":   {NeedProcess: true},
		`cut = ["c"]`:                       {},
		"cut = [\"c\"]\nheal = [\"h\"]":     {NeedNetwork: true},
		"pause = [\"p\"]\nresume = [\"r\"]": {},
		"kill=['k']\nstart=['s']\npause=['p']\nresume=['r']\n": {NeedProcess: true, NeedPause: true},
	} {
		have, err := fault.ParseCommands([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		target := OpenNamed(context.Background(), &adminclient.Client{}, have)
		for _, n := range []Need{NeedProcess, NeedPause, NeedNetwork, NeedSlow, NeedDisk, NeedServices} {
			if got := target.can(n) == nil; got != want[n] {
				t.Errorf("with %q %s: %v", text, n, got)
			}
		}
	}
}
