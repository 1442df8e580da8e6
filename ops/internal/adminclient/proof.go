package adminclient

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"tvilling/protocol/admin"
)

// Checkpoint asks for a signed checkpoint of the access log: of a size, or the newest
// for zero.
func (c *Client) Checkpoint(ctx context.Context, node string, size uint64) (admin.Checkpointed, error) {
	query := url.Values{"size": {strconv.FormatUint(size, 10)}}
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.Checkpointed, error) {
		return call[admin.Checkpointed](ctx, c, id, http.MethodGet, admin.PathCheckpoint+"?"+query.Encode(), nil)
	})
}

// LogPage takes entries out of the access log, patients and all. Every call is in the
// log itself before it is answered.
func (c *Client) LogPage(ctx context.Context, node string, q admin.LogPageQuery) (admin.LogPage, error) {
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.LogPage, error) {
		return call[admin.LogPage](ctx, c, id, http.MethodPost, admin.PathLogPage, q)
	})
}

// LogProof takes one entry out with its proof.
func (c *Client) LogProof(ctx context.Context, node string, q admin.LogProofQuery) (admin.LogProof, error) {
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.LogProof, error) {
		return call[admin.LogProof](ctx, c, id, http.MethodPost, admin.PathLogProof, q)
	})
}

// Consistency asks why the log of one checkpoint begins with that of another. A later
// one of zero is the newest.
func (c *Client) Consistency(ctx context.Context, node string, from, to uint64) (admin.Consistency, error) {
	query := url.Values{"from": {strconv.FormatUint(from, 10)}, "to": {strconv.FormatUint(to, 10)}}
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.Consistency, error) {
		return call[admin.Consistency](ctx, c, id, http.MethodGet, admin.PathConsistency+"?"+query.Encode(), nil)
	})
}
