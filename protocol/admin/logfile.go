package admin

// Paths of the operator endpoint for the access log's proof. What they answer holds
// patients: every call is in the log itself before it is answered.
const (
	PathCheckpoint  = "/admin/v1/log/checkpoint"  // GET ?size=N: Checkpointed; without size the newest
	PathLogPage     = "/admin/v1/log/page"        // POST LogPageQuery: LogPage
	PathLogProof    = "/admin/v1/log/proof"       // POST LogProofQuery: LogProof
	PathConsistency = "/admin/v1/log/consistency" // GET ?from=N&to=N: Consistency
)

// LogFileFormat is the first word of an exported file.
const LogFileFormat = "tvilling-access-log/1"

// Kinds of an exported file.
const (
	LogFileWhole       = "log"         // header, then an ExportedEntry a line, from the first to the checkpoint's last
	LogFileEntry       = "entry"       // header with Proof, then the one ExportedEntry
	LogFileConsistency = "consistency" // header alone, with Earlier and Proof
)

// LogFileHeader is the first line of an exported file, in JSON as the others.
type LogFileHeader struct {
	Format     string   `json:"format"`
	Kind       string   `json:"kind"`
	Cluster    string   `json:"cluster"`
	Checkpoint string   `json:"checkpoint"`        // the signed note that the file is proved against
	Earlier    string   `json:"earlier,omitempty"` // the one before it, of a consistency proof
	Proof      [][]byte `json:"proof,omitempty"`   // hashes of 32 bytes
}

// ExportedEntry is one entry of the access log outside the cluster. Plain is what the
// tree commits to; Entry is the same to read, and is compared with it. An entry that
// the node could not open, or that is not what it should be, has Closed and what the
// tree holds of it instead: the others can be verified all the same.
type ExportedEntry struct {
	Sequence   uint64        `json:"sequence"`
	Index      uint64        `json:"index"`
	ID         string        `json:"id"`      // hex
	Subject    string        `json:"subject"` // hex: the patient's pseudonym
	Plain      []byte        `json:"plain,omitempty"`
	Entry      ReadableEntry `json:"entry"`
	Closed     string        `json:"closed,omitempty"` // why there is no Plain
	Commitment []byte        `json:"commitment,omitempty"`
}

// ReadableEntry is an entry of the access log in words. It holds the patient.
type ReadableEntry struct {
	ID       string            `json:"id,omitempty"` // hex
	At       string            `json:"at"`           // RFC 3339
	Activity string            `json:"activity"`
	Purpose  string            `json:"purpose,omitempty"`
	Who      ReadableActor     `json:"who"`
	Patient  string            `json:"patient,omitempty"`
	Decision ReadableDecision  `json:"decision"`
	Scope    ReadableScope     `json:"scope"`
	Session  string            `json:"session,omitempty"`
	Node     string            `json:"node,omitempty"`
	Note     string            `json:"note,omitempty"`
	About    string            `json:"about,omitempty"`   // the entry that a review, or an explanation, is about
	Outcome  string            `json:"outcome,omitempty"` // of a review
	AsOf     map[string]string `json:"as_of,omitempty"`   // as of when what it rested on was known
}

// ReadableScope is what it was about.
type ReadableScope struct {
	View      string           `json:"view,omitempty"`
	Document  string           `json:"document,omitempty"`
	Contracts []string         `json:"contracts,omitempty"`
	Resources []ReadableSource `json:"resources,omitempty"`
}

// ReadableActor is who did it, and what for.
type ReadableActor struct {
	Employee         string `json:"employee,omitempty"`
	Name             string `json:"name,omitempty"`
	Title            string `json:"title,omitempty"`
	Commission       string `json:"commission,omitempty"`
	CommissionName   string `json:"commission_name,omitempty"`
	CareUnit         string `json:"care_unit,omitempty"`
	CareUnitName     string `json:"care_unit_name,omitempty"`
	CareProvider     string `json:"care_provider,omitempty"`
	CareProviderName string `json:"care_provider_name,omitempty"`
	Operator         string `json:"operator,omitempty"`
}

// ReadableDecision is how it was decided.
type ReadableDecision struct {
	Permit    bool   `json:"permit"`
	Reason    string `json:"reason"`
	Basis     string `json:"basis"`
	DecidedAt uint64 `json:"decided_at"`
}

// ReadableSource is a type of information of one owner.
type ReadableSource struct {
	Contract     string `json:"contract"`
	CareProvider string `json:"care_provider"`
	CareUnit     string `json:"care_unit,omitempty"`
}

// Checkpointed is a checkpoint that the cluster keeps.
type Checkpointed struct {
	Size uint64 `json:"size"`
	Note string `json:"note"`
}

// LogPageQuery asks for entries after a number, up to and with another.
type LogPageQuery struct {
	After   uint64 `json:"after"`
	Through uint64 `json:"through"`
}

// LogPage is a page of the access log, patients and all.
type LogPage struct {
	Entries []ExportedEntry `json:"entries"`
}

// LogProofQuery asks for one entry, by its number or its id, proved to be in a tree.
type LogProofQuery struct {
	Sequence uint64 `json:"sequence,omitempty"`
	ID       string `json:"id,omitempty"`
}

// LogProof is one entry and why it is in the log.
type LogProof struct {
	Checkpoint string        `json:"checkpoint"`
	Proof      [][]byte      `json:"proof"`
	Entry      ExportedEntry `json:"entry"`
}

// Consistency is why a later log begins with an earlier one.
type Consistency struct {
	Earlier string   `json:"earlier"`
	Later   string   `json:"later"`
	Proof   [][]byte `json:"proof"`
}
