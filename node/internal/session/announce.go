package session

import (
	"cmp"
	"slices"

	"tvilling/protocol"
	"tvilling/raftfsm/command"
)

// What the state keeps can be told.
const (
	_ = uint(protocol.MaxAnnouncements - command.MaxAnnouncements)
	_ = uint(protocol.MaxAnnouncementBytes - 4*command.MaxAnnounceRunes)
)

// bulletin is what the operation tells everybody at a time. It is looked at with the rest of
// the outlook, and not followed: so what is announced wakes no session, and what is over
// is over without anything being written.
type bulletin struct {
	messages []protocol.Announcement // shared, and not written to
	frame    []byte
	edition  uint64 // from 1
}

// next is what is told after t.
func (t bulletin) next(messages []protocol.Announcement) bulletin {
	if t.edition > 0 && slices.Equal(messages, t.messages) {
		return t
	}
	return bulletin{messages, protocol.AppendFrame(nil, protocol.Announcements{Messages: messages}), t.edition + 1}
}

// announced lists what is to be shown at a time: what goes on, then what is planned,
// each in the order in which it begins. Planned work goes on once it has begun.
func announced(standing []command.Announce, at protocol.Instant) (all []protocol.Announcement) {
	for _, a := range standing {
		begun := protocol.Instant(a.From) <= at
		over := a.Until != 0 && protocol.Instant(a.Until) <= at
		if over || a.Kind == command.AnnounceOngoing && !begun {
			continue
		}
		all = append(all, protocol.Announcement{
			Ongoing: begun, From: protocol.Instant(a.From), Until: protocol.Instant(a.Until), Swedish: a.Swedish, English: a.English,
		})
	}
	slices.SortStableFunc(all, func(a, b protocol.Announcement) int {
		if a.Ongoing != b.Ongoing {
			if a.Ongoing {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.From, b.From)
	})
	return all
}

// announce tells the browser what the operation tells, if it has not been told: after
// the greeting also that it tells nothing.
func (s *session) announce(t bulletin) {
	if !s.who.greeted || s.notices.announced == t.edition {
		return
	}
	s.notices.announced = t.edition
	s.queue(out{frame: t.frame})
}
