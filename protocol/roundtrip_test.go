package protocol

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fataler is what a test and a property have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// roundTrip holds that what CheckDocument lets pass reads back as it was.
func roundTrip(t fataler, name string, d *Document) {
	t.Helper()
	h, err := DecodeHeader(AppendHeader(nil, &d.Header))
	if diff := cmp.Diff(d.Header, h, same); diff != "" || err != nil {
		t.Fatalf("%s: header: %v\n%s", name, err, diff)
	}
	encoded := AppendBody(nil, &d.Body)
	b, err := DecodeBody(encoded)
	if err != nil || !bytes.Equal(AppendBody(nil, &b), encoded) {
		t.Fatalf("%s: body: %v", name, err)
	}
	if len(encoded) < 64<<10 {
		if diff := cmp.Diff(d.Body, b, same); diff != "" {
			t.Fatalf("%s: body\n%s", name, diff)
		}
	}
}

func drawText(t *rapid.T, name string) string { return drawTextOf(t, name, MaxShortTextBytes) }

// drawTextOf draws a text of at most limit bytes.
func drawTextOf(t *rapid.T, name string, limit int) string {
	return rapid.OneOf(rapid.Just(""), rapid.StringN(0, min(limit, 40), min(limit, 200)), rapid.StringN(0, -1, limit)).Draw(t, name)
}

func drawHSAID[T any](t *rapid.T, name string) HSAID[T] {
	s := rapid.StringMatching(`|[A-Z0-9][A-Z0-9._-]{0,31}`).Draw(t, name)
	if s == "" {
		return HSAID[T]{}
	}
	return must(parseHSAID[T](s))
}

func drawPatient(t *rapid.T) PatientID {
	if rapid.Bool().Draw(t, "nobody") {
		return PatientID{}
	}
	return must(ParsePatientID(drawCivic(t)))
}

func drawMaybeCivil(t *rapid.T) Civil {
	if rapid.Bool().Draw(t, "unknown time") {
		return 0
	}
	return drawCivil(t)
}

func drawHeader(t *rapid.T) Header {
	return Header{
		RecordID: drawText(t, "record"), Contract: Contract(rapid.IntRange(1, int(contractEnd)-1).Draw(t, "contract")),
		Source: drawHSAID[source](t, "source"), Patient: drawPatient(t),
		CareProvider: drawHSAID[careProvider](t, "provider"), CareUnit: drawHSAID[careUnit](t, "unit"),
		Time: drawMaybeCivil(t), TimeEnd: drawMaybeCivil(t), Title: drawText(t, "title"), Detail: drawText(t, "detail"),
		Status: drawText(t, "status"), Author: drawText(t, "author"), AuthorRole: drawText(t, "role"), Unit: drawText(t, "unit name"),
		Signed: rapid.Bool().Draw(t, "signed"), Nullified: rapid.Bool().Draw(t, "nullified"),
	}
}

// drawList draws up to most elements; none is nil, as the decoders have it.
func drawList[T any](t *rapid.T, name string, most int, element func(*rapid.T) T) []T {
	var all []T
	for range rapid.IntRange(0, most).Draw(t, name) {
		all = append(all, element(t))
	}
	return all
}

func drawNode(t *rapid.T, depth int) Node {
	last := NodeTable
	if depth == MaxDepth {
		last = NodeAttachment
	}
	n := Node{Kind: NodeKind(rapid.IntRange(1, int(last)).Draw(t, "kind")), Label: drawText(t, "label")}
	children := func(t *rapid.T) Node { return drawNode(t, depth+1) }
	switch n.Kind {
	case NodeText:
		n.Text = drawText(t, "text")
	case NodeFlag:
		n.Text = rapid.SampledFrom([]string{"true", "false"}).Draw(t, "flag")
	case NodeCode:
		n.Code = Code{drawText(t, "code"), drawText(t, "system"), drawText(t, "name"), drawText(t, "version"), drawText(t, "display"), drawText(t, "original")}
	case NodeQuantity:
		n.Quantity = Quantity{drawText(t, "value"), drawText(t, "unit"), drawText(t, "low"), drawText(t, "high"), drawText(t, "reference"), drawText(t, "flag")}
		n.Time = drawMaybeCivil(t)
	case NodeTime:
		n.Time = drawMaybeCivil(t)
	case NodePeriod:
		n.Time, n.End = drawMaybeCivil(t), drawMaybeCivil(t)
	case NodeID:
		n.Text, n.Code.System = drawText(t, "id"), drawText(t, "root")
	case NodeAttachment:
		inline := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "inline")
		n.Attachment = Attachment{MediaType: drawText(t, "media"), Reference: drawText(t, "reference")}
		if len(inline) > 0 {
			n.Attachment.Inline = inline
		}
	case NodeGroup:
		n.Children = drawList(t, "children", 3, children)
	case NodeTable:
		n.Children = drawList(t, "rows", 2, func(t *rapid.T) Node { return Node{Kind: NodeGroup, Label: drawText(t, "row")} })
	}
	return n
}

