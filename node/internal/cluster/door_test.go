package cluster

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"tvilling/protocol/admin"
)

// silent connects from an address and says nothing.
func silent(t *testing.T, from, to string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	conn, err := dialer.Dial("tcp", to)
	if err != nil {
		t.Skipf("this machine has no address %s: %v", from, err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Those who stand at the door in silence, however many and from however many
// addresses, keep no member out.
func TestSilentStrangersKeepNoMemberOut(t *testing.T) {
	w := newRealWorld(t, three...)
	a1, b1 := w.port("a1"), w.port("b1")
	address := a1.listener.Addr().String()
	began := time.Now()
	for i := range maxStrangers + 2*maxFromStranger {
		conn := silent(t, netip.AddrFrom4([4]byte{127, 0, 1, byte(2 + i/(maxFromStranger+1))}).String(), address)
		if i != maxFromStranger {
			continue
		}
		_ = conn.SetReadDeadline(began.Add(20 * time.Second)) // a bound for a test that would hang
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !isReset(err) {
			t.Errorf("one more from the same address: %v", err)
		}
	}
	conn, err := b1.Dial(context.Background(), "a1")
	if err != nil {
		t.Fatalf("a member, while strangers are silent: %v", err)
	}
	_ = conn.Close()
	w.logs.await(t, errDoorAddress.Error())
}

func isReset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && !op.Timeout()
}

func TestTheDoor(t *testing.T) {
	d := newDoor()
	names := d.learn(admin.Topology{Members: []admin.Node{{Peer: "10.0.0.1:7000"}, {Peer: "b1.example:7000"}}}, nil)
	if len(names) != 1 || names[0] != "b1.example" {
		t.Errorf("names to look up: %q", names)
	}
	member, named, stranger := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.9.0.1")
	for range maxFromStranger {
		if err := d.enter(stranger); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.enter(stranger); !errors.Is(err, errDoorAddress) {
		t.Errorf("one more stranger from the address: %v", err)
	}
	for a := stranger.Next(); d.strangers < maxStrangers; a = a.Next() {
		if err := d.enter(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.enter(named); !errors.Is(err, errDoorFull) {
		t.Errorf("one more stranger: %v", err)
	}
	d.learn(admin.Topology{}, map[netip.Addr]bool{named: true})
	for _, a := range []netip.Addr{member, named} {
		for range maxFromMember {
			if err := d.enter(a); err != nil {
				t.Fatalf("a member: %v", err)
			}
		}
		if err := d.enter(a); !errors.Is(err, errDoorAddress) {
			t.Errorf("from a member's address without end: %v", err)
		}
	}
	for range maxFromStranger {
		d.leave(stranger)
	}
	if err := d.enter(stranger); err != nil {
		t.Errorf("when they have gone: %v", err)
	}
}
