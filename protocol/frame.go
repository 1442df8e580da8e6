package protocol

// Version is the wire's version. A node speaks this one and the one before it, and
// answers in the browser's: while a release is on its way pages and nodes of both meet.
// To a browser of the version after it a node answers in its own, since that browser
// speaks both.
//
//	1  2026-11  first
//	2  2026-11  Announcements
//	3  2026-11  the session's terms, hand-over, sources, series, what is taken away, feedback
const Version = 3

// Speaks returns the version that two sides speak, each of which says its own highest,
// and whether there is one that both know: they are one apart at most.
func Speaks(mine, theirs uint16) (version uint16, ok bool) {
	lower, higher := min(mine, theirs), max(mine, theirs)
	return lower, lower > 0 && higher-lower <= 1
}

// Kind numbers the frames: 1 to 63 from the browser, 64 and up from the node.
// Append only, never reuse.
type Kind uint8

// The frames' numbers.
const (
	KindHello      Kind = 1
	KindChoose     Kind = 2
	KindOpen       Kind = 3
	KindConsent    Kind = 4
	KindEndConsent Kind = 5
	KindShow       Kind = 6
	KindRead       Kind = 7
	KindLeave      Kind = 8
	KindAck        Kind = 9
	KindBeat       Kind = 10
	KindAsk        Kind = 11
	KindEmergency  Kind = 12
	KindFollow     Kind = 13
	KindReview     Kind = 14
	KindActive     Kind = 15 // this and those after it from version 3
	KindTrend      Kind = 16
	KindTake       Kind = 17
	KindFeedback   Kind = 18

	KindWelcome   Kind = 64
	KindChosen    Kind = 65
	KindOpened    Kind = 66
	KindRefused   Kind = 67
	KindBegin     Kind = 68
	KindChunk     Kind = 69
	KindEnd       Kind = 70
	KindBatch     Kind = 71
	KindBody      Kind = 72
	KindRevoke    Kind = 73
	KindHeartbeat Kind = 74
	KindGoAway    Kind = 75
	KindTold      Kind = 76
	KindCoverage  Kind = 77
	KindFreshness Kind = 78
	KindReport    Kind = 79
	KindReviewed  Kind = 80

	KindAnnouncements Kind = 81 // from version 2

	KindSession    Kind = 82 // this and those after it from version 3
	KindHandedOver Kind = 83
	KindSources    Kind = 84
	KindSeries     Kind = 85
	KindTaken      Kind = 86
	KindThanked    Kind = 87
)

// Frame is one message on the websocket.
type Frame interface{ Kind() Kind }

// Position is a place in the cluster's history. Positions of different epochs
// cannot be compared: on a change of epoch the client forgets everything.
type Position struct {
	Epoch uint64
	Index uint64
}

// Generation numbers what is shown in one connection. The client counts it up with
// every Show; the node counts it up with every Revoke (Next). Frames of an older
// generation than the client's are dropped unread.
type Generation uint32

