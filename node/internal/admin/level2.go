package admin

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode"

	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// levelEvery is between two looks at whether a level is active here.
const levelEvery = 10 * time.Millisecond

// clockSlack is how far apart the clocks of a cluster, and of those who operate it, may
// be for a backup to be noted.
const clockSlack = 5 * time.Minute

// maxMarks is how many signs may stand on one letter of an announcement.
const maxMarks = 3

// errLevel is something of a level that is not active: whoever asked has to activate it
// first, or to wait until it can be.
var errLevel = errors.New("the level is not active")

// levelTwo adds the paths of what came with level 2: what the operation tells those who
// use the client, and which backup was verified.
func (e *endpoint) levelTwo(mux *http.ServeMux) {
	mux.Handle("GET "+admin.PathAnnounced, e.answer(e.announcements))
	mux.Handle("POST "+admin.PathAnnounced, e.answer(e.announce))
	mux.Handle("DELETE "+admin.PathAnnounced, e.answer(e.withdraw))
	mux.Handle("POST "+admin.PathVerified, e.answer(e.noteBackup))
}

// active is an error unless the level of a kind of command is active. It is asked before
// anything is proposed: members of the release before could not read it.
func (e *endpoint) active(kind command.Kind) error {
	if level := e.State.Level(); level < kind.Level() {
		return fmt.Errorf("%w: it needs level %d, and the cluster is at level %d", errLevel, kind.Level(), level)
	}
	return nil
}

// awaitLevel waits until what was activated is active here too: who asks this node next
// is not to be told to activate first.
func (e *endpoint) awaitLevel(ctx context.Context) {
	tick := time.NewTicker(levelEvery)
	defer tick.Stop()
	for e.State.Level() < command.Level {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (e *endpoint) announcements(*http.Request) (any, error) {
	standing, err := e.State.Announcements()
	if err != nil {
		return nil, fmt.Errorf("reading the announcements: %w", err)
	}
	all := admin.Announcements{Announcements: make([]admin.Announcement, 0, len(standing))}
	for _, a := range standing {
		all.Announcements = append(all.Announcements, announcementOf(a))
	}
	return all, nil
}

func (e *endpoint) announce(r *http.Request) (any, error) {
	var want admin.Announcement
	if err := decode(r, &want); err != nil {
		return nil, err
	}
	if err := e.active(command.KindAnnounce); err != nil {
		return nil, err
	}
	a, err := announceOf(want)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRequest, err)
	}
	if err := command.Check(command.Command{Kind: command.KindAnnounce, Body: a}); err != nil {
		return nil, fmt.Errorf("%w: %w (a text is one line of at most %d characters)", errRequest, err, command.MaxAnnounceRunes)
	}
	for _, text := range []string{a.Swedish, a.English} {
		if !legible(text) {
			return nil, fmt.Errorf("%w: a text has nothing to read, or signs that turn, break or bury what stands beside them", errRequest)
		}
	}
	if a.Until != 0 && a.Until <= time.Now().UnixMilli() {
		return nil, fmt.Errorf("%w: it is over already, at %s", errRequest, want.Until)
	}
	done, err := e.act(r.Context(), command.KindAnnounce, a)
	if errors.Is(err, errState) {
		return nil, fmt.Errorf("%w: %d announcements stand, and no more may: withdraw one (tvilling announce list, tvilling announce withdraw ID)",
			errState, command.MaxAnnouncements)
	}
	if err == nil {
		e.Logger.Info("announced", "id", hex.EncodeToString(a.ID[:]), "kind", want.Kind, "from", want.From, "until", want.Until, "operator", operatorOf(r))
	}
	return done, err
}

// legible reports whether a line can be read, and leaves what stands beside it on a
// screen or a terminal as it is.
func legible(text string) bool {
	marks, seen := 0, false
	for _, r := range text {
		if unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return false
		}
		if !unicode.IsMark(r) {
			marks, seen = 0, seen || unicode.IsGraphic(r) && !unicode.IsSpace(r)
			continue
		}
		if marks++; marks > maxMarks {
			return false
		}
	}
	return seen
}

func (e *endpoint) withdraw(r *http.Request) (any, error) {
	id, err := announcementID(r.URL.Query().Get("id"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRequest, err)
	}
	if err := e.active(command.KindAnnounce); err != nil {
		return nil, err
	}
	done, err := e.act(r.Context(), command.KindAnnounce, command.Announce{ID: id, Withdrawn: true})
	if err == nil {
		e.Logger.Info("announcement withdrawn", "id", hex.EncodeToString(id[:]), "operator", operatorOf(r))
	}
	return done, err
}

func (e *endpoint) noteBackup(r *http.Request) (any, error) {
	var want admin.BackupManifest
	if err := decode(r, &want); err != nil {
		return nil, err
	}
	if err := e.active(command.KindNoteBackup); err != nil {
		return nil, err
	}
	if want.Cluster != e.Self.Cluster {
		return nil, fmt.Errorf("%w: the backup is of another cluster", errRequest)
	}
	note, err := noteOf(want)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRequest, err)
	}
	if err := e.ofItsTime(note); err != nil {
		return nil, err
	}
	done, err := e.act(r.Context(), command.KindNoteBackup, note)
	if errors.Is(err, errState) {
		return nil, fmt.Errorf("%w: the backup of index %d is not of this cluster's log: it is ahead of it, or its access log has another root", errState, note.Index)
	}
	if err == nil {
		e.Logger.Info("backup verified", "index", note.Index, "taken", want.Taken, "verified", want.Verified, "operator", operatorOf(r))
	}
	return done, err
}

