package session

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/access"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

func (b *browser) attest(step protocol.EmergencyStep, reason string) uint32 {
	b.t.Helper()
	b.request++
	b.send(protocol.Emergency{Request: b.request, Step: step, Reason: reason})
	return b.request
}

func (b *browser) ask(what protocol.Question) uint32 {
	b.t.Helper()
	b.request++
	b.send(protocol.Ask{Request: b.request, What: what})
	return b.request
}

const reason = "medvetslös, misstänkt förgiftning"

// The whole way: who has information, then the information, never what is blocked;
// recorded with its reason, and over when its time is out.
func TestAnEmergency(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		blocked := doc{protocol.Diagnosis, "blocked", "SE4000000004-P4", "SE4000000004-U4", "spärrad"}
		w.putUsual()
		w.put(blocked)
		w.blockOf(patient, projection.Block{ID: "b", CareProvider: blocked.provider})
		w.do(command.KindPutCoverage, command.PutCoverage{Rows: []command.Coverage{{CareProvider: otherProvider, Name: "Andra regionen", Contract: uint8(protocol.Diagnosis), Since: 20260301000000_4}}})
		b := watching(w)
		w.keepFreshFor(t)
		request := b.attest(protocol.EmergencyProviders, "  "+reason+" ")
		want := protocol.Opened{
			Request: request, Basis: protocol.BasisEmergency, MayConsent: true, Ends: now() + access.EmergencyFor, Step: protocol.EmergencyProviders,
		}
		if got := expect[protocol.Opened](b); got != want {
			t.Fatalf("opened with %+v, want %+v", got, want)
		}
		if len(b.items) != 2 {
			t.Fatalf("after the first step %d documents are shown", len(b.items))
		}
		request = b.ask(protocol.AskProviders)
		told := protocol.Told{Request: request, What: protocol.AskProviders, Providers: []protocol.ProviderMark{
			{ID: must(protocol.ParseCareProviderID(otherProvider)), Name: "Andra regionen", Has: true},
			{ID: must(protocol.ParseCareProviderID(blocked.provider)), Blocked: true},
		}}
		if diff := cmp.Diff(told, expect[protocol.Told](b), cmp.Comparer(func(a, b protocol.CareProviderID) bool { return a == b })); diff != "" {
			t.Fatalf("who has information (-want +got):\n%s", diff)
		}
		time.Sleep(time.Second)
		b.quiet()
		request = b.attest(protocol.EmergencyContent, reason)
		want.Request, want.Step = request, protocol.EmergencyContent // its time runs from the first step
		if got := expect[protocol.Opened](b); got != want {
			t.Fatalf("opened with %+v, want %+v", got, want)
		}
		if rows := w.consentRows(patient); rows != 1 {
			t.Errorf("%d rows stand for one emergency", rows)
		}
		b.show(protocol.Diagnosis)
		expect[protocol.End](b)
		if diff := cmp.Diff(map[string]bool{ownDoc.text: true, sameDoc.text: true, otherDoc.text: true}, b.titles()); diff != "" {
			t.Fatalf("in an emergency (-want +got):\n%s", diff)
		}
		b.read(w.key(blocked))
		b.refusedWith(protocol.FaultNotFound)
		f := expect[protocol.Revoke](b)
		if f.Fault != protocol.FaultEmergencyEnded || len(f.Documents) != 1 || now() != want.Ends+1 {
			t.Errorf("revoked with %+v, %d ms after its end", f, now()-want.Ends)
		}
		if got := expect[protocol.Opened](b); got.Basis != protocol.BasisNone || !got.MayAttest || got.Step != protocol.EmergencyNone {
			t.Errorf("after its end opened with %+v", got)
		}
		b.hangUp()
		steps := map[record.Activity]int{}
		for _, e := range w.log() {
			if steps[e.Activity]++; e.Activity == record.EmergencyProviders || e.Activity == record.EmergencyContent {
				if e.Note != reason || !e.Decision.Permit || e.Patient != patient {
					t.Errorf("recorded %+v", e)
				}
			}
		}
		if steps[record.EmergencyProviders] != 1 || steps[record.EmergencyContent] != 1 || steps[record.AskProviders] != 1 {
			t.Errorf("recorded %v", steps)
		}
	})
}

