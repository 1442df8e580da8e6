package record_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/node/internal/plain"
	"tvilling/node/internal/record"
	"tvilling/protocol"
)

func id[T any](t testing.TB, parse func(string) (T, error), s string) T {
	t.Helper()
	v, err := parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var sameIDs = cmp.Options{
	cmp.Comparer(func(a, b protocol.PatientID) bool { return a == b }),
	cmp.Comparer(func(a, b protocol.EmployeeID) bool { return a == b }),
	cmp.Comparer(func(a, b protocol.CommissionID) bool { return a == b }),
	cmp.Comparer(func(a, b protocol.CareUnitID) bool { return a == b }),
	cmp.Comparer(func(a, b protocol.CareProviderID) bool { return a == b }),
}

func full(t testing.TB) record.Entry {
	return record.Entry{
		ID: [16]byte{1, 2}, At: 1_780_000_000_000, Activity: record.Read, Purpose: record.PurposeCare,
		Actor: record.Actor{
			Employee: id(t, protocol.ParseEmployeeID, "NURSE"), EmployeeName: "Anna", EmployeeTitle: "Nurse", Operator: "op",
			Commission: id(t, protocol.ParseCommissionID, "CARE-1"), CareUnit: id(t, protocol.ParseCareUnitID, "WARD-1"),
			CareProvider: id(t, protocol.ParseCareProviderID, "PROVIDER-A"),
		},
		Patient:  id(t, protocol.ParsePatientID, "199701062383"),
		Decision: record.Decision{Permit: true, Reason: "because", Basis: protocol.BasisConsent, DecidedAt: 9, AsOf: [record.AsOfCount]protocol.Instant{1, 2, 3, 4}},
		Scope:    record.Scope{View: "v", Contracts: []uint8{1, 2}, Document: protocol.DocumentKey{3}},
		Session:  "s", Node: "a1", Note: "why", About: [16]byte{4}, Outcome: protocol.ReviewQuestioned, Salt: [16]byte{5},
	}
}

// TestStoreLogFields: what the national log takes of an entry is read as it was written.
func TestStoreLogFields(t *testing.T) {
	want := full(t)
	want.Actor.CommissionName, want.Actor.CareUnitName, want.Actor.CareProviderName = "Vård och behandling, avdelning 1", "Avdelning 1", "Regionen"
	want.Scope.Resources = []record.Resource{{Contract: 2, CareProvider: "PROVIDER-B", CareUnit: "WARD-B1"}, {Contract: 3}}
	want.Decision.AsOf = [record.AsOfCount]protocol.Instant{
		record.AsOfBlocks: 1, record.AsOfConsents: 2, record.AsOfRelations: 3, record.AsOfCommissions: 4, record.AsOfPersons: 5, record.AsOfEngagement: 6,
	}
	const text = "9f01c41001020000000000000000000000000000cf0000019e7044880002b456c3a57264206f636820626568616e646c696e679aa54e55525345a4416e6e61a54e75727365a6434152452d31d92156c3a57264206f636820626568616e646c696e672c20617664656c6e696e672031a6574152442d31ab417664656c6e696e672031aa50524f56494445522d41a8526567696f6e656ea26f70ac31393937303130363233383395c3a76265636175736501099601020304050694a176c4020102c41003000000000000000000000000000000929302aa50524f56494445522d42a7574152442d42319303a0a0a173a26131a3776879c4100400000000000000000000000000000002c41005000000000000000000000000000000"
	b := record.Append(nil, want)
	if got := hex.EncodeToString(b); got != text {
		t.Errorf("an entry is written as\n%s, want\n%s", got, text)
	}
	got, err := record.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameIDs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCommitment: it is of the whole encoding, and the salt alone changes it, so that
// a guessed entry cannot be compared with it.
func TestCommitment(t *testing.T) {
	e := full(t)
	first := record.Commitment(record.Append(nil, e))
	if first != sha256.Sum256(record.Append(nil, e)) || first != record.Commitment(record.Append(nil, e)) {
		t.Error("the commitment is not the SHA-256 of the encoding")
	}
	seen := map[[32]byte]bool{first: true}
	for i := range record.SaltBytes {
		salted := e
		salted.Salt[i] ^= 1
		seen[record.Commitment(record.Append(nil, salted))] = true
	}
	noted := e
	noted.Note += "!"
	seen[record.Commitment(record.Append(nil, noted))] = true
	if len(seen) != record.SaltBytes+2 {
		t.Errorf("%d commitments of %d entries", len(seen), record.SaltBytes+2)
	}
}

// TestFullEntriesAreRead: an entry that holds as much as it may is read back whole, and
// so is one that holds more: what was once written is read.
func TestFullEntriesAreRead(t *testing.T) {
	for _, over := range []int{0, 1} {
		e := full(t)
		e.Note = strings.Repeat("n", protocol.MaxReasonBytes+over)
		e.Scope.Resources = slices.Repeat([]record.Resource{{Contract: 1, CareProvider: "P", CareUnit: "U"}}, record.MaxResources+over)
		got, err := record.Decode(record.Append(nil, e))
		if err != nil || len(got.Scope.Resources) != len(e.Scope.Resources) || got.Note != e.Note {
			t.Errorf("%d over the limit: read back with %d resources: %v", over, len(got.Scope.Resources), err)
		}
	}
}

// The numbers are in the log: an older release reads an entry of a newer one, says that it
// does not know what was done, and keeps it as it is; each that this one knows has a word.
func TestActivitiesOfALaterRelease(t *testing.T) {
	e := full(t)
	known := 0
	for number := range 256 {
		e.Activity = record.Activity(number)
		b := record.Append(nil, e)
		got, err := record.Decode(b)
		if err != nil || got.Activity != e.Activity || !slices.Equal(record.Append(nil, got), b) {
			t.Fatalf("%d: read as %d: %v", number, got.Activity, err)
		}
		if word := e.Activity.String() != record.ActivityNone.String(); word != e.Activity.Known() {
			t.Errorf("%d is known: %v; it has a word: %v", number, e.Activity.Known(), word)
		}
		if e.Activity.Known() {
			known++
		}
	}
	if record.SignedIn != 16 || record.Saved != 22 || known != 22 {
		t.Errorf("a number has changed: %d are known", known)
	}
}

// TestGolden: entries are kept for years; a change here is a change of version.
func TestGolden(t *testing.T) {
	const text = "9f01c41001020000000000000000000000000000cf0000019e7044880002b456c3a57264206f636820626568616e646c696e679aa54e55525345a4416e6e61a54e75727365a6434152452d31a0a6574152442d31a0aa50524f56494445522d41a0a26f70ac31393937303130363233383395c3a76265636175736501099601020304000094a176c4020102c41003000000000000000000000000000000c0a173a26131a3776879c4100400000000000000000000000000000002c41005000000000000000000000000000000"
	want := full(t)
	b := record.Append(nil, want)
	if got := hex.EncodeToString(b); got != text {
		t.Errorf("an entry is written as\n%s, want\n%s", got, text)
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := record.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameIDs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b[1]++ // the version
	if _, err := record.Decode(b); !errors.Is(err, plain.ErrVersion) {
		t.Errorf("a later version: %v, want ErrVersion", err)
	}
}

func TestEntryOfARefusalMayNameNobody(t *testing.T) {
	want := record.Entry{ID: [16]byte{1}, Activity: record.OpenPatient, Decision: record.Decision{Reason: "no valid patient id"}}
	got, err := record.Decode(record.Append(nil, want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameIDs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEntryDoesNotPrintWhomItIsAbout(t *testing.T) {
	e := full(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if text := fmt.Sprintf(verb, e); strings.Contains(text, "199701062383") || strings.Contains(text, hex.EncodeToString([]byte("199701062383"))) {
			t.Errorf("%s prints the patient", verb)
		}
	}
}

func TestActivities(t *testing.T) {
	// The numbers are in the log.
	want := map[record.Activity]string{
		0: "Okänd aktivitet", 1: "Öppna patient", 2: "Läsa", 3: "Registrera samtycke", 4: "Avsluta samtycke",
		5: "Vy återkallad", 6: "Återkallelse kvitterad", 7: "Återkallelse okvitterad", 8: "Vy stängd",
		9: "Fråga: finns uppgifter hos andra", 10: "Fråga: finns spärrade uppgifter", 11: "Fråga: vilka vårdgivare har uppgifter",
		12: "Nödöppning, vårdgivare", 13: "Nödöppning", 14: "Läsa åtkomstlogg", 15: "Granskning",
		16: "Inloggning", 17: "Utloggning", 18: "Session avslutad", 19: "Uthopp från journalsystem",
		20: "Utskrift", 21: "Kopiering", 22: "Sparad bilaga", 23: "Okänd aktivitet",
	}
	for a, text := range want {
		if a.String() != text {
			t.Errorf("activity %d is %q, want %q", a, a, text)
		}
	}
	if record.Saved != 22 {
		t.Errorf("the last activity is %d", record.Saved)
	}
}

func FuzzDecode(f *testing.F) {
	e := full(f)
	e.Scope.Resources = make([]record.Resource, record.MaxResources)
	f.Add(record.Append(nil, e))
	f.Add(record.Append(nil, record.Entry{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := record.Decode(b)
		if err != nil {
			return
		}
		again, err := record.Decode(record.Append(nil, e))
		if err != nil || cmp.Diff(e, again, sameIDs) != "" {
			t.Fatalf("an entry that was read is written otherwise: %v", err)
		}
	})
}
