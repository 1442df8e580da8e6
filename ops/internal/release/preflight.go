package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tvilling/ops/internal/health"
	"tvilling/protocol/admin"
)

// What a cluster must have before it is touched.
const (
	backupYounger     = 24 * time.Hour
	certificateLonger = 14 * 24 * time.Hour
	diskPercent       = 10 // free, of the whole
	diskTimes         = 2  // free, of what the node has: a snapshot and a copy of it fit
)

// Grade is what a check came to.
type Grade string

// The grades.
const (
	OK      Grade = "OK"
	Warns   Grade = "warns"
	Hinders Grade = "hinders"
)

// Check is one condition of a release.
type Check struct {
	Name  string `json:"name"`
	Grade Grade  `json:"grade"`
	Says  string `json:"says"`
	Do    string `json:"do,omitempty"`
}

// Facts are everything that preflight judges.
type Facts struct {
	Topology admin.Topology
	Status   admin.Status
	Nodes    map[string]NodeFacts
	Build    Build
	Going    string    // another release that has not ended
	Operator time.Time // until when the releaser's own certificate is valid; zero: not known
	Now      time.Time
}

// NodeFacts are a node's own account of itself.
type NodeFacts struct {
	Health  admin.NodeHealth
	Earlier bool   // it is of a build that gives none
	Error   string // why it could not be asked
}

// Preflight judges whether a release may begin. Every check is there, in order; one
// that finds several faults has a row for each.
func Preflight(f Facts) []Check {
	var all []Check
	for _, one := range []struct {
		name  string
		right string
		judge func(Facts) []Check
	}{
		{"health", "nothing is wrong", healthy}, {"nodes", "every node's own checks hold", nodesHealthy},
		{"quorum", "", quorum}, {"backup", "", backup}, {"disk", "every node has room", disk},
		{"certificates", "none runs out within 14 days", certificates}, {"feeds", "all are fresh", feedsFresh},
		{"versions", "", versions}, {"releases", "no other goes on", others}, {"draining", "no node is drained", draining},
	} {
		found := one.judge(f)
		if len(found) == 0 {
			found = []Check{{Grade: OK, Says: one.right}}
		}
		for _, c := range found {
			c.Name = one.name
			all = append(all, c)
		}
	}
	return all
}

// acceptable are the checks that an operator may go past, and answers for it.
var acceptable = []string{"health", "nodes", "backup", "disk", "certificates", "feeds"}

// Accept makes of what hinders, in checks that are named, a warning.
func Accept(checks []Check, names []string) ([]Check, error) {
	for _, n := range names {
		if !slices.Contains(acceptable, n) {
			return nil, fmt.Errorf("%w: %q cannot be gone past; these can: %s", ErrAccept, n, strings.Join(acceptable, ", "))
		}
	}
	out := slices.Clone(checks)
	for i := range out {
		if out[i].Grade == Hinders && slices.Contains(names, out[i].Name) {
			out[i].Grade, out[i].Says = Warns, "accepted: "+out[i].Says
		}
	}
	return out, nil
}

// Hindered reports whether any check hinders.
func Hindered(checks []Check) bool {
	return slices.ContainsFunc(checks, func(c Check) bool { return c.Grade == Hinders })
}

func healthy(f Facts) []Check {
	var all []Check
	for _, found := range health.Assess(f.Topology, f.Status) {
		grade := Hinders
		if found.Grade == health.Notice {
			grade = Warns
		}
		all = append(all, Check{Grade: grade, Says: found.What, Do: found.Do})
	}
	return all
}

