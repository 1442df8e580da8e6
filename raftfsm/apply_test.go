package raftfsm

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"

	"tvilling/raftfsm/command"
)

const done, refused, stale, invalid = command.StatusDone, command.StatusRefused, command.StatusStale, command.StatusInvalid

type listed struct {
	Contract, Key byte
	Rev           uint64
	Header        string
}

func list(v *View, subject byte, contracts []uint8) []listed {
	var all []listed
	v.Headers(key(subject), contracts, func(a Attributes, header []byte) bool {
		all = append(all, listed{a.Contract, a.Key[0], a.Rev, string(header)})
		return true
	})
	return all
}

func setsOf(t *testing.T, f *FSM) []SetStatus {
	t.Helper()
	v, err := f.View()
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	return v.Sets(key(1))
}

func TestPutSnapshot(t *testing.T) {
	f := fresh(t)
	register(t, f) // index 1
	follower := f.Feed().Follow(key(1))
	defer follower.Close()

	got := one(t, f, command.KindPutSnapshot, put(1, true, document(1, 1), document(2, 1)))
	if want := (command.Result{Status: done, Index: 2, Changed: 2}); got != want {
		t.Errorf("first: %+v", got)
	}
	again := put(1, true, document(1, 1), document(2, 1))
	again.At++
	again.Documents[0].Header = []byte("sealed anew") // a new nonce: equal all the same
	if got, want := one(t, f, command.KindPutSnapshot, again), (command.Result{Status: done, Index: 3, Unchanged: 2}); got != want {
		t.Errorf("the same again: %+v", got)
	}
	older := put(1, true, document(1, 1), document(2, 1))
	older.At--
	older.Documents[1].CareUnit = "SE-U2" // the gate compares it, so it counts beside the digest
	if got, want := one(t, f, command.KindPutSnapshot, older), (command.Result{Status: done, Index: 4, Changed: 1, Unchanged: 1}); got != want {
		t.Errorf("another unit: %+v", got)
	}
	if got := setsOf(t, f)[0].LastSuccess; got != asOf+1 {
		t.Errorf("an older answer took the time of success back to %d", got-asOf)
	}
	partial := put(1, false, document(3, 1), document(1, 2))
	if got, want := one(t, f, command.KindPutSnapshot, partial), (command.Result{Status: done, Index: 5, Changed: 2}); got != want {
		t.Errorf("partial: %+v", got)
	}
	last := put(1, true, document(1, 2))
	last.Keep = [][16]byte{key(3)}
	last.At += 5
	if got, want := one(t, f, command.KindPutSnapshot, last), (command.Result{Status: done, Index: 6, Unchanged: 1, Removed: 1}); got != want {
		t.Errorf("complete: %+v", got)
	}
	failed := command.PutSnapshot{Subject: key(1), Contract: 1, Source: source, Failed: true, At: asOf + 9}
	one(t, f, command.KindPutSnapshot, failed)

	v := view(t, f)
	if diff := cmp.Diff([]listed{{1, 1, 5, "h\x01\x02"}, {1, 3, 5, "h\x03\x01"}}, list(v, 1, nil)); diff != "" {
		t.Errorf("documents:\n%s", diff)
	}
	sets := []SetStatus{{Contract: 1, Source: source, LastSuccess: asOf + 5, LastFailure: asOf + 9, Index: 7, Count: 2}}
	if diff := cmp.Diff(sets, v.Sets(key(1))); diff != "" {
		t.Errorf("sets:\n%s", diff)
	}
	changes := []Change{
		{Index: 2, Kind: 1, Subject: key(1), Contract: 1, Upserted: [][16]byte{key(1), key(2)}},
		{Index: 4, Kind: 1, Subject: key(1), Contract: 1, Upserted: [][16]byte{key(2)}},
		{Index: 5, Kind: 1, Subject: key(1), Contract: 1, Upserted: [][16]byte{key(3), key(1)}},
		{Index: 6, Kind: 1, Subject: key(1), Contract: 1, Removed: [][16]byte{key(2)}},
	}
	if diff := cmp.Diff(changes, drain(t, follower)); diff != "" {
		t.Errorf("changes:\n%s", diff)
	}
}

