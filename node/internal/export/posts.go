package export

import (
	"slices"
	"strconv"
	"strings"

	"tvilling/node/internal/record"
	"tvilling/node/internal/upstream"
	"tvilling/protocol"
)

// The national log's words for what is done, and those for what it was done with where
// that is no type of information: the code system (KV Informationstyp) has none for it.
const (
	typeRead      = "Läsa"
	typeWrite     = "Skriva"
	typeEmergency = "Nödöppning"
	typePrint     = "Utskrift"

	resourceOverview = "Patientöversikt"
	resourceConsent  = "Samtycke"
	resourceLog      = "Åtkomstlogg"
)

// kinds is what becomes of each activity. An activity that is not in it is passed over:
//
//	Öppna patient, Läsa, Fråga ...   Läsa        a decision about a patient's information, given or refused
//	Nödöppning (both steps)          Nödöppning
//	Utskrift, Kopiering, Sparad ...  Utskrift    what was taken off the screen: the log has one word for it
//	Registrera, Avsluta samtycke     Skriva      what is written is the consent
//	Läsa åtkomstlogg                 Läsa        of the access log, by an employee
//	Granskning                       Skriva      of the access log
//	Vy återkallad, Vy stängd, ...    passed over nobody did it: the system notes that a screen was emptied
//
// Passed over are also entries of somebody without an HSA-id (operators; who was not
// known), or without a care provider and unit (whose commission was refused as
// placeless): the log's posts are owned by the user's care provider, and there is none.
func kinds(a record.Activity) (kind, resource string, ok bool) {
	switch a {
	case record.OpenPatient, record.Read, record.AskOthers, record.AskBlocked, record.AskProviders:
		return typeRead, resourceOverview, true
	case record.EmergencyProviders, record.EmergencyContent:
		return typeEmergency, resourceOverview, true
	case record.Printed, record.Copied, record.Saved:
		return typePrint, resourceOverview, true
	case record.RegisterConsent, record.EndConsent:
		return typeWrite, resourceConsent, true
	case record.ReadLog:
		return typeRead, resourceLog, true
	case record.Review:
		return typeWrite, resourceLog, true
	default:
		return "", "", false
	}
}

// purposes are those that the log takes. Who was refused under another purpose asked
// for care; the reason in the post says what was wrong.
var purposes = []string{
	record.PurposeCare, "Kvalitetssäkring", "Annan dokumentation enligt lag", "Statistik", "Administration", "Kvalitetsregister",
}

// postOf is the national log's post of an entry. Not ok: it is passed over.
func postOf(system upstream.LogPlace, e record.Entry) (post upstream.LogPost, ok bool) {
	kind, resource, ok := kinds(e.Activity)
	a := e.Actor
	if !ok || a.Employee.IsZero() || a.CareProvider.IsZero() || a.CareUnit.IsZero() {
		return upstream.LogPost{}, false
	}
	provider := upstream.LogPlace{ID: a.CareProvider.Reveal(), Name: a.CareProviderName}
	post = upstream.LogPost{
		ID: record.UUID(e.ID), System: system,
		Activity: upstream.LogActivity{Type: kind, Level: level(e), Args: args(e), Start: e.At, Purpose: e.Purpose},
		User: upstream.LogUser{
			ID: a.Employee.Reveal(), Name: a.EmployeeName, Assignment: a.CommissionName, Title: a.EmployeeTitle,
			CareProvider: provider, CareUnit: upstream.LogPlace{ID: a.CareUnit.Reveal(), Name: a.CareUnitName},
		},
	}
	if !slices.Contains(purposes, e.Purpose) {
		post.Activity.Purpose = record.PurposeCare
	}
	for _, r := range e.Scope.Resources {
		owner := upstream.LogPlace{ID: r.CareProvider}
		if r.CareProvider == "" || r.CareProvider == provider.ID {
			owner = provider
		}
		for _, code := range codes(r.Contract, resource) {
			post.Resources = append(post.Resources, upstream.LogResource{
				Type: code, Patient: e.Patient, CareProvider: owner, CareUnit: upstream.LogPlace{ID: r.CareUnit},
			})
		}
	}
	if len(post.Resources) == 0 { // nothing was disclosed, and the log wants one
		post.Resources = []upstream.LogResource{{Type: resource, Patient: e.Patient, CareProvider: provider}}
	}
	return post, true
}

// codes are a contract's types of information (KV Informationstyp); those of one that
// is not known are the activity's own word.
func codes(contract uint8, otherwise string) []string {
	if all := protocol.Contract(contract).Info().Categorization; len(all) > 0 {
		return all
	}
	return []string{otherwise}
}

// level says how it went and on what: Medgiven, samtycke.
func level(e record.Entry) string {
	text := "Nekad"
	if e.Decision.Permit {
		text = "Medgiven"
	}
	switch e.Decision.Basis {
	case protocol.BasisConsent:
		text += ", samtycke"
	case protocol.BasisEmergency:
		text += ", nödsituation"
	}
	return text
}

// args says what was done in our own words, why it went so, and where it was decided.
// What a person wrote (the reason of an emergency, a review's comment) stays here: it
// may be about the patient.
func args(e record.Entry) string {
	text := e.Activity.String() + "; " + e.Decision.Reason + "; " + e.Node + " " + strconv.FormatUint(e.Decision.DecidedAt, 10)
	if e.Session != "" {
		text += "; session " + e.Session
	}
	return strings.ToValidUTF8(text[:min(len(text), maxArgs)], "")
}

// proper holds a post to what the contract says of it.
func proper(p upstream.LogPost) bool {
	a := p.Activity
	return p.ID != "" && p.System.ID != "" && a.Start > 0 && len([]rune(a.Level)) <= maxLevel && len([]rune(a.Args)) <= maxArgs && len(p.Resources) > 0
}
