package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"tvilling/node/internal/proof"
	"tvilling/protocol/admin"
)

// Proofs is the access log as it is taken out to be verified elsewhere.
type Proofs interface {
	Checkpoint(size uint64) (admin.Checkpointed, error)
	Page(ctx context.Context, operator string, q admin.LogPageQuery) (admin.LogPage, error)
	Prove(ctx context.Context, operator string, q admin.LogProofQuery) (admin.LogProof, error)
	Consistency(from, to uint64) (admin.Consistency, error)
}

func (e *endpoint) checkpoint(r *http.Request) (any, error) {
	size, err := numberOf(r, "size")
	if err != nil {
		return nil, err
	}
	return proved(e.Proofs.Checkpoint(size))
}

func (e *endpoint) consistency(r *http.Request) (any, error) {
	from, err := numberOf(r, "from")
	if err != nil {
		return nil, err
	}
	to, err := numberOf(r, "to")
	if err != nil {
		return nil, err
	}
	return proved(e.Proofs.Consistency(from, to))
}

func (e *endpoint) logPage(r *http.Request) (any, error) {
	var q admin.LogPageQuery
	if err := decode(r, &q); err != nil {
		return nil, err
	}
	return proved(e.Proofs.Page(r.Context(), operatorOf(r), q))
}

func (e *endpoint) logProof(r *http.Request) (any, error) {
	var q admin.LogProofQuery
	if err := decode(r, &q); err != nil {
		return nil, err
	}
	return proved(e.Proofs.Prove(r.Context(), operatorOf(r), q))
}

// proving is a call that a node without the keys to the log cannot answer.
func (e *endpoint) proving(call func(*http.Request) (any, error)) http.Handler {
	return e.answer(func(r *http.Request) (any, error) {
		if e.Proofs == nil {
			return nil, errNoKeys
		}
		return call(r)
	})
}

// proved names what was not there in the endpoint's own words.
func proved[T any](value T, err error) (any, error) {
	switch {
	case errors.Is(err, proof.ErrNoEntry):
		return nil, fmt.Errorf("%w: %w", errNoEntry, err)
	case errors.Is(err, proof.ErrNoCheckpoint):
		return nil, fmt.Errorf("%w: %w", errState, err)
	case err != nil:
		return nil, err
	}
	return value, nil
}
