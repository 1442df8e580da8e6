package admin

// Inspection is what a message of a source system becomes, field by field. It holds
// everything that the message says, patient included: it is made and printed where the
// message already is, by the person who has it, and is never sent anywhere.
type Inspection struct {
	Contract   string               `json:"contract,omitempty"`
	Namespace  string               `json:"namespace,omitempty"`
	Major      int                  `json:"major,omitempty"`
	Fault      *InspectedFault      `json:"fault,omitempty"` // a SOAP fault instead of an answer
	Result     *InspectedResult     `json:"result,omitempty"`
	Failed     bool                 `json:"failed"`   // the source could not answer
	Complete   bool                 `json:"complete"` // what the answer does not hold is gone
	HasMore    []InspectedMore      `json:"has_more,omitempty"`
	Statuses   []InspectedStatus    `json:"processing_status,omitempty"`
	Patients   int                  `json:"patients"` // that the records are about; more than one is refused when it is sent
	Deviations []InspectedDeviation `json:"deviations,omitempty"`
	Unlisted   int                  `json:"deviations_unlisted,omitempty"`
	Documents  []InspectedDocument  `json:"documents"`
}

// InspectedFault is a SOAP fault.
type InspectedFault struct {
	Code   string `json:"code"`
	Text   string `json:"text"`
	Actor  string `json:"actor,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// InspectedResult is the contract's own verdict.
type InspectedResult struct {
	Code      string `json:"code"`
	ErrorCode string `json:"error_code,omitempty"`
	Subcode   string `json:"subcode,omitempty"`
	LogID     string `json:"log_id,omitempty"`
	Message   string `json:"message,omitempty"`
}

// InspectedMore says where there is more.
type InspectedMore struct {
	LogicalAddress string `json:"logical_address,omitempty"`
	Reference      string `json:"reference,omitempty"`
}

// InspectedStatus is what an aggregating service said about one source.
type InspectedStatus struct {
	LogicalAddress string `json:"logical_address"`
	Code           string `json:"code"`
	InSynch        bool   `json:"in_synch"`
}

// InspectedDeviation is something that is not as the contract says.
type InspectedDeviation struct {
	Place string `json:"place"`
	What  string `json:"what"`
}

// InspectedDocument is one record.
type InspectedDocument struct {
	Shown  bool               `json:"shown"`            // false: kept, and never shown to anyone
	Hidden string             `json:"hidden,omitempty"` // why not
	Header InspectedHeader    `json:"header"`
	Body   []InspectedSection `json:"body"`
}

// InspectedHeader is what stands in a list, and what the gate compares.
type InspectedHeader struct {
	RecordID     string         `json:"record_id"`
	Contract     string         `json:"contract"`
	Source       InspectedID    `json:"source"`
	Patient      InspectedID    `json:"patient"`
	CareProvider InspectedID    `json:"care_provider"`
	CareUnit     InspectedID    `json:"care_unit"`
	Time         *InspectedTime `json:"time,omitempty"` // what blocks are compared with
	TimeEnd      *InspectedTime `json:"time_end,omitempty"`
	InspectedLine
}

// InspectedLine is the words of a header.
type InspectedLine struct {
	Title      string `json:"title"`
	Detail     string `json:"detail,omitempty"`
	Status     string `json:"status,omitempty"`
	Author     string `json:"author,omitempty"`
	AuthorRole string `json:"author_role,omitempty"`
	Unit       string `json:"unit,omitempty"`
	Signed     bool   `json:"signed"`
	Nullified  bool   `json:"nullified"`
}

// InspectedID is an id with its root; both are empty where it is missing.
type InspectedID struct {
	ID   string `json:"id"`
	Root string `json:"root,omitempty"`
}

// InspectedTime is a date or time: to read, as the contracts write it, and how exact.
type InspectedTime struct {
	Text   string `json:"text"`
	Digits string `json:"digits"`
	Format string `json:"format"`
}

// InspectedWords is a label in the client's two languages.
type InspectedWords struct {
	Swedish string `json:"sv"`
	English string `json:"en"`
}

// InspectedSection is a headed part of a body.
type InspectedSection struct {
	Label string          `json:"label"`
	Words InspectedWords  `json:"words"`
	Nodes []InspectedNode `json:"nodes"`
}

// InspectedNode is a typed piece of a body; the fields of its kind are set.
type InspectedNode struct {
	Kind       string               `json:"kind"`
	Label      string               `json:"label"` // the element's name
	Words      InspectedWords       `json:"words"`
	Text       string               `json:"text,omitempty"`
	Root       string               `json:"root,omitempty"` // of an id
	Code       *InspectedCode       `json:"code,omitempty"`
	Quantity   *InspectedQuantity   `json:"quantity,omitempty"`
	Time       *InspectedTime       `json:"time,omitempty"`
	End        *InspectedTime       `json:"end,omitempty"`
	Attachment *InspectedAttachment `json:"attachment,omitempty"`
	Children   []InspectedNode      `json:"children,omitempty"`
}

// InspectedCode is a coded value.
type InspectedCode struct {
	Code     string `json:"code,omitempty"`
	System   string `json:"system,omitempty"`
	Name     string `json:"system_name,omitempty"`
	Version  string `json:"system_version,omitempty"`
	Display  string `json:"display,omitempty"`
	Original string `json:"original_text,omitempty"`
}

// InspectedQuantity is a measured value with its reference interval, or an interval.
type InspectedQuantity struct {
	Value     string `json:"value,omitempty"`
	Unit      string `json:"unit,omitempty"`
	Low       string `json:"low,omitempty"`
	High      string `json:"high,omitempty"`
	Reference string `json:"reference,omitempty"`
	Flag      string `json:"flag,omitempty"`
}

// InspectedAttachment is data beside the text.
type InspectedAttachment struct {
	MediaType string `json:"media_type,omitempty"`
	Reference string `json:"reference,omitempty"`
	Bytes     int    `json:"bytes,omitempty"`
	Data      []byte `json:"data,omitempty"` // base64
}

// Severities of what a verification finds.
const (
	SeverityHinders  = "hinders"  // a record is refused or never shown
	SeverityDeviates = "deviates" // not as the framework expects; the record is shown
	SeverityNotes    = "notes"    // worth knowing
)

// Verification is what a message of a source system is found to hold that is not as the
// national framework, or the overview, expects of it. It holds no value of the message.
type Verification struct {
	Contract string     `json:"contract,omitempty"` // empty: it could not be read so far
	Major    int        `json:"major,omitempty"`
	Records  int        `json:"records"`
	Approved bool       `json:"approved"` // nothing hinders
	Findings []Verified `json:"findings"`
	Unlisted int        `json:"findings_unlisted,omitempty"`
}

// Verified is one finding.
type Verified struct {
	Severity string `json:"severity"`
	Place    string `json:"place"`
	Expected string `json:"expected"`
	Found    string `json:"found"` // in kind, never in value
}
