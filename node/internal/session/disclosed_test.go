package session

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// The record says whose information was disclosed: of a view every type and owner, of a
// reading the document's; and of what was refused nothing.
func TestTheRecordNamesWhoseInformation(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		w.put(doc{protocol.CareContacts, "c", otherProvider, otherUnit, "kontakt"})
		w.consent("one", 0)
		b := dial(w).greet(commission)
		b.open(patient)
		expect[protocol.Opened](b)
		b.show(protocol.Diagnosis, protocol.CareContacts)
		expect[protocol.End](b)
		b.read(w.key(otherDoc))
		expect[protocol.BodyFrame](b)
		b.read(w.key(lostDoc))
		b.refusedWith(protocol.FaultNotFound)
		b.hangUp()
		diagnosis, contacts := uint8(protocol.Diagnosis), uint8(protocol.CareContacts)
		of := func(contract uint8, provider, unit string) record.Resource {
			return record.Resource{Contract: contract, CareProvider: provider, CareUnit: unit}
		}
		want := [][]record.Resource{
			nil,
			{of(diagnosis, ownProvider, ownUnit), of(diagnosis, ownProvider, sameUnit), of(diagnosis, otherProvider, otherUnit), of(contacts, otherProvider, otherUnit)},
			{of(diagnosis, otherProvider, otherUnit)},
			nil,
		}
		log := w.log()
		slices.SortStableFunc(want[1], func(a, b record.Resource) int { return int(a.Contract) - int(b.Contract) })
		var got [][]record.Resource
		for _, e := range log {
			got = append(got, e.Scope.Resources)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("resources (-want +got):\n%s", diff)
		}
		if log[1].Scope.View != text(log[1].ID) || log[2].Scope.View != log[1].Scope.View {
			t.Errorf("the view %q was recorded under %q, and the reading in it as %q", log[1].Scope.View, text(log[1].ID), log[2].Scope.View)
		}
	})
}

// What an entry holds besides: names, but no protected one; as of when everything was
// known; a salt of its own, to which the log's commitment fits.
func TestWhatAnEntryHolds(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		c := care(commission, ownProvider, ownUnit)
		c.EmployeeTitle = strings.Repeat("å", 4000)
		w.commissionOf(doctor, c)
		c = care(nursing, ownProvider, ownUnit)
		c.Protected, c.EmployeeName = true, "Hemlig Syster"
		w.commissionOf(nurse, c)
		opened(w).hangUp()
		n := dial(w)
		n.send(protocol.Hello{Version: protocol.Version, Person: nurseKey})
		expect[protocol.Welcome](n)
		n.send(protocol.Choose{Commission: nursing})
		expect[protocol.Chosen](n)
		n.open(patient)
		expect[protocol.Opened](n)
		n.hangUp()
		log := w.log()
		first, second := log[0], log[1]
		if first.Actor.EmployeeName != "Disa Doktor" || len(first.Actor.EmployeeTitle) > maxName || !strings.HasSuffix(first.Actor.EmployeeTitle, "å") ||
			first.Actor.CommissionName == "" || first.Actor.CareUnitName != "Vårdcentralen" || first.Actor.CareProviderName != "Regionen" {
			t.Errorf("recorded of %+v", first.Actor)
		}
		if second.Actor.EmployeeName != "" || second.Actor.Employee != nurse {
			t.Errorf("recorded of somebody protected %+v", second.Actor)
		}
		for i, at := range first.Decision.AsOf {
			if (at == 0) != (i == record.AsOfEngagement) {
				t.Errorf("as of %v", first.Decision.AsOf)
			}
		}
		if first.Salt == second.Salt || first.Salt == [record.SaltBytes]byte{} {
			t.Error("salts are not drawn")
		}
		v := must(w.fsm.View())
		defer v.Close()
		for _, l := range v.Log(0, 10) {
			if plain := must(w.ring.OpenLog(sealing.Place(l.Subject, l.ID), l.Sealed)); record.Commitment(plain) != l.Commitment {
				t.Error("the log is not committed to the entry")
			}
		}
	})
}

// The name of somebody protected is not shown, to themselves neither.
func TestAProtectedNameIsNotShown(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.service.cfg.Identity = must(identity.NewChoice(protocol.Demo, func() []identity.Person {
			return []identity.Person{{Key: nurseKey, Employee: nurse}}
		}))
		for _, protected := range []bool{false, true} {
			c := care(nursing, ownProvider, ownUnit)
			c.Protected = protected
			w.commissionOf(nurse, c)
			b := dial(w)
			b.send(protocol.Hello{Version: protocol.Version, Person: nurseKey})
			if got := expect[protocol.Welcome](b).Person; got.Title != "Läkare" || (got.Name == "") != protected {
				t.Errorf("protected: %t; greeted as %+v", protected, got)
			}
			b.hangUp()
		}
	})
}