func drawBody(t *rapid.T) Body {
	return Body{Sections: drawList(t, "sections", 3, func(t *rapid.T) Section {
		return Section{Label: drawText(t, "label"), Nodes: drawList(t, "nodes", 4, func(t *rapid.T) Node { return drawNode(t, 1) })}
	})}
}

func TestDocumentRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &Document{Header: drawHeader(t), Body: drawBody(t)}
		if err := CheckDocument(d); err != nil {
			t.Fatal(err)
		}
		roundTrip(t, "drawn", d)
	})
}

func drawKey(t *rapid.T) (key DocumentKey) {
	copy(key[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "key"))
	return key
}

func drawItem(t *rapid.T) Item {
	return Item{Key: drawKey(t), Rev: rapid.Uint64().Draw(t, "rev"), Header: drawHeader(t)}
}

func drawCommission(t *rapid.T) CommissionInfo {
	return CommissionInfo{
		ID: drawHSAID[commission](t, "commission"), Name: drawText(t, "name"), CareUnit: drawText(t, "unit"),
		CareProvider: drawText(t, "provider"), Usable: rapid.Bool().Draw(t, "usable"), FollowUp: rapid.Bool().Draw(t, "follow up"),
	}
}

func drawPerson(t *rapid.T) Person {
	return Person{Key: drawText(t, "key"), Name: drawText(t, "name"), Title: drawText(t, "title")}
}

func drawName(t *rapid.T) string { return drawTextOf(t, "name", MaxNameBytes) }

func drawBool(t *rapid.T) bool { return rapid.Bool().Draw(t, "flag") }

func drawInstant(t *rapid.T) Instant { return Instant(rapid.Int64().Draw(t, "at")) }

func drawMark(t *rapid.T) ProviderMark {
	return ProviderMark{drawHSAID[careProvider](t, "provider"), drawName(t), drawBool(t), drawBool(t)}
}

func drawCoverageRow(t *rapid.T) CoverageRow {
	return CoverageRow{drawTextOf(t, "provider", hsaIDMaxLength), drawName(t), drawContract(t), drawMaybeCivil(t), drawMaybeCivil(t)}
}

func drawContract(t *rapid.T) Contract { return Contract(rapid.Byte().Draw(t, "contract")) }

func drawLate(t *rapid.T) LateFeed { return LateFeed{drawName(t), drawInstant(t), drawBool(t)} }

func drawAnnouncement(t *rapid.T) Announcement {
	return Announcement{
		drawBool(t), drawInstant(t), drawInstant(t),
		drawTextOf(t, "swedish", MaxAnnouncementBytes), drawTextOf(t, "english", MaxAnnouncementBytes),
	}
}

func drawCount(t *rapid.T) Count {
	return Count{drawName(t), drawName(t), rapid.Uint32().Draw(t, "number"), drawBool(t)}
}

func drawLogRow(t *rapid.T) LogRow {
	return LogRow{
		drawName(t), drawInstant(t), drawName(t), drawBool(t), Basis(rapid.IntRange(0, 2).Draw(t, "basis")),
		LogWho{drawTextOf(t, "employee", hsaIDMaxLength), drawName(t), drawName(t), drawName(t), drawName(t), drawName(t)},
		drawPatient(t), drawList(t, "contracts", maxContracts, drawContract), drawList(t, "owners", 6, drawName),
		drawTextOf(t, "note", MaxReasonBytes), ReviewOutcome(rapid.IntRange(0, 3).Draw(t, "outcome")), drawInstant(t),
	}
}

