package session

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

const minute = protocol.Instant(time.Minute / time.Millisecond)

func TestFreshnessOfASet(t *testing.T) {
	const day = 24 * 60 * minute
	at := 1000 * day
	for what, c := range map[string]struct {
		success, failure protocol.Instant
		want             protocol.SourceState
	}{
		"nothing is known":              {0, 0, protocol.SourceUnknown},
		"just now":                      {at, 0, protocol.SourceDirect},
		"a minute ago":                  {at - minute, 0, protocol.SourceDirect},
		"longer ago":                    {at - minute - 1, 0, protocol.SourceMirror},
		"a day ago":                     {at - day, 0, protocol.SourceMirror},
		"more than a day ago":           {at - day - 1, 0, protocol.SourceUnknown},
		"a little ahead":                {at + minute, 0, protocol.SourceDirect},
		"ahead of the clock":            {at + minute + 1, 0, protocol.SourceUnknown},
		"failed, and never well":        {0, at - day, protocol.SourceMirrorFailed},
		"failed since":                  {at - 2*minute, at - minute, protocol.SourceMirrorFailed},
		"failed at the same time":       {at - 2*minute, at - 2*minute, protocol.SourceMirrorFailed},
		"failed before, and well since": {at - 2*minute, at - 3*minute, protocol.SourceMirror},
		"failed long ago":               {at - 9*day, at - 8*day, protocol.SourceMirrorFailed},
	} {
		got := freshness(raftfsm.SetStatus{LastSuccess: int64(c.success), LastFailure: int64(c.failure)}, at)
		want := protocol.SourceRow{State: c.want, Synced: c.success}
		if c.want == protocol.SourceMirrorFailed {
			want.Failed = c.failure
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	a := protocol.SourceRow{State: protocol.SourceMirror, Synced: 5}
	b := protocol.SourceRow{State: protocol.SourceMirrorFailed, Synced: 3, Failed: 4}
	if got := worse(a, b); got != b || worse(b, a) != b {
		t.Errorf("together %+v", got)
	}
	b = protocol.SourceRow{}
	if got := worse(a, b); got != b {
		t.Errorf("with one that is not known %+v", got)
	}
}

// answers has the source answer whole.
func (w *world) answers(contract protocol.Contract, docs ...doc) {
	w.t.Helper()
	w.replace(contract, docs...)
}

// fails has the source not answer.
func (w *world) fails(contract protocol.Contract) {
	w.t.Helper()
	w.do(command.KindPutSnapshot, command.PutSnapshot{
		Subject: w.ring.Patient(patient), Contract: uint8(contract), Source: source, Failed: true, At: time.Now().UnixMilli(),
	})
}

func states(f protocol.Sources) (all []protocol.SourceState) {
	for _, r := range f.Rows {
		all = append(all, r.State)
	}
	return all
}

// How fresh the view is, is told with it, and when it changes, of what is shown alone.
func TestSources(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.keepFreshFor(t)
		began := now()
		w.answers(protocol.Diagnosis, ownDoc, otherDoc)
		w.answers(protocol.CareContacts, doc{protocol.CareContacts, "c", ownProvider, ownUnit, "kontakt"})
		w.consent("one", 0)
		b := opened(w)
		b.show(protocol.CareContacts, protocol.Diagnosis)
		expect[protocol.End](b)
		row := func(provider string, contract protocol.Contract, state protocol.SourceState) protocol.SourceRow {
			return protocol.SourceRow{CareProvider: provider, Contract: contract, State: state, Synced: began}
		}
		want := protocol.Sources{Generation: b.generation, Rows: []protocol.SourceRow{
			row(ownProvider, protocol.CareContacts, protocol.SourceDirect), row(ownProvider, protocol.Diagnosis, protocol.SourceDirect),
			row(otherProvider, protocol.Diagnosis, protocol.SourceDirect),
		}}
		if min(want.Rows[0].Contract, want.Rows[1].Contract) != want.Rows[0].Contract {
			want.Rows = []protocol.SourceRow{want.Rows[1], want.Rows[2], want.Rows[0]}
		}
		if diff := cmp.Diff(want, b.sourced()); diff != "" {
			t.Fatalf("with the view (-want +got):\n%s", diff)
		}
		b.beats(2 * time.Minute)
		if got := states(b.sources); got[0] != protocol.SourceMirror || got[1] != protocol.SourceMirror {
			t.Errorf("two minutes later: %v", got)
		}
		w.fails(protocol.Diagnosis)
		failed := now()
		b.beats(sourcesEvery + 2*beatEvery)
		failures := 0
		for _, r := range b.sources.Rows {
			if r.State == protocol.SourceMirrorFailed && r.Failed == failed && r.Synced == began {
				failures++
			}
		}
		if failures != 2 {
			t.Errorf("after a failure: %+v", b.sources.Rows)
		}
		w.unconsent("one")
		b.beats(3 * beatEvery)
		if len(b.sources.Rows) != 2 || b.sources.Generation != b.generation {
			t.Errorf("without the other's: %+v at %d", b.sources, b.generation)
		}
		b.hangUp()
	})
}

