package demo

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tvilling/ops/internal/demo/patients"
	"tvilling/ops/internal/standin"
)

// build builds the binary that the demo runs.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "tvilling")
	if out, err := exec.Command("go", "build", "-o", binary, "tvilling/ops/cmd/tvilling").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return binary
}

// children lists the processes whose command line names a directory.
func children(t *testing.T, dir string) []int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, path := range lines {
		text, err := os.ReadFile(path)
		ours := bytes.Contains(text, []byte("serve\x00")) || bytes.Contains(text, []byte("standin\x00"))
		if err != nil || !ours || !bytes.Contains(text, []byte(dir)) {
			continue // gone meanwhile, or another's
		}
		if pid, err := strconv.Atoi(strings.Split(path, "/")[2]); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// start runs the demo command until it has said something.
func start(t *testing.T, binary, dir, said string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, "demo", "--dir", dir, "--base-port", "0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), said) {
			go func() {
				for lines.Scan() { // so that it never waits for us
				}
			}()
			return cmd
		}
	}
	t.Fatalf("the demo ended without saying %q: %v", said, cmd.Wait())
	return nil
}

func TestNothingIsLeftBehind(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are listed by /proc")
	}
	binary := build(t)
	t.Run("after Ctrl-C", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "demo")
		cmd := start(t, binary, dir, "Ctrl-C ends it")
		if n := len(children(t, dir)); n != len(seats)+1 {
			t.Errorf("%d processes run, want %d and the stand-in", n, len(seats))
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("it ended with %v", err)
		}
		if left := children(t, dir); len(left) > 0 {
			t.Errorf("processes %v still run", left)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the directory is still there: %v", err)
		}
	})
	t.Run("processes, after it was killed", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "demo")
		cmd := start(t, binary, dir, "Delivering")
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed, as asked
		eventually(t, "nothing runs", func() bool { return len(children(t, dir)) == 0 })
	})
}

