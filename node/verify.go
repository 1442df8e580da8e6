package node

import (
	"tvilling/node/internal/rivta"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Verify holds a message of a source system to what the national framework and the
// overview expect beyond the schema. Nothing is sent or kept, and the findings hold no
// value of the message: they can be shown to whoever approves the source system.
func Verify(message []byte) admin.Verification {
	v := rivta.Verify(message)
	out := admin.Verification{
		Major: v.Major, Records: v.Records, Approved: v.Worst < rivta.Hinders,
		Findings: make([]admin.Verified, len(v.Findings)), Unlisted: v.Unlisted,
	}
	if v.Contract != protocol.NoContract {
		out.Contract = v.Contract.String()
	}
	for i, f := range v.Findings {
		out.Findings[i] = admin.Verified{Severity: severityName(f.Severity), Place: f.Place, Expected: f.Expected, Found: f.Found}
	}
	return out
}

func severityName(s rivta.Severity) string {
	switch s {
	case rivta.Hinders:
		return admin.SeverityHinders
	case rivta.Deviates:
		return admin.SeverityDeviates
	default:
		return admin.SeverityNotes
	}
}
