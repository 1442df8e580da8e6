package health_test

import (
	"strings"
	"testing"

	"tvilling/ops/internal/health"
	"tvilling/protocol/admin"
)

func topology() admin.Topology {
	return admin.Topology{Cluster: "test", Environment: admin.Production, Members: []admin.Node{
		{ID: "a1", Site: "A", Role: admin.RoleData}, {ID: "a2", Site: "A", Role: admin.RoleData},
		{ID: "b1", Site: "B", Role: admin.RoleData}, {ID: "b2", Site: "B", Role: admin.RoleData},
		{ID: "w", Site: "W", Role: admin.RoleWitness},
	}}
}

// well is a cluster that nothing is wrong with.
func well() admin.Status {
	s := admin.Status{Cluster: "test", Environment: admin.Production, Node: "a1", Leader: "a1", Level: 1,
		Feeds: []admin.Feed{{Name: "blocks", AsOf: "2026-03-14T10:00:00Z", AgeSeconds: 12, BoundSecond: 600, Fresh: true}}}
	for _, n := range topology().Members {
		state := "follower"
		if n.ID == "a1" {
			state = "leader"
		}
		s.Members = append(s.Members, admin.Member{ID: n.ID, Site: n.Site, Role: n.Role, State: state, AppliedIndex: 100, CommitIndex: 100,
			HashIndex: 100, StateHash: "0a1b2c3d4e5f", Keys: n.Role == admin.RoleData, Level: 1, Version: "1.0.0"})
	}
	return s
}

func lose(s *admin.Status, ids ...string) {
	for i, m := range s.Members {
		for _, id := range ids {
			if m.ID == id {
				s.Members[i] = admin.Member{ID: m.ID, Site: m.Site, Role: m.Role, State: "unreachable", Error: "connection refused"}
			}
		}
	}
}

// found makes those that answer wait for a founding.
func found(s *admin.Status) {
	s.Leader = ""
	for i := range s.Members {
		if s.Members[i].Error == "" {
			s.Members[i].State, s.Members[i].NotReady = admin.StateFounding, "leader: w has to be started, or reached"
		}
	}
}

// judged is a status that something was done to, and what is said of it.
type judged struct {
	name  string
	spoil func(*admin.Status)
	worst health.Grade
	first string // what the first finding says, in part
	count int
}

