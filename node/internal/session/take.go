package session

// Policy is what the operator lets users do beside reading.
type Policy struct {
	Print bool // what is shown may be printed
	Copy  bool // it may be copied, and saved
}