// Steps out of order, without a reason, or where no emergency can be, register nothing.
func TestEmergencyTerms(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := dial(w).greet(commission)
		b.attest(protocol.EmergencyProviders, reason)
		b.refusedWith(protocol.FaultNotOpen)
		b.open(patient)
		expect[protocol.Opened](b)
		for _, c := range []struct {
			step   protocol.EmergencyStep
			reason string
		}{
			{protocol.EmergencyContent, reason}, {protocol.EmergencyProviders, " "}, {protocol.EmergencyProviders, ""},
		} {
			b.attest(c.step, c.reason)
			b.refusedWith(protocol.FaultEmergencyTerms)
		}
		b.attest(protocol.EmergencyProviders, strings.Repeat("å", protocol.MaxReasonBytes/2))
		expect[protocol.Opened](b)
		b.attest(protocol.EmergencyProviders, reason)
		b.refusedWith(protocol.FaultEmergencyTerms)
		b.send(protocol.EndConsent{Request: 77})
		if got := expect[protocol.Opened](b); got.Request != 77 || got.Basis != protocol.BasisNone || !got.MayAttest {
			t.Errorf("after its end opened with %+v", got)
		}
		w.consent("one", 0)
		b.quiet()
		b.attest(protocol.EmergencyProviders, reason)
		b.refusedWith(protocol.FaultEmergencyTerms)
		w.unconsent("one")
		w.person(patient, projection.Person{Deceased: true})
		b.quiet()
		b.attest(protocol.EmergencyProviders, reason)
		b.refusedWith(protocol.FaultDeceased)
		b.send(protocol.Consent{Request: 78, Days: 1})
		b.refusedWith(protocol.FaultDeceased)
		b.hangUp()
		for _, e := range w.log() {
			if e.Activity == record.EmergencyContent && e.Decision.Permit {
				t.Errorf("registered %+v", e)
			}
		}
		refused := 0
		for _, line := range w.activities() {
			if strings.HasPrefix(line, "Nödöppning") && strings.HasSuffix(line, ": no") {
				refused++
			}
		}
		if refused != 4 {
			t.Errorf("%d refused emergencies are recorded, want 4: %v", refused, w.activities())
		}
	})
}

// An emergency is who attests it's alone.
func TestAnEmergencyIsPersonal(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		w.commissionOf(nurse, care(nursing, ownProvider, ownUnit))
		a := watching(w)
		b := dial(w).greetAs(nurseKey, nursing)
		b.open(patient)
		expect[protocol.Opened](b)
		a.attest(protocol.EmergencyProviders, reason)
		expect[protocol.Opened](a)
		for _, f := range b.quiet() {
			if _, beat := f.(protocol.Heartbeat); !beat {
				t.Errorf("to a colleague comes %T", f)
			}
		}
		b.attest(protocol.EmergencyContent, reason)
		b.refusedWith(protocol.FaultEmergencyTerms)
		b.ask(protocol.AskProviders)
		b.refusedWith(protocol.FaultNoBasis)
		a.hangUp()
		b.hangUp()
	})
}

// P2: what an emergency is decided on may change before its record.
func TestAStaleEmergencyIsDecidedAnew(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := opened(w)
		w.once(command.KindRegisterEmergency, func() { w.consent("late", 0) })
		request := b.attest(protocol.EmergencyProviders, reason)
		if got := b.refusedWithin(protocol.FaultEmergencyTerms); got.Request != request {
			t.Errorf("refused %+v", got)
		}
		b.hangUp()
	})
}

// refusedWithin is refusedWith where the browser may be told besides what has changed.
func (b *browser) refusedWithin(fault protocol.Fault) protocol.Refused {
	b.t.Helper()
	b.since = time.Now()
	for {
		switch f := b.next().(type) {
		case protocol.Refused:
			if f.Fault != fault {
				b.t.Fatalf("refused with TV-%d, want TV-%d", f.Fault, fault)
			}
			return f
		case nil:
			b.t.Fatalf("closed with %d", b.conn.code)
		}
	}
}

