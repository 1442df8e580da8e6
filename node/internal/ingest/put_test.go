package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

func (w *world) wantRecords(what string, ids ...string) {
	w.t.Helper()
	got := w.records(patient)
	slices.Sort(got)
	if diff := cmp.Diff(ids, got); diff != "" {
		w.t.Errorf("%s: records:\n%s", what, diff)
	}
}

func TestASetIsReplaced(t *testing.T) {
	w := newWorld(t)
	first := w.put(answer("OK", rec("D1"), rec("D2")))
	if diff := cmp.Diff(Receipt{Index: w.FSM.AppliedIndex(), Documents: 2, Changed: 2}, first); diff != "" {
		t.Errorf("first:\n%s", diff)
	}
	follower := w.FSM.Feed().Follow(w.subject(patient))
	defer follower.Close()
	again := w.put(answer("OK", rec("D1"), rec("D2")))
	if diff := cmp.Diff(Receipt{Index: w.FSM.AppliedIndex(), Documents: 2, Unchanged: 2}, again); diff != "" {
		t.Errorf("the same message twice:\n%s", diff)
	}
	changed := rec("D2")
	changed.text = "Migrän"
	third := w.put(answer("OK", changed, rec("D3")))
	if diff := cmp.Diff(Receipt{Index: w.FSM.AppliedIndex(), Documents: 2, Changed: 2, Removed: 1}, third); diff != "" {
		t.Errorf("changed:\n%s", diff)
	}
	change, err := follower.Next(t.Context()) // of the third: the second was told to nobody
	if err != nil || change.Index != third.Index || len(change.Upserted) != 2 || len(change.Removed) != 1 {
		t.Errorf("change %+v, %v", change, err)
	}
	w.wantRecords("replaced", "D2", "D3")
	if empty := w.put(answer("OK")); empty.Removed != 2 {
		t.Errorf("an empty answer: %+v", empty)
	}
	w.wantRecords("empty")
}

// Only a whole answer may delete.
func TestAnIncompleteAnswerDeletesNothing(t *testing.T) {
	for name, deliver := range map[string]func(w *world) (Receipt, error){
		"partial": func(w *world) (Receipt, error) {
			r := request(answer("OK", rec("D3")))
			r.Partial = true
			return w.in.Put(w.t.Context(), r)
		},
		"INFO": func(w *world) (Receipt, error) { return w.in.Put(w.t.Context(), request(answer("INFO", rec("D3")))) },
		"hasMore": func(w *world) (Receipt, error) {
			return w.in.Put(w.t.Context(), request(envelope(rec("D3").xml()+"<hasMore><reference>r</reference></hasMore><result><resultCode>OK</resultCode></result>")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.put(answer("OK", rec("D1"), rec("D2")))
				before := w.status(patient).LastSuccess
				time.Sleep(time.Second)
				receipt, err := deliver(w)
				if err != nil || receipt.Removed != 0 || receipt.Changed != 1 || receipt.Failed {
					t.Errorf("receipt %+v, %v", receipt, err)
				}
				w.wantRecords(name, "D1", "D2", "D3")
				if got := w.status(patient).LastSuccess; got != before {
					t.Errorf("the set's last success went from %d to %d", before, got)
				}
			})
		})
	}
}

func TestAFailureIsNotedAndDeletesNothing(t *testing.T) {
	for name, message := range map[string]string{
		"SOAP fault":                 fault,
		"ERROR":                      answer("ERROR"),
		"ERROR with a record beside": answer("ERROR", rec("D3")),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.put(answer("OK", rec("D1")))
			before := w.status(patient)
			receipt := w.put(message)
			if diff := cmp.Diff(Receipt{Index: w.FSM.AppliedIndex(), Failed: true}, receipt); diff != "" {
				t.Errorf("receipt:\n%s", diff)
			}
			w.wantRecords(name, "D1")
			after := w.status(patient)
			if after.LastFailure == 0 || after.LastSuccess != before.LastSuccess {
				t.Errorf("status %+v, before %+v", after, before)
			}
			nameless := request(message)
			nameless.Patient = ""
			_, err := w.in.Put(t.Context(), nameless)
			if !errors.Is(err, ErrPatient) { // nothing in an answer that failed is relied on
				t.Errorf("without a named patient: %v", err)
			}
		})
	}
}

