package release

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"tvilling/ops/internal/adminclient"
	"tvilling/protocol/admin"
)

// seeWithin bounds one node's answer to a look: one that hangs must not hide the others.
const seeWithin = 3 * time.Second

// Cluster is the World of a cluster that an operator's certificate reaches.
type Cluster struct {
	Client  *adminclient.Client
	Command *Command
	Lock    string        // file that a command holds locked while it is at work; empty: none is given
	Within  time.Duration // for browsers to move, when a node is drained; 0: the node's own
}

func replacementOf(n admin.Node, file, version string) (Replacement, error) {
	host, _, err := net.SplitHostPort(n.Admin)
	if err != nil {
		return Replacement{}, fmt.Errorf("the admin address of %s: %w", n.ID, err)
	}
	return Replacement{Node: n.ID, Site: n.Site, Host: host, Binary: file, Version: version}, nil
}

// ask asks one member after another until one answers, with the one that may be away last.
func ask[T any](ctx context.Context, c *Cluster, away string, one func(ctx context.Context, id string) (T, error)) (T, error) {
	var zero T
	var ids []string
	for _, n := range c.Client.Topology().Members {
		if n.ID != away && n.Role == admin.RoleData {
			ids = append(ids, n.ID)
		}
	}
	if away != "" {
		ids = append(ids, away)
	}
	var faults []error
	for _, id := range ids {
		in, cancel := context.WithTimeout(ctx, seeWithin)
		got, err := one(in, id)
		cancel()
		if err == nil || ctx.Err() != nil {
			return got, err
		}
		faults = append(faults, err)
	}
	return zero, errors.Join(faults...)
}

// word is whom a node takes for the leader.
type word struct {
	leader string
	term   uint64
}

// believed is who leads by the word of most of the nodes that answer, and where most do
// not agree by that of the highest term. One that is cut off may answer first, and knows
// only who led before.
func believed(words []word) string {
	said, last := map[string]int{}, word{}
	for _, w := range words {
		if said[w.leader]++; said[w.leader] > len(words)/2 {
			return w.leader
		}
		if w.term > last.term || w.term == last.term && last.leader == "" {
			last = w
		}
	}
	return last.leader
}

// See asks for the status, and every member for its numbers and whom it takes for the
// leader.
func (c *Cluster) See(ctx context.Context, away string) (Sight, error) {
	status, err := ask(ctx, c, away, c.Client.Status)
	if err != nil {
		return Sight{}, err
	}
	s := Sight{Leader: status.Leader, Feeds: status.Feeds, Members: map[string]admin.Member{}, Numbers: map[string]Numbers{}}
	var mu sync.Mutex
	var all sync.WaitGroup
	var words []word
	for _, m := range status.Members {
		s.Members[m.ID] = m
	}
	for _, m := range c.Client.Topology().Members { // also whom the one that was asked does not reach
		if m.ID == away {
			continue
		}
		all.Go(func() {
			in, cancel := context.WithTimeout(ctx, seeWithin)
			defer cancel()
			text, err := c.Client.Metrics(in, m.ID)
			health, unheard := c.Client.Node(in, m.ID)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				s.Numbers[m.ID] = parseNumbers(text)
			}
			if unheard == nil {
				words = append(words, word{health.Draining.Leader, health.Member.Term})
			}
		})
	}
	all.Wait()
	if len(words) > 0 { // else they are of an earlier build
		s.Leader = believed(words)
	}
	return s, nil
}

// Write commits a canary.
func (c *Cluster) Write(ctx context.Context, away string) error {
	_, err := ask(ctx, c, away, c.Client.Canary)
	return earlier(err)
}

// Drain drains a node, which stays.
func (c *Cluster) Drain(ctx context.Context, node, leads string) (admin.Draining, error) {
	d, err := c.Client.Drain(ctx, node, admin.Drain{To: leads, WithinSeconds: int(c.Within / time.Second), Stay: true})
	return d, earlier(err)
}

// Undrain takes a drain back.
func (c *Cluster) Undrain(ctx context.Context, node string) error {
	_, err := c.Client.Undrain(ctx, node)
	return earlier(err)
}

// Transfer moves leadership.
func (c *Cluster) Transfer(ctx context.Context, to string) error {
	return c.Client.Transfer(ctx, "", to)
}

// Replace gives the command.
func (c *Cluster) Replace(ctx context.Context, r Replacement) (string, error) {
	return c.Command.Run(ctx, r, c.Lock)
}

// AtWork looks at the lock that commands hold.
func (c *Cluster) AtWork() (bool, error) {
	working, err := held(c.Lock)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // none was given, or by an earlier build
	}
	return working, err
}

// Levels asks every member at once.
func (c *Cluster) Levels(ctx context.Context) map[string]uint16 {
	levels := map[string]uint16{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, m := range c.Client.Topology().Members {
		all.Go(func() {
			in, cancel := context.WithTimeout(ctx, seeWithin)
			defer cancel()
			if status, err := c.Client.Status(in, m.ID); err == nil {
				mu.Lock()
				defer mu.Unlock()
				levels[m.ID] = status.Level
			}
		})
	}
	all.Wait()
	return levels
}

// earlier tells a node that does not know a call from one that refuses it.
func earlier(err error) error {
	var refused *adminclient.ProblemError
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return fmt.Errorf("%w: %w", ErrEarlier, err)
	}
	return err
}

// Gather asks everything that preflight judges, of all members at once.
func Gather(ctx context.Context, client *adminclient.Client, b Build) (Facts, error) {
	status, err := client.Status(ctx, "")
	if err != nil {
		return Facts{}, err
	}
	f := Facts{Topology: client.Topology(), Status: status, Build: b, Nodes: map[string]NodeFacts{}, Now: time.Now(), Operator: client.OperatorUntil()}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, n := range f.Topology.Members {
		all.Go(func() {
			h, err := client.Node(ctx, n.ID)
			is := NodeFacts{Health: h}
			if err = earlier(err); errors.Is(err, ErrEarlier) {
				is.Earlier = true
			} else if err != nil {
				is.Error = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			f.Nodes[n.ID] = is
		})
	}
	all.Wait()
	return f, nil
}

// Unended is a release in an operator's directory that has not ended; empty: none.
func Unended(dir string) (string, error) {
	id, err := Latest(dir)
	if errors.Is(err, ErrNone) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	entries, err := Read(dir, id)
	if err != nil {
		return "", fmt.Errorf("release %s: %w", id, err)
	}
	if StateOf(entries).Ended() {
		return "", nil
	}
	return id, nil
}
