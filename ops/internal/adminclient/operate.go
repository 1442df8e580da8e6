package adminclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"tvilling/protocol/admin"
)

// drainSlack is what a drain may take beside the time that browsers are given: for
// leadership to move, and for what is under way to end.
const drainSlack = 60 * time.Second

// ErrWhich is a call about one node that names none.
var ErrWhich = errors.New("which node? name one")

// Drain asks a node to let go of everybody, and waits until it has. A drain that is
// under way is joined. One that is not to stay ends the process.
func (c *Client) Drain(ctx context.Context, node string, want admin.Drain) (admin.Draining, error) {
	if want.To != "" {
		m, ok := c.topology.Member(want.To)
		switch {
		case !ok:
			return admin.Draining{}, fmt.Errorf("%w: %q; the data nodes are %s", ErrNoMember, want.To, c.dataNodes())
		case m.Role != admin.RoleData:
			return admin.Draining{}, fmt.Errorf("%s is %w: name a data node: %s", want.To, ErrWitness, c.dataNodes())
		}
	}
	return ofOne[admin.Draining](ctx, c, node, time.Duration(want.WithinSeconds)*time.Second+drainSlack, http.MethodPost, admin.PathDrain, want)
}

// Draining tells how a node's drain goes.
func (c *Client) Draining(ctx context.Context, node string) (admin.Draining, error) {
	return ofOne[admin.Draining](ctx, c, node, askTimeout, http.MethodGet, admin.PathDrain, nil)
}

// Undrain lets a node that was drained take browsers again.
func (c *Client) Undrain(ctx context.Context, node string) (admin.Draining, error) {
	return ofOne[admin.Draining](ctx, c, node, actTimeout, http.MethodDelete, admin.PathDrain, nil)
}

// Node asks a node how it is itself.
func (c *Client) Node(ctx context.Context, node string) (admin.NodeHealth, error) {
	return ofOne[admin.NodeHealth](ctx, c, node, askTimeout, http.MethodGet, admin.PathNode, nil)
}

// Canary has a node commit something that changes nothing.
func (c *Client) Canary(ctx context.Context, node string) (admin.Done, error) {
	return ofOne[admin.Done](ctx, c, node, actTimeout, http.MethodPost, admin.PathCanary, nil)
}

// ofOne asks one node: what it answers is about itself, and no other can answer for it.
func ofOne[T any](ctx context.Context, c *Client, node string, limit time.Duration, method, path string, body any) (T, error) {
	var zero T
	if node == "" {
		return zero, ErrWhich
	}
	if _, err := c.order(node); err != nil {
		return zero, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer, err := call[T](ctx, c, node, method, path, body)
	var problem *ProblemError
	if err == nil || errors.As(err, &problem) || ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return answer, err
	}
	return answer, fmt.Errorf("%w: %s: %w", ErrUnreachable, node, err)
}
