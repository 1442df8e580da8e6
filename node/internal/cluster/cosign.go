package cluster

import (
	"context"
	"fmt"
)

// Cosign asks a member, which may be this one, to sign a statement about the access
// log. ErrCosign: it looked and does not sign, or it cannot sign.
func (c *Cluster) Cosign(ctx context.Context, member string, statement []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, cosignLimit)
	defer cancel()
	if member == c.cfg.Self {
		return c.cosign(ctx, statement)
	}
	answer, err := c.peers.call(ctx, member, callCosign, statement)
	if err != nil {
		return nil, fmt.Errorf("asking %s to cosign: %w", member, err)
	}
	if len(answer.payload) == 0 || len(answer.payload) > maxStatementBytes {
		return nil, fmt.Errorf("%w: a signature of %d bytes from %s", ErrCosign, len(answer.payload), member)
	}
	return answer.payload, nil
}

func (c *Cluster) cosign(ctx context.Context, statement []byte) ([]byte, error) {
	if c.cfg.Cosign == nil {
		return nil, fmt.Errorf("%w: it has no key for it", ErrCosign)
	}
	signature, err := c.cfg.Cosign(ctx, statement)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCosign, err)
	}
	return signature, nil
}

// answerCosign signs what a peer asks for, if it is true here.
func (c *Cluster) answerCosign(ctx context.Context, statement []byte) (frame, error) {
	if len(statement) > maxStatementBytes {
		return frame{}, fmt.Errorf("%w: a statement of %d bytes", ErrRefused, len(statement))
	}
	ctx, cancel := context.WithTimeout(ctx, cosignLimit)
	defer cancel()
	signature, err := c.cosign(ctx, statement)
	return frame{kind: callAnswer, payload: signature}, err
}
