package gallery

import (
	"strconv"
	"time"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol"
)

// noticeStates are what stands beside the page at hand.
func noticeStates() []state {
	planned := protocol.Announcement{From: in(33 * time.Hour), Until: in(35 * time.Hour),
		Swedish: "Underhåll av anslutningen till Region Sydhav. Deras uppgifter kan vara äldre än vanligt.",
		English: "Maintenance of the connection to Region Sydhav. Their information may be older than usual."}
	ongoing := protocol.Announcement{Ongoing: true, From: in(-time.Hour),
		Swedish: "Laboratoriesvar från Region Norrmark kommer sent i dag.", English: "Laboratory results from Region Norrmark are late today."}
	late := protocol.Freshness{Late: []protocol.LateFeed{{Name: "consents", AsOf: in(-8 * time.Minute)}, {Name: "relations", AsOf: in(-12 * time.Minute)}}}
	unknown := protocol.Freshness{Late: []protocol.LateFeed{{Name: "blocks", AsOf: in(-3 * time.Hour), Unknown: true}, {Name: "persons", AsOf: in(-9 * time.Minute)}}}
	connection := func(c string) string { return `document.documentElement.dataset.connection === '` + c + `'` }
	hush := func(c *scene) { c.welcome.BeatMillis, c.deafAfter = 300, 2 }
	ended := []act{press("end-ask"), press("end-confirm")}
	removed := says(func(s *stream) []protocol.Frame {
		return s.revoke(protocol.FaultAccessChanged, keyOf(0), keyOf(5), keyOf(20))
	})
	return []state{
		{name: "notice/planned", shows: "What the operation has planned.", scene: play(tells(protocol.Announcements{Messages: []protocol.Announcement{planned}})), acts: toPatient, until: there("planned")},
		{name: "notice/ongoing", shows: "What goes on comes before what is planned.", scene: play(consented, tells(protocol.Announcements{Messages: []protocol.Announcement{ongoing, planned}})), acts: toOverview, until: there("ongoing")},
		{name: "notice/late", shows: "Security data that is late.", scene: play(consented, tells(late)), acts: toOverview, until: there("feeds-late")},
		{name: "notice/unknown", shows: "Security data that is too old to decide on.", scene: play(tells(unknown)), acts: toPatient, until: there("feeds-unknown")},
		{name: "notice/ended", shows: "One ended the consent oneself: a confirmation, no fault.", scene: play(consented), acts: then(toOverview, ended), until: there("calm")},
		{name: "notice/removed", shows: "Documents went while one looks at the sources: the list keeps its room.", scene: play(consented), acts: then(toOverview, []act{pressAt(`#tab-2`), removed}), until: there("calm")},
		{name: "notice/refused", shows: "A question that cannot be answered now, said above the sources.", scene: play(consented, refuses(protocol.KindAsk, protocol.FaultNoQuorum)), acts: then(toOverview, []act{pressAt(`#tab-3`), pressAt(`#ask-providers`), await(there("fault")), pressAt(`#tab-2`)}), until: there("sources-table")},
		{name: "notice/moving", shows: "The node goes away; the page moves to another.", scene: play(consented), acts: then(toOverview, []act{says(func(*stream) []protocol.Frame { return []protocol.Frame{protocol.GoAway{AfterMillis: 100_000}} })}), until: connection("moving")},
		{name: "notice/reconnecting", shows: "The cable is cut: what is vouched for still stands.", scene: play(consented, deaf(2)), acts: then(toOverview, []act{hangsUp(0)}), until: connection("reconnecting")},
		{name: "notice/silent", shows: "The node says nothing.", scene: play(consented, hush), acts: toOverview, until: connection("silent")},
	}
}

