package protocol

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"
)

// checked appends the check digit to eight digits of a date and three of a serial,
// by the rule as it is published: weights 2 1 2 1 …, digits of the products summed.
func checked(eleven string) string {
	sum := 0
	for i, c := range eleven[2:] {
		product := int(c-'0') * (2 - i%2)
		sum += product/10 + product%10
	}
	return eleven + strconv.Itoa((10-sum%10)%10)
}

func TestPatientID(t *testing.T) {
	for _, tt := range []struct {
		in   string
		kind PatientIDKind
		err  error
	}{
		{"191212121212", Personnummer, nil},
		{"19121212-1212", Personnummer, nil},
		{"19121212+1212", Personnummer, nil},
		{"  191212121212 ", Personnummer, nil},
		{"201212121212", Personnummer, nil},
		{"191212121213", 0, ErrPatientIDChecksum},
		{checked("20240229001"), Personnummer, nil},
		{checked("20000229001"), Personnummer, nil},
		{checked("20230229001"), 0, ErrPatientIDDate},
		{checked("19000229001"), 0, ErrPatientIDDate},
		{checked("18961231001"), Personnummer, nil},
		{checked("19800431001"), 0, ErrPatientIDDate},
		{checked("19801301001"), 0, ErrPatientIDDate},
		{checked("19800001001"), 0, ErrPatientIDDate},
		{checked("19800100001"), 0, ErrPatientIDDate},
		{checked("19800132001"), 0, ErrPatientIDDate},
		{checked("19800161001"), Samordningsnummer, nil},
		{checked("19800191001"), Samordningsnummer, nil},
		{checked("20000289001"), Samordningsnummer, nil},
		{checked("20240289001"), Samordningsnummer, nil},
		{checked("20230289001"), 0, ErrPatientIDDate},
		{checked("19800160001"), 0, ErrPatientIDDate},
		{checked("19800192001"), 0, ErrPatientIDDate},
		{checked("19800490001"), Samordningsnummer, nil},
		{checked("19800491001"), 0, ErrPatientIDDate},
		{"22810112AB12", NationalReserve, nil},
		{"22810112-AB12", NationalReserve, nil},
		{"228101121212", NationalReserve, nil},
		{"22810112pt12", NationalReserve, nil},
		{"22810112f012", NationalReserve, nil},
		{"22811312AB12", 0, ErrPatientIDDate},
		{"22810132AB12", 0, ErrPatientIDDate},
		{"22810112ab12", 0, ErrPatientIDForm},
		{"22810112AB1X", 0, ErrPatientIDForm},
		{"19810112AB12", 0, ErrPatientIDForm},
		{"1212121212", 0, ErrPatientIDForm},
		{"121212-1212", 0, ErrPatientIDForm},
		{"1912-12121212", 0, ErrPatientIDForm},
		{"19121212--212", 0, ErrPatientIDForm},
		{"19121212 1212", 0, ErrPatientIDForm},
		{"19121212121２", 0, ErrPatientIDForm},
		{"1912121212１", 0, ErrPatientIDForm},
		{"A91212121212", 0, ErrPatientIDForm},
		{"\n19121212121", 0, ErrPatientIDForm},
		{"", 0, ErrPatientIDForm},
		{"            ", 0, ErrPatientIDForm},
	} {
		id, err := ParsePatientID(tt.in)
		if !errors.Is(err, tt.err) || id.Kind() != tt.kind || id.IsZero() != (tt.err != nil) {
			t.Errorf("%q: kind %d, %v; want %d, %v", tt.in, id.Kind(), err, tt.kind, tt.err)
		}
		if again, err := ParsePatientID(id.Reveal()); tt.err == nil && (err != nil || again != id) {
			t.Errorf("%q does not read back", tt.in)
		}
	}
}

