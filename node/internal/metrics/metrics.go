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
	"tvilling/node/internal/timing"
	"tvilling/protocol/admin"
)

// Cluster is what is read of this node's part in the cluster.
type Cluster interface {
	Own() admin.Member
	Counters() cluster.Counters
	HeardFromLeader() (time.Time, bool)
	Lags() map[string]uint64 // of the others, where this node leads
	Clock() cluster.Clock
}

// State is what is read of the replicated state.
type State interface {
	Feeds(now time.Time) ([]admin.Feed, error)
	Log(now time.Time) (admin.LogStatus, error)
	BackupAge(now time.Time) (seconds float64, err error) // -1: none was verified
}

// Data is what is read of a node that serves browsers and sources.
type Data interface {
	Timings() (open, revoke timing.Reading)
	Requests() []Requests
	Refused() uint64 // streams that there was no place for
	Crowded() uint64 // connections that were closed because there were too many
}

// Requests is what was asked of one kind, and what of it failed by the node's own fault.
type Requests struct {
	What          string
	Asked, Failed uint64
}

// Config is what the numbers are read from.
type Config struct {
	Cluster Cluster
	State   State
	Checks  func() []admin.Check // the node's own; nil: none
	Data    Data                 // nil: a witness
	Logger  *slog.Logger
}

// Limits of a scrape.
const (
	scrapeTimeout = 5 * time.Second
	scrapesAtOnce = 2
	prefix        = "tvilling_"
)

// Handler answers with the numbers of one node.
func Handler(cfg Config) (http.Handler, error) {
	r := prometheus.NewRegistry()
	for _, one := range []prometheus.Collector{
		newNumbers(cfg), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := r.Register(one); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{Timeout: scrapeTimeout, MaxRequestsInFlight: scrapesAtOnce}), nil
}

// numbers reads everything when it is collected.
type numbers struct {
	Config
	descs map[string]*prometheus.Desc
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
	{"commit_seconds", "from bringing something to the log to its result", nil},
	{"sync_seconds", "writes to the log", nil},
	{"apply_seconds", "what the state machine applied at once", nil},
	{"follower_lag_entries", "committed entries that a member has not applied; told by the leader, of those that answer", []string{"member"}},
	{"generation", "the cluster's generation: a recovery raises it", nil},
	{"draining", "1 where the node drains, or is drained", nil},
	{"disk_free_bytes", "room left where the data lies", nil},
	{"disk_total_bytes", "room where the data lies", nil},
	{"certificate_left_seconds", "until the first of the node's certificates runs out", nil},
	{"healthcheck", "1 where a check of /readyz finds nothing", []string{"name"}},
	{"open_seconds", "from asking for a patient to the answer, recorded", nil},
	{"revoke_seconds", "from taking something away to the browser's word that it is gone", nil},
	{"requests_total", "what browsers and sources asked", []string{"what"}},
	{"requests_failed_total", "what of it the node could not do; what the gate refuses is an answer", []string{"what"}},
	{"gateway_refused_total", "streams that there was no place for here", nil},
	{"gateway_crowded_total", "connections of browsers and sources that were closed because there were too many", nil},
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
	{"clock_offset_seconds", "how far this node's clock is ahead of most members'; left out where too few were heard", nil},
	{"unreadable", "1 where the state could not be read for these numbers", nil},
}

func newNumbers(cfg Config) *numbers {
	n := &numbers{Config: cfg, descs: map[string]*prometheus.Desc{}}
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
	s := shown{n, to}
	own := n.Cluster.Own()
	s.ofCluster(own)
	s.ofNode(own)
	if n.Data != nil {
		s.ofData(n.Data)
	}
	s.gauge("unreadable", of(!s.ofState()))
}

// shown is what one scrape gets.
type shown struct {
	*numbers
	to chan<- prometheus.Metric
}

func (n shown) show(kind prometheus.ValueType, name string, value float64, labels ...string) {
	n.to <- prometheus.MustNewConstMetric(n.descs[name], kind, value, labels...)
}

