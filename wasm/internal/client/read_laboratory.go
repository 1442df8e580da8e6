package client

import (
	"strings"

	"tvilling/protocol"
)

// laboratory writes a table for each group of analyses; analyses of the older
// generation stand in no group.
func (s *sheet) laboratory() {
	number := 0
	for _, group := range s.all(&s.root, "groupOfAnalyses") {
		s.m.raw(`<section class="part">`)
		name := meaning(s.at(group, "name"))
		if name == "" {
			name = meaning(s.at(group, "code"))
		}
		if name == "" {
			name = s.label(group.Label)
		}
		s.heading(name)
		for _, n := range s.all(group, "name") {
			s.taken[n] = true
		}
		s.text(group, "comment")
		number = s.analyses(s.all(group, "analysis"), number)
		s.m.raw(`</section>`)
	}
	s.analyses(s.all(&s.root, "analysis"), number)
}

// analyses writes one table, and under it the trend that was asked for in it. The
// analyses are numbered through the document.
func (s *sheet) analyses(list []*protocol.Node, number int) int {
	if len(list) == 0 {
		return number
	}
	s.m.raw(`<div class="table-box" tabindex="0" role="group" aria-label="`).text(s.label("analysisOutcome")).raw(`"><table class="laboratory" data-test="laboratory"><thead><tr>`)
	for _, c := range [...]string{"analysis", "result", "referenceInterval", "time"} {
		s.m.raw(`<th scope="col">`).text(s.label(c)).raw(`</th>`)
	}
	s.m.raw(`</tr></thead><tbody>`)
	first := number
	for _, a := range list {
		s.analysis(a, number)
		number++
	}
	s.m.raw(`</tbody></table></div>`)
	if at := s.s.Reader.Trend.At; s.s.Reader.Trend.Open && at >= first && at < number {
		s.trend(s.m)
	}
	return number
}

// analysis writes a row for each result, and what is said of it in words under it.
func (s *sheet) analysis(a *protocol.Node, number int) {
	results := append(s.all(a, "result"), s.all(a, "analysisOutcome")...)
	if len(results) == 0 {
		s.m.raw(`<tr>`)
		s.analysisName(a, nil, number)
		s.m.raw(`<td colspan="3">`)
		s.status(a)
		s.m.raw(`</td></tr>`)
	}
	for i, r := range results {
		value := s.at(r, "value")
		if value == nil && len(r.Children) == 0 {
			value = r // a result that is its value and nothing more
		}
		s.m.raw(`<tr`).when(number < 0, ` class="related"`).raw(`>`)
		if i == 0 {
			s.analysisName(a, value, number)
		} else {
			s.m.raw(`<td></td>`)
		}
		s.result(r, value)
		s.m.raw(`</tr>`)
		s.remarks(r, "comment outcomeDescription referencePopulation reference/comment")
		for _, related := range s.all(r, "related") {
			s.analysis(related, -1) // what was tried on what was found
		}
	}
	s.remarks(a, "comment specimen/comment")
}

// analysisName is what was analysed, in what, and the way to its trend.
func (s *sheet) analysisName(a, value *protocol.Node, number int) {
	code := s.at(a, "code")
	if code == nil {
		code = s.at(a, "analysisCode")
	}
	name := s.at(a, "analysisText")
	s.m.raw(`<th scope="row">`)
	title := meaning(name)
	if title == "" {
		title = meaning(code)
	}
	s.m.text(title)
	if name != nil {
		s.taken[name] = true
	}
	if code != nil && (code.Code == protocol.Code{Display: title} || code.Code == protocol.Code{Original: title} || code.Code == protocol.Code{Code: title}) {
		s.taken[code] = true
	}
	for _, path := range [...]string{"specimen/material", "specimen/anatomicalLocation", "specimen", "method"} {
		if n := s.at(a, path); n != nil && len(n.Children) == 0 && meaning(n) != "" {
			s.m.raw(`<br><span class="small">`)
			s.brief(n)
			s.m.raw(`</span>`)
		}
	}
	if number >= 0 && value != nil && value.Kind == protocol.NodeQuantity && code != nil && code.Code.Code != "" {
		s.trendButton(&code.Code, title, number)
	}
	s.m.raw(`</th>`)
}