// From the browser.
type (
	// Hello opens the conversation. Person is who one wants to be where the
	// environment lets one choose (demo, development), else empty. After is the
	// client's last position: the node waits, bounded, until it has applied it.
	Hello struct {
		Version uint16
		Person  string
		After   Position
	}
	// Choose binds the session to one commission.
	Choose struct{ Commission CommissionID }
	// Open asks for a patient. It is decided and recorded, and discloses nothing.
	Open struct {
		Request uint32
		Patient PatientID
	}
	// Consent attests that the patient has consented ("Intyga samtycke") for the
	// commission's care unit, or with Personal for this member of staff alone,
	// for Days days (1 to MaxConsentDays).
	//
	// Given says who consented; a guardian is named by Representative.
	Consent struct {
		Request        uint32
		Personal       bool
		Days           uint16
		Given          ConsentGiver
		Representative PatientID
	}
	// EndConsent ends every standing consent that this commission rests on.
	EndConsent struct{ Request uint32 }
	// Show is the active choice: which contracts to see. It is decided and recorded
	// before anything is sent. Resumed says that the client shows an older view of
	// the same choice meanwhile, opened on another connection.
	Show struct {
		Generation Generation
		Contracts  []Contract
		Resumed    bool
	}
	// Read asks for a document's body; it is decided and recorded.
	Read struct {
		Request    uint32
		Generation Generation
		Document   DocumentKey
	}
	// Leave closes the patient.
	Leave struct{}
	// Ack says that what a Revoke took away is gone from memory and screen.
	Ack struct{ Generation Generation }
	// Beat answers a Heartbeat: the position and what the view holds.
	Beat struct {
		Generation Generation
		Index      uint64
	}
	// Ask is an active question about what there is, on the way to what it is. It is
	// decided and recorded, and answered with Told.
	Ask struct {
		Request uint32
		What    Question
	}
	// Emergency attests that the patient cannot be asked and is in danger: first to
	// learn which care providers have information, then to see it. Reason is needed
	// in both steps, at most MaxReasonBytes. Answered with Opened.
	Emergency struct {
		Request uint32
		Step    EmergencyStep
		Reason  string
	}
	// Follow asks for a report of the access log, from From to To inclusive. Patient
	// and Employee are given where the report is about one. After continues a report
	// that said More. It is recorded, and answered with Report.
	Follow struct {
		Request  uint32
		Report   ReportKind
		From     Instant
		To       Instant
		Patient  PatientID
		Employee EmployeeID
		After    uint64
	}
	// Review registers the outcome of the review of one entry. Answered with Reviewed.
	Review struct {
		Request uint32
		Entry   string // its id, as LogRow has it
		Outcome ReviewOutcome
		Comment string // at most MaxReasonBytes
	}
	// Active says that the user has done something since the last one: the idle limit
	// counts from it. The client sends it at most once a minute; no other frame counts.
	Active struct{}
	// Trend asks for every value of an analysis in the view, by its code. It is decided
	// and recorded as a reading, and answered with Series.
	Trend struct {
		Request    uint32
		Generation Generation
		System     string // OID of the code system; may be empty
		Code       string
	}
	// Take asks to take what is shown off the screen: Documents, or without any the
	// list. The operator's policy allows it or not; it is recorded before it is
	// answered with Taken, and nothing leaves the screen before that.
	Take struct {
		Request    uint32
		Generation Generation
		How        TakeHow
		Documents  []DocumentKey // at most MaxTaken
	}
	// Feedback is what a user thinks of the client. It carries no patient data: text
	// that holds anything like an identity is refused. Answered with Thanked.
	Feedback struct {
		Request uint32
		Page    string // which page it was written at
		Grade   uint8  // 1 (bad) to 5 (good); 0: none given
		Text    string // at most MaxReasonBytes
	}
)

