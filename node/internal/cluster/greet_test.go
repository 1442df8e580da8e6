package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/protocol/admin"
)

// On the real port members of two generations get no further than their greetings,
// whoever dials, and each has heard the other's.
func TestGenerationsDoNotMeet(t *testing.T) {
	w := newRealWorld(t, three...)
	second := First().Next(time.Now())
	open := func(id string, g Generation) (*port, *acquaintance) {
		cfg := w.config(id)
		cfg.Tuning = cfg.Tuning.withDefaults()
		known := newAcquaintance(g, cfg.Logger)
		p, err := openPort(&cfg, cfg.Logger, greeter{func() []byte {
			return appendHello(nil, hello{generation: g, history: true, settled: true, index: 5})
		}, known.admit})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		return p, known
	}
	old, heard := open("a1", First())
	later, unmoved := open("b1", second)
	for _, protocol := range []string{alpnRaft, alpnPeer} {
		if _, err := old.dial(context.Background(), "b1", protocol); !errors.Is(err, ErrPeer) {
			t.Errorf("%s, to a later generation: %v", protocol, err)
		}
		if _, err := later.dial(context.Background(), "a1", protocol); !errors.Is(err, ErrPeer) {
			t.Errorf("%s, to an older generation: %v", protocol, err)
		}
	}
	if !heard.claimed() || unmoved.claimed() {
		t.Errorf("who has heard of a later one: the old %v, the later %v", heard.claimed(), unmoved.claimed())
	}
	select {
	case conn := <-old.calls:
		t.Errorf("%s was let in", conn.from)
	case conn := <-later.calls:
		t.Errorf("%s was let in", conn.from)
	case conn := <-old.streams:
		t.Errorf("raft of %s was let in", conn.from)
	default:
	}
}

// Who shows a certificate and then says nothing, or something else, is given up.
func TestWhoDoesNotGreetIsLetGo(t *testing.T) {
	w := newRealWorld(t, three...)
	p := w.port("a1")
	config := &tls.Config{RootCAs: w.authority.Pool(), ServerName: "127.0.0.1", NextProtos: []string{alpnRaft},
		Certificates: []tls.Certificate{w.authority.Issue(admin.Identity{Cluster: "test", Node: "b1"})}}
	for name, said := range map[string]string{"nothing": "", "something else": "GET / HTTP/1.1\r\nHost: somewhere else\r\n\r\n"} {
		conn, err := tls.Dial("tcp", p.listener.Addr().String(), config)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // a bound for a test that would hang
		if _, err := conn.Write([]byte(said)); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 2*helloBytes)
		total := 0
		for err == nil {
			var n int
			n, err = conn.Read(buffer)
			total += n
		}
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() || total != helloBytes {
			t.Errorf("%s: %d bytes, then %v", name, total, err)
		}
		_ = conn.Close()
	}
}

// A build that does not greet speaks the protocols without; it is of the first generation.
func TestABuildThatDoesNotGreet(t *testing.T) {
	w := newRealWorld(t, three...)
	p := w.port("a1")
	config := &tls.Config{RootCAs: w.authority.Pool(), ServerName: "127.0.0.1", NextProtos: []string{alpnPeerSilent},
		Certificates: []tls.Certificate{w.authority.Issue(admin.Identity{Cluster: "test", Node: "b1"})}}
	conn, err := tls.Dial("tcp", p.listener.Addr().String(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, from, err := p.Accept(); err != nil || from != "b1" {
		t.Errorf("from %q, %v", from, err)
	}
	known := newAcquaintance(First().Next(time.Now()), w.config("b1").Logger)
	if err := known.admit("b1", nil); !errors.Is(err, ErrPeer) {
		t.Errorf("in a later generation: %v", err)
	}
}

// There is no pipelining between rafts: with it, one failed write of a follower can stop
// its replication for ever.
func TestThereIsNoPipeline(t *testing.T) {
	w := newRealWorld(t, three...)
	a1 := w.port("a1")
	w.port("b1")
	if _, err := a1.Transport().AppendEntriesPipeline("b1", "b1"); !errors.Is(err, raft.ErrPipelineReplicationNotSupported) {
		t.Errorf("a pipeline: %v", err)
	}
}

func TestAGreetingThatCannotBeRead(t *testing.T) {
	known := newAcquaintance(First(), newRealWorld(t, three...).config("a1").Logger)
	good := appendHello(nil, hello{generation: First()})
	for name, b := range map[string][]byte{
		"empty": {}, "short": good[:helloBytes-1], "long": append(good[:helloBytes:helloBytes], 0),
		"generation 0": appendHello(nil, hello{}), "no id": appendHello(nil, hello{generation: Generation{Number: 2}}),
	} {
		if err := known.admit("b1", b); !errors.Is(err, errHello) || !errors.Is(err, ErrPeer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