// A set that comes in parts is written by one writer while another replaces it: the
// last part of the first must not complete what is no longer whole.
func TestACompleteAnswerWhoseKeptDocumentsAreGoneIsStale(t *testing.T) {
	f := fresh(t)
	register(t, f)
	follower := f.Feed().Follow(key(1))
	defer follower.Close()
	last := put(1, true, document(3, 1))
	last.Keep = [][16]byte{key(1), key(2), key(3)}

	one(t, f, command.KindPutSnapshot, put(1, false, document(1, 1), document(2, 1)))
	one(t, f, command.KindPutSnapshot, put(1, true, document(2, 1), document(9, 1))) // another writer, whose answer lacks 1
	drain(t, follower)
	before, sets := list(view(t, f), 1, nil), setsOf(t, f)
	if got, want := one(t, f, command.KindPutSnapshot, last), (command.Result{Status: stale, Index: 4}); got != want {
		t.Errorf("a kept document is gone: %+v, want %+v", got, want)
	}
	if diff := cmp.Diff(before, list(view(t, f), 1, nil)); diff != "" {
		t.Errorf("a stale answer changed documents:\n%s", diff)
	}
	if diff := cmp.Diff(sets, setsOf(t, f)); diff != "" {
		t.Errorf("a stale answer changed the set's status:\n%s", diff)
	}
	if changes := drain(t, follower); len(changes) != 0 {
		t.Errorf("a stale answer is told of: %v", changes)
	}

	elsewhere := put(1, false, document(1, 1))
	elsewhere.Contract = 2
	one(t, f, command.KindPutSnapshot, elsewhere) // the same key under another contract keeps nothing here
	if got := one(t, f, command.KindPutSnapshot, last); got.Status != stale {
		t.Errorf("kept by another contract's document: %+v", got)
	}

	f = fresh(t)
	register(t, f)
	one(t, f, command.KindPutSnapshot, put(1, false, document(1, 1), document(2, 1), document(9, 1)))
	if got, want := one(t, f, command.KindPutSnapshot, last), (command.Result{Status: done, Index: 3, Changed: 1, Removed: 1}); got != want {
		t.Errorf("all that is kept is there: %+v, want %+v", got, want)
	}
	last.Complete, last.Keep = false, nil
	if got := one(t, f, command.KindPutSnapshot, last); got.Status != done {
		t.Errorf("an answer that deletes nothing: %+v", got)
	}
}

func TestDocumentAndHeaders(t *testing.T) {
	f := fresh(t)
	register(t, f)
	for _, contract := range []uint8{1, 2, 5} {
		p := put(1, true, document(contract, 1), document(contract+100, 1))
		p.Contract = contract
		one(t, f, command.KindPutSnapshot, p)
	}
	v := view(t, f)
	a, header, body, ok := v.Document(key(1), key(102))
	want := Attributes{Key: key(102), Contract: 2, Source: source, CareProvider: "SE-P", CareUnit: "SE-U", Time: 102, Rev: 3}
	if !ok || a != want || string(header) != "hf\x01" || string(body) != "bf\x01" {
		t.Errorf("Document = %+v %q %q %v", a, header, body, ok)
	}
	if _, _, _, ok := v.Document(key(2), key(102)); ok {
		t.Error("the document of another subject")
	}
	tests := []struct {
		contracts []uint8
		want      []byte
	}{
		{nil, []byte{1, 101, 2, 102, 5, 105}},
		{[]uint8{}, nil},
		{[]uint8{5, 1, 5}, []byte{1, 101, 5, 105}},
		{[]uint8{3}, nil},
	}
	for _, tt := range tests {
		var got []byte
		for _, l := range list(v, 1, tt.contracts) {
			got = append(got, l.Key)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Headers(%v):\n%s", tt.contracts, diff)
		}
	}
	var count int
	v.Headers(key(1), []uint8{1, 2}, func(Attributes, []byte) bool { count++; return false })
	if count != 1 {
		t.Errorf("a scan that was ended went on: %d", count)
	}
}

