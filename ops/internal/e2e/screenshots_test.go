package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"tvilling/ops/internal/demo/patients"
	"tvilling/protocol"
)

// TestScreenshots makes the pictures of the documentation, where TVILLING_SCREENSHOTS
// says: `make screenshots`. It is how the pictures come to be, no check of anything.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("TVILLING_SCREENSHOTS")
	if dir == "" {
		t.Skip("TVILLING_SCREENSHOTS does not say where the pictures go")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b := browser(t)
	p := signIn(t, b, "a1", "anna")
	picture := func(p *page, name string) {
		t.Helper()
		text, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.openPatient(patients.Fiona)
	picture(p, "consent")
	p.attest()
	picture(p, "choice")
	p.showAll()
	p.press(`[data-test="row"][data-contract="5"]`)
	p.waitHook("document")
	picture(p, "overview")
	p.endConsent()
	p.wait(hook("basis") + `?.dataset.basis !== 'consent'`)
	picture(p, "revoked")

	p.click("leave")
	p.click("leave-confirm")
	p.waitState("patient")
	p.typeIn("patient-id", patients.Harry)
	p.click("open-patient")
	p.waitState("choice")
	p.do(chromedp.EmulateViewport(1280, 900))
	p.emergency()
	p.typeIn("reason", unconscious)
	picture(p, "emergency")
	p.click("sure")
	p.click("emergency")
	p.wait(hook("basis") + `?.dataset.step === '2'`)
	p.showAll()
	p.press(`[data-test="row"][data-contract="3"]`)
	p.waitHook("document")
	picture(p, "emergency-overview")
	p.endConsent()
	p.basis("none")

	v := signIn(t, b, "b1", "vera")
	v.followUp()
	v.ask(protocol.ReportEmergencies, "")
	v.click("review-ask")
	v.waitHook("review-form")
	picture(v, "review")
}