// A service answers for a source that it could not reach: what came is kept, nothing is
// removed, and that the source was not heard is noted.
func TestAnAnswerInWhichASourceIsLacking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.put(answer("OK", rec("D1")))
		before := w.status(patient)
		time.Sleep(time.Second)
		const lacking = `<s:Header><h:ProcessingStatus xmlns:h="urn:riv:interoperability:headers:1"><h:ProcessingStatusList>` +
			`<h:logicalAddress>SE1</h:logicalAddress><h:statusCode>DataFromCacheSynchFailed</h:statusCode><h:isResponseInSynch>false</h:isResponseInSynch>` +
			`</h:ProcessingStatusList></h:ProcessingStatus></s:Header><s:Body>`
		receipt := w.put(strings.Replace(answer("OK", rec("D2")), "<s:Body>", lacking, 1))
		if diff := cmp.Diff(Receipt{Index: w.FSM.AppliedIndex(), Documents: 1, Changed: 1}, receipt); diff != "" {
			t.Errorf("receipt:\n%s", diff)
		}
		w.wantRecords("lacking", "D1", "D2")
		if after := w.status(patient); after.LastFailure != time.Now().UnixMilli() || after.LastSuccess != before.LastSuccess {
			t.Errorf("status %+v, before %+v", after, before)
		}
		w.put(answer("OK", rec("D2")))
		if after := w.status(patient); after.LastSuccess != time.Now().UnixMilli() {
			t.Errorf("status %+v", after)
		}
	})
}

// sender is who delivers for whom.
type sender struct{ caller, source, contract string }

func TestWhoMayWrite(t *testing.T) {
	w := newWorld(t)
	w.register("SE3000000003-S9", agent, protocol.Diagnosis)
	withdrawn := command.RegisterSource{Source: "SE3000000003-S9", Agent: agent, Contracts: []uint8{uint8(protocol.Diagnosis)}, Withdrawn: true}
	w.Do(command.KindRegisterSource, withdrawn)
	w.Take()
	for name, c := range map[string]struct {
		sender
		want error
	}{
		"itself":                        {sender{system, "", "GetDiagnosis"}, nil},
		"itself, named":                 {sender{system, system, "GetDiagnosis"}, nil},
		"itself, in lower case":         {sender{strings.ToLower(system), strings.ToLower(system), "GetDiagnosis"}, nil},
		"its agent":                     {sender{agent, system, "GetDiagnosis"}, nil},
		"an agent for a stranger":       {sender{agent, lone, "GetDiagnosis"}, ErrNotAllowed},
		"an agent for itself":           {sender{agent, "", "GetDiagnosis"}, ErrNotRegistered},
		"an outsider":                   {sender{outsider, system, "GetDiagnosis"}, ErrNotAllowed},
		"another source":                {sender{neighbor, system, "GetDiagnosis"}, ErrNotAllowed},
		"for nobody":                    {sender{agent, outsider, "GetDiagnosis"}, ErrNotRegistered},
		"withdrawn":                     {sender{"SE3000000003-S9", "", "GetDiagnosis"}, ErrNotRegistered},
		"withdrawn, its agent":          {sender{agent, "SE3000000003-S9", "GetDiagnosis"}, ErrNotRegistered},
		"a contract it may not":         {sender{system, "", "GetVaccinationHistory"}, ErrNotAllowed},
		"another contract's address":    {sender{system, "", "GetCareDocumentation"}, ErrAddress},
		"no contract":                   {sender{system, "", "GetEverything"}, ErrAddress},
		"a caller that is no HSA-id":    {sender{"", system, "GetDiagnosis"}, ErrNotAllowed},
		"a source that is no HSA-id":    {sender{system, "x y", "GetDiagnosis"}, ErrNotRegistered},
		"nobody connects it but itself": {sender{"", lone, "GetDiagnosis"}, ErrNotAllowed},
	} {
		r := Request{Caller: c.caller, Source: c.source, Contract: c.contract, Patient: patient, Message: []byte(answer("OK", rec("D1")))}
		_, err := w.in.Put(t.Context(), r)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if proposed := len(w.Take()); (proposed > 0) != (c.want == nil) {
			t.Errorf("%s: %d commands were proposed", name, proposed)
		}
	}
	// An answer that failed says what contract it is of, too.
	r := request(answer("ERROR"))
	r.Contract = "GetCareDocumentation"
	if _, err := w.in.Put(t.Context(), r); !errors.Is(err, ErrAddress) || len(w.Take()) > 0 {
		t.Errorf("a failed answer at another contract's address: %v", err)
	}
}