// What does not change is not told again.
func TestSourcesAreToldOnce(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.keepFreshFor(t)
		w.answers(protocol.Diagnosis, ownDoc)
		b := watching(w)
		b.beats(2 * time.Minute)
		heard := b.told(protocol.KindSources)
		for i := range 20 {
			w.put(doc{protocol.Diagnosis, "own", ownProvider, ownUnit, string(rune('a' + i))})
			b.beats(beatEvery)
		}
		if more := b.told(protocol.KindSources) - heard; more != 0 {
			t.Errorf("%d times more", more)
		}
		b.hangUp()
	})
}

// told counts the frames of a kind.
func (b *browser) told(kind protocol.Kind) (n int) {
	for _, raw := range b.heard {
		if must(protocol.DecodeFrame(raw)).Kind() == kind {
			n++
		}
	}
	return n
}

// P9: a care provider whose documents are all blocked is as one that has none, in every
// frame and in its time.
func TestBlockedSourcesAreAsNone(t *testing.T) {
	play := func(blocked bool) (said []string) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorldIn(t, t.TempDir(), nil)
			w.keepFreshFor(t)
			w.consent("one", 0)
			w.answers(protocol.Diagnosis, ownDoc)
			w.answers(protocol.CareContacts)
			if blocked {
				w.block("b")
				w.answers(protocol.Diagnosis, ownDoc, otherDoc)
				w.answers(protocol.CareContacts, doc{protocol.CareContacts, "c", otherProvider, otherUnit, "kontakt"})
			} else {
				w.answers(protocol.Diagnosis, ownDoc)
				w.answers(protocol.CareContacts)
			}
			b := opened(w)
			b.show(protocol.Diagnosis, protocol.CareContacts)
			expect[protocol.End](b)
			b.sourced()
			begun := time.Now()
			told := b.told(protocol.KindSources)
			for i := range 40 { // what is blocked changes, is removed and comes back
				time.Sleep(700 * time.Millisecond)
				docs := []doc{ownDoc}
				if blocked && i%3 > 0 {
					docs = append(docs, doc{protocol.Diagnosis, "other", otherProvider, otherUnit, string(rune('a' + i))})
				}
				w.answers(protocol.Diagnosis, docs...)
				for _, f := range b.quiet() {
					if _, beat := f.(protocol.Heartbeat); !beat {
						t.Errorf("blocked: %v; after %v comes %T", blocked, time.Since(begun), f)
					}
				}
				if n := b.told(protocol.KindSources); n != told {
					told = n
					said = append(said, fmt.Sprintf("%v %+v", time.Since(begun), b.sources))
				}
			}
			b.hangUp()
		})
		return said
	}
	none := play(false)
	if diff := cmp.Diff(none, play(true)); diff != "" || len(none) < 2 {
		t.Errorf("told %d times (-none +blocked):\n%s", len(none), diff)
	}
}

// P3: what is told of a view goes with it.
func TestSourcesGoWithTheView(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.answers(protocol.Diagnosis, ownDoc)
		b := opened(w)
		b.show(protocol.Diagnosis)
		synctest.Wait() // the view is queued, and none of it read
		w.unrelate()
		synctest.Wait()
		for _, f := range b.quiet() {
			if f.Kind() == protocol.KindSources {
				t.Error("told of a view that was withdrawn")
			}
		}
		if b.told(protocol.KindSources) != 0 || b.told(protocol.KindRevoke) != 1 {
			t.Errorf("%d times told, %d revoked", b.told(protocol.KindSources), b.told(protocol.KindRevoke))
		}
		b.hangUp()
	})
}

// A page of the version before gets none of the frames that came with this one, and may
// not ask for them.
func TestAnOlderPageGetsNoNewerFrames(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.answers(protocol.Diagnosis, ownDoc)
		b := dial(w)
		b.send(protocol.Hello{Version: 2, Person: doctorKey})
		expect[protocol.Welcome](b)
		b.send(protocol.Choose{Commission: commission})
		expect[protocol.Chosen](b)
		b.open(patient)
		expect[protocol.Opened](b)
		b.show(protocol.Diagnosis)
		expect[protocol.End](b)
		b.beats(time.Minute)
		for _, f := range []protocol.Frame{
			protocol.Trend{Request: 1, Generation: b.generation, Code: "NPU1"},
			protocol.Take{Request: 2, Generation: b.generation, How: protocol.TakePrint},
			protocol.Feedback{Request: 3, Grade: 5},
		} {
			b.send(f)
			b.refusedWith(protocol.FaultMalformed)
		}
		for _, raw := range b.heard {
			if kind := must(protocol.DecodeFrame(raw)).Kind(); kind > protocol.KindAnnouncements {
				t.Errorf("a frame of kind %d", kind)
			}
		}
		b.hangUp()
	})
}
