package client

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"tvilling/protocol"
)

func drawing(t testing.TB, kind string, width, height int) []byte {
	t.Helper()
	p := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	var b bytes.Buffer
	var err error
	switch kind {
	case "png":
		err = png.Encode(&b, p)
	case "jpeg":
		err = jpeg.Encode(&b, p, nil)
	case "gif":
		err = gif.Encode(&b, p, nil)
	case "moving":
		err = gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{p, p}, Delay: []int{1, 1}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// attached opens a document with an attachment, presses to see it, and returns the pane.
func attached(t *testing.T, media string, data []byte) (*play, string) {
	t.Helper()
	body := protocol.Body{Sections: []protocol.Section{{Label: "careDocumentation", Nodes: []protocol.Node{
		{Kind: protocol.NodeAttachment, Label: "multimediaEntry", Attachment: protocol.Attachment{MediaType: media, Inline: data}},
	}}}}
	p, _ := reading(t, body, protocol.Header{Contract: protocol.CareDocumentation, Title: "Bilaga"})
	if html := regionOf(Render(&p.s), "reader"); strings.Contains(html, "<img") {
		t.Fatal("a picture is shown before anybody asked")
	}
	p.act(ActAttachment, "0")
	return p, regionOf(Render(&p.s), "reader")
}

func TestPicturesAreShownByWhatTheyAre(t *testing.T) {
	for _, kind := range []string{"png", "jpeg", "gif"} {
		data := drawing(t, kind, 40, 30)
		p, html := attached(t, "text/html", data) // what it says it is decides nothing
		inert(t, html)
		if want := `width="40" height="30" src="data:image/` + kind + `;base64,` + base64.StdEncoding.EncodeToString(data) + `"`; !strings.Contains(html, want) {
			t.Errorf("%s is not shown", kind)
		}
		if !strings.Contains(html, `alt="Bild ur journalen`) {
			t.Errorf("%s has no words", kind)
		}
		p.act(ActAttachment, "0")
		if html := regionOf(Render(&p.s), "reader"); strings.Contains(html, "<img") {
			t.Errorf("%s is not hidden again", kind)
		}
		for _, value := range []string{"1", "-1", "x", ""} {
			p.act(ActAttachment, value)
			if p.s.Reader.Shown != 0 {
				t.Errorf("%q shows something", value)
			}
		}
	}
}

// bomb is the start of a small picture that says it is a large one.
func bomb(width, height uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
	for _, n := range [...]uint32{width, height} {
		b = append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, 8, 2, 0, 0, 0)
}

// Everything else stays closed, whatever it says it is; nothing of it becomes markup.
func TestNothingElseIsOpened(t *testing.T) {
	script := "<script>alert(1)</script>"
	for name, data := range map[string][]byte{
		"svg":              []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">` + script + `</svg>`),
		"html":             []byte("\xef\xbb\xbf \n<!DOCTYPE html>" + script),
		"pdf":              []byte("%PDF-1.7\n" + script),
		"pdf after text":   []byte("hej\n%PDF-1.7\n" + script),
		"dicom":            append(make([]byte, 128), "DICM"+script...),
		"office":           []byte("PK\x03\x04" + script),
		"rtf":              []byte(`{\rtf1 ` + script),
		"bytes":            []byte("\x00\x01\x02" + script),
		"bomb":             bomb(60000, 60000),
		"overflowing bomb": bomb(0xffffffff, 0xffffffff),
		"empty picture":    bomb(0, 10),
		"torn png":         []byte("\x89PNG\r\n\x1a\n" + script),
		"torn jpeg":        []byte("\xff\xd8\xff" + script),
		"torn gif":         []byte("GIF89a" + script),
		"moving gif":       drawing(t, "moving", 4, 4),
		"moving png":       append(bomb(4, 4), "acTL"...),
	} {
		for _, media := range []string{"image/png", "text/plain", "image/svg+xml", `text/html"><script>`, ""} {
			_, html := attached(t, media, data)
			inert(t, html)
			if strings.Contains(html, "<img") || strings.Contains(html, "alert") {
				t.Errorf("%s as %q is opened", name, media)
			}
		}
	}
}

// A polyglot is shown as the picture that it begins as, and as nothing else.
func TestPolyglots(t *testing.T) {
	for _, kind := range []string{"png", "jpeg", "gif"} {
		data := append(drawing(t, kind, 4, 4), `"><script>alert(1)</script><svg onload=x>%PDF-1.7 PK`...)
		if kind != "png" {
			data = append(data, bytes.Repeat([]byte{' '}, 2000)...)
		}
		_, html := attached(t, "text/html", data)
		inert(t, html)
		if strings.Contains(html, "script&") || strings.Contains(html, "alert") {
			t.Errorf("%s: its other side is shown", kind)
		}
	}
}

func TestTextIsShownAsText(t *testing.T) {
	_, html := attached(t, "application/octet-stream", []byte("Mål: gå ut\n& <b>in</b>"))
	inert(t, html)
	if !strings.Contains(html, "Mål: gå ut\n&amp; &lt;b&gt;in&lt;/b&gt;") {
		t.Error("the text is not there")
	}
	if _, html := attached(t, "text/plain", []byte("M\xe5l: g\xe5 ut")); !strings.Contains(html, "Mål: gå ut") {
		t.Error("a text of the older alphabet is not read")
	}
}

// Saving is offered where the operator's policy has it, and nowhere else.
func TestSavingIsOfferedByPolicy(t *testing.T) {
	p, html := attached(t, "application/pdf", []byte("%PDF-1.7"))
	if strings.Contains(html, "take-save") {
		t.Error("offered without leave")
	}
	painter := NewPainter()
	painter.Paint(&p.s, nil)
	p.get(1, protocol.Session{Copy: true})
	if again := painter.Paint(&p.s, nil); !strings.Contains(again, `data-act="take-save" data-test="take-save" id="take-save-0" data-value="0"`) {
		t.Error("not offered, or not painted")
	}
}

// An address is never opened, whatever stands beside it.
func TestReferencesAreNeverFollowed(t *testing.T) {
	body := protocol.Body{Sections: []protocol.Section{{Label: "x", Nodes: []protocol.Node{
		{Kind: protocol.NodeAttachment, Label: "content", Attachment: protocol.Attachment{MediaType: "image/png", Reference: "https://bild.example/1.png"}},
		{Kind: protocol.NodeAttachment, Label: "content", Attachment: protocol.Attachment{MediaType: "image/png", Reference: "https://bild.example/2.png", Inline: drawing(t, "png", 2, 2)}},
	}}}}
	p, _ := reading(t, body, protocol.Header{Contract: protocol.ImagingOutcome})
	for _, n := range []string{"0", "1"} {
		p.act(ActAttachment, n)
		html := regionOf(Render(&p.s), "reader")
		inert(t, html)
		if strings.Contains(html, `="https`) || !strings.Contains(html, "https://bild.example/2.png") {
			t.Error("an address stands where it may be fetched, or is not told")
		}
	}
}

// FuzzPictureSize reads whatever comes. Where the library knows a picture's size, ours
// is the same.
func FuzzPictureSize(f *testing.F) {
	for _, kind := range []string{"png", "jpeg", "gif", "moving"} {
		f.Add(drawing(f, kind, 5, 3))
	}
	f.Add(bomb(60000, 60000))
	f.Add([]byte("\xff\xd8\xff\xff\xff\xe0\x00\x02\xff\xc0\x00\x11\x08\x00\x03\x00\x05\x03"))
	f.Fuzz(func(t *testing.T, b []byte) {
		width, height, ok := pictureSize(b)
		if !ok {
			return
		}
		if width <= 0 || height <= 0 || width*height > maxPicturePixels {
			t.Fatalf("%d x %d", width, height)
		}
		if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil && (c.Width != width || c.Height != height) {
			t.Fatalf("%d x %d, the library says %d x %d", width, height, c.Width, c.Height)
		}
	})
}
