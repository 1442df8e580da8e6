package fault

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tvilling/protocol/admin"
)

// inNamespaces is a network of two, or skips.
func inNamespaces(t *testing.T) (*namespaces, *admin.Topology, string) {
	if err := Namespaces(); err != nil {
		t.Skipf("no namespaces, the relays are tested: %v", err)
	}
	n, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	if n.Kind() != KindNamespaces {
		t.Fatalf("chosen was %s", n.Kind())
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	service := server(t)
	top := &admin.Topology{Members: []admin.Node{{ID: "a", Peer: "127.0.0.1:700"}, {ID: "b", Peer: "127.0.0.1:701"}},
		Upstream: admin.Upstream{Blocks: &admin.Service{URL: "http://" + service + "/blocks"}}}
	if err := n.Edit(top); err != nil {
		t.Fatal(err)
	}
	return n.(*namespaces), top, service
}

// between connects a to b, which echoes, each in its namespace.
func between(t *testing.T, n *namespaces, address string) net.Conn {
	var l net.Listener
	var conn net.Conn
	err := n.nodes["b"].space.within(func() (err error) {
		l, err = net.Listen("tcp", address)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		if conn, err := l.Accept(); err == nil {
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	}()
	err = n.nodes["a"].space.within(func() (err error) {
		conn, err = net.DialTimeout("tcp", address, soon)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestNamespacesCutOneDirection(t *testing.T) {
	n, top, _ := inNamespaces(t)
	conn := between(t, n, top.Members[1].Peer)
	for _, direction := range []pair{{"a", "b"}, {"b", "a"}} {
		if err := ask(conn, soon); err != nil {
			t.Fatalf("before %v is cut: %v", direction, err)
		}
		if err := n.Cut(direction.from, direction.to); err != nil {
			t.Fatal(err)
		}
		if err := ask(conn, shortly); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%v is cut, and: %v", direction, err)
		}
		if err := n.Heal(); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(soon)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatalf("nothing came after heal: %v", err)
		}
	}
}

func TestNamespacesSlowOneDirection(t *testing.T) {
	n, top, _ := inNamespaces(t)
	conn := between(t, n, top.Members[1].Peer)
	done, err := n.Slow("a", "b", Slowness{BitsPerSecond: 1_000_000, Latency: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Slowness{BitsPerSecond: 1_000_000}); done != want {
		t.Errorf("said it does %v, want %v", done, want)
	}
	const size = 50_000 // 0.4 s at that rate
	began := time.Now()
	go func() { _, _ = conn.Write(make([]byte, size)) }()
	if _, err := io.ReadFull(conn, make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("%d bytes took %v at 1 Mbit/s", size, took)
	}
}

func TestNamespaceWrapsACommandAndLeadsToTheServices(t *testing.T) {
	n, _, service := inNamespaces(t)
	argv := n.Wrap("a", []string{"ip", "-o", "address"})
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "198.18.0.1/24") || strings.Contains(string(out), "br0") {
		t.Errorf("in a's namespace: %v\n%s", err, out)
	}
	var conn net.Conn
	err = n.nodes["a"].space.within(func() (err error) {
		conn, err = net.DialTimeout("tcp", service, soon)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := ask(conn, soon); err != nil {
		t.Errorf("a service under its own address: %v", err)
	}
	if links, err := os.ReadFile("/proc/net/dev"); err != nil || strings.Contains(string(links), "br0:") {
		t.Errorf("the bridge is in the machine's own namespace, or %v", err)
	}
}

func withDisk(t *testing.T) Disk {
	if err := Disks(); err != nil {
		t.Skipf("no disks: %v", err)
	}
	d, err := OpenDisk([]string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// on runs a shell's line where a's disk is.
func on(t *testing.T, d Disk, line string) (string, error) {
	dir, err := d.Dir("a")
	if err != nil {
		t.Fatal(err)
	}
	argv := d.Wrap("a", []string{"sh", "-c", line, "sh", dir})
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	return string(out), err
}

func TestDiskFillsAndFails(t *testing.T) {
	for _, order := range [][]string{{"full", "error"}, {"error", "full"}} {
		t.Run(strings.Join(order, ", "), func(t *testing.T) {
			d := withDisk(t)
			for _, name := range order {
				failsAndIsRepaired(t, d, name)
			}
		})
	}
}

func failsAndIsRepaired(t *testing.T, d Disk, name string) {
	fault, says := d.Fill, "No space left"
	if name == "error" {
		fault, says = d.Fail, "Read-only file system"
	}
	if err := fault("a"); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if out, err := on(t, d, `head -c 100000 /dev/zero >"$1/x" && sync "$1/x"`); err == nil || !strings.Contains(out, says) {
		t.Errorf("%s: a write: %v %s", name, err, out)
	}
	if err := d.Stall("a"); err == nil {
		t.Errorf("%s: a second fault on the same disk", name)
	}
	if err := d.Repair("a"); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if out, err := on(t, d, `echo y >"$1/y" && sync "$1/y"`); err != nil {
		t.Errorf("%s, repaired: %v %s", name, err, out)
	}
}

func TestDiskStalls(t *testing.T) {
	d := withDisk(t)
	dir, err := d.Dir("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Stall("a"); err != nil {
		t.Fatal(err)
	}
	argv := d.Wrap("a", []string{"sh", "-c", `echo now; echo x >"$1/x"; echo done`, "sh", dir})
	cmd := exec.Command(argv[0], argv[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	}()
	if got := <-lines; got != "now" {
		t.Fatalf("it said %q", got)
	}
	select {
	case got := <-lines:
		t.Errorf("a write to a stalled disk: %q", got)
	case <-time.After(shortly):
	}
	if err := d.Repair("a"); err != nil {
		t.Fatal(err)
	}
	if got := <-lines; got != "done" {
		t.Errorf("after the stall it said %q", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
