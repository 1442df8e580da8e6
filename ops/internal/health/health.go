// Package health reads a cluster's status as an operator at night must: what is wrong,
// what it means, and what to do.
//
// It owns the judgement and its order, worst first. It is pure: it asks nobody and
// knows no clock, so that every verdict is a row in a test.
package health

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tvilling/protocol/admin"
)

// maxLag is how many entries a member may be behind before it is said.
const maxLag = 2000

// Grade says how bad a finding is.
type Grade int

// The grades. Zero is no grade.
const (
	_        Grade = iota
	Notice         // worth knowing
	Degraded       // it works, with less to spare
	Broken         // something does not work now
)

// String is the grade's word.
func (g Grade) String() string {
	switch g {
	case Notice:
		return "notice"
	case Degraded:
		return "degraded"
	case Broken:
		return "broken"
	}
	return "none"
}

// MarshalText writes the grade's word.
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// Finding is one thing that is not as it should be.
type Finding struct {
	Grade Grade  `json:"grade"`
	What  string `json:"what"`
	Do    string `json:"do"`
}

// Assess judges a status against the cluster file. Nothing found is an empty list.
func Assess(t admin.Topology, s admin.Status) []Finding {
	var all []Finding
	for _, judge := range []func(admin.Topology, admin.Status) []Finding{
		quorum, serving, clocks, machines, replicas, keys, leadership, members, feeds, accessLog, backups, versions,
	} {
		all = append(all, judge(t, s)...)
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(b.Grade, a.Grade) })
	return all
}

// Worst is the worst grade among findings.
func Worst(found []Finding) Grade {
	worst := Grade(0)
	for _, f := range found {
		worst = max(worst, f.Grade)
	}
	return worst
}

func reachable(m admin.Member) bool { return m.State != "unreachable" && m.Error == "" }

func quorum(_ admin.Topology, s admin.Status) []Finding {
	up, down, waiting := 0, []string{}, []string{}
	for _, m := range s.Members {
		switch {
		case !votes(s, m.ID):
			waiting = append(waiting, m.ID)
		case reachable(m):
			up++
		default:
			down = append(down, m.ID)
		}
	}
	all := len(s.Members) - len(waiting)
	need := all/2 + 1
	switch {
	case len(s.Members) == 0:
		return []Finding{{Broken, "the node that answered knows no members", "Ask another node: --node ID."}}
	case s.Leader == "" && slices.ContainsFunc(s.Members, func(m admin.Member) bool { return m.State == admin.StateFounding }):
		return []Finding{{Broken, "nobody leads, and " + s.Node + " or who answers it has no log: a new cluster is founded when every member was started once and reaches the others",
			"Start or reconnect " + list(waits(s, down)) + ". If the cluster is new and a machine will not come, leave it and one more out of every cluster file, so that their number stays odd, and put both in later."}}
	case up < need:
		return []Finding{{Broken,
			fmt.Sprintf("no majority: %d of %d members that vote answer node %s, and %d are needed. Nothing can be recorded, so nothing is shown", up, all, s.Node, need),
			"Start or reconnect " + list(down) + ". Only if so many of their machines are lost for good that no majority can come back: ops/docs/recovering.md. Keep every data directory that is left."}}
	case s.Leader == "":
		return []Finding{{Broken, "no leader, though a majority answers: nothing can be recorded, so nothing is shown",
			"An election takes a second or two: ask again. If it stays so, look in the members' logs for a slow disk or a network that lets only one way through."}}
	case up == need && all > 1 && len(down) > 0:
		return []Finding{{Degraded, fmt.Sprintf("%d of %d members answer, just the %d that are needed: one more lost and nothing is shown", up, all, need),
			"Start or reconnect " + list(down) + " before anything else is touched. Release nothing."}}
	case len(waiting) > 0 && all < len(s.Members)/2+1:
		return []Finding{{Degraded, fmt.Sprintf("what is acknowledged now rests on %d of %d members: %s waits to be taken in", all, len(s.Members), list(waiting)),
			"Start them, one after another: each is taken in by itself when it has caught up. Until then lose none of the others, and release nothing."}}
	}
	return nil
}

// votes tells whether a member's vote counts.
func votes(s admin.Status, id string) bool {
	return len(s.Voters) == 0 || slices.Contains(s.Voters, id)
}