// TestCheckDigit holds that no single wrong digit passes, nor two neighbours swapped
// (but 09 and 90, which the rule does not see).
func TestCheckDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		right := drawCivic(t)
		at := rapid.IntRange(2, 11).Draw(t, "at")
		wrong := []byte(right)
		wrong[at] = '0' + (wrong[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if _, err := ParsePatientID(string(wrong)); err == nil {
			t.Fatalf("a wrong digit at %d passed", at)
		}
		if at == 11 || right[at] == right[at+1] || right[at:at+2] == "09" || right[at:at+2] == "90" {
			return
		}
		swapped := []byte(right)
		swapped[at], swapped[at+1] = swapped[at+1], swapped[at]
		if _, err := ParsePatientID(string(swapped)); err == nil {
			t.Fatalf("two digits swapped at %d passed", at)
		}
	})
}

func drawCivic(t *rapid.T) string {
	year, month := rapid.IntRange(1800, 2099).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month")
	day := rapid.IntRange(1, daysIn(year, month)).Draw(t, "day") + 60*rapid.IntRange(0, 1).Draw(t, "coordination")
	return checked(fmt.Sprintf("%04d%02d%02d%03d", year, month, day, rapid.IntRange(0, 999).Draw(t, "serial")))
}

func TestPatientIDUnder(t *testing.T) {
	ids := map[string]string{
		RootPersonnummer:      "191212121212",
		RootSamordningsnummer: checked("19800161001"),
		RootNationalReserve:   "22810112AB12",
	}
	for _, root := range []string{RootPersonnummer, RootSamordningsnummer, RootNationalReserve, "", "1.2.752.97.3.1.3", "x"} {
		for own, id := range ids {
			_, err := ParsePatientIDUnder(root, id)
			if want := root == "" || root == own; want != (err == nil) || (!want && !errors.Is(err, ErrPatientIDRoot)) {
				t.Errorf("an id of %s under %q: %v", own, root, err)
			}
		}
	}
	if _, err := ParsePatientIDUnder(RootPersonnummer, "x"); !errors.Is(err, ErrPatientIDForm) {
		t.Errorf("no id: %v", err)
	}
	if NoPatientID.Root() != "" {
		t.Error("no id has a root")
	}
}

func TestHSAID(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		regular  bool
	}{
		{"SE2321000016-1ABC", "SE2321000016-1ABC", true},
		{"se2321000016-1abc", "SE2321000016-1ABC", true},
		{"SE2321000016-", "SE2321000016-", false},
		{"T_SERVICES_SE165565594230-10KD", "T_SERVICES_SE165565594230-10KD", false},
		{"5565594230", "5565594230", false},
		{"SE-122345", "SE-122345", false},
		{"a.b", "A.B", false},
		{strings.Repeat("A", 32), strings.Repeat("A", 32), false},
		{strings.Repeat("A", 33), "", false},
		{"", "", false},
		{"-", "", false},
		{"SE 1", "", false},
		{"ÅÄÖ", "", false},
		{"SE1\n", "", false},
		{"SE1/2", "", false},
	} {
		id, err := ParseCareUnitID(tt.in)
		if id.Reveal() != tt.want || (err == nil) != (tt.want != "") || (err != nil && !errors.Is(err, ErrHSAIDForm)) {
			t.Errorf("%q: %q, %v", tt.in, id.Reveal(), err)
		}
		if id.Regular() != tt.regular || id.IsZero() != (tt.want == "") {
			t.Errorf("%q: regular %v, zero %v", tt.in, id.Regular(), id.IsZero())
		}
	}
	if must(ParseSourceID("se1-a")) != must(ParseSourceID("SE1-A")) {
		t.Error("an id and the same in small letters differ")
	}
	if n := unsafe.Sizeof(CareUnitID{}); n != unsafe.Sizeof(uintptr(0)) {
		t.Errorf("an id takes %d bytes", n)
	}
}

// secrets are what no form of printing may show; long enough that no address has
// them by chance.
var secrets = []string{"121212121212", "1212121212", "SE2321000016", "2321000016", "39KJ", "5DQL", "EMP7", "1ABC", "UPP9"}

