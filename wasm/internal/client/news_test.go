package client

import (
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
	want := `<p data-test="ongoing"><b>Pågår nu till 14:30:</b> Störning &lt;hos&gt; källan</p>` +
		`<p data-test="ongoing"><b>Pågår nu:</b> Utan slut</p>` +
		`<p data-test="ongoing"><b>Pågår nu till i morgon kl. 07:00:</b> Över natten</p>` +
		`<p data-test="planned"><b>Planerat arbete i dag kl. 23:00 till 23:30:</b> I kväll</p>` +
		`<p data-test="planned"><b>Planerat arbete i morgon kl. 23:00 till 2026-11-24 kl. 01:00:</b> Byte av nät</p>` +
		`<p data-test="planned"><b>Planerat arbete 2026-12-24 kl. 23:00:</b> Jul</p>`
	if got := regionOf(Render(&p.s), "news"); got != want {
		t.Errorf("%s", got)
	}
	p.act(ActLanguage, protocol.English.Tag())
	p.s.Me.News = p.s.Me.News[3:4]
	if got, want := regionOf(Render(&p.s), "news"), `<p data-test="planned"><b>Planned work today at 23:00 until 23:30:</b> Tonight</p>`; got != want {
		t.Errorf("%s", got)
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
