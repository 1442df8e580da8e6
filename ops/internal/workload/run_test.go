package workload

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/history"
)

// light is enough for every kind of operation to meet the fault.
var light = Config{Openers: 4, Producers: 2, Streams: 20, Changers: 2, Seed: 1}

// TestANodeIsKilled runs everything on a real cluster, kills a node, and has the account
// made. TVILLING_WORKLOAD makes it larger: openers, producers, streams, changers and how
// long each phase lasts ("64 16 500 4 10s").
func TestANodeIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("five processes for about 20 seconds")
	}
	c, lasts := light, 3*time.Second
	if size := os.Getenv("TVILLING_WORKLOAD"); size != "" {
		var each string
		if _, err := fmt.Sscan(size, &c.Openers, &c.Producers, &c.Streams, &c.Changers, &each); err != nil {
			t.Fatal(err)
		}
		var err error
		if lasts, err = time.ParseDuration(each); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(t.TempDir(), "tvilling")
	if out, err := exec.Command("go", "build", "-o", binary, "tvilling/ops/cmd/tvilling").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	cluster, err := demo.Start(t.Context(), demo.Options{Binary: binary, Feeds: Feeds(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	}()
	c.Cluster = cluster
	w, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	wait := func() {
		if err := pause(t.Context(), lasts); err != nil {
			t.Fatal(err)
		}
	}
	wait()
	w.Phase("killed")
	if err := cluster.KillNode("b2"); err != nil {
		t.Fatal(err)
	}
	wait()
	w.Phase("back")
	if err := cluster.StartNode("b2"); err != nil {
		t.Fatal(err)
	}
	if err := cluster.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := w.Stop(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	r.Print(&said)
	t.Logf("\n%s", said.String())
	if broken := r.Broken(); len(broken) > 0 {
		t.Errorf("broken: %q", broken)
	}
	if r.Ledger.Acknowledged == 0 || len(r.Ledger.Found) != 4 || r.History.Operations == 0 || r.Log.Shows == 0 || r.Views.Touched == 0 {
		t.Errorf("nothing was checked: %+v", r)
	}
	if failed, _ := r.Failed(); failed > 0 {
		t.Errorf("%d operations failed with one node of five away", failed)
	}
	if r.History.Verdict != history.OK {
		t.Errorf("history: %+v", r.History)
	}
}
