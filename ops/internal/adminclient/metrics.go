package adminclient

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"tvilling/protocol/admin"
)

// OperatorUntil is when the operator's own certificate runs out.
func (c *Client) OperatorUntil() time.Time {
	if c.mine.Leaf == nil {
		return time.Time{}
	}
	return c.mine.Leaf.NotAfter
}

// Metrics reads a node's numbers, in the form of Prometheus.
func (c *Client) Metrics(ctx context.Context, node string) ([]byte, error) {
	m, ok := c.topology.Member(node)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoMember, node)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+m.Admin+admin.PathMetrics, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := c.http[node].Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnreachable, node, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrUnreachable, node, err)
	case len(text) > maxAnswerBytes:
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrAnswer, maxAnswerBytes)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: status %s", ErrAnswer, response.Status)
	}
	return text, nil
}