// blankStates are those where everything was taken away.
func blankStates() []state {
	away := func(f protocol.Fault) []act {
		return then(toOverview, []act{says(func(s *stream) []protocol.Frame { return s.revoke(f) })})
	}
	epoch := says(func(s *stream) []protocol.Frame {
		return []protocol.Frame{protocol.Heartbeat{Generation: s.generation, Position: protocol.Position{Epoch: 2, Index: 1}, LeaseMillis: 60_000}}
	})
	wrong := says(func(s *stream) []protocol.Frame {
		return []protocol.Frame{protocol.Heartbeat{Generation: s.generation, Position: s.position(), LeaseMillis: 60_000, Count: 1}}
	})
	onlyFirst := deaf(2) // one stream to choose who to be, one as who one is
	stopped := func(code protocol.CloseCode) []act { return then(toOverview, []act{hangsUp(code)}) }
	blank := func(f protocol.Fault) string {
		return at("blank") + ` && ` + hook("blank") + `.dataset.fault === '` + f.Code() + `'`
	}
	halt := func(p *page) { eval[bool](p, `setTimeout(() => { throw new Error('as a panic ends') }, 0), true`) }
	return []state{
		{name: "blank/consent-ended", shows: "The consent ended.", scene: play(consented), acts: away(protocol.FaultConsentEnded), until: blank(protocol.FaultConsentEnded)},
		{name: "blank/emergency-ended", shows: "The emergency's time is out.", scene: play(consented), acts: away(protocol.FaultEmergencyEnded), until: blank(protocol.FaultEmergencyEnded)},
		{name: "blank/access-changed", shows: "Access ended for another reason.", scene: play(consented), acts: away(protocol.FaultAccessChanged), until: blank(protocol.FaultAccessChanged)},
		{name: "blank/no-engagement", shows: "The care engagement ended.", scene: play(consented), acts: away(protocol.FaultNoEngagement), until: blank(protocol.FaultNoEngagement)},
		{name: "blank/unknown-facts", shows: "Security data became too old to decide on.", scene: play(consented), acts: away(protocol.FaultUnknownFacts), until: blank(protocol.FaultUnknownFacts)},
		{name: "blank/no-quorum", shows: "Nothing can be recorded, so nothing is shown.", scene: play(consented), acts: away(protocol.FaultNoQuorum), until: blank(protocol.FaultNoQuorum)},
		{name: "blank/lease", shows: "Nobody vouches for the view any more.", scene: play(consented, onlyFirst), acts: then(toOverview, []act{says(func(s *stream) []protocol.Frame { return s.beat(1) })}), until: blank(protocol.FaultLeaseEnded)},
		{name: "blank/epoch", shows: "The cluster was restored: everything is forgotten.", scene: play(consented), acts: then(toOverview, []act{epoch}), until: blank(protocol.FaultEpoch)},
		{name: "blank/doubt", shows: "The view did not hold what it should, and is fetched again.", scene: play(consented), acts: then(toOverview, []act{func(p *page) { p.node.quiet(protocol.KindShow) }, wrong}), until: at("blank") + `&&` + there("waiting")},
		{name: "blank/version", shows: "Page and node do not speak the same version.", scene: play(consented), acts: stopped(protocol.CloseVersion), until: blank(protocol.FaultVersion)},
		{name: "blank/malformed", shows: "The node could not read what the page sent.", scene: play(consented), acts: stopped(protocol.CloseMalformed), until: blank(protocol.FaultMalformed)},
		{name: "blank/ended", shows: "The page's program has stopped.", scene: beside("DIA-1"), acts: then(toFirst, []act{halt}), until: at("ended")},
	}
}

func followStates() (all []state) {
	open := func(kind protocol.ReportKind) []act {
		return then(toFollow, []act{pressAt(`#report-` + strconv.Itoa(int(kind))), await(there("report-form"))})
	}
	shown := hook("report-shown") + `.querySelector('table, .empty, .letter')`
	for _, r := range []struct {
		name, shows string
		kind        protocol.ReportKind
		fields      []act
	}{
		{"provider", "All access by the own care provider's staff.", protocol.ReportProvider, nil},
		{"employee", "One employee's access.", protocol.ReportEmployee, []act{fill("employee", "SE0000000101-P101")}},
		{"patient", "Access to one patient's information.", protocol.ReportPatient, []act{fill("subject", patients.Fiona)}},
		{"owner", "Which other care providers have read one's own information.", protocol.ReportOwner, nil},
		{"own-access", "For the patient: who has read.", protocol.ReportOwnAccess, []act{fill("subject", patients.Fiona)}},
		{"sample", "A random sample, of nothing.", protocol.ReportSample, nil},
		{"emergencies", "Emergencies without a review.", protocol.ReportEmergencies, nil},
		{"statistics", "Statistics of use.", protocol.ReportStatistics, nil},
	} {
		all = append(all, state{name: "follow-up/" + r.name, shows: r.shows, scene: play(), acts: then(open(r.kind), r.fields, []act{press("report-ask")}), until: shown})
	}
	review := then(open(protocol.ReportEmergencies), []act{press("report-ask"), press("review-ask"), await(there("review-form"))})
	return append([]state{
		{name: "follow-up/menu", shows: "The reports of the access log.", scene: play(), acts: toFollow},
		{name: "follow-up/form", shows: "The form of a report.", scene: play(), acts: open(protocol.ReportPatient)},
		{name: "follow-up/form-wrong", shows: "A form that is not filled in.", scene: play(), acts: then(open(protocol.ReportPatient), []act{press("report-ask")}), until: there("wrong")},
		{name: "follow-up/refused", shows: "A report over too long a time.", scene: play(refuses(protocol.KindFollow, protocol.FaultReportTerms)), acts: then(open(protocol.ReportProvider), []act{press("report-ask")}), until: there("fault")},
		{name: "follow-up/review", shows: "The outcome of a review.", scene: play(), acts: review},
		{name: "follow-up/review-wrong", shows: "No outcome was chosen.", scene: play(), acts: then(review, []act{press("review")}), until: hook("review-form") + `.querySelector('.bad')`},
		{name: "follow-up/reviewed", shows: "The outcome is registered.", scene: play(), acts: then(review, []act{pressAt(`#outcome-2`), fill("comment", "Samtal med medarbetaren är bokat."), press("review")}), until: there("outcome")},
	}, all...)
}

// asideStates are the pages of general information.
func asideStates() []state {
	return []state{
		{name: "aside/help", shows: "Everything that can go wrong, who can mend it, and how.", scene: play(), acts: then(toPatient, []act{press("help")}), until: at("help")},
		{name: "aside/help-fault", shows: "The place of one fault.", scene: play(refuses(protocol.KindOpen, protocol.FaultNoEngagement)), acts: then(toPatient, []act{fill("patient-id", patients.Fiona), press("open-patient"), await(there("fault")), pressAt(`#fault-help`)}), until: at("help")},
		{name: "aside/coverage", shows: "Which care provider shows what since when.", scene: play(), acts: then(toPatient, []act{press("coverage")}), until: there("coverage-table")},
	}
}
