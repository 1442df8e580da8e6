package release

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol/admin"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// right are facts that nothing hinders.
func right() Facts {
	f := Facts{Topology: places(), Build: Build{Version: newer, Level: 2}, Nodes: map[string]NodeFacts{}, Now: noon}
	f.Status = admin.Status{Cluster: "trial", Node: "a1", Leader: "a1", Level: 1, Feeds: []admin.Feed{{Name: "blocks", AsOf: "x", BoundSecond: 600, Fresh: true}}}
	f.Status.Backup = admin.BackupManifest{Verified: "2026-03-14T11:30:00Z", Taken: "2026-03-14T11:00:00Z", Index: 9}
	for _, n := range f.Topology.Members {
		f.Status.Members = append(f.Status.Members, admin.Member{ID: n.ID, Site: n.Site, Role: n.Role, State: "follower", Version: older, Level: 1, Keys: n.Role == admin.RoleData})
		f.Nodes[n.ID] = NodeFacts{Health: admin.NodeHealth{
			Checks: []admin.Check{{Name: "disk", OK: true}}, Disk: admin.Disk{Free: 50 << 30, Total: 100 << 30, Used: 1 << 30},
			Certificates: []admin.Certificate{{Name: "node", Until: "2027-03-14T12:00:00Z"}},
		}}
	}
	return f
}

func TestPreflight(t *testing.T) {
	if checks := Preflight(right()); Hindered(checks) || len(checks) != 10 {
		t.Fatalf("of a cluster that is right: %+v", checks)
	}
	node := func(id string, change func(*NodeFacts)) func(*Facts) {
		return func(f *Facts) { n := f.Nodes[id]; change(&n); f.Nodes[id] = n }
	}
	for name, c := range map[string]struct {
		check string
		grade Grade
		spoil func(*Facts)
	}{
		"a member is away": {"health", Hinders, func(f *Facts) { f.Status.Members[3].State = "unreachable" }},
		"two are away":     {"quorum", Hinders, func(f *Facts) { f.Status.Members[3].State, f.Status.Members[4].State = "unreachable", "unreachable" }},
		"three data nodes not ready": {"quorum", Hinders, func(f *Facts) {
			for i := range 3 {
				f.Status.Members[i].NotReady = "feeds"
			}
		}},
		"one of a site not ready":    {"quorum", Warns, func(f *Facts) { f.Status.Members[0].NotReady = "feeds" }},
		"a check fails":              {"nodes", Hinders, node("b1", func(n *NodeFacts) { n.Health.Checks[0].OK = false })},
		"a check warns":              {"nodes", Warns, node("b1", func(n *NodeFacts) { n.Health.Checks[0] = admin.Check{Warns: true} })},
		"a node says nothing":        {"nodes", Hinders, node("b1", func(n *NodeFacts) { n.Error = "refused" })},
		"a node of an earlier build": {"nodes", Warns, node("b1", func(n *NodeFacts) { *n = NodeFacts{Earlier: true} })},
		"no backup":                  {"backup", Hinders, func(f *Facts) { f.Status.Backup = admin.BackupManifest{} }},
		"a backup nobody verified":   {"backup", Hinders, func(f *Facts) { f.Status.Backup.Verified = "" }},
		"an old backup":              {"backup", Hinders, func(f *Facts) { f.Status.Backup.Taken = "2026-03-13T11:59:00Z" }},
		"a backup of tomorrow":       {"backup", Hinders, func(f *Facts) { f.Status.Backup.Taken = "2026-03-14T12:00:01Z" }},
		"a full disk":                {"disk", Hinders, node("w", func(n *NodeFacts) { n.Health.Disk.Free = 9 << 30 })},
		"a disk too small for it":    {"disk", Hinders, node("w", func(n *NodeFacts) { n.Health.Disk.Used = 26 << 30 })},
		"a disk nobody measured":     {"disk", Warns, node("w", func(n *NodeFacts) { n.Health.Disk = admin.Disk{} })},
		"a certificate that ends":    {"certificates", Hinders, node("a1", func(n *NodeFacts) { n.Health.Certificates[0].Until = "2026-03-28T11:00:00Z" })},
		"the releaser's own":         {"certificates", Hinders, func(f *Facts) { f.Operator = f.Now.Add(13 * 24 * time.Hour) }},
		"one of an earlier build": {"certificates", Hinders, func(f *Facts) {
			f.Nodes["a1"] = NodeFacts{Earlier: true}
			f.Status.Members[0].CertificateUntil = "2026-03-15T12:00:00Z"
		}},
		"a feed":                  {"feeds", Hinders, func(f *Facts) { f.Status.Feeds[0].Fresh = false }},
		"it runs already":         {"versions", Hinders, func(f *Facts) { f.Build.Version = older }},
		"three versions":          {"versions", Hinders, func(f *Facts) { f.Status.Members[1].Version = "0.9" }},
		"no level":                {"versions", Warns, func(f *Facts) { f.Build.Level = 0 }},
		"back past an activation": {"versions", Hinders, func(f *Facts) { f.Status.Level = 3 }},
		"two levels at once":      {"versions", Hinders, func(f *Facts) { f.Build.Level = 3 }},
		"two levels above the active": {"versions", Hinders, func(f *Facts) {
			f.Build.Level = 3
			for i := range f.Status.Members {
				f.Status.Members[i].Level = 2
			}
		}},
		"another release": {"releases", Hinders, func(f *Facts) { f.Going = "x" }},
		"somebody drains": {"draining", Hinders, func(f *Facts) { f.Status.Members[0].Phase = admin.PhaseSessions }},
	} {
		f := right()
		c.spoil(&f)
		found := Grade("")
		for _, k := range Preflight(f) {
			if k.Name == c.check && (found == "" || k.Grade == Hinders) {
				found = k.Grade
			}
			if k.Grade == Hinders && k.Do == "" {
				t.Errorf("%s: %s does not say what to do", name, k.Name)
			}
		}
		if found != c.grade {
			t.Errorf("%s: %s %s, want %s", name, c.check, found, c.grade)
		}
	}
}

