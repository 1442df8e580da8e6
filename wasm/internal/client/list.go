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
	Attention
	Paged bool // leafed in pages instead of scrolled
	Page  int
	Dirty bool // the store has changed since the rows were settled
	News  News
	Made  Made
}

// News is what has come and gone since it was last told, and when to tell it next.
type News struct {
	Added, Gone int
	Due         Clock
}

// Attention is what is at the list.
type Attention struct {
	Focused bool // the focus is at a row
	Within  bool // the focus is in the list or among its tools
	Pointed bool // the pointer is over the list or its tools
	Menu    bool // the focus is at a menu, perhaps one that is open: it is not drawn anew for what comes
}

// Made is what the rows were made from.
type Made struct {
	Of    *Store
	Spare []Row // the other buffer of the rows
	Loose bool  // some stand where they stood, not where they belong
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
	if l.Paged {
		first = min(l.Page*pageRows, len(l.Rows))
		return first, min(len(l.Rows), first+pageRows)
	}
	row := l.rowHeight()
	first = max(0, min(l.Top/row, len(l.Rows))-overscan)
	last = min(len(l.Rows), (l.Top+l.height())/row+1+overscan, first+maxWindow)
	return first, max(first, last)
}

// base is the first row that can be scrolled to.
func (l *List) base() int {
	if !l.Paged {
		return 0
	}
	return l.Page * pageRows
}

// firstSeen returns the first row that is seen, which may be beyond the last.
func (l *List) firstSeen() int { return l.base() + max(0, l.Top/l.rowHeight()) }

// lastSeen returns the last row that is seen; of a page all rows count as seen.
func (l *List) lastSeen() int {
	if l.Paged {
		_, last := l.window()
		return last - 1
	}
	return min(len(l.Rows), (l.Top+l.height()-1)/l.rowHeight()+1) - 1
}

// bottom returns the largest Top that makes sense.
func (l *List) bottom() int {
	rows := len(l.Rows) - l.base()
	if l.Paged {
		rows = min(rows, pageRows)
	}
	return max(0, rows*l.rowHeight()-l.height())
}

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

// reveal scrolls, and leafs, so that a row is seen.
func (l *List) reveal(at int) {
	l.turn(at / pageRows)
	at -= l.base()
	row, top := l.rowHeight(), l.Top
	if at*row < top {
		top = at * row
	}
	if (at+1)*row > top+l.height() {
		top = (at+1)*row - l.height()
	}
	if at > 0 && at*row <= top && !l.Rows[l.base()+at-1].isDocument() {
		top = (at - 1) * row // a type's first document is seen with its heading
	}
	l.Top = max(0, top)
}

// turn leafs to a page, where there are pages; to the last one beyond it.
func (l *List) turn(page int) {
	if !l.Paged {
		l.Page = 0
		return
	}
	if page = max(0, min(page, l.pages()-1)); page != l.Page {
		l.Page, l.Top = page, 0
	}
}

func (l *List) pages() int { return (len(l.Rows) + pageRows - 1) / pageRows }
