package command

import "tvilling/protocol"

// Limits of the log. Encode, Join and Check refuse what exceeds them, so that nothing
// which Apply would refuse gets into the log. They are rules of level 1: raising or
// lowering one needs a level of its own, or replicas of two releases would differ. Those
// of announcements are rules of level 2.
const (
	MaxEntryBytes     = 1 << 20                       // one encoded entry
	MaxCommands       = 256                           // in one entry
	MaxCommandBytes   = MaxEntryBytes - EntryOverhead // one encoded command
	EntryOverhead     = 32                            // what an entry adds to its commands, at most
	MaxDocuments      = 4096                          // in one PutSnapshot
	MaxKeep           = 50_000                        // keys that one PutSnapshot keeps: the size of a set
	MaxRows           = 4096                          // upserts, and as many removes, in one command
	MaxNameBytes      = 64                            // an HSA-id, a node id
	MaxWatermarkBytes = 256                           // a feed's place
	MaxContracts      = 64                            // that a source may write
	MaxLinked         = 8                             // other identities of one patient
	MaxNoteBytes      = 8 << 10                       // a checkpoint with its signatures
	MaxRefused        = 500                           // entries that the national log refused, in one ExportAck
	MaxCoverage       = 4800                          // rows of the coverage table: 400 care providers with all contracts
	MaxTitleBytes     = 128                           // a care provider's name
	MaxAnnounceRunes  = 300                           // of an announcement, in one language
	MaxAnnouncements  = 16                            // that stand
	SealOverhead      = 64                            // what sealing adds, at most
	MaxSealedHeader   = protocol.MaxHeaderBytes + SealOverhead
	MaxSealedBody     = protocol.MaxBodyBytes + SealOverhead
	MaxSealedRow      = 16<<10 + SealOverhead
	MaxSealedLog      = 8<<10 + SealOverhead

	lastContract = 12 // the contracts of level 1 are 1 to this

	// A row of coverage, encoded: its head, two texts, a number of a byte, two of eight.
	coverageBytes = 1 + 2 + MaxNameBytes + 2 + MaxTitleBytes + 1 + 9 + 9
)

// What must hold between the limits, checked by the compiler.
const (
	_ = uint(MaxCommandBytes - MaxSealedHeader - MaxSealedBody - 1024) // the largest document fits
	_ = uint(MaxCommandBytes - MaxKeep*18 - 1024)                      // the largest set can be kept
	_ = uint(MaxCommandBytes - MaxCoverage*coverageBytes - 1024)       // the largest table of coverage fits
	_ = uint(protocol.MaxCoverageRows - MaxCoverage)                   // and can be shown
	_ = uint(MaxCommandBytes - MaxRefused*9 - 1024)
	_ = uint(MaxCommandBytes - MaxNoteBytes - 1024)
	_ = uint(MaxCommandBytes - MaxSealedRow - MaxSealedLog - MaxLinked*18 - 1024)
)
