package protocol

// Every identity here is made up; the patient is the well-known test person.

var (
	samplePatient    = must(ParsePatientID("191212121212"))
	sampleProvider   = must(ParseCareProviderID("SE2321000016-39KJ"))
	sampleUnit       = must(ParseCareUnitID("SE2321000016-5DQL"))
	sampleEmployee   = must(ParseEmployeeID("SE2321000016-EMP7"))
	sampleSource     = must(ParseSourceID("SE2321000016-1ABC"))
	sampleCommission = must(ParseCommissionID("SE2321000016-UPP9"))
	sampleKey        = DocumentKey{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}
	sampleTime       = must(ParseCivil("20240229134501"))
)

func sampleHeader() Header {
	return Header{
		RecordID: "7b0e-42", Contract: LaboratoryOrderOutcome, Source: sampleSource, Patient: samplePatient,
		CareProvider: sampleProvider, CareUnit: sampleUnit, Time: sampleTime, TimeEnd: must(ParseCivil("202403")),
		Title: "P-Glukos", Detail: "5,3 mmol/L", Status: "final", Author: "Åsa Öberg", AuthorRole: "Läkare",
		Unit: "Medicinkliniken", Signed: true,
	}
}

func sampleBody() Body {
	return Body{Sections: []Section{
		{Label: "analysis", Nodes: []Node{
			{Kind: NodeText, Label: "comment", Text: "Fastande.\nTagen på morgonen."},
			{Kind: NodeCode, Label: "code", Code: Code{Code: "NPU02192", System: "1.2.752.108.1", Name: "NPU", Version: "2024", Display: "P-Glukos", Original: "glukos"}},
			{Kind: NodeQuantity, Label: "value", Quantity: Quantity{Value: "5.30", Unit: "mmol/L", Low: "4.0", High: "6.0", Reference: "fastande vuxna", Flag: "*"}, Time: sampleTime},
			{Kind: NodeTime, Label: "timestamp", Time: must(ParseCivil("2024"))},
			{Kind: NodePeriod, Label: "timePeriod", Time: sampleTime, End: must(ParseCivil("20240301"))},
			{Kind: NodeFlag, Label: "accredited", Text: "true"},
			{Kind: NodeID, Label: "identifier", Text: "A-1", Code: Code{System: "1.2.3"}},
			{Kind: NodeAttachment, Label: "multimediaEntry", Attachment: Attachment{MediaType: "text/plain", Reference: "https://example.invalid/1", Inline: []byte("hej")}},
			{Kind: NodeTable, Label: "result", Children: []Node{
				{Kind: NodeGroup, Label: "result", Children: []Node{{Kind: NodeText, Label: "value", Text: "neg"}}},
			}},
		}},
		{Label: "specimen"},
	}}
}

func sampleItem() Item { return Item{Key: sampleKey, Rev: 70_000, Header: sampleHeader()} }

