package drill

import (
	"context"
	"time"
)

// processScenarios are those that end and pause processes.
func processScenarios() []Scenario {
	return []Scenario{
		{Name: "leader-kill", Shows: "The leader loses its power: another takes over, and nothing that was acknowledged is lost.",
			Needs: []Need{NeedProcess}, Promises: always(pause(3*time.Second), changes(2)),
			Floors: []Floor{deposed(), away(), left()}, Hold: 8 * time.Second,
			fault: func(ctx context.Context, r *run) error { return r.kill(ctx, r.leader) },
			heal:  startAll},
		{Name: "node-kill", Shows: "A node that does not lead loses its power: its browsers go to others.",
			Needs: []Need{NeedProcess}, Promises: always(pause(2*time.Second), changes(0)),
			Floors: []Floor{away(), left()}, Hold: 8 * time.Second,
			fault: func(ctx context.Context, r *run) error { return r.kill(ctx, r.follower(r.otherSite())) },
			heal:  startAll},
		{Name: "witness-loss", Shows: "The witness is gone: nobody who works here notices.",
			Needs: []Need{NeedProcess}, Promises: always(pause(time.Second), changes(0)),
			Floors: []Floor{away()}, Hold: 8 * time.Second,
			fault: func(ctx context.Context, r *run) error { return r.kill(ctx, r.witnesses()...) },
			heal:  startAll},
		{Name: "site-loss", Shows: "The site of the leader is gone as a whole: the other goes on with the witness.",
			Needs: []Need{NeedProcess}, Promises: always(pause(5*time.Second), changes(2)),
			Floors: []Floor{deposed(), away(), left()}, Hold: 12 * time.Second,
			fault: func(ctx context.Context, r *run) error { return r.kill(ctx, r.at(r.site)...) },
			heal:  startAll},
		{Name: "site-return", Shows: "A site that was away for a while comes back: it catches up, and nobody waits for it.",
			Needs: []Need{NeedProcess}, Promises: always(pause(2*time.Second), changes(1)),
			Floors: []Floor{away()}, Hold: 10 * time.Second,
			prepare: func(ctx context.Context, r *run) error { return r.kill(ctx, r.at(r.otherSite())...) },
			fault:   startAll, heal: startAll},
		{Name: "pause-leader", Shows: "The leader's machine hangs, and wakes up after others have gone on: it answers nothing out of an old view.",
			Needs: []Need{NeedPause}, Promises: always(pause(3*time.Second), changes(2)),
			Floors: []Floor{deposed(), away(), left()}, Hold: 10 * time.Second,
			fault: func(ctx context.Context, r *run) error { return r.pause(ctx, r.leader) },
			heal:  resumeAll},
		{Name: "pause-follower", Shows: "A follower's machine hangs: its screens move to another node, none shows for longer than its lease, and the others go on.",
			Needs: []Need{NeedPause}, Promises: always(pause(2*time.Second), changes(0)),
			Floors: []Floor{away(), left()}, Hold: 10 * time.Second,
			fault: func(ctx context.Context, r *run) error { return r.pause(ctx, r.follower(r.otherSite())) },
			heal:  resumeAll},
	}
}

// startAll starts whoever this drill ended.
func startAll(ctx context.Context, r *run) error { return r.startDown(ctx) }

// resumeAll lets whoever this drill paused go on.
func resumeAll(ctx context.Context, r *run) error { return r.resumePaused(ctx) }
