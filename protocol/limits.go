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
	MaxNameBytes       = 128       // a name, a label or an id in a Told, a Coverage, a Freshness or a Report
	MaxProviders       = 500       // care providers in one Told
	MaxCoverageRows    = 4800      // in one Coverage
	MaxReportRows      = 100       // in one Report; there is More
	MaxCounts          = 500       // in one Report
	MaxOwners          = 50        // care providers in one LogRow
	MaxFeeds           = 8         // in one Freshness
	MaxAnnouncements   = 16        // in one Announcements
	MaxViewDocuments   = 50_000    // documents in one view: more is refused with FaultTooMany
	MaxTaken           = 100       // documents in one Take
	MaxSourceRows      = 2000      // in one Sources; with more the oldest are left out
	MaxPoints          = 1000      // in one Series; there is More
	MaxUnitBytes       = 64        // a text of a Point's quantity: a longer one is left out, and the document has it

	MaxAnnouncementBytes = 1200 // one text of an Announcement: 300 characters

	maxContracts = 64 // contracts in one Show or LogRow

	// The most that parts of frames take, all their texts full and all their numbers wide.
	maxName        = 2 + MaxNameBytes
	maxHSAID       = 2 + hsaIDMaxLength
	maxMark        = 1 + maxHSAID + maxName + 2
	maxCoverageRow = 1 + maxHSAID + maxName + 2 + 9 + 9
	maxLogRow      = 1 + maxName + 9 + maxName + 2 + 1 + maxHSAID + 5*maxName + 1 + patientIDLength +
		3 + 2*maxContracts + 3 + MaxOwners*maxName + 3 + MaxReasonBytes + 1 + 9
	maxCount  = 1 + 2*maxName + 5 + 1
	maxSource = 1 + maxHSAID + 2 + 1 + 9 + 9
	maxPoint  = 1 + 18 + 9 + 1 + 6*(2+MaxUnitBytes)
)

// What must hold between the limits, checked by the compiler.
const (
	_ = uint(MaxFrameBytes - MaxBodyBytes - MaxHeaderBytes)
	_ = uint(MaxFrameBytes - MaxChunkBytes - MaxHeaderBytes)
	_ = uint(MaxFrameBytes - MaxRevokedKeys*18 - MaxChunkBytes - MaxHeaderBytes - 1024)
	_ = uint(MaxFrameBytes - MaxCommissions*(3*(MaxShortTextBytes+3)+64) - MaxPeople*(3*(MaxShortTextBytes+3)+1) - MaxAlternates*(MaxShortTextBytes+3) - 8192)
	_ = uint(MaxHeaderBytes - 7*(MaxShortTextBytes+3) - 256)
	_ = uint(maxContracts - contractEnd)
	_ = uint(MaxFrameBytes - MaxProviders*maxMark - 32)
	_ = uint(MaxFrameBytes - MaxCoverageRows*maxCoverageRow - 32)
	_ = uint(MaxFrameBytes - MaxReportRows*maxLogRow - MaxCounts*maxCount - 32)
	_ = uint(MaxClientFrame - MaxReasonBytes - maxName - 64)
	_ = uint(MaxShortTextBytes - MaxNameBytes)
	_ = uint(MaxFrameBytes - MaxSourceRows*maxSource - 32)
	_ = uint(MaxFrameBytes - MaxPoints*maxPoint - 32)
	_ = uint(MaxClientFrame - MaxTaken*18 - 32)
	_ = uint(MaxBodyBytes - MaxTextBytes - MaxAttachmentBytes)
)
