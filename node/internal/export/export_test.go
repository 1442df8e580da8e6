package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"tvilling/node/internal/logtest"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// national is a log that takes all of a batch or nothing, and nothing twice.
type national struct {
	mu     sync.Mutex
	posts  map[string]upstream.LogPost
	order  []string
	calls  int
	sizes  []int
	poison map[string]bool // ids that it does not take
	away   bool            // it cannot be reached
	deaf   int             // so many calls are stored, and their answers are lost
	broken bool            // it takes nothing
}

func (n *national) StoreLog(_ context.Context, posts []upstream.LogPost) (upstream.LogResult, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls++
	n.sizes = append(n.sizes, len(posts))
	if n.away {
		return upstream.LogResult{}, upstream.ErrUnavailable
	}
	for _, p := range posts {
		if _, there := n.posts[p.ID]; there || n.broken || n.poison[p.ID] || !proper(p) {
			return upstream.LogResult{}, upstream.ErrDuplicate
		}
	}
	for _, p := range posts {
		n.posts[p.ID] = p
		n.order = append(n.order, p.ID)
	}
	if n.deaf > 0 {
		n.deaf--
		return upstream.LogResult{}, upstream.ErrUnavailable
	}
	return upstream.LogResult{Stored: len(posts)}, nil
}

