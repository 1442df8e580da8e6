// Package viewer is a browser without a screen: a websocket, a person, a patient. A
// Viewer asks for one thing after another; a Stream stays and follows a view.
//
// It owns what a client owes the protocol: everything that comes is decoded and checked
// as far as a client can, what is revoked is let go of before that is acknowledged, and
// nothing is held beyond its lease. A Stream keeps when it showed what. It must never
// hold more of a patient than the view itself, and never be kinder to a node than the
// browser's client is: it moves, waits and gives up as that one does.
package viewer
