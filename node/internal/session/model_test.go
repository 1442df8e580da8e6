package session

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tvilling/node/internal/record"
	"tvilling/protocol"
	"tvilling/raftfsm"
)

// TestAViewFollowsWithoutGaps lets a browser watch while documents and the ground for
// them change in every order, and while it reads fast, slowly or not at all. It must
// end with what a browser that comes afterwards is shown, less what was not recorded
// for it, and no frame on the way may leave a gap, disagree with its digest, or come
// after the Revoke that ended it.
func TestAViewFollowsWithoutGaps(t *testing.T) {
	outer := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 40).Draw(rt, "steps")
		dir, err := os.MkdirTemp(outer, "fsm")
		if err != nil {
			rt.Fatal(err)
		}
		rapid.SyncTest(rt, func(rt *rapid.T) { follow(rt, dir, steps) })
		if err := os.RemoveAll(dir); err != nil {
			rt.Fatal(err)
		}
	})
}

// scene is a browser that watches, and whose information was recorded for its view.
type scene struct {
	*world
	*browser
	recorded map[record.Resource]bool
}

// resource is whose information an item is.
func resource(item protocol.Item) record.Resource {
	h := item.Header
	return record.Resource{Contract: uint8(h.Contract), CareProvider: h.CareProvider.Reveal(), CareUnit: h.CareUnit.Reveal()}
}

func follow(t *rapid.T, dir string, steps []step) {
	w := newWorldIn(t, dir, func(l *Limits) { l.DirtyKeys = 5 })
	w.putUsual()
	w.consent("standing", 0)
	s := &scene{world: w, browser: watching(w)}
	s.note()
	for _, one := range steps {
		s.take(one)
	}
	s.quiet()
	if !s.shown { // everything was taken: it begins anew
		s.begin()
	}
	late := dial(w).greet(commission)
	late.open(patient)
	late.quiet()
	late.show(s.chosen...)
	late.quiet()
	if !late.shown {
		t.Fatal("who came late is shown nothing")
	}
	want := map[protocol.DocumentKey]uint64{}
	for key, item := range late.items {
		if s.recorded[resource(item)] {
			want[key] = item.Rev
		}
	}
	got := map[protocol.DocumentKey]uint64{}
	for key, item := range s.items {
		got[key] = item.Rev
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("who watched does not see what is there (-want +got):\n%s", diff)
	}
}

// step is one thing that happens.
type step struct {
	What string
	Doc  doc
	N    int
}

var whats = []string{
	"put", "replace", "consent", "unconsent", "block", "unblock", "show", "wait",
	"read",   // the browser takes a few frames, if there are
	"settle", // the browser takes everything
	"flood",  // more changes than the feed holds
}

func drawStep(t *rapid.T) step {
	whose := rapid.SampledFrom([][2]string{{ownProvider, ownUnit}, {ownProvider, sameUnit}, {otherProvider, otherUnit}, {"", ""}}).Draw(t, "whose")
	n := rapid.IntRange(0, 9).Draw(t, "n")
	return step{
		What: rapid.SampledFrom(whats).Draw(t, "what"), N: n,
		Doc: doc{
			contract: rapid.SampledFrom([]protocol.Contract{protocol.Diagnosis, protocol.CareContacts}).Draw(t, "contract"),
			id:       fmt.Sprint("d", n), provider: whose[0], unit: whose[1], text: rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "text"),
		},
	}
}

func (s *scene) take(one step) {
	switch one.What {
	case "put":
		s.put(one.Doc)
	case "replace":
		s.replace(one.Doc.contract, one.Doc)
	case "consent":
		s.consent("standing", 0)
	case "unconsent":
		s.unconsent("standing")
	case "block":
		s.block("block")
	case "unblock":
		s.unblock("block")
	case "show":
		s.begin()
	case "wait":
		s.quiet()
		time.Sleep(beatEvery) // in the bubble nothing waits
		s.quiet()
	case "read":
		for range one.N {
			s.glance()
		}
	case "settle":
		s.quiet()
	case "flood":
		docs := make([]doc, raftfsm.MaxFeedChanges+1)
		for i := range docs {
			docs[i] = one.Doc
			docs[i].text = fmt.Sprint(one.Doc.text, i)
		}
		s.flood(docs...)
	}
}

// begin asks anew, for both contracts; a browser that lost everything opens first.
func (s *scene) begin() {
	s.quiet()
	if !s.shown {
		s.open(patient)
		s.quiet()
	}
	s.show(protocol.Diagnosis, protocol.CareContacts)
	s.quiet()
	s.note()
}

// note notes what was recorded for the view: what it showed first.
func (s *scene) note() {
	s.recorded = map[record.Resource]bool{}
	for _, item := range s.items {
		s.recorded[resource(item)] = true
	}
}

// glance takes a frame, if one is there.
func (s *scene) glance() {
	synctest.Wait()
	select {
	case raw := <-s.conn.toBrowser:
		f, err := protocol.DecodeFrame(raw)
		if err != nil {
			s.browser.t.Fatal(err)
		}
		s.browser.take(f)
	default:
	}
}
