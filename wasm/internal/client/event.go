package client

import "tvilling/protocol"

// Clock is a moment by the browser's two clocks, in milliseconds. The steady one
// stands still while some machines sleep and the wall clock can be set, so a time
// limit has passed when either of them says so.
type Clock struct{ Mono, Wall int64 }

func (c Clock) after(millis int64) Clock { return Clock{c.Mono + millis, c.Wall + millis} }

// reached reports whether the moment due has come.
func (c Clock) reached(due Clock) bool { return c.Mono >= due.Mono || c.Wall >= due.Wall }

// Event is something that happened, when, and a random number for whoever needs one.
type Event struct {
	At    Clock
	Draw  uint32
	Input Input
}

// Input is what happened.
type Input interface{ input() }

// LinkID names a websocket of this page. Zero names none.
type LinkID uint32

// The inputs.
type (
	// Start begins. Stream is the address of the websocket at the page's own node.
	Start struct{ Stream string }
	// Connected says that a link's websocket is open.
	Connected struct{ Link LinkID }
	// Received is a frame from a link.
	Received struct {
		Link  LinkID
		Frame protocol.Frame
	}
	// Unreadable says that a link carried something that is no frame.
	Unreadable struct{ Link LinkID }
	// Disconnected says that a link's websocket is closed, and with which code.
	Disconnected struct {
		Link LinkID
		Code uint16
	}
	// Look asks the client to look at the clock: a timer rang, or the page is about
	// to be seen again.
	Look struct{}
	// Act is something that the user did; Value says with what.
	Act struct {
		Name  Action
		Value string
	}
	// Typed is the content of a field that the user changes.
	Typed struct{ Field, Value string }
	// Pressed is a key pressed in the list.
	Pressed struct{ Key string }
	// Focused says that a row of the list got the focus; an empty Row: something else did.
	Focused struct{ Row string }
	// Pointed says whether the pointer is over the list or its tools.
	Pointed struct{ Over bool }
	// Frame says that the page is about to be painted.
	Frame struct{}
	// Scrolled is where the list now is.
	Scrolled struct{ Top int }
	// Measured is how tall the list and one row are.
	Measured struct{ Height, Row int }
	// Charted is what the pointer or a key does at the chart or the calendar: numbers
	// and a key's name, whose meaning is decided here.
	Charted struct {
		What, Key string
		X, Y      int
	}
	// Touched says that the user did something: a key, a pointer. What the program or
	// the node does is none of it.
	Touched struct{}
	// Copying and Printing say that the user tries to, by the browser's own means;
	// Document, that what is marked is of the open document too.
	Copying  struct{ Document bool }
	Printing struct{}
	// Printed says that the printout is made, or was not.
	Printed struct{}
	// Expired says that the session's cookie is no longer taken.
	Expired struct{}
	// Leaving says that the page is going away (it may be kept and come back).
	Leaving struct{}
)

func (Start) input()        {}
func (Connected) input()    {}
func (Received) input()     {}
func (Unreadable) input()   {}
func (Disconnected) input() {}
func (Look) input()         {}
func (Act) input()          {}
func (Typed) input()        {}
func (Pressed) input()      {}
func (Focused) input()      {}
func (Pointed) input()      {}
func (Frame) input()        {}
func (Scrolled) input()     {}
func (Measured) input()     {}
func (Charted) input()      {}
func (Touched) input()      {}
func (Copying) input()      {}
func (Printing) input()     {}
func (Printed) input()      {}
func (Expired) input()      {}
func (Leaving) input()      {}

// Action names what a control does; it stands in the control's data-act.
type Action string

