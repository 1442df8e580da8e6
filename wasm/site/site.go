// Package site holds the browser client as built: the page, its scripts and styles,
// and the program, under names that carry their hashes.
//
// It owns what a browser is told beside the bytes: content types, the page's content
// security policy, and that a name with a hash never changes its content. It serves
// nothing itself. The files come from `go run ./wasm/cmd/build`; without them
// everything still compiles, and Load says ErrNotBuilt.
//
// It must never hold anything about a patient, and never name a file that the
// manifest does not.
package site

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed all:files
var files embed.FS

// ErrNotBuilt is a program that was compiled without the browser client.
var ErrNotBuilt = errors.New("site: the browser client is not built (go run ./wasm/cmd/build)")

// ErrManifest is a manifest that does not describe the files beside it.
var ErrManifest = errors.New("site: the manifest does not describe the files")

// File is one file as it is served. Bodies has it in the encodings there are, by
// the name of the content encoding ("" is as it is, "br", "gzip"); at least one.
type File struct {
	Path        string // /, /assets/app.<hash>.wasm
	ContentType string
	ETag        string // quoted
	Immutable   bool   // may be kept for ever: the path changes with the content
	Bodies      map[string][]byte
}

// Body returns the smallest body that the accepted encodings allow. When none does,
// encoding is what there is: every browser that can run the program takes gzip.
func (f File) Body(acceptEncoding string) (body []byte, encoding string) {
	for _, encoding := range [...]string{"br", "gzip", ""} {
		if body, ok := f.Bodies[encoding]; ok && accepts(acceptEncoding, encoding) {
			return body, encoding
		}
	}
	return f.Bodies["gzip"], "gzip"
}

func accepts(header, encoding string) bool {
	if encoding == "" {
		return true
	}
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(part, ";")
		weight = strings.ReplaceAll(weight, " ", "")
		if strings.TrimSpace(name) == encoding && weight != "q=0" && weight != "q=0.0" && weight != "q=0.00" && weight != "q=0.000" {
			return true
		}
	}
	return false
}

// Site is the browser client.
type Site struct{ files map[string]File }

// Manifest is what the build writes about its files.
type Manifest struct {
	Files []ManifestFile `json:"files"`
}

// ManifestFile describes a file: its path on the site, and the names that hold its
// bodies, by content encoding ("identity" for none).
type ManifestFile struct {
	Path        string            `json:"path"`
	ContentType string            `json:"contentType"`
	Hash        string            `json:"hash"`
	Immutable   bool              `json:"immutable"`
	Bodies      map[string]string `json:"bodies"`
}

// Load reads the files that were compiled in.
func Load() (*Site, error) {
	sub, err := fs.Sub(files, "files")
	if err != nil {
		return nil, err
	}
	return load(sub)
}

func load(dir fs.FS) (*Site, error) {
	text, err := fs.ReadFile(dir, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotBuilt
	}
	if err != nil {
		return nil, fmt.Errorf("site: read the manifest: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	s := &Site{files: map[string]File{}}
	for _, f := range m.Files {
		file := File{Path: f.Path, ContentType: f.ContentType, ETag: `"` + f.Hash + `"`, Immutable: f.Immutable, Bodies: map[string][]byte{}}
		for encoding, name := range f.Bodies {
			body, err := fs.ReadFile(dir, name)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrManifest, err)
			}
			if encoding == "identity" {
				encoding = ""
			}
			file.Bodies[encoding] = body
		}
		s.files[f.Path] = file
	}
	if _, ok := s.files["/"]; !ok {
		return nil, fmt.Errorf("%w: no page", ErrManifest)
	}
	return s, nil
}

// File returns the file at a path; "/" is the page.
func (s *Site) File(path string) (File, bool) {
	f, ok := s.files[path]
	return f, ok
}

// Policy returns the page's Content-Security-Policy. Streams are the origins of the
// websockets of other nodes that the page may move to, wss://b.example:8471.
func Policy(streams []string) string {
	connect := "'self'"
	for _, s := range streams {
		if isOrigin(s) {
			connect += " " + s
		}
	}
	return "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src " + connect +
		"; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" +
		"; require-trusted-types-for 'script'; trusted-types tvilling"
}

// isOrigin keeps whatever is not plainly an origin out of the policy.
func isOrigin(s string) bool {
	host, ok := strings.CutPrefix(s, "wss://")
	if !ok {
		host, ok = strings.CutPrefix(s, "ws://")
	}
	return ok && host != "" && !strings.ContainsAny(host, " ;,'\"/\\\r\n\t*")
}
