package site

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

const testManifest = `{"files":[
	{"path":"/","contentType":"text/html; charset=utf-8","hash":"aa","bodies":{"identity":"index.html"}},
	{"path":"/assets/app.bb.wasm","contentType":"application/wasm","hash":"bb","immutable":true,"bodies":{"br":"app.wasm.br","gzip":"app.wasm.gz"}}]}`

func testFiles() fstest.MapFS {
	return fstest.MapFS{
		"manifest.json": {Data: []byte(testManifest)}, "index.html": {Data: []byte("<p>")},
		"app.wasm.br": {Data: []byte("b")}, "app.wasm.gz": {Data: []byte("g")},
	}
}

func TestLoad(t *testing.T) {
	s, err := load(testFiles())
	if err != nil {
		t.Fatal(err)
	}
	f, ok := s.File("/assets/app.bb.wasm")
	if !ok || !f.Immutable || f.ETag != `"bb"` || f.ContentType != "application/wasm" {
		t.Errorf("%+v", f)
	}
	if _, ok := s.File("/assets/app.wasm"); ok {
		t.Error("a name without its hash is served")
	}
	page, _ := s.File("/")
	if body, encoding := page.Body("br"); string(body) != "<p>" || encoding != "" {
		t.Errorf("%q in %q", body, encoding)
	}
	for header, want := range map[string]string{"gzip, deflate, br, zstd": "br", "br;q=0, gzip": "gzip", "br; q=0.0": "gzip", "": "gzip", "gzip": "gzip", "xbr": "gzip", "deflate, br;q=0.5": "br"} {
		if _, got := f.Body(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestLoadFails(t *testing.T) {
	for name, c := range map[string]struct {
		change func(fstest.MapFS)
		want   error
	}{
		"not built":      {func(f fstest.MapFS) { delete(f, "manifest.json") }, ErrNotBuilt},
		"a file missing": {func(f fstest.MapFS) { delete(f, "app.wasm.br") }, ErrManifest},
		"no manifest":    {func(f fstest.MapFS) { f["manifest.json"].Data = []byte("x") }, ErrManifest},
		"no page":        {func(f fstest.MapFS) { f["manifest.json"].Data = []byte(`{}`) }, ErrManifest},
	} {
		files := testFiles()
		c.change(files)
		if _, err := load(files); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// What is compiled in is either whole or not there.
func TestLoadOfWhatIsCompiledIn(t *testing.T) {
	s, err := Load()
	if errors.Is(err, ErrNotBuilt) {
		t.Skip("the client is not built")
	}
	if err != nil {
		t.Fatal(err)
	}
	page, _ := s.File("/")
	html, _ := page.Body("")
	test, ok := s.File("/test")
	if !ok {
		t.Fatal("there is no test page")
	}
	tested, _ := test.Body("")
	found := 0
	for path, f := range s.files {
		if path == "/" || path == "/test" {
			continue
		}
		found++
		if !strings.Contains(string(html)+string(tested), path) || !f.Immutable {
			t.Errorf("no page refers to %s, or it may change", path)
		}
	}
	if found != 7 || strings.Count(string(html), "sha256-") != 4 || strings.Count(string(tested), "sha256-") != 4 {
		t.Errorf("%d files, %d and %d with integrity", found, strings.Count(string(html), "sha256-"), strings.Count(string(tested), "sha256-"))
	}
	html = append(html[:len(html):len(html)], tested...)
	for _, bad := range []string{"style=", "onclick", "javascript:", "<script>", "http:"} {
		if strings.Contains(string(html), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
}

func TestPolicy(t *testing.T) {
	got := Policy([]string{"wss://b.example:8471", "ws://127.0.0.1:8472", "https://evil", "wss://x; script-src *", "wss://", "*", "wss://*.example", "ws://a/b"})
	want := "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' wss://b.example:8471 ws://127.0.0.1:8472" +
		"; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" +
		"; require-trusted-types-for 'script'; trusted-types tvilling"
	if got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}
