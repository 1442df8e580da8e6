package lint

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// deploy is where what is shipped for operations lies.
const deploy = root + "/ops/deploy"

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readYAML[T any](t *testing.T, path string) (all []T) {
	t.Helper()
	for d := yaml.NewDecoder(strings.NewReader(readFile(t, path))); ; {
		var one T
		if err := d.Decode(&one); err != nil {
			if len(all) == 0 || err.Error() != "EOF" {
				t.Fatalf("%s: %v", path, err)
			}
			return all
		}
		all = append(all, one)
	}
}

// found are the first groups of a pattern's matches, each once.
func found(pattern, text string) []string {
	var all []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// shown are the numbers that a node shows: the table that is shown as a whole, as the
// test beside it proves.
func shown(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, name := range found(`(?m)^\t\{"([a-z_]+)", "`, readFile(t, root+"/node/internal/metrics/metrics.go")) {
		all["tvilling_"+name] = true
	}
	if len(all) < 30 {
		t.Fatalf("found only %d numbers: looking in the wrong place", len(all))
	}
	return all
}

// Whatever rests on a number rests on one that a node shows.
func TestNumbersThatAreUsedAreShown(t *testing.T) {
	have := shown(t)
	for path, least := range map[string]int{
		deploy + "/alerts.yml":                    15,
		deploy + "/grafana.json":                  20,
		root + "/ops/internal/release/numbers.go": 3,
	} {
		named := found(`\b(tvilling_[a-z_]+)`, readFile(t, path))
		if len(named) < least {
			t.Errorf("%s names only %q", path, named)
		}
		for _, name := range named {
			histogram := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"), "_sum")
			if !have[name] && !have[histogram] {
				t.Errorf("%s rests on %s, which no node shows", path, name)
			}
		}
	}
}

// rules are the alerts' file.
type rules struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr         string
			Labels, Annotations map[string]string
		}
	}
}

// Every alert says what is wrong and what to do, and has its part in the runbook.
func TestAlertsHaveTheirParts(t *testing.T) {
	var alerts []string
	for _, r := range readYAML[rules](t, deploy+"/alerts.yml")[0].Groups[0].Rules {
		alerts = append(alerts, r.Alert)
		if r.Annotations["what"] == "" || r.Annotations["do"] == "" || !slices.Contains([]string{"notice", "degraded", "broken"}, r.Labels["severity"]) {
			t.Errorf("%s: %v %v", r.Alert, r.Labels, r.Annotations)
		}
		if err := balanced(r.Expr); err != nil {
			t.Errorf("%s: %v", r.Alert, err)
		}
	}
	slices.Sort(alerts)
	if diff := cmp.Diff(alerts, found(`(?m)^## (Tvilling\w+)$`, readFile(t, root+"/ops/docs/alerts.md"))); diff != "" || len(alerts) < 15 {
		t.Errorf("alerts and the parts of the runbook (-alerts +parts):\n%s", diff)
	}
}

// balanced is what can be said of an expression without a parser of its language: its
// brackets and quotes close, and every label's matcher is one.
func balanced(expr string) error {
	if strings.TrimSpace(expr) == "" {
		return fmt.Errorf("an empty expression")
	}
	var open []rune
	quoted := false
	for _, r := range expr {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case strings.ContainsRune("([{", r):
			open = append(open, r)
		case strings.ContainsRune(")]}", r):
			pair := map[rune]rune{')': '(', ']': '[', '}': '{'}[r]
			if len(open) == 0 || open[len(open)-1] != pair {
				return fmt.Errorf("%q closes what is not open in %s", r, expr)
			}
			open = open[:len(open)-1]
		}
	}
	if quoted || len(open) > 0 {
		return fmt.Errorf("%q is left open in %s", string(open), expr)
	}
	for _, matchers := range regexp.MustCompile(`\{([^}]*)\}`).FindAllStringSubmatch(expr, -1) {
		for m := range strings.SplitSeq(matchers[1], ",") {
			if !regexp.MustCompile(`^\s*[a-z_]+(=|!=|=~|!~)"[^"]*"\s*$`).MatchString(m) {
				return fmt.Errorf("%q is no matcher in %s", m, expr)
			}
		}
	}
	return nil
}

