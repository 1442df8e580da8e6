package protocol

// handle is the text of an id. A browser's program holds one patient's ids for a while
// and can print none of them: to share texts would cost it thirteen kilobytes, and ids
// that outlive the patient.
type handle struct{ text string }

func handleOf(text string) handle { return handle{text} }

// Value returns the text.
func (h handle) Value() string { return h.text }
