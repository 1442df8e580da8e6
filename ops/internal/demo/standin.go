package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// ErrStandIn is an order that the stand-in did not carry out.
var ErrStandIn = errors.New("the stand-in did not carry it out")

// maxStandInBytes bounds what it says.
const maxStandInBytes = 4 << 20

// tellStandIn gives the stand-in's control an order at a path, or with an empty one to
// a path that is no act reads it.
func tellStandIn(ctx context.Context, address, path, order string) ([]byte, error) {
	method := http.MethodPost
	if order == "" && !strings.Contains(path, "/cancel") {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+address+"/control/"+path, strings.NewReader(order))
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStandIn, err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, maxStandInBytes))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStandIn, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s", ErrStandIn, said)
	}
	return said, nil
}
