package session

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// Three patients of whom who asks may see the same: all that one has is blocked, one
// has nothing, and one has nothing but blocks.
const (
	allBlocked = iota
	noDocuments
	onlyBlocks
)

// hide writes what the patient has and who asks does not see. Where a patient has
// less, something else is written, so that every index is the same.
func hide(w *world, kind int) {
	docs := []doc{
		otherDoc, {protocol.CareContacts, "o2", otherProvider, otherUnit, "kontakt"}, {protocol.VaccinationHistory, "o3", otherProvider, otherUnit, "vaccin"},
		sameDoc, lostDoc,
	}
	for _, d := range docs {
		if kind == allBlocked {
			w.put(d)
		} else {
			w.nothing()
		}
	}
	blocks := []projection.Block{
		{ID: "outer", CareProvider: otherProvider},
		{ID: "inner", Inner: true, CareProvider: ownProvider, CareUnit: sameUnit},
	}
	for _, b := range blocks {
		if kind == noDocuments {
			w.nothing()
		} else {
			w.blockOf(patient, b)
		}
	}
}

// nothing is an entry in the log that changes nothing.
func (w *world) nothing() {
	w.t.Helper()
	w.do(command.KindCanary, command.Canary{Node: "a1", Number: 1})
}

// trace is everything that a browser can see and count.
type trace struct {
	Frames    []string // as read, without what the node drew
	Sizes     []int
	Proposals int
	Commands  int
}

// ascend is the script: up the whole ladder, and away. unseen is the key of a document
// that is not shown, if there is one.
func ascend(b *browser, w *world, kind int, emergency bool) {
	unseen := protocol.DocumentKey{1, 2, 3}
	if kind == allBlocked {
		unseen = w.key(otherDoc)
	}
	b.greet(commission)
	b.open(patient)
	b.quiet()
	ask := func(what protocol.Question) {
		b.request++
		b.send(protocol.Ask{Request: b.request, What: what})
		b.quiet()
	}
	step := func(step protocol.EmergencyStep) {
		b.request++
		b.send(protocol.Emergency{Request: b.request, Step: step, Reason: "medvetslös"})
		b.quiet()
	}
	ask(protocol.AskOthers)
	ask(protocol.AskProviders) // without a basis
	if emergency {
		step(protocol.EmergencyProviders)
		ask(protocol.AskProviders)
		step(protocol.EmergencyContent)
	} else {
		b.request++
		b.send(protocol.Consent{Request: b.request, Days: 1})
		b.quiet()
	}
	ask(protocol.AskOthers)
	ask(protocol.AskProviders)
	b.show(protocol.Contracts()...)
	b.quiet()
	b.read(unseen)
	b.quiet()
	for range 3 {
		time.Sleep(beatEvery) // in the bubble nothing waits
		b.quiet()
	}
	if kind == noDocuments {
		w.nothing()
		w.nothing()
	} else {
		w.blockOf(patient, projection.Block{ID: "late", CareProvider: otherProvider})
		w.unblock("late")
	}
	if kind == allBlocked {
		changed := otherDoc
		changed.text = "en annans diagnos, ändrad"
		w.put(changed)
		w.replace(protocol.Diagnosis, changed) // what it has of its own, with the rest gone
	} else {
		w.nothing()
		w.nothing()
	}
	b.quiet()
	b.read(unseen)
	b.quiet()
	b.show(protocol.Diagnosis)
	b.quiet()
	b.send(protocol.EndConsent{Request: 99})
	b.quiet()
	time.Sleep(beatEvery)
	b.quiet()
	b.send(protocol.Leave{})
	b.quiet()
	time.Sleep(beatEvery)
	b.quiet()
	b.hangUp()
}

// climb runs the script in a world of its own.
func climb(t *testing.T, kind int, emergency bool) (seen trace) {
	scripted(t, func(t *testing.T, w *world) {
		hide(w, kind)
		b := dial(w)
		ascend(b, w, kind, emergency)
		for _, raw := range b.heard {
			f := must(protocol.DecodeFrame(raw))
			size := len(raw)
			switch v := f.(type) {
			case protocol.Refused:
				if v.ID == "" {
					t.Error("a refusal without an id")
				}
				v.ID = ""
				f = v
			case protocol.Told:
				if emergency && v.What == protocol.AskProviders {
					v.Providers, size = nil, 0 // an emergency may tell who has blocked
				}
				f = v
			}
			seen.Frames = append(seen.Frames, fmt.Sprintf("%T %+v", f, f))
			seen.Sizes = append(seen.Sizes, size)
		}
		seen.Proposals, seen.Commands = w.proposals, w.commands
	})
	return seen
}

