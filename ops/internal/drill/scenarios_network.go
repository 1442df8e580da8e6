package drill

import (
	"context"
	"time"

	"tvilling/ops/internal/fault"
)

// What a slow link does.
const (
	slowBits    = 2_000_000
	slowLatency = 20 * time.Millisecond
)

// networkScenarios are those that cut and slow what lies between nodes.
func networkScenarios() []Scenario {
	network, heal := []Need{NeedNetwork}, func(ctx context.Context, r *run) error { return r.joinAll(ctx) }
	return []Scenario{
		{Name: "partition-a-b-w-a", Shows: "The sites lose each other, and the witness sees the one that does not lead: that one goes on, the other discloses nothing.",
			Needs: network, Promises: always(pause(5*time.Second), changes(2)),
			Floors: []Floor{deposed(), away(), left()}, Hold: 15 * time.Second,
			prepare: func(ctx context.Context, r *run) error { return r.lead(ctx, r.data[1]) },
			fault: func(ctx context.Context, r *run) error {
				return r.part(ctx, append(r.at(r.data[0]), r.witnesses()...), r.at(r.data[1]))
			}, heal: heal},
		{Name: "partition-a-b-w-b", Shows: "The same the other way round: the first site leads and is left alone.",
			Needs: network, Promises: always(pause(5*time.Second), changes(2)),
			Floors: []Floor{deposed(), away(), left()}, Hold: 15 * time.Second,
			prepare: func(ctx context.Context, r *run) error { return r.lead(ctx, r.data[0]) },
			fault: func(ctx context.Context, r *run) error {
				return r.part(ctx, append(r.at(r.data[1]), r.witnesses()...), r.at(r.data[0]))
			}, heal: heal},
		{Name: "partition-a-b-w-both", Shows: "The sites lose each other, and the witness sees both: one leads, and leadership does not go to and fro.",
			Needs: network, Promises: always(pause(5*time.Second), changes(2)),
			Floors: []Floor{away(), left()}, Hold: 15 * time.Second,
			prepare: func(ctx context.Context, r *run) error { return r.lead(ctx, r.data[0]) },
			fault:   func(ctx context.Context, r *run) error { return r.part(ctx, r.at(r.data[0]), r.at(r.data[1])) }, heal: heal},
		{Name: "one-way-cut", Shows: "The leader hears the others and they do not hear it: it gives way, and another leads.",
			Needs: network, Promises: always(pause(5*time.Second), changes(2)),
			Floors: []Floor{deposed(), left()}, Hold: 15 * time.Second,
			fault: func(ctx context.Context, r *run) error {
				return r.cut(ctx, []string{r.leader}, r.others(r.leader))
			}, heal: heal},
		{Name: "slow-link", Shows: "The line between the sites is narrow: it is slower, and it is one cluster still.",
			Needs: []Need{NeedSlow}, Promises: always(pause(3*time.Second), changes(1)),
			Floors: []Floor{{"A large write is slow to reach the other site", Crossing, crossingLeast}}, Hold: 15 * time.Second,
			ready: func(ctx context.Context, r *run) error {
				_, err := r.crossing(ctx)
				return err
			},
			fault: func(ctx context.Context, r *run) error {
				if err := r.slow(ctx, r.at(r.data[0]), r.at(r.data[1]), fault.Slowness{BitsPerSecond: slowBits, Latency: slowLatency}); err != nil {
					return err
				}
				took, err := r.crossing(ctx)
				r.figures[Crossing] = millis(took)
				return err
			}, heal: heal},
	}
}
