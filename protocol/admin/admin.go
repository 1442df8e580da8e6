// Package admin is what the operator's tool and a node say to each other: JSON over
// HTTPS with certificates of the cluster's own authority on both sides.
//
// It owns the paths and the messages. It must never be linked into the browser's
// program. Patient data stands in no message but those that say so.
package admin

import "tvilling/protocol"

// Paths of the operator endpoint.
const (
	PathStatus   = "/admin/v1/status"   // GET: Status
	PathTransfer = "/admin/v1/transfer" // POST Transfer: Done
	PathSources  = "/admin/v1/sources"  // GET: Sources; POST Source: Done
	PathRecord   = "/admin/v1/record"   // GET ?after=SEQUENCE&limit=N: Record
	PathActivate = "/admin/v1/activate" // POST: Done
)

// Status is the cluster as one node sees it.
type Status struct {
	Cluster     string   `json:"cluster"`
	Environment string   `json:"environment"`
	Node        string   `json:"node"` // who answered
	At          string   `json:"at"`   // when, by its clock, RFC 3339
	Leader      string   `json:"leader"`
	Level       uint16   `json:"level"`
	Members     []Member `json:"members"`
	Voters      []string `json:"voters,omitempty"` // members whose votes count, as Node has it; empty: an earlier build, where all do
	Feeds       []Feed   `json:"feeds"`

	Log LogStatus `json:"log"` // how the access log is kept and handed on

	Backup           BackupManifest `json:"backup"`             // the newest that was verified; without Verified: none
	BackupAgeSeconds int64          `json:"backup_age_seconds"` // since it was taken
}

// Member is one node. What it could not be asked is empty and Error says why.
type Member struct {
	ID           string `json:"id"`
	Site         string `json:"site"`
	Role         string `json:"role"`  // data, witness
	State        string `json:"state"` // leader, follower, candidate, founding, joining, unreachable
	Term         uint64 `json:"term"`
	AppliedIndex uint64 `json:"applied_index"`
	CommitIndex  uint64 `json:"commit_index"`
	Lag          uint64 `json:"lag"`        // entries behind the answering node's leader
	HashIndex    uint64 `json:"hash_index"` // the index at which StateHash was taken
	StateHash    string `json:"state_hash"`
	Keys         bool   `json:"keys"` // holds a keyring and can read
	Level        uint16 `json:"level"`
	Version      string `json:"version"`
	Error        string `json:"error,omitempty"`

	Operating
}

// Operating is what operations look at beside raft. Nodes of an earlier build leave it empty.
type Operating struct {
	Sessions         int    `json:"sessions"`
	Generation       uint32 `json:"generation,omitempty"`        // of the cluster's history: raised when it is recovered or restored
	Started          string `json:"started,omitempty"`           // RFC 3339
	Phase            Phase  `json:"phase,omitempty"`             // of a drain
	NotReady         string `json:"not_ready,omitempty"`         // why browsers should not be sent there
	DiskFree         uint64 `json:"disk_free,omitempty"`         // bytes
	DiskTotal        uint64 `json:"disk_total,omitempty"`        // bytes
	CertificateUntil string `json:"certificate_until,omitempty"` // RFC 3339; the first to run out
}

// Feed is the freshness of a security projection.
type Feed struct {
	Name        string `json:"name"`
	Source      string `json:"source,omitempty"` // which service it comes from; empty: none, and it is unknown for good
	AsOf        string `json:"as_of"`            // RFC 3339
	AgeSeconds  int64  `json:"age_seconds"`
	BoundSecond int64  `json:"bound_seconds"`
	Fresh       bool   `json:"fresh"`
}

// Transfer asks for leadership to move to a data node.
type Transfer struct {
	To string `json:"to"`
}

// Done is the answer to an act.
type Done struct {
	Index     uint64 `json:"index"`               // the log index at which it is durable
	Unchanged bool   `json:"unchanged,omitempty"` // an activation found its level active already
}

// Source is the registration of a source system.
type Source struct {
	ID        string   `json:"id"`
	Agent     string   `json:"agent,omitempty"`
	Contracts []string `json:"contracts"`
	Withdrawn bool     `json:"withdrawn,omitempty"`
}

// Sources lists the registrations.
type Sources struct {
	Sources []Source `json:"sources"`
}

// Record is a page of the access log without patients: enough to count and match.
type Record struct {
	Entries []RecordEntry `json:"entries"`
	Next    uint64        `json:"next"` // pass as after; equals the last when there is no more
}

// RecordEntry is one entry of the access log.
type RecordEntry struct {
	Sequence  uint64 `json:"sequence"`
	Index     uint64 `json:"index"`
	ID        string `json:"id"`
	At        string `json:"at"` // RFC 3339
	Activity  string `json:"activity"`
	Outcome   string `json:"outcome"`
	Reason    string `json:"reason"`
	Basis     string `json:"basis"`
	View      string `json:"view"`
	Node      string `json:"node"`
	DecidedAt uint64 `json:"decided_at"`
}

// BasisName is what the reading of other care providers' records rested on, in a word.
func BasisName(b protocol.Basis) string {
	switch b {
	case protocol.BasisConsent:
		return "consent"
	case protocol.BasisEmergency:
		return "emergency"
	default:
		return "none"
	}
}

// Problem is what every failed call answers with: RFC 9457's members that we use.
type Problem struct {
	Code   string `json:"code"` // TV-2001
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Action string `json:"action"` // what to do next
}
