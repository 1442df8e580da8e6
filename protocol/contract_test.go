package protocol

import (
	"testing"
	"unicode/utf8"
)

func TestContracts(t *testing.T) {
	names, labels, categories := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, c := range Contracts() {
		info := c.Info()
		if int(c) != i+1 || info.Contract != c || !c.Known() {
			t.Errorf("contract %d stands in place %d", c, i)
		}
		if info.Name == "" || info.Domain == "" || info.Swedish == "" || info.English == "" || len(info.Categorization) == 0 {
			t.Errorf("%s is not whole: %+v", c, info)
		}
		if names[info.Name] || labels[info.Swedish] || labels[info.English] {
			t.Errorf("%s has a name or label of another", c)
		}
		names[info.Name], labels[info.Swedish], labels[info.English] = true, true, true
		for _, category := range info.Categorization {
			if categories[category] {
				t.Errorf("%s: category %s stands twice", c, category)
			}
			categories[category] = true
		}
		if found, ok := ContractNamed(info.Name); !ok || found != c || c.String() != info.Name {
			t.Errorf("%s is not found by its name", c)
		}
		if c.Label(Swedish) != info.Swedish || c.Label(English) != info.English || !utf8.ValidString(info.Swedish) {
			t.Errorf("%s: labels", c)
		}
	}
	if len(names) != 12 || len(registry) != int(contractEnd)-1 {
		t.Errorf("%d contracts", len(names))
	}
}

// TestContractNumbers holds the numbers, which are on the wire and in the store.
func TestContractNumbers(t *testing.T) {
	for i, name := range []string{
		"GetCareDocumentation", "GetDiagnosis", "GetAlertInformation", "GetFunctionalStatus", "GetLaboratoryOrderOutcome",
		"GetImagingOutcome", "GetReferralOutcome", "GetMaternityMedicalHistory", "GetMedicationHistory", "GetVaccinationHistory",
		"GetCareContacts", "GetCarePlans",
	} {
		if c, ok := ContractNamed(name); !ok || int(c) != i+1 {
			t.Errorf("%s is number %d, not %d", name, c, i+1)
		}
	}
}

func TestExemptibleContracts(t *testing.T) {
	for _, c := range Contracts() {
		want := map[Contract]BlockType{MedicationHistory: BlockTypeMedication, AlertInformation: BlockTypeAlert}[c]
		if got := c.Info().BlockType; got != want {
			t.Errorf("%s: %q, want %q", c, got, want)
		}
	}
}

func TestUnknownContract(t *testing.T) {
	for _, c := range []Contract{NoContract, contractEnd, 255} {
		if c.Known() || c.Info().Name != "" || c.String() != "unknown contract" || c.Label(English) != "" {
			t.Errorf("%d is known", c)
		}
	}
	if c, ok := ContractNamed(""); ok || c != NoContract {
		t.Error("a contract without a name")
	}
	if Swedish.Tag() != "sv" || English.Tag() != "en" {
		t.Error("tags of the languages")
	}
}