type world struct {
	t        testing.TB
	log      *logtest.Log
	ring     *sealing.Ring
	national *national
	x        *Exporter
	turn     *turn
	ids      []string // of the entries that are to be exported, in order
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ring, err := sealing.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, log: logtest.Open(t), ring: ring, national: &national{posts: map[string]upstream.LogPost{}, poison: map[string]bool{}}}
	w.x, err = New(Config{
		System: upstream.LogPlace{ID: "SE5565594230-BDV"}, State: w.log.FSM, Proposer: w.log, Ring: ring,
		Service: w.national, Intent: logtest.Intent, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.lead()
	return w
}

// lead begins a time of exporting: what was known beside the state is forgotten.
func (w *world) lead() { w.turn = &turn{Exporter: w.x, doubt: true} }

func id[T any](t testing.TB, parse func(string) (T, error), s string) T {
	t.Helper()
	v, err := parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func full(t testing.TB) record.Entry {
	e := record.Entry{At: 1_780_000_000_000, Activity: record.Read, Purpose: record.PurposeCare, Session: "s", Node: "a1", Note: "what a person wrote"}
	e.Actor.Employee = id(t, protocol.ParseEmployeeID, "NURSE")
	e.Actor.CareProvider, e.Actor.CareProviderName = id(t, protocol.ParseCareProviderID, "OWN"), "The own one"
	e.Actor.CareUnit = id(t, protocol.ParseCareUnitID, "UNIT")
	e.Patient = id(t, protocol.ParsePatientID, "199701062383")
	e.Decision = record.Decision{Permit: true, Reason: "with consent", Basis: protocol.BasisConsent, DecidedAt: 7}
	e.Scope.Resources = []record.Resource{{Contract: uint8(protocol.FunctionalStatus), CareProvider: "OTHER", CareUnit: "THERE"}}
	return e
}

// add puts entries in the log.
func (w *world) add(n int, spoil func(*record.Entry)) {
	w.t.Helper()
	for range n {
		e := full(w.t)
		if spoil != nil {
			spoil(&e)
		}
		intent := logtest.Intent()
		e.ID = intent
		at := time.Now().UnixMilli()
		for i := range 6 {
			e.ID[i] = byte(at >> (40 - 8*i))
		}
		subject, plain := w.ring.Patient(e.Patient), record.Append(nil, e)
		w.log.Do(command.KindRecordEvent, command.RecordEvent{Entry: command.LogEntry{
			ID: e.ID, Subject: subject, Sealed: w.ring.SealLog(append(subject[:], e.ID[:]...), plain), Commitment: record.Commitment(plain),
		}})
		if _, ok := postOf(w.x.cfg.System, e); ok {
			w.ids = append(w.ids, record.UUID(e.ID))
		}
	}
}

// drain runs rounds until nothing is left, or one fails.
func (w *world) drain() error {
	for {
		more, err := w.turn.round(w.t.Context())
		if err != nil || !more {
			return err
		}
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// status is how far it is, with how many entries wait, and those refused.
func (w *world) status() (state raftfsm.ExportState, waiting uint64, refused []uint64) {
	v, err := w.log.FSM.View()
	w.must(err)
	defer v.Close()
	state = v.Export()
	return state, v.LogLength() - state.Through, v.ExportRefused(0, raftfsm.MaxLogPage)
}

// whole checks that the national log has every entry once, in order, but for those refused.
func (w *world) whole(refused ...uint64) {
	w.t.Helper()
	got, waiting, list := w.status()
	if waiting != 0 || got.Refused != uint64(len(refused)) || !slices.Equal(list, refused) {
		w.t.Errorf("state %+v, refused %v, want %v", got, list, refused)
	}
	var want []string
	for _, one := range w.ids {
		if !w.national.poison[one] {
			want = append(want, one)
		}
	}
	if !slices.Equal(w.national.order, want) {
		w.t.Errorf("the national log has %d posts, want %d in the log's order", len(w.national.order), len(want))
	}
}

func TestBatches(t *testing.T) {
	w := newWorld(t)
	w.add(1200, nil)
	w.must(w.drain())
	w.whole()
	if !slices.Equal(w.national.sizes, []int{500, 500, 200}) {
		t.Errorf("calls of %v posts, want 500, 500, 200", w.national.sizes)
	}
	w.must(w.drain())
	if w.national.calls != 3 {
		t.Error("a call about nothing")
	}
}

// The answer came and the leader went before it was noted: what is sent again is there,
// and that is success.
func TestCrashBeforeTheNote(t *testing.T) {
	w := newWorld(t)
	w.add(40, nil)
	w.log.Before(func(command.Command) error { return errors.New("leads no more") })
	if err := w.drain(); !errors.Is(err, errNotAcked) {
		t.Fatalf("error %v", err)
	}
	w.log.Before(nil)
	w.lead()
	w.add(3, nil)
	w.must(w.drain())
	w.whole()
	if want := 1 + 1 + 41 + 1; w.national.calls != want {
		t.Errorf("%d calls, want %d", w.national.calls, want)
	}
}

// Duplicates alone tell nothing: a log that refuses everything looks the same.
func TestNothingButRefusalsIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	w.add(30, nil)
	w.national.broken = true
	for range 3 {
		if err := w.drain(); !errors.Is(err, errUnproven) {
			t.Fatalf("error %v", err)
		}
	}
	if got, _, _ := w.status(); got.Through != 0 || got.Refused != 0 {
		t.Fatalf("a broken log was believed: %+v", got)
	}
	w.turn.doubt = false
	if err := w.drain(); !errors.Is(err, errRefuses) {
		t.Fatalf("without doubt: %v", err)
	}
	w.national.broken = false
	w.must(w.drain())
	w.whole()
}

func TestPoison(t *testing.T) {
	w := newWorld(t)
	w.add(5, nil)
	w.must(w.drain()) // no doubt any more
	w.add(100, nil)
	for _, at := range []int{5, 60, 104} {
		w.national.poison[w.ids[at]] = true
	}
	w.must(w.drain())
	w.whole(6, 61, 105)
	if w.national.calls > 60 {
		t.Errorf("%d calls for three posts", w.national.calls)
	}
	w.add(1, nil)
	w.must(w.drain())
	w.whole(6, 61, 105)
}

// A run of posts that the log does not take stops nothing but for a while: each round
// looks further, until one is taken.
func TestARunOfPoison(t *testing.T) {
	for _, run := range []int{maxUnproven + 2, 150, batchEntries - 1} {
		w := newWorld(t)
		w.add(5, nil)
		w.must(w.drain())
		w.add(batchEntries, nil)
		var refused []uint64
		for at := 5; at < 5+run; at++ {
			w.national.poison[w.ids[at]] = true
			refused = append(refused, uint64(at+1))
		}
		rounds := 1
		for ; w.drain() != nil && rounds < 20; rounds++ {
		}
		w.whole(refused...)
		if rounds > 7 {
			t.Errorf("a run of %d took %d rounds", run, rounds)
		}
	}
}

// What a log that takes nothing is asked is bounded, however long it lasts.
func TestALogThatTakesNothingIsAskedLittle(t *testing.T) {
	w := newWorld(t)
	w.add(batchEntries, nil)
	w.national.broken, w.turn.doubt = true, false
	for range 60 {
		if w.drain() == nil {
			t.Fatal("a broken log was believed")
		}
	}
	if each := w.national.calls / 60; each > batchEntries {
		t.Errorf("%d calls in each round", each)
	}
}

// Who proposed an entry sealed something else than what the tree commits to: it is told
// as soon as the entry is handed on, and the entry is not.
func TestAnEntryThatTheTreeDoesNotCommitTo(t *testing.T) {
	w := newWorld(t)
	w.add(1, nil)
	e := full(t)
	e.ID = logtest.Intent()
	subject, plain := w.ring.Patient(e.Patient), record.Append(nil, e)
	w.log.Do(command.KindRecordEvent, command.RecordEvent{Entry: command.LogEntry{
		ID: e.ID, Subject: subject, Sealed: w.ring.SealLog(append(subject[:], e.ID[:]...), plain), Commitment: record.Commitment([]byte("another")),
	}})
	w.add(1, nil)
	w.must(w.drain())
	w.whole(2)
}

func TestUnreadableEntriesAreCounted(t *testing.T) {
	w := newWorld(t)
	w.add(2, nil)
	e := command.LogEntry{ID: logtest.Intent(), Sealed: []byte("what is this, which no key opens, and is longer than sealing adds"), Commitment: [32]byte{1}}
	w.log.Do(command.KindRecordEvent, command.RecordEvent{Entry: e})
	w.add(2, nil)
	w.must(w.drain())
	w.whole(3)
}

// What a later release has recorded is not taken for something that is not handed on: it
// is counted among what is missing there.
func TestWhatALaterReleaseRecordedIsCounted(t *testing.T) {
	w := newWorld(t)
	w.add(1, nil)
	w.add(1, func(e *record.Entry) { e.Activity = 200 })
	w.add(1, nil)
	w.must(w.drain())
	w.whole(2)
}

func TestPassedOver(t *testing.T) {
	w := newWorld(t)
	w.add(3, func(e *record.Entry) { e.Activity = record.ViewRevoked })
	w.add(3, func(e *record.Entry) { e.Actor = record.Actor{Operator: "op"} })
	w.must(w.drain())
	w.whole()
	if w.national.calls != 0 {
		t.Error("what nobody did was sent")
	}
}

// A service that is away for 25 hours costs nothing but time; then it is caught up with.
func TestServiceAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.add(700, nil)
		w.national.away = true
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.x.Run(ctx) }()
		time.Sleep(25 * time.Hour)
		if got, waiting, _ := w.status(); got.Through != 0 || waiting != 700 {
			t.Errorf("state %+v, want nothing handed on, and 700 that wait", got)
		}
		w.national.mu.Lock()
		if w.national.calls > 25*60 {
			t.Errorf("%d calls in 25 hours", w.national.calls)
		}
		w.national.away = false
		w.national.mu.Unlock()
		time.Sleep(2 * retryCeiling)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		w.whole()
	})
}