// serving says who takes browsers, and who was asked not to.
func serving(_ admin.Topology, s admin.Status) []Finding {
	var drained []string
	taking, data := 0, 0
	for _, m := range s.Members {
		if m.Role != admin.RoleData || !reachable(m) {
			continue
		}
		data++
		switch {
		case m.Phase != admin.PhaseNone:
			drained = append(drained, m.ID)
		case m.NotReady == "":
			taking++
		}
	}
	switch {
	case data > 0 && taking == 0 && len(drained) > 0:
		return []Finding{{Broken, "no data node takes browsers: " + list(drained) + " was asked to let them go, and nobody else is ready",
			"Take one of them back: tvilling undrain " + drained[0] + "."}}
	case len(drained) > 0:
		return []Finding{{Notice, list(drained) + " was drained: it keeps everything, and takes no browsers",
			"Right in the middle of a release, or while somebody works on it. Otherwise: tvilling undrain NODE."}}
	}
	return nil
}

// waits are the members that a founding waits for: those that do not answer or, where all
// do, those that say that they wait.
func waits(s admin.Status, down []string) []string {
	if len(down) > 0 {
		return down
	}
	for _, m := range s.Members {
		if m.State == admin.StateFounding {
			down = append(down, m.ID+" ("+m.NotReady+")")
		}
	}
	return down
}

// Bounds of what a machine is to have left.
const (
	certificateSoon = 30 * 24 * time.Hour
	diskLow         = 10 // percent
	diskFull        = 2
)

// machines says whose certificates run out, and whose disks fill.
func machines(_ admin.Topology, s admin.Status) []Finding {
	var all []Finding
	now, err := time.Parse(time.RFC3339, s.At)
	for _, m := range s.Members {
		if until, bad := time.Parse(time.RFC3339, m.CertificateUntil); err == nil && bad == nil {
			switch left := until.Sub(now); {
			case left <= 0:
				all = append(all, Finding{Broken, "a certificate of " + m.ID + " ran out at " + m.CertificateUntil, "tvilling doctor says which. Put a new one in its place: the node takes it up by itself."})
			case left < certificateSoon:
				all = append(all, Finding{Degraded, "a certificate of " + m.ID + " runs out at " + m.CertificateUntil, "tvilling doctor says which. Put a new one in its place: the node takes it up by itself."})
			}
		}
		if m.DiskTotal == 0 {
			continue
		}
		const room = "Give it room: a node whose disk is full ends itself. Remove nothing of its data directory."
		switch free := 100 * min(m.DiskFree, m.DiskTotal) / m.DiskTotal; {
		case free < diskFull:
			all = append(all, Finding{Broken, fmt.Sprintf("the disk of %s has %d %% left", m.ID, free), room})
		case free < diskLow:
			all = append(all, Finding{Degraded, fmt.Sprintf("the disk of %s has %d %% left", m.ID, free), room})
		}
	}
	return all
}

// clocks says which members find their own clocks wrong.
func clocks(_ admin.Topology, s admin.Status) []Finding {
	var all []Finding
	for _, m := range s.Members {
		for why := range strings.SplitSeq(m.NotReady, "; ") {
			if found, is := strings.CutPrefix(why, "clock: "); is && reachable(m) {
				all = append(all, Finding{Broken, m.ID + " shows nothing and does not lead: " + found,
					"Correct that machine's time synchronisation: the node takes part again by itself."})
			}
		}
	}
	return all
}

// replicas compares state hashes that were taken at the same index.
func replicas(_ admin.Topology, s admin.Status) []Finding {
	type taken struct{ id, hash string }
	at := map[uint64]taken{}
	for _, m := range s.Members {
		if m.StateHash == "" {
			continue
		}
		first, seen := at[m.HashIndex]
		if !seen {
			at[m.HashIndex] = taken{m.ID, m.StateHash}
		} else if first.hash != m.StateHash {
			return []Finding{{Broken, fmt.Sprintf("%s and %s have different states at index %d: one of them is wrong", first.id, m.ID, m.HashIndex),
				"Stop both from serving browsers, keep their data directories as they are, and find out which one agrees with the others. The other one is emptied and fetches a snapshot."}}
		}
	}
	return nil
}