func TestSourceRights(t *testing.T) {
	f := fresh(t)
	status := func(p command.PutSnapshot) command.Status { return one(t, f, command.KindPutSnapshot, p).Status }
	if got := status(put(1, true, document(1, 1))); got != refused {
		t.Errorf("unregistered: %d", got)
	}
	registration := command.RegisterSource{Source: source, Agent: "SE-AGENT", Contracts: []uint8{1}}
	one(t, f, command.KindRegisterSource, registration)
	if r := one(t, f, command.KindRegisterSource, registration); r.Unchanged != 1 || r.Changed != 0 {
		t.Errorf("registered again: %+v", r)
	}
	if got := status(put(1, true, document(1, 1))); got != done {
		t.Errorf("registered: %d", got)
	}
	other := put(1, true, document(2, 1))
	other.Contract = 2
	if got := status(other); got != refused {
		t.Errorf("another contract: %d", got)
	}
	one(t, f, command.KindRegisterSource, command.RegisterSource{Source: "SE-OTHER", Contracts: []uint8{1, 2}})
	theft := put(1, true, document(1, 2))
	theft.Source = "SE-OTHER"
	if got := status(theft); got != refused {
		t.Errorf("another source's document: %d", got)
	}
	theft.Contract = 2
	if got := status(theft); got != refused {
		t.Errorf("another contract's document: %d", got)
	}
	registration.Contracts = []uint8{1, 2}
	one(t, f, command.KindRegisterSource, registration)
	theft.Source = source
	if got := status(theft); got != refused {
		t.Errorf("its own document of another contract: %d", got)
	}
	registration.Withdrawn = true
	one(t, f, command.KindRegisterSource, registration)
	if got := status(put(1, true)); got != refused {
		t.Errorf("withdrawn: %d", got)
	}
	v := view(t, f)
	if got := list(v, 1, nil); len(got) != 1 {
		t.Errorf("documents of a withdrawn source: %v", got)
	}
	if got, ok := v.Source(source); !ok || !cmp.Equal(got, registration) {
		t.Errorf("Source = %+v", got)
	}
	if got := v.Sources(); len(got) != 2 || got[0].Source != "SE-OTHER" {
		t.Errorf("Sources = %+v", got)
	}
	if _, ok := v.Source("SE-NOBODY"); ok {
		t.Error("an unknown source")
	}
}

func TestDropSourceAndErase(t *testing.T) {
	f := fresh(t)
	register(t, f)
	one(t, f, command.KindRegisterSource, command.RegisterSource{Source: "SE-OTHER", Contracts: []uint8{1}})
	for _, subject := range []byte{1, 2} {
		one(t, f, command.KindPutSnapshot, put(subject, true, document(subject, 1), document(subject+10, 1)))
		other := put(subject, true, document(subject+100, 1))
		other.Source = "SE-OTHER"
		one(t, f, command.KindPutSnapshot, other)
	}
	one(t, f, command.KindBlockPage, command.FeedPage{Upserts: []command.Row{row(1, 7, 1), row(2, 7, 1)}, AsOf: 1})
	one(t, f, command.KindRecordEvent, command.RecordEvent{Entry: logEntry(1, 1)})
	reader := f.Feed().Follow()
	defer reader.Close()

	if got := one(t, f, command.KindDropSource, command.DropSource{Source: source}); got.Removed != 4 {
		t.Errorf("drop: %+v", got)
	}
	if got := one(t, f, command.KindErasePatient, command.ErasePatient{Subject: key(1)}); got.Removed != 2 {
		t.Errorf("erase: %+v", got)
	}
	v := view(t, f)
	if got := list(v, 1, nil); got != nil {
		t.Errorf("erased: %v", got)
	}
	if got := list(v, 2, nil); len(got) != 1 || got[0].Key != 102 {
		t.Errorf("of the other source: %v", got)
	}
	if got := v.Sets(key(1)); got != nil {
		t.Errorf("sets of the erased: %v", got)
	}
	if got := v.Log(0, 10); len(got) != 1 {
		t.Errorf("the access log lost entries: %v", got)
	}
	if v.Revision(key(1)) != v.Index() || v.Revision(key(2)) != 7 {
		t.Errorf("revisions %d and %d at %d", v.Revision(key(1)), v.Revision(key(2)), v.Index())
	}
	if _, ok := v.Source(source); ok {
		t.Error("the dropped source is registered still")
	}
	want := []Change{
		{Index: 9, Kind: 2, Subject: key(1), Contract: 1, Removed: [][16]byte{key(1), key(11)}},
		{Index: 9, Kind: 2, Subject: key(2), Contract: 1, Removed: [][16]byte{key(2), key(12)}},
		{Index: 10, Kind: 3, Subject: key(1), Removed: [][16]byte{key(101), key(7)}},
	}
	if diff := cmp.Diff(want, drain(t, reader)); diff != "" {
		t.Errorf("changes:\n%s", diff)
	}
}

