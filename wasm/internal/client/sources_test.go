package client

import (
	"strings"
	"testing"

	"tvilling/protocol"
)

const (
	northID = "SE2321000016-1001"
	southID = "SE2321000016-1002"
	otherID = "SE2321000016-1003"
)

func of(provider string, item protocol.Item) protocol.Item {
	item.Header.CareProvider = parsed(protocol.ParseCareProviderID(provider))
	return item
}

// toSources shows documents of two care providers, and where they come from.
func toSources(t *testing.T) *play {
	p := toChoice(t)
	p.get(1, protocol.Coverage{Rows: []protocol.CoverageRow{
		{CareProvider: northID, Name: "Norr", Contract: protocol.Diagnosis},
		{CareProvider: southID, Name: "Söder", Contract: protocol.Diagnosis},
		{CareProvider: otherID, Name: "Öster", Contract: protocol.CarePlans},
	}})
	p.act(ActCheckAll, "")
	p.act(ActShow, "")
	p.snapshot(1, 100, []protocol.Item{
		of(northID, doc(1, protocol.Diagnosis, "20240101")), of(northID, doc(2, protocol.CarePlans, "20240102")),
		of(southID, doc(3, protocol.Diagnosis, "20240103")),
	})
	now := protocol.Instant(p.now.Wall)
	p.get(1, protocol.Sources{Generation: 1, Rows: []protocol.SourceRow{
		{CareProvider: northID, Contract: protocol.Diagnosis, State: protocol.SourceDirect, Synced: now},
		{CareProvider: northID, Contract: protocol.CarePlans, State: protocol.SourceDirect, Synced: now},
		{CareProvider: southID, Contract: protocol.Diagnosis, State: protocol.SourceMirrorFailed, Synced: now - 7_200_000, Failed: now - 60_000},
		{CareProvider: otherID, Contract: protocol.CarePlans, State: protocol.SourceMirror, Synced: now},
	}})
	p.act(ActTab, "2")
	return p
}

func TestSources(t *testing.T) {
	p := toSources(t)
	html := regionOf(Render(&p.s), "strip-content")
	if n := strings.Count(html, `data-test="source"`); n != 2 {
		t.Errorf("%d rows, want one for each care provider: what is equally fresh is told together", n)
	}
	for _, want := range []string{">Norr</th>", "Diagnoser, Planer", "Från källan", "Från spegeln, senaste hämtning misslyckades", "Misslyckades"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is not in %s", want, html)
		}
	}
	if got := regionOf(Render(&p.s), "list-count"); !strings.Contains(got, "1 källa är inte aktuell") {
		t.Errorf("the list's head says %s", got)
	}
}

// A care provider without a document in the view is not spoken of as a source, whatever
// a node has said; and one whose last document goes is no longer.
func TestSourcesAreOfWhatIsShown(t *testing.T) {
	p := toSources(t)
	table := func() string {
		html := regionOf(Render(&p.s), "strip-content")
		at := strings.Index(html, "</table>")
		return html[:max(at, 0)]
	}
	if strings.Contains(table(), "Öster") {
		t.Error("a source without documents is shown")
	}
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Index: 100, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{{15: 3}}})
	if strings.Contains(table(), "Söder") || strings.Contains(regionOf(Render(&p.s), "list-count"), "stale") {
		t.Error("a source is spoken of whose last document is gone")
	}
	p.get(1, protocol.Sources{Generation: 1})
	if !strings.Contains(table(), "Norr") {
		t.Error("what was said of an earlier view was taken")
	}
	p.get(1, protocol.Sources{Generation: 2})
	if html := regionOf(Render(&p.s), "strip-content"); !strings.Contains(html, "sources-none") {
		t.Errorf("nothing is known, and it says %s", html)
	}
}

// What care providers do not show is told from the table about all patients.
func TestWhatIsNotShownIsGeneral(t *testing.T) {
	p := toSources(t)
	general := func() string {
		html := regionOf(Render(&p.s), "strip-content")
		return html[strings.Index(html, `data-test="general"`):]
	}
	before := general()
	if !strings.Contains(before, "<b>Öster</b>. Visas inte av denna vårdgivare:") {
		t.Errorf("it says %s", before)
	}
	p.get(1, protocol.Revoke{Generation: 1, Next: 2, Index: 100, Fault: protocol.FaultAccessChanged, Documents: []protocol.DocumentKey{{15: 3}}})
	if general() != before {
		t.Error("what is general depends on the patient's documents")
	}
}

func TestOldSourcesAreStale(t *testing.T) {
	p := toSources(t)
	now := protocol.Instant(p.now.Wall)
	for _, c := range []struct {
		row  protocol.SourceRow
		want bool
	}{
		{protocol.SourceRow{State: protocol.SourceMirror, Synced: now - 1000}, false},
		{protocol.SourceRow{State: protocol.SourceMirror, Synced: now - staleAfter - 1}, true},
		{protocol.SourceRow{State: protocol.SourceDirect}, false},
		{protocol.SourceRow{State: protocol.SourceMirrorFailed, Synced: now}, true},
		{protocol.SourceRow{State: protocol.SourceMirror, Synced: now, Failed: now}, true},
	} {
		if got := p.s.stale(&c.row); got != c.want {
			t.Errorf("%+v: %v", c.row, got)
		}
	}
	if sourceText(99) != txtSourceUnknown {
		t.Error("a state of a later version has words")
	}
}
