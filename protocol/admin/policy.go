package admin

// Policy is what the operator lets users do beside reading. Without one nothing leaves
// the screen; what is allowed is recorded in the access log each time, before it is done.
type Policy struct {
	Print bool `toml:"print,omitempty"` // printing what is shown
	Copy  bool `toml:"copy,omitempty"`  // copying it, and saving an attachment to a file
}
