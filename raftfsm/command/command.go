// Package command is the codec of the replicated log: what an entry holds, by
// number and version.
//
// It owns the numbers of the commands and of their results. They are append-only and
// never reused: an entry that was written once must be readable for as long as a log,
// a snapshot or a backup may hold it. It must never decide anything, read a clock or
// know a key: what arrives here is already stamped and sealed by the proposer.
package command

// Kind numbers a command.
type Kind uint16

// The commands.
const (
	KindPutSnapshot       Kind = 1
	KindDropSource        Kind = 2
	KindErasePatient      Kind = 3
	KindBlockPage         Kind = 10
	KindConsentPage       Kind = 11
	KindRelationPage      Kind = 12
	KindCommissionPage    Kind = 13
	KindPersonPage        Kind = 14
	KindRegisterConsent   Kind = 20
	KindEndConsent        Kind = 21
	KindRegisterEmergency Kind = 22
	KindRecordAccess      Kind = 23
	KindRecordEvent       Kind = 24
	KindCanary            Kind = 40
	KindActivate          Kind = 41
	KindRegisterSource    Kind = 42
	KindCheckpoint        Kind = 43
	KindExportAck         Kind = 44
	KindPutCoverage       Kind = 45
	KindNoteBackup        Kind = 46 // level 2
	KindAnnounce          Kind = 47 // level 2
)

// Subject is the pseudonym of whom something is about: a patient or a member of
// staff, as sealing makes it. To the state machine it is sixteen bytes.
type Subject = [16]byte

// Intent names one wish to change the state, drawn at random by whoever wishes it.
// A repeated one is answered with its first result. The zero intent is not remembered.
type Intent = [16]byte

// Entry is what one raft log entry holds: commands that were proposed together.
type Entry struct {
	Level    uint16 // the feature level that a reader must know; zero is written as 1
	Stamp    int64  // the proposer's clock, milliseconds since 1970 UTC
	Commands []Command
}

// Command is one change. Body is one of the structs below, as Kind says.
type Command struct {
	Kind    Kind
	Version uint8 // of Body's form; zero is written as 1, the only one so far
	Intent  Intent
	Body    any
}

// SealedDocument is a document as the log and the store hold it. In clear stand only
// the attributes that the gate compares.
type SealedDocument struct {
	Key          [16]byte // protocol.DocumentKey
	CareProvider string   // HSA-id; empty: missing
	CareUnit     string   // HSA-id; empty: missing
	Time         int64    // protocol.Civil
	TimeEnd      int64    // protocol.Civil
	Digest       [16]byte // keyed hash of the plain header and body: equal means unchanged
	Header       []byte   // sealed protocol header
	Body         []byte   // sealed protocol body
}

