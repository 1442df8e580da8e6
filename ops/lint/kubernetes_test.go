package lint

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everyMembers are the files that a witness has too.
var everyMembers = []string{"cluster.toml", "tls/ca.pem", "tls/node.pem", "tls/node.key", "log.key"}

var members = []string{"a1", "a2", "b1", "b2", "w"}

// Each member is a set of its own that nothing but a release replaces, and no two of
// them share a machine, nor members of two sites a zone.
func TestMembersStandApart(t *testing.T) {
	set := manifest(t, deploy+"/kubernetes/base/member.yaml", "StatefulSet")
	spec := at[map[string]any](t, set, "spec")
	if at[int](t, set, "spec", "replicas") != 1 || at[string](t, set, "spec", "updateStrategy", "type") != "OnDelete" {
		t.Errorf("replicas %v, replaced by %v", spec["replicas"], spec["updateStrategy"])
	}
	apart := map[string]map[string]any{}
	for _, one := range at[[]any](t, set, "spec", "template", "spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution") {
		term := one.(map[string]any)
		apart[at[string](t, term, "topologyKey")] = term
		if at[string](t, term, "labelSelector", "matchLabels", "app.kubernetes.io/name") != "tvilling" {
			t.Errorf("kept apart from others than members: %v", term)
		}
	}
	host, zone := apart["kubernetes.io/hostname"], apart["topology.kubernetes.io/zone"]
	if host == nil || zone == nil {
		t.Fatalf("members are kept apart by %v", apart)
	}
	if site := at[[]any](t, zone, "labelSelector", "matchExpressions")[0].(map[string]any); site["key"] != "tvilling/site" || site["operator"] != "NotIn" {
		t.Errorf("sites are kept apart by %v", site)
	}
	if _, narrowed := at[map[string]any](t, host, "labelSelector")["matchExpressions"]; narrowed {
		t.Error("only some members are kept apart by machine")
	}
	budget := manifest(t, deploy+"/kubernetes/cluster.yaml", "PodDisruptionBudget")
	if at[int](t, budget, "spec", "maxUnavailable") != 1 {
		t.Error("more than one member may be away at once")
	}
}

// Every member of the cluster has its own kustomization, and each names itself, its
// site and its secret wherever it has to.
func TestEveryMemberIsItself(t *testing.T) {
	all := readYAML[map[string]any](t, deploy+"/kubernetes/kustomization.yaml")[0]
	var named []string
	for _, r := range at[[]any](t, all, "resources") {
		if name := r.(string); filepath.Ext(name) == "" {
			named = append(named, name)
		}
	}
	if diff := cmp.Diff(members, named); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	for _, id := range named {
		path := filepath.Join(deploy, "kubernetes", id, "kustomization.yaml")
		text, role := readFile(t, path), "data"
		site := strings.ToUpper(id[:1])
		if id == "w" {
			role = "witness"
		}
		for _, want := range []string{
			"resources: [../base]", "nameSuffix: -" + id + "\n", "tvilling/node: " + id + ",", "tvilling/site: " + site + ",", "tvilling/role: " + role + "}",
			"/spec/selector/tvilling~1node, value: " + id + "}", "/spec/selector/matchLabels/tvilling~1node, value: " + id + "}",
			"/spec/serviceName, value: tvilling-" + id + "}", "sources/0/secret/name, value: tvilling-" + id + "}", "matchExpressions/0/values/0, value: " + site + "}",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
		if keys := strings.Contains(text, "keyring") || strings.Contains(text, "kek"); keys != (role == "data") {
			t.Errorf("%s, a %s, is given the keyring: %t", id, role, keys)
		}
		given := found(`path: ([a-z./-]+)\}`, text)
		for _, file := range found(`(?m)^\tFile\w+ += "([a-z./-]+)"`, readFile(t, root+"/protocol/admin/identity.go")) {
			if want := !strings.Contains(file, "operator") && (role == "data" || slices.Contains(everyMembers, file)); slices.Contains(given, file) != want {
				t.Errorf("%s, a %s, and %s: given %t", id, role, file, !want)
			}
		}
		readYAML[map[string]any](t, path) // it parses
	}
	if dirs, err := filepath.Glob(deploy + "/kubernetes/*/kustomization.yaml"); err != nil || len(dirs) != len(members)+1 {
		t.Errorf("a kustomization that is not of the whole: %q, %v", dirs, err)
	}
}

// A member's container has no privilege at all, and is asked where a node answers.
func TestMembersHaveNoPrivilege(t *testing.T) {
	set := manifest(t, deploy+"/kubernetes/base/member.yaml", "StatefulSet")
	pod := at[map[string]any](t, set, "spec", "template", "spec")
	for _, shared := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if pod[shared] != nil {
			t.Errorf("%s is set", shared)
		}
	}
	if pod["automountServiceAccountToken"] != false || !at[bool](t, pod, "securityContext", "runAsNonRoot") || at[string](t, pod, "securityContext", "seccompProfile", "type") != "RuntimeDefault" {
		t.Errorf("the pod: %v", pod["securityContext"])
	}
	containers := at[[]any](t, pod, "containers")
	if len(containers) != 1 {
		t.Fatalf("%d containers", len(containers))
	}
	c := containers[0].(map[string]any)
	may := at[map[string]any](t, c, "securityContext")
	if may["privileged"] != nil || may["allowPrivilegeEscalation"] != false || may["readOnlyRootFilesystem"] != true {
		t.Errorf("the container: %v", may)
	}
	if diff := cmp.Diff(map[string]any{"drop": []any{"ALL"}}, may["capabilities"]); diff != "" {
		t.Errorf("capabilities: %s", diff)
	}
	ports := []string{}
	for _, p := range at[[]any](t, c, "ports") {
		ports = append(ports, at[string](t, p.(map[string]any), "name"))
	}
	paths := readFile(t, root+"/protocol/admin/operate.go")
	live, ready := found(`PathLive\s+= "([^"]+)"`, paths), found(`PathReady\s+= "([^"]+)"`, paths)
	for probe, want := range map[string][]string{"startupProbe": live, "livenessProbe": live, "readinessProbe": ready} {
		if got := at[string](t, c, probe, "httpGet", "path"); len(want) != 1 || got != want[0] {
			t.Errorf("%s asks %s, want %q", probe, got, want)
		}
		if port := at[string](t, c, probe, "httpGet", "port"); port != "health" || !slices.Contains(ports, port) {
			t.Errorf("%s asks at %s of %q", probe, port, ports)
		}
	}
}

// manifest is the one of its kind in a file.
func manifest(t *testing.T, path, kind string) map[string]any {
	t.Helper()
	var of []map[string]any
	for _, m := range readYAML[map[string]any](t, path) {
		if m["kind"] == kind {
			of = append(of, m)
		}
	}
	if len(of) != 1 {
		t.Fatalf("%s has %d of %s", path, len(of), kind)
	}
	return of[0]
}

// at is what stands at a place of a manifest.
func at[T any](t *testing.T, in map[string]any, place ...string) T {
	t.Helper()
	var here any = in
	for _, key := range place {
		inner, is := here.(map[string]any)
		if !is {
			t.Fatalf("nothing at %q", place)
		}
		here = inner[key]
	}
	value, is := here.(T)
	if !is {
		t.Fatalf("at %q is %v", place, here)
	}
	return value
}
