package upstream

import (
	"fmt"
	"slices"
)

// result is a service's own verdict on a call.
type result struct {
	code  string
	taken bool
}

// codes are those of all services: two spell one of them with a line and one without.
var codes = []string{
	"OK", "INFO", "ERROR", "VALIDATION_ERROR", "VALIDATIONERROR", "ACCESSDENIED", "NOTFOUND", "ALREADYEXISTS", "INVALIDSTATE",
	"REPORT_ON_QUEUE", "REPORT_IN_PROCESS", "REPORT_NOT_FOUND", "MAX_QUERY_RESULT_EXCEEDED",
}

// take reads a field result, with its code in it.
func (r *result) take(e *element) error {
	if e.name != "result" {
		return nil
	}
	return r.set(e.get("resultCode"))
}

// set takes a code over. One that is not known is not repeated anywhere.
func (r *result) set(code string) error {
	if r.taken {
		return malformed("two results")
	}
	r.taken = true
	if slices.Contains(codes, code) {
		r.code = code
	}
	return nil
}

// check returns nil for OK and INFO. Everything else means that nothing was done.
func (r *result) check(name string) error {
	switch {
	case !r.taken:
		return fmt.Errorf("%s: %w: no result", name, ErrAnswer)
	case r.code == "OK" || r.code == "INFO":
		return nil
	case r.code == "":
		return fmt.Errorf("%s: %w: a result code that is not known", name, ErrAnswer)
	case r.code == "ERROR":
		return fmt.Errorf("%s: %w: result code %s", name, ErrUnavailable, r.code)
	default:
		return fmt.Errorf("%s: %w: result code %s", name, ErrRefused, r.code)
	}
}
