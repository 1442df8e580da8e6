package gallery

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strconv"

	"tvilling/protocol"
)

// timeStates are what stands above the list: timeline, calendar, sources, questions.
func timeStates() []state {
	many := play(consented)
	tab := func(n int) act { return pressAt(`#tab-` + strconv.Itoa(n)) }
	on := func(n int) string {
		return `document.querySelector('#tab-` + strconv.Itoa(n) + `[aria-selected=true]')`
	}
	return []state{
		{name: "timeline/by-provider", shows: "The timeline by care provider.", scene: many, acts: then(toOverview, []act{pressAt(`[data-act="lanes"][data-value="1"]`)}), until: `document.querySelector('[data-act="lanes"][data-value="1"][aria-pressed=true]')`},
		{name: "timeline/zoomed", shows: "The timeline, closer.", scene: many, acts: then(toOverview, []act{press("zoom-in"), press("zoom-in"), press("later"), press("later")}), until: there("all-time")},
		{name: "timeline/in-list", shows: "The list shows the stretch of time that the timeline does.", scene: many, acts: then(toOverview, []act{press("zoom-in"), press("list-window")}), until: there("chip")},
		{name: "timeline/table", shows: "The timeline as a table.", scene: many, acts: then(toOverview, []act{press("as-table")}), until: `document.querySelector('#strip-content table')`},
		{name: "timeline/folded", shows: "The strip folded away: the list has the room.", scene: many, acts: then(toOverview, []act{press("fold")}), until: `document.querySelector('#strip-body').childElementCount === 0`},
		{name: "calendar/month", shows: "The calendar: which days there is something from.", scene: many, acts: then(toOverview, []act{tab(1)}), until: on(1)},
		{name: "calendar/day", shows: "A day of the calendar, in the list.", scene: many, acts: then(toOverview, []act{tab(1), pressAt(`[data-test="day"][data-value="20261016"]`)}), until: there("chip")},
		{name: "sources/panel", shows: "How fresh each care provider's information is.", scene: many, acts: then(toOverview, []act{tab(2)}), until: there("sources-table")},
		{name: "sources/none", shows: "No document, and so no source.", scene: play(consented, holding()), acts: then(toOverview, []act{tab(2)}), until: there("sources-none")},
		{name: "questions/panel", shows: "Is there more? The questions, beside the view.", scene: many, acts: then(toOverview, []act{tab(3)}), until: on(3)},
		{name: "questions/told", shows: "The answer, beside the view.", scene: many, acts: then(toOverview, []act{tab(3), pressAt(`#ask-providers`)}), until: there("told-providers")},
	}
}

// findStates are the list searched, filtered, ordered and leafed in.
func findStates() []state {
	many := play(consented)
	arrived := says(func(s *stream) []protocol.Frame {
		var items []protocol.Item
		for i := range 4 {
			item := protocol.Item{Key: keyOf(5000 + i), Rev: 60_000, Header: s.scene.documents[len(s.scene.documents)-1].Header}
			item.Header.Time += protocol.Civil(10_000_000 * int64(i+1))
			items = append(items, item)
		}
		return s.change(items, nil)
	})
	chips := []act{press("filters"), pick("filter", "5"), pick("provider", "SE0000000101-1000"), fill("search", "HbA1c")}
	return []state{
		{name: "find/by-provider", shows: "The list by care provider.", scene: many, acts: then(toOverview, []act{press("by-provider")}), until: `document.querySelector('#by-provider[aria-pressed=true]')`},
		{name: "find/filters", shows: "The filters.", scene: many, acts: then(toOverview, []act{press("filters")}), until: there("provider")},
		{name: "find/no-day", shows: "What is typed and is no day.", scene: many, acts: then(toOverview, []act{press("filters"), fill("since", "2023-13")}), until: `document.querySelector('#days-hint').innerText !== ''`},
		{name: "find/chips", shows: "Every filter in force, each with its way back.", scene: many, acts: then(toOverview, chips), until: `document.querySelectorAll('[data-test="chip"]').length === 3`},
		{name: "find/search", shows: "Searching, as it is typed.", scene: many, acts: then(toOverview, []act{fill("search", "hemoglobin")}), until: there("chip")},
		{name: "find/no-hits", shows: "Nothing that is like that.", scene: many, acts: then(toOverview, []act{fill("search", "xylofon")}), until: there("empty")},
		{name: "find/held", shows: "What is new is held while one reads.", scene: many, acts: then(toOverview, []act{pressAt(`[data-test="row"]`), await(there("document")), arrived}), until: there("show-held")},
		{name: "find/paged", shows: "The list in pages.", scene: scores, acts: then(toOverview, []act{press("paged")}), until: `document.querySelector('#list-pages').childElementCount > 0`},
	}
}