func keys(_ admin.Topology, s admin.Status) []Finding {
	var all []Finding
	for _, m := range s.Members {
		switch {
		case !reachable(m):
		case m.Role == admin.RoleData && !m.Keys:
			all = append(all, Finding{Broken, m.ID + " is a data node without keys: it can read nothing and serves nobody",
				"Put keyring.json and kek from the cluster's safe in its directory and start it again."})
		case m.Role == admin.RoleWitness && m.Keys:
			all = append(all, Finding{Broken, m.ID + " is a witness and holds keys: it must not be able to read",
				"Take keyring.json and kek away from that machine, and treat the keys as disclosed if it is not trusted with them."})
		}
	}
	return all
}

func leadership(_ admin.Topology, s admin.Status) []Finding {
	for _, m := range s.Members {
		if m.ID == s.Leader && m.Role == admin.RoleWitness {
			return []Finding{{Degraded, m.ID + " leads and is a witness: it hands over as soon as a data node has caught up",
				"Look at why no data node can take over: lag, or a network between the sites."}}
		}
	}
	return nil
}

func members(t admin.Topology, s admin.Status) []Finding {
	var all []Finding
	sites := map[string]bool{}
	for _, m := range s.Members {
		if m.Role == admin.RoleData && reachable(m) {
			sites[m.Site] = true
		}
		switch {
		case strings.Contains(m.Error, admin.RivalHistories):
			all = append(all, Finding{Broken, fmt.Sprintf("%s and %s go on from two recoveries of the same history, and refuse each other", m.ID, s.Node),
				"Decide which one goes on, and put the other members under it: ops/docs/recovering.md. Nothing is removed by it."})
		case !reachable(m):
			all = append(all, Finding{Degraded, fmt.Sprintf("%s (site %s, %s) does not answer %s", m.ID, m.Site, m.Role, s.Node) + why(m.Error),
				"Is its process running, and can the machines reach each other? Look in its log, then start it again."})
		case m.Lag > maxLag:
			all = append(all, Finding{Degraded, fmt.Sprintf("%s is %d entries behind", m.ID, m.Lag),
				"It catches up by itself after a start. If the number grows, its disk or its network is too slow."})
		}
		if _, ok := t.Member(m.ID); !ok {
			all = append(all, Finding{Notice, m.ID + " is not in your cluster file", "Your copy is old, or it is not your cluster: fetch the cluster file again."})
		}
	}
	if len(sites) == 1 && dataSites(t) > 1 && s.Leader != "" {
		for site := range sites {
			all = append(all, Finding{Degraded, "only site " + site + " serves: no data node of another site answers",
				"Browsers have moved here by themselves. Restore the other site; nothing is to be done to the data."})
		}
	}
	return all
}

func dataSites(t admin.Topology) int {
	sites := map[string]bool{}
	for _, m := range t.Members {
		if m.Role == admin.RoleData {
			sites[m.Site] = true
		}
	}
	return len(sites)
}

const mendFeeds = "The leader reads the feeds. Look in its log for why it cannot, and mend the feed or the way to it."

// withoutFeed is what is refused while a projection is not known.
func withoutFeed(name string) string {
	switch name {
	case "blocks":
		return "nothing but the own care unit's records is shown"
	case "consents":
		return "other care providers' records are not shown"
	case "relations":
		return "a patient opens only if the unit's own system answers that there is a care engagement"
	}
	return "nobody can open a patient"
}

func feeds(_ admin.Topology, s admin.Status) []Finding {
	var all []Finding
	for _, f := range s.Feeds {
		if f.Fresh {
			if 2*f.AgeSeconds > f.BoundSecond {
				all = append(all, Finding{Degraded, fmt.Sprintf("what is known of %s is %v old: after %v %s", f.Name, seconds(f.AgeSeconds), seconds(f.BoundSecond), withoutFeed(f.Name)), mendFeeds})
			}
			continue
		}
		age := "it was never read"
		if f.AsOf != "" {
			age = fmt.Sprintf("it is %v old, and %v is the most", seconds(f.AgeSeconds), seconds(f.BoundSecond))
		}
		all = append(all, Finding{Broken, fmt.Sprintf("what is known of %s is too old: %s. Unknown is no: %s", f.Name, age, withoutFeed(f.Name)),
			mendFeeds})
	}
	return all
}

