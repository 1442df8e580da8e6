package client

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tvilling/protocol"
)

// A node that lies, a user that does anything, and clocks that jump: whatever comes in
// whatever order, nothing stands on the page of a document that the view does not hold.

const strangers = 5 // documents that come and go

func stranger(n int) protocol.Item {
	name := strconv.Itoa(n)
	item := of("SE2321000016-P00"+name, doc(byte(n), protocol.Contract(1+n%3), "2024011"+name))
	item.Header.Contract = [...]protocol.Contract{protocol.Diagnosis, protocol.LaboratoryOrderOutcome, protocol.AlertInformation}[n%3]
	item.Header.Title, item.Header.Unit, item.Header.Author = "title-"+name+"-", "unit-"+name+"-", "author-"+name+"-"
	return item
}

// told are all texts that a document brings to the page.
func told(n int) []string {
	name := strconv.Itoa(n)
	return []string{"title-" + name + "-", "unit-" + name + "-", "author-" + name + "-", "body-" + name + "-", "9" + name + "9" + name + "9", "SE2321000016-P00" + name}
}

type hostile struct {
	*play
	rt      *rapid.T
	painter *Painter
	screen  map[string]string // what the page's script shows, by element; the rows under their own
	within  map[string]string // which element each is in
}

func (h *hostile) n(from, to int, what string) int { return rapid.IntRange(from, to).Draw(h.rt, what) }

func (h *hostile) items(what string) (items []protocol.Item) {
	for n := range strangers {
		if rapid.Bool().Draw(h.rt, what) {
			item := stranger(n)
			item.Rev = uint64(h.n(1, 2, "rev"))
			items = append(items, item)
		}
	}
	return items
}

func keysOf(items []protocol.Item) (keys []protocol.DocumentKey) {
	for i := range items {
		keys = append(keys, items[i].Key)
	}
	return keys
}

// generation is most often that of the view.
func (h *hostile) generation() protocol.Generation {
	g := h.s.Links.Live.Generation
	return [...]protocol.Generation{g, g, g, g + 1, max(g, 1) - 1}[h.n(0, 4, "generation")]
}

// request is most often the one that is waited for.
func (h *hostile) request(waited uint32) uint32 {
	return [...]uint32{waited, waited, waited, waited, 0, waited - 1}[h.n(0, 5, "request")]
}

// holds are the documents of the view.
func (h *hostile) holds() (items []protocol.Item) {
	h.s.View.Store.each(Query{}, func(_ protocol.DocumentKey, item *protocol.Item) { items = append(items, *item) })
	return items
}

func (h *hostile) frame() protocol.Frame {
	at := protocol.Position{Epoch: epoch, Index: h.s.View.Index + uint64(h.n(0, 1, "on"))}
	switch h.n(0, 18, "frame") {
	case 0:
		w := welcome("x", 100)
		w.Version = uint16(h.n(2, 3, "version"))
		return w
	case 1:
		return protocol.Chosen{Commission: testCommission}
	case 2:
		return protocol.Opened{Request: h.request(h.s.Links.Live.Opening), Basis: protocol.Basis(h.n(0, 2, "basis"))}
	case 3, 4, 5:
		items := h.items("snapshot")
		count, digest := sum(items)
		g := h.generation()
		h.get(h.s.Links.Live.ID, protocol.Begin{Generation: g, Position: at})
		h.get(h.s.Links.Live.ID, protocol.Chunk{Generation: g, Items: items})
		h.get(h.s.Links.Live.ID, protocol.End{Generation: g, Position: at, Count: count, Digest: digest})
		return protocol.Heartbeat{Generation: g, Position: at, LeaseMillis: 10_000, Count: count, Digest: digest}
	case 6, 7:
		return h.batch()
	case 8:
		return h.body(h.request(h.s.Reader.Request), h.generation())
	case 9, 10:
		g := h.generation()
		return protocol.Revoke{Generation: g, Next: g + 1, Fault: protocol.FaultAccessChanged, Documents: keysOf(h.items("revoked"))}
	case 11:
		count, digest := sum(h.holds())
		return protocol.Heartbeat{Generation: h.generation(), Position: at, LeaseMillis: 10_000, Count: count, Digest: digest}
	case 12:
		return protocol.Session{SignIn: protocol.SignInProvider, IdleMillis: uint32(h.n(0, 3, "idle")) * 60_000, Print: rapid.Bool().Draw(h.rt, "print"), Copy: true}
	case 13:
		var rows []protocol.SourceRow
		for _, item := range h.items("sources") {
			rows = append(rows, protocol.SourceRow{CareProvider: item.Header.CareProvider.Reveal(), Contract: item.Header.Contract, State: protocol.SourceMirrorFailed, Failed: 1})
		}
		return protocol.Sources{Generation: h.generation(), Rows: rows}
	case 14:
		return protocol.Series{Request: h.request(h.s.Reader.Trend.Request), Generation: h.generation(), Points: pointsOf(h.items("points"))}
	case 17:
		return protocol.Told{Request: h.request(h.s.Ladder.Request), What: h.s.Ladder.Asked, Yes: true}
	case 15:
		return protocol.Taken{Request: h.request(h.s.Desk.Taking.Request), ID: "log"}
	case 16:
		return protocol.Refused{Request: h.request(h.s.Reader.Request), Fault: [...]protocol.Fault{protocol.FaultBusy, protocol.FaultNotOpen, protocol.FaultSessionEnded, protocol.FaultPolicy}[h.n(0, 3, "fault")], ID: "log"}
	default:
		return protocol.GoAway{Alternates: []string{otherNode}}
	}
}

