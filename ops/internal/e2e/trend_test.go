package e2e

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol"
)

// thyrotropin is the analysis that Fiona has values of from three care providers.
const thyrotropin = "NPU03577"

// measured are the values of an analysis as the source systems sent them, by care
// provider, read from their messages.
func measured(patient, analysis string) map[string][]string {
	one := regexp.MustCompile(`<\w+:analysis>.*?</\w+:analysis>`)
	value := regexp.MustCompile(`<\w+:pq><\w+:value>([^<]*)`)
	all := map[string][]string{}
	for _, a := range patients.AnswersFor(patient, begun) {
		for _, part := range one.FindAllString(string(a.Message), -1) {
			if m := value.FindStringSubmatch(part); m != nil && strings.Contains(part, ">"+analysis+"<") {
				provider := strings.SplitN(a.System, "-", 2)[0]
				all[provider] = append(all[provider], m[1])
			}
		}
	}
	return all
}

// drawn are the values in the trend's table, in order.
func (p *page) drawn() []string {
	p.t.Helper()
	all := eval[[]string](p, `[...document.querySelectorAll('[data-test="trend-table"] tbody td:nth-child(2)')].map(c => c.textContent.trim().match(/^[0-9.,]+/)?.[0].replace(',', '.') ?? c.textContent)`)
	slices.Sort(all)
	return all
}

// TestATrendIsWhatTheDocumentsSay draws an analysis over time: the values are those that
// the sources sent, and they are recorded as read. What is blocked is gone from it at once.
func TestATrendIsWhatTheDocumentsSay(t *testing.T) {
	defer restored(t)
	sent := measured(patients.Fiona, thyrotropin)
	want := slices.Sorted(func(yield func(string) bool) {
		for _, values := range sent {
			for _, v := range values {
				if !yield(v) {
					return
				}
			}
		}
	})
	if len(sent) < 3 || len(want) < 6 {
		t.Fatalf("the sources sent %v", sent)
	}
	p := signIn(t, browser(t), "a2", "anna")
	p.openPatient(patients.Fiona)
	p.attest()
	p.showAll()
	p.press(`[data-test="row"][data-contract="` + strconv.Itoa(int(protocol.LaboratoryOrderOutcome)) + `"]`)
	p.waitHook("document")
	p.typeIn("search", "granen tyreoidea")
	p.shot("1-found")
	p.press(`[data-test="row"][data-contract="` + strconv.Itoa(int(protocol.LaboratoryOrderOutcome)) + `"]`)
	p.waitHook("trend")
	p.shot("2-document")
	before := len(accesses(t))
	p.press(`[data-test="trend"][data-value*="` + thyrotropin + `"]`)
	p.waitHook("chart")
	p.shot("3-trend")
	if got := p.drawn(); !slices.Equal(got, want) {
		t.Errorf("drawn are %v, and sent were %v", got, want)
	}
	if n := eval[int](p, `document.querySelectorAll('[data-test="chart"] svg:first-child .point').length`); n != len(want) {
		t.Errorf("%d points in the drawing, want %d", n, len(want))
	}
	if gained := accesses(t)[before:]; len(gained) != 1 || gained[0].Activity != "Läsa" || gained[0].Outcome != "permit" {
		t.Errorf("the access log gained %+v, want one reading", gained)
	}
	left := slices.Sorted(slices.Values(slices.Concat(sent["SE0000000101"], sent["SE0000000303"])))
	services(t, func(f *demo.Feeds) {
		f.Block = append(f.Block, demo.Block{Patient: patients.Fiona, ID: "e2e-trend", Kind: "outer", CareProvider: patients.Sydhav.ID})
	})
	p.wait(`document.querySelectorAll('[data-test="trend-table"] tbody tr').length < ` + strconv.Itoa(len(want)))
	p.shot("4-blocked")
	if got := p.drawn(); !slices.Equal(got, left) {
		t.Errorf("left are %v, want %v", got, left)
	}
	p.endConsent()
	p.basis("none")
}