// From the node.
type (
	// Welcome answers Hello. People is filled only where one may choose who to be,
	// and then Commissions are those of the chosen person (none before).
	Welcome struct {
		Version     uint16
		Node        string
		Site        string
		Environment Environment
		Position    Position
		LeaseMillis uint32
		BeatMillis  uint32
		People      []Person
		Person      Person // who one is; zero if not chosen yet
		Commissions []CommissionInfo
		Alternates  []string // websocket addresses of the other data nodes
	}
	// Chosen answers Choose.
	Chosen struct{ Commission CommissionInfo }
	// Opened answers Open, Consent and EndConsent, and comes unasked when what it
	// says has changed. Basis tells what other care providers' records rest on.
	Opened struct {
		Request    uint32
		Basis      Basis
		MayConsent bool          // consent can be registered from here
		Ends       Instant       // when the basis ends; 0: it does not end by itself, or there is none
		Step       EmergencyStep // how far an emergency goes, where the basis is one
		MayAttest  bool          // an emergency can be attested from here
		Child      bool          // consent is given by a guardian, or by a child found mature
		Deceased   bool          // nobody can consent any more
	}
	// Refused answers any request, numbered as in Fault. ID finds it in the record.
	Refused struct {
		Request uint32
		Fault   Fault
		ID      string
		At      Instant
	}
	// Begin starts a snapshot; its chunks go to a shadow store until End.
	Begin struct {
		Generation Generation
		Position   Position
	}
	// Chunk is a part of a snapshot.
	Chunk struct {
		Generation Generation
		Items      []Item
	}
	// End swaps the shadow store in, if count and digest agree.
	End struct {
		Generation Generation
		Position   Position
		Count      uint32
		Digest     uint64
	}
	// Batch changes the view from index From to To, whole or not at all. A From
	// that is not the client's index is a gap: the client shows anew.
	Batch struct {
		Generation Generation
		From       uint64
		To         uint64
		Upserts    []Item
		Removes    []DocumentKey
		Count      uint32
		Digest     uint64
	}
	// BodyFrame answers Read.
	BodyFrame struct {
		Request    uint32
		Generation Generation
		Document   DocumentKey
		Body       Body
	}
	// Revoke takes documents away, or everything if Documents is empty. It jumps
	// every queue. The client wipes memory and screen, counts its generation up to
	// Next, and sends Ack with Next.
	Revoke struct {
		Generation Generation
		Next       Generation
		Index      uint64
		Fault      Fault
		Documents  []DocumentKey
	}
	// Heartbeat renews the lease and says what the view should hold.
	Heartbeat struct {
		Generation  Generation
		Position    Position
		LeaseMillis uint32
		Count       uint32
		Digest      uint64
	}
	// GoAway tells the client to move to one of Alternates after AfterMillis.
	GoAway struct {
		AfterMillis uint32
		Alternates  []string
	}
	// Told answers Ask. Yes answers the questions about existence; Providers the one
	// about which. It holds no count, type or time of anything.
	Told struct {
		Request   uint32
		What      Question
		Yes       bool
		Providers []ProviderMark
	}
	// Coverage says which care provider shows which information since when. It comes
	// after Chosen and whenever it changes, and is not about any patient.
	Coverage struct{ Rows []CoverageRow }
	// Freshness names the security data that is too old to decide on, or soon will
	// be. It comes after Welcome and whenever it changes.
	Freshness struct{ Late []LateFeed }
	// Report answers Follow. More: ask again with After.
	Report struct {
		Request uint32
		Report  ReportKind
		Rows    []LogRow
		Counts  []Count
		More    bool
		After   uint64
	}
	// Reviewed answers Review. ID is the review's own in the record.
	Reviewed struct {
		Request uint32
		ID      string
	}
	// Announcements are what the operation tells everybody, in the order to be shown:
	// what goes on first. It comes after Welcome and whenever it changes.
	Announcements struct{ Messages []Announcement }
	// Session is what holds for this session. It comes after Welcome and whenever it
	// changes.
	Session struct {
		SignIn     SignIn
		IdleMillis uint32  // without an Active for so long the session ends; 0: no such limit
		Ends       Instant // when it ends in any case; 0: it does not
		Print      bool    // printing is allowed, and recorded
		Copy       bool    // copying and saving are
	}
	// HandedOver says that a record system has sent the user here with a patient. It
	// comes once, after Welcome and before the browser has chosen anything.
	HandedOver struct {
		System     string // name of the record system
		Commission CommissionID
		Patient    PatientID
	}
	// Sources says how fresh the view is, for each care provider and contract that has
	// documents in it and for no other. It comes after End and whenever it changes.
	Sources struct {
		Generation Generation
		Rows       []SourceRow
	}
	// Series answers Trend, oldest first. More: the view holds more than MaxPoints, and
	// these are the newest.
	Series struct {
		Request    uint32
		Generation Generation
		Points     []Point
		More       bool
	}
	// Taken answers Take. ID finds it in the record.
	Taken struct {
		Request uint32
		ID      string
	}
	// Thanked answers Feedback. ID is the feedback's own.
	Thanked struct {
		Request uint32
		ID      string
	}
)

// TakeHow is how something leaves the screen.
type TakeHow uint8

// The ways off the screen.
const (
	TakePrint TakeHow = 1
	TakeCopy  TakeHow = 2
	TakeSave  TakeHow = 3 // an attachment, to a file
)

// SignIn is how one signs in. Zero: one chooses who to be, in a demo.
type SignIn uint8

// The ways to sign in.
const (
	SignInChoice      SignIn = iota
	SignInCertificate        // by the certificate of the connection
	SignInProvider           // at an OpenID provider; one can sign out
)

