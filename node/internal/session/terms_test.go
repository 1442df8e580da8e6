package session

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

const (
	idleFor = 15 * time.Minute
	lasts   = 10 * time.Hour
)

// limited runs a script in a world where one signs in at the provider, for a time.
func limited(t *testing.T, script func(t *testing.T, w *world)) {
	t.Helper()
	scripted(t, func(t *testing.T, w *world) {
		w.service.cfg.Identity = identity.Provider{}
		w.service.cfg.Terms = Terms{SignIn: protocol.SignInProvider, Idle: idleFor, Lasts: lasts}
		script(t, w)
	})
}

// signedIn is the doctor's session, just begun.
func signedIn() *identity.Session {
	at := time.Now()
	return &identity.Session{
		ID: record.NewID(), Employee: doctor, Name: "Disa Doktor", SignedIn: protocol.Instant(at.UnixMilli()),
		Idle: protocol.Instant(at.Add(idleFor).UnixMilli()), Ends: protocol.Instant(at.Add(lasts).UnixMilli()),
	}
}

func (b *browser) hello(version uint16) {
	b.t.Helper()
	b.send(protocol.Hello{Version: version})
}

// opens goes as far as a patient that is shown.
func (b *browser) opens() *browser {
	b.t.Helper()
	b.hello(protocol.Version)
	expect[protocol.Session](b)
	b.send(protocol.Choose{Commission: commission})
	expect[protocol.Chosen](b)
	b.open(patient)
	expect[protocol.Opened](b)
	b.show(protocol.Diagnosis)
	expect[protocol.End](b)
	return b
}

// keptFresh keeps what is decided on fresh for as long as a test lasts.
func (w *world) keptFresh(until time.Duration) (stop func()) {
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		for range int(until / time.Minute) {
			select {
			case <-done:
				return
			case <-time.After(time.Minute):
				w.refresh()
			}
		}
	})
	return func() {
		close(done)
		ended.Wait()
	}
}

func (w *world) last(a record.Activity) (found record.Entry, times int) {
	for _, e := range w.log() {
		if e.Activity == a {
			found, times = e, times+1
		}
	}
	return found, times
}

// A session that is not used ends when it said it would; what is shown goes with it.
func TestASessionEndsUnused(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		defer w.keptFresh(time.Hour)()
		w.putUsual()
		held := signedIn()
		b := dialAs(w, Caller{Session: held}).opens()
		for range 3 { // it is used every ten minutes
			b.beats(10 * time.Minute)
			b.send(protocol.Active{})
		}
		used := time.Now()
		b.refusedWith(protocol.FaultSessionEnded)
		if after := time.Since(used); after < idleFor || after > idleFor+time.Second {
			t.Errorf("ended after %v", after)
		}
		b.closedWith(protocol.CloseSession)
		if e, n := w.last(record.SessionEnded); n != 1 || e.Actor.Employee != doctor || e.Decision.Reason != endedIdle || e.Session != text(held.ID) || !e.Patient.IsZero() {
			t.Errorf("recorded %d times: %+v", n, e.Decision)
		}
	})
}

func TestASessionEndsInAnyCase(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		defer w.keptFresh(11 * time.Hour)()
		began := time.Now()
		b := dialAs(w, Caller{Session: signedIn()})
		b.hello(protocol.Version)
		if got := expect[protocol.Session](b); got.SignIn != protocol.SignInProvider || got.IdleMillis != uint32(idleFor.Milliseconds()) ||
			got.Ends != protocol.Instant(began.Add(lasts).UnixMilli()) {
			t.Errorf("told %+v", got)
		}
		for b.conn.code == 0 && time.Since(began) < lasts-time.Minute {
			b.beats(min(10*time.Minute, lasts-time.Minute-time.Since(began)))
			b.send(protocol.Active{})
		}
		b.refusedWith(protocol.FaultSessionEnded)
		if after := time.Since(began); after < lasts || after > lasts+time.Second {
			t.Errorf("ended after %v", after)
		}
		b.closedWith(protocol.CloseSession)
	})
}

