package clustertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/hashicorp/raft"
)

// ErrLost is what a message that got lost on the way ends with.
var ErrLost = errors.New("clustertest: message lost")

// patience is how long a sender waits for the answer to a message that was lost, or
// that a paused node does not take.
const patience = 2500 * time.Millisecond

// Weather is how bad the lines are. What each message meets is drawn from the seed, for
// each line by itself, so that what one line carries changes nothing on another.
// Messages overtake each other where their delays differ.
type Weather struct {
	Seed   uint64
	Delay  time.Duration // of a message, each way
	Jitter time.Duration // more than that, at most
	Loss   float64       // of messages; of half of them the answer alone is lost
	Again  float64       // of messages that arrive once more, later
}

// fate is what the weather does to one message.
type fate struct {
	there, back time.Duration
	lost, half  bool          // lost; half: only the answer
	again       time.Duration // after which it arrives once more; zero: it does not
}

// SetWeather changes it. With any, heartbeats pass by raft's queue, as they do over a
// real transport.
func (n *Network) SetWeather(w Weather) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.weather = &w
	clear(n.dice)
}

// Pause keeps a node from hearing and from being heard until Resume: what is sent
// meanwhile arrives then, unless its sender has given up. The node's own clocks go on.
func (n *Network) Pause(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.paused[id] == nil {
		n.paused[id] = make(chan struct{})
	}
}

// Resume ends a Pause.
func (n *Network) Resume(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ch := n.paused[id]; ch != nil {
		close(ch)
		delete(n.paused, id)
	}
}

// draw decides what happens to the next message of a line; false: there is no weather.
func (n *Network) draw(from, to string) (f fate, any bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.weather
	if w == nil {
		return f, false
	}
	l := line{from, to}
	dice := n.dice[l]
	if dice == nil {
		name := uint64(14695981039346656037)
		for _, b := range []byte(from + ">" + to) {
			name = (name ^ uint64(b)) * 1099511628211
		}
		dice = rand.New(rand.NewPCG(w.Seed, name))
		n.dice[l] = dice
	}
	delay := func() time.Duration {
		if w.Jitter <= 0 {
			return w.Delay
		}
		return w.Delay + time.Duration(dice.Int64N(int64(w.Jitter)))
	}
	f.there, f.back = delay(), delay()
	f.lost, f.half = dice.Float64() < w.Loss, dice.IntN(2) == 0
	if dice.Float64() < w.Again {
		f.again = 1 + time.Duration(dice.Int64N(int64(4*w.Delay+4*w.Jitter+1)))
	}
	return f, true
}

// awake waits while a node is paused, and tells whether it did not take too long.
func (n *Network) awake(id string) bool {
	n.mu.Lock()
	paused := n.paused[id]
	n.mu.Unlock()
	if paused == nil {
		return true
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-paused:
		return true
	case <-late.C:
		return false
	}
}

// carry brings a message over a line and its answer back, through the weather. again
// sends the same once more; it may be nil.
func (n *Node) carry(to string, message func() error, again func()) error {
	f, any := n.network.draw(n.id, to)
	if !any {
		return message()
	}
	if f.again > 0 && again != nil {
		go func() {
			time.Sleep(f.there + f.again)
			if !n.isClosed() && !n.network.isCut(n.id, to) && n.network.awake(to) {
				again()
			}
		}()
	}
	time.Sleep(f.there)
	if f.lost && !f.half {
		time.Sleep(patience / 8)
		return fmt.Errorf("%w: %s to %s", ErrLost, n.id, to)
	}
	if !n.network.awake(n.id) || !n.network.awake(to) || n.isClosed() || n.network.isCut(n.id, to) {
		return fmt.Errorf("%w: %s to %s", ErrLost, n.id, to)
	}
	err := message()
	time.Sleep(f.back)
	if f.lost || !n.network.awake(n.id) || !n.network.awake(to) {
		time.Sleep(patience / 8)
		return fmt.Errorf("%w: %s to %s, the answer", ErrLost, n.id, to)
	}
	return err
}

// SetHeartbeatHandler implements raft.Transport.
func (n *Node) SetHeartbeatHandler(handle func(raft.RPC)) {
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	n.heartbeat = handle
}

// quick brings a heartbeat past the receiver's queue; false: it has to go the long way.
func (n *Node) quick(to string, request *raft.AppendEntriesRequest, response *raft.AppendEntriesResponse) (err error, taken bool) {
	n.network.mu.Lock()
	there := n.network.nodes[to]
	weather := n.network.weather
	var handle func(raft.RPC)
	if there != nil {
		handle = there.heartbeat
	}
	n.network.mu.Unlock()
	if weather == nil || handle == nil || there.isClosed() {
		return nil, false
	}
	answer := make(chan raft.RPCResponse, 1)
	handle(raft.RPC{Command: request, RespChan: answer})
	select {
	case a := <-answer:
		if got, ok := a.Response.(*raft.AppendEntriesResponse); ok {
			*response = *got
		}
		return a.Error, true
	default: // it is being shut down
		return fmt.Errorf("%w: %s does not answer", ErrCut, to), true
	}
}

// copied is a request of its own: what is sent twice is not shared.
func copied(request *raft.AppendEntriesRequest) *raft.AppendEntriesRequest {
	c := *request
	c.Entries = make([]*raft.Log, len(request.Entries))
	for i, entry := range request.Entries {
		one := *entry
		c.Entries[i] = &one
	}
	return &c
}

// conn is a connection for peer calls that the weather slows down.
type conn struct {
	net.Conn
	network  *Network
	from, to string
}

// Write implements net.Conn. Loss is what a connection hides: it takes longer.
func (c *conn) Write(p []byte) (int, error) {
	if f, any := c.network.draw(c.from, c.to); any {
		time.Sleep(f.there)
		if f.lost {
			time.Sleep(patience / 8)
		}
		if !c.network.awake(c.from) || !c.network.awake(c.to) {
			return 0, fmt.Errorf("%w: %s to %s", ErrLost, c.from, c.to)
		}
	}
	return c.Conn.Write(p)
}
