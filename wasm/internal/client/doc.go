// Package client is what the browser's program knows and decides: which node it
// talks to, what may stand on the screen right now, and what the screen looks like.
//
// It is pure. Step takes a State and an Event and answers with the next State and
// the Effects to carry out; Render turns a State into a Page; a Painter turns a Page
// into the difference from what was painted last. Time and chance come in with the
// events, so every situation that a browser can meet is a table in a test.
//
// It owns the rule that data may stand on the screen only while somebody vouches
// for it: a lease that the node renews, a digest that agrees, a generation that has
// not been revoked. It owns every word the user reads (text.go), and the only way
// from a text to markup (markup.go).
//
// It must never keep anything outside the State, put patient data in a title, an
// address or a log, let a text from outside become markup, or import anything that
// the page would have to wait for: no fmt, time, reflect, encoding/json, syscall/js.
//
// # Links
//
// A link is one websocket. It climbs: greeting, commission, patient, documents, as
// far as the user's Wish reaches, by the same steps whether it is the first one or
// the tenth. Live is the one that feeds the screen; Next is one that climbs behind
// it. When Next has got as far as the wish it takes Live's place, and only then is
// the old one closed.
package client