// A client that connects anew without its user does not go on for ever.
func TestConnectingAnewIsNoUse(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		defer w.keptFresh(time.Hour)()
		held, began := signedIn(), time.Now()
		for time.Since(began) < 14*time.Minute {
			b := dialAs(w, Caller{Session: held})
			b.hello(protocol.Version)
			expect[protocol.Session](b)
			b.beats(time.Minute)
			b.hangUp()
		}
		b := dialAs(w, Caller{Session: held})
		b.hello(protocol.Version)
		expect[protocol.Session](b)
		b.refusedWith(protocol.FaultSessionEnded)
		if after := time.Since(began); after < idleFor || after > idleFor+time.Second {
			t.Errorf("ended after %v", after)
		}
		b.closedWith(protocol.CloseSession)
		late := dialAs(w, Caller{Session: held})
		late.hello(protocol.Version)
		late.refusedWith(protocol.FaultSessionEnded)
		late.closedWith(protocol.CloseSession)
	})
}

// carded runs a script in a world where a certificate says who one is, for a time.
func carded(t *testing.T, script func(w *world, who *staff, shown *tls.ConnectionState)) {
	t.Helper()
	scripted(t, func(t *testing.T, w *world) {
		who := &staff{}
		w.service.cfg.Identity = who
		w.service.cfg.Terms = Terms{SignIn: protocol.SignInCertificate, Idle: idleFor, Lasts: lasts}
		script(w, who, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{NotAfter: time.Now().Add(24 * time.Hour)}}})
	})
}

// Pages from before there were terms are served as then, to the session's end.
func TestAPageFromBeforeTheTerms(t *testing.T) {
	carded(t, func(w *world, _ *staff, shown *tls.ConnectionState) {
		defer w.keptFresh(11 * time.Hour)()
		for name, c := range map[string]Caller{
			"nobody": {},
			"over":   {TLS: shown, Session: &identity.Session{Employee: doctor, Ends: now() - 1, Idle: now() - 1}},
		} {
			b := dialAs(w, c)
			b.hello(wireSession - 1)
			b.refusedWith(protocol.FaultWhoAreYou)
			b.closedWith(protocol.CloseForbidden)
			if t.Failed() {
				t.Fatal(name)
			}
		}
		held := signedIn()
		held.Idle = now() - 1 // they do not say when they are used
		b := dialAs(w, Caller{TLS: shown, Session: held})
		b.hello(wireSession - 1)
		expect[protocol.Welcome](b)
		b.send(protocol.Choose{Commission: improper})
		expect[protocol.Chosen](b)
		b.send(protocol.Choose{Commission: commission}) // as they do
		expect[protocol.Chosen](b)
		for _, f := range b.beats(time.Hour) {
			if f.Kind() >= protocol.KindSession {
				t.Errorf("%T comes", f)
			}
		}
		if b.conn.code != 0 {
			t.Errorf("closed with %d", b.conn.code)
		}
		b.hangUp()
	})
}

// No such page has ever signed in at a provider: to say that one is such a page is no way
// round the idle end, nor out of a commission.
func TestAnOlderVersionIsNoWayRoundTheTerms(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		for name, held := range map[string]*identity.Session{
			"nobody": nil, "signed in": signedIn(), "unused": {Employee: doctor, Ends: now() + 60_000, Idle: now() - 1},
		} {
			b := dialAs(w, Caller{Session: held})
			b.hello(wireSession - 1)
			b.refusedWith(protocol.FaultVersion)
			b.closedWith(protocol.CloseVersion)
			if t.Failed() {
				t.Fatal(name)
			}
		}
	})
}

// Where one does not choose who to be, a second greeting is no way out of the commission
// that the session is bound to.
func TestASessionIsGreetedOnce(t *testing.T) {
	again := func(w *world, c Caller) {
		b := dialAs(w, c)
		b.hello(protocol.Version)
		expect[protocol.Session](b)
		b.send(protocol.Choose{Commission: commission})
		expect[protocol.Chosen](b)
		b.hello(protocol.Version)
		b.refusedWith(protocol.FaultMalformed)
		b.closedWith(protocol.CloseMalformed)
	}
	limited(t, func(_ *testing.T, w *world) { again(w, Caller{Session: signedIn()}) })
	carded(t, func(w *world, _ *staff, shown *tls.ConnectionState) { again(w, Caller{TLS: shown}) })
}

