package cluster

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// cosigner signs every statement but those that are false.
func cosigner(id string) Cosigner {
	return func(ctx context.Context, statement []byte) ([]byte, error) {
		switch string(statement) {
		case "false":
			return nil, errors.New("it is not so here")
		case "slow":
			<-ctx.Done()
			return nil, ctx.Err()
		case "long":
			return make([]byte, maxStatementBytes+1), nil
		}
		return append([]byte(id+" signs "), statement...), nil
	}
}

func TestMembersCosign(t *testing.T) {
	within(t, five, func(w *world) {
		ctx := context.Background()
		l := w.lead("a1")
		for id := range w.nodes {
			got, err := l.Cosign(ctx, id, []byte("truth"))
			if err != nil || string(got) != id+" signs truth" {
				t.Errorf("%s: %q, %v", id, got, err)
			}
			if _, err := l.Cosign(ctx, id, []byte("false")); !errors.Is(err, ErrCosign) || !strings.Contains(err.Error(), "it is not so here") {
				t.Errorf("%s signs what is false: %v", id, err)
			}
		}
		if _, err := l.Cosign(ctx, "b1", []byte("long")); !errors.Is(err, ErrCosign) {
			t.Errorf("a signature past the limit: %v", err)
		}
		if _, err := l.Cosign(ctx, "b1", bytes.Repeat([]byte("x"), maxStatementBytes+1)); !errors.Is(err, ErrRefused) {
			t.Errorf("a statement past the limit: %v", err)
		}
		started := time.Now()
		if _, err := l.Cosign(ctx, "b1", []byte("slow")); err == nil || time.Since(started) > cosignLimit {
			t.Errorf("one that does not answer: %v after %v", err, time.Since(started))
		}
		w.net.Isolate("b1")
		if _, err := l.Cosign(ctx, "b1", []byte("truth")); err == nil {
			t.Error("one that cannot be reached has signed")
		}
		l.cfg.Cosign = nil
		if _, err := l.Cosign(ctx, "a1", []byte("truth")); !errors.Is(err, ErrCosign) {
			t.Errorf("without a key: %v", err)
		}
	})
}