// body is of the open document, with an analysis in it.
func (h *hostile) body(request uint32, g protocol.Generation) protocol.Frame {
	b := everyKind("body-" + strconv.Itoa(int(h.s.Reader.Key[15])) + "-")
	b.Sections = append(b.Sections, laboratoryBody().Sections...)
	return protocol.BodyFrame{Request: request, Generation: g, Document: h.s.Reader.Key, Body: b}
}

func pointsOf(items []protocol.Item) (points []protocol.Point) {
	for _, item := range items {
		name := strconv.Itoa(int(item.Key[15]))
		points = append(points, valued(item.Key[15], "20240101", "9"+name+"9"+name+"9", "unit-"+name+"-"))
	}
	return points
}

// begin shows everything, with a document open and its trend beside it.
func (h *hostile) begin() {
	h.act(ActCheckAll, "")
	h.act(ActShow, "")
	var all []protocol.Item
	for n := range strangers {
		all = append(all, stranger(n))
	}
	h.snapshot(1, 100, all)
	h.get(1, protocol.Session{Print: true, Copy: true})
	h.act(ActRead, keyText(protocol.DocumentKey{15: 4}))
	h.get(1, h.body(h.s.Reader.Request, 1))
	h.act(ActTrend, "0|1.2.752.108.1|NPU03429|P-Natrium")
	h.get(1, protocol.Series{Request: h.s.Reader.Trend.Request, Generation: 1, Points: pointsOf(all)})
	h.act(ActAsk, "2")
	h.get(1, protocol.Told{Request: h.s.Ladder.Request, What: protocol.AskBlocked, Yes: true})
	h.see()
	if !strings.Contains(h.screen["reader"], "92929") || h.s.Ladder.Blocked != ToldYes {
		h.rt.Fatal("no trend to begin with, or no answer")
	}
}

// batch most often agrees with what the view becomes.
func (h *hostile) batch() protocol.Frame {
	upserts, removes := h.items("upserts"), keysOf(h.items("removes"))
	b := protocol.Batch{Generation: h.generation(), From: h.s.View.Index, To: h.s.View.Index + 1, Upserts: upserts, Removes: removes}
	var after []protocol.Item
	for _, item := range h.holds() {
		if !slices.Contains(keysOf(upserts), item.Key) {
			upserts = append(upserts, item)
		}
	}
	for _, item := range upserts {
		if !slices.Contains(removes, item.Key) {
			after = append(after, item)
		}
	}
	b.Count, b.Digest = sum(after)
	b.Count += uint32(h.n(0, 30, "lie") / 30)
	return b
}

