package e2e

import (
	"strconv"
	"strings"
	"testing"

	"tvilling/ops/internal/demo"
	"tvilling/ops/internal/demo/patients"
	"tvilling/ops/internal/sourceclient"
	"tvilling/protocol"
)

// fails has a source answer that it cannot say what notes there are.
func fails(t *testing.T, patient string) {
	t.Helper()
	client, err := stage.Source(source)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	id, err := protocol.ParsePatientID(patient)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := client.Put(t.Context(), sourceclient.Message{Contract: protocol.CareDocumentation, Source: source, Patient: id,
		Body: []byte(`<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>e:Server</faultcode><faultstring>away</faultstring></e:Fault></e:Body></e:Envelope>`)})
	if err != nil || receipt.Documents != 0 {
		t.Fatalf("%+v, %v", receipt, err)
	}
}

// sourceRows are what the panel of sources says, a row a line.
func (p *page) sourceRows() string {
	p.t.Helper()
	return eval[string](p, `[...document.querySelectorAll('[data-test="sources-table"] tbody')].map(b => [...b.rows].map(r => b.rows[0].cells[0].innerText + '|' + [...r.cells].slice(-3).map(c => c.innerText).join('|')).join('\n')).join('\n')`)
}

// TestTheSourcesOfAView says where what is shown comes from: of those who have documents
// in the view, and of nobody else.
func TestTheSourcesOfAView(t *testing.T) {
	defer restored(t)
	p := signIn(t, browser(t), "b1", "anna")
	p.openPatient(patients.Amina)
	p.attest()
	all := p.showAll()
	p.press(`[data-test="tab"][data-value="2"]`)
	p.waitHook("sources-table")
	p.shot("1-sources")
	rows := p.sourceRows()
	for _, name := range []string{patients.Norrmark.Name, patients.Sydhav.Name, patients.Linden.Name} {
		if !strings.Contains(rows, name) {
			t.Errorf("%s is not in %s", name, rows)
		}
	}
	if strings.Contains(rows, patients.Bjorkholm.Name) {
		t.Errorf("%s is in %s", patients.Bjorkholm.Name, rows)
	}
	fails(t, patients.Amina)
	p.wait(`document.querySelector('[data-test="source"][data-state="3"]')`)
	p.waitHook("stale")
	p.shot("2-failed")
	if rows := p.sourceRows(); !strings.Contains(rows, "Region Norrmark|Dokument|Från spegeln, senaste hämtning misslyckades|") {
		t.Errorf("after the failure the sources are %s", rows)
	}
	services(t, func(f *demo.Feeds) {
		f.Block = append(f.Block, demo.Block{Patient: patients.Amina, ID: "e2e-sources", Kind: "outer", CareProvider: patients.Sydhav.ID})
	})
	p.wait(`Number(document.documentElement.dataset.count) < ` + strconv.Itoa(all))
	p.wait(`document.querySelector('[data-test="sources-table"]')`)
	p.shot("3-blocked")
	if rows := p.sourceRows(); strings.Contains(rows, patients.Sydhav.Name) || !strings.Contains(rows, patients.Norrmark.Name) {
		t.Errorf("after the block the sources are %s", rows)
	}
	p.press(`[data-test="tab"][data-value="0"]`)
	p.endConsent()
	p.basis("none")
}
