package gallery

import (
	"strings"
	"testing"
	"time"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol"
)

// state is a state of the client, and the way there. To add one, write a line in one of
// the lists that states gathers: a scene, what the user and the node do, and what holds
// when the page has come there. Every test and every picture takes it from there.
type state struct {
	name  string // page/what
	shows string
	scene func(*stage) *scene
	acts  []act
	until string // a condition on the page
	path  string // of the page; empty: the client's
}

// states is every state of the client.
func states() (all []state) {
	for _, list := range [][]state{
		entryStates(), patientStates(), choiceStates(), emergencyStates(), overviewStates(), readingStates(),
		timeStates(), findStates(), trendStates(), noticeStates(), blankStates(), followStates(), asideStates(), sessionStates(),
		feedbackStates(), guideStates(), testPageStates(),
	} {
		all = append(all, list...)
	}
	return all
}

// named finds states by their names.
func named(t *testing.T, names ...string) (some []state) {
	t.Helper()
	for _, name := range names {
		n := len(some)
		for _, s := range states() {
			if s.name == name {
				some = append(some, s)
			}
		}
		if len(some) != n+1 {
			t.Fatalf("there are %d states called %q", len(some)-n, name)
		}
	}
	return some
}

// A name is a state's file name and its place in the gallery.
func TestStatesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range states() {
		if seen[s.name] || s.shows == "" || s.scene == nil || strings.Count(s.name, "/") != 1 || strings.Trim(s.name, "abcdefghijklmnopqrstuvwxyz0123456789-/") != "" {
			t.Errorf("%q: a state has a name of its own, like page/what, and says what it shows", s.name)
		}
		seen[s.name] = true
	}
}

// play is a scene where everything goes well, changed.
func play(changes ...func(*scene)) func(*stage) *scene {
	return func(s *stage) *scene { return s.scene(changes...) }
}

// The ways to the pages, each from the one before.
var (
	toCommission = []act{press("person"), await(at("commission"))}
	toPatient    = then(toCommission, []act{press("commission"), await(at("patient"))})
	toOpened     = then(toPatient, []act{fill("patient-id", patients.Fiona), press("open-patient"), await(at("choice"))})
	toOverview   = then(toOpened, []act{press("check-all"), press("show"), await(at("overview"))})
	toFollow     = then(toCommission, []act{pressAt(`[data-test="commission"][data-follow="true"]`), await(at("follow"))})
)

func entryStates() []state {
	nobody := func(c *scene) { c.welcome.Commissions = nil }
	unusable := func(c *scene) { c.welcome.Commissions = c.welcome.Commissions[2:3] }
	return []state{
		{name: "entry/connecting", shows: "Before the node has said anything.", scene: play(mutes(protocol.KindHello)), until: at("connecting") + `&& !document.querySelector('noscript')`},
		{name: "entry/who", shows: "In a demo one chooses who to be.", scene: play(), until: there("person")},
		{name: "entry/commissions", shows: "The commissions that one has; one that does not allow an overview says so.", scene: play(), acts: toCommission},
		{name: "entry/no-commission", shows: "One who has no commission.", scene: play(nobody), acts: toCommission, until: there("no-commission")},
		{name: "entry/unusable", shows: "One whose only commission does not allow an overview.", scene: play(unusable), acts: toCommission, until: there("commission-unusable")},
		{name: "entry/commission-refused", shows: "A commission that was withdrawn meanwhile.", scene: play(refuses(protocol.KindChoose, protocol.FaultNoCommission)), acts: then(toCommission, []act{press("commission")}), until: there("fault")},
	}
}

func patientStates() []state {
	typed := func(text string) []act { return then(toPatient, []act{fill("patient-id", text)}) }
	refused := func(f protocol.Fault) func(*stage) *scene { return play(refuses(protocol.KindOpen, f)) }
	tried := then(toPatient, []act{fill("patient-id", patients.Fiona), press("open-patient")})
	return []state{
		{name: "patient/empty", shows: "Which patient?", scene: play(), acts: toPatient},
		{name: "patient/typing", shows: "While a number is being typed nothing is wrong yet.", scene: play(), acts: typed("1997010")},
		{name: "patient/wrong-date", shows: "A number whose date there is not.", scene: play(), acts: typed("199713062383"), until: there("patient-bad")},
		{name: "patient/wrong-check", shows: "A number whose check digit is wrong.", scene: play(), acts: typed("199701062384"), until: there("patient-bad")},
		{name: "patient/right", shows: "A number that can be one.", scene: play(), acts: typed(patients.Fiona), until: there("patient-good")},
		{name: "patient/checking", shows: "The patient is being opened.", scene: play(mutes(protocol.KindOpen)), acts: tried, until: hook("open-patient") + `.ariaDisabled`},
		{name: "patient/no-engagement", shows: "A patient whom the unit does not care for.", scene: refused(protocol.FaultNoEngagement), acts: tried, until: there("fault")},
		{name: "patient/protected", shows: "A patient whose identity is protected.", scene: refused(protocol.FaultProtected), acts: tried, until: there("fault")},
		{name: "patient/unknown-facts", shows: "Security data that is too old to decide on.", scene: refused(protocol.FaultUnknownFacts), acts: tried, until: there("fault")},
	}
}