// P9, frame by frame: a patient whose every document is blocked for who asks cannot be
// told from one who has none: not by what comes, nor by when, how often, how large or
// in which order, nor by how often the log is asked.
func TestBlockedAndNothingAreAlikeFrameByFrame(t *testing.T) {
	for name, emergency := range map[string]bool{"by consent": false, "in an emergency": true} {
		t.Run(name, func(t *testing.T) {
			want := climb(t, noDocuments, emergency)
			if len(want.Frames) < 15 {
				t.Fatalf("the script shows nothing: %d frames", len(want.Frames))
			}
			for other, kind := range map[string]int{"all blocked": allBlocked, "only blocks": onlyBlocks} {
				if diff := cmp.Diff(want, climb(t, kind, emergency)); diff != "" {
					t.Errorf("%s (-none +%s):\n%s", other, other, diff)
				}
			}
		})
	}
}

// descend lets documents that are on the screen, or on their way to it, disappear in one
// of the ways in which they may. There may be one that stays.
func descend(t *testing.T, stays, unread bool, vanish func(w *world)) (seen []string) {
	scripted(t, func(t *testing.T, w *world) {
		w.consent("one", 0)
		w.put(otherDoc, doc{protocol.Diagnosis, "o2", otherProvider, otherUnit, "en till"})
		if stays {
			w.put(ownDoc)
		}
		b := watching(w)
		b.quiet()
		before := len(b.heard)
		if unread {
			b.show(protocol.Diagnosis)
			synctest.Wait() // the view is queued, and nothing of it read
		}
		vanish(w)
		for range 3 {
			b.quiet()
			time.Sleep(beatEvery)
			b.quiet()
		}
		b.show(protocol.Diagnosis)
		b.quiet()
		b.hangUp()
		for _, raw := range b.heard[before:] {
			f := must(protocol.DecodeFrame(raw))
			switch v := f.(type) {
			case protocol.Revoke:
				f = protocol.Revoke{Generation: v.Generation, Next: v.Next, Index: v.Index, Fault: v.Fault, Documents: make([]protocol.DocumentKey, len(v.Documents))}
			case protocol.Chunk:
				f = protocol.Chunk{Generation: v.Generation, Items: make([]protocol.Item, len(v.Items))}
			case protocol.End:
				v.Digest = 0
				f = v
			case protocol.Heartbeat:
				v.Digest = 0
				f = v
			}
			seen = append(seen, fmt.Sprintf("%T %d %+v", f, len(raw), f))
		}
		seen = append(seen, fmt.Sprint(w.proposals, " proposals: ", w.activities()))
	})
	return seen
}

// P9, live: whether a document on the screen was blocked, removed by its source, or has
// become somebody's whose it cannot be shown of, it is taken in exactly the same way.
func TestWhatDisappearsDisappearsInOneWay(t *testing.T) {
	for _, c := range []struct{ stays, unread bool }{{true, false}, {false, false}, {true, true}, {false, true}} {
		kept := []doc{ownDoc}
		if !c.stays {
			kept = nil
		}
		want := descend(t, c.stays, c.unread, func(w *world) { w.replace(protocol.Diagnosis, kept...) })
		if len(want) < 5 {
			t.Fatalf("the script shows nothing: %q", want)
		}
		for name, vanish := range map[string]func(w *world){
			"blocked": func(w *world) { w.block("late") },
			"moved": func(w *world) {
				w.put(doc{protocol.Diagnosis, "other", "", "", "ingens"}, doc{protocol.Diagnosis, "o2", "", "", "ingens"})
			},
		} {
			if diff := cmp.Diff(want, descend(t, c.stays, c.unread, vanish)); diff != "" {
				t.Errorf("%+v: %s (-removed +%s):\n%s", c, name, name, diff)
			}
		}
	}
}