// ofItsTime refuses a backup that cannot have been taken when it says. The newest counts:
// one of time to come would stand before all that are true. And whoever can write where
// backups are kept can seal something old, or empty, and call it new: but it lacks what
// had been written by then.
func (e *endpoint) ofItsTime(note command.NoteBackup) error {
	if latest := time.Now().Add(clockSlack).UnixMilli(); note.Taken > latest || note.Verified > latest {
		return fmt.Errorf("%w: the backup was taken at %s and verified at %s, which is yet to come: look at the clock of %.40q, and at the one where it was verified",
			errRequest, timeOf(note.Taken), timeOf(note.Verified), note.Node)
	}
	next, err := e.State.Written(note.LogSize)
	if err != nil {
		return fmt.Errorf("reading the access log: %w", err)
	}
	if !next.IsZero() && next.Add(clockSlack).UnixMilli() < note.Taken {
		return fmt.Errorf("%w: the backup is older than it says, or not this cluster's, or a clock is wrong: entry %d of the access log is from %s, and a backup taken at %s lacks it",
			errRequest, note.LogSize+1, timeOf(next.UnixMilli()), timeOf(note.Taken))
	}
	return nil
}

// verified is the newest verified backup as the status shows it.
func (e *endpoint) verified() (admin.BackupManifest, error) {
	note, ok, err := e.State.Backup()
	if err != nil || !ok {
		return admin.BackupManifest{}, err
	}
	return admin.BackupManifest{
		Format: admin.FormatBackup, Cluster: e.Self.Cluster, Generation: note.Generation, Node: note.Node,
		Index: note.Index, Term: note.Term, StateHash: hex.EncodeToString(note.StateHash[:]),
		LogSize: note.LogSize, LogRoot: hex.EncodeToString(note.LogRoot[:]),
		Taken: timeOf(note.Taken), Verified: timeOf(note.Verified), Bytes: note.Bytes,
	}, nil
}

func noteOf(m admin.BackupManifest) (n command.NoteBackup, err error) {
	n = command.NoteBackup{Generation: m.Generation, Index: m.Index, Term: m.Term, LogSize: m.LogSize, Bytes: m.Bytes, Node: m.Node}
	var errs [4]error
	n.StateHash, errs[0] = hashOf(m.StateHash)
	n.LogRoot, errs[1] = hashOf(m.LogRoot)
	n.Taken, errs[2] = millisOf("taken", m.Taken)
	n.Verified, errs[3] = millisOf("verified", m.Verified)
	if err := errors.Join(errs[:]...); err != nil {
		return n, err
	}
	return n, command.Check(command.Command{Kind: command.KindNoteBackup, Body: n})
}

func hashOf(text string) (hash [32]byte, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(hash) {
		return hash, errors.New("a hash is 64 hexadecimal digits")
	}
	return [32]byte(b), nil
}

func millisOf(name, text string) (int64, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, fmt.Errorf("%s is no time (2026-11-22T14:00:00+01:00)", name)
	}
	return at.UnixMilli(), nil
}

func timeOf(millis int64) string { return time.UnixMilli(millis).UTC().Format(time.RFC3339Nano) }

func announcementID(text string) (id [16]byte, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, errors.New("an announcement's id is 32 hexadecimal digits")
	}
	return [16]byte(b), nil
}

// The words for what an announcement is about.
const (
	announcePlanned = "planned"
	announceOngoing = "ongoing"
)

func announceOf(want admin.Announcement) (a command.Announce, err error) {
	a = command.Announce{Swedish: want.Swedish, English: want.English}
	switch want.Kind {
	case announcePlanned:
		a.Kind = command.AnnouncePlanned
	case announceOngoing:
		a.Kind = command.AnnounceOngoing
	default:
		return a, errors.New("kind is planned or ongoing")
	}
	if want.ID == "" {
		_, _ = rand.Read(a.ID[:]) // it never fails: the program ends before
	} else if a.ID, err = announcementID(want.ID); err != nil {
		return a, err
	}
	if a.From, err = millisOf("from", want.From); err != nil || want.Until == "" {
		return a, err
	}
	a.Until, err = millisOf("until", want.Until)
	return a, err
}

func announcementOf(a command.Announce) admin.Announcement {
	shown := admin.Announcement{
		ID: hex.EncodeToString(a.ID[:]), Kind: announcePlanned, From: timeOf(a.From), Swedish: a.Swedish, English: a.English,
	}
	if a.Kind == command.AnnounceOngoing {
		shown.Kind = announceOngoing
	}
	if a.Until != 0 {
		shown.Until = timeOf(a.Until)
	}
	return shown
}
