package protocol

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestVocabulary(t *testing.T) {
	var keys []string
	for _, line := range strings.Split(strings.TrimSuffix(vocabulary, "\n"), "\n") {
		parts := strings.Split(line, "|")
		if len(parts) != 3 {
			t.Fatalf("%q does not have a name, Swedish and English", line)
		}
		keys = append(keys, parts[0])
		for _, words := range parts[1:] {
			first, _ := utf8.DecodeRuneInString(words)
			if !unicode.IsUpper(first) || strings.TrimSpace(words) != words || !utf8.ValidString(words) {
				t.Errorf("%s: %q", parts[0], words)
			}
		}
		if got := [2]string{Term(parts[0], Swedish), Term(parts[0], English)}; got != [2]string{parts[1], parts[2]} {
			t.Errorf("%s is looked up as %q", parts[0], got)
		}
	}
	if !sort.StringsAreSorted(keys) {
		for i := 1; i < len(keys); i++ {
			if keys[i-1] >= keys[i] {
				t.Errorf("%s does not belong after %s", keys[i], keys[i-1])
			}
		}
	}
	for i := 1; i < len(keys); i++ {
		if keys[i-1] == keys[i] {
			t.Errorf("%s stands twice", keys[i])
		}
	}
}

func TestTermOfUnknownName(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"a":                       "A",
		"someOtherSite":           "Some other site",
		"anatomicalSites":         "Anatomical sites",
		"nonATCSubstances":        "Non ATC substances",
		"newHSAId":                "New HSA id",
		"apgarScore15":            "Apgar score 15",
		"yea":                     "Yea",
		"yearOfBirth":             "Year of birth",
		"zebra":                   "Zebra",
		"aardvark":                "Aardvark",
		"accessControlHeader|":    "Access control header|",
		"year|År":                 "Year|År",
		"\n":                      "\n",
		"överkänslighet":          "överkänslighet",
		strings.Repeat("x", 1000): "X" + strings.Repeat("x", 999),
	} {
		if got := Term(in, Swedish); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestHumanise(t *testing.T) {
	for in, want := range map[string]string{
		"anatomicalSite": "Anatomical site", "typeOfCarePlanEnum": "Type of care plan enum", "BMI": "BMI", "bodyA": "Body a", "aB": "A b", "x1y2": "X 1y 2",
	} {
		if got := humanise(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestVocabularyCoversTheContracts looks every element name of the published schemas
// of the twelve contracts up.
func TestVocabularyCoversTheContracts(t *testing.T) {
	root := shared(t, "schemas")
	schemas := readSchemas(t, root)
	names := map[string]bool{}
	for _, c := range Contracts() {
		schemas.collect(c.String()+"ResponseType", names, map[string]bool{})
	}
	if len(names) < 400 {
		t.Fatalf("only %d names in the schemas", len(names))
	}
	for name := range names {
		if _, _, found := lookUp(name); !found {
			t.Errorf("%s has no words", name)
		}
	}
}

// schemas is, for each type, the names of its elements and the types that it uses.
type schemas map[string]struct{ names, uses []string }

func readSchemas(t *testing.T, root string) schemas {
	t.Helper()
	all := schemas{}
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		domain := strings.Split(strings.TrimPrefix(path, root+"/"), "/")[0]
		if err != nil || filepath.Ext(path) != ".xsd" || !strings.HasPrefix(domain, "clinicalprocess_") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return all.read(f)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (s schemas) read(r io.Reader) error {
	local := func(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }
	current, depth := "", 0
	for d := xml.NewDecoder(r); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			depth++
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Name.Local] = a.Value
			}
			if depth == 2 {
				current = attributes["name"]
			}
			entry := s[current]
			if token.Name.Local == "element" && depth > 2 {
				entry.names = append(entry.names, local(attributes["name"]+attributes["ref"]))
			}
			entry.uses = append(entry.uses, local(attributes["type"]), local(attributes["base"]))
			s[current] = entry
		}
	}
}

func (s schemas) collect(typeName string, names, seen map[string]bool) {
	if typeName == "" || seen[typeName] {
		return
	}
	seen[typeName] = true
	for _, name := range s[typeName].names {
		names[name] = true
	}
	for _, use := range s[typeName].uses {
		s.collect(use, names, seen)
	}
}
