package gallery

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol"
)

// today is the moment at which every scene plays, for the node and, as the page's clock
// is set, for the page.
var today = time.Date(2026, time.November, 12, 9, 15, 0, 0, time.UTC)

// now is the same as the wire has it.
var now = protocol.Instant(today.UnixMilli())

func in(d time.Duration) protocol.Instant { return protocol.Instant(today.Add(d).UnixMilli()) }

// scene is what the scripted node says, and what it knows.
type scene struct {
	welcome   protocol.Welcome
	session   protocol.Session
	notices   []protocol.Frame // after these two
	coverage  []protocol.CoverageRow
	opened    protocol.Opened                     // answers Open
	after     map[protocol.Kind]protocol.Opened   // answers Consent, EndConsent and Emergency
	told      map[protocol.Question]protocol.Told // answers Ask
	documents []protocol.Document
	reports   map[protocol.ReportKind]protocol.Report
	refuse    map[protocol.Kind]protocol.Fault
	mute      map[protocol.Kind]bool // what is not answered
	deafAfter int                    // streams after so many are not answered; 0: all are
	away      bool                   // streams are not even taken
}

// stage makes scenes: it holds what all of them share.
type stage struct {
	t         *testing.T
	documents []protocol.Document
}

func newStage(t *testing.T) *stage {
	t.Helper()
	return &stage{t: t, documents: append(goldenDocuments(t), laboratoryDocuments(t)...)}
}

// scene is one where everything goes well, then changed.
func (s *stage) scene(changes ...func(*scene)) *scene {
	all := protocol.Opened{Basis: protocol.BasisConsent, Ends: in(6 * 24 * time.Hour)}
	c := &scene{
		welcome: protocol.Welcome{
			Version: protocol.Version, Node: "a1", Site: "A", Environment: protocol.Demo, LeaseMillis: 120_000, BeatMillis: 120_000,
			People:      []protocol.Person{{Key: "anna", Name: "Anna Lindqvist", Title: "Specialistläkare"}, {Key: "maryam", Name: "Maryam Haddad", Title: "Sjuksköterska"}, {Key: "vera", Name: "Vera Norling", Title: "Verksamhetschef"}},
			Commissions: s.commissions(),
		},
		session:  protocol.Session{},
		coverage: coverage(s.t),
		opened:   protocol.Opened{MayConsent: true, MayAttest: true},
		after: map[protocol.Kind]protocol.Opened{
			protocol.KindConsent:    all,
			protocol.KindEndConsent: {MayConsent: true, MayAttest: true},
			protocol.KindEmergency:  {Basis: protocol.BasisEmergency, Ends: in(58 * time.Minute), Step: protocol.EmergencyContent, MayAttest: true},
		},
		told: map[protocol.Question]protocol.Told{
			protocol.AskOthers:    {Yes: true},
			protocol.AskBlocked:   {Yes: true},
			protocol.AskProviders: {Providers: s.marks()},
		},
		documents: s.documents,
		reports:   s.reports(),
	}
	for _, change := range changes {
		change(c)
	}
	return c
}

func (s *stage) commission(id, name string, u patients.Unit, usable, follow bool) protocol.CommissionInfo {
	c, err := protocol.ParseCommissionID(id)
	if err != nil {
		s.t.Fatal(err)
	}
	return protocol.CommissionInfo{ID: c, Name: name, CareUnit: u.Name, CareProvider: u.Provider.Name, Usable: usable, FollowUp: follow}
}

func (s *stage) commissions() []protocol.CommissionInfo {
	return []protocol.CommissionInfo{
		s.commission("SE0000000101-U001", "Vård och behandling", patients.Medicine, true, false),
		s.commission("SE0000000303-U001", "Vård och behandling", patients.Practice, true, false),
		s.commission("SE0000000101-U002", "Kvalitetsregister", patients.Medicine, false, false),
		s.commission("SE0000000101-U003", "Uppföljning av åtkomst", patients.Medicine, false, true),
	}
}

// marks are the care providers of an emergency's first step.
func (s *stage) marks() (all []protocol.ProviderMark) {
	for i, p := range []patients.Provider{patients.Linden, patients.Sydhav, patients.Bjorkholm} {
		id, err := protocol.ParseCareProviderID(p.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, protocol.ProviderMark{ID: id, Name: p.Name, Has: i < 2, Blocked: i > 0})
	}
	return all
}

