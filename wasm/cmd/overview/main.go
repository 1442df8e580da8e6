//go:build !(js && wasm)

// Command overview is the browser's program: the overview that care staff look at.
// It owns nothing; package client decides and package browser carries out. It must
// never import what the page would have to wait for: its tests hold the size and the
// list of dependencies.
package main

import "os"

func main() {
	os.Stderr.WriteString("overview runs in a browser: build it with go run ./wasm/cmd/build\n")
	os.Exit(2)
}