// Who consents: the patient or a representative who is named, for a child a guardian or the child
// that is found mature.
func TestWhoMayConsent(t *testing.T) {
	child := must(protocol.ParsePatientID("199701062383"))
	guardian := must(protocol.ParsePatientID("191212121212"))
	cases := map[string]struct {
		patient protocol.PatientID
		given   protocol.ConsentGiver
		by      protocol.PatientID
		fault   protocol.Fault
		stored  protocol.ConsentGiver
	}{
		"the patient":                   {patient, protocol.GiverPatient, protocol.PatientID{}, 0, protocol.GiverPatient},
		"an older client":               {patient, protocol.GiverUnknown, protocol.PatientID{}, 0, protocol.GiverPatient},
		"a representative of the grown": {patient, protocol.GiverGuardian, child, 0, protocol.GiverGuardian},
		"one who is not named":          {patient, protocol.GiverGuardian, protocol.PatientID{}, protocol.FaultGiver, 0},
		"a mature grown patient":        {patient, protocol.GiverMature, protocol.PatientID{}, protocol.FaultGiver, 0},
		"a child":                       {child, protocol.GiverPatient, protocol.PatientID{}, protocol.FaultGiver, 0},
		"a child of an older client":    {child, protocol.GiverUnknown, protocol.PatientID{}, protocol.FaultGiver, 0},
		"a mature child":                {child, protocol.GiverMature, protocol.PatientID{}, 0, protocol.GiverMature},
		"a guardian":                    {child, protocol.GiverGuardian, guardian, 0, protocol.GiverGuardian},
		"a guardian without a name":     {child, protocol.GiverGuardian, protocol.PatientID{}, protocol.FaultGiver, 0},
		"a child as its own guardian":   {child, protocol.GiverGuardian, child, protocol.FaultGiver, 0},
		"a mature child and a guardian": {child, protocol.GiverMature, guardian, protocol.FaultGiver, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			scripted(t, func(t *testing.T, w *world) { // it is the year 2000
				w.relateTo(c.patient, ownProvider, ownUnit, 0)
				b := dial(w).greet(commission)
				b.open(c.patient)
				if got := expect[protocol.Opened](b); got.Child != (c.patient == child) {
					t.Errorf("opened with %+v", got)
				}
				b.send(protocol.Consent{Request: 9, Days: 1, Given: c.given, Representative: c.by})
				if c.fault != 0 {
					b.refusedWith(c.fault)
					b.hangUp()
					return
				}
				if got := expect[protocol.Opened](b); got.Basis != protocol.BasisConsent || got.Request != 9 {
					t.Errorf("opened with %+v", got)
				}
				b.hangUp()
				v := must(w.fsm.View())
				defer v.Close()
				facts := must(access.Collect(v, w.ring, access.Question{Employee: doctor, Commission: commission, Patient: c.patient}, access.Engagement{}))
				if len(facts.Consents) != 1 || facts.Consents[0].Given != c.stored || facts.Consents[0].GivenBy != c.by.Reveal() || !facts.Consents[0].Local {
					t.Errorf("registered %+v", facts.Consents)
				}
			})
		})
	}
}

// The questions up the ladder, and what each may tell.
func TestQuestions(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		b := opened(w)
		tell := func(what protocol.Question) protocol.Told {
			request := b.ask(what)
			got := expect[protocol.Told](b)
			if got.Request != request || got.What != what {
				t.Errorf("told %+v", got)
			}
			return got
		}
		both := func() [2]bool { return [2]bool{tell(protocol.AskOthers).Yes, tell(protocol.AskBlocked).Yes} }
		if got := both(); got != [2]bool{false, false} {
			t.Errorf("of nothing is told %v", got)
		}
		w.putUsual()
		if got := both(); got != [2]bool{true, false} {
			t.Errorf("of another's is told %v", got)
		}
		w.block("b")
		if got := both(); got != [2]bool{false, true} {
			t.Errorf("of what is blocked is told %v", got)
		}
		b.ask(protocol.AskProviders)
		b.refusedWith(protocol.FaultNoBasis)
		w.consent("one", 0)
		b.quiet()
		if got := tell(protocol.AskProviders); len(got.Providers) != 0 {
			t.Errorf("with a consent is told who has blocked: %+v", got.Providers)
		}
		w.unblock("b")
		b.quiet()
		if got := tell(protocol.AskProviders).Providers; len(got) != 1 || got[0].ID.Reveal() != otherProvider || !got[0].Has || got[0].Blocked || got[0].Name != "" {
			t.Errorf("who has information: %+v", got)
		}
		before := len(w.log())
		w.set(func() { w.dead = true })
		b.ask(protocol.AskOthers)
		b.refusedWith(protocol.FaultNoQuorum)
		w.set(func() { w.dead = false })
		if after := len(w.log()); after != before {
			t.Errorf("%d entries more", after-before)
		}
		b.hangUp()
		counts := map[record.Activity]int{}
		for _, e := range w.log() {
			counts[e.Activity]++
		}
		if counts[record.AskOthers] != 3 || counts[record.AskBlocked] != 3 || counts[record.AskProviders] != 3 {
			t.Errorf("recorded %v", counts)
		}
	})
}

