// Package protocol is what the browser and a node say to each other, and the
// types that both of them know: ids, contracts, documents and frames.
//
// It owns the wire: the bounded msgpack reader and writer, the frames and their
// numbers, the limits, and the numbered faults that people meet. A websocket
// message is one frame: a msgpack array whose first element is the frame's Kind.
//
//	browser                                node
//	  Hello ────────────────────────────▶
//	        ◀──────────────────────────── Welcome
//	  Choose (a commission) ────────────▶
//	        ◀──────────────────────────── Chosen | Refused
//	  Open (a patient) ─────────────────▶
//	        ◀──────────────────────────── Opened | Refused
//	  Consent | EndConsent ─────────────▶
//	        ◀──────────────────────────── Opened | Refused
//	  Show (chosen contracts) ──────────▶
//	        ◀──────────────────────────── Begin, Chunk…, End, then Batch…
//	  Read (a document) ────────────────▶
//	        ◀──────────────────────────── Body | Refused
//	        ◀──────────────────────────── Revoke (jumps every queue)
//	  Ack ──────────────────────────────▶
//	        ◀──────────────────────────── Heartbeat (with a lease)
//	  Beat ─────────────────────────────▶
//	        ◀──────────────────────────── GoAway
//
// It must never import anything but a small part of the standard library: no
// net/http, fmt, reflect, encoding/json, time. It is linked into the browser's
// program, where every import is paid for by whoever opens the page, and it reads
// bytes from outside, so nothing in it may allocate by a length that it has not
// checked against what is left of the input.
package protocol
