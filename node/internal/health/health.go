// Package health is what a node's probes ask: named checks, and how they are told to
// whoever decides where browsers are sent.
//
// It owns the form of /livez and /readyz. It must never ask another node, wait, or say
// anything of a patient: probes come often, and from anybody who reaches the address.
package health

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tvilling/protocol/admin"
)

// RetryAfter is what a node that is not ready tells, in seconds.
const RetryAfter = 2

// maxExcluded bounds how many checks a probe may leave out: more are not looked at.
const maxExcluded = 16

// ErrWarns marks what a check finds that keeps nobody away: it is no better elsewhere,
// or not yet bad enough.
var ErrWarns = errors.New("warns")

// Warn makes an error one that only warns; nil stays nil.
func Warn(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrWarns, err)
}

// Check is a named condition. It answers at once.
type Check struct {
	Name string
	Ask  func() error
}

// Ask asks every check, in order.
func Ask(checks []Check) []admin.Check {
	all := make([]admin.Check, len(checks))
	for i, c := range checks {
		all[i] = admin.Check{Name: c.Name, OK: true}
		if err := c.Ask(); err != nil {
			all[i].OK, all[i].Warns = false, errors.Is(err, ErrWarns)
			all[i].Why = strings.TrimPrefix(err.Error(), ErrWarns.Error()+": ")
		}
	}
	return all
}

// Failed names the checks that keep browsers away.
func Failed(checks []admin.Check) []string {
	return names(checks, func(c admin.Check) bool { return !c.OK && !c.Warns })
}

// Warned names those that only warn.
func Warned(checks []admin.Check) []string {
	return names(checks, func(c admin.Check) bool { return c.Warns })
}

func names(checks []admin.Check, which func(admin.Check) bool) (all []string) {
	for _, c := range checks {
		if which(c) {
			all = append(all, c.Name)
		}
	}
	return all
}

// Live says that the process runs; it never depends on the others.
func Live(w http.ResponseWriter, r *http.Request) { tell(w, r, http.StatusOK, "alive\n") }

// Ready says whether browsers should be sent here, and which checks say otherwise or
// warn; with ?verbose, what each of them says; with &exclude=NAME, as if that one held.
func Ready(checks func() []Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		excluded := query["exclude"]
		excluded = excluded[:min(len(excluded), maxExcluded)]
		asked := slices.DeleteFunc(slices.Clone(checks()), func(c Check) bool { return slices.Contains(excluded, c.Name) })
		found := Ask(asked)
		text, status := "ready\n", http.StatusOK
		if failed, warned := Failed(found), Warned(found); len(failed) > 0 {
			text, status = "not ready: "+strings.Join(failed, ", ")+"\n", http.StatusServiceUnavailable
			w.Header().Set("Retry-After", strconv.Itoa(RetryAfter))
		} else if len(warned) > 0 {
			text = "ready, but: " + strings.Join(warned, ", ") + "\n"
		}
		if query.Has("verbose") {
			text = lines(found, len(checks())-len(asked)) + text
		}
		tell(w, r, status, text)
	}
}

func lines(found []admin.Check, excluded int) string {
	var b strings.Builder
	for _, c := range found {
		switch {
		case c.OK:
			fmt.Fprintf(&b, "[+]%s ok\n", c.Name)
		case c.Warns:
			fmt.Fprintf(&b, "[-]%s warns: %s\n", c.Name, line(c.Why))
		default:
			fmt.Fprintf(&b, "[-]%s failed: %s\n", c.Name, line(c.Why))
		}
	}
	if excluded > 0 {
		fmt.Fprintf(&b, "(%d excluded)\n", excluded)
	}
	return b.String()
}

// line keeps a reason on one.
func line(why string) string { return strings.ReplaceAll(why, "\n", "; ") }

func tell(w http.ResponseWriter, r *http.Request, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(text)) // who asked went away: nothing to mend
	}
}
