package standin

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tvilling/protocol"
)

// Limits of the log.
const (
	MaxPostsPerCall = 500
	MaxPosts        = 200_000 // that are kept; more are answered with ERROR
	maxArgsRunes    = 8192
	maxTextRunes    = 256
	maxHSARunes     = 32
	maxNamed        = 10 // ids that a refusal names
)

// posts are what StoreLog was given, in the order it came in.
type posts struct {
	all []Post
	ids map[string]int // log id → place
}

// Post is what is shown of a log post: nothing of whom it is about.
type Post struct {
	ID        string `json:"logId"`
	Activity  string `json:"activityType"`
	Level     string `json:"activityLevel,omitempty"`
	Purpose   string `json:"purpose"`
	Start     string `json:"startDate"`
	User      string `json:"userId"`
	Provider  string `json:"careProviderId"`
	Unit      string `json:"careUnitId"`
	System    string `json:"systemId"`
	Resources int    `json:"resources"`
	Received  string `json:"received"`
}

type storeLogBody struct {
	Request *struct {
		Logs []logIn `xml:"urn:riv:informationsecurity:auditing:log:StoreLogResponder:2 log"`
		extra
	} `xml:"urn:riv:informationsecurity:auditing:log:StoreLogResponder:2 StoreLog"`
}

// logIn is a post. Its elements are in the domain's namespace.
type logIn struct {
	ID       string `xml:"urn:riv:informationsecurity:auditing:log:2 logId"`
	System   system `xml:"urn:riv:informationsecurity:auditing:log:2 system"`
	Activity struct {
		Type    string  `xml:"urn:riv:informationsecurity:auditing:log:2 activityType"`
		Level   *string `xml:"urn:riv:informationsecurity:auditing:log:2 activityLevel"`
		Args    *string `xml:"urn:riv:informationsecurity:auditing:log:2 activityArgs"`
		Start   string  `xml:"urn:riv:informationsecurity:auditing:log:2 startDate"`
		Purpose string  `xml:"urn:riv:informationsecurity:auditing:log:2 purpose"`
		extra
	} `xml:"urn:riv:informationsecurity:auditing:log:2 activity"`
	User      user `xml:"urn:riv:informationsecurity:auditing:log:2 user"`
	Resources struct {
		All []resource `xml:"urn:riv:informationsecurity:auditing:log:2 resource"`
		extra
	} `xml:"urn:riv:informationsecurity:auditing:log:2 resources"`
	extra
}

type system struct {
	ID   string `xml:"urn:riv:informationsecurity:auditing:log:2 systemId"`
	Name string `xml:"urn:riv:informationsecurity:auditing:log:2 systemName"`
	extra
}

type user struct {
	ID         string   `xml:"urn:riv:informationsecurity:auditing:log:2 userId"`
	Name       string   `xml:"urn:riv:informationsecurity:auditing:log:2 name"`
	Person     *rooted  `xml:"urn:riv:informationsecurity:auditing:log:2 personId"`
	Assignment string   `xml:"urn:riv:informationsecurity:auditing:log:2 assignment"`
	Title      string   `xml:"urn:riv:informationsecurity:auditing:log:2 title"`
	Provider   careFrom `xml:"urn:riv:informationsecurity:auditing:log:2 careProvider"`
	Unit       careUnit `xml:"urn:riv:informationsecurity:auditing:log:2 careUnit"`
	extra
}

type careFrom struct {
	ID   string `xml:"urn:riv:informationsecurity:auditing:log:2 careProviderId"`
	Name string `xml:"urn:riv:informationsecurity:auditing:log:2 careProviderName"`
	extra
}

type careUnit struct {
	ID   string `xml:"urn:riv:informationsecurity:auditing:log:2 careUnitId"`
	Name string `xml:"urn:riv:informationsecurity:auditing:log:2 careUnitName"`
	extra
}

type rooted struct {
	Root      string `xml:"urn:riv:informationsecurity:auditing:log:2 root"`
	Extension string `xml:"urn:riv:informationsecurity:auditing:log:2 extension"`
	extra
}

type resource struct {
	Type    string `xml:"urn:riv:informationsecurity:auditing:log:2 resourceType"`
	Patient *struct {
		ID   rooted `xml:"urn:riv:informationsecurity:auditing:log:2 patientId"`
		Name string `xml:"urn:riv:informationsecurity:auditing:log:2 patientName"`
		extra
	} `xml:"urn:riv:informationsecurity:auditing:log:2 patient"`
	Provider careFrom  `xml:"urn:riv:informationsecurity:auditing:log:2 careProvider"`
	Unit     *careUnit `xml:"urn:riv:informationsecurity:auditing:log:2 careUnit"`
	extra
}

type storeLogAnswer struct {
	XMLName xml.Name `xml:"r:StoreLogResponse"`
	Result  *result  `xml:"r:result"`
}

// activities and purposes are all that the contract knows.
func activities() []string {
	return []string{"Läsa", "Skriva", "Signera", "Utskrift", "Vidimera", "Radera", "Nödöppning"}
}

func purposes() []string {
	return []string{"Vård och behandling", "Kvalitetssäkring", "Annan dokumentation enligt lag", "Statistik", "Administration", "Kvalitetsregister"}
}