// The actions.
const (
	ActPerson       Action = "person"
	ActCommission   Action = "commission"
	ActPatient      Action = "patient"
	ActConsentAsk   Action = "consent-ask"
	ActConsent      Action = "consent"
	ActConsentSkip  Action = "consent-skip"
	ActEndAsk       Action = "end-ask"
	ActEndConfirm   Action = "end-confirm"
	ActEndCancel    Action = "end-cancel"
	ActCheckAll     Action = "check-all"
	ActCheckNone    Action = "check-none"
	ActShow         Action = "show"
	ActChoice       Action = "choice"
	ActBack         Action = "back"
	ActLeave        Action = "leave"
	ActSwitchPerson Action = "switch-person"
	ActSwitchTask   Action = "switch-commission"
	ActByTime       Action = "by-time"
	ActByType       Action = "by-type"
	ActAlerts       Action = "alerts"
	ActToList       Action = "to-list"
	ActLane         Action = "lane" // Value: the contract's number; its filter, or off again
	ActRead         Action = "read"
	ActCloseReader  Action = "close-reader"
	ActReadNext     Action = "read-next"
	ActReadPrevious Action = "read-previous"
	ActTrend        Action = "trend" // Value is the analysis' number, code system, code and name, parted by |
	ActTrendClose   Action = "trend-close"
	ActAttachment   Action = "attachment-show" // Value is the attachment's place in the document, from 0
	ActByProvider   Action = "by-provider"
	ActBySeverity   Action = "by-severity"
	ActShowHeld     Action = "show-held"
	ActPaged        Action = "paged"
	ActPageBack     Action = "page-back"
	ActPageNext     Action = "page-next"
	ActClearFilter  Action = "clear-filter" // everything but the order
	ActEscape       Action = "escape"       // pressed in a field that one writes in; Value is the field
	ActDismiss      Action = "dismiss"
	ActCopy         Action = "copy"
	ActRestart      Action = "restart"
	ActReload       Action = "reload"
	ActLanguage     Action = "language"

	ActAsk           Action = "ask" // Value is the question
	ActEmergencyAsk  Action = "emergency-ask"
	ActEmergency     Action = "emergency"
	ActEmergencySkip Action = "emergency-skip"

	ActHelp       Action = "help" // Value is a fault's number, or empty
	ActCoverage   Action = "coverage"
	ActAsideClose Action = "aside-close"

	ActTab          Action = "tab" // Value is its number
	ActFold         Action = "fold"
	ActLanes        Action = "lanes" // Value is their number
	ActAsTable      Action = "as-table"
	ActEarlier      Action = "earlier"
	ActLater        Action = "later"
	ActZoomIn       Action = "zoom-in"
	ActZoomOut      Action = "zoom-out"
	ActAllTime      Action = "all-time"
	ActListWindow   Action = "list-window"
	ActMonth        Action = "month" // Value is months from year 0
	ActDay          Action = "day"   // Value is YYYYMMDD
	ActFilters      Action = "filters"
	ActUnfilter     Action = "unfilter" // Value is the filter
	ActChooseAlerts Action = "choose-alerts"

	ActSignIn       Action = "sign-in"
	ActSignOut      Action = "sign-out"
	ActStay         Action = "stay"
	ActLeaveConfirm Action = "leave-confirm"
	ActLeaveCancel  Action = "leave-cancel"
	ActGuide        Action = "guide" // Value is the view
	ActGuideClose   Action = "guide-close"
	ActFeedback     Action = "feedback"
	ActFeedbackSend Action = "feedback-send"
	ActStatement    Action = "statement"
	ActPrint        Action = "print"     // Value is "list", or nothing for the open document
	ActTakeSave     Action = "take-save" // Value is the attachment's place in the document, from 0
	ActNewsDismiss  Action = "news-dismiss"

	ActReport       Action = "report" // Value is the kind
	ActReports      Action = "reports"
	ActReportAsk    Action = "report-ask"
	ActReportNext   Action = "report-next"
	ActReportFirst  Action = "report-first"
	ActReviewAsk    Action = "review-ask" // Value is the entry's id
	ActReviewCancel Action = "review-cancel"
	ActReview       Action = "review"
)

// The fields of Typed.
const (
	FieldPatient  = "patient"
	FieldPersonal = "personal"
	FieldDays     = "days"
	FieldContract = "contract" // Value is the number, with '-' before when unchecked
	FieldFilter   = "filter"   // Value is the contract's number, 0 for all
	FieldYear     = "year"
	FieldSearch   = "search"
	FieldProvider = "provider" // Value is an HSA-id, or empty
	FieldUnit     = "unit"     // Value is what unitOf calls it, or empty
	FieldSince    = "since"    // Value is a date as far as it is typed, or empty
	FieldUpTo     = "up-to"
	FieldGiver    = "giver"
	FieldGuardian = "guardian"
	FieldReason   = "reason"
	FieldSure     = "sure"
	FieldFrom     = "from"
	FieldTo       = "to"
	FieldSubject  = "subject" // the patient that a report is about
	FieldEmployee = "employee"
	FieldOutcome  = "outcome"
	FieldComment  = "comment"
	FieldGrade    = "grade"
	FieldFeedback = "feedback"
)

// Effect is something to carry out. Effects are carried out in their order.
type Effect interface{ effect() }

// The effects.
type (
	// Dial opens a websocket.
	Dial struct {
		Link LinkID
		URL  string
	}
	// Send sends a frame.
	Send struct {
		Link  LinkID
		Frame protocol.Frame
	}
	// Close closes a websocket.
	Close struct {
		Link LinkID
		Code uint16
	}
	// Paint brings the screen in line with the state before anything that follows.
	Paint struct{}
	// FocusOn moves the focus to an element.
	FocusOn struct{ ID string }
	// ScrollList scrolls the list.
	ScrollList struct{ Top int }
	// ScrollReader scrolls the reading pane to its top.
	ScrollReader struct{}
	// CopyText puts a text, never patient data, on the clipboard.
	CopyText struct{ Text string }
	// Go leads to a place of our own.
	Go struct{ To Place }
	// SignOut leaves the page for the node to end the session.
	SignOut struct{}
	// Renew has the node renew the session's cookie.
	Renew struct{}
	// Print opens the browser's printing, of the paper alone.
	Print struct{}
	// Release puts on the clipboard what the page's script holds, or has it forget.
	Release struct{ Go bool }
	// Save saves bytes to a file.
	Save struct {
		Name string
		Data []byte
	}
	// Reload loads the page anew.
	Reload struct{}
)

func (Dial) effect()         {}
func (Send) effect()         {}
func (Close) effect()        {}
func (Paint) effect()        {}
func (FocusOn) effect()      {}
func (ScrollList) effect()   {}
func (ScrollReader) effect() {}
func (CopyText) effect()     {}
func (Go) effect()           {}
func (SignOut) effect()      {}
func (Renew) effect()        {}
func (Print) effect()        {}
func (Release) effect()      {}
func (Save) effect()         {}
func (Reload) effect()       {}

// Place is a path of our own that the page may lead to.
type Place string

// PlaceSignIn is where signing in begins.
const PlaceSignIn Place = "/sign-in"