// SourceRow is how fresh one care provider's documents of one contract are.
type SourceRow struct {
	CareProvider string // HSA-id
	Contract     Contract
	State        SourceState
	Synced       Instant // when the source last answered well; 0: not known
	Failed       Instant // when it last did not, since then; 0: it has not
}

// SourceState is where a care provider's documents were read from.
type SourceState uint8

// The states, as the national ProcessingStatus header has them.
const (
	SourceUnknown      SourceState = iota
	SourceDirect                   // from the source itself, just now
	SourceMirror                   // from the mirror, which is in step with the source
	SourceMirrorFailed             // from the mirror, whose last synchronisation failed
)

// Point is one value of a Series, and the document that it stands in.
type Point struct {
	Document DocumentKey
	Time     Civil // when the sample was taken; else the document's time
	Quantity Quantity
}

// Question is what an Ask asks.
type Question uint8

// The questions, up the ladder of disclosure.
const (
	AskOthers    Question = 1 // do other care providers have information?
	AskBlocked   Question = 2 // does blocked information exist?
	AskProviders Question = 3 // which care providers have information? Needs a basis
)

// EmergencyStep is how far an emergency goes.
type EmergencyStep uint8

// The steps.
const (
	EmergencyNone      EmergencyStep = iota
	EmergencyProviders               // which care providers have information
	EmergencyContent                 // the information
)

// ConsentGiver is who gave a consent.
type ConsentGiver uint8

// The givers.
const (
	GiverUnknown  ConsentGiver = iota // another system did not say
	GiverPatient                      // the patient
	GiverGuardian                     // a guardian or another representative
	GiverMature                       // a child, found mature enough
)

// ProviderMark is a care provider that has information. Blocked, which an emergency
// alone may see: it has blocked some, and can be asked to lift that.
type ProviderMark struct {
	ID      CareProviderID
	Name    string // empty: the coverage table does not know it
	Has     bool   // unblocked information
	Blocked bool
}

// CoverageRow says that a care provider shows a type of information.
type CoverageRow struct {
	CareProvider string // HSA-id
	Name         string
	Contract     Contract
	Since        Civil
	Until        Civil // inclusive; zero: it still does
}

// LateFeed is security data that is late.
type LateFeed struct {
	Name    string // blocks, consents, relations, commissions, persons, engagement
	AsOf    Instant
	Unknown bool // past its bound: what rests on it is refused
}

// Announcement is a message of the operation's own. Until is zero where its end is not
// known.
type Announcement struct {
	Ongoing bool // it goes on; else it is planned
	From    Instant
	Until   Instant
	Swedish string
	English string
}

// ReportKind is a report of the access log.
type ReportKind uint8

// The reports.
const (
	ReportProvider    ReportKind = 1 // all access by the own care provider's staff
	ReportEmployee    ReportKind = 2 // one employee's
	ReportPatient     ReportKind = 3 // to one patient's information
	ReportOwner       ReportKind = 4 // which other care providers read the own care provider's information
	ReportOwnAccess   ReportKind = 5 // for the patient: who has read
	ReportSample      ReportKind = 6 // a random sample for review
	ReportEmergencies ReportKind = 7 // emergencies without a review
	ReportStatistics  ReportKind = 8 // of use
)

// ReviewOutcome is what a review of an entry found.
type ReviewOutcome uint8

// The outcomes.
const (
	ReviewNone       ReviewOutcome = iota // not reviewed
	ReviewInOrder                         // the access was called for
	ReviewQuestioned                      // to be looked into
	ReviewMisuse                          // the access was not called for
)

// LogRow is an entry of the access log as one who follows up sees it: never what was
// read, only of which type and whose.
type LogRow struct {
	ID         string
	At         Instant
	Activity   string // the record's words, Swedish
	Permit     bool
	Basis      Basis
	Who        LogWho
	Patient    PatientID
	Contracts  []Contract
	Owners     []string // names or ids of the care providers whose information it was
	Note       string   // the reason that was given
	Outcome    ReviewOutcome
	ReviewedAt Instant
}

// LogWho is who did it.
type LogWho struct {
	Employee     string // HSA-id
	Name         string // empty: unknown, or protected
	Title        string
	CareUnit     string // name, or id
	CareProvider string // name, or id
	Purpose      string
}

