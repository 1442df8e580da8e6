package release

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"tvilling/protocol/admin"
)

// Limits of a journal.
const (
	maxLine    = 1 << 20
	maxEntries = 10000
	maxBytes   = 64<<20 + 1
	maxText    = 8 << 10 // of a command's output: its end
)

// Errors of journals.
var (
	ErrJournal = errors.New("the journal cannot be used")
	ErrBusy    = errors.New("another tvilling works on this release")
	ErrNone    = errors.New("there is no release")
)

// Act is what an entry is about.
type Act string

// The acts. They stand in journals: append only.
const (
	ActPlan     Act = "plan"
	ActResume   Act = "resume"
	ActStep     Act = "step" // a whole one
	ActDrain    Act = "drain"
	ActReplace  Act = "replace"
	ActBack     Act = "back"
	ActBake     Act = "bake"
	ActTransfer Act = "transfer"
	ActUndrain  Act = "undrain"
	ActHalt     Act = "halt"
	ActAbort    Act = "abort"
	ActEnd      Act = "end"
)

// Mark is where an act is.
type Mark string

// The marks.
const (
	Begins Mark = "begins"
	Done   Mark = "done"
	Failed Mark = "failed"
	Noted  Mark = "noted"
)

// Entry is a line of the journal: written and synced before an act, and after it.
type Entry struct {
	At       time.Time       `json:"at"`
	Step     int             `json:"step,omitempty"`
	Node     string          `json:"node,omitempty"`
	Act      Act             `json:"act"`
	Mark     Mark            `json:"mark"`
	Text     string          `json:"text,omitempty"`
	Sign     string          `json:"sign,omitempty"` // of a halt
	Plan     *Plan           `json:"plan,omitempty"`
	Checks   []Check         `json:"checks,omitempty"`
	Draining *admin.Draining `json:"draining,omitempty"`
	Leader   string          `json:"leader,omitempty"`
	Started  string          `json:"started,omitempty"`  // of the node that is back
	Opens    float64         `json:"opens,omitempty"`    // Watch.Opens, when a command was given
	PauseMS  int64           `json:"pause_ms,omitempty"` // the longest that a write took in this step, attempts that failed included
}

// Journal is a release's file of entries. One process at a time has it open.
type Journal struct {
	file    *os.File
	entries []Entry
}