func nodesHealthy(f Facts) []Check {
	var all []Check
	for _, m := range f.Topology.Members {
		n := f.Nodes[m.ID]
		switch {
		case n.Error != "":
			all = append(all, Check{Grade: Hinders, Says: m.ID + " does not answer: " + n.Error, Do: "Start or reconnect it."})
		case n.Earlier:
			all = append(all, Check{Grade: Warns, Says: m.ID + " runs an earlier build, which does not say how it is itself", Do: "Look at tvilling status."})
		}
		for _, c := range n.Health.Checks {
			if c.OK {
				continue
			}
			grade := Hinders
			if c.Warns {
				grade = Warns
			}
			all = append(all, Check{Grade: grade, Says: fmt.Sprintf("%s: %s: %s", m.ID, c.Name, c.Why), Do: "tvilling doctor says more."})
		}
	}
	return all
}

// quorum holds that with any one node away a majority is left, someone to lead, and
// someone at each site.
func quorum(f Facts) []Check {
	up, data, sites := 0, 0, map[string]int{}
	for _, n := range f.Topology.Members {
		m, _ := memberOf(f.Status, n.ID)
		if n.Role == admin.RoleData {
			sites[n.Site] += 0
		}
		if !answers(m) {
			continue
		}
		up++
		if n.Role == admin.RoleData && ready(m) {
			data++
			sites[n.Site]++
		}
	}
	need := len(f.Topology.Members)/2 + 1
	if up-1 < need || data < 2 {
		return []Check{{Grade: Hinders, Says: fmt.Sprintf("%d members answer, %d of them data nodes that serve: with one away, %d of the %d that are needed are left", up, data, max(up-1, 0), need),
			Do: "Start or reconnect the others first."}}
	}
	var all []Check
	for _, site := range sortedKeys(sites) {
		if sites[site] < 2 {
			all = append(all, Check{Grade: Warns, Says: "site " + site + " serves nobody while its only data node is away", Do: "Browsers there go to the other site and come back."})
		}
	}
	if len(all) == 0 {
		all = append(all, Check{Grade: OK, Says: fmt.Sprintf("%d of %d members stay with one away, and %d are needed; every site goes on serving", up-1, len(f.Topology.Members), need)})
	}
	return all
}

func backup(f Facts) []Check {
	const do = "tvilling backup, then tvilling backup verify."
	b := f.Status.Backup
	at, err := time.Parse(time.RFC3339, b.Taken)
	if b.Verified == "" || err != nil {
		return []Check{{Grade: Hinders, Says: "there is no backup that was verified", Do: do}}
	}
	age := f.Now.Sub(at)
	if age < 0 {
		return []Check{{Grade: Hinders, Says: fmt.Sprintf("the newest verified backup was taken %v from now, by the clock here", -age.Round(time.Second)),
			Do: "Set this clock, or that of the node that took it, and take a new one: " + do}}
	}
	if age > backupYounger {
		return []Check{{Grade: Hinders, Says: fmt.Sprintf("the newest verified backup is %v old", age.Round(time.Minute)), Do: do}}
	}
	return []Check{{Grade: OK, Says: fmt.Sprintf("verified, %v old, at index %d", age.Round(time.Second), b.Index)}}
}

func disk(f Facts) []Check {
	var all []Check
	for _, m := range f.Topology.Members {
		n := f.Nodes[m.ID]
		d := n.Health.Disk
		switch {
		case n.Error != "" || n.Earlier:
		case d.Total == 0:
			all = append(all, Check{Grade: Warns, Says: m.ID + " does not know how much room its disk has", Do: "Look at the machine."})
		case d.Free < d.Total/100*diskPercent:
			all = append(all, Check{Grade: Hinders, Says: fmt.Sprintf("%s has %s of %s free, less than %d %%", m.ID, size(d.Free), size(d.Total), diskPercent), Do: "Make room, or give it a larger disk."})
		case d.Free < diskTimes*d.Used:
			all = append(all, Check{Grade: Hinders, Says: fmt.Sprintf("%s has %s free and keeps %s: %d times as much is needed", m.ID, size(d.Free), size(d.Used), diskTimes), Do: "Make room, or give it a larger disk."})
		}
	}
	return all
}