// A session whose commission is lost stays bound to it.
func TestALostCommissionBindsStill(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		b := dialAs(w, Caller{Session: signedIn()})
		b.hello(protocol.Version)
		expect[protocol.Session](b)
		b.send(protocol.Choose{Commission: commission})
		expect[protocol.Chosen](b)
		w.dismiss(commission)
		b.send(protocol.Choose{Commission: commission})
		b.refusedWith(protocol.FaultNoCommission)
		b.send(protocol.Choose{Commission: improper})
		b.refusedWith(protocol.FaultMalformed)
		w.commission(commission, "Vård och behandling")
		b.send(protocol.Choose{Commission: commission})
		expect[protocol.Chosen](b)
		b.hangUp()
	})
}

func TestNobodyIsSentToTheProvider(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		b := dial(w)
		b.hello(protocol.Version)
		b.refusedWith(protocol.FaultSignIn)
		b.closedWith(protocol.CloseForbidden)
	})
}

// Who has signed out is out on every node that has the log: streams that are open end.
func TestSignedOutIsOut(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		held, other := signedIn(), signedIn()
		b := dialAs(w, Caller{Session: held})
		b.hello(protocol.Version)
		expect[protocol.Session](b)
		for range 2 { // the second time says nothing new
			if err := w.service.SignedOut(t.Context(), *held); err != nil {
				t.Fatal(err)
			}
		}
		b.refusedWith(protocol.FaultSessionEnded)
		b.closedWith(protocol.CloseSession)
		again := dialAs(w, Caller{Session: held})
		again.hello(protocol.Version)
		again.refusedWith(protocol.FaultSessionEnded)
		again.closedWith(protocol.CloseSession)
		if e, n := w.last(record.SignedOut); n != 1 || e.Actor.Employee != doctor || e.Session != text(held.ID) {
			t.Errorf("recorded %d times", n)
		}
		stays := dialAs(w, Caller{Session: other})
		stays.hello(protocol.Version)
		expect[protocol.Session](stays)
		stays.beats(time.Minute)
		if out, err := w.service.IsSignedOut(other.ID); out || err != nil || stays.conn.code != 0 {
			t.Errorf("somebody else is out: %t, %v, closed with %d", out, err, stays.conn.code)
		}
		stays.hangUp()
	})
}

// staff takes every certificate for the doctor's until it is told not to.
type staff struct {
	mu   sync.Mutex
	gone bool
}

func (s *staff) Identify(p identity.Proof) (identity.Actor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.TLS == nil || s.gone {
		return identity.Actor{}, identity.ErrUntrusted
	}
	return identity.Actor{Employee: doctor}, nil
}

func (*staff) People() []protocol.Person { return nil }

// With a certificate limits follow what the browser holds; where it holds nothing they
// count from the greeting.
func TestCertificatesHaveTerms(t *testing.T) {
	carded(t, func(w *world, who *staff, shown *tls.ConnectionState) {
		defer w.keptFresh(time.Hour)()
		old, others := signedIn(), signedIn()
		old.Idle -= protocol.Instant((10 * time.Minute).Milliseconds())
		others.Employee = nurse
		for name, c := range map[string]struct {
			held *identity.Session
			ends time.Duration
		}{"holds nothing": {nil, idleFor}, "holds one": {old, idleFor - 10*time.Minute}, "holds another's": {others, 0}} {
			began := time.Now()
			b := dialAs(w, Caller{TLS: shown, Session: c.held})
			b.hello(protocol.Version)
			b.refusedWith(protocol.FaultSessionEnded)
			if after := time.Since(began); after < c.ends || after > c.ends+time.Second {
				t.Errorf("%s: ended after %v", name, after)
			}
			b.closedWith(protocol.CloseSession)
			old.Idle += protocol.Instant(time.Since(began).Milliseconds())
		}
		b := dialAs(w, Caller{TLS: shown})
		b.hello(protocol.Version)
		expect[protocol.Session](b)
		who.mu.Lock()
		who.gone = true
		who.mu.Unlock()
		b.refusedWith(protocol.FaultSessionEnded)
		b.closedWith(protocol.CloseSession)
	})
}

func TestASessionIsBoundToOneCommission(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dial(w).greet(commission)
		b.send(protocol.Choose{Commission: commission})
		expect[protocol.Chosen](b)
		b.send(protocol.Choose{Commission: improper})
		b.refusedWith(protocol.FaultMalformed)
		b.open(patient) // under the first
		expect[protocol.Opened](b)
		b.hangUp()
	})
}

