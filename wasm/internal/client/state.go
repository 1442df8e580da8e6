package client

import "tvilling/protocol"

// State is everything the client knows. Step consumes the one it is given.
type State struct {
	Lang   protocol.Language
	Clock  Clock
	Draw   uint32
	Links  Links
	Me     Me
	Wish   Wish
	Access Access
	Ladder Ladder
	View   View
	Lease  Lease
	Form   Form
	Follow Follow
	Desk   Desk
	Panes
	Screen
}

// Panes are the parts of the overview.
type Panes struct {
	List     List
	Reader   Reader
	Timeline Timeline
	Tools    Tools
}

// Screen is what stands beside the page at hand, or in its place.
type Screen struct {
	Notice Notice
	Said   Said
	End    End
	Aside  Aside
}

// Aside is a page of general information that is open over the page at hand.
type Aside uint8

// The asides.
const (
	AsideNone Aside = iota
	AsideHelp
	AsideCoverage
	AsideFeedback
	AsideStatement
)

// End says that the view was taken away, or that the client has stopped.
type End struct {
	Blank   bool // the view was wiped; Notice says why
	Stopped bool // no link is dialled any more
	Left    bool // the page went away
}

// Said is what a screen reader is told: Status politely, Alert at once.
type Said struct{ Status, Alert string }

// Me is what the last Welcome said about the node and about who one is.
type Me struct {
	Known       bool
	Node, Site  string
	Environment protocol.Environment
	People      []protocol.Person
	Person      protocol.Person
	Commissions []protocol.CommissionInfo
	Commission  protocol.CommissionInfo
	Position    protocol.Position // the last one heard, told in every Hello
	Coverage    []*provider
	Late        []protocol.LateFeed
	News        []protocol.Announcement // what the operation tells
}

// Wish is how far the user wants a link to climb. It is kept in memory alone.
type Wish struct {
	Person     string
	Commission protocol.CommissionID
	Patient    protocol.PatientID
	Contracts  []protocol.Contract
}

// Access is what the node answered about the patient.
type Access struct {
	Known      bool
	Basis      protocol.Basis
	MayConsent bool // and the patient lives
	Ends       protocol.Instant
	Step       protocol.EmergencyStep
	MayAttest  bool
	Child      bool
	Deceased   bool
	Over       bool // an emergency whose time is out by this computer's clock
}

// View is what may be shown. Zero: nothing.
type View struct {
	Shown      bool
	Link       LinkID // that feeds it
	Generation protocol.Generation
	Store      *Store
	Contracts  []protocol.Contract
	Index      uint64 // of the last change applied
	Wider      bool   // access has grown since it was asked for
	Vouched    uint64 // the highest index at which the node said the view was right
	Sources    []protocol.SourceRow
}

// Lease is how long the view may stand without another word from the node.
type Lease struct{ Due Clock }

// Reader is the open document.
type Reader struct {
	Open    bool
	Key     protocol.DocumentKey
	Rev     uint64 // of the body
	Body    *protocol.Body
	Request uint32 // waited for; 0: none
	Fault   Notice // why there is no body
	Gone    bool   // the document that stood here is no longer shown
	Shown   int    // the attachment that is shown, from 1; 0: none
	Trend   Trend
}

// Form is what the user has typed and ticked.
type Form struct {
	Typed      string
	Wrong      bool      // what is typed was sent and refused by its form
	Checked    [256]bool // by contract
	Nothing    bool      // the user asked to see nothing
	Personal   bool
	Days       uint16
	Giver      Giver
	Attest     Attest
	Consenting bool   // the consent form is open
	Ending     bool   // asked to confirm the end of the basis
	Ended      bool   // the user ended the basis: that it ends is no news
	Choosing   bool   // back at the choice, with a view behind it
	Request    uint32 // Consent, EndConsent or Emergency waited for; 0: none
}

// Giver is who consented for a child. Typed is the guardian's id.
type Giver struct {
	Given protocol.ConsentGiver
	Typed string
	Wrong txt
}

// Notice is what went wrong. Zero: nothing did. With Calm nothing did either, but it
// is to be seen: Calm is said instead of the fault's words.
type Notice struct {
	Calm   txt
	Fault  protocol.Fault
	ID     string
	At     protocol.Instant
	Copied bool
}

