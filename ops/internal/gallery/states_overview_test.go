package gallery

import (
	"encoding/hex"
	"strings"

	"tvilling/protocol"
)

// record is a document by its id in the source system, as the scene has it.
func (s *stage) record(id string) protocol.Document {
	s.t.Helper()
	for _, d := range s.documents {
		if d.Header.RecordID == id {
			return d
		}
	}
	s.t.Fatalf("there is no document %q", id)
	return protocol.Document{}
}

// rowOf is the row of a scene's i-th document.
func rowOf(i int) string {
	key := keyOf(i)
	return `#row-` + hex.EncodeToString(key[:])
}

// beside is a view of one record and a few others.
func beside(id string, changes ...func(*scene)) func(*stage) *scene {
	return func(s *stage) *scene {
		documents := []protocol.Document{s.record(id)}
		for i := range s.documents {
			if d := s.documents[i]; i%9 == 0 && d.Header.RecordID != id {
				documents = append(documents, d)
			}
		}
		return s.scene(append([]func(*scene){consented, holding(documents...)}, changes...)...)
	}
}

// toFirst is the way to the first document of a scene, opened.
var toFirst = then(toOverview, []act{pressAt(rowOf(0)), await(there("document"))})

func overviewStates() []state {
	one := func(s *stage) *scene { return s.scene(consented, holding(s.record("DIA-1"))) }
	calm := func(s *stage) *scene {
		return s.scene(consented, holding(s.record("DIA-1"), s.record("KON-2"), s.record("LKM-2")))
	}
	many := play(consented)
	alone := play(opens(protocol.Opened{MayConsent: true, MayAttest: true}))
	return []state{
		{name: "overview/many", shows: "What one sees first: the newest at the top.", scene: many, acts: toOverview},
		{name: "overview/one", shows: "One document.", scene: one, acts: toOverview, until: `document.documentElement.dataset.count === '1'`},
		{name: "overview/empty", shows: "No document: each type says why that can be.", scene: play(consented, holding()), acts: toOverview, until: there("empty")},
		{name: "overview/calm", shows: "A patient without alerts.", scene: calm, acts: toOverview},
		{name: "overview/own", shows: "One's own care provider's alone; consent can be given from here.", scene: alone, acts: then(toOpened, []act{press("consent-skip"), press("check-all"), press("show"), await(at("overview"))})},
		{name: "overview/by-type", shows: "The list by type.", scene: many, acts: then(toOverview, []act{press("by-type")}), until: `document.querySelector('#by-type[aria-pressed=true]')`},
		{name: "overview/alerts", shows: "The alerts, from the mark beside the patient.", scene: many, acts: then(toOverview, []act{press("alerts")}), until: hook("count") + `.dataset.n === '7'`},
		{name: "overview/ending", shows: "Ending the consent asks first.", scene: many, acts: then(toOverview, []act{press("end-ask")}), until: there("end-confirm")},
		{name: "overview/choice-again", shows: "The choice, with a view behind it.", scene: many, acts: then(toOverview, []act{press("choice")}), until: there("back")},
		{name: "overview/removed", shows: "Documents go at once when access to them ends.", scene: many, acts: then(toOverview, []act{says(func(s *stream) []protocol.Frame {
			return s.revoke(protocol.FaultAccessChanged, keyOf(0), keyOf(5), keyOf(20))
		})}), until: there("calm")},
	}
}