// result is the cells of one value: its mark stands beside it, however narrow the page.
func (s *sheet) result(r, value *protocol.Node) {
	above, below := s.excluded(r, "value/lowClosed"), s.excluded(r, "value/highClosed")
	reference := s.at(r, "reference")
	s.m.raw(`<td>`)
	var q protocol.Quantity
	switch {
	case value != nil && value.Kind == protocol.NodeQuantity:
		q = value.Quantity
		s.m.raw(`<span class="quantity`).when(isAbnormal(q.Flag), ` abnormal`).raw(`">`)
		s.value(s.m, &q, above, below)
		s.m.raw(`</span>`)
		s.taken[value] = true
	case value != nil:
		s.put(value)
	default:
		for _, name := range [...]string{"outcomeValue", "outcomeUnit"} {
			if n := s.at(r, name); n != nil {
				s.m.raw(`<b>`).text(s.decimal(n.Text)).raw(`</b> `)
				s.taken[n] = true
			}
		}
	}
	s.m.raw(` `)
	s.judged(r, q.Flag)
	s.m.raw(`</td><td>`)
	s.interval(s.m, &q, reference != nil && s.excluded(reference, "interval/lowClosed"), reference != nil && s.excluded(reference, "interval/highClosed"))
	if n := s.at(r, "referenceInterval"); n != nil {
		s.put(n)
	}
	if reference != nil {
		for _, path := range [...]string{"interval", "interval/value", "description", "population"} {
			if n := s.at(reference, path); n != nil && len(n.Children) == 0 {
				s.m.raw(` <span class="small">`)
				s.put(n)
				s.m.raw(`</span>`)
			}
		}
	}
	s.m.raw(`</td><td>`)
	if value != nil && !value.Time.IsZero() {
		s.m.raw(`<time>`).text(moment(value.Time)).raw(`</time>`)
	} else if n := s.at(r, "observationTime"); n != nil {
		s.put(n)
	}
	s.m.raw(`</td>`)
}

// judged is the mark, and the words that the laboratory has for it.
func (s *sheet) judged(r *protocol.Node, flag string) {
	if flag != "" {
		s.flagged(s.m, flag)
	}
	for _, n := range s.all(r, "interpretation") {
		switch words := meaning(n); {
		case flag == "":
			s.put(n)
		case !strings.Contains(flag, words) && words != s.t(txtHigh) && words != s.t(txtLow):
			s.m.raw(` `).text(words)
		}
		if n.Code == (protocol.Code{Code: flag}) || n.Kind == protocol.NodeText && n.Text == flag {
			s.taken[n] = true
		}
	}
	if n := s.at(r, "pathologicalFlag"); n != nil && (flag != "" || n.Text == "false") {
		s.taken[n] = true
		if flag == "" {
			s.m.text(s.t(txtNotAbnormal))
		}
	} else if n != nil && n.Text == "true" {
		s.flagged(s.m, "*")
		s.taken[n] = true
	}
}

// excluded reports whether a bound is said not to be in its interval, and takes that:
// a sign shows it.
func (s *sheet) excluded(in *protocol.Node, path string) bool {
	other := strings.Replace(path, "lowClosed", "highClosed", 1)
	if other == path {
		other = strings.Replace(path, "highClosed", "lowClosed", 1)
	}
	n := s.at(in, path)
	if n == nil || n.Text != "false" || s.at(in, other) != nil {
		return false // with two bounds no sign stands, and the words stay
	}
	s.taken[n] = true
	return true
}

// status is how far an analysis has come, where that is not said by a result.
func (s *sheet) status(a *protocol.Node) {
	for _, path := range [...]string{"status", "analysisStatus"} {
		if n := s.at(a, path); n != nil {
			s.put(n)
		}
	}
}

// remarks are words about the row above.
func (s *sheet) remarks(in *protocol.Node, paths string) {
	for path := range strings.FieldsSeq(paths) {
		for _, n := range s.all(in, path) {
			s.m.raw(`<tr class="remark"><td colspan="4"><span class="small">`).text(s.label(n.Label)).raw(`</span> `)
			s.put(n)
			s.m.raw(`</td></tr>`)
		}
	}
}