func TestOneKnownPatient(t *testing.T) {
	about := func(patients ...string) string {
		var all []record
		for i, p := range patients {
			r := rec(fmt.Sprintf("D%d", i))
			r.patient = p
			all = append(all, r)
		}
		return answer("OK", all...)
	}
	for name, c := range map[string]struct {
		named, message string
		want           error
	}{
		"agree":                              {patient, about(patient, patient), nil},
		"named by the records":               {"", about(patient), nil},
		"named by the sender":                {patient, about(), nil},
		"nobody named":                       {"", about(), ErrPatient},
		"two patients":                       {patient, about(patient, another), ErrPatient},
		"two patients, none named":           {"", about(patient, another), ErrPatient},
		"another than named":                 {another, about(patient), ErrPatient},
		"unreadable":                         {patient, about(patient, "199701062384"), ErrPatient},
		"unreadable alone":                   {patient, about("19970106"), ErrPatient},
		"a record without, named":            {patient, about(""), nil},
		"a record without, none named":       {"", about(""), ErrPatient},
		"one with and one without, unnamed":  {"", about(patient, ""), ErrPatient},
		"one with and one without, named":    {patient, about(patient, ""), nil},
		"one without, another than named":    {another, about(patient, ""), ErrPatient},
		"the sender names what is no number": {"199701062384", about(patient), ErrPatient},
	} {
		w := newWorld(t)
		r := request(c.message)
		r.Patient = c.named
		_, err := w.in.Put(t.Context(), r)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
			continue
		}
		if proposed := w.Take(); (len(proposed) > 0) != (c.want == nil) {
			t.Errorf("%s: %d commands were proposed", name, len(proposed))
		}
		if len(w.records(another)) > 0 {
			t.Errorf("%s: filed under another patient", name)
		}
		if err != nil {
			noValues(t, err, patient, another, "199701062384", "19970106")
		}
	}
}

// noValues holds an error to saying nothing of what the message says.
func noValues(t *testing.T, err error, values ...string) {
	t.Helper()
	for _, value := range append(values, secret) {
		if strings.Contains(err.Error(), value) {
			t.Errorf("the error repeats %q: %v", value, err)
		}
	}
}

func TestWhatCannotBeKept(t *testing.T) {
	foreign := rec("D1")
	foreign.source = neighbor
	long := rec(secret + strings.Repeat("x", protocol.MaxShortTextBytes))
	large, huge, both := rec("D1"), rec("D1"), rec("D1")
	large.text = secret + strings.Repeat("x", protocol.MaxTextBytes)
	huge.text = secret + strings.Repeat("x", protocol.MaxFrameBytes)
	half := secret + strings.Repeat("x", protocol.MaxBodyBytes/2)
	both.text = half + "</displayName><originalText>" + half + "</originalText><displayName>again"
	for name, c := range map[string]struct {
		message string
		want    error
	}{
		"another source's record": {answer("OK", rec("D0"), foreign), ErrAddress},
		"a record id too long":    {answer("OK", long), ErrTooLarge},
		"a text too large":        {answer("OK", rec("D0"), large), ErrTooLarge},
		"texts too large in all":  {answer("OK", rec("D0"), both), ErrTooLarge},
		"a text far too large":    {answer("OK", huge), ErrTooLarge},
		"cut off":                 {answer("OK", rec(secret))[:400], ErrMalformed},
		"another contract's":      {strings.ReplaceAll(answer("OK", rec(secret)), "GetDiagnosis", "GetNothing"), ErrUnknownContract},
		"nothing":                 {"", ErrMalformed},
	} {
		w := newWorld(t)
		_, err := w.in.Put(t.Context(), request(c.message))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
			continue
		}
		noValues(t, err, patient, neighbor)
		if len(w.Take()) > 0 {
			t.Errorf("%s: something was proposed", name)
		}
	}
}