func TestAccept(t *testing.T) {
	f := right()
	f.Status.Backup = admin.BackupManifest{}
	checks, err := Accept(Preflight(f), []string{"backup"})
	if err != nil || Hindered(checks) {
		t.Errorf("%+v, %v", checks, err)
	}
	if _, err := Accept(checks, []string{"quorum"}); !errors.Is(err, ErrAccept) {
		t.Errorf("quorum: %v", err)
	}
}

func TestPlan(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*admin.Status)
		want   string
		err    error
	}{
		"as designed":         {want: "w b1 b2 >b1 a2 a1"},
		"site B leads":        {change: func(s *admin.Status) { s.Leader = "b2" }, want: "w a1 a2 >a1 b1 b2"},
		"some run it already": {change: func(s *admin.Status) { s.Members[2].Version, s.Members[4].Version = newer, newer }, want: "b2 >b1 a2 a1"},
		"the leader runs it":  {change: func(s *admin.Status) { s.Members[0].Version = newer }, want: "w b1 b2 a2"},
		"only the leader left": {change: func(s *admin.Status) {
			for i := 1; i < 5; i++ {
				s.Members[i].Version = newer
			}
		}, want: ">b1 a1"},
		"all run it": {change: func(s *admin.Status) {
			for i := range 5 {
				s.Members[i].Version = newer
			}
		}, err: ErrNothing},
		"nobody leads":      {change: func(s *admin.Status) { s.Leader = "" }, err: ErrUnknown},
		"the witness leads": {change: func(s *admin.Status) { s.Leader = "w" }, err: ErrUnknown},
		"one is away":       {change: func(s *admin.Status) { s.Members[1].Error = "x" }, err: ErrUnknown},
	} {
		f := right()
		if c.change != nil {
			c.change(&f.Status)
		}
		p, err := Make(f.Topology, f.Status, f.Build)
		var got []string
		for i, s := range p.Steps {
			if s.Kind == Transfers {
				s.Node = ">" + s.Node
			}
			got = append(got, s.Node)
			if s.Number != i+1 || s.Kind == Replaces && (s.Voters != 4 || s.Leads == s.Node) || s.Needed != 3 {
				t.Errorf("%s: step %+v", name, s)
			}
		}
		if !errors.Is(err, c.err) || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, %v; want %s", name, got, err, c.want)
		}
	}
	single := places()
	for i := range single.Members {
		single.Members[i].Site = "A"
	}
	f := right()
	p, err := Make(single, f.Status, f.Build)
	if err != nil || len(p.Steps) != 6 || p.Steps[4].Kind != Transfers || p.Steps[5].Node != "a1" {
		t.Errorf("one site: %+v, %v", p.Steps, err)
	}
}