// trendStates are an analysis over time, and attachments.
func trendStates() []state {
	trend := then(toFirst, []act{pressAt(`#reader [data-act="trend"]`), await(there("trend-panel"))})
	labs := func(s *stage) *scene {
		var all []protocol.Document
		for i := len(s.documents) - 1; i >= 0 && len(all) < len(analyses[0].values); i-- {
			all = append([]protocol.Document{s.documents[i]}, all...)
		}
		all[0], all[6] = all[6], all[0]
		return s.scene(consented, holding(all...))
	}
	return []state{
		{name: "trend/chart", shows: "An analysis over time, with its reference interval.", scene: labs, acts: then(trend, []act{await(there("chart"))})},
		{name: "trend/fetching", shows: "The values are on their way.", scene: beside("SERIE-6", mutes(protocol.KindTrend)), acts: trend},
		{name: "trend/fault", shows: "The values cannot be fetched now.", scene: beside("SERIE-6", refuses(protocol.KindTrend, protocol.FaultNoQuorum)), acts: trend, until: there("trend-fault")},
		{name: "trend/empty", shows: "There is no value to draw.", scene: beside("SE2321000016-SYS1|LAB-1"), acts: then(trend, []act{await(there("trend-empty"))})},
		{name: "taking/no-copy", shows: "The operator has not allowed copying.", scene: beside("DIA-1"), acts: then(toFirst, []act{fires(hook("document"), `ClipboardEvent('copy', {bubbles: true, cancelable: true})`)}), until: there("calm")},
		{name: "taking/no-print", shows: "The operator has not allowed printing.", scene: beside("DIA-1"), acts: then(toFirst, []act{fires("window", `Event('beforeprint')`)}), until: there("calm")},
		{name: "taking/allowed", shows: "Where printing and copying are allowed there are buttons for it.", scene: beside("D2-1", terms(protocol.Session{Print: true, Copy: true})), acts: toFirst},
		{name: "attachment/text", shows: "An attached text, shown as text.", scene: beside("PLAN-1"), acts: toFirst, until: there("attachment-text")},
		{name: "attachment/picture", shows: "An attached picture, shown when one asks for it.", scene: pictured, acts: then(toFirst, []act{press("attachment-show")}), until: there("picture")},
		{name: "attachment/save", shows: "Where copying is allowed an attachment can be saved; the file that it is in is not opened.", scene: beside("SE2321000016-SYS1|ANT-1001", terms(protocol.Session{Print: true, Copy: true})), acts: toFirst, until: there("take-save")},
	}
}

// scores is a view of more documents than a page of the list has.
func scores(s *stage) *scene {
	var all []protocol.Document
	for i := range 120 {
		d := s.documents[i%len(s.documents)]
		d.Header.Time -= protocol.Civil(100_000_000_000_0 * int64(i/len(s.documents)))
		all = append(all, d)
	}
	return s.scene(consented, holding(all...))
}

// pictured is a view of a document with a picture in it.
func pictured(s *stage) *scene {
	curve := image.NewPaletted(image.Rect(0, 0, 480, 200), color.Palette{color.White, color.Gray{0xd0}, color.Gray{0x20}})
	for x := range 480 {
		for y := range 200 {
			if x%40 == 0 || y%40 == 0 {
				curve.SetColorIndex(x, y, 1)
			}
		}
		beat := x % 120
		y := 100 - [...]int{0, 0, 8, 0, -12, 80, -30, 0, 14, 0, 0, 0}[beat/10]
		for d := range 3 {
			curve.SetColorIndex(x, y+d, 2)
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, curve); err != nil {
		s.t.Fatal(err)
	}
	d := s.record("KON-1")
	d.Header.Contract, d.Header.Title = protocol.ReferralOutcome, "EKG"
	d.Body = protocol.Body{Sections: []protocol.Section{{Label: "referralOutcome", Nodes: []protocol.Node{
		{Kind: protocol.NodeText, Label: "resultText", Text: "Sinusrytm 72/min. Inga säkra tecken till ischemi."},
		{Kind: protocol.NodeAttachment, Label: "multimedia", Attachment: protocol.Attachment{MediaType: "image/png", Inline: file.Bytes()}},
	}}}}
	return s.scene(consented, holding(d, s.record("DIA-1"), s.record("UPP-2")))
}