func TestAssess(t *testing.T) {
	assess(t, []judged{
		{"nothing", func(*admin.Status) {}, 0, "", 0},
		{"one gone", func(s *admin.Status) { lose(s, "b2") }, health.Degraded, "b2 (site B, data) does not answer a1: connection refused", 1},
		{"no margin", func(s *admin.Status) { lose(s, "b2", "w") }, health.Degraded, "3 of 5 members answer, just the 3", 3},
		{"a site gone", func(s *admin.Status) { lose(s, "b1", "b2") }, health.Degraded, "3 of 5 members answer", 4},
		{"no majority", func(s *admin.Status) { lose(s, "b1", "b2", "w"); s.Leader = "" }, health.Broken, "no majority: 2 of 5 members that vote", 4},
		{"recovered, alone", func(s *admin.Status) { lose(s, "a2", "b1", "b2", "w"); s.Voters = []string{"a1"} }, health.Degraded, "rests on 1 of 5 members: a2, b1, b2 and w waits", 6},
		{"recovered, and one back", func(s *admin.Status) { lose(s, "a2", "b2", "w"); s.Voters = []string{"a1", "b1"} }, health.Degraded, "rests on 2 of 5 members", 4},
		{"recovered, two vote and one is lost", func(s *admin.Status) {
			lose(s, "a2", "b1", "b2", "w")
			s.Leader, s.Voters = "", []string{"a1", "b1"}
		}, health.Broken, "no majority: 1 of 2 members that vote", 5},
		{"drained", func(s *admin.Status) { s.Members[1].Phase = admin.PhaseDrained }, health.Notice, "a2 was drained", 1},
		{"all drained", func(s *admin.Status) {
			for i := range s.Members[:4] {
				s.Members[i].Phase, s.Members[i].NotReady = admin.PhaseDrained, "draining"
			}
		}, health.Broken, "no data node takes browsers: a1, a2, b1 and b2", 1},
		{"one drained, the others not ready", func(s *admin.Status) {
			s.Members[0].Phase = admin.PhaseSessions
			for i := range s.Members[:4] {
				s.Members[i].NotReady = "something"
			}
		}, health.Broken, "no data node takes browsers: a1 was", 1},
		{"rival histories", func(s *admin.Status) {
			lose(s, "b2")
			s.Members[3].Error = "refused: " + admin.RivalHistories + ": an operator"
		}, health.Broken, "b2 and a1 go on from two recoveries", 1},
		{"not founded", func(s *admin.Status) { lose(s, "b2"); found(s) }, health.Broken, "a new cluster is founded when every member", 2},
		{"not founded, all answer", func(s *admin.Status) { found(s) }, health.Broken, "a new cluster is founded when every member", 1},
		{"empty, and others lead", func(s *admin.Status) { s.Members[1].State = admin.StateFounding }, 0, "", 0},
		{"no leader", func(s *admin.Status) { s.Leader = "" }, health.Broken, "no leader", 1},
		{"divergence", func(s *admin.Status) { s.Members[3].StateHash = "ffff" }, health.Broken, "a1 and b2 have different states at index 100", 1},
		{"hashes of other indexes", func(s *admin.Status) { s.Members[3].StateHash, s.Members[3].HashIndex = "ffff", 99 }, 0, "", 0},
		{"data node without keys", func(s *admin.Status) { s.Members[1].Keys = false }, health.Broken, "a2 is a data node without keys", 1},
		{"witness with keys", func(s *admin.Status) { s.Members[4].Keys = true }, health.Broken, "w is a witness and holds keys", 1},
		{"witness leads", func(s *admin.Status) { s.Leader = "w" }, health.Degraded, "w leads and is a witness", 1},
		{"behind", func(s *admin.Status) { s.Members[2].Lag = 5000 }, health.Degraded, "b1 is 5000 entries behind", 1},
		{"stale feed", func(s *admin.Status) { s.Feeds[0].Fresh = false; s.Feeds[0].AgeSeconds = 720 }, health.Broken, "blocks is too old: it is 12m0s old, and 10m0s is the most", 1},
		{"feed that is not renewed", func(s *admin.Status) { s.Feeds[0].AgeSeconds = 330 }, health.Degraded, "blocks is 5m30s old: after 10m0s nothing but the own care unit's records is shown", 1},
		{"feed never read", func(s *admin.Status) { s.Feeds[0] = admin.Feed{Name: "consents"} }, health.Broken, "consents is too old: it was never read. Unknown is no: other care providers' records are not shown", 1},
		{"relations never read", func(s *admin.Status) { s.Feeds[0] = admin.Feed{Name: "relations"} }, health.Broken, "a patient opens only if the unit's own system answers", 1},
		{"commissions never read", func(s *admin.Status) { s.Feeds[0] = admin.Feed{Name: "commissions"} }, health.Broken, "nobody can open a patient", 1},
		{"unproven", func(s *admin.Status) { s.Log.UnprovenSeconds = 601 }, health.Degraded, "has grown for 10m1s without a signed checkpoint", 1},
		{"proved", func(s *admin.Status) {
			s.Log = admin.LogStatus{UnprovenSeconds: 600, Export: &admin.ExportStatus{OldestSeconds: 3600}}
		}, 0, "", 0},
		{"export late", func(s *admin.Status) { s.Log.Export = &admin.ExportStatus{Waiting: 7, OldestSeconds: 3601} }, health.Degraded, "7 entries of the access log wait for the national log, the oldest since 1h0m1s", 1},
		{"export a day late", func(s *admin.Status) { s.Log.Export = &admin.ExportStatus{Waiting: 7, OldestSeconds: 86401} }, health.Broken, "must have every access within 24h0m0s: 7 entries wait", 1},
		{"export refused", func(s *admin.Status) { s.Log.Export = &admin.ExportStatus{Refused: 2, RefusedEntries: []uint64{4, 9}} }, health.Notice, "has refused 2 entries of the access log, the first of them [4 9]", 1},
		{"release", func(s *admin.Status) { s.Members[0].Version = "1.1.0" }, health.Notice, "1.0.0 on a2, b1, b2 and w; 1.1.0 on a1", 1},
		{"level", func(s *admin.Status) { s.Level = 0 }, health.Notice, "at level 0 and every member that answers knows 1", 1},
		{"stranger", func(s *admin.Status) { s.Members[4].ID = "x" }, health.Notice, "x is not in your cluster file", 1},
		{"no backup", func(s *admin.Status) { s.Level, s.Backup = 2, admin.BackupManifest{} }, health.Degraded, "no backup was ever verified", 1},
		{"an old backup", func(s *admin.Status) {
			s.Level, s.BackupAgeSeconds = 2, 86401
			s.Backup.Verified = "2026-03-13T10:00:00Z"
		}, health.Degraded, "verified backup was taken 24h0m1s ago", 1},
		{"a backup of tomorrow", func(s *admin.Status) {
			s.Level, s.BackupAgeSeconds = 2, -86400
			s.Backup.Verified, s.Backup.Node = "2026-03-15T10:00:00Z", "b1"
		}, health.Degraded, "in time to come", 1},
		{"a backup of yesterday", func(s *admin.Status) {
			s.Level, s.BackupAgeSeconds = 2, 86400
			s.Backup.Verified = "2026-03-13T10:00:00Z"
		}, 0, "", 0},
		{"nobody", func(s *admin.Status) { s.Members = nil }, health.Broken, "knows no members", 1},
	})
}