func TestIntents(t *testing.T) {
	f := fresh(t)
	register(t, f)
	c := command.Command{Kind: command.KindPutSnapshot, Intent: key(1), Body: put(1, true, document(1, 1))}
	first := do(t, f, c)[0]
	other := do(t, f, command.Command{Kind: command.KindPutSnapshot, Body: put(1, true, document(2, 1))})[0]
	if first.Repeated || other.Repeated {
		t.Error("a first result is not a repeated one")
	}
	want := first
	want.Repeated = true
	for range 2 {
		if got := do(t, f, c)[0]; got != want {
			t.Errorf("repeated: %+v, first %+v", got, first)
		}
	}
	twice := command.Command{Kind: command.KindCanary, Intent: key(2), Body: command.Canary{Node: "a1"}}
	if got := do(t, f, twice, twice); got[0].Repeated || !got[1].Repeated || got[1].Index != got[0].Index {
		t.Errorf("twice in one entry: %+v", got)
	}
	none := command.Command{Kind: command.KindCanary, Body: command.Canary{Node: "a1"}}
	if got := do(t, f, none, none); got[1].Repeated {
		t.Errorf("no intent is remembered: %+v", got)
	}
	if got := list(view(t, f), 1, nil); len(got) != 1 || got[0].Key != 2 {
		t.Errorf("a repeated intent was applied: %v", got)
	}
}

func TestIntentsAreBounded(t *testing.T) {
	f := fresh(t)
	f.intents.limit = 10
	intent := func(n byte) command.Command {
		return command.Command{Kind: command.KindCanary, Intent: key(n), Body: command.Canary{Node: "a1"}}
	}
	for n := byte(1); n <= 30; n += 3 {
		do(t, f, intent(n), intent(n+1), intent(n+2))
	}
	if got := len(f.intents.results); got != 9 {
		t.Errorf("%d intents are remembered", got)
	}
	if got := do(t, f, intent(22))[0]; !got.Repeated {
		t.Error("an intent within the limit is forgotten")
	}
	if got := do(t, f, intent(1))[0]; got.Repeated {
		t.Error("the oldest intent is remembered")
	}
	if err := f.Verify(); err != nil {
		t.Error(err)
	}
}

func TestAppliedAgain(t *testing.T) {
	f := fresh(t)
	register(t, f)
	c := command.Command{Kind: command.KindPutSnapshot, Intent: key(1), Body: put(1, true, document(1, 1))}
	do(t, f, c)
	_, before := f.StateHash()
	answers := f.ApplyBatch([]*raft.Log{
		entry(t, 1, command.Command{Kind: command.KindCanary, Body: command.Canary{Node: "a1"}}),
		entry(t, 2, c),
	})
	want := []any{
		[]command.Result{{}},
		[]command.Result{{Status: done, Index: 2, Changed: 1, Repeated: true}},
	}
	if diff := cmp.Diff(want, answers); diff != "" {
		t.Error(diff)
	}
	if index, after := f.StateHash(); index != 2 || after != before {
		t.Error("applying again changed the state")
	}
}