// Links are the websockets.
type Links struct {
	Live, Next Link
	Last       LinkID // the last id given
	Addresses  []string
	Cursor     int
	Attempts   int
	Dial       Clock // when to dial Next, where Planned
	Planned    bool
	Moving     bool // the live node goes away
	Before     bool // a node did not speak this version of the wire: the one before is said to the next
}

// Link is one websocket and how far it has climbed. Zero: none.
type Link struct {
	ID         LinkID
	Stage      Stage
	Generation protocol.Generation
	Request    uint32 // the last number used
	Opening    uint32 // the number of the Open waited for
	Dialled    Clock
	Heard      Clock // said anything
	Moved      Clock // asked, or answered
	URL        string
	Terms      Terms
	Doubts     int    // snapshots and heartbeats in a row that did not agree
	Shadow     *Store // the snapshot on its way
	Snapshot   protocol.Position
	Resumed    bool // the Show on its way continues a view of another link
}

// Terms are what a node said about itself and its beat, in milliseconds.
type Terms struct {
	Node, Site  string
	Beat, Lease int64
	Given       Clock // when the lease was last given
	Wire        uint16
}

// Stage is how far a link has climbed.
type Stage uint8

// The stages. At Greeting, Choosing, Opening and Showing an answer is waited for.
const (
	StageNone Stage = iota
	StageDialling
	StageGreeting
	StageWelcome
	StageChoosing
	StageChosen
	StageOpening
	StageOpened
	StageShowing
	StageLive
)

// Phase is which page the user sees.
type Phase uint8

// The phases.
const (
	PhaseConnecting Phase = iota
	PhaseWho
	PhaseCommission
	PhasePatient
	PhaseChoice
	PhaseOverview
	PhaseBlank
	PhaseFollow
	PhaseHelp
	PhaseCoverage
	PhaseSignIn
	PhaseFeedback
	PhaseStatement
)

var phaseNames = [...]string{"connecting", "who", "commission", "patient", "choice", "overview", "blank", "follow", "help", "coverage", "signin", "feedback", "statement"}

// String returns the phase's name, as it stands on the page's root element.
func (p Phase) String() string { return phaseNames[p] }

// Phase returns which page the state is at.
func (s *State) Phase() Phase {
	switch {
	case s.Aside == AsideHelp:
		return PhaseHelp
	case s.Aside == AsideCoverage:
		return PhaseCoverage
	case s.Aside == AsideFeedback:
		return PhaseFeedback
	case s.Aside == AsideStatement:
		return PhaseStatement
	case s.Desk.Gate != GateNone:
		return PhaseSignIn
	case s.End.Blank:
		return PhaseBlank
	case !s.Me.Known:
		return PhaseConnecting
	case s.Me.Person.Key == "" && len(s.Me.People) > 0:
		return PhaseWho
	case s.Wish.Commission.IsZero():
		return PhaseCommission
	case s.Me.Commission.FollowUp:
		return PhaseFollow
	case s.View.Shown && !s.Form.Choosing:
		return PhaseOverview
	case s.Wish.Patient.IsZero(), !s.Access.Known:
		return PhasePatient
	default:
		return PhaseChoice
	}
}

// link returns the link with the id, nil if there is none.
func (s *State) link(id LinkID) *Link {
	switch {
	case id == 0:
		return nil
	case s.Links.Live.ID == id:
		return &s.Links.Live
	case s.Links.Next.ID == id:
		return &s.Links.Next
	default:
		return nil
	}
}

// New returns the state before Start.
func New() State { return State{Form: Form{Days: defaultConsentDays}} }

// canAct reports whether an act on the patient can be asked for now: there is a link
// that has the patient open, and no such act waits.
func (s *State) canAct() bool { return s.Links.Live.Stage >= StageOpened && s.Form.Request == 0 }

// asking reports whether the page at hand waits for an answer.
func (s *State) asking(stages ...Stage) bool {
	for _, l := range []*Link{&s.Links.Live, &s.Links.Next} {
		for _, stage := range stages {
			if l.Stage == stage {
				return true
			}
		}
	}
	return false
}

// holds reports whether something is held that may stand only under the lease.
func (s *State) holds() bool { return s.View.Shown || s.Ladder.holds() || s.Follow.Report != nil }
