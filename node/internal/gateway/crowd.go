package gateway

import (
	"container/list"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
)

// crowd bounds the connections of one listener. Those that were upgraded are not among
// them: sessions have a bound of their own. When there are too many, whoever has waited
// longest without a request gives its place to who comes: a browser connects anew without
// its user noticing, and one that stands there to be in the way keeps nobody out. What is
// under way is never cut off: where all of it is, who comes is turned away.
type crowd struct {
	mu      sync.Mutex
	limit   int
	open    map[net.Conn]*list.Element // nil: a request is under way
	waiting *list.List                 // of net.Conn, who has waited longest first
}

func newCrowd(limit int) *crowd {
	return &crowd{limit: limit, open: map[net.Conn]*list.Element{}, waiting: list.New()}
}

// connection notes what a server tells of a connection, and returns the one that has to
// go; nil: none. That one is forgotten: it may still speak up while it is being closed.
func (c *crowd) connection(one net.Conn, state http.ConnState) (goes net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateNew && len(c.open) >= c.limit {
		longest := c.waiting.Front()
		if longest == nil {
			return one
		}
		goes = longest.Value.(net.Conn)
		c.forget(goes)
	}
	if _, known := c.open[one]; !known && state != http.StateNew {
		return nil
	}
	c.forget(one)
	switch state {
	case http.StateNew, http.StateIdle:
		c.open[one] = c.waiting.PushBack(one)
	case http.StateActive:
		c.open[one] = nil
	}
	return goes
}

func (c *crowd) forget(one net.Conn) {
	if at := c.open[one]; at != nil {
		c.waiting.Remove(at)
	}
	delete(c.open, one)
}

// arrives notes what the server of a crowd tells of a connection, and keeps the crowd to
// its bound.
func (g *Gateway) arrives(c *crowd) func(net.Conn, http.ConnState) {
	return func(one net.Conn, state http.ConnState) {
		g.parting.connection(one, state)
		goes := c.connection(one, state)
		if goes == nil {
			return
		}
		g.counts.Crowded.Add(1)
		g.lines.crowded.say(g.cfg.Logger, slog.LevelWarn, "too many connections: whoever waits longest without a request is closed, or who comes where nobody waits",
			"limit", c.limit)
		cut(goes)
	}
}

// cut closes a connection without a farewell, which could wait for the other side.
func cut(one net.Conn) {
	if secure, is := one.(*tls.Conn); is {
		one = secure.NetConn()
	}
	_ = one.Close() // its server finds out
}
