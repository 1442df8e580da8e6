package drill

import (
	"context"
	"time"
)

// diskScenarios are those of the leader's disk. A node whose disk fails ends itself, and
// is started again when the disk is well.
func diskScenarios() []Scenario {
	disk := []Need{NeedDisk, NeedProcess}
	heal := func(ctx context.Context, r *run) error { return r.repair(ctx) }
	ends := Promise{"The node ends itself", Ended, 8_000}
	return []Scenario{
		{Name: "disk-stall", Shows: "The leader's disk stands still: it is noticed, and another leads.",
			Needs: disk, Promises: always(pause(8*time.Second), changes(2)),
			Floors: []Floor{deposed(), restarted(), left()}, Hold: 15 * time.Second,
			fault: func(_ context.Context, r *run) error {
				r.hurt = r.leader
				return r.note("stall the disk", r.leader, r.target.Disk().Stall)
			}, heal: heal},
		{Name: "disk-full", Shows: "The leader's disk is full: it ends rather than half write, and another leads.",
			Needs: disk, Promises: always(pause(8*time.Second), changes(2)),
			Floors: []Floor{deposed(), restarted(), left()}, Hold: 12 * time.Second,
			fault: func(_ context.Context, r *run) error {
				r.hurt = r.leader
				return r.note("fill the disk", r.leader, r.target.Disk().Fill)
			}, heal: heal},
		{Name: "disk-error", Shows: "The leader's file system finds an error in itself: the node ends, and another leads.",
			Needs: disk, Promises: always(pause(8*time.Second), changes(2), ends),
			Floors: []Floor{deposed(), restarted(), left()}, Hold: 12 * time.Second,
			fault: func(_ context.Context, r *run) error {
				r.hurt = r.leader
				return r.note("make the file system fail", r.leader, r.target.Disk().Fail)
			}, heal: func(ctx context.Context, r *run) error {
				if r.hurt != "" && r.target.Processes.Running(r.hurt) { // what cannot be written cannot be mended under it
					if err := r.note("kill the process", r.hurt, r.target.Processes.KillNode); err != nil {
						return err
					}
				}
				return r.repair(ctx)
			}},
	}
}
