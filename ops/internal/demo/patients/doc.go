// Package patients makes the records of the test patients: response messages of
// the twelve national contracts, in both header generations, as source systems send
// them.
//
// It owns the fictional organisation that they come from and every word in them:
// nobody in it exists, and every text was written for it. It is deterministic: the
// same day gives the same bytes. It must never read a clock, and it must not know
// how a node reads what it writes: it is a source, not a mirror of the reader.
package patients