// A text of half a MiB is the largest that can be kept: it has an entry to itself.
func TestLargeDocumentsHaveEntriesOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	var all []record
	for i := range 3 {
		r := rec(fmt.Sprintf("D%d", i))
		r.text = strings.Repeat("x", protocol.MaxTextBytes)
		all = append(all, r)
	}
	if receipt := w.put(answer("OK", all...)); receipt.Changed != 3 {
		t.Errorf("receipt %+v", receipt)
	}
	if parts := w.Take(); len(parts) != 3 {
		t.Errorf("%d parts, want 3", len(parts))
	}
	w.wantRecords("large", "D0", "D1", "D2")
}

// many are records enough for several parts.
func many(n int, text string) (all []record) {
	for i := range n {
		r := rec(fmt.Sprintf("D%04d", i))
		r.text = text
		all = append(all, r)
	}
	return all
}

func TestALargeSetComesInParts(t *testing.T) {
	w := newWorld(t)
	w.put(answer("OK", rec("OLD")))
	w.Take()
	receipt := w.put(answer("OK", many(1000, "Astma")...))
	if receipt.Documents != 1000 || receipt.Changed != 1000 || receipt.Removed != 1 || receipt.Index != w.FSM.AppliedIndex() {
		t.Errorf("receipt %+v", receipt)
	}
	parts := w.Take()
	if len(parts) < 3 {
		t.Fatalf("%d parts: the test needs several", len(parts))
	}
	for i, c := range parts {
		part, last := c.Body.(command.PutSnapshot), i == len(parts)-1
		if part.Complete != last || (len(part.Keep) > 0) != last {
			t.Errorf("part %d of %d: complete %v, keeps %d", i+1, len(parts), part.Complete, len(part.Keep))
		}
	}
	if got := w.records(patient); len(got) != 1000 || slices.Contains(got, "OLD") {
		t.Errorf("%d records are kept", len(got))
	}
	if again := w.put(answer("OK", many(1000, "Astma")...)); again.Unchanged != 1000 || again.Changed+again.Removed != 0 {
		t.Errorf("the same again: %+v", again)
	}
}

// Another writer of the set comes between two parts: nothing that was answered as
// durable may be missing afterwards.
func TestTwoWritersOfOneSet(t *testing.T) {
	w := newWorld(t)
	n := 0
	w.Before(func(command.Command) error {
		if n++; n == 2 { // before the second part of the large set
			w.put(answer("OK", rec("OTHER")))
		}
		return nil
	})
	receipt := w.put(answer("OK", many(1000, "Astma")...))
	if receipt.Documents != 1000 {
		t.Errorf("receipt %+v", receipt)
	}
	if got := w.records(patient); len(got) != 1000 || slices.Contains(got, "OTHER") {
		t.Errorf("%d records are kept, want the last writer's 1000", len(got))
	}
}

func TestAWriterThatNeverWinsGivesUp(t *testing.T) {
	w := newWorld(t)
	between := false
	w.Before(func(c command.Command) error {
		if set := c.Body.(command.PutSnapshot); set.Complete && len(set.Keep) > 1 && !between {
			between = true
			w.put(answer("OK", rec("OTHER")))
			between = false
		}
		return nil
	})
	if _, err := w.in.Put(t.Context(), request(answer("OK", many(1000, "Astma")...))); !errors.Is(err, ErrContended) {
		t.Errorf("error %v", err)
	}
}

