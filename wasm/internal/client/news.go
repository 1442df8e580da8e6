package client

import (
	"slices"

	"tvilling/protocol"
)

// news writes what the operation tells, in the node's order: what goes on comes first.
// It is a status: it is read out when it changes, takes no focus and asks for nothing.
func (r *renderer) news() string {
	m := new(markup)
	for i := range r.s.Me.News {
		a := &r.s.Me.News[i]
		if r.s.putAway(a) {
			continue
		}
		m.raw(`<p data-test="`).when(a.Ongoing, `ongoing`).when(!a.Ongoing, `planned`).raw(`"><b>`)
		today := dateOf(protocol.Instant(r.s.Clock.Wall))
		if a.Ongoing {
			m.text(r.t(txtNewsOngoing))
		} else {
			m.text(r.t(txtNewsPlanned)).raw(` `).text(r.moment(a.From, ""))
			today = dateOf(a.From)
		}
		if a.Until != 0 {
			m.raw(` `).text(r.t(txtNewsUntil)).raw(` `).text(r.moment(a.Until, today))
		}
		m.raw(`:</b> `).text(textIn(r.lang, a))
		m.raw(` <button type="button" class="quiet" data-act="news-dismiss" data-test="news-dismiss" id="news-`).number(i).raw(`" data-value="`).number(i).raw(`" aria-label="`)
		m.text(r.t(txtNewsDismiss)).raw(`">`).text(r.t(txtDismiss)).raw(`</button></p>`)
	}
	return m.String()
}

func textIn(lang protocol.Language, a *protocol.Announcement) string {
	if lang == protocol.English {
		return a.English
	}
	return a.Swedish
}

// moment names a minute by its day, unless that goes without saying, and its time.
func (r *renderer) moment(at protocol.Instant, day string) string {
	civil := civilOf(at)
	wall := protocol.Instant(r.s.Clock.Wall)
	date, clock := civil[:10], r.t(txtNewsAt)+" "+civil[11:16]
	switch date {
	case day:
		return civil[11:16]
	case dateOf(wall):
		return r.t(txtNewsToday) + " " + clock
	case civilDay((r.s.todayNumber() + 1) * minutesOfDay).String():
		return r.t(txtNewsTomorrow) + " " + clock
	default:
		return date + " " + clock
	}
}

// dateOf is an instant's day in Swedish time.
func dateOf(at protocol.Instant) string { return civilOf(at)[:10] }

// putAway reports whether the user has put a message away. One that has changed is
// another message, and comes back.
func (s *State) putAway(a *protocol.Announcement) bool { return slices.Contains(s.Desk.Read, *a) }

// putAway puts a message away. Only those that are still told are remembered.
func (m *machine) putAway(i int) {
	if i < 0 || i >= len(m.s.Me.News) {
		return
	}
	kept := []protocol.Announcement{m.s.Me.News[i]}
	for _, a := range m.s.Me.News {
		if m.s.putAway(&a) && a != kept[0] {
			kept = append(kept, a)
		}
	}
	m.s.Desk.Read = kept
	m.do(FocusOn{idMain})
}
