package admin

import (
	"strings"
	"testing"
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
