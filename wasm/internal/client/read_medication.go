package client

import "tvilling/protocol"

// dosages writes how a drug is taken: the instruction first and large, then what is
// set, in the structure that the record has.
func (s *sheet) dosages(in *protocol.Node, path string) {
	for _, d := range s.all(in, path) {
		start := len(s.m.b)
		s.m.raw(`<section class="dosage" data-test="dosage">`)
		before := len(s.m.b)
		s.lead(d, "dosageInstruction")
		s.marks(d, "shortNotation")
		for _, part := range [...]string{"setDosage", "conditionalDosage", "maximumDosage"} {
			for _, set := range s.all(d, part) {
				s.set(set, part)
			}
		}
		s.fields(d, "lengthOfTreatment/treatmentInterval lengthOfTreatment/isMaximumTreatmentTime unitDose")
		if len(s.m.b) == before {
			s.m.b = s.m.b[:start]
			continue
		}
		s.m.raw(`</section>`)
	}
}

// set writes one kind of dosage. What the plain one is needs no heading.
func (s *sheet) set(set *protocol.Node, part string) {
	s.m.raw(`<div class="set">`)
	if part != "setDosage" {
		s.m.raw(`<p><b>`).text(s.label(part)).raw(`</b>`)
		if n := s.at(set, "conditionDescription"); n != nil {
			s.m.raw(`: `)
			s.m.text(meaning(n))
			s.taken[n] = true
		}
		s.m.raw(`</p>`)
	}
	s.doses(set)
	for _, ramp := range s.all(set, "rampedDosage") {
		s.m.raw(`<p>`).text(s.label("rampedDosage")).raw(`</p>`)
		s.fields(ramp, "doseStep timeStep")
		for _, end := range [...]string{"rampStart", "rampEnd"} {
			if n := s.at(ramp, end); n != nil {
				s.m.raw(`<p class="small">`).text(s.label(end)).raw(`</p>`)
				s.doses(n)
			}
		}
	}
	s.m.raw(`</div>`)
}

// doses writes the forms of a dose that a dosage may hold.
func (s *sheet) doses(in *protocol.Node) {
	for _, n := range s.all(in, "frequencyDosage") {
		s.dose(n, "dose", "frequency", txtNone)
	}
	for _, n := range s.all(in, "periodDosage") {
		s.dose(n, "dose", "period", txtPer)
	}
	for _, n := range s.all(in, "singleDose") {
		s.dose(n, "dose", "time", txtNone)
	}
	for _, n := range s.all(in, "occasionDosage") {
		if period := s.at(n, "period"); period != nil {
			s.m.raw(`<p>`).text(s.label("period")).raw(` `)
			s.put(period)
			s.m.raw(`</p>`)
		}
		if rows := s.all(n, "administration"); len(rows) > 0 {
			s.rows(rows, []string{"time", "dayOfPeriod", "dose"})
		}
	}
	s.text(in, "unstructuredDosageInformation/text")
}

// dose writes a dose and when it is taken, on one line.
func (s *sheet) dose(in *protocol.Node, dose, when string, between txt) {
	s.m.raw(`<p class="dose">`)
	if n := s.at(in, dose); n != nil {
		s.put(n)
	}
	if n := s.at(in, when); n != nil {
		if between == txtNone {
			s.m.raw(`, `)
		} else {
			s.m.raw(` `).text(s.t(between)).raw(` `)
		}
		s.put(n)
	}
	s.m.raw(`</p>`)
}