func TestWhatTheLogSays(t *testing.T) {
	w := newWorld(t)
	for _, want := range []error{cluster.ErrNoQuorum, cluster.ErrUnknown} {
		w.Before(func(command.Command) error { return want })
		if receipt, err := w.in.Put(t.Context(), request(answer("OK", rec("D1")))); !errors.Is(err, want) || receipt != (Receipt{}) {
			t.Errorf("%+v, %v; want %v", receipt, err, want)
		}
		if receipt, err := w.in.Put(t.Context(), request(fault)); !errors.Is(err, want) || receipt != (Receipt{}) {
			t.Errorf("a failure: %+v, %v; want %v", receipt, err, want)
		}
	}
	// Withdrawn between the look and the entry: the state machine has the last word.
	w.Before(func(c command.Command) error {
		if c.Kind == command.KindPutSnapshot {
			w.Do(command.KindRegisterSource, command.RegisterSource{Source: system, Withdrawn: true})
		}
		return nil
	})
	if _, err := w.in.Put(t.Context(), request(answer("OK", rec("D1")))); !errors.Is(err, ErrNotRegistered) {
		t.Errorf("withdrawn meanwhile: %v", err)
	}
}

// A node that is behind refuses nobody for good: it catches up and looks again, or says
// that another should be asked.
func TestANodeThatIsBehindRefusesNobodyForGood(t *testing.T) {
	stuck := errors.New("stuck")
	for name, c := range map[string]struct {
		known, learns bool
		catchUp       error
		asked         int
		want          error
	}{
		"registered":           {known: true},
		"registered meanwhile": {learns: true, asked: 1},
		"of nobody":            {asked: 1, want: ErrNotRegistered},
		"it stays behind":      {catchUp: stuck, asked: 1, want: ErrNoQuorum},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.in.sources = func(source string) (command.RegisterSource, bool, error) {
				if !c.known {
					return command.RegisterSource{}, false, nil
				}
				return w.Registration(source)
			}
			asked := 0
			w.in.CatchingUp(func(context.Context) error {
				asked++
				c.known = c.learns
				return c.catchUp
			})
			_, err := w.in.Put(t.Context(), request(answer("OK", rec("D1"))))
			if !errors.Is(err, c.want) || c.want == ErrNoQuorum && errors.Is(err, ErrNotRegistered) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if asked != c.asked {
				t.Errorf("it caught up %d times, want %d", asked, c.asked)
			}
		})
	}
}

// A state that cannot be read knows nothing of who is registered: no source is told
// that it is not.
func TestAnUnreadableStateIsNotARefusal(t *testing.T) {
	broken := errors.New("broken")
	w := newWorld(t)
	w.in.sources = func(string) (command.RegisterSource, bool, error) { return command.RegisterSource{}, false, broken }
	if _, err := w.in.Put(t.Context(), request(answer("OK"))); !errors.Is(err, broken) || errors.Is(err, ErrNotRegistered) {
		t.Errorf("error %v", err)
	}
}

// What is proposed holds nothing that can be read: pseudonyms and ciphertext, beside
// the attributes that the gate compares.
func TestWhatIsProposedIsSealed(t *testing.T) {
	w := newWorld(t)
	r := rec("RECORD-ID")
	r.text = secret
	w.put(answer("OK", r))
	w.put(fault)
	for _, c := range w.Take() {
		b, err := command.EncodeCommand(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, plain := range []string{patient, secret, "RECORD-ID", "J45.9", "Astma"} {
			if strings.Contains(string(b), plain) {
				t.Errorf("%q stands in the log", plain)
			}
		}
	}
	var moved [][]byte // a value opens in its own place alone
	w.View().Headers(w.subject(patient), nil, func(a raftfsm.Attributes, sealed []byte) bool {
		moved = append(moved, sealed)
		return true
	})
	if _, err := w.ring.Open(sealing.Headers, sealing.Place(w.subject(another), [16]byte{1}), moved[0]); err == nil {
		t.Error("a header opens under another patient")
	}
}

func TestPutEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.in.Put(ctx, request(answer("OK", rec("D1")))); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