// coverage is the table of who shows what: all of it, but for some that came late, one
// that has ended and some that is not shown.
func coverage(t *testing.T) (rows []protocol.CoverageRow) {
	t.Helper()
	for i, p := range []patients.Provider{patients.Norrmark, patients.Sydhav, patients.Linden, patients.Bjorkholm} {
		for _, c := range protocol.Contracts() {
			if i > 1 && int(c)%(i+1) == 0 {
				continue
			}
			row := protocol.CoverageRow{CareProvider: p.ID, Name: p.Name, Contract: c, Since: day(t, "20180301")}
			if i == 1 && c == protocol.CarePlans {
				row.Until = day(t, "20250630")
			}
			if i == 2 && c == protocol.ImagingOutcome {
				row.Since = day(t, "20270101")
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func day(t *testing.T, digits string) protocol.Civil {
	t.Helper()
	c, err := protocol.ParseCivil(digits)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keyOf is the key of the i-th document of a scene.
func keyOf(i int) protocol.DocumentKey {
	var k protocol.DocumentKey
	binary.BigEndian.PutUint32(k[:], uint32(i)+0xa11ce000)
	return k
}

// items are the scene's documents as they stand in a view.
func (c *scene) items() []protocol.Item {
	all := make([]protocol.Item, len(c.documents))
	for i := range c.documents {
		all[i] = protocol.Item{Key: keyOf(i), Rev: 1000 + uint64(i), Header: c.documents[i].Header}
	}
	return all
}

// first is the place of a contract's first document that passes, and a failure if there
// is none.
func (s *stage) first(c protocol.Contract, passes func(*protocol.Document) bool) int {
	s.t.Helper()
	for i := range s.documents {
		d := &s.documents[i]
		if d.Header.Contract == c && (passes == nil || passes(d)) {
			return i
		}
	}
	s.t.Fatalf("no document of %v is like that", c)
	return -1
}

// series is every value of an analysis, oldest first.
func (c *scene) series(f protocol.Trend) protocol.Series {
	answer := protocol.Series{Request: f.Request, Generation: f.Generation}
	for j := range analyses {
		if a := &analyses[j]; a.code == f.Code {
			for i := range c.documents {
				h := &c.documents[i].Header
				n, err := strconv.Atoi(strings.TrimPrefix(h.RecordID, seriesID))
				if strings.HasPrefix(h.RecordID, seriesID) && err == nil {
					answer.Points = append(answer.Points, protocol.Point{Document: keyOf(i), Time: h.Time, Quantity: a.quantity(a.values[n])})
				}
			}
		}
	}
	slices.SortFunc(answer.Points, func(a, b protocol.Point) int { return cmp.Compare(a.Time, b.Time) })
	return answer
}

// sources is how fresh the documents of a view are: one care provider's are not.
func (c *scene) sources(held map[protocol.DocumentKey]protocol.Item) (rows []protocol.SourceRow) {
	type source struct {
		provider string
		contract protocol.Contract
	}
	seen := map[source]bool{}
	for _, item := range c.items() {
		of := source{item.Header.CareProvider.Reveal(), item.Header.Contract}
		if _, there := held[item.Key]; !there || seen[of] {
			continue
		}
		seen[of] = true
		row := protocol.SourceRow{CareProvider: of.provider, Contract: of.contract, State: protocol.SourceMirror, Synced: in(-4 * time.Minute)}
		switch of.provider {
		case patients.Sydhav.ID:
			row.State, row.Synced, row.Failed = protocol.SourceMirrorFailed, in(-26*time.Hour), in(-10*time.Minute)
		case patients.Linden.ID:
			row.State, row.Synced = protocol.SourceDirect, in(-time.Minute)
		}
		rows = append(rows, row)
	}
	return rows
}

// ---- changes of a scene ----

// refuses has the node answer a kind of frame with a fault.
func refuses(kind protocol.Kind, fault protocol.Fault) func(*scene) {
	return func(c *scene) { c.refuse = map[protocol.Kind]protocol.Fault{kind: fault} }
}

// mutes has the node not answer some kinds of frame.
func mutes(kinds ...protocol.Kind) func(*scene) {
	return func(c *scene) {
		c.mute = map[protocol.Kind]bool{}
		for _, k := range kinds {
			c.mute[k] = true
		}
	}
}

// opens has the node answer Open so.
func opens(o protocol.Opened) func(*scene) { return func(c *scene) { c.opened = o } }

// consented is a patient whose consent stands.
func consented(c *scene) {
	c.opened = protocol.Opened{Basis: protocol.BasisConsent, Ends: in(6 * 24 * time.Hour)}
}

// tells has the node say something after Welcome.
func tells(frames ...protocol.Frame) func(*scene) {
	return func(c *scene) { c.notices = append(c.notices, frames...) }
}

// deaf has the node answer so many streams and then none.
func deaf(after int) func(*scene) { return func(c *scene) { c.deafAfter = after } }

// holding has the patient have these documents.
func holding(documents ...protocol.Document) func(*scene) {
	return func(c *scene) { c.documents = documents }
}

// terms are the session's.
func terms(s protocol.Session) func(*scene) { return func(c *scene) { c.session = s } }

// signedIn is a session at a provider: one is somebody, and chooses nobody.
func signedIn(c *scene) {
	c.session = protocol.Session{SignIn: protocol.SignInProvider, IdleMillis: 15 * 60_000, Ends: in(9 * time.Hour)}
	c.welcome.People = nil
	c.welcome.Person = protocol.Person{Key: "anna", Name: "Anna Lindqvist", Title: "Specialistläkare"}
	c.welcome.Environment = protocol.Production
}