func certificates(f Facts) []Check {
	var all []Check
	say := func(node, name, until string) {
		at, err := time.Parse(time.RFC3339, until)
		if until == "" || err == nil && at.Sub(f.Now) > certificateLonger {
			return
		}
		says := fmt.Sprintf("%s: the certificate %s runs out %s", node, name, until)
		all = append(all, Check{Grade: Hinders, Says: says, Do: "Renew it first: a node that cannot show it does not come back."})
	}
	if !f.Operator.IsZero() {
		say("this operator's directory", "that nodes are asked with", f.Operator.UTC().Format(time.RFC3339))
	}
	for _, m := range f.Topology.Members {
		n := f.Nodes[m.ID]
		for _, c := range n.Health.Certificates {
			say(m.ID, c.Name, c.Until)
		}
		if member, ok := memberOf(f.Status, m.ID); ok && len(n.Health.Certificates) == 0 {
			say(m.ID, "that is the first to run out", member.CertificateUntil)
		}
	}
	return all
}

func feedsFresh(f Facts) []Check {
	if said := stale(f.Status.Feeds); said != "" {
		return []Check{{Grade: Hinders, Says: said, Do: "The leader reads the feeds: look in its log for why it cannot."}}
	}
	return nil
}

// versions holds that nothing but the release before and this one run at once.
func versions(f Facts) []Check {
	running := map[string]bool{}
	low, high := uint16(0), uint16(0)
	for _, m := range f.Status.Members {
		if !answers(m) {
			continue
		}
		running[m.Version] = true
		if low == 0 || m.Level < low {
			low = m.Level
		}
		high = max(high, m.Level)
	}
	b := f.Build
	delete(running, b.Version)
	said := func(g Grade, do, format string, args ...any) []Check {
		return []Check{{Grade: g, Says: fmt.Sprintf(format, args...), Do: do}}
	}
	switch {
	case len(running) == 0:
		return said(Hinders, "Nothing is to be done.", "every member runs %s already", b.Version)
	case len(running) > 1:
		return said(Hinders, "Finish the release that was begun, or take it back.", "%s run, and %s would be a third", strings.Join(sortedKeys(running), " and "), b.Version)
	case b.Level == 0:
		return said(Warns, "Name the binary with --binary, and it is asked.", "the level of %s is not known", b.Version)
	case b.Level < f.Status.Level:
		return said(Hinders, "Going back past an activation is not allowed: release a build that knows the level.", "%s knows level %d, and level %d was activated", b.Version, b.Level, f.Status.Level)
	case max(b.Level, high)-min(b.Level, low) > 1:
		return said(Hinders, "Release the build between them first.", "%s knows level %d, and members that know %d would run beside it: one level apart is the most", b.Version, b.Level, low)
	case b.Level > f.Status.Level+1:
		return said(Hinders, "Activate the level of the build that runs, then release.", "%s knows level %d, and level %d is active: one level at a time", b.Version, b.Level, f.Status.Level)
	}
	return said(OK, "", "%s to %s; level %d is active, and the new build knows %d", sortedKeys(running)[0], b.Version, f.Status.Level, b.Level)
}

func others(f Facts) []Check {
	if f.Going == "" {
		return nil
	}
	return []Check{{Grade: Hinders, Says: "release " + f.Going + " has not ended", Do: "tvilling release run --resume goes on with it, tvilling release abort takes it back."}}
}

func draining(f Facts) []Check {
	var all []Check
	for _, m := range f.Status.Members {
		if m.Phase != admin.PhaseNone {
			all = append(all, Check{Grade: Hinders, Says: m.ID + " is drained", Do: "tvilling undrain " + m.ID + ", if nobody works on it."})
		}
	}
	return all
}

func size(n uint64) string {
	const mib = 1 << 20
	if n < 10<<30 {
		return fmt.Sprintf("%d MiB", n/mib)
	}
	return fmt.Sprintf("%d GiB", n/(1<<30))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
