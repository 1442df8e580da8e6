package client

import (
	"testing"

	"tvilling/protocol"
)

// TestAnOpenMenuIsLetAlone has documents come, change owner and go while the focus is at a
// menu: what comes waits, what goes is gone.
func TestAnOpenMenuIsLetAlone(t *testing.T) {
	f := newFeed(t)
	f.act(ActTab, "1") // the calendar has a menu of years
	f.act(ActFilters, "")
	of := func(n byte, unit string) protocol.Item {
		d := doc(n, protocol.Diagnosis, "20190101")
		d.Header.Unit = unit
		return d
	}
	f.put(of(50, "Vinden"))
	both := func() string {
		f.do(Frame{})
		page := Render(&f.s)
		return regionOf(page, "filters") + regionOf(page, "strip-content")
	}
	f.do(Focused{idMenu})
	before := both()
	f.put(of(51, "Kupolen"))
	f.pass(pictureEvery)
	if got := both(); got != before {
		t.Error("a menu is drawn anew while it may be open")
	}
	f.do(Focused{""})
	f.pass(pictureEvery)
	after := both()
	if after == before {
		t.Error("the menus do not learn of what came")
	}
	f.do(Focused{idMenu})
	if f.do(f.batch([]protocol.Item{of(51, "Linden")})); both() == after {
		t.Error("the menu names a unit that its one document has left")
	}
	after = both()
	if f.do(f.batch(nil, f.docs[of(51, "").Key].Key)); both() == after {
		t.Error("the menu names a unit that is gone")
	}
}

// TestAnotherDocumentChangesNothingOfTheOneThatIsRead lets a document come and go beside
// the open one: the ways on change, and the pane does not.
func TestAnotherDocumentChangesNothingOfTheOneThatIsRead(t *testing.T) {
	f := newFeed(t)
	last := f.s.List.Rows[len(f.s.List.Rows)-1].Key
	f.act(ActRead, keyText(last))
	paint := NewPainter()
	pane := func() (reader, steps string) {
		f.do(Frame{})
		paint.Paint(&f.s, nil)
		return paint.html["reader"], paint.html["reader-steps"]
	}
	reader, steps := pane()
	older := doc(60, protocol.Diagnosis, "20010101")
	f.put(older)
	f.act(ActShowHeld, "")
	r, s := pane()
	if r != reader {
		t.Error("the pane is drawn anew for another document")
	}
	if s == steps {
		t.Error("there is no way on to the document that came")
	}
	f.do(f.batch(nil, older.Key))
	if r, s = pane(); r != reader || s != steps {
		t.Error("gone again, the pane is not as it was")
	}
}
