package cluster

import (
	"bytes"
	"log/slog"
	"testing"
)

// greeterOf greets as a member of a generation would that has nothing else to say.
func greeterOf(g Generation) greeter {
	known := newAcquaintance(g, slog.New(slog.DiscardHandler))
	return greeter{func() []byte { return appendHello(nil, hello{generation: g, history: true}) }, known.admit}
}

func FuzzHello(f *testing.F) {
	second := First()
	second.Number, second.ID[3] = 2, 7
	f.Add(appendHello(nil, hello{generation: First(), history: true, index: 9}))
	f.Add(appendHello(nil, hello{generation: second, settled: true, index: 1 << 40}))
	f.Add([]byte(helloMark))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHello(b)
		if err == nil && !bytes.Equal(appendHello(nil, h), b) {
			t.Errorf("%x is read as %+v", b, h)
		}
	})
}