func TestRecordAccess(t *testing.T) {
	f := fresh(t) // patient 1, actor 2
	access := func(decided uint64, permit bool, id byte) command.Result {
		t.Helper()
		return one(t, f, command.KindRecordAccess, command.RecordAccess{
			DecidedAt: decided, Patient: key(1), Actor: key(2), Permit: permit, Entry: logEntry(1, id),
		})
	}
	block := func(subject, digest byte) {
		t.Helper()
		one(t, f, command.KindBlockPage, command.FeedPage{Upserts: []command.Row{row(subject, 1, digest)}, AsOf: 1})
	}
	if got := access(0, true, 1); got.Status != done || got.Sequence != 1 {
		t.Errorf("nothing changed: %+v", got)
	}
	block(1, 1) // 2
	if got := access(1, true, 2); got.Status != stale || got.Sequence != 0 {
		t.Errorf("decided before a block of the patient: %+v", got)
	}
	if got := access(1, false, 3); got.Status != done || got.Sequence != 2 {
		t.Errorf("a denial: %+v", got)
	}
	if got := access(2, true, 4); got.Status != done {
		t.Errorf("decided after the block: %+v", got)
	}
	one(t, f, command.KindCommissionPage, command.FeedPage{Upserts: []command.Row{row(2, 1, 1)}, AsOf: 1}) // 6
	if got := access(5, true, 5); got.Status != stale {
		t.Errorf("decided before the actor's commission changed: %+v", got)
	}
	block(3, 1) // 8: another patient
	block(1, 1) // 9: unchanged
	if got := access(6, true, 5); got.Status != done {
		t.Errorf("decided after all that it rests on: %+v", got)
	}
	if got := access(11, true, 6); got.Status != invalid {
		t.Errorf("decided on a view of the future: %+v", got)
	}
	first := command.Result{Status: done, Index: 1, Sequence: 1, Repeated: true}
	if got := access(0, true, 1); got != first {
		t.Errorf("the same log entry again: %+v", got)
	}
	var ids []byte
	v := view(t, f)
	for i, l := range v.Log(0, 100) {
		ids = append(ids, l.ID[0])
		if l.Sequence != uint64(i+1) || l.Subject != key(1) || string(l.Sealed) != string([]byte{'l', l.ID[0]}) {
			t.Errorf("log entry %d: %+v", i, l)
		}
	}
	if diff := cmp.Diff([]byte{1, 3, 4, 5}, ids); diff != "" {
		t.Errorf("access log:\n%s", diff)
	}
	if got := v.Log(2, 1); len(got) != 1 || got[0].Sequence != 3 {
		t.Errorf("Log(2, 1) = %+v", got)
	}
	if got := v.LogOf(key(1), 3, 10); len(got) != 1 || got[0].Sequence != 4 || v.LogLength() != 4 {
		t.Errorf("LogOf = %+v", got)
	}
	if got := v.LogOf(key(2), 0, 10); got != nil {
		t.Errorf("LogOf another = %+v", got)
	}
}

func TestConsents(t *testing.T) {
	f := fresh(t)
	reader := f.Feed().Follow(key(1))
	defer reader.Close()
	begin := command.RegisterConsent{Actor: key(9), Row: row(1, 5, 1), Entry: logEntry(1, 1)}
	if got, want := one(t, f, command.KindRegisterConsent, begin), (command.Result{Status: done, Index: 1, Sequence: 1, Changed: 1}); got != want {
		t.Errorf("register: %+v", got)
	}
	end := command.EndConsent{Actor: key(9), Rows: []command.RowKey{{Subject: key(1), Key: key(5)}, {Subject: key(1), Key: key(6)}}, Entry: logEntry(1, 2)}
	if got, want := one(t, f, command.KindEndConsent, end), (command.Result{Status: done, Index: 2, Sequence: 2, Removed: 1}); got != want {
		t.Errorf("end: %+v", got)
	}
	if got := one(t, f, command.KindRegisterConsent, begin); !got.Repeated || got.Index != 1 {
		t.Errorf("a consent that ended came back with its first log entry: %+v", got)
	}
	v := view(t, f)
	v.Rows(Consents, key(1), func([16]byte, []byte) bool { t.Error("a row is left"); return false })
	if got := v.Revision(key(1)); got != 2 {
		t.Errorf("revision %d", got)
	}
	want := []Change{
		{Index: 1, Kind: 20, Subject: key(1), Upserted: [][16]byte{key(5)}},
		{Index: 2, Kind: 21, Subject: key(1), Removed: [][16]byte{key(5)}},
	}
	if diff := cmp.Diff(want, drain(t, reader)); diff != "" {
		t.Error(diff)
	}
}

