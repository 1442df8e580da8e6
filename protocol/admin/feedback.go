package admin

// PathFeedback is what users think of the client: GET ?after=NUMBER: Feedback.
const PathFeedback = "/admin/v1/feedback"

// Feedback is a page of what users wrote at one node. It holds no patient data and nothing
// of who wrote it.
type Feedback struct {
	Node    string          `json:"node"` // where it is kept
	Entries []FeedbackEntry `json:"entries"`
	Next    uint64          `json:"next"` // pass as after
	More    bool            `json:"more"`
}

// FeedbackEntry is one feedback.
type FeedbackEntry struct {
	Node    string `json:"node"`   // where it was written
	Number  uint64 `json:"number"` // there
	ID      string `json:"id"`     // what its writer was told
	Hour    string `json:"hour"`   // in which it came, RFC 3339
	Version string `json:"version"`
	Page    string `json:"page,omitempty"`
	Grade   uint8  `json:"grade,omitempty"` // 1 (bad) to 5 (good); 0: none given
	Text    string `json:"text,omitempty"`
}