// P1: what the record of a view does not name is not sent in it, whoever may see it. The
// browser is told once that there is more, and shows anew, under a record of its own.
func TestWhatIsNotNamedIsNotShown(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.put(ownDoc)
		w.consent("one", 0)
		b := watching(w)
		w.put(doc{protocol.Diagnosis, "again", ownProvider, ownUnit, "en egen till"})
		if f := expect[protocol.Batch](b); len(f.Upserts) != 1 {
			t.Fatalf("of an owner that is named comes %+v", f)
		}
		b.quiet()
		w.put(otherDoc)
		w.put(sameDoc)
		frames := b.quiet()
		if len(frames) != 1 {
			t.Fatalf("of owners that are not named come %d frames", len(frames))
		}
		if f, told := frames[0].(protocol.Opened); !told || f.Request != 0 {
			t.Fatalf("of an owner that is not named comes %+v", frames[0])
		}
		b.read(w.key(otherDoc))
		b.refusedWith(protocol.FaultNotFound)
		moved := ownDoc
		moved.unit = sameUnit
		w.put(moved)
		if f := expect[protocol.Revoke](b); len(f.Documents) != 1 || f.Fault != protocol.FaultAccessChanged {
			t.Fatalf("of one that becomes an unnamed owner's comes %+v", f)
		}
		b.show(protocol.Diagnosis)
		expect[protocol.End](b)
		if len(b.items) != 4 {
			t.Errorf("%d documents shown anew, want 4", len(b.items))
		}
		b.hangUp()
	})
}

// P1: what a document has become after its reading was recorded is not sent.
func TestAReadingIsOfWhatWasRecorded(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.putUsual()
		b := watching(w)
		moved := ownDoc
		moved.unit = sameUnit
		w.once(command.KindRecordAccess, func() { w.put(moved) })
		b.read(w.key(ownDoc))
		b.refusedWithin(protocol.FaultNotFound)
		b.read(w.key(ownDoc))
		expect[protocol.BodyFrame](b)
		b.hangUp()
	})
}

// A view of more owners than an entry may name is recorded by several, together.
func TestAViewOfManyOwners(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.consent("one", 0)
		const owners = 2*record.MaxResources + 1
		var docs []doc
		for i := range owners {
			docs = append(docs, doc{protocol.Diagnosis, fmt.Sprint("d", i), otherProvider, fmt.Sprintf("SE2000000002-%019d", i), "d"})
		}
		w.put(docs...)
		b := watching(w)
		if len(b.items) != owners {
			t.Errorf("%d documents shown", len(b.items))
		}
		b.hangUp()
		named, entries, ids := map[record.Resource]bool{}, 0, map[[16]byte]bool{}
		view := ""
		for _, e := range w.log()[1:] {
			if e.Activity != record.Read || view != "" && e.Scope.View != view || len(e.Scope.Resources) > record.MaxResources {
				t.Errorf("recorded %+v", e)
			}
			view = e.Scope.View
			entries++
			ids[e.ID] = true
			for _, r := range e.Scope.Resources {
				named[r] = true
			}
		}
		if entries < 3 || len(ids) != entries || len(named) != owners || w.proposals != 2 {
			t.Errorf("%d owners named by %d entries in %d proposals", len(named), entries, w.proposals)
		}
	})
}

// Entries of names and owners as long as they may be fit their limit.
func TestEveryEntryFits(t *testing.T) {
	r := &recorder{ring: must(sealing.NewRing()), node: "a1"}
	var all []record.Resource
	for i := range 200 {
		all = append(all, record.Resource{Contract: 1, CareProvider: fmt.Sprintf("%064d", i), CareUnit: fmt.Sprintf("%064d", i)})
	}
	long := strings.Repeat("x", 5000)
	e := record.Entry{Patient: patient, Note: strings.Repeat("å", protocol.MaxReasonBytes/2), Actor: record.Actor{
		EmployeeName: named(long), EmployeeTitle: named(long), CommissionName: named(long), CareUnitName: named(long), CareProviderName: named(long),
	}}
	total := 0
	for _, part := range parted(all) {
		total += len(part)
		e.Scope.Resources = part
		if size := len(r.seal(e).Sealed); size > command.MaxSealedLog {
			t.Errorf("an entry of %d owners has %d bytes", len(part), size)
		}
	}
	if total != len(all) || len(parted(nil)) != 1 {
		t.Errorf("%d of %d owners are named", total, len(all))
	}
}

