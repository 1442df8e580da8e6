package node

import (
	"net/http"

	"tvilling/node/internal/health"
	"tvilling/node/internal/metrics"
	"tvilling/node/internal/timing"
	"tvilling/protocol/admin"
)

// numbers is what shows this node's numbers to whoever scrapes them.
func (n *Node) numbers() (http.Handler, error) {
	cfg := metrics.Config{
		Cluster: n.cluster, State: n.state(), Logger: n.cfg.Logger,
		Checks: func() []admin.Check { return health.Ask(n.drainingToo()) },
	}
	if n.data != nil {
		cfg.Data = counted{n.data}
	}
	return metrics.Handler(cfg)
}

// counted is what the parts of a data node count.
type counted struct{ *data }

// Timings implements metrics.Data.
func (c counted) Timings() (open, revoke timing.Reading) {
	t := c.sessions.Timings()
	return t.Open.Read(), t.Revoke.Read()
}

// Requests implements metrics.Data.
func (c counted) Requests() []metrics.Requests {
	asked := c.sessions.Requests()
	all := []metrics.Requests{{What: "open"}, {What: "show"}, {What: "body"}, {What: "put"}, {What: "trend"}, {What: "take"}, {What: "feedback"}}
	for i, count := range []*timing.Count{&asked.Open, &asked.Show, &asked.Body, &c.gateway.Counts().Put, &asked.Trend, &asked.Take, &asked.Feedback} {
		all[i].Asked, all[i].Failed = count.Read()
	}
	return all
}

// Refused implements metrics.Data.
func (c counted) Refused() uint64 { return c.gateway.Counts().Refused.Load() }

// Crowded implements metrics.Data.
func (c counted) Crowded() uint64 { return c.gateway.Counts().Crowded.Load() }