// seen are sights a second apart.
func seen(n int, as func(i int, s *Sight)) []Sight {
	var all []Sight
	for i := range n {
		s := Sight{At: noon.Add(time.Duration(i) * time.Second), Leader: "a1", Wanted: "a1", Members: map[string]admin.Member{}, Numbers: map[string]Numbers{}, Feeds: []admin.Feed{{Fresh: true}}}
		for _, m := range right().Status.Members {
			m.Started, m.HashIndex, m.StateHash = "first", uint64(i+1), fmt.Sprint(i)
			s.Members[m.ID] = m
			s.Numbers[m.ID] = Numbers{Requests: float64(200 * (i + 1)), Opens: opens(float64(200*(i+1)), 0)}
		}
		as(i, &s)
		all = append(all, s)
	}
	return all
}

// opens are some that took at most 10 ms, and some at most 100.
func opens(fast, slow float64) []Bucket {
	return []Bucket{{0.01, fast}, {0.1, fast + slow}, {1, fast + slow}}
}

func change(s *Sight, id string, how func(*admin.Member)) {
	m := s.Members[id]
	how(&m)
	s.Members[id] = m
}

func TestSigns(t *testing.T) {
	nothing := func(int, *Sight) {}
	lost := func(from, to int) func(int, *Sight) {
		return func(i int, s *Sight) {
			if i >= from && i < to {
				change(s, "b1", func(m *admin.Member) { m.NotReady = "feeds" })
			}
		}
	}
	leads := func(who ...string) func(int, *Sight) {
		return func(i int, s *Sight) { s.Leader = who[min(i, len(who)-1)] }
	}
	fails := func(id string, share float64) func(int, *Sight) {
		return func(i int, s *Sight) {
			n := s.Numbers[id]
			n.Failed = share * n.Requests
			s.Numbers[id] = n
		}
	}
	for name, c := range map[string]struct {
		sign int // in signs; -1: none
		turn string
		as   func(int, *Sight)
	}{
		"nothing":                    {-1, "", nothing},
		"states differ at one index": {0, "", func(i int, s *Sight) { change(s, "w", func(m *admin.Member) { m.StateHash = "x" }) }},
		"states differ at another time": {0, "", func(i int, s *Sight) {
			if i == 9 {
				change(s, "w", func(m *admin.Member) { m.HashIndex = 3 })
			}
		}},
		"a node that does not answer": {-1, "", func(i int, s *Sight) {
			change(s, "w", func(m *admin.Member) {
				m.StateHash, m.State = "x", "unreachable"
				if i%9 > 0 {
					m.State = "follower"
					m.StateHash = fmt.Sprint(i)
				}
			})
		}},
		"unready for 31 s":      {2, "", lost(8, 40)},
		"unready for 30 s":      {-1, "", lost(9, 40)},
		"unready, and then not": {-1, "", lost(0, 39)},
		"unready, twice 20 s": {-1, "", func(i int, s *Sight) {
			if i != 20 {
				lost(0, 40)(i, s)
			}
		}},
		"unready in its turn":            {-1, "b1", lost(0, 40)},
		"restarted":                      {3, "", func(i int, s *Sight) { change(s, "a2", func(m *admin.Member) { m.Started = "again" }) }},
		"restarted in its turn":          {-1, "a2", func(i int, s *Sight) { change(s, "a2", func(m *admin.Member) { m.Started = "again" }) }},
		"a build that does not tell":     {-1, "", func(i int, s *Sight) { change(s, "a2", func(m *admin.Member) { m.Started = "" }) }},
		"one election":                   {-1, "", leads("a1", "a2")},
		"an election and nobody between": {-1, "", leads("a1", "", "a2", "", "a2")},
		"two elections":                  {4, "", leads("a1", "a2", "b1")},
		"there and back as wanted":       {-1, "", leads("a1", "a2", "a1")},
		"a stale feed":                   {5, "", func(i int, s *Sight) { s.Feeds[0].Fresh = false }},
		"the new one fails":              {6, "", fails("b2", 0.002)},
		"a little":                       {-1, "", fails("b2", 0.0009)},
		"an old one fails":               {-1, "", fails("a1", 0.01)},
		"few requests":                   {-1, "", func(i int, s *Sight) { s.Numbers["b2"] = Numbers{Requests: float64(20 * i), Failed: float64(20 * i)} }},
		"the new one is slow": {7, "", func(i int, s *Sight) {
			s.Numbers["b2"] = Numbers{Requests: float64(200 * (i + 1)), Opens: opens(200, float64(200*i))}
		}},
		"slow before as well": {-1, "", func(i int, s *Sight) {
			for id := range s.Numbers {
				s.Numbers[id] = Numbers{Opens: opens(0, float64(200*(i+1)))}
			}
		}},
	} {
		sights := seen(40, c.as)
		w := Watch{Turn: c.turn, Sights: sights, Leader: "a1", Opens: percentile(sights[0].Numbers["b2"].Opens, 0.99, leastOpens), Back: map[string]Sight{"b2": sights[0]}, Started: map[string]string{}, Limits: Limits{Unready: 30 * time.Second, Slow: 20 * time.Second}}
		for id := range sights[0].Members {
			w.Started[id] = "first"
		}
		for i, sign := range signs() {
			if why := sign.Seen(w); (why != "") != (i == c.sign) {
				t.Errorf("%s: %s: %q", name, sign.Name, why)
			}
		}
	}
	for _, sign := range signs() {
		if why := sign.Seen(Watch{}); why != "" {
			t.Errorf("nothing was seen: %s: %s", sign.Name, why)
		}
	}
}

