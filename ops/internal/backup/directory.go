package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// directory keeps backups as files. What is written has another name until it is whole
// and synced.
type directory struct{ path string }

// splitFile is filepath.Split with a directory that can be opened.
func splitFile(text string) (folder, name string) {
	folder, name = filepath.Split(text)
	if folder == "" {
		folder = "."
	}
	return folder, name
}

// String implements Place.
func (d directory) String() string { return d.path }

func (d directory) at(name string) string { return filepath.Join(d.path, name) }

// Create implements Place.
func (d directory) Create(_ context.Context, name string, _ int64) (Sink, error) {
	if _, err := os.Lstat(d.at(name)); err == nil {
		return nil, fmt.Errorf("%w: %s", ErrExists, d.at(name))
	}
	f, err := os.OpenFile(d.at(name+".tmp"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w: %s is there: a backup is being written, or one was cut off; remove it if none is", ErrPlace, d.at(name+".tmp"))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	return &fileSink{File: f, as: d.at(name)}, nil
}

// PutManifest implements Place.
func (d directory) PutManifest(_ context.Context, name string, text []byte) error {
	f, err := os.CreateTemp(d.path, name+suffix+".*.tmp") // its own: where others write too, a name that can be guessed may be theirs
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	sink := &fileSink{File: f, as: d.at(name + suffix)}
	if _, err := f.Write(text); err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, errors.Join(err, sink.Abort()))
	}
	return sink.Commit()
}

// Open implements Place.
func (d directory) Open(_ context.Context, name string) (io.ReadCloser, error) {
	f, err := os.Open(d.at(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNone, d.at(name))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	return f, nil
}

// Manifests implements Place.
func (d directory) Manifests(context.Context) ([]string, error) {
	found, err := os.ReadDir(d.path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	var names []string
	for _, f := range found {
		if strings.HasSuffix(f.Name(), suffix) && f.Type().IsRegular() {
			names = append(names, f.Name())
		}
	}
	return names, nil
}

// fileSink is a file that has its name when it is whole and on the disk.
type fileSink struct {
	*os.File
	as   string
	done bool
}

// Commit implements Sink.
func (s *fileSink) Commit() error {
	if err := errors.Join(s.Sync(), s.Close()); err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	if err := os.Rename(s.Name(), s.as); err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	s.done = true
	folder, err := os.Open(filepath.Dir(s.as))
	if err == nil {
		err = errors.Join(folder.Sync(), folder.Close())
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	return nil
}

// Abort implements Sink.
func (s *fileSink) Abort() error {
	if s.done {
		return nil
	}
	_ = s.Close() // it may be closed: what matters is that nothing is left
	return os.Remove(s.Name())
}
