package admin

import (
	"strings"
	"testing"
	"time"
)

// Where one may choose who to be, nobody but the machine itself reaches the page.
func TestOutsideProductionBrowsersAreOnLoopback(t *testing.T) {
	for environment, refused := range map[string]bool{Production: false, Demo: true, Development: true} {
		for client, loopback := range map[string]bool{
			"127.0.0.1:8471": true, "127.9.9.9:8471": true, "[::1]:8471": true,
			"0.0.0.0:8471": false, ":8471": false, "10.0.0.1:8471": false, "[::]:8471": false, "a1.example:8471": false, "localhost:8471": false,
		} {
			topology := Topology{Cluster: "c", Environment: environment, Members: []Node{{
				ID: "a1", Site: "A", Role: RoleData, Peer: "h:1", Admin: "h:2", Client: client, Source: "h:4", Origin: "https://h",
			}}}
			err := topology.Validate()
			if want := refused && !loopback; (err != nil) != want {
				t.Errorf("%s on %s: %v", environment, client, err)
			} else if want && !strings.Contains(err.Error(), "loopback") {
				t.Errorf("%s on %s is refused without its reason: %v", environment, client, err)
			}
		}
	}
}

func TestHowOftenTheRegisterIsLookedAt(t *testing.T) {
	for _, c := range []struct {
		seconds int
		every   time.Duration // 0: refused
	}{{0, 15 * time.Second}, {2, 2 * time.Second}, {MaxEverySeconds, MaxEverySeconds * time.Second}, {MaxEverySeconds + 1, 0}, {-1, 0}} {
		topology := Topology{Cluster: "c", Environment: Production, Register: "r.toml", RegisterSeconds: c.seconds, Members: []Node{{
			ID: "a1", Site: "A", Role: RoleData, Peer: "h:1", Admin: "h:2", Client: "h:3", Source: "h:4", Origin: "https://h",
		}}}
		err := topology.Validate()
		if refused := c.every == 0; refused != (err != nil) || refused && !strings.Contains(err.Error(), "register_seconds") {
			t.Errorf("every %d s: %v", c.seconds, err)
		}
		if got := topology.RegisterEvery(); c.every != 0 && got != c.every {
			t.Errorf("every %d s is %v", c.seconds, got)
		}
	}
}
