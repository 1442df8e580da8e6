// Package support gathers what somebody who helps operations needs to see, and nothing
// of any patient.
//
// It owns what is gathered, in which form, and the search that every byte goes through
// before it is written: what looks like a personal identity is taken out, and that it was
// is told. It must never read a node's data directory, a key, or a record.
package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"tvilling/ops/internal/doctor"
	"tvilling/ops/internal/health"
	"tvilling/protocol/admin"
)

// Limits of a bundle.
const (
	maxLogs     = 20       // files
	maxLogBytes = 16 << 20 // of the end of each
)

// ErrLogs is a list of logs that cannot be gathered.
var ErrLogs = errors.New("logs for the bundle")

// Cluster is what is asked; *adminclient.Client is one.
type Cluster interface {
	doctor.Cluster
	Metrics(ctx context.Context, node string) ([]byte, error)
	Announcements(ctx context.Context, node string) (admin.Announcements, error)
}

// Options say what to gather.
type Options struct {
	Version string   // of this tool
	Logs    []string // files of nodes' logs, brought here by the operator
}

// File is one that the bundle holds.
type File struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
	Taken int    `json:"taken_out"`       // what looked like a personal identity
	Fault string `json:"fault,omitempty"` // why it is not there, or not whole
}

// Contents lists a bundle.
type Contents struct {
	Cluster string `json:"cluster"`
	Made    string `json:"made"` // RFC 3339
	Version string `json:"version"`
	Files   []File `json:"files"`
}

// bundle is one being written.
type bundle struct {
	tar  *tar.Writer
	at   time.Time
	list Contents
}

// Write gathers everything and writes it as a compressed archive. What a node does not
// answer is left out and said so: a bundle is made when something is wrong.
func Write(ctx context.Context, to io.Writer, c Cluster, o Options) (Contents, error) {
	if len(o.Logs) > maxLogs {
		return Contents{}, fmt.Errorf("%w: %d files, and %d are the most", ErrLogs, len(o.Logs), maxLogs)
	}
	zip := gzip.NewWriter(to)
	now := time.Now()
	b := &bundle{tar: tar.NewWriter(zip), at: now,
		list: Contents{Cluster: c.Topology().Cluster, Made: now.UTC().Format(time.RFC3339), Version: o.Version}}
	if err := b.gather(ctx, c, o); err != nil {
		return Contents{}, err
	}
	if err := errors.Join(b.tar.Close(), zip.Close()); err != nil {
		return Contents{}, fmt.Errorf("writing the bundle: %w", err)
	}
	return b.list, nil
}

func (b *bundle) gather(ctx context.Context, c Cluster, o Options) error {
	seen := doctor.Examine(ctx, c, o.Version)
	topology, topologyErr := c.Topology().Encode()
	announced, announcedErr := c.Announcements(ctx, "")
	parts := []struct {
		name  string
		value any
		err   error
	}{
		{"cluster.toml", topology, topologyErr},
		{"doctor.json", doctor.Judge(seen), nil},
		{"status.json", seen.Status, seen.StatusErr},
		{"findings.json", health.Assess(seen.Topology, seen.Status), seen.StatusErr},
		{"announcements.json", announced, announcedErr},
	}
	for _, p := range parts {
		if err := b.value(p.name, p.value, p.err); err != nil {
			return err
		}
	}
	for _, n := range seen.Nodes {
		if err := b.value("nodes/"+n.ID+"/health.json", n.Health, n.Err); err != nil {
			return err
		}
		numbers, err := c.Metrics(ctx, n.ID)
		if err := b.value("nodes/"+n.ID+"/metrics.txt", measured(numbers), err); err != nil {
			return err
		}
	}
	for i, path := range o.Logs {
		text, err := end(path)
		if err := b.value(fmt.Sprintf("logs/%02d-%s", i+1, nameOf(path)), text, err); err != nil {
			return err
		}
	}
	return b.value("contents.json", b.list, nil)
}

// measured are numbers as a node answers them, in Prometheus' text.
type measured []byte

// value adds a file: bytes and numbers as they are, everything else as JSON.
func (b *bundle) value(name string, value any, fault error) error {
	if fault != nil {
		clean, _ := Clean([]byte(fault.Error()))
		b.list.Files = append(b.list.Files, File{Name: name, Fault: string(clean)})
		return nil
	}
	var text []byte
	clean := Clean
	switch v := value.(type) {
	case []byte:
		text = v
	case measured:
		text, clean = v, cleanMetrics
	default:
		clean = cleanJSON
		var err error
		if text, err = json.MarshalIndent(value, "", "  "); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	text, taken := clean(text)
	if err := b.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text)), ModTime: b.at}); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if _, err := b.tar.Write(text); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	b.list.Files = append(b.list.Files, File{Name: name, Bytes: len(text), Taken: taken})
	return nil
}

// nameOf is what a log is called in the bundle: as it was, unless that tells of somebody.
func nameOf(path string) string {
	name := filepath.Base(path)
	if _, count := Clean([]byte(name)); count > 0 {
		return "renamed"
	}
	return name
}

// end reads the end of a log, from the beginning of a line.
func end(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLogs, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLogs, err)
	}
	from := max(0, info.Size()-maxLogBytes)
	text, err := io.ReadAll(io.NewSectionReader(f, from, maxLogBytes))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLogs, err)
	}
	if from > 0 {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return text, nil
}