type holder struct {
	Patient  PatientID
	patient  PatientID
	Pointer  *PatientID
	Any      any
	Units    []CareUnitID
	ByName   map[string]SourceID
	Nested   struct{ Employee *EmployeeID }
	Document *Document
}

func printables() map[string]any {
	h := holder{
		Patient: samplePatient, patient: samplePatient, Pointer: &samplePatient, Any: sampleCommission,
		Units: []CareUnitID{sampleUnit}, ByName: map[string]SourceID{"a": sampleSource},
		Document: &Document{Header: sampleHeader()},
	}
	h.Nested.Employee = &sampleEmployee
	return map[string]any{
		"patient": samplePatient, "provider": sampleProvider, "unit": sampleUnit, "employee": sampleEmployee,
		"source": sampleSource, "commission": sampleCommission, "pointer": &samplePatient, "struct": h, "struct pointer": &h,
		"slice": []PatientID{samplePatient}, "array": [1]*CareUnitID{&sampleUnit}, "map": map[string]PatientID{"a": samplePatient},
		"keys": map[PatientID]CareUnitID{samplePatient: sampleUnit}, "any": []any{samplePatient, &sampleUnit},
		"frame": Open{Patient: samplePatient}, "header": sampleHeader(), "chunk": Chunk{Items: []Item{sampleItem()}},
	}
}

func findSecrets(t *testing.T, how, out string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(strings.ToUpper(out), s) {
			t.Errorf("%s shows %s", how, s)
		}
	}
}

// TestIDsDoNotPrint prints ids in every way that a log, an error or an encoder might.
func TestIDsDoNotPrint(t *testing.T) {
	for name, v := range printables() {
		for verb := 'A'; verb <= 'z'; verb++ {
			for _, flags := range []string{"", "+", "#", " ", "0", "-", "20", ".30", "# ", "+#"} {
				format := "%" + flags + string(verb)
				findSecrets(t, name+" in "+format, fmt.Sprintf(format, v))
			}
		}
		findSecrets(t, name+" in Sprint", fmt.Sprint(v)+fmt.Sprintln(v)+fmt.Errorf("x: %v", v).Error())
		findSecrets(t, name+" in slog", logged(v))
		findSecrets(t, name+" encoded", encoded(v))
	}
}

// TestPrintedIDsSayWhatTheyAre guards the test above: a Stringer that shows nothing
// would pass it too.
func TestPrintedIDsSayWhatTheyAre(t *testing.T) {
	if got := fmt.Sprintf("%v %s %#v", samplePatient, sampleUnit, samplePatient); got != "patient:redacted hsa:redacted patient:redacted" {
		t.Error(got)
	}
	if samplePatient.Reveal() != "19"+secrets[1] || !strings.Contains(sampleUnit.Reveal(), "5DQL") {
		t.Error("the secrets of the test are not those of the samples")
	}
}

func logged(v any) string {
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).With("with", v).WithGroup("group").Info("message", "value", v, slog.Any("any", v))
	}
	return out.String()
}

func encoded(v any) string {
	var out bytes.Buffer
	keep := func(b []byte, err error) {
		out.Write(b)
		out.WriteString(fmt.Sprint(err))
	}
	keep(json.Marshal(v))
	keep(json.MarshalIndent(map[string]any{"v": v}, "", " "))
	keep(xml.Marshal(v))
	keep(msgpack.Marshal(v))
	keep(nil, gob.NewEncoder(&out).Encode(v))
	return out.String()
}

// TestIDErrorsAreBare holds that what was refused is not in the error.
func TestIDErrorsAreBare(t *testing.T) {
	_, a := ParsePatientID("191212121213")
	_, b := ParseCareUnitID("SE2321000016-39KJ!")
	findSecrets(t, "an error", a.Error()+b.Error())
	if strings.Contains(a.Error(), "1213") {
		t.Error("the error shows the id")
	}
}
