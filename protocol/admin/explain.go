package admin

// PathExplain tells why an access was given or refused, from the record.
const PathExplain = "/admin/v1/explain" // GET ?id=ID: Explanation

// Explanation is how one entry of the access log was decided. It holds no patient data,
// and nobody's name.
type Explanation struct {
	ID         string          `json:"id"`
	At         string          `json:"at"` // RFC 3339
	Activity   string          `json:"activity"`
	Permit     bool            `json:"permit"`
	Reason     string          `json:"reason"`
	Fault      string          `json:"fault,omitempty"` // what was shown to who asked: TV-1002; empty: it was permitted
	Basis      string          `json:"basis,omitempty"` // of other care providers' records
	Contracts  []string        `json:"contracts,omitempty"`
	Commission string          `json:"commission,omitempty"` // HSA-id
	CareUnit   string          `json:"care_unit,omitempty"`  // HSA-id of the unit that it was done for
	Node       string          `json:"node"`
	Place      ExplainedPlace  `json:"place"`
	Facts      []ExplainedFact `json:"facts"`            // what it rested on
	Review     string          `json:"review,omitempty"` // what the latest review found
}

// ExplainedPlace is where an entry stands.
type ExplainedPlace struct {
	Sequence  uint64 `json:"sequence"`   // in the access log
	Index     uint64 `json:"index"`      // in the cluster's log
	DecidedAt uint64 `json:"decided_at"` // the applied index of what was decided on
}

// ExplainedFact is how old what a decision rested on was then.
type ExplainedFact struct {
	Name         string `json:"name"`            // blocks, consents, relations, commissions, persons, engagement
	AsOf         string `json:"as_of,omitempty"` // RFC 3339; empty: unknown, or not asked for
	AgeSeconds   int64  `json:"age_seconds"`
	BoundSeconds int64  `json:"bound_seconds"` // the most that it may be
	Fresh        bool   `json:"fresh"`
}
