package drill

import (
	"context"
	"time"
)

// wideScenarios are those of what is around the cluster, of its clocks and certificates,
// and of what operators do.
func wideScenarios() []Scenario {
	nobody := []Need{NeedNobody}
	return []Scenario{
		{Name: "feed-stall", Shows: "The service of blocks answers no more: within the time that its word holds work goes on.",
			Needs: []Need{NeedServices}, Promises: always(pause(2*time.Second), changes(0)), Hold: 15 * time.Second,
			fault: func(ctx context.Context, r *run) error { return r.services(ctx, "blocks", `{"stall":true}`) },
			heal:  func(ctx context.Context, r *run) error { return r.services(ctx, "blocks", `{"stall":false}`) }},
		{Name: "clock-skew", Shows: "A node's clock is wrong: it says so, and decides nothing by it.",
			Needs: nobody, Missing: "a build whose clock can be set wrong"},
		{Name: "certificate-expiry", Shows: "A node's certificate runs out: it is told before, and a new one is taken without a stop.",
			Needs: nobody, Missing: "certificates that are read again while a node runs"},
		{Name: "release", Shows: "Every node is replaced, one after another, and nobody notices.",
			Needs: nobody, Missing: "the release"},
		{Name: "backup-restore", Shows: "A backup is taken at work, and a cluster is made of it that has the same state.",
			Needs: nobody, Missing: "backup and restore"},
		{Name: "quorum-loss-recover", Shows: "Most members are gone for good: one that is left becomes the cluster, and the others join it.",
			Needs: nobody, Missing: "the recovery"},
	}
}
