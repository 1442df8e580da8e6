//go:build !linux

package fault

import "fmt"

// Namespaces says why there can be none.
func Namespaces() error { return fmt.Errorf("%w: namespaces are Linux's", ErrUnavailable) }

func openNamespaces() (Network, error) { return nil, Namespaces() }
