package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"tvilling/ops/internal/viewer"
	"tvilling/protocol/admin"
)

// TestMeasureBlocks is no test but `make bench-blocks`: blocks that are registered one
// after another, to the emptied page of a real browser and to every other open view. It
// runs when TVILLING_BENCH names the directory that holds the binary and takes the
// figures; TVILLING_BENCH_BLOCKS is how many, unless the default.
func TestMeasureBlocks(t *testing.T) {
	dir := os.Getenv("TVILLING_BENCH")
	if dir == "" {
		t.Skip("make bench-blocks runs it, with TVILLING_BENCH")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium is installed: tvilling bench --only blocks measures without one")
	}
	o := DefaultOptions()
	if n := os.Getenv("TVILLING_BENCH_BLOCKS"); n != "" {
		if o.Blocks, err = strconv.Atoi(n); err != nil || o.Blocks < 1 || o.Blocks > MaxBlocks {
			t.Fatalf("TVILLING_BENCH_BLOCKS is 1 to %d", MaxBlocks)
		}
	}
	p := people(o.Blocks)
	s, err := start(t.Context(), Options{Binary: filepath.Join(dir, "tvilling"), BasePort: o.BasePort}, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var b Browser
	window := &tab{t: t, ctx: chromium(t, path, &b), nodes: dataNodes(s.Topology())}
	k := blocker{stage: s, people: p, views: o.Views - 1, page: window}
	defer func() { k.open.close() }()
	r, err := k.run(t.Context(), os.Stdout)
	if err != nil {
		t.Error(err)
	}
	r.Browser, r.ClockUncertain = b.Name, window.uncertain
	r.Print(os.Stdout)
	if err := Save(filepath.Join(dir, "bench-blocks.json"), r); err != nil {
		t.Fatal(err)
	}
}

// tab is a page of a real browser, at the nodes in turn.
type tab struct {
	t         *testing.T
	ctx       context.Context
	nodes     []admin.Node
	turn      int
	uncertain float64 // between its clock and ours, at most
}

func (b *tab) show(patient string) error {
	b.t.Helper()
	load(b.t, b.ctx, b.nodes[b.turn%len(b.nodes)].Origin, personKey(0), patient)
	b.turn++
	b.uncertain = max(b.uncertain, clocks(b.t, b.ctx))
	if n := evaluate[int](b.t, b.ctx, fmt.Sprintf(`window.gone = %s, Number(document.documentElement.dataset.count)`, emptied)); n != documents {
		return fmt.Errorf("%w: the page shows %d documents, not %d", viewer.ErrView, n, documents)
	}
	return nil
}

func (b *tab) emptied() (time.Time, error) {
	b.t.Helper()
	gone := evaluate[float64](b.t, b.ctx, `window.gone`)
	return time.UnixMicro(int64(gone * 1000)), nil
}
