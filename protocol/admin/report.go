package admin

import "tvilling/protocol"

// Paths of following up the access log.
const (
	PathReport  = "/admin/v1/report" // POST ReportQuery: Report
	PathMetrics = "/metrics"         // GET: the node's numbers, as Prometheus reads them
)

// reportKinds are the reports by the names that operators call them.
var reportKinds = []struct {
	name string
	kind protocol.ReportKind
}{
	{"provider", protocol.ReportProvider},
	{"employee", protocol.ReportEmployee},
	{"patient", protocol.ReportPatient},
	{"owner", protocol.ReportOwner},
	{"own-access", protocol.ReportOwnAccess},
	{"sample", protocol.ReportSample},
	{"emergencies", protocol.ReportEmergencies},
	{"statistics", protocol.ReportStatistics},
}

// ReportNamed finds a report by its name.
func ReportNamed(name string) (protocol.ReportKind, bool) {
	for _, r := range reportKinds {
		if r.name == name {
			return r.kind, true
		}
	}
	return 0, false
}

// ReportNames lists the reports.
func ReportNames() []string {
	names := make([]string, len(reportKinds))
	for i, r := range reportKinds {
		names[i] = r.name
	}
	return names
}

// ReportQuery asks for a report of the access log, for one care provider. It is the one
// message that may name a patient, where the report is about one; no answer does.
type ReportQuery struct {
	Kind         string `json:"kind"`
	CareProvider string `json:"care_provider"`  // HSA-id
	From         string `json:"from,omitempty"` // RFC 3339, inclusive
	To           string `json:"to,omitempty"`
	Employee     string `json:"employee,omitempty"` // HSA-id
	Patient      string `json:"patient,omitempty"`
	After        uint64 `json:"after,omitempty"` // continues a report that said more
}

// Report is a page of a report: rows or counts.
type Report struct {
	Rows   []ReportRow   `json:"rows"`
	Counts []ReportCount `json:"counts"`
	More   bool          `json:"more"`
	After  uint64        `json:"after"`
}

// ReportRow is an entry of the access log without whom it is about, what was read, and
// what a person wrote.
type ReportRow struct {
	ID         string    `json:"id,omitempty"`
	At         string    `json:"at,omitempty"` // RFC 3339
	Activity   string    `json:"activity,omitempty"`
	Permit     bool      `json:"permit"`
	Basis      string    `json:"basis,omitempty"`
	Who        ReportWho `json:"who"`
	Contracts  []string  `json:"contracts,omitempty"`
	Owners     []string  `json:"owners,omitempty"`
	Review     string    `json:"review,omitempty"` // what the latest review found
	ReviewedAt string    `json:"reviewed_at,omitempty"`
}

// ReportWho is who did it.
type ReportWho struct {
	Employee     string `json:"employee,omitempty"` // HSA-id
	Name         string `json:"name,omitempty"`
	Title        string `json:"title,omitempty"`
	CareUnit     string `json:"care_unit,omitempty"`
	CareProvider string `json:"care_provider,omitempty"`
	Purpose      string `json:"purpose,omitempty"`
}

// ReportCount is one number. Few: it is between 1 and 9, and not told.
type ReportCount struct {
	Series string `json:"series"` // lookups, users, patients
	Label  string `json:"label"`  // 2026-11; 13 (hour); 1 (Monday); a care provider
	Number uint32 `json:"number"`
	Few    bool   `json:"few,omitempty"`
}

// LogStatus is how the access log is kept and handed on.
type LogStatus struct {
	Entries         uint64        `json:"entries"`
	Checkpoint      uint64        `json:"checkpoint"`       // entries that the newest signed checkpoint proves
	CheckpointAt    string        `json:"checkpoint_at"`    // RFC 3339; empty: there is none
	UnprovenSeconds int64         `json:"unproven_seconds"` // how long the oldest entry that none proves has stood
	Export          *ExportStatus `json:"export,omitempty"` // nil: there is no national log to hand on to
}

// ExportStatus is how far the access log is handed on to the national log.
type ExportStatus struct {
	Through       uint64 `json:"through"` // the number of the latest entry that it has
	Waiting       uint64 `json:"waiting"`
	OldestSeconds int64  `json:"oldest_seconds"` // how long the oldest of them has waited
	Refused       uint64 `json:"refused"`        // entries that it did not take

	RefusedEntries []uint64 `json:"refused_entries,omitempty"` // the numbers of the first MaxRefusedShown
}

// MaxRefusedShown bounds the refused entries that a status names.
const MaxRefusedShown = 20