// sentHere is a hand-over to the doctor, arrived once.
func sentHere() *identity.HandOver {
	return &identity.HandOver{
		ID: record.NewID(), Arrival: record.NewID(), System: must(protocol.ParseSourceID(source)), Name: "Journalen",
		Employee: doctor, Commission: commission, Patient: patient,
	}
}

// Of those who use a hand-over at once one has it; who connects anew is not told twice.
func TestAHandOverIsUsedOnce(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		first := sentHere()
		copied := *first
		copied.Arrival = record.NewID()
		callers := []Caller{{Session: signedIn(), HandOver: first}, {Session: signedIn(), HandOver: &copied}}
		var told, refused int
		for _, c := range callers {
			b := dialAs(w, c)
			b.hello(protocol.Version)
			expect[protocol.Session](b)
			for _, f := range b.beats(time.Second) {
				switch f := f.(type) {
				case protocol.HandedOver:
					told++
					if f.System != "Journalen" || f.Patient != patient || f.Commission != commission {
						t.Error("told something else")
					}
				case protocol.Refused:
					if refused++; f.Fault != protocol.FaultHandOver || told != 1 {
						t.Errorf("refused with %d", f.Fault)
					}
				}
			}
			b.hangUp()
		}
		if told != 1 || refused != 1 {
			t.Errorf("%d were told, %d refused", told, refused)
		}
		again := dialAs(w, callers[0])
		again.hello(protocol.Version)
		expect[protocol.Session](again)
		for _, f := range again.beats(time.Second) {
			if f.Kind() == protocol.KindHandedOver || f.Kind() == protocol.KindRefused {
				t.Errorf("who connects anew gets %T", f)
			}
		}
		again.hangUp()
		if e, n := w.last(record.HandedOver); n != 1 || e.Patient != patient || e.Actor.Employee != doctor || e.Actor.Commission != commission {
			t.Errorf("recorded %d times", n)
		}
	})
}

// Two nodes of one log, at once.
func TestAHandOverIsUsedOnceByTwoAtOnce(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		other := must(New(w.service.cfg))
		h := sentHere()
		won := make(chan bool, 2)
		for _, s := range []*Service{w.service, other} {
			go func() {
				mine := *h
				mine.Arrival = record.NewID()
				first, again, err := s.recorder.handOver(t.Context(), &mine, "s")
				if err != nil || again {
					t.Errorf("again %t, %v", again, err)
				}
				won <- first
			}()
		}
		synctest.Wait()
		if a, b := <-won, <-won; a == b {
			t.Errorf("won: %t and %t", a, b)
		}
	})
}

// A proposal whose outcome was not known is made again, and is still ours.
func TestAHandOverOfUnknownOutcome(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		flaky := &flaky{world: w}
		w.service.recorder.cluster = flaky
		h := sentHere()
		if first, _, err := w.service.recorder.handOver(t.Context(), h, "s"); !first || err != nil || flaky.times != 2 {
			t.Errorf("first %t, %v, after %d proposals", first, err, flaky.times)
		}
	})
}

// flaky commits, and says that it did not the first time.
type flaky struct {
	*world
	times int
}

func (f *flaky) Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error) {
	f.times++
	results, err := f.world.Propose(ctx, commands...)
	if f.times == 1 {
		return nil, errors.New("the outcome is not known")
	}
	return results, err
}

func TestAHandOverIsRefused(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		h := sentHere()
		h.Employee = nurse
		b := dialAs(w, Caller{Session: signedIn(), HandOver: h})
		b.hello(protocol.Version)
		expect[protocol.Session](b)
		b.refusedWith(protocol.FaultHandOver)
		b.send(protocol.Choose{Commission: commission}) // the session goes on
		expect[protocol.Chosen](b)
		b.hangUp()
		if _, n := w.last(record.HandedOver); n != 0 {
			t.Error("somebody else's was used up")
		}
		w.set(func() { w.dead = true })
		b = dialAs(w, Caller{Session: signedIn(), HandOver: sentHere()})
		b.hello(protocol.Version)
		b.refusedWith(protocol.FaultHandOver)
		b.hangUp()
	})
}

