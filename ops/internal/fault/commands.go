package fault

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Limits of commands.
const (
	maxCommandsBytes = 64 << 10
	commandWithin    = 60 * time.Second
	maxOutput        = 2 << 10
)

// Commands are an operator's own ways to make faults in a cluster that is theirs, each
// an argv of templates: {{.Node}}, {{.Site}}, and of a cut {{.From}} and {{.To}}. What
// is left out cannot be done. Nothing goes through a shell unless the argv names one.
type Commands struct {
	Kill   []string `toml:"kill"`
	Stop   []string `toml:"stop"`
	Start  []string `toml:"start"`
	Pause  []string `toml:"pause"`
	Resume []string `toml:"resume"`
	Cut    []string `toml:"cut"`
	Heal   []string `toml:"heal"`
}

// Target is what a command is about.
type Target struct{ Node, Site, From, To string }

// ReadCommands reads a file of commands and fills every template once, so that a fault
// of the file is told before any is made.
func ReadCommands(path string) (Commands, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Commands{}, fmt.Errorf("%w: %w", ErrCommands, err)
	}
	if len(raw) > maxCommandsBytes {
		return Commands{}, fmt.Errorf("%w %s: larger than %d bytes", ErrCommands, path, maxCommandsBytes)
	}
	c, err := ParseCommands(raw)
	if err != nil {
		return Commands{}, fmt.Errorf("%w %s: %w", ErrCommands, path, err)
	}
	return c, nil
}

// ParseCommands reads the text of such a file.
func ParseCommands(raw []byte) (Commands, error) {
	var c Commands
	if err := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(&c); err != nil {
		return Commands{}, err
	}
	for _, argv := range [][]string{c.Kill, c.Stop, c.Start, c.Pause, c.Resume, c.Cut, c.Heal} {
		if argv == nil {
			continue
		}
		if _, err := fill(argv, Target{"a1", "A", "a1", "b1"}); err != nil {
			return Commands{}, err
		}
	}
	return c, nil
}

// fill makes an argv of its templates.
func fill(argv []string, t Target) ([]string, error) {
	if len(argv) == 0 || strings.TrimSpace(argv[0]) == "" {
		return nil, fmt.Errorf("%w: there is no command for it", ErrUnavailable)
	}
	filled := slices.Clone(argv)
	for i, text := range argv {
		parsed, err := template.New("argument").Option("missingkey=error").Parse(text)
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		if err := parsed.Execute(&b, t); err != nil {
			return nil, err
		}
		filled[i] = b.String()
	}
	return filled, nil
}

// Run runs one of the commands.
func Run(ctx context.Context, argv []string, t Target) error {
	filled, err := fill(argv, t)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	out, err := exec.CommandContext(ctx, filled[0], filled[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(filled, " "), err, out[max(0, len(out)-maxOutput):])
	}
	return nil
}
