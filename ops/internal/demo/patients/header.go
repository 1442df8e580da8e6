package patients

import "strconv"

// entry is where, when and by whom something was written.
type entry struct {
	when     string // YYYYMMDDhhmmss
	by       person
	title    string
	unsigned bool
	orphan   bool // without care provider and care unit: must never be shown
	voided   bool // entered by mistake
	contact  string
}

// titled names the document.
func (e entry) titled(title string) entry { e.title = title; return e }

// on ties the document to a care contact.
func (e entry) on(contact string) entry { e.contact = contact; return e }

func (e entry) provider() string {
	if e.orphan {
		return ""
	}
	return e.by.unit.Provider.ID
}

func (e entry) unit() string {
	if e.orphan {
		return ""
	}
	return e.by.unit.ID
}

// summaryHeader is the header of the second generation, PatientSummaryHeaderType.
// Its last elements stand in another order in the logistics domain.
func summaryHeader(name, id, patient string, e entry, logistics bool) node {
	void := node{}
	if e.voided {
		void = text("nullified", "true")
	}
	reason := node{}
	if e.voided {
		reason = text("nullifiedReason", "Registrerad på fel patient")
	}
	tail := []node{text("careContactId", e.contact), void, reason}
	if logistics {
		tail = []node{void, reason, text("careContactId", e.contact)}
	}
	head := []node{
		text("documentId", id),
		text("sourceSystemHSAId", e.by.unit.System),
		text("documentTitle", e.title),
		text("documentTime", e.when),
		group("patientId", text("id", patient), text("type", rootOf(patient))),
		professional("accountableHealthcareProfessional", e),
		authenticator("legalAuthenticator", e),
		boolean("approvedForPatient", true),
	}
	return group(name, append(head, tail...)...)
}

func professional(name string, e entry) node {
	return group(name,
		text("authorTime", e.when),
		text("healthcareProfessionalHSAId", e.by.id),
		text("healthcareProfessionalName", e.by.name),
		coded("healthcareProfessionalRoleCode", e.by.role),
		organisation("healthcareProfessionalOrgUnit", e.by.unit),
		text("healthcareProfessionalCareUnitHSAId", e.unit()),
		text("healthcareProfessionalCareGiverHSAId", e.provider()))
}

func organisation(name string, u Unit) node {
	return group(name, text("orgUnitHSAId", u.ID), text("orgUnitName", u.Name), text("orgUnitTelecom", u.Telecom))
}

func authenticator(name string, e entry) node {
	if e.unsigned {
		return node{}
	}
	return group(name, text("signatureTime", later(e.when)),
		text("legalAuthenticatorHSAId", e.by.id), text("legalAuthenticatorName", e.by.name))
}

// journalHeader is the header of the third generation. The two domains that use it
// call the care provider differently, and laboratory answers carry the patient and
// the unit in an extension.
func journalHeader(id, patient string, e entry, laboratory bool) node {
	providerName, patientSpace, unit := "accountableHealthcareProvider", core, organisation("orgUnit", e.by.unit)
	if laboratory {
		providerName, patientSpace = "accountableCareGiver", extended
		unit = group("orgUnit", identifier("id", oidHSA, e.by.unit.ID), text("name", e.by.unit.Name)).in(extended)
	}
	who := identifier("patientId", rootOf(patient), patient).in(patientSpace)
	access := []node{
		identifier(providerName, oidHSA, e.provider()),
		identifier("accountableCareUnit", oidHSA, e.unit()),
	}
	if !laboratory {
		access = append(access, who)
	}
	access = append(access, text("blockComparisonTime", e.when), boolean("approvedForPatient", true))
	if laboratory {
		access = append(access, who)
	}
	signature := node{}
	if !e.unsigned {
		signature = group("signature", identifier("id", oidHSA, e.by.id), text("name", e.by.name),
			text("timestamp", later(e.when)), coded("byRole", e.by.role))
	}
	return group("header",
		group("accessControlHeader", access...),
		identifier("sourceSystemId", oidHSA, e.by.unit.System),
		group("record", identifier("id", oidDocumentID, id), text("timestamp", e.when)),
		group("author", identifier("id", oidHSA, e.by.id), text("name", e.by.name),
			text("timestamp", e.when), coded("byRole", e.by.role), unit),
		signature)
}

// later is the same day, a while on: when it was signed.
func later(when string) string {
	hour, err := strconv.Atoi(when[8:10])
	if err != nil || hour >= 22 {
		return when
	}
	return when[:8] + twoDigits(hour+1) + when[10:]
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
