package cluster

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"tvilling/protocol/admin"
)

// Why a connection is not even asked who it is.
var (
	errDoorAddress = errors.New("too many connections from its address have not shown who they are")
	errDoorFull    = errors.New("too many connections have not shown who they are")
)

// door bounds the connections that have not shown who they are. Those from a member's
// address are counted by themselves: however many strangers stand there in silence,
// the members can reconnect.
type door struct {
	mu        sync.Mutex
	members   map[netip.Addr]bool
	from      map[netip.Addr]int
	strangers int
}

// enter lets one in; leave comes after it.
func (d *door) enter(from netip.Addr) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	limit := maxFromStranger
	if d.members[from] {
		limit = maxFromMember
	}
	switch {
	case d.from[from] >= limit:
		return errDoorAddress
	case !d.members[from] && d.strangers >= maxStrangers:
		return errDoorFull
	}
	d.from[from]++
	d.count()
	return nil
}

func (d *door) leave(from netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.from[from]--; d.from[from] <= 0 {
		delete(d.from, from)
	}
	d.count()
}

// count adds up: an address may have become a member's while it stood there.
func (d *door) count() {
	d.strangers = 0
	for from, n := range d.from {
		if !d.members[from] {
			d.strangers += n
		}
	}
}

// watch keeps the members' addresses: those written as such from now on, those written
// as names looked up again and again, until closed.
func (d *door) watch(t admin.Topology, closed <-chan struct{}) {
	names := d.learn(t, nil)
	if len(names) == 0 {
		return
	}
	go func() {
		ticker := time.NewTicker(lookupEvery)
		defer ticker.Stop()
		for {
			found := map[netip.Addr]bool{}
			for _, name := range names {
				ctx, cancel := context.WithTimeout(context.Background(), lookupLimit)
				all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
				cancel()
				if err != nil { // the addresses it had are kept
					continue
				}
				for _, a := range all {
					found[a.Unmap()] = true
				}
			}
			d.learn(t, found)
			select {
			case <-ticker.C:
			case <-closed:
				return
			}
		}
	}()
}

// learn adds addresses, and those that the topology holds; it returns its names. An
// address that was a member's once stays one: that opens nothing but the door.
func (d *door) learn(t admin.Topology, found map[netip.Addr]bool) (names []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for a := range found {
		if len(d.members) < maxMemberAddresses {
			d.members[a] = true
		}
	}
	for _, m := range t.Members {
		host, _, err := net.SplitHostPort(m.Peer)
		if err != nil {
			continue
		}
		if a, err := netip.ParseAddr(host); err == nil {
			d.members[a.Unmap()] = true
		} else {
			names = append(names, host)
		}
	}
	d.count()
	return names
}

func newDoor() *door {
	return &door{members: map[netip.Addr]bool{}, from: map[netip.Addr]int{}}
}

// addressOf is where a connection comes from; the zero address where that is unknown,
// which counts as one address of a stranger.
func addressOf(conn net.Conn) netip.Addr {
	at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}
