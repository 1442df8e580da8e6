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
		s.m.raw(`</th><td colspan="3">`)
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
			s.unsettled(a)
			s.m.raw(`</th>`)
		} else {
			s.m.raw(`<td></td>`)
		}
		s.result(r, value, s.sampledAt(a))
		s.m.raw(`</tr>`)
		s.remarks(r, 4, "comment outcomeDescription referencePopulation reference/comment")
		for _, related := range s.all(r, "related") {
			s.analysis(related, -1) // what was tried on what was found
		}
	}
	s.remarks(a, 4, "comment specimen/comment")
}

// analysisName begins the cell of what was analysed, in what, and the way to its trend.
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
}

// unsettled says beside an analysis that has results how far it has come, unless that
// is to its end: a preliminary result is not to be taken for a final one.
func (s *sheet) unsettled(a *protocol.Node) {
	for path := range strings.FieldsSeq(analysisStatus) {
		for _, n := range s.all(a, path) {
			if meaning(n) == "" || isFinal(n) {
				continue
			}
			s.m.raw(`<br><span class="badge`).raw(standing(n)).raw(`" data-test="analysis-status">`)
			s.brief(n)
			s.m.raw(`</span>`)
		}
	}
}

// isFinal reports whether a status is known to say that nothing more is to come.
func isFinal(n *protocol.Node) bool {
	if n.Code.Code == "final" {
		return true
	}
	switch fold(meaning(n)) {
	case "final", "slutsvar", "slutgiltig", "slutgiltigt", "slutgiltigt svar", "definitiv", "definitivt", "definitivt svar", "def", "f":
		return true
	}
	return false
}

// result is the cells of one value: its mark stands beside it, however narrow the page.
// Sampled is of its analysis, for a result that has no time of its own.
func (s *sheet) result(r, value *protocol.Node, sampled protocol.Civil) {
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
	s.reckoned(s.m, &q, s.judged(r, q.Flag))
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
	} else if !sampled.IsZero() {
		s.m.raw(`<time>`).text(moment(sampled)).raw(`</time>`)
	}
	s.m.raw(`</td>`)
}

// sampledAt is when the last specimen of an analysis was taken, else when it was made, as
// values have it. It stays among the rest, where it says which of them it is.
func (s *sheet) sampledAt(a *protocol.Node) (last protocol.Civil) {
	for _, n := range s.all(a, "specimen/timestamp") {
		last = max(last, n.Time)
	}
	for _, path := range [...]string{"timestamp", "analysisTime/start", "analysisTime"} {
		if n := s.at(a, path); n != nil && last.IsZero() {
			last = n.Time
		}
	}
	return last
}

// judged is the mark, and the words that the laboratory has for it. A result in words
// has its mark in its interpretation alone. It returns the marks.
func (s *sheet) judged(r *protocol.Node, flag string) string {
	interpretations := s.all(r, "interpretation")
	if flag == "" {
		flag = marksOf(interpretations)
	}
	if flag != "" {
		s.flagged(s.m, flag)
	}
	for _, n := range interpretations {
		words := meaning(n)
		said := protocol.StandingOf(flag) == protocol.StandingAbnormal && words == s.t(txtAbnormal)
		if !said && !strings.Contains(flag, words) && words != s.t(txtHigh) && words != s.t(txtLow) {
			s.m.raw(` `).text(words)
		}
		if n.Code == (protocol.Code{Code: n.Code.Code}) && (n.Kind == protocol.NodeCode || n.Kind == protocol.NodeText) && holdsMark(flag, n.Code.Code+n.Text) {
			s.taken[n] = true
		}
	}
	n := s.at(r, "pathologicalFlag")
	if n == nil {
		return flag
	}
	switch {
	case n.Text == "true" && !isAbnormal(flag):
		s.m.raw(` `)
		s.flagged(s.m, "*")
		flag = "*"
	case n.Text == "false" && flag == "":
		s.m.text(s.t(txtNotAbnormal))
	case n.Text == "false" && isAbnormal(flag):
		return flag // they contradict each other, and both stay
	}
	s.taken[n] = true
	return flag
}

// marksOf joins marks as a quantity has them.
func marksOf(interpretations []*protocol.Node) string {
	flag := ""
	for _, n := range interpretations {
		flag = joined(", ", flag, protocol.MarkOf(n.Text, n.Code.Code, n.Code.Original, n.Code.Display))
	}
	return flag
}

// holdsMark reports whether a mark stands among those that are parted by commas.
func holdsMark(flag, mark string) bool {
	for one := range strings.SplitSeq(flag, ",") {
		if strings.TrimSpace(one) == mark {
			return true
		}
	}
	return false
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

// analysisStatus is where the two generations say how far an analysis has come.
const analysisStatus = "status analysisStatus"

// status is how far an analysis has come, where that is not said by a result.
func (s *sheet) status(a *protocol.Node) {
	for path := range strings.FieldsSeq(analysisStatus) {
		if n := s.at(a, path); n != nil {
			s.put(n)
		}
	}
}

// remarks are words about the row above, across the columns of its table.
func (s *sheet) remarks(in *protocol.Node, columns int, paths string) {
	for path := range strings.FieldsSeq(paths) {
		for _, n := range s.all(in, path) {
			s.m.raw(`<tr class="remark"><td colspan="`).number(columns).raw(`"><span class="small">`).text(s.label(n.Label)).raw(`</span> `)
			s.put(n)
			s.m.raw(`</td></tr>`)
		}
	}
}
