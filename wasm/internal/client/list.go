package client

import "tvilling/protocol"

// List is the list of documents: what stands in it, where it is scrolled to, and
// which row the keyboard is at.
type List struct {
	Query     Query
	Rows      []Row
	Documents int // rows that are documents
	Held      int // new documents that are held back: they would move what is read
	Top       int // pixels scrolled
	Height    int // pixels seen; 0: not measured
	RowHeight int // pixels of a row; 0: not measured
	Active    protocol.DocumentKey
	Focused   bool // the focus is in the list
}

func (l *List) rowHeight() int {
	if l.RowHeight <= 0 {
		return defaultRowHeight
	}
	return l.RowHeight
}

func (l *List) height() int {
	if l.Height <= 0 {
		return defaultHeight
	}
	return l.Height
}

// window returns the rows to paint, [first, last), from where the list stands.
func (l *List) window() (first, last int) {
	row := l.rowHeight()
	first = max(0, min(l.Top/row, len(l.Rows))-overscan)
	last = min(len(l.Rows), (l.Top+l.height())/row+1+overscan, first+maxWindow)
	return first, max(first, last)
}

// bottom returns the largest Top that makes sense.
func (l *List) bottom() int { return max(0, len(l.Rows)*l.rowHeight()-l.height()) }

func (l *List) indexOf(key protocol.DocumentKey) int {
	for i := range l.Rows {
		if l.Rows[i].Key == key && l.Rows[i].isDocument() {
			return i
		}
	}
	return -1
}

// tabStop returns the row that the tab key reaches: the active one if it is painted,
// else the first painted document.
func (l *List) tabStop() int {
	first, last := l.window()
	stop := -1
	for i := first; i < last; i++ {
		if !l.Rows[i].isDocument() {
			continue
		}
		if l.Rows[i].Key == l.Active {
			return i
		}
		if stop < 0 {
			stop = i
		}
	}
	return stop
}

// replace puts new rows in place of the old so that what is read stays where it is:
// the first seen row that is still there keeps its place on the screen.
func (l *List) replace(rows []Row) {
	old := l.Rows
	l.Rows, l.Documents = rows, 0
	for i := range rows {
		if rows[i].isDocument() {
			l.Documents++
		}
	}
	at := make(map[Row]int, len(rows))
	for i, row := range rows {
		at[row] = i
	}
	height := l.rowHeight()
	anchor, offset := -1, 0
	for i := max(0, l.Top/height); i < len(old); i++ {
		if now, still := at[old[i]]; still {
			anchor, offset = now, l.Top-i*height
			break
		}
	}
	if anchor < 0 {
		l.Top = min(l.Top, l.bottom())
		return
	}
	// An offset below zero means that rows above the anchor went away under the eye.
	l.Top = max(0, min(anchor*height+max(0, offset), l.bottom()))
}

// move takes the active row to where a key points, scrolled into sight. It reports
// false for a key that means nothing here.
func (l *List) move(key string) bool {
	page := max(1, l.height()/l.rowHeight()-1)
	at := l.indexOf(l.Active)
	switch key {
	case "ArrowDown":
		at = l.document(at+1, 1)
	case "ArrowUp":
		at = l.document(at-1, -1)
	case "PageDown":
		at = l.document(min(at+page, len(l.Rows)-1), 1)
	case "PageUp":
		at = l.document(max(at-page, 0), -1)
	case "Home":
		at = l.document(0, 1)
	case "End":
		at = l.document(len(l.Rows)-1, -1)
	default:
		return false
	}
	if at < 0 {
		return false
	}
	l.Active = l.Rows[at].Key
	l.reveal(at)
	return true
}

// document returns the nearest document from at, first in the direction given.
func (l *List) document(at, direction int) int {
	for _, d := range [2]int{direction, -direction} {
		for i := at; i >= 0 && i < len(l.Rows); i += d {
			if l.Rows[i].isDocument() {
				return i
			}
		}
	}
	if at >= len(l.Rows) && len(l.Rows) > 0 {
		return l.document(len(l.Rows)-1, -1)
	}
	if at < 0 && len(l.Rows) > 0 {
		return l.document(0, 1)
	}
	return -1
}

func (l *List) reveal(at int) {
	row, top := l.rowHeight(), l.Top
	if at*row < top {
		top = at * row
	}
	if (at+1)*row > top+l.height() {
		top = (at+1)*row - l.height()
	}
	if at > 0 && at*row <= top && !l.Rows[at-1].isDocument() {
		top = (at - 1) * row // a type's first document is seen with its heading
	}
	l.Top = max(0, top)
}