// Whatever fails when, the national log has every entry once and in order, and what is
// refused is what it does not take.
func TestWhateverFails(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 6).Draw(r, "rounds") {
			n := rapid.IntRange(0, 30).Draw(r, "entries")
			w.add(n, nil)
			switch rapid.IntRange(0, 5).Draw(r, "what fails") {
			case 0:
				w.national.away = true
			case 1:
				w.national.deaf = rapid.IntRange(1, 3).Draw(r, "answers lost")
			case 2:
				w.log.Before(func(command.Command) error { return errors.New("leads no more") })
			case 3:
				w.lead()
			case 4:
				w.national.broken = true
			}
			_ = w.drain()
			w.national.away, w.national.broken, w.national.deaf = false, false, 0
			w.log.Before(nil)
			if rapid.Bool().Draw(r, "another leads") {
				w.lead()
			}
		}
		w.add(1, nil) // something is always new
		for range 3 {
			_ = w.drain()
		}
		w.t = &failing{t, r}
		w.whole()
	})
}

// failing fails a case instead of the test.
type failing struct {
	testing.TB
	r *rapid.T
}

func (f *failing) Errorf(format string, args ...any) { f.r.Fatalf(format, args...) }

func TestPosts(t *testing.T) {
	system := upstream.LogPlace{ID: "SYS"}
	e := full(t)
	p, ok := postOf(system, e)
	if !ok || !proper(p) || p.Activity.Type != "Läsa" || p.Activity.Level != "Medgiven, samtycke" || p.User.ID != "NURSE" || p.User.CareProvider.Name != "The own one" {
		t.Fatalf("post %+v", p)
	}
	if len(p.Resources) != 2 || p.Resources[0].Type != "fun-fun" || p.Resources[1].Type != "pad-pad" || p.Resources[0].CareProvider.ID != "OTHER" ||
		p.Resources[0].CareUnit.ID != "THERE" || p.Resources[0].Patient != e.Patient {
		t.Errorf("resources %+v", p.Resources)
	}
	if text := fmt.Sprintf("%+v", p); strings.Contains(text, e.Note) || strings.Contains(text, "199701062383") {
		t.Errorf("what a person wrote, or whom it is about, is in it: %s", text)
	}
	for name, c := range map[string]struct {
		spoil func(*record.Entry)
		kind  string // empty: passed over
		level string
		what  string
	}{
		"emergency":    {func(e *record.Entry) { e.Activity = record.EmergencyContent }, "Nödöppning", "Medgiven, samtycke", "fun-fun"},
		"open":         {func(e *record.Entry) { e.Activity, e.Scope.Resources = record.OpenPatient, nil }, "Läsa", "Medgiven, samtycke", "Patientöversikt"},
		"denied":       {func(e *record.Entry) { e.Decision, e.Scope.Resources = record.Decision{Reason: "no"}, nil }, "Läsa", "Nekad", "Patientöversikt"},
		"consent":      {func(e *record.Entry) { e.Activity, e.Scope.Resources = record.RegisterConsent, nil }, "Skriva", "Medgiven, samtycke", "Samtycke"},
		"end":          {func(e *record.Entry) { e.Activity, e.Scope.Resources = record.EndConsent, nil }, "Skriva", "Medgiven, samtycke", "Samtycke"},
		"log":          {func(e *record.Entry) { e.Activity, e.Scope.Resources = record.ReadLog, nil }, "Läsa", "Medgiven, samtycke", "Åtkomstlogg"},
		"review":       {func(e *record.Entry) { e.Activity, e.Scope.Resources = record.Review, nil }, "Skriva", "Medgiven, samtycke", "Åtkomstlogg"},
		"purpose":      {func(e *record.Entry) { e.Purpose = "Forskning" }, "Läsa", "Medgiven, samtycke", "fun-fun"},
		"revoked":      {func(e *record.Entry) { e.Activity = record.ViewRevoked }, "", "", ""},
		"unknown":      {func(e *record.Entry) { e.Activity = 99 }, "", "", ""},
		"nobody":       {func(e *record.Entry) { e.Actor.Employee = protocol.EmployeeID{} }, "", "", ""},
		"placeless":    {func(e *record.Entry) { e.Actor.CareUnit = protocol.CareUnitID{} }, "", "", ""},
		"providerless": {func(e *record.Entry) { e.Actor.CareProvider = protocol.CareProviderID{} }, "", "", ""},
	} {
		e := full(t)
		c.spoil(&e)
		p, ok := postOf(system, e)
		if ok != (c.kind != "") {
			t.Errorf("%s: exported %v", name, ok)
		} else if ok && (!proper(p) || p.Activity.Type != c.kind || p.Activity.Level != c.level || p.Resources[0].Type != c.what || !slices.Contains(purposes, p.Activity.Purpose)) {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