type (
	// PutSnapshot replaces the set of one patient, contract and source. With
	// Complete, every stored document of the set whose key is neither in Keep nor
	// in Documents is removed; without, nothing is removed. A set too large for one
	// entry comes as several without Complete and a last one with it. Failed says
	// that the source could not answer (Documents is empty then): only the time of
	// the set's last failure changes. The time of its last success changes with
	// Complete alone.
	PutSnapshot struct {
		Subject   Subject
		Contract  uint8
		Source    string // HSA-id
		Complete  bool
		Failed    bool
		At        int64 // when the source answered, milliseconds since 1970 UTC
		Documents []SealedDocument
		Keep      [][16]byte
	}
	// DropSource removes every document of a source and its registration.
	DropSource struct{ Source string }
	// ErasePatient removes every document and projection row of a subject. The
	// access log stays.
	ErasePatient struct{ Subject Subject }
	// FeedPage is a page of a security feed: BlockPage, ConsentPage, RelationPage,
	// CommissionPage and PersonPage all carry it. One with a number is applied only if
	// that is the very next of its projection, and refused otherwise: so what a leader
	// found out by comparing holds when it is applied, and pages of two leaders never mix.
	FeedPage struct {
		Upserts   []Row
		Removes   []RowKey
		Number    uint64 // 1 and up; zero: none, and it is applied as it comes
		Watermark string
		AsOf      int64 // milliseconds since 1970 UTC; the projection's freshness
	}
	// RegisterConsent adds a consent row and the access log's entry about it, or is
	// refused as stale when the security revision of the patient, of an identity
	// linked with the patient's or of the actor is newer than DecidedAt.
	// RegisterEmergency carries it too: its row is an emergency assertion, and its
	// second step replaces the row of the first.
	RegisterConsent struct {
		DecidedAt uint64 // applied index of the view that the decision was made on
		Actor     Subject
		Row       Row
		Entry     LogEntry
		Linked    []Subject // the patient's other identities
	}
	// EndConsent removes consent rows and adds the access log's entry about it. It
	// says what it was decided on, and is never refused for being stale: what it
	// does is to take access away.
	EndConsent struct {
		DecidedAt uint64 // applied index of the view that the decision was made on
		Actor     Subject
		Rows      []RowKey
		Entry     LogEntry
	}
	// RecordAccess adds a decision to the access log, or is refused as stale when
	// the security revision of the patient, of an identity linked with the patient's
	// or of the actor is newer than DecidedAt. Denials are always added.
	RecordAccess struct {
		DecidedAt uint64 // applied index of the view that the decision was made on
		Patient   Subject
		Actor     Subject
		Permit    bool
		Entry     LogEntry
		Linked    []Subject // the patient's other identities
	}
	// RecordEvent adds an entry to the access log that is no decision: a view
	// revoked, acknowledged, not acknowledged.
	RecordEvent struct{ Entry LogEntry }
	// Canary shows that the leader can commit.
	Canary struct {
		Node   string
		Number uint64
	}
	// Activate raises the feature level of the cluster.
	Activate struct{ Level uint16 }
	// RegisterSource says what a source system may write.
	RegisterSource struct {
		Source    string  // HSA-id of the source system
		Agent     string  // HSA-id of the organisation that connects it; empty: itself
		Contracts []uint8 // what it may write
		Withdrawn bool    // the registration is taken back; its documents stay
	}
	// Checkpoint keeps a signed statement of the access log's tree. It is refused
	// when the tree of the first Size entries has another root, and when a kept one
	// is of a larger size.
	Checkpoint struct {
		Size uint64   // entries
		Root [32]byte // of the tree of them
		Note []byte   // the signed note, with cosignatures
	}
	// ExportAck says that the national log has everything up to and with a number,
	// but for those that it refused. One that is not further than the last is
	// answered and changes nothing.
	ExportAck struct {
		Through uint64
		Refused []uint64 // numbers, ascending, after the last Through and up to this one
		At      int64    // when the service answered, milliseconds since 1970 UTC
	}
	// PutCoverage replaces the table of which care provider shows which information
	// since when. It holds nothing of any patient.
	PutCoverage struct{ Rows []Coverage }
	// NoteBackup says that a backup was restored somewhere and found to be what it
	// says. It is refused when it cannot be of this log: when it is ahead of it, or
	// its access log's tree has another root. The newest one is kept.
	NoteBackup struct {
		Generation uint32 // of the cluster's history
		Index      uint64
		Term       uint64
		StateHash  [32]byte
		LogSize    uint64   // entries of the access log
		LogRoot    [32]byte // of the tree of them
		Taken      int64    // milliseconds since 1970 UTC
		Verified   int64    // the same
		Bytes      int64
		Node       string // that it was taken at
	}
	// Announce tells everybody who uses the client something about the operation, or
	// withdraws what was told: with Withdrawn all but the ID is empty. One with the ID
	// of another takes its place. Those whose time is over are forgotten with the next
	// one, by the stamp of its entry. One more than MaxAnnouncements is refused.
	Announce struct {
		ID        [16]byte
		Kind      AnnounceKind
		From      int64 // milliseconds since 1970 UTC
		Until     int64 // the same; 0: until it is withdrawn
		Swedish   string
		English   string
		Withdrawn bool
	}
)

// AnnounceKind is what an announcement is about. The numbers are stored: append only.
type AnnounceKind uint8

// The kinds of announcements.
const (
	AnnouncePlanned AnnounceKind = 1 // work to come
	AnnounceOngoing AnnounceKind = 2 // something that goes on
)

// Coverage says that a care provider shows a type of information.
type Coverage struct {
	CareProvider string // HSA-id
	Name         string
	Contract     uint8
	Since        int64 // protocol.Civil
	Until        int64 // protocol.Civil, inclusive; 0: it still does
}

// RowKey names a row of a security projection: whom it is about, and which.
type RowKey struct {
	Subject Subject
	Key     [16]byte
}

// Row is a row of a security projection. Sealed can be read by data nodes alone.
type Row struct {
	RowKey
	Digest [16]byte // keyed hash of the plain value: equal means unchanged
	Sealed []byte
}

// LogEntry is an entry for the access log. ID is unique: a command with the ID of an
// entry that is there is answered with that entry's result and changes nothing.
// Subject is the patient.
//
// Commitment binds the log's tree to what Sealed says without showing it: the SHA-256
// of the plain entry, which holds a salt of its own. So an exported entry can be
// proved without the keys, and a tree stays whole when keys are destroyed.
type LogEntry struct {
	ID         [16]byte
	Subject    Subject
	Sealed     []byte // with the access log's own keys
	Commitment [32]byte
}

// Status is how a command went. The numbers are stored with intents: append only.
type Status uint8

// The statuses. Zero is not a result.
const (
	StatusNone    Status = iota
	StatusDone           // applied
	StatusStale          // RecordAccess, RegisterConsent: something it rests on changed after DecidedAt; decide anew. PutSnapshot: a document to keep is gone; put the set anew
	StatusRefused        // the state does not allow it (unknown source, level too low)
	StatusInvalid        // well-formed but meaningless (unknown contract, empty key)
)

// Result is what Apply answers to one command.
type Result struct {
	Status    Status
	Index     uint64 // the log index at which it was applied (first, for a repeated one)
	Sequence  uint64 // the access log's number, where an entry was added
	Changed   uint32 // documents or rows written
	Unchanged uint32 // documents or rows that were equal already
	Removed   uint32
	Repeated  bool // answered from the intents or the access log, not applied again
}