// TestAssessMachines is what is said of disks and certificates.
func TestAssessMachines(t *testing.T) {
	assess(t, []judged{
		{"certificate soon", func(s *admin.Status) {
			s.At, s.Members[4].CertificateUntil = "2026-03-14T10:00:00Z", "2026-03-20T10:00:00Z"
		}, health.Degraded, "a certificate of w runs out at", 1},
		{"certificate ran out", func(s *admin.Status) {
			s.At, s.Members[4].CertificateUntil = "2026-03-14T10:00:00Z", "2026-03-14T10:00:00Z"
		}, health.Broken, "a certificate of w ran out at", 1},
		{"certificate for long", func(s *admin.Status) {
			s.At, s.Members[4].CertificateUntil = "2026-03-14T10:00:00Z", "2026-05-14T10:00:00Z"
		}, 0, "", 0},
		{"little room", func(s *admin.Status) { s.Members[0].DiskFree, s.Members[0].DiskTotal = 9, 100 }, health.Degraded, "the disk of a1 has 9 % left", 1},
		{"no room", func(s *admin.Status) { s.Members[0].DiskFree, s.Members[0].DiskTotal = 1, 100 }, health.Broken, "the disk of a1 has 1 % left", 1},
		{"room enough", func(s *admin.Status) { s.Members[0].DiskFree, s.Members[0].DiskTotal = 10, 100 }, 0, "", 0},
		{"a wrong clock", func(s *admin.Status) { s.Members[1].NotReady = "leader: none; clock: it is 5m0s ahead" }, health.Broken, "a2 shows nothing and does not lead: it is 5m0s ahead", 1},
	})
}

func assess(t *testing.T, cases []judged) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := well()
			c.spoil(&s)
			found := health.Assess(topology(), s)
			if got := health.Worst(found); got != c.worst {
				t.Errorf("worst is %v, want %v", got, c.worst)
			}
			if len(found) != c.count {
				t.Errorf("%d findings, want %d: %v", len(found), c.count, found)
			}
			if len(found) > 0 && !strings.Contains(found[0].What, c.first) {
				t.Errorf("first is %q, want %q in it", found[0].What, c.first)
			}
			for _, f := range found {
				if f.Do == "" {
					t.Errorf("%q says not what to do", f.What)
				}
			}
		})
	}
}

func TestADemoNeedsNoBackup(t *testing.T) {
	of, s := topology(), well()
	of.Environment, s.Level = admin.Demo, 2
	if found := health.Assess(of, s); len(found) != 1 || found[0].Grade != health.Notice {
		t.Errorf("%v", found)
	}
}
