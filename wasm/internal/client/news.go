package client

import "tvilling/protocol"

// news writes what the operation tells, in the node's order: what goes on comes first.
// It is a status: it is read out when it changes, takes no focus and asks for nothing.
func (r *renderer) news() string {
	m := new(markup)
	for i := range r.s.Me.News {
		a := &r.s.Me.News[i]
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
		m.raw(`:</b> `).text(textIn(r.lang, a)).raw(`</p>`)
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
	case dateOf(wall + 86_400_000):
		return r.t(txtNewsTomorrow) + " " + clock
	default:
		return date + " " + clock
	}
}

// dateOf is an instant's day in Swedish time.
func dateOf(at protocol.Instant) string { return civilOf(at)[:10] }
