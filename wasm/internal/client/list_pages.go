package client

import "strconv"

// The list can be leafed in pages instead of scrolled: for who lets the browser search
// in the page, or has it read aloud from top to bottom.

func (m *machine) actPages(name Action) {
	l := &m.s.List
	switch name {
	case ActPaged:
		at := l.firstSeen()
		l.Paged = !l.Paged
		l.Page, l.Top = 0, 0
		if at < len(l.Rows) {
			l.reveal(at)
		}
	case ActPageBack:
		l.turn(l.Page - 1)
	case ActPageNext:
		l.turn(l.Page + 1)
	}
	m.do(ScrollList{l.Top})
	if l.Paged {
		m.status(pageText(&m.s))
	}
}

// pageText is where one is among the pages.
func pageText(s *State) string {
	return textOf(s.Lang, txtPage) + " " + strconv.Itoa(s.List.Page+1) + " " + textOf(s.Lang, txtOf) + " " + strconv.Itoa(max(1, s.List.pages()))
}

// listPages are the controls below the list.
func (r *renderer) listPages() string {
	m, l := new(markup), &r.s.List
	if len(l.Rows) <= pageRows && !l.Paged {
		return ""
	}
	m.raw(`<button type="button" class="quiet" id="paged" data-act="paged" data-test="paged" aria-pressed="`).text(strconv.FormatBool(l.Paged)).raw(`">`).text(r.t(txtPaged)).raw(`</button>`)
	if l.Paged {
		m.raw(`<span class="leaf">`)
		r.button(m, "quiet", "page-back", ActPageBack, "", r.t(txtPageBack), l.Page == 0)
		m.raw(`<span data-test="page">`).text(pageText(r.s)).raw(`</span>`)
		r.button(m, "quiet", "page-next", ActPageNext, "", r.t(txtReportNext), l.Page+1 >= l.pages())
		m.raw(`</span>`)
	}
	return m.String()
}
