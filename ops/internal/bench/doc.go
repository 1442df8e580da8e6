// Package bench measures a cluster: five real processes on this machine, driven from
// this one as senders, browsers and operators drive them.
//
// It owns what is measured, how, and what it is held against; a figure comes with the
// CPU that each process used for it and with what the machine did beside. Every
// section is bounded in time, every message is different, and every opened view is
// counted, checked, and found again in the access log. It must never measure from
// within a node, and never leave out a failure: an act that failed is in the report.
package bench
