package node

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tvilling/node/internal/cluster"
)

func TestWhenARecoveryIsNeeded(t *testing.T) {
	first := cluster.First()
	second := first.Next(time.Now())
	voters := []string{"a1", "a2", "b1", "b2", "w"}
	away := errors.New("away")
	there := func(id string) cluster.Heard { return cluster.Heard{Member: id, Generation: first, History: true} }
	settled := there("a1")
	settled.Settled = true
	for name, c := range map[string]struct {
		heard  []cluster.Heard
		voters []string
		needed bool
	}{
		"nobody answers":           {[]cluster.Heard{{Member: "a1", Err: away}}, voters, true},
		"one more has a log":       {[]cluster.Heard{there("b2")}, voters, true},
		"two more have":            {[]cluster.Heard{there("b2"), there("w")}, voters, false},
		"two more, one empty":      {[]cluster.Heard{there("b2"), {Member: "w", Generation: first}}, voters, true},
		"one hears from a leader":  {[]cluster.Heard{settled}, voters, false},
		"a later generation is on": {[]cluster.Heard{{Member: "a1", Generation: second}}, voters, false},
		"it is recovered already":  {[]cluster.Heard{there("b2"), there("w")}, []string{"b1"}, true},
	} {
		if err := needed(first, c.heard, c.voters, "b1"); errors.Is(err, ErrQuorum) == c.needed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhichGenerationIsRejoined(t *testing.T) {
	first := cluster.First()
	second, rival := first.Next(time.Now()), first.Next(time.Now())
	in := func(g cluster.Generation) cluster.Heard {
		return cluster.Heard{Member: "a1", Generation: g, Settled: true}
	}
	for name, c := range map[string]struct {
		own   cluster.Generation
		heard []cluster.Heard
		want  bool
	}{
		"a later one":          {first, []cluster.Heard{in(second)}, true},
		"the rival":            {rival, []cluster.Heard{in(second)}, true},
		"its own":              {second, []cluster.Heard{in(second)}, true},
		"an earlier one":       {second, []cluster.Heard{in(first)}, false},
		"two of them":          {first, []cluster.Heard{in(second), in(rival)}, false},
		"one without a leader": {first, []cluster.Heard{{Member: "a1", Generation: second}}, false},
		"nobody":               {first, nil, false},
	} {
		if g, err := leading(c.own, c.heard); (err == nil) != c.want || err != nil && !errors.Is(err, ErrNoLeader) {
			t.Errorf("%s: %v, %v", name, g, err)
		}
	}
}

func TestInspectDataMakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := InspectData(dir); !errors.Is(err, ErrSurvivor) {
		t.Errorf("where nothing is: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
}