func TestBalancedSeesWhatIsNot(t *testing.T) {
	for expr, right := range map[string]bool{
		`max(a{b="c"}) < 1`: true, `up{job="tvilling"} == 0`: true, `a[5m]`: true, `"("`: true,
		``: false, `max(a`: false, `a)`: false, `a{b="c)}`: false, `(a]`: false, `a{b}`: false,
	} {
		if err := balanced(expr); (err == nil) != right {
			t.Errorf("%s: %v", expr, err)
		}
	}
}

func TestTheDashboardIsWhole(t *testing.T) {
	var board struct {
		UID    string
		Panels []struct {
			ID          int
			Type, Title string
			Targets     []struct{ Expr string }
			GridPos     struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal([]byte(readFile(t, deploy+"/grafana.json")), &board); err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.ID == 0 || p.Title == "" || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q stands at %+v", p.ID, p.Title, p.GridPos)
		}
		ids[p.ID] = true
		if (p.Type == "row") != (len(p.Targets) == 0) {
			t.Errorf("%q asks for %d things", p.Title, len(p.Targets))
		}
		for _, target := range p.Targets {
			// What the board fills in stands for a word, and in a matcher too.
			if err := balanced(regexp.MustCompile(`\$\w+`).ReplaceAllString(target.Expr, "5m")); err != nil {
				t.Errorf("%q: %v", p.Title, err)
			}
		}
	}
	if board.UID == "" || len(ids) < 10 {
		t.Errorf("%q has %d panels", board.UID, len(ids))
	}
}

// listenerNames are those that a node takes over.
func listenerNames(t *testing.T) []string {
	t.Helper()
	pattern := `(?m)^\tListener[A-Z]\w* += "([a-z]+)"$`
	all := slices.Concat(found(pattern, readFile(t, root+"/node/config.go")), found(pattern, readFile(t, root+"/node/internal/gateway/gateway.go")))
	if len(all) != 5 {
		t.Fatalf("found the listeners %q", all)
	}
	return all
}

// A socket that is handed over under a name that the node does not know is one that
// nobody ever answers on.
func TestUnitsHandOverWhatServeKnows(t *testing.T) {
	paths, err := filepath.Glob(deploy + "/systemd/*.socket")
	if err != nil || len(paths) != 3 {
		t.Fatalf("sockets %q: %v", paths, err)
	}
	known, named := listenerNames(t), map[string]bool{}
	service := readFile(t, deploy+"/systemd/tvilling.service")
	for _, path := range paths {
		text, unit := readFile(t, path), filepath.Base(path)
		names := found(`(?m)^FileDescriptorName=(\w+)$`, text)
		if len(names) != 1 || !slices.Contains(known, names[0]) || unit != "tvilling-"+names[0]+".socket" || named[names[0]] {
			t.Errorf("%s hands over %q, and serve knows %q", unit, names, known)
			continue
		}
		named[names[0]] = true
		if !strings.Contains(text, "Service=tvilling.service") || !regexp.MustCompile(`(?m)^Sockets=.*\b`+unit).MatchString(service) {
			t.Errorf("%s and the service do not belong together", unit)
		}
	}
	if diff := cmp.Diff([]string{"admin", "client", "source"}, slices.Sorted(maps.Keys(named))); diff != "" {
		t.Error(diff)
	}
	if witness := readFile(t, deploy+"/systemd/witness.conf"); !strings.Contains(witness, "Sockets=\nSockets=tvilling-admin.socket") {
		t.Error("a witness is to be given the operators' socket alone")
	}
}
