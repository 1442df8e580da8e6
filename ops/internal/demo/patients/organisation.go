package patients

import "tvilling/protocol"

// Provider is a care provider of the fictional organisation.
type Provider struct{ ID, Name string }

// Unit is a care unit, and the system that its records are kept in.
type Unit struct {
	ID, Name string
	Provider Provider
	System   string // HSA-id of the source system
	Telecom  string
}

// System is a source system.
type System struct {
	ID, Name  string
	Agent     string // HSA-id of the organisation that connects it; empty: itself
	Contracts []protocol.Contract
}

// person is an author of records.
type person struct {
	id, name string
	role     code
	unit     Unit
}

// The four care providers.
var (
	Norrmark  = Provider{"SE0000000101-1000", "Region Norrmark"}
	Sydhav    = Provider{"SE0000000202-1000", "Region Sydhav"}
	Linden    = Provider{"SE0000000303-1000", "Läkarhuset Linden AB"}
	Bjorkholm = Provider{"SE0000000404-1000", "Björkholms kommun"}
)

// The source systems, and the agent that connects two of them.
const (
	systemNorrmark    = "SE0000000101-S001"
	systemNorrmarkLab = "SE0000000101-S002"
	systemSydhav      = "SE0000000202-S001"
	systemLinden      = "SE0000000303-S001"
	systemBjorkholm   = "SE0000000404-S001"

	// Agent connects systems for others; it writes and can never read.
	Agent = "SE0000000505-A001"
)

// The care units.
var (
	Medicine  = Unit{"SE0000000101-1100", "Medicinkliniken, Norrmarks sjukhus", Norrmark, systemNorrmark, "060-555 01 00"}
	Emergency = Unit{"SE0000000101-1200", "Akutmottagningen, Norrmarks sjukhus", Norrmark, systemNorrmark, "060-555 01 20"}
	Women     = Unit{"SE0000000101-1300", "Kvinnokliniken, Norrmarks sjukhus", Norrmark, systemNorrmark, "060-555 01 30"}
	Radiology = Unit{"SE0000000101-1400", "Bild- och funktionsmedicin, Norrmarks sjukhus", Norrmark, systemNorrmarkLab, "060-555 01 40"}
	Granen    = Unit{"SE0000000101-1500", "Vårdcentralen Granen", Norrmark, systemNorrmarkLab, "060-555 01 50"}
	Ankaret   = Unit{"SE0000000202-2100", "Vårdcentralen Ankaret", Sydhav, systemSydhav, "040-555 02 00"}
	Kusten    = Unit{"SE0000000202-2200", "Barnmorskemottagningen Kusten", Sydhav, systemSydhav, "040-555 02 20"}
	Neurology = Unit{"SE0000000202-2300", "Neurologkliniken, Sydhavs sjukhus", Sydhav, systemSydhav, "040-555 02 30"}
	Practice  = Unit{"SE0000000303-3100", "Linden Allmänläkarmottagning", Linden, systemLinden, "08-555 03 00"}
	Rehab     = Unit{"SE0000000303-3200", "Linden Rehab", Linden, systemLinden, "08-555 03 20"}
	HomeCare  = Unit{"SE0000000404-4100", "Hemsjukvården Björkholm", Bjorkholm, systemBjorkholm, "0500-555 04 00"}
	School    = Unit{"SE0000000404-4200", "Elevhälsans medicinska insats, Björkholm", Bjorkholm, systemBjorkholm, "0500-555 04 20"}
)

// Systems returns every source system, with what it may write.
func Systems() []System {
	all := protocol.Contracts()
	return []System{
		{systemNorrmark, "Norrmark journal", "", all},
		{systemNorrmarkLab, "Norrmark primärvård och undersökningar", "", all},
		{systemSydhav, "Sydhav journal", "", all},
		{systemLinden, "Linden journal", Agent, all},
		{systemBjorkholm, "Björkholm omsorg", Agent, all},
	}
}

func position(c, display string) code {
	return code{code: c, system: oidPosition, systemName: "Befattning", display: display}
}

// The authors.
var (
	doctorMedicine = person{"SE0000000101-P101", "Anna Lindqvist", position("203010", "Specialistläkare"), Medicine}
	doctorEmerg    = person{"SE0000000101-P102", "Viktor Palm", position("204010", "ST-läkare"), Emergency}
	nurseEmerg     = person{"SE0000000101-P103", "Sanna Ekdahl", position("206010", "Sjuksköterska"), Emergency}
	doctorWomen    = person{"SE0000000101-P104", "Helena Brodin", position("201010", "Överläkare"), Women}
	midwifeWomen   = person{"SE0000000101-P105", "Frida Näslund", position("206210", "Barnmorska"), Women}
	radiologist    = person{"SE0000000101-P106", "Peter Wennberg", position("201010", "Överläkare"), Radiology}
	doctorGranen   = person{"SE0000000101-P107", "Ulla Forsberg", position("202010", "Distriktsläkare"), Granen}
	nurseGranen    = person{"SE0000000101-P108", "Tomas Hedin", position("206013", "Distriktssköterska"), Granen}
	doctorAnkaret  = person{"SE0000000202-P201", "Erik Sandberg", position("202010", "Distriktsläkare"), Ankaret}
	nurseAnkaret   = person{"SE0000000202-P202", "Lina Persson", position("206013", "Distriktssköterska"), Ankaret}
	midwifeKusten  = person{"SE0000000202-P203", "Josefin Öberg", position("206210", "Barnmorska"), Kusten}
	neurologist    = person{"SE0000000202-P204", "Rasmus Dahl", position("203010", "Specialistläkare"), Neurology}
	doctorPractice = person{"SE0000000303-P301", "Birgitta Nyström", position("203010", "Specialistläkare"), Practice}
	physio         = person{"SE0000000303-P302", "Oskar Lundell", position("251010", "Fysioterapeut"), Rehab}
	nurseHome      = person{"SE0000000404-P401", "Maryam Haddad", position("206010", "Sjuksköterska"), HomeCare}
	therapistHome  = person{"SE0000000404-P402", "Gun Sjödin", position("252010", "Arbetsterapeut"), HomeCare}
	nurseSchool    = person{"SE0000000404-P403", "Åsa Blomqvist", position("206019", "Skolsköterska"), School}
)
