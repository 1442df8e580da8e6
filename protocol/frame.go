package protocol

// Version is the wire's version. A node speaks this one and the one before it.
//
//	1  2026-11  first
const Version = 1

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
	Consent struct {
		Request  uint32
		Personal bool
		Days     uint16
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
		MayConsent bool    // consent can be registered from here
		Ends       Instant // when the basis ends; 0: it does not end by itself, or there is none
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
)

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
