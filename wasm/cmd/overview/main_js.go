//go:build js && wasm

package main

import "tvilling/wasm/internal/browser"

func main() { browser.Run() }
