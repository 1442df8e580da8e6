//go:build js && wasm

package main

import "syscall/js"

func main() {
	document, location := js.Global().Get("document"), js.Global().Get("location")
	socket := js.Global().Get("WebSocket").New("ws://"+location.Get("host").String()+"/skeleton/stream", "tvilling.v1")
	socket.Set("binaryType", "arraybuffer")
	socket.Call("addEventListener", "message", js.FuncOf(func(_ js.Value, args []js.Value) any {
		view := js.Global().Get("Uint8Array").New(args[0].Get("data"))
		data := make([]byte, view.Get("byteLength").Int())
		js.CopyBytesToGo(data, view)
		document.Call("getElementById", "main").Set("textContent", string(data))
		document.Get("documentElement").Get("dataset").Set("state", "ready")
		return nil
	}))
	select {}
}