func (n shown) gauge(name string, value float64, labels ...string) {
	n.show(prometheus.GaugeValue, name, value, labels...)
}

func (n shown) counter(name string, value uint64, labels ...string) {
	n.show(prometheus.CounterValue, name, float64(value), labels...)
}

func (n shown) histogram(name string, r timing.Reading) {
	n.to <- prometheus.MustNewConstHistogram(n.descs[name], r.Count, r.Sum.Seconds(), r.Up)
}

func (n shown) ofCluster(own admin.Member) {
	counts, gauge, counter := n.Cluster.Counters(), n.gauge, n.counter
	gauge("build_info", 1, own.Version, own.ID, own.Site, own.Role)
	for _, state := range []string{"leader", "follower", "candidate", "shutdown", admin.StateFounding, admin.StateJoining} {
		gauge("raft_state", of(own.State == state), state)
	}
	gauge("raft_term", float64(own.Term))
	gauge("raft_applied_index", float64(own.AppliedIndex))
	gauge("raft_commit_index", float64(own.CommitIndex))
	heard := -1.0
	if at, ok := n.Cluster.HeardFromLeader(); ok {
		heard = time.Since(at).Seconds()
	}
	gauge("leader_heard_seconds", heard)
	gauge("keys", of(own.Keys))
	gauge("sessions", float64(own.Sessions))
	counter("proposals_total", counts.Proposals)
	counter("proposals_forwarded_total", counts.Forwarded)
	counter("proposals_retried_total", counts.Retries)
	counter("followers_stuck_total", counts.StuckFollowers)
	n.histogram("commit_seconds", counts.Commit)
	n.histogram("sync_seconds", counts.Sync)
	n.histogram("apply_seconds", counts.Apply)
	for member, lag := range n.Cluster.Lags() {
		gauge("follower_lag_entries", float64(lag), member)
	}
	gauge("generation", float64(own.Generation))
	if k := n.Cluster.Clock(); k.Told() {
		gauge("clock_offset_seconds", k.Offset.Seconds())
	}
}

// ofNode shows what this node is besides. What it does not know of itself is left out:
// no alert may rest on a nought that means nothing.
func (n shown) ofNode(own admin.Member) {
	n.gauge("draining", of(own.Phase != admin.PhaseNone))
	if own.DiskTotal > 0 {
		n.gauge("disk_free_bytes", float64(own.DiskFree))
		n.gauge("disk_total_bytes", float64(own.DiskTotal))
	}
	if until, err := time.Parse(time.RFC3339, own.CertificateUntil); err == nil {
		n.gauge("certificate_left_seconds", time.Until(until).Seconds())
	}
	if n.Checks == nil {
		return
	}
	for _, c := range n.Checks() {
		n.gauge("healthcheck", of(c.OK), c.Name)
	}
}

func (n shown) ofData(d Data) {
	open, revoke := d.Timings()
	n.histogram("open_seconds", open)
	n.histogram("revoke_seconds", revoke)
	for _, r := range d.Requests() {
		n.counter("requests_total", r.Asked, r.What)
		n.counter("requests_failed_total", r.Failed, r.What)
	}
	n.counter("gateway_refused_total", d.Refused())
	n.counter("gateway_crowded_total", d.Crowded())
}

// ofState tells whether the state could be read.
func (n shown) ofState() bool {
	at, gauge := time.Now(), n.gauge
	feeds, err := n.State.Feeds(at)
	if err != nil {
		n.Logger.Error("the feeds' numbers cannot be read", "error", err)
		return false
	}
	for _, f := range feeds {
		gauge("feed_age_seconds", float64(f.AgeSeconds), f.Name)
		gauge("feed_bound_seconds", float64(f.BoundSecond), f.Name)
		gauge("feed_fresh", of(f.Fresh), f.Name)
	}
	backup, err := n.State.BackupAge(at)
	if err != nil {
		n.Logger.Error("the backup's number cannot be read", "error", err)
		return false
	}
	gauge("backup_verified_age_seconds", backup)
	log, err := n.State.Log(at)
	if err != nil {
		n.Logger.Error("the access log's numbers cannot be read", "error", err)
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