// The patient's other identities: their documents are shown and read, their changes
// followed, what is registered under them counts; and they come and go while one looks.
func TestLinkedIdentities(t *testing.T) {
	other := must(protocol.ParsePatientID("194602226559"))
	scripted(t, func(t *testing.T, w *world) {
		w.put(ownDoc)
		linkedDoc := doc{protocol.Diagnosis, "linked", ownProvider, ownUnit, "under ett annat nummer"}
		w.putOf(other, linkedDoc, doc{protocol.Diagnosis, "own", ownProvider, ownUnit, "samma nyckel"})
		b := watching(w)
		if len(b.items) != 1 {
			t.Fatalf("%d documents before the link", len(b.items))
		}
		w.person(patient, projection.Person{Linked: []string{other.Reveal()}})
		if f := expect[protocol.Batch](b); len(f.Upserts) != 1 || f.Upserts[0].Header.Title != linkedDoc.text {
			t.Fatalf("with the link comes %+v", f)
		}
		b.read(w.key(linkedDoc))
		if f := expect[protocol.BodyFrame](b); f.Body.Sections[0].Nodes[0].Text != linkedDoc.text {
			t.Fatalf("read %+v", f)
		}
		b.read(w.key(ownDoc))
		if f := expect[protocol.BodyFrame](b); f.Body.Sections[0].Nodes[0].Text != ownDoc.text {
			t.Fatalf("of a key that two identities have is read %+v", f)
		}
		w.putOf(other, doc{protocol.Diagnosis, "more", ownProvider, ownUnit, "ett till"})
		if f := expect[protocol.Batch](b); len(f.Upserts) != 1 {
			t.Fatalf("of the linked identity comes %+v", f)
		}
		w.blockOf(other, projection.Block{ID: "b", CareProvider: otherProvider})
		w.put(otherDoc)
		w.consentOf(other, projection.Consent{ID: "c", CareProvider: ownProvider, CareUnit: ownUnit})
		if f := expect[protocol.Opened](b); f.Basis != protocol.BasisConsent {
			t.Fatalf("with a consent under the other number opened with %+v", f)
		}
		b.ask(protocol.AskBlocked)
		if f := expect[protocol.Told](b); !f.Yes {
			t.Error("a block under the other number does not hit")
		}
		w.consent("one", 0)
		b.quiet()
		b.send(protocol.EndConsent{Request: 70})
		for f := expect[protocol.Opened](b); f.Request != 70 || f.Basis != protocol.BasisNone; {
			f = expect[protocol.Opened](b)
		}
		before := w.proposals
		w.once(command.KindRegisterConsent, func() { w.blockOf(other, projection.Block{ID: "later", CareProvider: otherProvider}) })
		b.send(protocol.Consent{Request: 71, Days: 1})
		for f := expect[protocol.Opened](b); f.Request != 71 || f.Basis != protocol.BasisConsent; {
			f = expect[protocol.Opened](b)
		}
		if n := w.proposals - before; n != 3 {
			t.Errorf("a change under the other number makes a consent stale: proposed %d times, want 3", n)
		}
		b.send(protocol.EndConsent{Request: 72})
		for f := expect[protocol.Opened](b); f.Request != 72; {
			f = expect[protocol.Opened](b)
		}
		b.quiet()
		w.once(command.KindRecordAccess, func() { w.blockOf(other, projection.Block{ID: "late", CareProvider: otherProvider}) })
		before = w.proposals
		b.read(w.key(ownDoc))
		expect[protocol.BodyFrame](b)
		if n := w.proposals - before; n != 2 {
			t.Errorf("a change under the other number makes a decision stale: proposed %d times, want 2", n)
		}
		w.person(patient, projection.Person{})
		f := expect[protocol.Revoke](b)
		if len(f.Documents) != 2 || f.Fault != protocol.FaultAccessChanged {
			t.Errorf("without the link revoked with %+v", f)
		}
		synctest.Wait()
		if diff := cmp.Diff(map[string]bool{ownDoc.text: true}, b.titles()); diff != "" {
			t.Error(diff)
		}
		b.hangUp()
		ended := map[protocol.PatientID]int{}
		for _, e := range w.log() {
			if e.Activity == record.EndConsent {
				ended[e.Patient]++
			}
		}
		if ended[other] != 1 || ended[patient] != 2 {
			t.Errorf("recorded %d ends under the other number and %d under the first", ended[other], ended[patient])
		}
	})
}

// A reader that follows anew misses nothing of what happens while it begins.
func TestFollowingAnewMissesNothing(t *testing.T) {
	other := must(protocol.ParsePatientID("194602226559"))
	for range 20 {
		scripted(t, func(t *testing.T, w *world) {
			w.put(ownDoc)
			b := watching(w)
			done := make(chan struct{})
			go func() {
				defer close(done)
				for i := range 20 {
					w.putOf(other, doc{protocol.Diagnosis, fmt.Sprint("x", i), ownProvider, ownUnit, "x"})
					w.put(doc{protocol.Diagnosis, fmt.Sprint("y", i), ownProvider, ownUnit, "y"})
				}
			}()
			w.person(patient, projection.Person{Linked: []string{other.Reveal()}})
			<-done
			b.quiet()
			if len(b.items) != 41 {
				t.Errorf("%d documents, want 41", len(b.items))
			}
			b.hangUp()
		})
	}
}