// releaseIDs are names of directories of their own.
var releaseIDs = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z$`)

// NewID names a release by when it began.
func NewID(now time.Time) string { return now.UTC().Format("20060102T150405Z") }

// Home is where an operator's directory has its releases, each in a directory of its own.
func Home(dir string) string { return filepath.Join(dir, "releases") }

// Path is the directory of a release, in an operator's directory.
func Path(dir, id string) string { return filepath.Join(Home(dir), id) }

// Latest is the id of the newest release in an operator's directory.
func Latest(dir string) (string, error) {
	entries, err := os.ReadDir(Home(dir))
	if errors.Is(err, os.ErrNotExist) {
		return "", ErrNone
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrJournal, err)
	}
	latest := ""
	for _, e := range entries {
		if _, err := os.Lstat(journalPath(dir, e.Name())); e.IsDir() && releaseIDs.MatchString(e.Name()) && !errors.Is(err, os.ErrNotExist) {
			latest = max(latest, e.Name())
		}
	}
	if latest == "" {
		return "", ErrNone
	}
	return latest, nil
}

func journalPath(dir, id string) string { return filepath.Join(Path(dir, id), "journal.jsonl") }

// Create begins a journal with its plan. One release goes on at a time: another that
// has not ended, or begins at this moment, is ErrBusy.
func Create(dir string, p Plan, checks []Check, now time.Time) (_ *Journal, err error) {
	if err := os.MkdirAll(Path(dir, p.ID), 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	if err := own(dir, p.ID); err != nil {
		return nil, err
	}
	all, err := os.Open(Home(dir))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	defer func() { err = errors.Join(err, all.Close()) }()
	if err := exclude(all); err != nil {
		return nil, err
	}
	if other, err := unended(dir, p.ID); err != nil || other != "" {
		return nil, errors.Join(fmt.Errorf("%w: release %s has not ended", ErrBusy, other), err, os.Remove(Path(dir, p.ID)))
	}
	return write(dir, p, Entry{At: now, Act: ActPlan, Mark: Done, Plan: &p, Checks: checks})
}

// write makes the journal, which has its name when its plan is in it: whatever a crash
// leaves before that was never begun.
func write(dir string, p Plan, plan Entry) (*Journal, error) {
	at := journalPath(dir, p.ID)
	if _, err := os.Lstat(at); !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is there already", ErrJournal, at)
	}
	f, err := os.CreateTemp(Path(dir, p.ID), "journal-*.new")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	j := &Journal{file: f}
	if err := j.lock(); err != nil {
		return nil, err
	}
	if err = j.Append(plan); err == nil {
		err = errors.Join(os.Rename(f.Name(), at), syncDir(Home(dir)), syncDir(Path(dir, p.ID)))
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// unended finds a release that was begun and has not ended, other than one. One whose
// directory has no journal was never begun.
func unended(dir, but string) (string, error) {
	all, err := os.ReadDir(Home(dir))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrJournal, err)
	}
	for _, e := range slices.Backward(all) {
		if !e.IsDir() || !releaseIDs.MatchString(e.Name()) || e.Name() == but {
			continue
		}
		entries, err := Read(dir, e.Name())
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil || !StateOf(entries).Ended() {
			return e.Name(), err
		}
		return "", nil // those before it had ended when it began
	}
	return "", nil
}

// own refuses a journal, or a place for one, that others may write: it says which
// commands are run.
func own(dir, id string) error {
	for _, path := range []string{Home(dir), Path(dir, id), journalPath(dir, id)} {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err != nil:
			return fmt.Errorf("%w: %w", ErrJournal, err)
		}
		mode := info.Mode()
		if kind := mode.Type(); kind != 0 && kind != os.ModeDir || mode.Perm()&0o022 != 0 {
			return fmt.Errorf("%w: %s (%v) is a link, or others may write it: it says which commands are run, and is to be its owner's alone", ErrJournal, path, mode)
		}
	}
	return nil
}

// Open takes a journal up again. A last line that was not written whole is cut off: the
// act that it was to tell of had not begun.
func Open(dir, id string) (*Journal, error) {
	if err := own(dir, id); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(journalPath(dir, id), os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	j := &Journal{file: f}
	if err := j.lock(); err != nil {
		return nil, err
	}
	var whole int64
	if j.entries, whole, err = decode(f); err == nil {
		err = f.Truncate(whole)
	}
	if err == nil && (len(j.entries) == 0 || j.entries[0].Plan == nil) {
		err = errors.New("it does not begin with a plan")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrJournal, err), j.Close())
	}
	return j, nil
}

// Read reads a journal that another process may be writing.
func Read(dir, id string) ([]Entry, error) {
	f, err := os.Open(journalPath(dir, id))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	defer f.Close()
	entries, _, err := decode(f)
	if err != nil || len(entries) == 0 || entries[0].Plan == nil {
		return nil, errors.Join(ErrJournal, err)
	}
	return entries, nil
}

// decode reads entries, and tells how many bytes hold whole ones.
func decode(r io.Reader) (entries []Entry, whole int64, err error) {
	limited := &io.LimitedReader{R: r, N: maxBytes}
	lines := bufio.NewReaderSize(limited, 64<<10)
	for len(entries) <= maxEntries {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && limited.N == 0 {
			return nil, 0, fmt.Errorf("it is larger than %d bytes", maxBytes-1)
		}
		if errors.Is(err, io.EOF) {
			return entries, whole, nil // what is left has no end: it was not written whole
		}
		if err != nil {
			return nil, 0, err
		}
		var e Entry
		if len(line) > maxLine {
			return nil, 0, fmt.Errorf("line %d is longer than %d bytes", len(entries)+1, maxLine)
		}
		if err := json.Unmarshal(bytes.TrimSpace(line), &e); err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", len(entries)+1, err)
		}
		entries = append(entries, e)
		whole += int64(len(line))
	}
	return nil, 0, fmt.Errorf("more than %d entries", maxEntries)
}

// Worked reports whether a process works on a release now.
func Worked(dir, id string) (bool, error) { return held(journalPath(dir, id)) }

// CommandLock is the file that the command which replaces a node holds locked while it is
// at work, also when the process that gave it is gone.
func CommandLock(dir, id string) string { return filepath.Join(Path(dir, id), "command.lock") }

// held reports whether a process has a file locked.
func held(path string) (_ bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// lock keeps other processes away for as long as this one lives.
func (j *Journal) lock() error {
	if err := exclude(j.file); err != nil {
		return errors.Join(err, j.Close())
	}
	return nil
}

func exclude(f *os.File) error {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return ErrBusy
	case err != nil:
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// Append writes an entry, and returns when it is on the disk.
func (j *Journal) Append(e Entry) error {
	if len(e.Text) > maxText {
		e.Text = e.Text[len(e.Text)-maxText:]
	}
	line, err := json.Marshal(e)
	if err == nil && (len(line) >= maxLine || len(j.entries) >= maxEntries) {
		err = errors.New("it is full")
	}
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	j.entries = append(j.entries, e)
	return nil
}

// Entries are all that are in it.
func (j *Journal) Entries() []Entry { return slices.Clone(j.entries) }

// Close lets other processes take it up.
func (j *Journal) Close() error { return j.file.Close() }

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// State is how far a release has come.
type State string

// The states. One that is halted, or running when no process works on it, can be gone
// on with or taken back.
const (
	Running  State = "running"
	Halted   State = "halted"
	Aborting State = "aborting"
	Aborted  State = "aborted"
	Released State = "released"
)

// StateOf reads how far a release has come.
func StateOf(entries []Entry) State {
	state := Running
	for _, e := range entries {
		switch e.Act {
		case ActHalt:
			state = Halted
		case ActResume:
			state = Running
		case ActAbort:
			state = Aborting
		case ActEnd:
			if state == Aborting {
				state = Aborted
			} else {
				state = Released
			}
		}
	}
	return state
}

// Ended reports whether nothing is left to be done.
func (s State) Ended() bool { return s == Released || s == Aborted }

// plans are the plan of a release, and of taking it back where that was begun.
func plans(entries []Entry) (forth Plan, back *Plan) {
	for _, e := range entries {
		if e.Act == ActPlan && e.Plan != nil {
			forth = *e.Plan
		}
		if e.Act == ActAbort && e.Plan != nil {
			back = e.Plan
		}
	}
	return forth, back
}

// stepDone reports whether a step has been done.
func stepDone(entries []Entry, number int) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.Step == number && e.Act == ActStep && e.Mark == Done })
}

// given is a command of which the journal does not tell what came of it.
type given struct {
	version string    // that the node is to run
	at      time.Time // when it was given or, if it ended well, when it ended
	ended   bool      // well: the node may be coming up
}

// until is how long it may be at work, or its node coming up.
func (g given) until(l Limits) time.Time {
	if g.ended {
		return g.at.Add(l.Back)
	}
	return g.at.Add(commandWithin)
}

// outcome finds the command that may still change a node: it was given, and was not seen
// to fail, nor the node to be back.
func outcome(entries []Entry, node string) (g given, open bool) {
	forth, back := plans(entries)
	versions := map[int]string{}
	for _, s := range allSteps(forth, back) {
		versions[s.Number] = s.Version
	}
	for _, e := range entries {
		switch {
		case e.Node != node:
		case e.Act == ActReplace && e.Mark == Begins:
			g, open = given{version: versions[e.Step], at: e.At}, true
		case e.Act == ActReplace && e.Mark == Done:
			g.at, g.ended = e.At, true
		case e.Act == ActReplace && e.Mark == Failed, e.Act == ActBack && e.Mark == Done:
			open = false
		}
	}
	return g, open
}

// allSteps are those of a plan, and of the way back where there is one.
func allSteps(forth Plan, back *Plan) []Step {
	if back == nil {
		return forth.Steps
	}
	return slices.Concat(forth.Steps, back.Steps)
}

// replaced reports whether a command to replace a node was given.
func replaced(entries []Entry, node string) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.Node == node && e.Act == ActReplace && e.Mark == Begins })
}

// gonePast reports whether the last halt was on slowness when everything was replaced: who
// goes on after that has nothing else to go on with.
func gonePast(entries []Entry) bool {
	past := false
	for _, e := range entries {
		if e.Act == ActHalt {
			past = e.Sign == signSlow && e.Step == 0
		}
	}
	return past
}

// measured is what a run before took down of how long opening took before anything was
// done; 0: nothing.
func measured(entries []Entry) float64 {
	for _, e := range entries {
		if e.Opens > 0 {
			return e.Opens
		}
	}
	return 0
}

// drained are the nodes that were drained, or begun to be, and neither taken back nor
// seen back after they were replaced.
func drained(entries []Entry) (nodes []string) {
	for _, e := range entries {
		is, tells := false, false
		switch e.Act {
		case ActDrain:
			is, tells = e.Mark != Failed, true
		case ActBack:
			tells = e.Mark == Done
		case ActUndrain:
			is, tells = e.Mark == Failed, true
		}
		if tells {
			nodes = slices.DeleteFunc(nodes, func(id string) bool { return id == e.Node })
		}
		if is {
			nodes = append(nodes, e.Node)
		}
	}
	return nodes
}

// touched reports whether anything of a step was begun.
func touched(entries []Entry, number int) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.Step == number && e.Act != ActHalt })
}