func (h *hostile) user() Input {
	key := keyText(protocol.DocumentKey{15: byte(h.n(0, strangers, "key"))})
	number := strconv.Itoa(h.n(0, 4, "value"))
	switch h.n(0, 6, "user") {
	case 0, 1:
		return Act{ActRead, key}
	case 2:
		return Act{rapid.SampledFrom([]Action{ActTab, ActLanes, ActGuide, ActMonth, ActDay, ActTakeSave, ActAttachment, ActPrint, ActCommission, ActShowHeld, ActFilters, ActAsTable, ActZoomIn, ActEarlier, ActListWindow, ActHelp, ActAsideClose, ActStay, ActLeaveCancel, ActChoice, ActBack, ActShow, ActCheckAll, ActByProvider, ActByType, ActCloseReader, ActReadNext, ActPaged, ActDismiss, ActFeedback, ActAsk, ActAsk}).Draw(h.rt, "act"), number}
	case 3:
		return Act{ActTrend, "0|1.2.752.108.1|NPU03429|P-Natrium"}
	case 4:
		field := rapid.SampledFrom([]string{FieldUnit, FieldProvider, FieldSearch, FieldFilter, FieldYear}).Draw(h.rt, "field")
		texts := map[string]string{FieldUnit: "unit-" + number + "-", FieldProvider: "SE2321000016-P00" + number, FieldFilter: number, FieldSearch: "x", FieldYear: "2024"}
		if i, _ := strconv.Atoi(number); !h.has(i) && field != FieldSearch && field != FieldYear {
			return Look{} // the page offers no filter on what is not there
		}
		return Typed{field, texts[field]}
	case 5:
		return Charted{rapid.SampledFrom([]string{"size", "down", "move", "up", "leave", "wheel", "slide", "key", "day"}).Draw(h.rt, "chart"), rapid.SampledFrom([]string{"", "Shift", "+", "-", "End", "Home", "PageUp"}).Draw(h.rt, "key"), h.n(-5_000, 5_000, "x"), h.n(-50, 400, "y")}
	default:
		return rapid.SampledFrom([]Input{Copying{Document: true}, Copying{}, Printing{}, Printed{}, Look{}, Pressed{"Escape"}, Pressed{"n"}, Touched{}, Scrolled{400}, Focused{"tools"}}).Draw(h.rt, "input")
	}
}

func (h *hostile) has(n int) bool {
	_, there := h.s.View.Store.get(protocol.DocumentKey{15: byte(n)})
	return there
}

// see paints, and looks at what stands on the page.
func (h *hostile) see() {
	for _, r := range Render(&h.s).Regions {
		h.within[r.ID] = r.Within
	}
	for _, line := range strings.Split(h.painter.Paint(&h.s, nil), commandEnd) {
		switch f := strings.Split(line, fieldEnd); f[0] {
		case "h":
			h.screen[f[1]] = f[2]
			for id := range h.screen { // what was in it is gone
				if h.within[id] == f[1] || h.within[h.within[id]] == f[1] {
					delete(h.screen, id)
				}
			}
		case "l":
			h.screen["rows"] = line
		}
	}
	for n := range strangers {
		if h.has(n) && h.s.View.Shown {
			continue
		}
		for id, html := range h.screen {
			for _, text := range told(n) {
				if strings.Contains(html, text) {
					h.rt.Fatalf("%s stands in %s, and document %d is not in the view", text, id, n)
				}
			}
		}
	}
	if strings.Contains(h.screen["said-status"], textOf(protocol.Swedish, txtBlockedYes)) && h.s.Ladder.Blocked != ToldYes {
		h.rt.Fatal("it is still said that there is blocked information")
	}
	if h.s.Desk.Gate != GateNone && (h.s.View.Shown || !h.s.Wish.Patient.IsZero() || h.s.Reader.Open) {
		h.rt.Fatal("something is held at a gate")
	}
}

func TestNothingStandsThatTheViewDoesNotHold(t *testing.T) {
	shown := 0
	rapid.Check(t, func(rt *rapid.T) {
		h := &hostile{toChoice(t), rt, NewPainter(), map[string]string{}, map[string]string{"rows": "main"}}
		h.begin()
		for range h.n(1, 40, "steps") {
			switch h.n(0, 9, "who") {
			case 0:
				h.now.Mono += int64(h.n(0, 3_000, "mono"))
				h.now.Wall += int64(h.n(-5_000, 5_000, "wall"))
				h.do(Look{})
			case 1:
				link := LinkID(h.n(1, int(h.s.Links.Last)+1, "link"))
				h.do(rapid.SampledFrom([]Input{Connected{link}, Disconnected{link, 1006}}).Draw(rt, "line"))
			case 2, 3, 4, 5:
				last := int(h.s.Links.Last)
				h.get(LinkID(h.n(max(0, last-1), last, "link")), h.frame())
			default:
				h.do(h.user())
			}
			h.see()
			if h.s.View.Shown {
				shown++
			}
		}
	})
	if shown == 0 {
		t.Error("nothing was ever shown")
	}
}
