package protocol

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// numbered returns the constants of a type in a file, as written: name to number.
func numbered(t *testing.T, file, typeName string) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	ast.Inspect(must(parser.ParseFile(token.NewFileSet(), file, nil, 0)), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if kind, named := spec.Type.(*ast.Ident); ok && named && kind.Name == typeName {
			number, _ := constant.Int64Val(constant.MakeFromLiteral(literal.Value, literal.Kind, 0))
			found[spec.Names[0].Name] = number
		}
		return true
	})
	if len(found) == 0 {
		t.Fatalf("no constants of %s in %s", typeName, file)
	}
	return found
}

func TestEveryFaultHasWords(t *testing.T) {
	unknown := Fault(999).Info()
	titles := map[string]string{}
	for name, number := range numbered(t, "fault.go", "Fault") {
		if number == 0 {
			continue
		}
		info := Fault(number).Info()
		if info.Code != "TV-"+strconv.FormatInt(number, 10) {
			t.Errorf("%s: code %q", name, info.Code)
		}
		for _, lang := range []Language{Swedish, English} {
			words := info.In(lang)
			if words == unknown.In(lang) {
				t.Errorf("%s has no words in %s", name, lang.Tag())
			}
			if other := titles[words.Title]; other != "" {
				t.Errorf("%s and %s have the title %q", name, other, words.Title)
			}
			titles[words.Title] = name
			checkSentence(t, name, words)
			if words.Who == "" || words.Who != info.Mender.In(lang) {
				t.Errorf("%s: who can mend it is %q", name, words.Who)
			}
		}
		if !slices.Contains(Faults(), Fault(number)) {
			t.Errorf("%s is not among the faults", name)
		}
	}
}

// TestFaultTable holds the table to its form: sorted, every line whole, and nothing in
// it that is no fault.
func TestFaultTable(t *testing.T) {
	all := Faults()
	if numbers := numbered(t, "fault.go", "Fault"); !slices.IsSorted(all) || len(all) != len(numbers)-1 {
		t.Errorf("%d lines for %d faults", len(all), len(numbers)-1)
	}
	for line := range strings.Lines(faultTable) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(fields) != 6 || slices.Contains(fields, "") || len(line) > 512 {
			t.Errorf("%s: %d fields, %d bytes", fields[0], len(fields), len(line))
		}
		if m := fields[1]; m < "1" || m > "5" {
			t.Errorf("%s: mender %q", fields[0], m)
		}
	}
	days := strconv.Itoa(MaxConsentDays)
	if w := FaultConsentTerms.Info(); !strings.Contains(w.Swedish.Action, days) || !strings.Contains(w.English.Action, days) {
		t.Errorf("%s does not say %s", w.Code, days)
	}
}

// TestMenders holds that every mender has a name of its own in both languages.
func TestMenders(t *testing.T) {
	seen := map[string]bool{"": true}
	for m := MenderYou; m <= MenderSource; m++ {
		for _, lang := range []Language{Swedish, English} {
			if words := m.In(lang); seen[words] {
				t.Errorf("%d: %q", m, words)
			} else {
				seen[words] = true
			}
		}
	}
	if MenderNone.In(Swedish)+MenderNone.In(English)+(MenderSource+1).In(Swedish) != "" {
		t.Error("nobody has a name")
	}
}

func checkSentence(t *testing.T, name string, words FaultWords) {
	t.Helper()
	for _, s := range []string{words.Title, words.Action} {
		first, _ := utf8.DecodeRuneInString(s)
		if !unicode.IsUpper(first) || !utf8.ValidString(s) || strings.TrimSpace(s) != s || strings.Contains(s, "  ") {
			t.Errorf("%s: %q is not written as a sentence", name, s)
		}
	}
	if strings.HasSuffix(words.Title, ".") || !strings.HasSuffix(words.Action, ".") {
		t.Errorf("%s: a title has no full stop and an action has one: %+v", name, words)
	}
}

// TestFaultsDoNotTellBlocks holds that no fault that a document can meet says whether
// there was a block.
func TestFaultsDoNotTellBlocks(t *testing.T) {
	info := FaultNotFound.Info()
	for _, word := range []string{"spärr", "block"} {
		if strings.Contains(strings.ToLower(info.Swedish.Title+info.Swedish.Action+info.English.Title+info.English.Action), word) {
			t.Errorf("the fault of a document that is not shown says %q", word)
		}
	}
}

func TestUnknownFault(t *testing.T) {
	for _, f := range []Fault{0, 1, 1000, 1999, 2999, 65535} {
		if info := f.Info(); info.Swedish.Title != "Okänt fel" || info.English.Title != "Unknown fault" || info.Code != "TV-"+strconv.Itoa(int(f)) {
			t.Errorf("%d: %+v", f, info)
		}
	}
}

func TestCloseCodes(t *testing.T) {
	for name, number := range numbered(t, "fault.go", "CloseCode") {
		c := CloseCode(number)
		if c < 4000 || c > 4999 || c.Retry() != (c < 4500) {
			t.Errorf("%s: %d, retry %v", name, c, c.Retry())
		}
		if moving := c == CloseMoving; moving != (c.Fault() == FaultNone) {
			t.Errorf("%s: fault %d", name, c.Fault())
		}
	}
	for _, c := range []CloseCode{1000, 1001, 1006} {
		if c.Fault() != FaultNone || !c.Retry() {
			t.Errorf("%d is not ours", c)
		}
	}
}
