//go:debug randseednop=0

package simulation

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

var (
	seed   = flag.Uint64("seed", 0, "run this seed alone")
	times  = flag.Int("times", 20, "with -seed: how often")
	from   = flag.Uint64("from", 1, "the first seed")
	count  = flag.Uint64("seeds", 400, "how many seeds to run")
	worker = flag.Bool("worker", false, "run the seeds in this process")
)

// verdict is what became of a seed.
type verdict struct {
	seed         uint64
	fault        *fault
	step         int           // after which it was found
	trace        [32]byte      // what happened when, as a sum
	took         time.Duration // of virtual time
	acked, shown int
}

// replay is what runs a seed again.
func (v verdict) replay() string {
	return fmt.Sprintf("seed %d, step %d: %v\n\tgo test ./node/internal/simulation -run 'TestSeeds$' -seed=%d", v.seed, v.step, v.fault, v.seed)
}

// simulate runs one seed.
func simulate(t *testing.T, one uint64, d defect, log io.Writer) (v verdict) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, one)
	//lint:ignore SA1019 raft draws its timeouts from this source, and there is no other way to seed it
	rand.Seed(int64(one))
	defer func() { // raft leaves goroutines of a transfer behind that nothing answers: a process ends with them
		if r := recover(); r != nil && !strings.HasPrefix(fmt.Sprint(r), "deadlock: main bubble goroutine has exited") {
			panic(r)
		}
		v.seed = one
	}()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := newWorld(one, d, log)
		v = w.run(log)
		v.took = time.Since(began)
		w.close()
	})
	return v
}

// run takes the steps of the seed and stops at the first promise that is broken.
func (w *world) run(log io.Writer) (v verdict) {
	trace := sha256.New()
	note := func(f *fault) bool {
		fmt.Fprintln(trace, time.Now().UnixNano(), len(w.acked), len(w.ledger.hashes))
		v.fault = f
		return f != nil
	}
	defer func() { v.trace, v.acked, v.shown = [32]byte(trace.Sum(nil)), len(w.acked), len(w.used) }()
	if note(w.settle()) {
		return v
	}
	for i, s := range plan(w.dice) {
		v.step = i
		time.Sleep(s.after)
		synctest.Wait()
		w.reap()
		fmt.Fprintf(log, "%s step %d: %v\n", time.Now().Format("15:04:05.000"), i, s)
		w.do(s)
		synctest.Wait()
		if note(w.check()) {
			return v
		}
	}
	v.step++
	w.heal()
	for _, end := range []func() *fault{w.lives, w.check, w.everywhere} {
		if note(end()) {
			return v
		}
	}
	return v
}

func TestSeeds(t *testing.T) {
	if *seed != 0 {
		*from, *count = *seed, uint64(*times)
	}
	if *worker {
		runtime.GOMAXPROCS(1)
		for i := range *count {
			one := *from + i
			if *seed != 0 {
				one = *seed
			}
			fmt.Println("seed", one)
			logged(t, one)
		}
		return
	}
	t.Cleanup(func() { t.Logf("%d seeds from %d", *count, *from) })
	share := (*count + workers - 1) / workers
	for i := range uint64(workers) {
		t.Run(fmt.Sprint("worker ", i), func(t *testing.T) {
			t.Parallel()
			if first := *from + i*share; i*share < *count {
				employ(t, first, min(share, *count-i*share))
			}
		})
	}
}

// workers are processes: what seeds the randomness of a process serves one seed at a
// time, and one that panics takes no other with it.
const workers = 2

// employ runs seeds in a process of its own.
func employ(t *testing.T, first, count uint64) {
	args := []string{"-test.run=^TestSeeds$", "-test.timeout=0", "-worker", fmt.Sprint("-from=", first), fmt.Sprint("-seeds=", count)}
	if *seed != 0 {
		args = append(args, fmt.Sprint("-seed=", *seed), fmt.Sprint("-times=", count))
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return
	}
	last := "none"
	for text := range strings.Lines(string(out)) {
		if strings.HasPrefix(text, "seed ") {
			last = strings.TrimSpace(text)
		}
		if strings.HasPrefix(text, "FAULT ") || strings.HasPrefix(text, "\tgo test ") || strings.HasPrefix(text, "\tlog ") {
			t.Error(strings.TrimSuffix(text, "\n"))
		}
	}
	tail := out[max(0, len(out)-4000):]
	t.Errorf("the worker ended with %v at %s:\n%s", err, last, tail)
}

// logged runs a seed, and keeps what was logged if it fails.
func logged(t *testing.T, one uint64) {
	t.Run(fmt.Sprint(one), func(t *testing.T) {
		log, err := os.CreateTemp(memory(), fmt.Sprintf("simulation-%d-*.log", one))
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		v := simulate(t, one, sound, log)
		if v.fault != nil {
			fmt.Printf("FAULT %s\n\tlog %s\n", v.replay(), log.Name())
			t.Error(v.fault)
			return
		}
		_ = os.Remove(log.Name())
	})
}

// Each defect is found, by the promise that it breaks.
func TestDefectsAreFound(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for d, promises := range defects {
		t.Run(string(d), func(t *testing.T) {
			for one := uint64(1); one <= defectSeeds; one++ {
				var f *fault
				t.Run(fmt.Sprint(one), func(t *testing.T) { f = simulate(t, one, d, io.Discard).fault })
				if f == nil {
					continue
				}
				if !slices.Contains(promises, f.Promise) {
					t.Errorf("found by %v, want one of %v", f, promises)
				}
				t.Logf("seed %d: %v", one, f)
				return
			}
			t.Errorf("not found in %d seeds", defectSeeds)
		})
	}
}

// defectSeeds is within how many seeds a defect must be found.
const defectSeeds = 60