// sampleFrames has one of every kind.
func sampleFrames() []Frame {
	place := Position{Epoch: 3, Index: 1 << 33}
	info := CommissionInfo{ID: sampleCommission, Name: "Vård och behandling", CareUnit: "Vårdcentralen", CareProvider: "Regionen", Usable: true, FollowUp: true}
	person := Person{Key: "asa", Name: "Åsa Öberg", Title: "Läkare"}
	return []Frame{
		Hello{Version: Version, Person: "asa", After: place},
		Choose{Commission: sampleCommission},
		Open{Request: 7, Patient: samplePatient},
		Consent{Request: 8, Personal: true, Days: MaxConsentDays, Given: GiverGuardian, Representative: samplePatient},
		EndConsent{Request: 9},
		Show{Generation: 2, Contracts: Contracts(), Resumed: true},
		Read{Request: 10, Generation: 2, Document: sampleKey},
		Leave{},
		Ack{Generation: 4_000_000_000},
		Beat{Generation: 2, Index: 1 << 33},
		Ask{Request: 11, What: AskProviders},
		Emergency{Request: 12, Step: EmergencyContent, Reason: "Medvetslös, okänd medicinering"},
		Follow{Request: 13, Report: ReportPatient, From: -1, To: 1_800_000_000_000, Patient: samplePatient, Employee: sampleEmployee, After: 1 << 33},
		Review{Request: 14, Entry: "f3a9", Outcome: ReviewQuestioned, Comment: "Frågas chefen."},
		Active{},
		Trend{Request: 15, Generation: 2, System: "1.2.752.108.1", Code: "NPU02192"},
		Take{Request: 16, Generation: 2, How: TakePrint, Documents: []DocumentKey{sampleKey, {}}},
		Feedback{Request: 17, Page: "overview", Grade: 5, Text: "Lätt att läsa."},
		Welcome{
			Version: Version, Node: "north-1", Site: "north", Environment: Demo, Position: place, LeaseMillis: 15_000, BeatMillis: 5_000,
			People: []Person{person, {Key: "bo"}}, Person: person, Commissions: []CommissionInfo{info, {}},
			Alternates: []string{"wss://south.example.invalid/stream"},
		},
		Chosen{Commission: info},
		Opened{Request: 7, Basis: BasisConsent, MayConsent: true, Ends: 1_800_000_000_000, Step: EmergencyProviders, MayAttest: true, Child: true, Deceased: true},
		Refused{Request: 7, Fault: FaultNoEngagement, ID: "f3a9", At: -1},
		Begin{Generation: 2, Position: place},
		Chunk{Generation: 2, Items: []Item{sampleItem(), {}}},
		End{Generation: 2, Position: place, Count: 2, Digest: 1<<64 - 1},
		Batch{Generation: 2, From: 5, To: 6, Upserts: []Item{sampleItem()}, Removes: []DocumentKey{sampleKey, {}}, Count: 3, Digest: 1 << 40},
		BodyFrame{Request: 10, Generation: 2, Document: sampleKey, Body: sampleBody()},
		Revoke{Generation: 2, Next: 3, Index: 99, Fault: FaultConsentEnded, Documents: []DocumentKey{sampleKey}},
		Heartbeat{Generation: 3, Position: place, LeaseMillis: 15_000, Count: 2, Digest: 77},
		GoAway{AfterMillis: 1500, Alternates: []string{"wss://a.example.invalid/stream", "wss://b.example.invalid/stream"}},
		Told{Request: 11, What: AskProviders, Yes: true, Providers: []ProviderMark{{ID: sampleProvider, Name: "Regionen", Has: true}, {Blocked: true}}},
		Coverage{Rows: []CoverageRow{{CareProvider: "SE2321000016-39KJ", Name: "Regionen", Contract: Diagnosis, Since: sampleTime, Until: must(ParseCivil("20260101"))}, {}}},
		Freshness{Late: []LateFeed{{Name: "blocks", AsOf: 1_800_000_000_000, Unknown: true}, {}}},
		Report{Request: 13, Report: ReportPatient, Rows: []LogRow{sampleLogRow(), {}}, Counts: []Count{{Series: "lookups", Label: "2026-11", Number: 70_000, Few: true}, {}}, More: true, After: 1 << 33},
		Reviewed{Request: 14, ID: "f3aa"},
		Announcements{Messages: []Announcement{{Ongoing: true, From: 1_800_000_000_000, Until: -1, Swedish: "Störning", English: "Disturbance"}, {}}},
		Session{SignIn: SignInProvider, IdleMillis: 900_000, Ends: 1_800_000_000_000, Print: true, Copy: true},
		HandedOver{System: "Journalen", Commission: sampleCommission, Patient: samplePatient},
		Sources{Generation: 2, Rows: []SourceRow{{"SE2321000016-39KJ", Diagnosis, SourceMirrorFailed, 1_800_000_000_000, -1}, {}}},
		Series{Request: 15, Generation: 2, Points: []Point{{sampleKey, sampleTime, Quantity{"5,2", "mmol/L", "4,0", "6,0", "fastande", "H"}}, {}}, More: true},
		Taken{Request: 16, ID: "f3ab"},
		Thanked{Request: 17, ID: "f3ac"},
	}
}

func sampleLogRow() LogRow {
	return LogRow{
		ID: "f3a9", At: 1_800_000_000_000, Activity: "Läsa", Permit: true, Basis: BasisEmergency,
		Who:     LogWho{"SE2321000016-EMP7", "Åsa Öberg", "Läkare", "Vårdcentralen", "Regionen", "Vård och behandling"},
		Patient: samplePatient, Contracts: []Contract{Diagnosis, CarePlans}, Owners: []string{"Regionen", "SE2321000016-39KK"},
		Note: "Medvetslös.", Outcome: ReviewInOrder, ReviewedAt: -1,
	}
}