func choiceStates() []state {
	child := opens(protocol.Opened{MayConsent: true, MayAttest: true, Child: true})
	deceased := opens(protocol.Opened{Deceased: true})
	noConsent := func(f protocol.Fault) func(*stage) *scene { return play(refuses(protocol.KindConsent, f)) }
	skipped := then(toOpened, []act{press("consent-skip"), await(there("types"))})
	asked := func(question string) act { return pressAt(`#ask-` + question) }
	return []state{
		{name: "consent/adult", shows: "Consent, before other care providers' records.", scene: play(), acts: toOpened, until: there("consent-panel")},
		{name: "consent/representative", shows: "A representative consents for a patient who cannot.", scene: play(), acts: then(toOpened, []act{pressAt(`#giver-guardian`)}), until: there("guardian")},
		{name: "consent/child", shows: "A child: a guardian consents, or the child found mature.", scene: play(child), acts: toOpened, until: there("giver-mature")},
		{name: "consent/child-wrong", shows: "Nobody was said to have consented.", scene: play(child), acts: then(toOpened, []act{press("consent")}), until: there("wrong")},
		{name: "consent/refused", shows: "A consent that cannot be registered.", scene: noConsent(protocol.FaultConsentTerms), acts: then(toOpened, []act{press("consent")}), until: there("fault")},
		{name: "choice/own", shows: "Which types of information? One's own care provider's alone.", scene: play(), acts: skipped},
		{name: "choice/consented", shows: "The same, with consent.", scene: play(consented), acts: toOpened, until: there("types")},
		{name: "choice/deceased", shows: "A patient who is deceased.", scene: play(deceased), acts: toOpened, until: there("deceased")},
		{name: "choice/nothing", shows: "Nothing was chosen.", scene: play(consented), acts: then(toOpened, []act{press("check-none"), press("show")}), until: there("nothing-chosen")},
		{name: "choice/fetching", shows: "The documents are on their way.", scene: play(consented, mutes(protocol.KindShow)), acts: then(toOpened, []act{press("check-all"), press("show")}), until: hook("show") + `.ariaDisabled`},
		{name: "choice/others", shows: "Other care providers have information.", scene: play(), acts: then(skipped, []act{asked("others")}), until: there("told-others")},
		{name: "choice/blocked", shows: "There is information that is blocked.", scene: play(), acts: then(skipped, []act{asked("blocked")}), until: there("told-blocked")},
		{name: "choice/providers", shows: "Which care providers have information, with consent.", scene: play(consented), acts: then(toOpened, []act{asked("providers")}), until: there("told-providers")},
		{name: "choice/too-many", shows: "More documents than a view may hold.", scene: play(consented, refuses(protocol.KindShow, protocol.FaultTooMany)), acts: then(toOpened, []act{press("check-all"), press("show")}), until: there("fault")},
	}
}

const unconscious = "Medvetslös vid ankomst till akuten, anhörig nås inte."

func emergencyStates() []state {
	first := then(toOpened, []act{press("consent-skip"), press("emergency-ask"), await(there("reason"))})
	halfway := func(c *scene) {
		c.after[protocol.KindEmergency] = protocol.Opened{Basis: protocol.BasisEmergency, Ends: in(58 * time.Minute), Step: protocol.EmergencyProviders, MayAttest: true}
	}
	second := then(first, []act{fill("reason", unconscious), press("emergency"), await(there("told-providers"))})
	over := func(c *scene) {
		c.opened = protocol.Opened{Basis: protocol.BasisEmergency, Ends: in(200 * time.Millisecond), Step: protocol.EmergencyContent, MayAttest: true}
	}
	return []state{
		{name: "emergency/first", shows: "An emergency: first which care providers have information.", scene: play(), acts: first},
		{name: "emergency/no-reason", shows: "Without a reason nothing is opened.", scene: play(), acts: then(first, []act{press("emergency")}), until: there("wrong")},
		{name: "emergency/second", shows: "Then the information itself.", scene: play(halfway), acts: second, until: `document.querySelector('[data-step="2"]')`},
		{name: "emergency/not-sure", shows: "The second step has to be confirmed.", scene: play(halfway), acts: then(second, []act{fill("reason", unconscious), press("emergency")}), until: there("wrong")},
		{name: "emergency/open", shows: "An emergency that is open says how long.", scene: play(), acts: then(first, []act{fill("reason", unconscious), press("emergency"), await(there("types")), press("check-all"), press("show"), await(at("overview"))}), until: hook("basis") + `.dataset.step === '2'`},
		{name: "emergency/over", shows: "An emergency whose time is out.", scene: play(over), acts: toOpened, until: there("fault")},
	}
}
