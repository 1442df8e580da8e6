package operations

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tvilling/ops/internal/health"
	"tvilling/protocol/admin"
)

// Look is what one look at the cluster found.
type Look struct {
	At        time.Time
	Topology  admin.Topology
	Status    admin.Status
	Announced []admin.Announcement
	Reports   []Report
	Err       error // nobody answers: the rest is the last that was seen
}

// page is what the template shows. Every value is ready to be read.
type page struct {
	Cluster, Environment string
	At                   string
	Lost                 string // why nothing is known; empty: it is known
	Verdict              verdict
	Facts                []fact
	Findings             []health.Finding
	Sites                []site
	Feeds                []feed
	Announced            []announced
	Reports              []Report
}

// verdict is the state of the cluster in a word, with a class for its colour.
type verdict struct{ Class, Text string }

// fact is a name and a value.
type fact struct{ Name, Value string }

type site struct {
	Name  string
	Nodes []node
}

type node struct {
	ID, Role, Version string
	State             verdict
	Facts             []fact
	Disk              int // percent that is used; -1: unknown
	Why               string
}

type feed struct {
	Name, Source, Age, Bound string
	State                    verdict
	Percent                  int // of its bound, at most 100
}

type announced struct{ Kind, When, Text string }

// pageOf makes the page of a look.
func pageOf(l Look) page {
	s := l.Status
	p := page{Cluster: l.Topology.Cluster, Environment: l.Topology.Environment, At: l.At.UTC().Format("15:04:05") + " UTC", Reports: l.Reports}
	if l.Err != nil {
		p.Lost = l.Err.Error()
		p.Verdict = verdict{"broken", "No node answers. What follows is the last that was seen."}
	}
	if len(s.Members) == 0 {
		return p
	}
	p.Findings = health.Assess(l.Topology, s)
	if l.Err == nil {
		p.Verdict = verdictOf(p.Findings)
	}
	p.Facts = facts(s, l.At)
	p.Sites = sites(s, l.At)
	for _, f := range s.Feeds {
		p.Feeds = append(p.Feeds, feedOf(f))
	}
	for _, a := range l.Announced {
		p.Announced = append(p.Announced, announced{a.Kind, span(a.From, a.Until), a.English})
	}
	return p
}

func verdictOf(found []health.Finding) verdict {
	switch health.Worst(found) {
	case health.Broken:
		return verdict{"broken", "Something does not work now."}
	case health.Degraded:
		return verdict{"degraded", "It works, with less to spare."}
	case health.Notice:
		return verdict{"notice", "It works. There is something to know."}
	}
	return verdict{"good", "Nothing is wrong."}
}

func facts(s admin.Status, now time.Time) []fact {
	versions := map[string]bool{}
	term, sessions := uint64(0), 0
	for _, m := range s.Members {
		if m.Version != "" {
			versions[m.Version] = true
		}
		term, sessions = max(term, m.Term), sessions+m.Sessions
	}
	var names []string
	for v := range versions {
		names = append(names, v)
	}
	slices.Sort(names)
	all := []fact{
		{"Leader", or(s.Leader, "none")}, {"Term", fmt.Sprint(term)}, {"Level", fmt.Sprint(s.Level)},
		{"Versions", strings.Join(names, ", ")}, {"Browsers", fmt.Sprint(sessions)},
		{"Access log", fmt.Sprintf("%d entries, %d proved", s.Log.Entries, s.Log.Checkpoint)},
	}
	if e := s.Log.Export; e != nil {
		all = append(all, fact{"National log", fmt.Sprintf("%d wait", e.Waiting)})
	}
	backup := "none"
	if s.Backup.Verified != "" {
		backup = ago(s.Backup.Verified, now) + ", index " + fmt.Sprint(s.Backup.Index)
	}
	return append(all, fact{"Verified backup", backup})
}

func sites(s admin.Status, now time.Time) []site {
	var all []site
	for _, m := range s.Members {
		i := slices.IndexFunc(all, func(at site) bool { return at.Name == m.Site })
		if i < 0 {
			i = len(all)
			all = append(all, site{Name: m.Site})
		}
		all[i].Nodes = append(all[i].Nodes, nodeOf(m, now))
	}
	return all
}

func nodeOf(m admin.Member, now time.Time) node {
	n := node{ID: m.ID, Role: m.Role, Version: m.Version, State: stateOf(m), Disk: -1, Why: or(m.Error, m.NotReady)}
	if m.State == "unreachable" || m.Error != "" {
		return n
	}
	n.Facts = []fact{{"Applied", fmt.Sprint(m.AppliedIndex)}, {"Behind", fmt.Sprint(m.Lag)}}
	if m.Role == admin.RoleData {
		n.Facts = append(n.Facts, fact{"Browsers", fmt.Sprint(m.Sessions)})
	}
	if m.Started != "" {
		n.Facts = append(n.Facts, fact{"Started", ago(m.Started, now)})
	}
	if m.CertificateUntil != "" {
		n.Facts = append(n.Facts, fact{"Certificate", until(m.CertificateUntil, now)})
	}
	if m.DiskTotal > 0 {
		n.Disk = int(100 * (m.DiskTotal - min(m.DiskFree, m.DiskTotal)) / m.DiskTotal)
	}
	return n
}

func stateOf(m admin.Member) verdict {
	switch {
	case m.State == "unreachable" || m.Error != "":
		return verdict{"broken", "does not answer"}
	case m.Phase != admin.PhaseNone:
		return verdict{"notice", m.State + ", draining: " + string(m.Phase)}
	case m.NotReady != "":
		return verdict{"degraded", m.State + ", not ready"}
	case m.State == "leader":
		return verdict{"lead", "leader"}
	case m.State == "follower":
		return verdict{"good", "follower"}
	}
	return verdict{"degraded", m.State}
}

func feedOf(f admin.Feed) feed {
	out := feed{Name: f.Name, Source: or(f.Source, "no service"), Age: "never read", Bound: length(f.BoundSecond), State: verdict{"good", "fresh"}, Percent: 100}
	if f.AsOf != "" && f.BoundSecond > 0 {
		out.Age, out.Percent = length(f.AgeSeconds), int(min(100, max(0, 100*f.AgeSeconds/f.BoundSecond)))
	}
	switch {
	case !f.Fresh:
		out.State = verdict{"broken", "unknown, so no"}
	case 2*f.AgeSeconds > f.BoundSecond:
		out.State = verdict{"degraded", "late"}
	}
	return out
}

// ago says how long since a moment, written as RFC 3339.
func ago(text string, now time.Time) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return length(int64(now.Sub(at).Seconds())) + " ago"
}

func until(text string, now time.Time) string {
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		return text
	case at.Before(now):
		return "ran out " + ago(text, now)
	}
	return length(int64(at.Sub(now).Seconds())) + " left"
}

// span says from when until when, each written as RFC 3339.
func span(from, until string) string {
	if until == "" {
		return "from " + minute(from)
	}
	return minute(from) + " – " + minute(until)
}

// minute is a moment, written as RFC 3339, to the minute.
func minute(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return at.UTC().Format("2006-01-02 15:04 UTC")
}

// length is a number of seconds as somebody says it: in its largest unit.
func length(seconds int64) string {
	seconds = max(0, seconds)
	for _, unit := range []struct {
		size int64
		name string
	}{{86400, "d"}, {3600, "h"}, {60, "min"}} {
		if seconds >= 2*unit.size {
			return fmt.Sprintf("%d %s", seconds/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d s", seconds)
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