// consentRows counts the patient's consents and emergencies.
func (w *world) consentRows(id protocol.PatientID) (n int) {
	v := must(w.fsm.View())
	defer v.Close()
	v.Rows(raftfsm.Consents, w.ring.Patient(id), func([16]byte, []byte) bool {
		n++
		return true
	})
	return n
}

// P10: what the blocks are is not known: then there is no answer to what there is.
func TestQuestionsNeedTheBlocks(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		w.consent("one", 0)
		b := opened(w)
		w.row(command.KindBlockPage, 0, w.ring.Patient(patient), [16]byte{1}, []byte("no block"))
		for _, what := range []protocol.Question{protocol.AskOthers, protocol.AskBlocked, protocol.AskProviders} {
			b.ask(what)
			b.refusedWith(protocol.FaultUnknownFacts)
		}
		b.hangUp()
	})
}

// P9: a block that comes while the consents are unknown is told as any other.
func TestWhatStoodBeforeSaysNothing(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := watching(w)
		w.row(command.KindConsentPage, 0, w.ring.Patient(patient), [16]byte{1}, []byte("no consent"))
		b.quiet()
		w.blockOf(patient, projection.Block{ID: "b", Inner: true, CareProvider: ownProvider, CareUnit: sameUnit})
		if f := expect[protocol.Revoke](b); f.Fault != protocol.FaultAccessChanged || len(f.Documents) != 1 {
			t.Errorf("revoked with %+v", f)
		}
		b.hangUp()
	})
}

// An answer that waits is not told when what it rests on is gone, nor when the patient
// is left; a new view does not take it.
func TestAnswersGoWithTheirGround(t *testing.T) {
	setting := func(t *testing.T, w *world) *browser {
		w.putUsual()
		w.consent("one", 0)
		b := watching(w)
		w.put(doc{protocol.Diagnosis, "n1", ownProvider, ownUnit, "n1"})
		synctest.Wait() // a batch is being written, and not read
		b.ask(protocol.AskProviders)
		synctest.Wait()
		return b
	}
	told := func(frames []protocol.Frame) (n int) {
		for _, f := range frames {
			if _, is := f.(protocol.Told); is {
				n++
			}
		}
		return n
	}
	t.Run("revoked", func(t *testing.T) {
		scripted(t, func(t *testing.T, w *world) {
			b := setting(t, w)
			w.unconsent("one")
			synctest.Wait()
			if n := told(b.quiet()); n != 0 {
				t.Errorf("told %d times", n)
			}
			b.hangUp()
		})
	})
	t.Run("left", func(t *testing.T) {
		scripted(t, func(t *testing.T, w *world) {
			b := setting(t, w)
			b.send(protocol.Leave{})
			synctest.Wait()
			if n := told(b.quiet()); n != 0 {
				t.Errorf("told %d times", n)
			}
			b.hangUp()
		})
	})
	t.Run("shown anew", func(t *testing.T) {
		scripted(t, func(t *testing.T, w *world) {
			b := setting(t, w)
			b.show(protocol.Diagnosis)
			synctest.Wait()
			if n := told(b.quiet()); n != 1 {
				t.Errorf("told %d times", n)
			}
			b.hangUp()
		})
	})
}
