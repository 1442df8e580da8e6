package admin

// PathExplain tells why an access was given or refused, from the record.
const PathExplain = "/admin/v1/explain" // GET ?id=ID: Explanation

// Explanation is how one entry of the access log was decided. It holds no patient data,
// and nobody's name.
type Explanation struct {
	ID         string            `json:"id"`
	At         string            `json:"at"` // RFC 3339
	Activity   string            `json:"activity"`
	Outcome    string            `json:"outcome"` // permit, deny
	Reason     string            `json:"reason"`
	Fault      string            `json:"fault,omitempty"` // what was shown to who asked: TV-1002; empty: it was permitted
	Basis      string            `json:"basis,omitempty"` // of other care providers' records
	Contracts  []string          `json:"contracts,omitempty"`
	Unit       string            `json:"unit,omitempty"` // HSA-id of the care unit that it was done for
	Node       string            `json:"node"`
	Sequence   uint64            `json:"sequence"`
	Index      uint64            `json:"index"`
	DecidedAt  uint64            `json:"decided_at"`            // the applied index of what it rested on
	AsOf       map[string]string `json:"as_of,omitempty"`       // RFC 3339 by projection; missing: it was unknown
	ValidFacts []string          `json:"valid_facts,omitempty"` // what held, in the order that it was looked at
}
