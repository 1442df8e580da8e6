// Package metrics shows a node's numbers in the form that Prometheus reads.
//
// It owns their names, which alerts rest on: append only. What is counted elsewhere is
// read when it is asked for, so nothing here stands in the way of the node. It must
// never hold a label that could name a patient or a member of staff, and its registry
// is its own: no package adds to it unasked.
package metrics

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tvilling/node/internal/cluster"
	"tvilling/protocol/admin"
)

// Cluster is what is read of this node's part in the cluster.
type Cluster interface {
	Own() admin.Member
	Counters() cluster.Counters
	HeardFromLeader() (time.Time, bool)
}

// State is what is read of the replicated state.
type State interface {
	Feeds(now time.Time) ([]admin.Feed, error)
	Log(now time.Time) (admin.LogStatus, error)
	BackupAge(now time.Time) (seconds float64, err error) // -1: none was verified
}

// Limits of a scrape.
const (
	scrapeTimeout = 5 * time.Second
	scrapesAtOnce = 2
	prefix        = "tvilling_"
)

// Handler answers with the numbers of one node.
func Handler(c Cluster, s State, log *slog.Logger) (http.Handler, error) {
	r := prometheus.NewRegistry()
	for _, one := range []prometheus.Collector{
		newNumbers(c, s, log), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := r.Register(one); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{Timeout: scrapeTimeout, MaxRequestsInFlight: scrapesAtOnce}), nil
}

// numbers reads everything when it is collected.
type numbers struct {
	cluster Cluster
	state   State
	log     *slog.Logger
	descs   map[string]*prometheus.Desc
}

// described are the numbers: name, help, labels.
var described = []struct {
	name, help string
	labels     []string
}{
	{"build_info", "1; what runs here", []string{"version", "node", "site", "role"}},
	{"raft_state", "1 for the state that this node is in", []string{"state"}},
	{"raft_term", "the term", nil},
	{"raft_applied_index", "the latest entry applied here", nil},
	{"raft_commit_index", "the latest entry known to be committed", nil},
	{"leader_heard_seconds", "how long ago the leader was heard from; -1: none is known", nil},
	{"keys", "1 where the node holds a keyring", nil},
	{"sessions", "browsers connected to this node", nil},
	{"proposals_total", "calls to bring something into the log", nil},
	{"proposals_forwarded_total", "attempts sent to the leader", nil},
	{"proposals_retried_total", "attempts after the first", nil},
	{"followers_stuck_total", "times that a follower stood still too long", nil},
	{"slowest_write_seconds", "the slowest write to the log since the start", nil},
	{"feed_age_seconds", "how old what is known of a projection is; -1: it was never read", []string{"projection"}},
	{"feed_bound_seconds", "how old it may be: past that it is unknown, and denies", []string{"projection"}},
	{"feed_fresh", "1 where it may be decided on", []string{"projection"}},
	{"log_entries", "entries of the access log", nil},
	{"log_checkpoint_entries", "entries that the newest signed checkpoint proves", nil},
	{"log_unproven_seconds", "how long the oldest entry that no checkpoint proves has stood", nil},
	{"export_waiting_entries", "entries that the national log does not have yet", nil},
	{"export_oldest_seconds", "how long the oldest of them has waited", nil},
	{"export_refused_entries", "entries that the national log did not take", nil},
	{"backup_verified_age_seconds", "how long ago the newest verified backup was taken; -1: there is none", nil},
	{"unreadable", "1 where the state could not be read for these numbers", nil},
}

func newNumbers(c Cluster, s State, log *slog.Logger) *numbers {
	n := &numbers{cluster: c, state: s, log: log, descs: map[string]*prometheus.Desc{}}
	for _, d := range described {
		n.descs[d.name] = prometheus.NewDesc(prefix+d.name, d.help, d.labels, nil)
	}
	return n
}

// Describe tells what Collect may show.
func (n *numbers) Describe(to chan<- *prometheus.Desc) {
	for _, d := range n.descs {
		to <- d
	}
}

// Collect reads the numbers.
func (n *numbers) Collect(to chan<- prometheus.Metric) {
	show := func(kind prometheus.ValueType, name string, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(n.descs[name], kind, value, labels...)
	}
	gauge := func(name string, value float64, labels ...string) {
		show(prometheus.GaugeValue, name, value, labels...)
	}
	counter := func(name string, value uint64) { show(prometheus.CounterValue, name, float64(value)) }
	n.ofCluster(gauge, counter)
	gauge("unreadable", of(!n.ofState(gauge)))
}

type gauge = func(name string, value float64, labels ...string)

func (n *numbers) ofCluster(gauge gauge, counter func(string, uint64)) {
	own, counts := n.cluster.Own(), n.cluster.Counters()
	gauge("build_info", 1, own.Version, own.ID, own.Site, own.Role)
	for _, state := range []string{"leader", "follower", "candidate", "shutdown"} {
		gauge("raft_state", of(own.State == state), state)
	}
	gauge("raft_term", float64(own.Term))
	gauge("raft_applied_index", float64(own.AppliedIndex))
	gauge("raft_commit_index", float64(own.CommitIndex))
	heard := -1.0
	if at, ok := n.cluster.HeardFromLeader(); ok {
		heard = time.Since(at).Seconds()
	}
	gauge("leader_heard_seconds", heard)
	gauge("keys", of(own.Keys))
	gauge("sessions", float64(own.Sessions))
	counter("proposals_total", counts.Proposals)
	counter("proposals_forwarded_total", counts.Forwarded)
	counter("proposals_retried_total", counts.Retries)
	counter("followers_stuck_total", counts.StuckFollowers)
	gauge("slowest_write_seconds", counts.SlowestWrite.Seconds())
}

// ofState tells whether the state could be read.
func (n *numbers) ofState(gauge gauge) bool {
	at := time.Now()
	feeds, err := n.state.Feeds(at)
	if err != nil {
		n.log.Error("the feeds' numbers cannot be read", "error", err)
		return false
	}
	for _, f := range feeds {
		gauge("feed_age_seconds", float64(f.AgeSeconds), f.Name)
		gauge("feed_bound_seconds", float64(f.BoundSecond), f.Name)
		gauge("feed_fresh", of(f.Fresh), f.Name)
	}
	backup, err := n.state.BackupAge(at)
	if err != nil {
		n.log.Error("the backup's number cannot be read", "error", err)
		return false
	}
	gauge("backup_verified_age_seconds", backup)
	log, err := n.state.Log(at)
	if err != nil {
		n.log.Error("the access log's numbers cannot be read", "error", err)
		return false
	}
	gauge("log_entries", float64(log.Entries))
	gauge("log_checkpoint_entries", float64(log.Checkpoint))
	gauge("log_unproven_seconds", float64(log.UnprovenSeconds))
	if e := log.Export; e != nil {
		gauge("export_waiting_entries", float64(e.Waiting))
		gauge("export_oldest_seconds", float64(e.OldestSeconds))
		gauge("export_refused_entries", float64(e.Refused))
	}
	return true
}

func of(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