// How long the access log may wait, in seconds.
const (
	exportLate   = 3600  // for the national log: then it is said
	exportBroken = 86400 // the national log must have it by then
	unprovenLate = 600   // for a signed checkpoint
)

func accessLog(_ admin.Topology, s admin.Status) []Finding {
	var all []Finding
	if n := s.Log.UnprovenSeconds; n > unprovenLate {
		all = append(all, Finding{Degraded, fmt.Sprintf("the access log has grown for %v without a signed checkpoint: what came since is recorded, and not proved yet", seconds(n)),
			"Checkpoints need signatures from both sites and the witness: start or reconnect who does not answer."})
	}
	e := s.Log.Export
	if e == nil {
		return all
	}
	switch {
	case e.OldestSeconds > exportBroken:
		all = append(all, Finding{Broken, fmt.Sprintf("the national log must have every access within %v: %d entries wait, the oldest since %v", seconds(exportBroken), e.Waiting, seconds(e.OldestSeconds)),
			"Nothing is lost. Report the deviation, tell the national log's operators and those who follow up logs (tvilling log report serves them meanwhile), and look in the leader's log for why."})
	case e.OldestSeconds > exportLate:
		all = append(all, Finding{Degraded, fmt.Sprintf("%d entries of the access log wait for the national log, the oldest since %v", e.Waiting, seconds(e.OldestSeconds)),
			"Nothing is lost: the queue is the access log itself. Look in the leader's log for why, and at the national log's own notices."})
	}
	if e.Refused > 0 {
		all = append(all, Finding{Notice, fmt.Sprintf("the national log has refused %d entries of the access log, the first of them %d", e.Refused, e.RefusedEntries),
			"tvilling log list --after N-1 --limit 1 shows entry N. Report them to the national log's operators; they stay in our own log, proved as the others."})
	}
	return all
}

const (
	backupLate  = 86400 // seconds that a verified backup may be old
	backupAhead = 300   // that a clock may be ahead of the one that it was taken by
)

// backups looks at what would be left if everything were lost. A cluster that is below
// the level that knows of backups says nothing of them.
func backups(t admin.Topology, s admin.Status) []Finding {
	const do = "tvilling backup, then tvilling backup verify with --operator, where the identity is. A release does not begin without one."
	grade := Notice
	if t.Environment == admin.Production {
		grade = Degraded
	}
	switch {
	case s.Level < 2:
		return nil
	case s.Backup.Verified == "":
		return []Finding{{grade, "no backup was ever verified: if a majority of the data is lost, all of it is", do}}
	case s.BackupAgeSeconds < -backupAhead:
		return []Finding{{grade, "the newest verified backup says that it was taken in time to come: how old it is nobody knows", "Look at the clock of " + s.Backup.Node + ". " + do}}
	case s.BackupAgeSeconds > backupLate:
		return []Finding{{grade, fmt.Sprintf("the newest verified backup was taken %v ago: what came since would be lost with a majority of the data", seconds(s.BackupAgeSeconds)), do}}
	}
	return nil
}

func versions(_ admin.Topology, s admin.Status) []Finding {
	var all []Finding
	running := map[string][]string{}
	level := uint16(0)
	for _, m := range s.Members {
		if !reachable(m) {
			continue
		}
		running[m.Version] = append(running[m.Version], m.ID)
		if level == 0 || m.Level < level {
			level = m.Level
		}
	}
	if len(running) > 1 {
		var parts []string
		for version, ids := range running {
			parts = append(parts, version+" on "+list(ids))
		}
		slices.Sort(parts)
		all = append(all, Finding{Notice, "different versions run: " + strings.Join(parts, "; "), "Right in the middle of a release. Otherwise finish it, or take it back."})
	}
	if level > s.Level && len(running) == 1 && s.Leader != "" {
		all = append(all, Finding{Notice, fmt.Sprintf("the cluster is at level %d and every member that answers knows %d", s.Level, level),
			"When you are sure that you will not go back to the release before: tvilling members activate."})
	}
	return all
}

func list(ids []string) string {
	switch len(ids) {
	case 0:
		return "no one"
	case 1:
		return ids[0]
	}
	return strings.Join(ids[:len(ids)-1], ", ") + " and " + ids[len(ids)-1]
}

func why(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