// P2: nobody gives themselves access on what has changed meanwhile; giving it up is
// never too late.
func TestAConsentIsDecidedOnWhatStillHolds(t *testing.T) {
	f := fresh(t)
	attest := func(decidedAt uint64, id byte) command.Result {
		t.Helper()
		return one(t, f, command.KindRegisterConsent, command.RegisterConsent{DecidedAt: decidedAt, Actor: key(9), Row: row(1, id, 1), Entry: logEntry(1, id)})
	}
	end := func(decidedAt uint64, consent, id byte) command.Result {
		t.Helper()
		return one(t, f, command.KindEndConsent, command.EndConsent{DecidedAt: decidedAt, Actor: key(9), Rows: []command.RowKey{{Subject: key(1), Key: key(consent)}}, Entry: logEntry(1, id)})
	}
	one(t, f, command.KindCommissionPage, command.FeedPage{Upserts: []command.Row{row(9, 1, 1)}, AsOf: 1}) // 1
	if got := attest(1, 5); got.Status != done || got.Sequence != 1 {
		t.Errorf("nothing changed: %+v", got)
	}
	one(t, f, command.KindCommissionPage, command.FeedPage{Removes: []command.RowKey{{Subject: key(9), Key: key(1)}}, AsOf: 1}) // 3
	if got := attest(2, 6); got != (command.Result{Status: stale, Index: 4}) {
		t.Errorf("the actor's commission was taken away: %+v", got)
	}
	one(t, f, command.KindBlockPage, command.FeedPage{Upserts: []command.Row{row(1, 1, 1)}, AsOf: 1}) // 5
	if got := attest(4, 6); got.Status != stale {
		t.Errorf("the patient's blocks changed: %+v", got)
	}
	if got := rowsOf(view(t, f), Consents, 1); got != "51 " {
		t.Errorf("consents that stand: %q", got)
	}
	if got := end(1, 5, 7); got.Status != done || got.Removed != 1 {
		t.Errorf("an end, decided long ago: %+v", got)
	}
	for _, got := range []command.Result{attest(100, 8), end(100, 5, 8)} {
		if got.Status != invalid {
			t.Errorf("decided on a view of the future: %+v", got)
		}
	}
}

func rowsOf(v *View, p Projection, subject byte) string {
	var all []byte
	v.Rows(p, key(subject), func(k [16]byte, sealed []byte) bool {
		all = append(all, k[0]+'0', sealed[1]+'0', ' ')
		return true
	})
	return string(all)
}

// A leader's clock may have been wrong by a year: a page that says nothing but an older
// time is believed, since that only denies more.
func TestAProjectionsTimeIsTakenBack(t *testing.T) {
	f := fresh(t)
	for i, c := range []struct {
		page command.FeedPage
		want int64
	}{
		{command.FeedPage{AsOf: 90, Watermark: "w"}, 90},
		{command.FeedPage{AsOf: 20, Watermark: "older"}, 90},
		{command.FeedPage{AsOf: 20, Watermark: "w", Upserts: []command.Row{row(1, 1, 1)}}, 90},
		{command.FeedPage{AsOf: 20, Watermark: "w", Removes: []command.RowKey{row(1, 1, 1).RowKey}}, 90},
		{command.FeedPage{AsOf: 20, Watermark: "w"}, 20},
		{command.FeedPage{AsOf: 21, Watermark: "w2"}, 21},
	} {
		one(t, f, command.KindBlockPage, c.page)
		v := view(t, f)
		if at, _, known := v.Freshness(Blocks); at != c.want || !known {
			t.Errorf("after page %d: as of %d, %t; want %d", i+1, at, known, c.want)
		}
		v.Close()
	}
}

