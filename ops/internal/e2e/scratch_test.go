package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tvilling/node"
	"tvilling/ops/internal/demo/patients"
)

func TestScratch(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString(`
[[person]]
key = "anna"
name = "Anna Lindqvist"
title = "Läkare"
employee = "SE0000000101-P101"
[[commission]]
employee = "SE0000000101-P101"
id = "SE0000000101-U101"
name = "Vård och behandling, Medicinkliniken"
purpose = "Vård och behandling"
rights = ["Läsa;alla;SJF"]
care_unit = "SE0000000101-1100"
care_unit_name = "Medicinkliniken"
care_provider = "SE0000000101-1000"
care_provider_name = "Region Norrmark"
`)
	for _, p := range patients.Patients()[:4] {
		fmt.Fprintf(&b, "[[relation]]\npatient = %q\ncare_provider = \"SE0000000101-1000\"\ncare_unit = \"SE0000000101-1100\"\n", p.ID)
	}
	for _, s := range patients.Systems() {
		var names []string
		for _, c := range s.Contracts {
			names = append(names, fmt.Sprintf("%q", c.String()))
		}
		fmt.Fprintf(&b, "[[source]]\nid = %q\ncontracts = [%s]\n", s.ID, strings.Join(names, ","))
	}
	feeds := filepath.Join(dir, "feeds.toml")
	os.WriteFile(feeds, []byte(b.String()), 0o600)
	cfg := node.Alone(dir, "127.0.0.1:8479", feeds)
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	n, err := node.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	defer func() { stop(); t.Log(<-ended, n.Close()) }()
	if err := n.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	docs := 0
	for _, a := range patients.Answers(time.Now()) {
		if _, err := n.Put(ctx, a.System, a.Contract.String(), a.Message); err != nil {
			t.Errorf("%v %v: %v", a.Contract, a.System, err)
		}
		docs += a.Records
	}
	t.Logf("%d records in %v", docs, time.Since(at))
	p := open(t, browser(t), "http://127.0.0.1:8479/")
	p.waitState("who")
	p.shot("1-who")
	p.click("person")
	p.click("commission")
	p.waitState("patient")
	p.shot("2-patient")
	p.typeIn("patient-id", "19970106-2383")
	p.shot("3-typed")
	p.click("open-patient")
	p.waitState("choice")
	p.shot("4-choice")
	p.click("consent-unit")
	p.click("consent")
	p.wait(`document.querySelector('[data-test="basis"]')?.dataset.basis === 'consent' || !document.querySelector('[data-test="consent-panel"]')`)
	p.shot("5-consented")
	p.click("check-all")
	p.click("show")
	p.waitState("overview")
	p.wait(hook("row"))
	p.shot("6-overview")
	p.click("row")
	p.wait(hook("document"))
	p.shot("7-document")
	t.Log(p.text())
}
