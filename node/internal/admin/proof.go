package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

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

func (e *Endpoint) checkpoint(r *http.Request) (any, error) {
	size, err := numberOf(r, "size")
	if err != nil {
		return nil, err
	}
	return proved(e.proofs.Checkpoint(size))
}

func (e *Endpoint) consistency(r *http.Request) (any, error) {
	from, err := numberOf(r, "from")
	if err != nil {
		return nil, err
	}
	to, err := numberOf(r, "to")
	if err != nil {
		return nil, err
	}
	return proved(e.proofs.Consistency(from, to))
}

func (e *Endpoint) logPage(r *http.Request) (any, error) {
	var q admin.LogPageQuery
	if err := decode(r, &q); err != nil {
		return nil, err
	}
	return proved(e.proofs.Page(r.Context(), operatorOf(r), q))
}

func (e *Endpoint) logProof(r *http.Request) (any, error) {
	var q admin.LogProofQuery
	if err := decode(r, &q); err != nil {
		return nil, err
	}
	return proved(e.proofs.Prove(r.Context(), operatorOf(r), q))
}

// proving is a call that a node without the keys to the log cannot answer.
func (e *Endpoint) proving(call func(*http.Request) (any, error)) http.Handler {
	return e.answer(func(r *http.Request) (any, error) {
		if e.proofs == nil {
			return nil, fmt.Errorf("%w: it has no keys to the access log", ErrElsewhere)
		}
		return call(r)
	})
}

// proved names what was not there in the endpoint's own words.
func proved[T any](value T, err error) (any, error) {
	switch {
	case errors.Is(err, proof.ErrNoEntry):
		return nil, fmt.Errorf("%w: %w", ErrNoEntry, err)
	case errors.Is(err, proof.ErrNoCheckpoint):
		return nil, fmt.Errorf("%w: %w", errState, err)
	case err != nil:
		return nil, err
	}
	return value, nil
}

// numberOf reads a number of the query; without one it is zero.
func numberOf(r *http.Request, name string) (uint64, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%w: %s is no number", errRequest, name)
	}
	return n, nil
}