func storeLog(s *store, text []byte, told behaviour, _ int) (any, error) {
	body, err := demand[storeLogBody](text)
	if err != nil {
		return nil, err
	}
	if body.Request == nil {
		return nil, malformed("no StoreLog")
	}
	if err := body.Request.fault(); err != nil {
		return nil, err
	}
	answer := func(code, text string) (any, error) { return storeLogAnswer{Result: &result{code, text}}, nil }
	logs := body.Request.Logs
	if wrong := s.posts.refusal(logs); wrong != "" {
		return answer(codeInvalid, wrong)
	}
	switch {
	case told.Fail == failError || len(s.posts.all)+len(logs) > MaxPosts:
		return answer(codeError, "the posts are not stored")
	case told.Lie == lieDuplicate: // and nothing is stored
		return answer(codeInvalid, duplicateText+logs[0].ID)
	}
	at := s.tick().wire()
	for _, l := range logs {
		s.posts.ids[strings.ToLower(l.ID)] = len(s.posts.all)
		s.posts.all = append(s.posts.all, l.post(at))
	}
	if told.Lie == lieEmpty {
		return storeLogAnswer{}, nil
	}
	return answer(codeOK, "")
}

const duplicateText = "logId is there already: "

// refusal is why a call is refused, all of it; empty: it is not.
func (p *posts) refusal(logs []logIn) string {
	switch {
	case len(logs) == 0:
		return "no log"
	case len(logs) > MaxPostsPerCall:
		return "more than " + strconv.Itoa(MaxPostsPerCall) + " posts in a call"
	}
	var twice []string
	seen := map[string]bool{}
	for i, l := range logs {
		if wrong := l.wrong(); wrong != "" {
			return "log " + strconv.Itoa(i+1) + ": " + wrong
		}
		id := strings.ToLower(l.ID)
		if _, is := p.ids[id]; is || seen[id] {
			twice = append(twice, l.ID)
		}
		seen[id] = true
	}
	if len(twice) > 0 {
		return duplicateText + strings.Join(twice[:min(len(twice), maxNamed)], " ")
	}
	return ""
}

// isUUID reports whether a log id looks like one.
func isUUID(s string) bool {
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
				return false
			}
		}
	}
	return len(s) == 36
}

// wrong names the element that breaks the contract, and never what stands in it.
func (l logIn) wrong() string {
	a, u := l.Activity, l.User
	_, badStart := fromWire(a.Start)
	for _, rule := range []struct {
		broken bool
		what   string
	}{
		{unknown(l.extra, l.System.extra, a.extra, u.extra, u.Provider.extra, u.Unit.extra, l.Resources.extra), "an element that the contract has not"},
		{!isUUID(l.ID), "logId is no UUID"},
		{!isHSA(l.System.ID), "system.systemId"},
		{!slices.Contains(activities(), a.Type), "activity.activityType"},
		{a.Level != nil && utf8.RuneCountInString(*a.Level) > maxTextRunes, "activity.activityLevel"},
		{a.Args != nil && utf8.RuneCountInString(*a.Args) > maxArgsRunes, "activity.activityArgs"},
		{badStart != nil, "activity.startDate"},
		{!slices.Contains(purposes(), a.Purpose), "activity.purpose"},
		{!isHSA(u.ID), "user.userId"},
		{!isHSA(u.Provider.ID), "user.careProvider.careProviderId"},
		{!isHSA(u.Unit.ID), "user.careUnit.careUnitId"},
		{u.Person != nil && !u.Person.whole(), "user.personId"},
		{tooLong(l.System.Name, u.Name, u.Assignment, u.Title, u.Provider.Name, u.Unit.Name), "a text is longer than 256"},
		{len(l.Resources.All) == 0, "resources.resource"},
	} {
		if rule.broken {
			return rule.what
		}
	}
	for i, r := range l.Resources.All {
		if wrong := r.wrong(); wrong != "" {
			return "resource " + strconv.Itoa(i+1) + ": " + wrong
		}
	}
	return ""
}

func (r resource) wrong() string {
	switch p := r.Patient; {
	case unknown(r.extra, r.Provider.extra), r.Unit != nil && unknown(r.Unit.extra), p != nil && unknown(p.extra, p.ID.extra):
		return "an element that the contract has not"
	case r.Type == "" || tooLong(r.Type):
		return "resourceType"
	case p != nil && (!p.ID.whole() || tooLong(p.Name)):
		return "patient.patientId"
	case p != nil && !known(p.ID):
		return "patient.patientId is none"
	case !isHSA(r.Provider.ID) || tooLong(r.Provider.Name):
		return "careProvider.careProviderId"
	case r.Unit != nil && (!isHSA(r.Unit.ID) || tooLong(r.Unit.Name)):
		return "careUnit.careUnitId"
	}
	return ""
}

func (r rooted) whole() bool { return r.Root != "" && r.Extension != "" }

func known(id rooted) bool {
	_, err := protocol.ParsePatientIDUnder(id.Root, id.Extension)
	return err == nil
}

func isHSA(s string) bool { return s != "" && utf8.RuneCountInString(s) <= maxHSARunes }

func tooLong(all ...string) bool {
	return slices.ContainsFunc(all, func(s string) bool { return utf8.RuneCountInString(s) > maxTextRunes })
}

func unknown(all ...extra) bool {
	return slices.ContainsFunc(all, func(e extra) bool { return len(e.Unknown) > 0 })
}

func (l logIn) post(at string) Post {
	p := Post{ID: l.ID, Activity: l.Activity.Type, Purpose: l.Activity.Purpose, Start: l.Activity.Start, User: l.User.ID,
		Provider: l.User.Provider.ID, Unit: l.User.Unit.ID, System: l.System.ID, Resources: len(l.Resources.All), Received: at}
	if l.Activity.Level != nil {
		p.Level = *l.Activity.Level
	}
	return p
}
