package cluster

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"pgregory.net/rapid"

	"tvilling/raftfsm/command"
)

func TestFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := frame{
			kind: call(rapid.Byte().Draw(t, "kind")), id: rapid.Uint64().Draw(t, "id"),
			payload: rapid.SliceOfN(rapid.Byte(), 0, 500).Draw(t, "payload"),
		}
		got, err := readFrame(bufio.NewReader(bytes.NewReader(appendFrame(nil, want))))
		if err != nil || got.kind != want.kind || got.id != want.id || !bytes.Equal(got.payload, want.payload) {
			t.Fatalf("got %+v, %v", got, err)
		}
	})
	for _, size := range []uint32{0, 8, maxCallBytes + 1, 1<<32 - 1} {
		b := append(binary.BigEndian.AppendUint32(nil, size), make([]byte, 32)...)
		if _, err := readFrame(bufio.NewReader(bytes.NewReader(b))); !errors.Is(err, errFrame) {
			t.Errorf("a length of %d: %v", size, err)
		}
	}
}

func TestProposalsAndResults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		commands := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 1, 5).Draw(t, "commands")
		wait := time.Duration(rapid.IntRange(0, 5000).Draw(t, "wait")) * time.Millisecond
		gotWait, got, err := readProposal(appendProposal(nil, wait, commands))
		if err != nil || gotWait != wait || len(got) != len(commands) {
			t.Fatalf("%v, %d commands, %v", gotWait, len(got), err)
		}
		for i := range got {
			if !bytes.Equal(got[i], commands[i]) {
				t.Fatalf("command %d: %x", i, got[i])
			}
		}
		results := rapid.SliceOfN(rapid.Make[command.Result](), 0, 5).Draw(t, "results")
		read, err := readResults(appendResults(nil, results))
		if err != nil || len(read) != len(results) {
			t.Fatal(err)
		}
		for i := range read {
			if read[i] != results[i] {
				t.Fatalf("result %+v, want %+v", read[i], results[i])
			}
		}
	})
}

func FuzzPeerBytes(f *testing.F) {
	f.Add(appendProposal(nil, time.Second, [][]byte{[]byte("a"), []byte("b")}))
	f.Add(appendResults(nil, []command.Result{{Status: 1, Index: 2}}))
	f.Add(appendFrame(nil, frame{kind: 1, id: 2, payload: []byte("x")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, commands, err := readProposal(b); err == nil && len(commands) > MaxProposalCommands {
			t.Errorf("%d commands", len(commands))
		}
		if results, err := readResults(b); err == nil && len(results) > MaxProposalCommands {
			t.Errorf("%d results", len(results))
		}
		if readError(b) == nil {
			t.Error("an error that is none")
		}
		_, _ = readFrame(bufio.NewReader(bytes.NewReader(b)))
	})
}

func TestErrorsOverTheWire(t *testing.T) {
	for _, f := range faults {
		got := readError(appendError(nil, fmt.Errorf("context: %w", f.err)))
		if !errors.Is(got, f.err) {
			t.Errorf("%v came as %v", f.err, got)
		}
	}
	for name, b := range map[string][]byte{"nothing": nil, "unknown fault": {200}} {
		if err := readError(b); !errors.Is(err, errLost) { // the outcome is not known then
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := readError(appendError(nil, errors.New("whatever"))); !errors.Is(err, errLost) {
		t.Errorf("an error without a number: %v", err)
	}
	if b := appendError(nil, errors.New(strings.Repeat("x", 5000))); len(b) > 1+maxErrorBytes {
		t.Errorf("%d bytes", len(b))
	}
}

// A link that stays silent is dropped, and the next call dials afresh.
func TestASilentLinkIsDialledAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dialled []net.Conn // the other sides
		p := newPeers(func(context.Context, string) (net.Conn, error) {
			here, there := net.Pipe()
			dialled = append(dialled, there)
			alive := len(dialled) > 1 // the first one is dead
			go func() {
				r := bufio.NewReader(there)
				for {
					f, err := readFrame(r)
					if err != nil {
						return
					}
					if alive {
						_, _ = there.Write(appendFrame(nil, frame{kind: callAnswer, id: f.id, payload: f.payload}))
					}
				}
			}()
			return here, nil
		})
		defer p.close()
		try := func(payload string) (frame, error) {
			ctx, cancel := context.WithTimeout(context.Background(), dialLimit)
			defer cancel()
			return p.call(ctx, "b1", callStatus, []byte(payload))
		}
		if _, err := try("one"); !errors.Is(err, errLost) {
			t.Errorf("no answer: %v", err)
		}
		for _, want := range []string{"two", "three"} {
			if f, err := try(want); err != nil || string(f.payload) != want {
				t.Errorf("%q, %v", f.payload, err)
			}
		}
		if len(dialled) != 2 {
			t.Errorf("dialled %d times", len(dialled))
		}
		_ = dialled[1].Close() // restarted
		synctest.Wait()
		if f, err := try("four"); err != nil || string(f.payload) != "four" || len(dialled) != 3 {
			t.Errorf("after a restart: %q, %v, dialled %d times", f.payload, err, len(dialled))
		}
	})
}

func TestRaftsLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b syncBuffer
		drop := func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
		log := newBridge(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: drop})))
		log.Debug("noise")
		log.Trace("noise")
		log.Info("entering", "servers", hclog.Fmt("%d of them", 3))
		for range 100 {
			log.Error("failed to reach", "peer", "b1")
			log.Error("failed to reach", "peer", "w1")
		}
		time.Sleep(quietFor)
		log.With("node", "a1").Named("x").Error("failed to reach", "peer", "b1")
		want := []string{
			`level=INFO msg="raft: entering" servers="3 of them"`,
			`level=ERROR msg="raft: failed to reach" peer=b1`,
			`level=ERROR msg="raft: failed to reach" peer=w1`,
			`level=ERROR msg="raft: failed to reach" node=a1 peer=b1`,
		}
		if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(b.String()), "\n")); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}