func TestUnwritten(t *testing.T) {
	sights := seen(40, func(int, *Sight) {})
	for after, want := range map[time.Duration]bool{0: true, 8 * time.Second: true, 9 * time.Second: false} {
		w := Watch{Sights: sights, Asking: sights[0].At.Add(after), Limits: Limits{Unready: 30 * time.Second}}
		if why := unwritten(w); (why != "") != want {
			t.Errorf("since second %v: %q", after, why)
		}
	}
}

func TestShared(t *testing.T) {
	sights := seen(5, func(i int, s *Sight) {
		change(s, "b1", func(m *admin.Member) { m.HashIndex, m.StateHash = uint64(i+3), fmt.Sprint(i+2) })
	})
	if got := shared(sights, "b1", 4); got != 5 {
		t.Errorf("seen at the same index: %d, want 5, the latest of both", got)
	}
	if got := shared(sights, "b1", 6); got != 0 {
		t.Errorf("an index that the others have not reached: %d", got)
	}
	if diff := cmp.Diff("", diverged(Watch{Sights: sights})); diff != "" {
		t.Error(diff)
	}
}

// One that is cut off and answers first does not decide who leads.
func TestBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		words []word
		want  string
	}{
		"all agree":                {[]word{{"a1", 4}, {"a1", 4}, {"a1", 4}}, "a1"},
		"one is cut off":           {[]word{{"a1", 4}, {"b1", 5}, {"b1", 5}, {"b1", 5}, {"b1", 5}}, "b1"},
		"one stands for itself":    {[]word{{"", 9}, {"a1", 4}, {"a1", 4}}, "a1"},
		"most do not answer":       {[]word{{"a1", 4}, {"b1", 5}}, "b1"},
		"half and half, and newer": {[]word{{"b1", 5}, {"", 5}, {"a1", 4}, {"a1", 4}}, "b1"},
		"who has just heard of it": {[]word{{"", 5}, {"b1", 5}, {"a1", 4}, {"c1", 3}}, "b1"},
		"nobody knows of any":      {[]word{{"", 5}, {"", 5}, {"a1", 4}}, ""},
	} {
		if got := believed(c.words); got != c.want {
			t.Errorf("%s: %q leads, want %q", name, got, c.want)
		}
	}
}