func TestFeedPages(t *testing.T) {
	f := fresh(t)
	page := func(p command.FeedPage) command.Result { t.Helper(); return one(t, f, command.KindBlockPage, p) }
	fresh := func(want int64, mark string, known bool) {
		t.Helper()
		v, err := f.View()
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		if at, w, ok := v.Freshness(Blocks); at != want || w != mark || ok != known {
			t.Errorf("at %d: freshness %d %q %v, want %d %q %v", v.Index(), at, w, ok, want, mark, known)
		}
	}
	rows := func(all ...command.Row) []command.Row { return all }
	fresh(0, "", false)
	page(command.FeedPage{Upserts: rows(row(1, 1, 1), row(1, 2, 1), row(2, 3, 1)), AsOf: 10}) // 1
	fresh(10, "", true)
	page(command.FeedPage{Upserts: rows(row(1, 4, 1)), AsOf: 12, Watermark: "w1"}) // 2
	fresh(12, "w1", true)

	reader := f.Feed().Follow(key(1), key(2))
	defer reader.Close()
	got := page(command.FeedPage{
		Upserts: rows(row(1, 1, 1), row(1, 2, 2)), Removes: []command.RowKey{{Subject: key(2), Key: key(3)}, {Subject: key(2), Key: key(8)}},
		AsOf: 20, Watermark: "w2",
	})
	if want := (command.Result{Status: done, Index: 3, Changed: 1, Unchanged: 1, Removed: 1}); got != want {
		t.Errorf("increment: %+v", got)
	}
	fresh(20, "w2", true)
	page(command.FeedPage{AsOf: 19, Watermark: "older"}) // 4
	fresh(20, "w2", true)
	v := view(t, f)
	if got := rowsOf(v, Blocks, 1) + "|" + rowsOf(v, Blocks, 2); got != "11 22 41 |" {
		t.Errorf("rows: %q", got)
	}
	if v.Revision(key(1)) != 3 || v.Revision(key(2)) != 3 {
		t.Errorf("revisions %d, %d", v.Revision(key(1)), v.Revision(key(2)))
	}
	want := []Change{
		{Index: 3, Kind: 10, Subject: key(1), Upserted: [][16]byte{key(2)}},
		{Index: 3, Kind: 10, Subject: key(2), Removed: [][16]byte{key(3)}},
	}
	if diff := cmp.Diff(want, drain(t, reader)); diff != "" {
		t.Error(diff)
	}
}

// Numbered pages follow each other without a gap: what strays in of another leader, or
// comes twice, changes nothing.
func TestNumberedPages(t *testing.T) {
	f := open(t, t.TempDir())
	page := func(number uint64, rows ...command.Row) command.Status {
		return one(t, f, command.KindConsentPage, command.FeedPage{Number: number, Upserts: rows, AsOf: 7, Watermark: "w"}).Status
	}
	for i, c := range []struct {
		number uint64
		want   command.Status
	}{{2, refused}, {1, done}, {1, refused}, {2, done}, {4, refused}, {0, done}, {3, done}} {
		if got := page(c.number, row(1, byte(i+1), 1)); got != c.want {
			t.Errorf("page %d, number %d: %v, want %v", i, c.number, got, c.want)
		}
	}
	var all []byte
	v := view(t, f)
	if n := v.FeedNumber(Consents); n != 3 {
		t.Errorf("the latest page has number %d", n)
	}
	v.EveryRow(Consents, func(k command.RowKey, digest [16]byte, sealed []byte) bool {
		if want := row(1, k.Key[0], 1); k.Subject != key(1) || digest != want.Digest || string(sealed) != string(want.Sealed) {
			t.Errorf("row %v: %x %q", k, digest, sealed)
		}
		all = append(all, k.Key[0])
		return len(all) < 3
	})
	if diff := cmp.Diff([]byte{2, 4, 6}, all); diff != "" {
		t.Error(diff)
	}
	v.EveryRow(projectionEnd, func(command.RowKey, [16]byte, []byte) bool { t.Error("a row of nothing"); return true })
}

func TestProjectionsAreApart(t *testing.T) {
	f := fresh(t)
	for i, kind := range []command.Kind{command.KindBlockPage, command.KindConsentPage, command.KindRelationPage, command.KindCommissionPage, command.KindPersonPage} {
		one(t, f, kind, command.FeedPage{Upserts: []command.Row{row(1, byte(i+1), 1)}, AsOf: int64(i + 1)})
	}
	v := view(t, f)
	for i, p := range []Projection{Blocks, Consents, Relations, Commissions, Persons} {
		if got, want := rowsOf(v, p, 1), string([]byte{byte(i + '1'), '1', ' '}); got != want {
			t.Errorf("projection %d: %q", p, got)
		}
		if at, _, known := v.Freshness(p); at != int64(i+1) || !known {
			t.Errorf("freshness of %d: %d %v", p, at, known)
		}
	}
	v.Rows(0, key(1), func([16]byte, []byte) bool { t.Error("rows of no projection"); return false })
	v.Rows(99, key(1), func([16]byte, []byte) bool { t.Error("rows of no projection"); return false })
}

