package session

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/followup"
	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// kinds lists what frames are, but for heartbeats.
func kinds(frames []protocol.Frame) (all []protocol.Kind) {
	for _, f := range frames {
		if f.Kind() != protocol.KindHeartbeat {
			all = append(all, f.Kind())
		}
	}
	return all
}

// Which feeds are late is told after the greeting and whenever it changes, from two
// thirds of their bound; a browser that asks for no patient is told too.
func TestFreshness(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dial(w).greet(commission)
		fresh := now()
		if diff := cmp.Diff([]protocol.Kind{protocol.KindCoverage}, kinds(b.quiet())); diff != "" {
			t.Errorf("after Chosen (-want +got):\n%s", diff)
		}
		heard := must(protocol.DecodeFrame(b.heard[2])).(protocol.Freshness)
		if len(heard.Late) != 0 {
			t.Errorf("while all is fresh is told %+v", heard)
		}
		late := func(names ...string) (all []protocol.LateFeed) {
			for _, name := range names {
				all = append(all, protocol.LateFeed{Name: name, AsOf: fresh})
			}
			return all
		}
		next := func(want []protocol.LateFeed, after time.Duration) {
			t.Helper()
			got := expect[protocol.Freshness](b)
			if diff := cmp.Diff(want, got.Late); diff != "" {
				t.Errorf("late (-want +got):\n%s", diff)
			}
			if passed := time.Duration(now()-fresh) * time.Millisecond; passed < after || passed > after+10*time.Second {
				t.Errorf("told after %v, want %v", passed, after)
			}
		}
		next(late("blocks", "consents", "relations"), 10*time.Minute*2/3)
		unknown := late("blocks", "consents", "relations")
		for i := range unknown {
			unknown[i].Unknown = true
		}
		next(unknown, 10*time.Minute)
		w.refresh(command.KindCommissionPage, command.KindPersonPage, command.KindBlockPage)
		next(unknown[:1], 10*time.Minute)
		if came := kinds(b.beats(time.Minute)); len(came) != 0 {
			t.Errorf("while nothing changes comes %v", came)
		}
		w.refresh(command.KindCommissionPage, command.KindPersonPage)
		next(nil, 11*time.Minute)
		b.hangUp()
	})
}

// The coverage comes after Chosen, and again when it has changed, and not otherwise.
func TestCoverage(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		rows := []command.Coverage{{CareProvider: otherProvider, Name: "Andra regionen", Contract: uint8(protocol.Diagnosis), Since: 20260301000000_4}}
		b := dial(w)
		b.send(protocol.Hello{Version: protocol.Version, Person: doctorKey})
		if came := kinds(b.beats(5 * time.Second)); !cmp.Equal(came, []protocol.Kind{protocol.KindWelcome, protocol.KindSession, protocol.KindFreshness, protocol.KindAnnouncements}) {
			t.Errorf("before a choice comes %v", came)
		}
		b.send(protocol.Choose{Commission: commission})
		if got := expect[protocol.Coverage](b); len(got.Rows) != 0 {
			t.Errorf("of an empty table is told %+v", got)
		}
		w.do(command.KindPutCoverage, command.PutCoverage{Rows: rows})
		want := []protocol.CoverageRow{{CareProvider: otherProvider, Name: "Andra regionen", Contract: protocol.Diagnosis, Since: 20260301000000_4}}
		if diff := cmp.Diff(want, expect[protocol.Coverage](b).Rows); diff != "" {
			t.Errorf("coverage (-want +got):\n%s", diff)
		}
		w.do(command.KindPutCoverage, command.PutCoverage{Rows: rows})
		if came := kinds(b.beats(10 * time.Second)); len(came) != 0 {
			t.Errorf("of the same table comes %v", came)
		}
		b.send(protocol.Choose{Commission: commission})
		expect[protocol.Coverage](b)
		w.do(command.KindPutCoverage, command.PutCoverage{Rows: []command.Coverage{{CareProvider: otherProvider, Contract: uint8(protocol.Diagnosis), Since: 7}}})
		if got := expect[protocol.Coverage](b); len(got.Rows) != 0 {
			t.Errorf("of a table that cannot be read is told %+v", got)
		}
		b.hangUp()
	})
}

// A session does not outlive the certificate of who has it.
func TestASessionEndsWithItsCertificate(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		until := 10 * time.Second
		leaf := &x509.Certificate{NotAfter: time.Now().Add(until)}
		caller := Caller{TLS: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}, VerifiedChains: [][]*x509.Certificate{{leaf}}}}
		b := dialAs(w, caller).greet(commission)
		began := time.Now()
		b.closedWith(protocol.CloseForbidden)
		if passed := time.Since(began); passed < until || passed > until+beatEvery {
			t.Errorf("closed after %v", passed)
		}
	})
}

// office follows up the access log.
type office struct {
	mu     sync.Mutex
	asked  []followup.Reader
	takes  time.Duration
	failed error
	large  bool
}

