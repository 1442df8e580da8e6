package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol/admin"
)

// Run starts a cluster, fills it, tells what there is to try, and keeps it until the
// context ends. It leaves nothing behind.
func Run(ctx context.Context, o Options, out io.Writer) (err error) {
	now := time.Now()
	if len(o.Feeds.Person) == 0 {
		o.Feeds = Staff(now)
	}
	fmt.Fprintln(out, "Starting five nodes: a1 and a2 at site A, b1 and b2 at site B, and the witness w; and a stand-in for the services around them.")
	c, err := Start(ctx, o)
	if err != nil {
		return asked(ctx, err)
	}
	defer func() {
		fmt.Fprintln(out, "\nStopping.")
		if err = errors.Join(err, c.Close()); err == nil {
			fmt.Fprintln(out, "Nothing is left behind.")
		}
	}()
	control, err := c.Control()
	if err != nil {
		return err
	}
	defer control.Close()
	fmt.Fprintln(out, "Delivering the test patients' records.")
	filled, err := c.Fill(ctx, now)
	if err != nil {
		return asked(ctx, err)
	}
	fmt.Fprintf(out, "%d documents in %d messages are durable at index %d, %.1f s after the start.\n\n",
		filled.Documents, filled.Messages, filled.Index, time.Since(now).Seconds())
	tell(out, c, o.Feeds)
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-c.Exits():
			why := "it was asked to"
			if e.Err != nil {
				why = e.Err.Error()
			}
			fmt.Fprintf(out, "\n%s ended: %s. What it said is in %s.\n", e.ID, why, e.Log)
		}
	}
}

// asked makes of an error nothing when we were asked to end meanwhile.
func asked(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// tell says where to go, who one can be and what there is to try.
func tell(out io.Writer, c *Cluster, f Feeds) {
	var addresses []string
	for _, m := range c.topology.Members {
		if m.Role == admin.RoleData {
			addresses = append(addresses, fmt.Sprintf("  %s  (%s, site %s)", m.Origin, m.ID, m.Site))
		}
	}
	fmt.Fprintf(out, "Open one of these in a browser:\n\n%s\n\nYou can be:\n\n", strings.Join(addresses, "\n"))
	for _, p := range f.Person {
		fmt.Fprintf(out, "  %-20s %-22s %s\n", p.shown(), p.Title, strings.Join(commissionsOf(f, p), "; "))
	}
	fmt.Fprint(out, "\nTest patients:\n\n")
	for _, p := range patients.Patients() {
		fmt.Fprintf(out, "  %s  %-20s %s\n", p.ID, p.Name, p.Hint)
	}
	fmt.Fprintf(out, `
To try:
  - Be Anna, open Fiona: her own provider's records are there at once; attest consent for the others'.
  - Open her in two tabs and end the consent in one of them.
  - Open Bertil, then Cecilia: they look alike. Ask whether something is blocked.
  - Be Josefin, open Egon: her unit's own system is asked, and its answer holds for 60 seconds.
  - Be Karin: her commission is for administration, and opens nothing.
  - Be Vera: she follows up who has read what, and sees no records.
  - Take back a block while Harry is shown, then have a service stall:
      curl -X POST 'http://%[1]s/control/blocks/cancel?id=harry-sydhav'
      curl -d '{"stall":true}' http://%[1]s/control/consents
    Or edit %[2]s and rename it into place; curl http://%[1]s/control says the rest.
  - Kill a node and look at the browser, then start it again (also: stop, pause, resume, replace):
      %[4]s demo node kill a1 --dir %[3]s
      %[4]s demo node start a1 --dir %[3]s

  %[4]s status --operator %[5]s

Logs are in %[6]s. Ctrl-C ends it.
`, c.standin, c.path(fileServices), c.dir, c.o.Binary, c.OperatorDir(), c.path("logs"))
}

func commissionsOf(f Feeds, p Person) []string {
	var all []string
	for _, m := range f.Commission {
		if m.Employee != p.Employee {
			continue
		}
		text := m.CareUnitName
		if m.Purpose != purposeCare {
			text += " (" + m.Purpose + ")"
		}
		all = append(all, text)
	}
	return all
}
