package client

// Limits and times of the client, in milliseconds where they are times.
const (
	silentBeats  = 5 // halves of a heartbeat interval without a word before a link counts as silent
	defaultBeat  = 5_000
	climbTimeout = 12_000 // a link that owes an answer for so long is given up
	backoffBase  = 200
	backoffMax   = 10_000
	stableAfter  = 30_000 // a link this old clears the count of failures
	maxGoAway    = 120_000
	maxLease     = 120_000 // no lease is believed to be longer
	maxAddresses = 17      // the page's own and the alternates; more are ignored
	maxTyped     = 32      // characters of a typed patient id that are looked at

	overscan         = 8 // rows painted above and below what is seen
	defaultRowHeight = 72
	defaultHeight    = 720
	maxWords         = 8     // of a search; what is typed after them is not looked for
	maxSearch        = 100   // bytes of a search that are looked at
	pageRows         = 100   // rows of a page, where the list is leafed
	prepareAtOnce    = 256   // documents made ready to be searched in one step
	pictureEvery     = 250   // how often the whole view is drawn anew for what comes
	saidEvery        = 2_000 // how often what comes and goes is told
	maxWindow        = 200   // rows painted at once, however tall the window says it is

	defaultConsentDays = 7
)
