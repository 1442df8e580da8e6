//go:build !level1

package session

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

func announcement(id byte, kind command.AnnounceKind, from, until protocol.Instant) command.Announce {
	text := string('0' + rune(id))
	return command.Announce{ID: [16]byte{id}, Kind: kind, From: int64(from), Until: int64(until), Swedish: "Text " + text, English: "Words " + text}
}

func told1(ongoing bool, id byte, from, until protocol.Instant) protocol.Announcement {
	text := string('0' + rune(id))
	return protocol.Announcement{Ongoing: ongoing, From: from, Until: until, Swedish: "Text " + text, English: "Words " + text}
}

// What the operation tells comes after the greeting and whenever it changes, also
// because time passes.
func TestAnnouncements(t *testing.T) {
	scripted(t, func(t *testing.T, w *world) {
		w.do(command.KindActivate, command.Activate{Level: 2})
		first := dial(w).greet(commission)
		if came := kinds(first.beats(10 * time.Second)); !cmp.Equal(came, []protocol.Kind{protocol.KindCoverage}) {
			t.Errorf("with nothing to tell comes %v", came)
		}
		start := now()
		minute := protocol.Instant(time.Minute.Milliseconds())
		w.do(command.KindAnnounce, announcement(1, command.AnnouncePlanned, start+minute, start+2*minute))
		want := []protocol.Announcement{told1(false, 1, start+minute, start+2*minute)}
		if diff := cmp.Diff(want, expect[protocol.Announcements](first).Messages); diff != "" {
			t.Errorf("announced:\n%s", diff)
		}

		old := dial(w)
		old.send(protocol.Hello{Version: protocol.Version - 1, Person: doctorKey})
		if got := expect[protocol.Welcome](old); got.Version != protocol.Version-1 {
			t.Errorf("a page of version %d is greeted in version %d", protocol.Version-1, got.Version)
		}
		later := dial(w)
		later.send(protocol.Hello{Version: protocol.Version + 1, Person: doctorKey})
		if got := expect[protocol.Welcome](later); got.Version != protocol.Version {
			t.Errorf("a page of the version after is greeted in version %d", got.Version)
		}
		if diff := cmp.Diff(want, expect[protocol.Announcements](later).Messages); diff != "" {
			t.Errorf("announced to one that comes later:\n%s", diff)
		}

		w.do(command.KindAnnounce, announcement(2, command.AnnounceOngoing, start, 0))
		want = append([]protocol.Announcement{told1(true, 2, start, 0)}, want...)
		if diff := cmp.Diff(want, expect[protocol.Announcements](first).Messages); diff != "" {
			t.Errorf("what goes on comes first:\n%s", diff)
		}
		want[1].Ongoing = true
		if diff := cmp.Diff(want, expect[protocol.Announcements](first).Messages); diff != "" || now() < start+minute {
			t.Errorf("when the work begins:\n%s", diff)
		}
		if diff := cmp.Diff(want[:1], expect[protocol.Announcements](first).Messages); diff != "" || now() < start+2*minute {
			t.Errorf("when it ends:\n%s", diff)
		}
		w.do(command.KindAnnounce, command.Announce{ID: [16]byte{2}, Withdrawn: true})
		if got := expect[protocol.Announcements](first); len(got.Messages) != 0 {
			t.Errorf("after all is withdrawn: %+v", got)
		}
		for _, k := range kinds(old.quiet()) {
			if k > protocol.KindAnnouncements {
				t.Errorf("a page of the version before is sent a frame of kind %d, which it cannot read", k)
			}
		}
		first.hangUp()
		old.hangUp()
		later.hangUp()
	})
}

func TestAnnouncedInOrder(t *testing.T) {
	got := announced([]command.Announce{
		announcement(1, command.AnnouncePlanned, 300, 0), announcement(2, command.AnnouncePlanned, 200, 400),
		announcement(3, command.AnnounceOngoing, 101, 0), announcement(4, command.AnnounceOngoing, 50, 0),
		announcement(5, command.AnnouncePlanned, 40, 100), announcement(6, command.AnnouncePlanned, 30, 101),
	}, 100)
	want := []protocol.Announcement{told1(true, 6, 30, 101), told1(true, 4, 50, 0), told1(false, 2, 200, 400), told1(false, 1, 300, 0)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
