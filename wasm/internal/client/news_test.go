package client

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"tvilling/protocol"
)

func at(text string) protocol.Instant {
	return protocol.Instant(parsed(time.Parse(time.RFC3339, text)).UnixMilli())
}

func TestNews(t *testing.T) {
	p := toPatient(t)
	if regionOf(Render(&p.s), "news") != "" {
		t.Error("there is news from the start")
	}
	p.now.Wall = int64(at("2026-11-22T12:00:00+01:00"))
	focus := len(p.last)
	p.get(1, protocol.Announcements{Messages: []protocol.Announcement{
		{Ongoing: true, From: at("2026-11-22T11:00:00+01:00"), Until: at("2026-11-22T14:30:00+01:00"), Swedish: "Störning <hos> källan", English: "Trouble"},
		{Ongoing: true, From: 1, Swedish: "Utan slut", English: "Without an end"},
		{Ongoing: true, From: 1, Until: at("2026-11-23T07:00:00+01:00"), Swedish: "Över natten", English: "Over night"},
		{From: at("2026-11-22T23:00:00+01:00"), Until: at("2026-11-22T23:30:00+01:00"), Swedish: "I kväll", English: "Tonight"},
		{From: at("2026-11-23T23:00:00+01:00"), Until: at("2026-11-24T01:00:00+01:00"), Swedish: "Byte av nät", English: "New network"},
		{From: at("2026-12-24T23:00:00+01:00"), Swedish: "Jul", English: "Christmas"},
	}})
	for _, e := range p.last[min(focus, len(p.last)):] {
		if _, moved := e.(FocusOn); moved {
			t.Error("news takes the focus")
		}
	}
	away := regexp.MustCompile(` <button [^>]*>[^<]*</button>`) // each can be put away
	want := `<p data-test="ongoing"><b>Pågår nu till 14:30:</b> Störning &lt;hos&gt; källan</p>` +
		`<p data-test="ongoing"><b>Pågår nu:</b> Utan slut</p>` +
		`<p data-test="ongoing"><b>Pågår nu till i morgon kl. 07:00:</b> Över natten</p>` +
		`<p data-test="planned"><b>Planerat arbete i dag kl. 23:00 till 23:30:</b> I kväll</p>` +
		`<p data-test="planned"><b>Planerat arbete i morgon kl. 23:00 till 2026-11-24 kl. 01:00:</b> Byte av nät</p>` +
		`<p data-test="planned"><b>Planerat arbete 2026-12-24 kl. 23:00:</b> Jul</p>`
	if got := away.ReplaceAllString(regionOf(Render(&p.s), "news"), ""); got != want {
		t.Errorf("%s", got)
	}
	p.act(ActLanguage, protocol.English.Tag())
	p.s.Me.News = p.s.Me.News[3:4]
	if got, want := away.ReplaceAllString(regionOf(Render(&p.s), "news"), ""), `<p data-test="planned"><b>Planned work today at 23:00 until 23:30:</b> Tonight</p>`; got != want {
		t.Errorf("%s", got)
	}
}

// What the user has put away stays away until it changes, and is remembered no longer
// than it is told.
func TestNewsIsPutAway(t *testing.T) {
	p := toPatient(t)
	one := protocol.Announcement{Ongoing: true, From: 1, Swedish: "Första", English: "First"}
	two := protocol.Announcement{From: 2, Swedish: "Andra", English: "Second"}
	tell := func(messages ...protocol.Announcement) string {
		p.get(1, protocol.Announcements{Messages: messages})
		return regionOf(Render(&p.s), "news")
	}
	tell(one, two)
	p.act(ActNewsDismiss, "0")
	p.act(ActNewsDismiss, "7")
	if got := tell(one, two); strings.Contains(got, "Första") || !strings.Contains(got, "Andra") {
		t.Errorf("told again: %s", got)
	}
	one.Swedish = "Ändrad"
	if got := tell(one, two); !strings.Contains(got, "Ändrad") {
		t.Errorf("changed and not told: %s", got)
	}
	p.act(ActNewsDismiss, "1")
	if len(p.s.Desk.Read) != 1 {
		t.Errorf("%d are remembered", len(p.s.Desk.Read))
	}
}

// Another node tells the news anew in a moment, so that it stays on the screen meanwhile.
func TestNewsOfAnotherNode(t *testing.T) {
	for _, version := range []uint16{protocol.Version, protocol.Version - 1} {
		p := toPatient(t)
		p.get(1, protocol.Announcements{Messages: []protocol.Announcement{{Ongoing: true, From: 1, Swedish: "Text", English: "Text"}}})
		p.do(Disconnected{1, 1006})
		p.pass(500)
		p.do(Connected{2})
		greeting := welcome("b1", 100)
		greeting.Version = version
		p.get(2, greeting)
		if p.s.End.Stopped {
			t.Errorf("a node that answers in version %d is not spoken to", version)
		}
		if regionOf(Render(&p.s), "news") == "" {
			t.Errorf("no news after a node of version %d", version)
		}
	}
	p := newPlay(t)
	p.do(Connected{1})
	greeting := welcome("b1", 100)
	greeting.Version = protocol.Version + 1
	p.get(1, greeting)
	if !p.s.End.Stopped {
		t.Error("a node that answers in a version that was not said is believed")
	}
}

// The day that the clocks are changed is not as long as the others.
func TestTomorrowIsTheNextDay(t *testing.T) {
	for _, c := range []struct{ now, from, want string }{
		{"2026-03-28T23:30:00+01:00", "2026-03-29T10:00:00+02:00", "i morgon kl. 10:00"},
		{"2026-03-28T23:30:00+01:00", "2026-03-30T10:00:00+02:00", "2026-03-30 kl. 10:00"},
		{"2026-10-25T00:10:00+02:00", "2026-10-26T10:00:00+01:00", "i morgon kl. 10:00"},
	} {
		s := New()
		s.Clock.Wall = int64(at(c.now))
		r := renderer{s: &s}
		if got := r.moment(at(c.from), ""); got != c.want {
			t.Errorf("at %s, %s is %q, want %q", c.now, c.from, got, c.want)
		}
	}
}