// reading is a document of each contract, by its id in the source system.
var reading = []struct{ name, record, shows string }{
	{"notes", "SE2321000016-SYS1|ANT-1001", "A note, its DocBook text set as text."},
	{"notes-old", "D2-1", "A discharge note of the older version, with an attachment."},
	{"diagnosis", "DIA-1", "A diagnosis with its code, and the patient's dissenting opinion."},
	{"alert", "UPP-1", "An alert: oversensitivity that threatens life."},
	{"alert-infection", "UPP-5", "An alert: a contagious disease."},
	{"alert-old", "UPP-3", "An alert that no longer holds."},
	{"functional", "FUN-1", "Functional status: activities of daily living."},
	{"laboratory", "SE2321000016-SYS1|LAB-1", "Laboratory results in groups, with reference intervals and abnormal marks."},
	{"laboratory-old", "LAB3-1", "A laboratory report of the older version."},
	{"laboratory-series", "SERIE-6", "Three analyses that have been taken for years."},
	{"laboratory-preliminary", "SE2321000016-SYS1|LAB-I2", "A preliminary answer with a bounded value."},
	{"imaging", "RTG-1", "Imaging: the answer, its examinations and its pictures by address."},
	{"consultation", "KON-1", "An answer of a consultation."},
	{"maternity", "MTR-1", "Maternity care: the first visit."},
	{"maternity-control", "MTR-2", "Maternity care: a control in pregnancy."},
	{"maternity-after", "MTR-3", "Maternity care: after the birth."},
	{"medication", "LKM-1", "A prescription with its dosage and what was dispensed."},
	{"medication-need", "LKM-D6", "A dosage as needed."},
	{"medication-schedule", "LKM-D5", "A dosage by a schedule."},
	{"vaccination", "VAC-1", "A vaccination."},
	{"contact", "KON-1", "A contact with care."},
	{"plan", "PLAN-1", "A care plan, with its attachments."},
}

func readingStates() (all []state) {
	for _, r := range reading {
		view := beside(r.record)
		if r.name == "consultation" || r.name == "contact" { // one id in two systems
			contract := protocol.ReferralOutcome
			if r.name == "contact" {
				contract = protocol.CareContacts
			}
			view = func(s *stage) *scene {
				return s.scene(consented, holding(s.documents[s.first(contract, nil)], s.record("DIA-1"), s.record("LKM-2")))
			}
		}
		all = append(all, state{name: "reading/" + r.name, shows: r.shows, scene: view, acts: toFirst})
	}
	gone := then(toFirst, []act{says(func(s *stream) []protocol.Frame { return s.revoke(protocol.FaultAccessChanged, keyOf(0)) })})
	pressed := then(toOverview, []act{pressAt(rowOf(0))})
	return append(all,
		state{name: "reading/fetching", shows: "The document is on its way.", scene: beside("DIA-1", mutes(protocol.KindRead)), acts: pressed, until: `document.querySelector('#reader .fetching')`},
		state{name: "reading/fault", shows: "A document that cannot be read now.", scene: beside("DIA-1", refuses(protocol.KindRead, protocol.FaultNoQuorum)), acts: pressed, until: there("reader-fault")},
		state{name: "reading/gone", shows: "A document that was taken away while it was read.", scene: beside("DIA-1"), acts: gone, until: there("reader-gone")},
		state{name: "reading/nullified", shows: "A document that was entered by mistake.", scene: nullified, acts: toFirst},
		state{name: "reading/long", shows: "A long text.", scene: long, acts: toFirst},
	)
}

// nullified is a view of a record that the source has taken back.
func nullified(s *stage) *scene {
	d := s.record("LKM-2")
	d.Header.Nullified = true
	return s.scene(consented, holding(d, s.record("DIA-1"), s.record("UPP-2")))
}

// long is a view of a document of many paragraphs and a word without end.
func long(s *stage) *scene {
	d := s.record("D2-1")
	d.Body = protocol.Body{Sections: []protocol.Section{{Label: "clinicalDocumentNoteText", Nodes: []protocol.Node{{Kind: protocol.NodeText, Label: "text",
		Text: strings.Repeat("Patienten kommer för återbesök efter vårdtiden. Mår bättre, äter och sover. Går med rollator inomhus.\n", 60) + strings.Repeat("Överkänslighetsreaktion", 20)}}}}}
	return s.scene(consented, holding(d, s.record("DIA-1"), s.record("UPP-2")))
}
