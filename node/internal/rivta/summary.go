package rivta

import (
	"strings"
	"unicode"

	"tvilling/protocol"
)

// summarise fills in what a list says about a record.
func summarise(k *description, header, body *element, to *protocol.Header) {
	s := summary{header: header, body: body}
	to.Title, to.Detail, to.Status = s.first(k.title), s.first(k.detail), s.first(k.status)
	if to.Detail == to.Title {
		to.Detail = ""
	}
	if k.contract == protocol.LaboratoryOrderOutcome {
		s.measured(to)
	}
	if k.contract == protocol.LaboratoryOrderOutcome && standsOut(body) {
		to.SetAbnormal()
	}
	if k.end == "" || body == nil {
		return
	}
	if e := body.find(k.end); e.says() != "" {
		switch t, ok := parseTime(e.text); {
		case !ok:
		case t >= to.Time:
			to.TimeEnd = t
		case to.Status == "" && endsBefore(t, to.Time):
			to.Status = k.ended
		}
	}
}

// measured puts before the only result of a report what was measured, where the title has
// other words: a number beside the name of a group is a number of anything.
func (s summary) measured(to *protocol.Header) {
	if s.body == nil || len(s.body.all("groupOfAnalyses/analysis/result/value")) != 1 || to.Detail == "" || to.Detail != s.first(describe(protocol.LaboratoryOrderOutcome).detail[:1]) {
		return
	}
	for _, analysis := range s.body.all("groupOfAnalyses/analysis") {
		code := analysis.child("code")
		if code == nil || analysis.find("result/value") == nil {
			continue
		}
		if name := words(code, false); name != "" && !holds(to.Title, name) && len(name)+len(to.Detail) < maxLineBytes { // no value is cut for a name
			to.Detail = name + " " + to.Detail
		}
	}
}

// endsBefore reports whether a period that ends at end was over before at, as far as
// both were given: what ends in a year ends after any day of it.
func endsBefore(end, at protocol.Civil) bool {
	e, a := end.Digits(), at.Digits()
	n := min(len(e), len(a))
	return e[:n] < a[:n]
}

type summary struct{ header, body *element }

func (s summary) first(phrases []phrase) string {
	for _, p := range phrases {
		if text := s.phrase(p); text != "" {
			return short(text)
		}
	}
	return ""
}

// phrase joins what the parts say. A part that the phrase already holds adds nothing:
// names of drugs often hold the strength.
func (s summary) phrase(p phrase) string {
	text := ""
	for i, part := range p.parts {
		said := s.part(part)
		switch {
		case said == "" && i == 0:
			return ""
		case said == "" || text != "" && holds(text, said):
		case text == "":
			text = said
		default:
			text += p.sep + said
		}
	}
	return text
}

// holds reports whether a text holds another as whole words: the L of mmol/L is no mark
// of a low value.
func holds(text, said string) bool {
	return strings.Contains(spaced(text), spaced(said))
}

// spaced is a text's words in lower case, each between blanks and without the marks
// that follow it. A unit written together with its number is a word.
func spaced(text string) string {
	var b strings.Builder
	b.WriteByte(' ')
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		digit := false
		for _, r := range strings.Trim(word, ",;:().") {
			if digit && unicode.IsLetter(r) {
				b.WriteByte(' ')
			}
			digit = unicode.IsDigit(r)
			b.WriteRune(r)
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// part is the first alternative that says anything.
func (s summary) part(part string) string {
	for alternative := range strings.SplitSeq(part, "|") {
		if text := s.path(alternative); text != "" {
			return text
		}
	}
	return ""
}

func (s summary) path(path string) string {
	path, literal, hasLiteral := strings.Cut(path, "=")
	from, coded, many, single := s.body, false, false, false
	for path != "" && strings.ContainsRune("/#*1", rune(path[0])) {
		switch path[0] {
		case '/':
			from = s.header
		case '#':
			coded = true
		case '*':
			many = true
		case '1':
			single = true
		}
		path = path[1:]
	}
	if from == nil {
		return ""
	}
	found := from.each(path)
	if len(found) == 0 || single && len(found) > 1 {
		return ""
	}
	if hasLiteral {
		if found[0].empty() || found[0].says() == "false" || found[0].says() == "0" {
			return ""
		}
		return strings.ReplaceAll(literal, "…", words(found[0], false))
	}
	if !many {
		found = found[:1]
	}
	return list(found, coded)
}

// each is all, where the last name may be several: then it is the first of them that
// says anything, in each element.
func (e *element) each(path string) []*element {
	end := strings.LastIndexByte(path, '/')
	names := strings.Split(path[end+1:], ",")
	if len(names) == 1 {
		return e.all(path)
	}
	var found []*element
	for _, around := range e.all(path[:max(end, 0)]) {
		for _, name := range names {
			if c := around.child(name); c != nil && words(c, false) != "" {
				found = append(found, c)
				break
			}
		}
	}
	return found
}

// list joins what elements say, each thing once, until a line is full.
func list(elements []*element, coded bool) string {
	var b strings.Builder
	said := map[string]bool{}
	for _, e := range elements {
		text := words(e, coded)
		if text == "" || said[text] {
			continue
		}
		said[text] = true
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		if b.WriteString(text); b.Len() > maxLineBytes {
			break
		}
	}
	return b.String()
}

// words is what an element says in one line: a text, the words of a code (with the
// code itself before them if coded), a value with its unit, an identifier. Placeholders
// say nothing.
func words(e *element, coded bool) string {
	if e.leaf() {
		text := plainWords(e)
		if known := enumeratedWords(e.name, text); known != "" {
			return known
		}
		if t, ok := parseTime(text); ok && isTimeName(e.name) {
			return t.String()
		}
		return text
	}
	for _, inner := range choiceNames {
		if c := e.child(inner); c != nil && len(e.children) == 1 {
			return words(c, coded)
		}
	}
	if value := plainWords(e.child("value")); value != "" {
		return strings.TrimSpace(value + " " + unitWords(e))
	}
	if between := intervalWords(e); between != "" {
		return strings.TrimSpace(between + " " + unitWords(e))
	}
	text, code := "", plainWords(e.child("code"))
	for _, name := range []string{"displayName", "originalText", "code", "extension"} {
		if text = plainWords(e.child(name)); text != "" {
			break
		}
	}
	if known := enumeratedWords(e.name, code); known != "" && text == code {
		return known
	}
	if coded && code != "" && code != text {
		return code + " " + text
	}
	return text
}

// unitWords is the unit of a value, which UCUM writes as 1 where there is none.
func unitWords(e *element) string {
	if unit := plainWords(e.child("unit")); unit != "1" {
		return unit
	}
	return ""
}

// intervalWords is an interval without its unit. A bound alone has its sign, since a
// dash before a number reads as a minus.
func intervalWords(e *element) string {
	low, high := plainWords(e.child("low")), plainWords(e.child("high"))
	open := func(closed string) bool { s := e.child(closed).says(); return s == "false" || s == "0" }
	switch {
	case low == high:
		return low
	case low == "" && open("highClosed"):
		return "< " + high
	case low == "":
		return "≤ " + high
	case high == "" && open("lowClosed"):
		return "> " + low
	case high == "":
		return "≥ " + low
	default:
		return low + "–" + high
	}
}

// plainWords is a leaf's text on one line, without placeholders and truth values.
func plainWords(e *element) string {
	text := e.says()
	if text == placeholder || text == "false" || text == "true" {
		return ""
	}
	if len(text) > 4*maxLineBytes {
		text = cut(text, 4*maxLineBytes)
	}
	return strings.Join(strings.Fields(text), " ")
}