func drawFrame(t *rapid.T) Frame {
	u32 := func() uint32 { return rapid.Uint32().Draw(t, "u32") }
	u64 := func() uint64 { return rapid.Uint64().Draw(t, "u64") }
	u16 := func() uint16 { return rapid.Uint16().Draw(t, "u16") }
	yes := func() bool { return rapid.Bool().Draw(t, "bool") }
	gen := func() Generation { return Generation(u32()) }
	at := func() Instant { return Instant(rapid.Int64().Draw(t, "instant")) }
	pos := func() Position { return Position{u64(), u64()} }
	text := func(t *rapid.T) string { return drawText(t, "text") }
	small := func(last int) int { return rapid.IntRange(0, last).Draw(t, "small") }
	reason := func() string { return drawTextOf(t, "reason", MaxReasonBytes) }
	draw := []func() Frame{
		func() Frame { return Hello{u16(), text(t), pos()} },
		func() Frame { return Choose{drawHSAID[commission](t, "commission")} },
		func() Frame { return Open{u32(), drawPatient(t)} },
		func() Frame { return Consent{u32(), yes(), u16(), ConsentGiver(small(3)), drawPatient(t)} },
		func() Frame { return EndConsent{u32()} },
		func() Frame { return Show{gen(), drawList(t, "contracts", maxContracts, drawContract), yes()} },
		func() Frame { return Read{u32(), gen(), drawKey(t)} },
		func() Frame { return Leave{} },
		func() Frame { return Ack{gen()} },
		func() Frame { return Beat{gen(), u64()} },
		func() Frame { return Ask{u32(), Question(small(3))} },
		func() Frame { return Emergency{u32(), EmergencyStep(small(2)), reason()} },
		func() Frame {
			return Follow{u32(), ReportKind(small(8)), at(), at(), drawPatient(t), drawHSAID[employee](t, "employee"), u64()}
		},
		func() Frame { return Review{u32(), drawName(t), ReviewOutcome(small(3)), reason()} },
		func() Frame {
			return Welcome{u16(), text(t), text(t), Environment(rapid.IntRange(0, 2).Draw(t, "environment")), pos(), u32(), u32(),
				drawList(t, "people", 5, drawPerson), drawPerson(t), drawList(t, "commissions", 5, drawCommission), drawList(t, "alternates", MaxAlternates, text)}
		},
		func() Frame { return Chosen{drawCommission(t)} },
		func() Frame {
			return Opened{u32(), Basis(rapid.IntRange(0, 2).Draw(t, "basis")), yes(), at(), EmergencyStep(small(2)), yes(), yes(), yes()}
		},
		func() Frame { return Refused{u32(), Fault(u16()), text(t), at()} },
		func() Frame { return Begin{gen(), pos()} },
		func() Frame { return Chunk{gen(), drawList(t, "items", 3, drawItem)} },
		func() Frame { return End{gen(), pos(), u32(), u64()} },
		func() Frame {
			return Batch{gen(), u64(), u64(), drawList(t, "items", 3, drawItem), drawList(t, "keys", 40, drawKey), u32(), u64()}
		},
		func() Frame { return BodyFrame{u32(), gen(), drawKey(t), drawBody(t)} },
		func() Frame { return Revoke{gen(), gen(), u64(), Fault(u16()), drawList(t, "keys", 40, drawKey)} },
		func() Frame { return Heartbeat{gen(), pos(), u32(), u32(), u64()} },
		func() Frame { return GoAway{u32(), drawList(t, "alternates", MaxAlternates, text)} },
		func() Frame { return Told{u32(), Question(small(3)), yes(), drawList(t, "marks", 4, drawMark)} },
		func() Frame { return Coverage{drawList(t, "rows", 4, drawCoverageRow)} },
		func() Frame { return Freshness{drawList(t, "late", MaxFeeds, drawLate)} },
		func() Frame {
			return Report{u32(), ReportKind(small(8)), drawList(t, "rows", 3, drawLogRow), drawList(t, "counts", 4, drawCount), yes(), u64()}
		},
		func() Frame { return Reviewed{u32(), drawName(t)} },
		func() Frame { return Announcements{drawList(t, "messages", 4, drawAnnouncement)} },
	}
	return draw[rapid.IntRange(0, len(draw)-1).Draw(t, "frame")]()
}

func TestFrameRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFrame(t)
		before := []byte("kept")
		b := AppendFrame(before, f)
		if string(b[:4]) != "kept" {
			t.Fatal("AppendFrame does not append")
		}
		got, err := DecodeFrame(b[4:])
		if diff := cmp.Diff(f, got, same); diff != "" || err != nil {
			t.Fatalf("%T: %v\n%s", f, err, diff)
		}
	})
}

// TestDecodedHoldsNothing holds that a decoded frame does not change with the buffer
// that it came in.
func TestDecodedHoldsNothing(t *testing.T) {
	for _, f := range sampleFrames() {
		b := AppendFrame(nil, f)
		got := must(DecodeFrame(b))
		for i := range b {
			b[i] = 0xff
		}
		if diff := cmp.Diff(f, got, same); diff != "" {
			t.Errorf("%T changed with its buffer\n%s", f, diff)
		}
	}
}
