package drill

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// wideScenarios are those of what is around the cluster, of what operators do, and of its
// clocks and certificates.
func wideScenarios() []Scenario {
	return append([]Scenario{
		{Name: "feed-stall", Shows: "The service of blocks answers no more: within the time that its word holds work goes on.",
			Needs: []Need{NeedServices}, Promises: always(pause(2*time.Second), changes(0)),
			Floors: []Floor{{"What is known from the service grows old", FeedAge, feedLeast}}, Hold: 15 * time.Second,
			fault: func(ctx context.Context, r *run) error { return r.services(ctx, "blocks", `{"stall":true}`) },
			heal: func(ctx context.Context, r *run) error {
				r.blocksAge(ctx)
				return r.services(ctx, "blocks", `{"stall":false}`)
			}},
		{Name: "release", Shows: "Every node is replaced by another build, one after another, and nobody notices.",
			Needs: []Need{NeedBuilds, NeedHands}, Promises: always(pause(time.Second), changes(3),
				Promise{"No operation has an unknown outcome", Unknown, 0},
				Promise{"No operation takes more than a second, its attempts together", Slow, 0}),
			Floors: []Floor{{"Every member comes to run the other build", Replaced, 5}}, Hold: time.Second,
			fault: releaseAll, heal: func(context.Context, *run) error { return nil }},
		{Name: "backup-restore", Shows: "A backup is taken at work; then everything is lost, and a cluster is made of the backup.",
			Needs: []Need{NeedHands, NeedProcess}, Promises: always(keeps(pause(90 * time.Second))...),
			Floors: raised(), Hold: time.Second, tame: true,
			ready: backUp, fault: loseAll, heal: restoreAll},
		{Name: "quorum-loss-recover", Shows: "Most members are gone for good: the one of the others that has most becomes the cluster, and all join it.",
			Needs: []Need{NeedHands, NeedProcess}, Promises: always(keeps(pause(60 * time.Second))...),
			Floors: raised(), Hold: 3 * time.Second, tame: true,
			ready: func(ctx context.Context, r *run) error { return r.mark(ctx) }, fault: loseQuorum, heal: recoverOne},
	}, trustScenarios()...)
}

// releaseAll gives the release's own command.
func releaseAll(ctx context.Context, r *run) error {
	h := r.target.Hands
	end, err := h.Open()
	if err != nil {
		return err
	}
	_, err = r.tool(ctx, "release", "run", "--operator", h.Operator, "--binary", h.Next, "--replace", "local", "--bake", "2s", "--accept", "backup")
	return errors.Join(err, end())
}

func backupFiles(h *Hands) (key, file string) {
	return filepath.Join(h.Work, "backup.key"), filepath.Join(h.Work, "drill.tvb")
}

// backUp makes a backup of what must be there afterwards, and has it verified.
func backUp(ctx context.Context, r *run) error {
	if err := r.mark(ctx); err != nil {
		return err
	}
	key, file := backupFiles(r.target.Hands)
	recipient, err := r.tool(ctx, "backup", "key", "--out", key)
	if err != nil {
		return err
	}
	h := r.target.Hands
	if _, err := r.tool(ctx, "backup", "--operator", h.Operator, "--recipient", strings.TrimSpace(string(recipient)), "--to", file); err != nil {
		return err
	}
	_, err = r.tool(ctx, "backup", "verify", file, "--identity", key, "--operator", h.Operator)
	return err
}

// loseAll loses every data directory.
func loseAll(ctx context.Context, r *run) error { return r.loseData(ctx, r.others("")...) }

// loseData ends members, and their data with them.
func (r *run) loseData(ctx context.Context, ids ...string) error {
	if err := r.kill(ctx, ids...); err != nil {
		return err
	}
	r.watch.note(KindFault, "the data of "+strings.Join(ids, ", ")+" is gone")
	return each(ids, r.empty)
}

// restoreAll makes the first data node's directory of the backup, and lets the others
// join it.
func restoreAll(ctx context.Context, r *run) error {
	h, first := r.target.Hands, r.follower(r.data[0])
	if first == "" {
		first = r.at(r.data[0])[0]
	}
	if err := r.stopRest(); err != nil {
		return err
	}
	key, file := backupFiles(h)
	if err := os.RemoveAll(h.Data(first)); err != nil {
		return err
	}
	if _, err := r.tool(ctx, "restore", file, "--identity", key, "--config", h.Config(first), "--node", first,
		"--data", h.Data(first), "--yes-restore", r.top.Cluster); err != nil {
		return err
	}
	return r.joinAgain(ctx, first)
}

// loseQuorum loses a site and the witness, for good.
func loseQuorum(ctx context.Context, r *run) error {
	return r.loseData(ctx, append(r.at(r.data[0]), r.witnesses()...)...)
}

// recoverOne makes the cluster of who has most of those that are left.
func recoverOne(ctx context.Context, r *run) error {
	h := r.target.Hands
	if err := r.stopRest(); err != nil {
		return err
	}
	first, err := r.furthest(ctx, r.at(r.data[1]))
	if err != nil {
		return err
	}
	if _, err := r.tool(ctx, "recover", "--config", h.Config(first), "--node", first, "--data", h.Data(first), "--yes-recover", r.top.Cluster); err != nil {
		return err
	}
	return r.joinAgain(ctx, first)
}
