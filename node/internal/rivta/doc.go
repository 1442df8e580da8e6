// Package rivta reads the answers of source systems: response messages of the
// national service contracts (RIV-TA, SOAP 1.1 or a bare response element) become
// protocol.Documents that can be shown without knowing the contract.
//
// It owns what is known of the contracts' XML: the two generations of record header,
// the shapes that recur in every contract (coded value, identifier, quantity, interval,
// period, attachment, laboratory result), the formatted text inside notes, and one
// small description per contract that says what a list calls its records. One generic
// mapper does the rest, so an element that no schema here has heard of is kept and
// shown as well.
//
//	bytes ─▶ reader (bounded, no DTD) ─▶ one record's element tree
//	                                       ├─ header.go   protocol.Header, marks what it took
//	                                       ├─ contract.go title, detail, status
//	                                       └─ mapper.go   everything else, as nodes
//
// It must never lose a text that a clinician reads: what does not fit a typed field
// stays as text, with a Deviation that names the place. It must never put a value of a
// message into an error or a Deviation, and never allocate beyond what limits.go says.
package rivta
