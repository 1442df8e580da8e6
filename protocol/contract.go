package protocol

// Contract numbers the national contracts whose records Tvilling holds. The numbers
// are on the wire and in the store: append only, never reuse. Zero is no contract.
type Contract uint8

// The contracts.
const (
	NoContract Contract = iota
	CareDocumentation
	Diagnosis
	AlertInformation
	FunctionalStatus
	LaboratoryOrderOutcome
	ImagingOutcome
	ReferralOutcome
	MaternityMedicalHistory
	MedicationHistory
	VaccinationHistory
	CareContacts
	CarePlans
	contractEnd
)

// BlockType is the information type that a block can exempt. The zero value can
// not be exempted.
type BlockType string

// The two exemptible types of the block service, version 4.
const (
	BlockTypeNone       BlockType = ""
	BlockTypeMedication BlockType = "lak"
	BlockTypeAlert      BlockType = "upp"
)

// ContractInfo is what the registry knows about a contract.
type ContractInfo struct {
	Contract       Contract
	Name           string // the service contract's name, GetDiagnosis
	Domain         string // the service domain, clinicalprocess:healthcond:description
	Swedish        string // label in the client
	English        string
	Categorization []string // in the engagement index
	BlockType      BlockType
}

var registry = [...]ContractInfo{
	{CareDocumentation, "GetCareDocumentation", "clinicalprocess:healthcond:description", "Dokument", "Notes", []string{"voo"}, BlockTypeNone},
	{Diagnosis, "GetDiagnosis", "clinicalprocess:healthcond:description", "Diagnoser", "Diagnoses", []string{"dia"}, BlockTypeNone},
	{AlertInformation, "GetAlertInformation", "clinicalprocess:healthcond:description", "Uppmärksamhetsinformation", "Alerts", []string{"upp"}, BlockTypeAlert},
	{FunctionalStatus, "GetFunctionalStatus", "clinicalprocess:healthcond:description", "Funktionstillstånd", "Functional status", []string{"fun-fun", "pad-pad"}, BlockTypeNone},
	{LaboratoryOrderOutcome, "GetLaboratoryOrderOutcome", "clinicalprocess:healthcond:actoutcome", "Klinisk kemi", "Laboratory results", []string{"und-kkm-ure"}, BlockTypeNone},
	{ImagingOutcome, "GetImagingOutcome", "clinicalprocess:healthcond:actoutcome", "Bilddiagnostik", "Imaging", []string{"und-bdi-ure"}, BlockTypeNone},
	{ReferralOutcome, "GetReferralOutcome", "clinicalprocess:healthcond:actoutcome", "Övriga undersökningar", "Consultations", []string{"und-kon-ure"}, BlockTypeNone},
	{MaternityMedicalHistory, "GetMaternityMedicalHistory", "clinicalprocess:healthcond:actoutcome", "Mödravård", "Maternity care", []string{"utr-mtr"}, BlockTypeNone},
	{MedicationHistory, "GetMedicationHistory", "clinicalprocess:activityprescription:actoutcome", "Läkemedel", "Medication", []string{"caa-gmh"}, BlockTypeMedication},
	{VaccinationHistory, "GetVaccinationHistory", "clinicalprocess:activityprescription:actoutcome", "Vaccinationer", "Vaccinations", []string{"caa-gvh"}, BlockTypeNone},
	{CareContacts, "GetCareContacts", "clinicalprocess:logistics:logistics", "Kontakter", "Contacts", []string{"vko"}, BlockTypeNone},
	{CarePlans, "GetCarePlans", "clinicalprocess:logistics:logistics", "Planer", "Care plans", []string{"cll-cp"}, BlockTypeNone},
}

// Contracts returns every contract of the registry, in its order.
func Contracts() []Contract {
	all := make([]Contract, len(registry))
	for i := range registry {
		all[i] = registry[i].Contract
	}
	return all
}

// Known reports whether c is in the registry.
func (c Contract) Known() bool { return c > NoContract && c < contractEnd }

// Info returns what the registry knows; for an unknown contract everything is empty.
func (c Contract) Info() ContractInfo {
	if !c.Known() {
		return ContractInfo{}
	}
	return registry[c-1]
}

// String returns the service contract's name, or "unknown contract".
func (c Contract) String() string {
	if !c.Known() {
		return "unknown contract"
	}
	return registry[c-1].Name
}

// Label returns the contract's label in the language.
func (c Contract) Label(lang Language) string {
	if lang == English {
		return c.Info().English
	}
	return c.Info().Swedish
}

// ContractNamed finds a contract by its service contract's name.
func ContractNamed(name string) (Contract, bool) {
	for i := range registry {
		if registry[i].Name == name {
			return registry[i].Contract, true
		}
	}
	return NoContract, false
}

// Language is one of the client's two languages; the zero value is Swedish.
type Language uint8

// The languages.
const (
	Swedish Language = iota
	English
)

// Tag returns the language's BCP 47 tag.
func (l Language) Tag() string {
	if l == English {
		return "en"
	}
	return "sv"
}
