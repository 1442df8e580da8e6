package gallery

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tvilling/protocol"
)

//go:embed gallery.html
var gallery string

// views are how every state is pictured. The language comes last: it is what a page
// draws anew for.
var views = []setting{
	{}, {dark: true}, {width: 320, height: 640},
	{lang: protocol.English, dark: true}, {lang: protocol.English},
}

// card is a state in the gallery.
type card struct {
	Name     string   `json:"name"`
	Shows    string   `json:"shows"`
	Pictures []string `json:"pictures"` // the names of its views; the file is <name>.<view>.webp
}

// TestPictures makes the gallery, where TVILLING_GALLERY says, and with TVILLING_PICTURES
// the pictures of the documentation: `make screenshots`. It is how the pictures come to
// be, no check of anything.
func TestPictures(t *testing.T) {
	dir := os.Getenv("TVILLING_GALLERY")
	if dir == "" {
		t.Skip("TVILLING_GALLERY does not say where the gallery goes")
	}
	began := time.Now()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p := newPage(t)
	var cards []card
	for _, s := range states() {
		t.Run(s.name, func(t *testing.T) {
			p := p.in(t)
			p.open(s, setting{})
			c := card{Name: s.name, Shows: s.shows}
			for _, view := range views {
				p.turn(view)
				name := view.name()
				p.keep(filepath.Join(dir, strings.ReplaceAll(s.name, "/", "-")+"."+name+".webp"), "webp")
				c.Pictures = append(c.Pictures, name)
			}
			cards = append(cards, c)
		})
	}
	index(t, filepath.Join(dir, "index.html"), cards)
	t.Logf("%d pictures of %d states in %s, in %v", len(cards)*len(views), len(cards), dir, time.Since(began).Round(time.Second))
	if docs := os.Getenv("TVILLING_PICTURES"); docs != "" {
		for _, s := range named(t, slices.Collect(chosen())...) {
			p.open(s, setting{})
			p.keep(filepath.Join(docs, best[s.name]+".png"), "png")
		}
	}
}

// best are the states that the documentation shows, and what their pictures are called.
var best = map[string]string{
	"overview/many": "timeline", "reading/laboratory-series": "overview", "trend/chart": "trend", "calendar/month": "calendar",
	"emergency/second": "emergency", "blank/consent-ended": "revoked", "follow-up/review": "review", "consent/adult": "consent", "choice/consented": "choice",
}

func chosen() func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, s := range states() {
			if best[s.name] != "" && !yield(s.name) {
				return
			}
		}
	}
}

// keep writes a picture of the page as it stands.
func (p *page) keep(file, format string) {
	p.t.Helper()
	picture := p.picture(format)
	if format == "png" {
		picture = small(p.t, picture)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// index writes the page that one leafs through the gallery with.
func index(t *testing.T, file string, cards []card) {
	t.Helper()
	list, err := json.Marshal(cards)
	if err != nil {
		t.Fatal(err)
	}
	page, err := template.New("gallery").Parse(gallery)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, template.JS(list)); err != nil { // #nosec: our own words
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// small is a picture with at most 256 colours: those that it has most of, and for the
// others the nearest of them. A page has few that matter.
func small(t *testing.T, picture []byte) []byte {
	t.Helper()
	from, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	bounds := from.Bounds()
	count := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(from.At(x, y)).(color.RGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	all := make([]color.RGBA, 0, len(count))
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int { return count[b] - count[a] })
	palette := color.Palette{}
	for _, c := range all[:min(len(all), 256)] {
		palette = append(palette, c)
	}
	nearest := map[color.RGBA]uint8{}
	for _, c := range all {
		nearest[c] = uint8(palette.Index(c))
	}
	to := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			to.SetColorIndex(x, y, nearest[at(x, y)])
		}
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, to); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
