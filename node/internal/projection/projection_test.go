package projection_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tvilling/node/internal/plain"
	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// golden is what version 1 of a row is written as. Rows of it are in logs, snapshots
// and backups: a change here is a change of version.
func golden[T any](t *testing.T, name string, row T, text string, put func([]byte, T) []byte, read func([]byte) (T, error)) {
	t.Helper()
	b := put(nil, row)
	if got := hex.EncodeToString(b); got != text {
		t.Errorf("%s is written as\n%s, want\n%s", name, got, text)
	}
	want, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(want)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if diff := cmp.Diff(row, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
	b[1]++ // the version
	if _, err := read(b); !errors.Is(err, plain.ErrVersion) || !strings.HasPrefix(err.Error(), name) {
		t.Errorf("%s of a later version: %v, want ErrVersion", name, err)
	}
	if _, err := read(nil); !errors.Is(err, plain.ErrForm) {
		t.Errorf("%s of nothing: %v, want ErrForm", name, err)
	}
}

func TestGolden(t *testing.T) {
	golden(t, "consent", projection.Consent{
		ID: "c1", CareProvider: "P", CareUnit: "U", Employee: "E", Start: 1, End: 300, RegisteredBy: "R", RegisteredAt: 1 << 40,
		Emergency: protocol.EmergencyContent, Given: protocol.GiverGuardian, GivenBy: "G", Local: true,
	}, "9d01a26331a150a155a14501cd012ca152cf00000100000000000202a147c3", projection.AppendConsent, projection.DecodeConsent)
	golden(t, "person", projection.Person{Protected: true, Deceased: true, Linked: []string{"a", "b"}},
		"9401c3c392a161a162", projection.AppendPerson, projection.DecodePerson)
	golden(t, "person", projection.Person{}, "9401c2c2c0", projection.AppendPerson, projection.DecodePerson)
	golden(t, "relation", projection.Relation{CareProvider: "P", CareUnit: "U", Start: 1, End: -1},
		"9601a150a155a001ff", projection.AppendRelation, projection.DecodeRelation)
	golden(t, "block", projection.Block{
		ID: "b1", Inner: true, CareProvider: "P", CareUnit: "U", Start: 20260301000000_4, Exempt: []string{"lak"},
		Lifts: []projection.Lift{{CareUnit: "V", Employee: "E", End: 5}},
	}, "9901a26231c3a150a155cf0000b844307104840091a36c616b9193a156a14505", projection.AppendBlock, projection.DecodeBlock)
	golden(t, "commission", projection.Commission{
		ID: "m1", Name: "n", Purpose: "Vård och behandling", Rights: []projection.Right{{Activity: "Läsa", InformationClass: "alla", Scope: "SJF"}},
		CareUnit: "U", CareUnitName: "u", CareProvider: "P", CareProviderName: "p", Start: 1, End: 2, EmployeeName: "a", EmployeeTitle: "t", Protected: true,
	}, "9e01a26d31a16eb456c3a57264206f636820626568616e646c696e679193a54cc3a47361a4616c6c61a3534a46a155a175a150a1700102a161a174c3", projection.AppendCommission, projection.DecodeCommission)
}

func roundTrip[T any](t *testing.T, put func([]byte, T) []byte, read func([]byte) (T, error)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Make[T]().Draw(t, "row")
		got, err := read(put(nil, want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestRoundTrip(t *testing.T) {
	roundTrip(t, projection.AppendConsent, projection.DecodeConsent)
	roundTrip(t, projection.AppendRelation, projection.DecodeRelation)
	roundTrip(t, projection.AppendBlock, projection.DecodeBlock)
	roundTrip(t, projection.AppendCommission, projection.DecodeCommission)
	roundTrip(t, projection.AppendPerson, projection.DecodePerson)
}

func FuzzDecode(f *testing.F) {
	f.Add(projection.AppendConsent(nil, projection.Consent{ID: "c"}))
	f.Add(projection.AppendBlock(nil, projection.Block{ID: "b", Exempt: []string{"lak"}, Lifts: make([]projection.Lift, 2)}))
	f.Add(projection.AppendCommission(nil, projection.Commission{ID: "m", Rights: make([]projection.Right, 2)}))
	f.Add(projection.AppendConsent(nil, projection.Consent{ID: "c", Emergency: protocol.EmergencyProviders, Given: protocol.GiverMature, GivenBy: "g", Local: true}))
	f.Add(projection.AppendPerson(nil, projection.Person{Deceased: true, Linked: make([]string, projection.MaxLinked)}))
	f.Add(projection.AppendPerson(nil, projection.Person{Protected: true}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := projection.DecodeConsent(b); err == nil {
			if again, err := projection.DecodeConsent(projection.AppendConsent(nil, c)); err != nil || again != c {
				t.Fatalf("a consent that was read is written otherwise: %v", err)
			}
		}
		if m, err := projection.DecodeCommission(b); err == nil {
			again, err := projection.DecodeCommission(projection.AppendCommission(nil, m))
			if err != nil || cmp.Diff(m, again) != "" {
				t.Fatalf("a commission that was read is written otherwise: %v", err)
			}
		}
		if p, err := projection.DecodePerson(b); err == nil {
			again, err := projection.DecodePerson(projection.AppendPerson(nil, p))
			if err != nil || cmp.Diff(p, again) != "" {
				t.Fatalf("a person that was read is written otherwise: %v", err)
			}
		}
		_, _ = projection.DecodeRelation(b)
		_, _ = projection.DecodeBlock(b)
	})
}
