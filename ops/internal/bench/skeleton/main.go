//go:build !(js && wasm)

// Command skeleton is the least program that does what every page does first: it opens
// a websocket and writes what comes. The overview is measured beside it, so that what
// the language and the browser cost is told from what the overview itself does.
package main

import "os"

func main() {
	os.Stderr.WriteString("skeleton runs in a browser: make bench-client builds it\n")
	os.Exit(2)
}