// A connection that is greeted again and again writes no more into the log, and is told of
// the patient once.
func TestAHandOverIsAskedAboutOnce(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dialAs(w, Caller{HandOver: sentHere()})
		b.send(protocol.Hello{Version: protocol.Version, Person: doctorKey})
		expect[protocol.HandedOver](b)
		before := w.fsm.AppliedIndex()
		for range 5 {
			b.send(protocol.Hello{Version: protocol.Version, Person: doctorKey})
			expect[protocol.Session](b)
		}
		for _, f := range b.beats(time.Second) {
			if f.Kind() == protocol.KindHandedOver || f.Kind() == protocol.KindRefused {
				t.Errorf("%T comes", f)
			}
		}
		if after := w.fsm.AppliedIndex(); after != before {
			t.Errorf("%d entries for a hand-over that was used", after-before)
		}
		b.hangUp()
	})
}

// A word that the user is active, said when the session was over, does not bring it back;
// nor do the words of a client that never stops move its last end.
func TestActivityComesTooLate(t *testing.T) {
	var s session
	s.service = &Service{cfg: Config{Terms: Terms{Idle: idleFor}}}
	end := time.Now().Add(-time.Millisecond)
	s.clock.limits = limits{idle: end, ends: time.Now().Add(time.Minute)}
	s.active()
	if !s.clock.limits.idle.Equal(end) {
		t.Error("a session that was over goes on")
	}
}

// Of two tabs with the same session one is used: the other's view is taken away, and the
// one that is used goes on.
func TestTwoTabsOfOneSession(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		defer w.keptFresh(time.Hour)()
		w.putUsual()
		held := signedIn()
		used, left := dialAs(w, Caller{Session: held}).opens(), dialAs(w, Caller{Session: held}).opens()
		var came []protocol.Frame
		for began := time.Now(); left.conn.code == 0 && time.Since(began) < 2*idleFor; {
			used.beats(2 * time.Second)
			used.send(protocol.Active{})
			came = append(came, left.beats(2*time.Second)...)
		}
		if last, _ := came[len(came)-1].(protocol.Refused); last.Fault != protocol.FaultSessionEnded {
			t.Errorf("the other tab ends with %+v", came)
		}
		left.closedWith(protocol.CloseSession)
		used.beats(time.Minute)
		if used.conn.code != 0 {
			t.Errorf("the tab that is used is closed with %d", used.conn.code)
		}
		used.hangUp()
	})
}

// One who is signed in takes no more places than a few windows do.
func TestWindowsOfOneSession(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		held := signedIn()
		var all []*browser
		for range windowsOfOne {
			b := dialAs(w, Caller{Session: held})
			b.hello(protocol.Version)
			expect[protocol.Session](b)
			all = append(all, b)
		}
		if err := w.service.Admits(Caller{Session: held}); !errors.Is(err, ErrWindows) {
			t.Errorf("one more: %v", err)
		}
		if err := w.service.Admits(Caller{Session: signedIn()}); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		all[0].hangUp()
		if err := w.service.Admits(Caller{Session: held}); err != nil {
			t.Errorf("when one has gone: %v", err)
		}
		for _, b := range all[1:] {
			b.hangUp()
		}
		synctest.Wait()
		if len(w.service.windows) != 0 {
			t.Error("who has gone is counted")
		}
	})
}

// Where one chooses who to be, the hand-over waits until one has.
func TestAHandOverInADemo(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := dialAs(w, Caller{HandOver: sentHere()})
		b.hello(protocol.Version)
		expect[protocol.Session](b)
		if slices.ContainsFunc(b.beats(time.Second), func(f protocol.Frame) bool {
			return f.Kind() == protocol.KindHandedOver || f.Kind() == protocol.KindRefused
		}) {
			t.Error("nobody is told of it")
		}
		b.send(protocol.Hello{Version: protocol.Version, Person: doctorKey})
		expect[protocol.HandedOver](b)
		b.hangUp()
	})
}

// Who signed in is in the record, or not in.
func TestSigningInIsRecorded(t *testing.T) {
	limited(t, func(t *testing.T, w *world) {
		held := signedIn()
		held.ACR = "loa3"
		if err := w.service.SignedIn(t.Context(), *held); err != nil {
			t.Fatal(err)
		}
		if e, n := w.last(record.SignedIn); n != 1 || e.Actor.Employee != doctor || e.Actor.EmployeeName != "Disa Doktor" || e.Note != "loa3" || e.Session != text(held.ID) {
			t.Errorf("recorded %d times: %+v", n, e)
		}
		w.set(func() { w.dead = true })
		if err := w.service.SignedIn(t.Context(), *held); !errors.Is(err, errNotRecorded) {
			t.Errorf("without a majority: %v", err)
		}
	})
}
