//go:build !js

package protocol

import "unique"

// handle is the text of an id. A node holds the same id in a great many places: they
// share one text, are compared as one word, and even what prints what nobody asked it to
// prints where the text is.
type handle = unique.Handle[string]

func handleOf(text string) handle { return unique.Make(text) }