// A node that ends by itself is told of and stays ended; the others go on, and it can
// be started again.
func TestANodeThatDiesIsToldOf(t *testing.T) {
	c, err := Start(t.Context(), Options{Binary: build(t), Dir: filepath.Join(t.TempDir(), "demo"), Feeds: Staff(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			_ = c.Close()
		}
	}()
	victim := -1
	for _, pid := range children(t, c.Dir()) {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if err == nil && bytes.Contains(line, []byte("--node\x00b2\x00")) {
			victim = pid
		}
	}
	if victim < 0 {
		t.Fatal("b2 is not found")
	}
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if e := <-c.Exits(); e.ID != "b2" || e.Err == nil {
		t.Errorf("told of %+v, want b2 and why", e)
	}
	eventually(t, "the others say that b2 is away", func() bool {
		s, err := c.Operator().Status(t.Context(), "a1")
		for _, m := range s.Members {
			if m.ID == "b2" && m.State == "unreachable" {
				return err == nil
			}
		}
		return false
	})
	if err := c.StartNode("b2"); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.StopNode("a1"); err != nil {
		t.Error(err)
	}
	select {
	case e := <-c.Exits():
		t.Errorf("told of %s, which was asked to end", e.ID)
	default:
	}
	closed = true
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestTakenPortsAreTold(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, _, err = topology(port-2, "", Feeds{})
	if !errors.Is(err, ErrPort) || !strings.Contains(err.Error(), strconv.Itoa(port)+", for browsers of a2") {
		t.Errorf("error %v, want that port %d of a2's browsers is taken", err, port)
	}
}

// Whatever is free: nobody who asks for any port is given one of a node that is down.
func TestPortsOfNobodyElse(t *testing.T) {
	one, _, err := topology(0, "", Feeds{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range one.Members {
		for _, address := range []string{m.Peer, m.Admin, m.Client, m.Source} {
			if _, port, err := net.SplitHostPort(address); address != "" && (err != nil || len(port) != 5 || port >= "32768") {
				t.Errorf("%s is at %s: %v", m.ID, address, err)
			}
		}
	}
}

func TestBrowsersPortsCanBeBookmarked(t *testing.T) {
	placed, standin, err := topology(DefaultBasePort, "", Staff(time.Now()))
	if errors.Is(err, ErrPort) {
		t.Skip("a demo runs on this machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := placed.Validate(); err != nil {
		t.Error(err)
	}
	if standin != "127.0.0.1:8501" || placed.Upstream.Log.URL != "http://127.0.0.1:8501/log" {
		t.Errorf("the stand-in is at %s, and its log at %s", standin, placed.Upstream.Log.URL)
	}
	for i, want := range []string{"127.0.0.1:8471", "127.0.0.1:8472", "127.0.0.1:8473", "127.0.0.1:8474", ""} {
		if got := placed.Members[i].Client; got != want {
			t.Errorf("%s: %q, want %q", placed.Members[i].ID, got, want)
		}
	}
}

func TestClaim(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := claim(full); !errors.Is(err, ErrDirectory) {
		t.Errorf("a directory with something in it: %v", err)
	}
	for name, dir := range map[string]string{"none": "", "new": filepath.Join(t.TempDir(), "new"), "empty": t.TempDir()} {
		claimed, release, err := claim(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := os.WriteFile(filepath.Join(claimed, "made"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := release(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		entries, err := os.ReadDir(claimed)
		if there := err == nil; there != (name == "empty") || len(entries) > 0 {
			t.Errorf("%s: after release there: %v, with %d entries", name, there, len(entries))
		}
	}
}

// The feeds hold what the demo promises.
func TestStaff(t *testing.T) {
	f := Staff(time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC))
	engaged := map[string]int{}
	for _, r := range f.Relation {
		engaged[r.Patient]++
	}
	for _, p := range patients.Patients() {
		nobodys := p.ID == patients.Mohamed || p.ID == patients.AminaBefore // whose relations are the other identity's
		if (engaged[p.ID] > 0) == nobodys {
			t.Errorf("%s has %d care engagements", p.Name, engaged[p.ID])
		}
	}
	purposes := map[string]int{}
	for _, m := range f.Commission {
		purposes[m.Purpose]++
	}
	if purposes[purposeCare] < 5 || purposes[purposeAdmin] != 2 || purposes[purposeQuality] != 1 {
		t.Errorf("purposes %v", purposes)
	}
	if len(f.Consent) > 0 {
		t.Error("consents are there from the start")
	}
	kinds := map[string]int{}
	for _, b := range f.Block {
		kinds[b.Patient+b.Kind]++
		for _, l := range b.Lift {
			if l.Employee != "" {
				kinds["one"]++
			} else {
				kinds["unit"]++
			}
		}
	}
	if kinds[patients.Harry+"inner"] != 1 || kinds[patients.Harry+"outer"] != 2 || kinds["one"] != 1 || kinds["unit"] != 1 {
		t.Errorf("blocks %v", kinds)
	}
}

// Every provider of whom Bertil has a document blocks it.
func TestNothingOfBertilIsFree(t *testing.T) {
	f := Staff(time.Now())
	for _, a := range patients.AnswersFor(patients.Bertil, time.Now()) {
		provider := a.System[:len("SE0000000101")] + "-1000"
		if !slices.ContainsFunc(f.Block, func(b Block) bool {
			return b.Patient == patients.Bertil && b.CareProvider == provider && b.Kind == "outer"
		}) {
			t.Errorf("%v of %s is not blocked", a.Contract, provider)
		}
		if slices.ContainsFunc(f.Relation, func(r Relation) bool { return r.Patient == patients.Bertil && r.CareProvider == provider }) {
			t.Errorf("%s has Bertil in its care, and would see its own", provider)
		}
	}
}

// The stand-in takes the services' file as it is written, and the register says no
// protected name.
func TestFilesAreAsTheyAreRead(t *testing.T) {
	c := &Cluster{dir: t.TempDir()}
	f := Staff(time.Now())
	if err := c.WriteFeeds(f); err != nil {
		t.Fatal(err)
	}
	if _, err := standin.New(standin.Config{File: c.path(fileServices)}); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(c.path(fileRegister))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("Nils Ek")) || bytes.Count(text, []byte("[[employee]]")) != 7 || !bytes.Contains(text, []byte(patients.AminaBefore)) {
		t.Errorf("the register is\n%s", text)
	}
	known, err := ReadFeeds(c.path(fileServices))
	if err != nil {
		t.Fatal(err)
	}
	again, err := known.EncodeRegister()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Count(again, []byte("[[employee]]")) != 7 || len(known.providers()) != 3 {
		t.Errorf("read back, the register is\n%s", again)
	}
	if _, err := Coverage().Parse(); err != nil {
		t.Error(err)
	}
}
