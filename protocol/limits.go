package protocol

// Limits of the wire. Whoever meets one gets an error that names it; nothing is cut
// off in silence.
const (
	MaxFrameBytes      = 1 << 20   // a websocket message in either direction: the reader refuses it and the connection closes
	MaxClientFrame     = 4 << 10   // a frame from a browser
	MaxHeaderBytes     = 8 << 10   // one encoded header
	MaxBodyBytes       = 768 << 10 // one encoded body
	MaxTextBytes       = 512 << 10 // one text in a body
	MaxShortTextBytes  = 1 << 10   // a title, a name, an id
	MaxAttachmentBytes = 100 << 10 // inline data; the contracts' own limit
	MaxDepth           = 16        // nesting of nodes
	MaxNodes           = 20_000    // nodes in a body
	MaxChunkItems      = 500       // headers in a Chunk or a Batch
	MaxChunkBytes      = 64 << 10  // encoded headers in a Chunk or a Batch, give or take one header
	MaxCommissions     = 200       // commissions of one person
	MaxPeople          = 50        // people one can be in a demo environment
	MaxAlternates      = 16        // addresses of other nodes
	MaxRevokedKeys     = 10_000    // keys in one Revoke; more becomes a Revoke of everything
	MaxReasonBytes     = 1000      // a reason or comment that a person writes
	MaxProviders       = 500       // care providers in one Told
	MaxCoverageRows    = 5000      // in one Coverage
	MaxReportRows      = 500       // in one Report, and as many counts
	MaxOwners          = 60        // care providers in one LogRow
	MaxFeeds           = 8         // in one Freshness
	MaxViewDocuments   = 50_000    // documents in one view: more is refused with FaultTooMany

	maxContracts = 64 // contracts in one Show
)

// What must hold between the limits, checked by the compiler.
const (
	_ = uint(MaxFrameBytes - MaxBodyBytes - MaxHeaderBytes)
	_ = uint(MaxFrameBytes - MaxChunkBytes - MaxHeaderBytes)
	_ = uint(MaxFrameBytes - MaxRevokedKeys*18 - MaxChunkBytes - MaxHeaderBytes - 1024)
	_ = uint(MaxFrameBytes - MaxCommissions*(3*(MaxShortTextBytes+3)+64) - MaxPeople*(3*(MaxShortTextBytes+3)+1) - MaxAlternates*(MaxShortTextBytes+3) - 8192)
	_ = uint(MaxHeaderBytes - 7*(MaxShortTextBytes+3) - 256)
	_ = uint(maxContracts - contractEnd)
	_ = uint(MaxBodyBytes - MaxTextBytes - MaxAttachmentBytes)
)
