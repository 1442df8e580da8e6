package admin

// Paths of operating: what a node is told, or gives, when it is released, backed up or
// watched.
const (
	PathNode      = "/admin/v1/node"            // GET: NodeHealth, of the node that is asked
	PathDrain     = "/admin/v1/drain"           // GET: Draining; POST Drain: Draining, when it has drained; DELETE: Draining, it takes browsers again
	PathCanary    = "/admin/v1/canary"          // POST: Done; a write that changes nothing
	PathBackup    = "/admin/v1/backup"          // GET: a stream: BackupManifest as a line of JSON, then the snapshot
	PathVerified  = "/admin/v1/backup/verified" // POST BackupManifest: Done; that backup was restored and compared
	PathAnnounced = "/admin/v1/announcements"   // GET: Announcements; POST Announcement: Done; DELETE ?id=: Done
	PathLive      = "/livez"                    // whether the process runs; never depends on the others
	PathReady     = "/readyz"                   // whether browsers should be sent here; ?verbose names every check
)

// Phase is how far a node has drained. The words stand in reports: append only.
type Phase string

// The phases, in order. The zero value is a node that was not asked to.
const (
	PhaseNone       Phase = ""
	PhaseLeadership Phase = "leadership" // it hands leadership over
	PhaseSessions   Phase = "sessions"   // browsers move to other nodes
	PhaseRequests   Phase = "requests"   // what is under way ends
	PhaseDrained    Phase = "drained"    // nobody is left; it votes and replicates
)

// Drain asks a node to let go of everybody.
type Drain struct {
	To            string `json:"to,omitempty"`             // the data node that leads next; empty: the one that is furthest
	WithinSeconds int    `json:"within_seconds,omitempty"` // for browsers to move; 0: the node's own
	Stay          bool   `json:"stay,omitempty"`           // do not end the process: it is replaced, or taken back, by whoever asked
}

// Draining is how a drain goes.
type Draining struct {
	Phase    Phase  `json:"phase"`
	Leader   string `json:"leader,omitempty"` // who leads now
	Sessions int    `json:"sessions"`         // left
	Moved    int    `json:"moved"`            // browsers that went by themselves
	Closed   int    `json:"closed"`           // that were closed at the end
	Millis   int64  `json:"millis"`           // since it was asked
}

// Check is a named condition of a node's health. One that only Warns keeps nobody away.
type Check struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Warns bool   `json:"warns,omitempty"`
	Why   string `json:"why,omitempty"`
}

// NodeHealth is one node as it sees itself. It asks nobody.
type NodeHealth struct {
	Member       Member        `json:"member"`
	Checks       []Check       `json:"checks"`
	Draining     Draining      `json:"draining"`
	Disk         Disk          `json:"disk"`
	Certificates []Certificate `json:"certificates"`
	Now          string        `json:"now"` // its clock, RFC 3339 with milliseconds
}

// Disk is the room where a node keeps its data, bytes.
type Disk struct {
	Free  uint64 `json:"free"`
	Total uint64 `json:"total"`
	Used  uint64 `json:"used"` // by the node's own files
}

// Certificate is one that a node shows, by the file that it was read from.
type Certificate struct {
	Name  string `json:"name"`  // node, client, staff …
	Until string `json:"until"` // RFC 3339
}

// BackupManifest says what a backup holds and what it must be when it is restored. It
// has nothing of any patient.
type BackupManifest struct {
	Format     string `json:"format"` // FormatBackup
	Cluster    string `json:"cluster"`
	Generation uint32 `json:"generation"`
	Node       string `json:"node"` // that it was taken at
	Version    string `json:"version"`
	Level      uint16 `json:"level"`
	Index      uint64 `json:"index"`
	Term       uint64 `json:"term"`
	StateHash  string `json:"state_hash"` // hex
	LogSize    uint64 `json:"log_size"`   // entries of the access log
	LogRoot    string `json:"log_root"`   // hex, of its tree
	Taken      string `json:"taken"`      // RFC 3339
	Verified   string `json:"verified,omitempty"`
	Bytes      int64  `json:"bytes,omitempty"`  // of the snapshot; known at the end
	SHA256     string `json:"sha256,omitempty"` // hex, of the snapshot; known at the end
}

// FormatBackup names the form of a backup.
const FormatBackup = "tvilling-backup/1"

// Announcement is a message of the operation's own to everybody who uses the client:
// planned work, or something that goes on.
type Announcement struct {
	ID      string `json:"id,omitempty"`    // hex; empty: a new one
	Kind    string `json:"kind"`            // planned, ongoing
	From    string `json:"from"`            // RFC 3339; when it begins to be shown for ongoing, when the work begins for planned
	Until   string `json:"until,omitempty"` // RFC 3339; empty: until it is withdrawn
	Swedish string `json:"swedish"`
	English string `json:"english"`
}

// Announcements are those that stand.
type Announcements struct {
	Announcements []Announcement `json:"announcements"`
}
