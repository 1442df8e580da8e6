// Command build builds the browser client into wasm/site/files: the program for
// js/wasm compressed with brotli and gzip, the scripts, the styles, and the page that
// refers to them by names with hashes and by integrity.
//
// It owns the names and the manifest. It must give the same bytes for the same
// sources on every machine, and leave no file of an earlier build.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"

	"tvilling/protocol"
	"tvilling/wasm/compile"
	"tvilling/wasm/site"
)

func main() {
	quick := flag.Bool("quick", false, "compress less: for work on the client")
	flag.Parse()
	if err := run(*quick); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(quick bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	b := builder{
		assets: filepath.Join(root, "wasm", "assets"),
		out:    filepath.Join(root, "wasm", "site", "files"),
		quick:  quick,
		names:  map[string]string{},
	}
	if err := b.clear(); err != nil {
		return err
	}
	if err := b.program(root); err != nil {
		return err
	}
	exec, err := execScript()
	if err != nil {
		return err
	}
	if err := b.add("exec", "wasm_exec.js", "text/javascript; charset=utf-8", exec); err != nil {
		return err
	}
	for _, a := range [...]struct{ name, file, contentType string }{
		{"boot", "boot.js", "text/javascript; charset=utf-8"},
		{"style", "style.css", "text/css; charset=utf-8"},
		{"icon", "icon.svg", "image/svg+xml"},
		{"test", "test.js", "text/javascript; charset=utf-8"},
		{"teststyle", "test.css", "text/css; charset=utf-8"},
	} {
		content, err := b.asset(a.file)
		if err != nil {
			return err
		}
		if err := b.add(a.name, a.file, a.contentType, content); err != nil {
			return err
		}
	}
	b.say()
	return errors.Join(b.page("/", "index.html"), b.page("/test", "test.html"), b.list())
}

// styles are the sheets that the page loads as one, in their order.
var styles = [...]string{"style.css", "overview.css", "reading.css"}

// asset reads what the page loads under a name.
func (b *builder) asset(name string) (content []byte, err error) {
	parts := []string{name}
	if name == styles[0] {
		parts = styles[:]
	}
	for _, part := range parts {
		one, err := os.ReadFile(filepath.Join(b.assets, part))
		if err != nil {
			return nil, err
		}
		content = append(content, one...)
	}
	return content, nil
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "tvilling").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// execScript is the script that goes with the compiler in use.
func execScript() ([]byte, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("find GOROOT: %w", err)
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "lib", "wasm", "wasm_exec.js"))
}

type builder struct {
	assets, out string
	quick       bool
	manifest    site.Manifest
	names       map[string]string // what the page refers to
}

// clear removes what an earlier build left, and nothing that begins with a dot.
func (b *builder) clear() error {
	entries, err := os.ReadDir(b.out)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			if err := os.Remove(filepath.Join(b.out, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) program(root string) error {
	content, err := compile.Program(root, "./wasm/cmd/overview")
	if err != nil {
		return err
	}
	br, gz, err := b.compress(content)
	if err != nil {
		return err
	}
	fmt.Printf("app.wasm: %d bytes, gzip %d, brotli %d\n", len(content), len(gz), len(br))
	f := b.describe("app", "app.wasm", "application/wasm", content)
	f.Bodies = map[string]string{"br": "app.wasm.br", "gzip": "app.wasm.gz"}
	b.manifest.Files = append(b.manifest.Files, f)
	return errors.Join(b.write("app.wasm.br", br), b.write("app.wasm.gz", gz))
}

func (b *builder) compress(content []byte) (br, gz []byte, err error) {
	quality, level := brotli.BestCompression, gzip.BestCompression
	if b.quick {
		quality, level = 4, gzip.BestSpeed
	}
	var brOut, gzOut bytes.Buffer
	w := brotli.NewWriterOptions(&brOut, brotli.WriterOptions{Quality: quality, LGWin: 24})
	if _, err := w.Write(content); err != nil {
		return nil, nil, err
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	z, err := gzip.NewWriterLevel(&gzOut, level)
	if err != nil {
		return nil, nil, err
	}
	if _, err := z.Write(content); err != nil {
		return nil, nil, err
	}
	return brOut.Bytes(), gzOut.Bytes(), errors.Join(z.Close())
}

// describe names a file by its content and notes how the page refers to it.
func (b *builder) describe(name, file, contentType string, content []byte) site.ManifestFile {
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:8])
	base, ext, _ := strings.Cut(file, ".")
	path := "/assets/" + base + "." + hash + "." + ext
	b.names[name+".path"] = path
	b.names[name+".integrity"] = "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	return site.ManifestFile{Path: path, ContentType: contentType, Hash: hash, Immutable: true}
}

func (b *builder) add(name, file, contentType string, content []byte) error {
	f := b.describe(name, file, contentType, content)
	f.Bodies = map[string]string{"identity": file}
	b.manifest.Files = append(b.manifest.Files, f)
	return b.write(file, content)
}

// say notes what the pages say beside the names of files.
func (b *builder) say() {
	ended := protocol.FaultProgramEnded.Info()
	b.names["ended.code"] = ended.Code
	b.names["ended.sv.title"], b.names["ended.sv.action"] = ended.Swedish.Title, ended.Swedish.Action
	b.names["ended.en.title"], b.names["ended.en.action"] = ended.English.Title, ended.English.Action
	b.names["hello"] = base64.StdEncoding.EncodeToString(protocol.AppendClientFrame(nil, protocol.Hello{Version: protocol.Version}))
	b.names["moving"] = strconv.Itoa(int(protocol.CloseMoving))
}

// page writes a page with its references filled in.
func (b *builder) page(path, file string) error {
	text, err := os.ReadFile(filepath.Join(b.assets, file))
	if err != nil {
		return err
	}
	page := string(text)
	for name, value := range b.names {
		page = strings.ReplaceAll(page, "{{"+name+"}}", html.EscapeString(value))
	}
	if at := strings.Index(page, "{{"); at >= 0 {
		return fmt.Errorf("%s refers to something that was not built, at byte %d", file, at)
	}
	sum := sha256.Sum256([]byte(page))
	b.manifest.Files = append(b.manifest.Files, site.ManifestFile{
		Path: path, ContentType: "text/html; charset=utf-8", Hash: hex.EncodeToString(sum[:8]),
		Bodies: map[string]string{"identity": file},
	})
	return b.write(file, []byte(page))
}

// list writes the manifest.
func (b *builder) list() error {
	manifest, err := json.MarshalIndent(b.manifest, "", "\t")
	if err != nil {
		return err
	}
	return b.write("manifest.json", append(manifest, '\n'))
}

func (b *builder) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(b.out, name), content, 0o644)
}