// Count is one number of a report. Few: it is between 1 and 9, and not told.
type Count struct {
	Series string // what is counted: lookups, users, patients
	Label  string // 2026-11, 13 (hour), 1 (Monday), a care provider's name
	Number uint32
	Few    bool
}

// Item is a document in a view: its key, the index of its latest change, its header.
type Item struct {
	Key    DocumentKey
	Rev    uint64
	Header Header
}

// Person is someone one can be in a demo environment.
type Person struct {
	Key   string
	Name  string
	Title string
}

// CommissionInfo is a commission as its holder sees it.
type CommissionInfo struct {
	ID           CommissionID
	Name         string
	CareUnit     string // name
	CareProvider string // name
	Usable       bool   // its purpose and rights allow an overview
	FollowUp     bool   // they allow following up the access log
}

// Environment says what kind of cluster one talks to; the zero value is production.
type Environment uint8

// The environments.
const (
	Production Environment = iota
	Demo
	Development
)

// Basis is what the reading of other care providers' records rests on. Zero is none.
type Basis uint8

// The bases.
const (
	BasisNone Basis = iota
	BasisConsent
	BasisEmergency
)

// MaxConsentDays bounds how long a consent registered from the client may last.
const MaxConsentDays = 365

// Mix folds an item for a view's digest: the digest is the sum, modulo 2^64, of
// Mix over the items, so order does not matter and an item can be taken out again.
func Mix(key DocumentKey, rev uint64) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	for _, c := range key {
		h = (h ^ uint64(c)) * prime
	}
	for i := 0; i < 8; i++ {
		h = (h ^ (rev >> (8 * i) & 0xff)) * prime
	}
	return h
}

// Kind of each frame.
func (Hello) Kind() Kind      { return KindHello }
func (Choose) Kind() Kind     { return KindChoose }
func (Open) Kind() Kind       { return KindOpen }
func (Consent) Kind() Kind    { return KindConsent }
func (EndConsent) Kind() Kind { return KindEndConsent }
func (Show) Kind() Kind       { return KindShow }
func (Read) Kind() Kind       { return KindRead }
func (Leave) Kind() Kind      { return KindLeave }
func (Ack) Kind() Kind        { return KindAck }
func (Beat) Kind() Kind       { return KindBeat }
func (Welcome) Kind() Kind    { return KindWelcome }
func (Chosen) Kind() Kind     { return KindChosen }
func (Opened) Kind() Kind     { return KindOpened }
func (Refused) Kind() Kind    { return KindRefused }
func (Begin) Kind() Kind      { return KindBegin }
func (Chunk) Kind() Kind      { return KindChunk }
func (End) Kind() Kind        { return KindEnd }
func (Batch) Kind() Kind      { return KindBatch }
func (BodyFrame) Kind() Kind  { return KindBody }
func (Revoke) Kind() Kind     { return KindRevoke }
func (Heartbeat) Kind() Kind  { return KindHeartbeat }
func (GoAway) Kind() Kind     { return KindGoAway }
func (Ask) Kind() Kind        { return KindAsk }
func (Emergency) Kind() Kind  { return KindEmergency }
func (Follow) Kind() Kind     { return KindFollow }
func (Review) Kind() Kind     { return KindReview }
func (Told) Kind() Kind       { return KindTold }
func (Coverage) Kind() Kind   { return KindCoverage }
func (Freshness) Kind() Kind  { return KindFreshness }
func (Report) Kind() Kind     { return KindReport }
func (Reviewed) Kind() Kind   { return KindReviewed }

// Kind of each frame that came later.
func (Announcements) Kind() Kind { return KindAnnouncements }
func (Active) Kind() Kind        { return KindActive }
func (Trend) Kind() Kind         { return KindTrend }
func (Take) Kind() Kind          { return KindTake }
func (Feedback) Kind() Kind      { return KindFeedback }
func (Session) Kind() Kind       { return KindSession }
func (HandedOver) Kind() Kind    { return KindHandedOver }
func (Sources) Kind() Kind       { return KindSources }
func (Series) Kind() Kind        { return KindSeries }
func (Taken) Kind() Kind         { return KindTaken }
func (Thanked) Kind() Kind       { return KindThanked }
