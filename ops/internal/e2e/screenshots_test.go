package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"tvilling/ops/internal/demo/patients"
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
	p := signIn(t, browser(t), "a1", "anna")
	picture := func(name string) {
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
	picture("consent")
	p.attest()
	picture("choice")
	p.showAll()
	p.press(`[data-test="row"][data-contract="5"]`)
	p.waitHook("document")
	picture("overview")
	p.endConsent()
	p.wait(hook("basis") + `?.dataset.basis !== 'consent'`)
	picture("revoked")
}