func (o *office) wait(ctx context.Context, who followup.Reader) error {
	o.mu.Lock()
	o.asked = append(o.asked, who)
	takes, failed := o.takes, o.failed
	o.mu.Unlock()
	select {
	case <-time.After(takes):
		return failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *office) Report(ctx context.Context, who followup.Reader, f protocol.Follow) (protocol.Report, error) {
	err := o.wait(ctx, who)
	r := protocol.Report{Counts: []protocol.Count{{Series: "lookups", Label: "2026-11", Number: 12}}}
	for o.large && len(r.Counts) < protocol.MaxFrameBytes/10 {
		r.Counts = append(r.Counts, r.Counts[0])
	}
	return r, err
}

func (o *office) Review(ctx context.Context, who followup.Reader, f protocol.Review) (string, error) {
	return "R-" + f.Entry, o.wait(ctx, who)
}

// auditors is a world where the access log is followed up.
func auditors(t *testing.T, script func(t *testing.T, w *world, o *office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		o := &office{}
		w.service.cfg.FollowUp = o
		w.audit("Administration")
		script(t, w, o)
	})
}

func (w *world) audit(purpose string) {
	c := care(auditing, ownProvider, ownUnit)
	c.Purpose, c.Rights = purpose, []projection.Right{{Activity: "Läsa", InformationClass: "logg", Scope: "VG"}}
	w.commissionOf(auditor, c)
}

func (b *browser) follow() uint32 {
	b.request++
	b.send(protocol.Follow{Request: b.request, Report: protocol.ReportStatistics, From: 1, To: 2})
	return b.request
}

// Who follows up gets reports and registers reviews, and opens no patient.
func TestFollowUp(t *testing.T) {
	auditors(t, func(t *testing.T, w *world, o *office) {
		b := dial(w)
		b.send(protocol.Hello{Version: protocol.Version, Person: auditorKey})
		expect[protocol.Welcome](b)
		b.follow()
		b.refusedWith(protocol.FaultNoCommission)
		b.send(protocol.Choose{Commission: auditing})
		if got := expect[protocol.Chosen](b); !got.Commission.FollowUp || got.Commission.Usable {
			t.Errorf("chosen %+v", got)
		}
		b.open(patient)
		b.refusedWith(protocol.FaultCommission)
		request := b.follow()
		if got := expect[protocol.Report](b); got.Request != request || got.Report != protocol.ReportStatistics || len(got.Counts) != 1 {
			t.Errorf("reported %+v", got)
		}
		b.send(protocol.Review{Request: 50, Entry: "E", Outcome: protocol.ReviewInOrder})
		if got := expect[protocol.Reviewed](b); got != (protocol.Reviewed{Request: 50, ID: "R-E"}) {
			t.Errorf("reviewed %+v", got)
		}
		if who := o.asked[0]; who.Employee != auditor || who.Commission.ID != auditing.Reveal() || who.Commission.CareProvider != ownProvider || who.Session == "" || who.Operator != "" {
			t.Errorf("asked by %+v", who)
		}
		o.large = true
		b.follow()
		b.refusedWith(protocol.FaultReportTerms)
		o.failed, o.large = errors.New("no"), false
		b.follow()
		b.refusedWith(protocol.FaultInternal)
		o.failed = fault(protocol.FaultReportTerms)
		b.follow()
		b.refusedWith(protocol.FaultReportTerms)
		b.hangUp()
	})
}

type fault protocol.Fault

func (f fault) Error() string         { return protocol.Fault(f).Code() }
func (f fault) Fault() protocol.Fault { return protocol.Fault(f) }

// A commission for something else follows up nothing, whatever the service answers;
// nor does one that has been changed, or that is not known any more.
func TestFollowUpNeedsItsCommission(t *testing.T) {
	auditors(t, func(t *testing.T, w *world, o *office) {
		b := dial(w).greet(commission)
		b.follow()
		b.refusedWith(protocol.FaultFollowUp)
		b.hangUp()
		if len(o.asked) != 1 || o.asked[0].Commission.ID != commission.Reveal() {
			t.Errorf("the service, which records it, is told %+v", o.asked)
		}
		c := dial(w).greetAs(auditorKey, auditing)
		w.audit("Vård och behandling")
		c.follow()
		c.refusedWith(protocol.FaultFollowUp)
		w.audit("Administration")
		c.follow()
		expect[protocol.Report](c)
		c.beats(31 * time.Minute)
		c.follow()
		c.refusedWith(protocol.FaultUnknownFacts)
		c.hangUp()
		w.service.cfg.FollowUp = nil
		w.refresh()
		d := dial(w).greetAs(auditorKey, auditing)
		d.follow()
		d.refusedWith(protocol.FaultFollowUp)
		d.hangUp()
	})
}

// One at a time, for a bounded time, and for nobody who has become somebody else.
func TestFollowUpIsBounded(t *testing.T) {
	auditors(t, func(t *testing.T, w *world, o *office) {
		w.commissionOf(auditor, care(commission, ownProvider, ownUnit))
		o.takes = time.Hour
		b := dial(w).greetAs(auditorKey, auditing)
		began := time.Now()
		first := b.follow()
		second := b.follow()
		if got := b.refusedWith(protocol.FaultBusy); got.Request != second {
			t.Errorf("refused %+v", got)
		}
		if got := b.refusedWith(protocol.FaultBusy); got.Request != first || time.Since(began) != followWithin {
			t.Errorf("refused %+v after %v", got, time.Since(began))
		}
		o.takes = 5 * time.Second
		b.follow()
		b.greetAs(auditorKey, commission)
		for _, f := range b.beats(30 * time.Second) {
			switch f.(type) {
			case protocol.Report, protocol.Refused:
				t.Errorf("to somebody else comes %T", f)
			}
		}
		b.hangUp()
	})
}