func TestInvalidIsAResult(t *testing.T) {
	f := fresh(t)
	b := []byte{0x94, 1, 1, 0, 0x91, 0x94, byte(command.KindErasePatient), 1, 0xc4, 16}
	b = append(append(append(b, make([]byte, 16)...), 0x91, 0xc4, 16), make([]byte, 16)...)
	got := f.Apply(&raft.Log{Type: raft.LogCommand, Index: 1, Term: 1, Data: b})
	if diff := cmp.Diff([]command.Result{{Status: invalid, Index: 1}}, got); diff != "" {
		t.Error(diff)
	}
	if f.Err() != nil {
		t.Error("a meaningless command stopped the state machine")
	}
}

func TestActivate(t *testing.T) {
	f := fresh(t)
	if f.Level() != 1 || view(t, f).Level() != 1 {
		t.Errorf("level %d at first", f.Level())
	}
	if got := one(t, f, command.KindActivate, command.Activate{Level: 1}); got.Status != done || got.Unchanged != 1 {
		t.Errorf("the level that is active: %+v", got)
	}
	tx, err := f.store.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	m := newMachine(tx, f.intents)
	if r, err := m.activate(command.Activate{Level: 2}); err != nil || r.Status != done || levelOf(tx) != 2 {
		t.Errorf("a higher level: %+v %v", r, err)
	}
	if r, err := m.activate(command.Activate{Level: 1}); err != nil || r.Status != refused || levelOf(tx) != 2 {
		t.Errorf("a lower level: %+v %v", r, err)
	}
}

// What cannot be understood stops the state machine: what was before it in the batch is
// applied, nothing of it and nothing after it.
func TestUnknownStops(t *testing.T) {
	canary := func(kind, version, level byte) []byte {
		b := []byte{0x94, 1, level, 0, 0x91, 0x94, kind, version, 0xc4, 16}
		return append(append(b, make([]byte, 16)...), 0x92, 0xa1, 'n', 1)
	}
	activate, err := command.Encode(command.Entry{Commands: []command.Command{
		{Kind: command.KindRecordEvent, Body: command.RecordEvent{Entry: logEntry(1, 1)}},
		{Kind: command.KindActivate, Body: command.Activate{Level: command.Level + 1}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"kind", canary(99, 1, 1), command.ErrUnknownKind},
		{"version", canary(40, 2, 1), command.ErrUnknownVersion},
		{"level of the entry", canary(40, 1, byte(command.Level)+1), command.ErrUnknownLevel},
		{"level to activate", activate, command.ErrUnknownLevel},
		{"bytes", []byte{0xc1}, command.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := fresh(t)
			reader := f.Feed().Follow(key(1))
			event := func(index uint64, id byte) *raft.Log {
				return entry(t, index, command.Command{Kind: command.KindRecordEvent, Body: command.RecordEvent{Entry: logEntry(1, id)}})
			}
			answers := f.ApplyBatch([]*raft.Log{
				event(1, 1), {Type: raft.LogCommand, Index: 2, Term: 1, Data: tt.data}, event(3, 2),
			})
			if _, ok := answers[0].([]command.Result); !ok {
				t.Errorf("the entry before: %v", answers[0])
			}
			for _, answer := range append(answers[1:], f.Apply(event(3, 3))) {
				if err, ok := answer.(error); !ok || !errors.Is(err, tt.want) {
					t.Errorf("answer %v, want %v", answer, tt.want)
				}
			}
			if f.AppliedIndex() != 1 || !errors.Is(f.Err(), tt.want) {
				t.Errorf("at %d with %v", f.AppliedIndex(), f.Err())
			}
			<-f.Done()
			if err := f.WaitApplied(t.Context(), 2); !errors.Is(err, tt.want) {
				t.Errorf("WaitApplied = %v", err)
			}
			if _, err := f.View(); !errors.Is(err, tt.want) {
				t.Errorf("View = %v", err)
			}
			if _, err := reader.Next(t.Context()); !errors.Is(err, ErrClosed) {
				t.Errorf("Next = %v", err)
			}
			if err := f.Verify(); err != nil {
				t.Error(err)
			}
		})
	}
}
