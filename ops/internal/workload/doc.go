// Package workload is what people and systems do with a cluster while something is done
// to it: patients are opened, records delivered, views stay open, and blocks, consents
// and commissions come and go.
//
// It owns what is asked, by whom and how often, what each got, and the account of it
// afterwards: nothing acknowledged is lost, on any node; nothing was shown without an
// entry in the access log; every view lost what it had to lose in time; and there is an
// order of all that happened that explains every answer. Clients go on as real ones do,
// and what they tried again counts once, with its whole time. It is bounded in
// operations and in time. It must never leave out what failed, and never call good what
// it could not check.
package workload
