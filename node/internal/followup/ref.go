package followup

import (
	"context"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"tvilling/node/internal/record"
	"tvilling/raftfsm"
)

var ids = base32.StdEncoding.WithPadding(base32.NoPadding)

const shortLength = 13 // characters of half an id

// refOf is an entry's id as reports have it: its number, which finds it, and the part
// of its id that its user was shown, which proves that it is the one: 4711-K3J6WQ2ABCDEF.
func refOf(sequence uint64, id [16]byte) string {
	return strconv.FormatUint(sequence, 10) + "-" + shortOf(id)
}

func shortOf(id [16]byte) string { return ids.EncodeToString(id[8:]) }

// uuidOf is an entry's id as the national log has it.
func uuidOf(id [16]byte) string {
	s := hex.EncodeToString(id[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// ref is an id as people give it: the number and the short part, the short part alone
// (as a browser shows it), or all of it (as the national log shows it).
type ref struct {
	sequence uint64 // 0: not given
	half     [8]byte
	whole    [16]byte
	isWhole  bool
}

func parseRef(s string) (ref, error) {
	s = strings.TrimSpace(s)
	if len(s) > 64 {
		return ref{}, ErrNoEntry
	}
	if plain := strings.ReplaceAll(s, "-", ""); len(plain) == 32 {
		b, err := hex.DecodeString(plain)
		if err != nil {
			return ref{}, ErrNoEntry
		}
		return ref{whole: [16]byte(b), half: [8]byte(b[8:]), isWhole: true}, nil
	}
	var r ref
	short := s
	if number, rest, both := strings.Cut(s, "-"); both {
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil || n == 0 {
			return ref{}, ErrNoEntry
		}
		r.sequence, short = n, rest
	}
	b, err := ids.DecodeString(strings.ToUpper(short))
	if err != nil || len(short) != shortLength {
		return ref{}, ErrNoEntry
	}
	r.half = [8]byte(b)
	return r, nil
}

func (r ref) names(l raftfsm.Logged) bool {
	if r.isWhole {
		return r.whole == l.ID
	}
	return r.half == [8]byte(l.ID[8:])
}

// find finds an entry: by its number, or by looking through the ids, newest first.
func (s *Service) find(ctx context.Context, r ref) (entry, error) {
	if r.sequence > 0 {
		e, ok, err := s.findIn(r, r.sequence-1, 1)
		if err != nil || ok {
			return e, err
		}
		return entry{}, ErrNoEntry
	}
	v, err := s.cfg.State.View()
	if err != nil {
		return entry{}, err
	}
	end := v.LogLength()
	v.Close()
	for looked := 0; end > 0 && looked < maxSearched; looked += raftfsm.MaxLogPage {
		if err := ctx.Err(); err != nil {
			return entry{}, err
		}
		n := min(end, raftfsm.MaxLogPage)
		e, ok, err := s.findIn(r, end-n, int(n))
		if err != nil || ok {
			return e, err
		}
		end -= n
	}
	return entry{}, ErrNoEntry
}

// findIn looks through one page; only the entry that it is about is opened.
func (s *Service) findIn(r ref, after uint64, limit int) (entry, bool, error) {
	v, err := s.cfg.State.View()
	if err != nil {
		return entry{}, false, err
	}
	defer v.Close()
	for _, l := range v.Log(after, limit) {
		if r.names(l) {
			e, ok, err := s.open(l)
			if err == nil && !ok {
				err = fmt.Errorf("%w: its key was destroyed", ErrNoEntry)
			}
			return e, ok, err
		}
	}
	return entry{}, false, nil
}

// entry is an entry of the log that was opened, and its place.
type entry struct {
	sequence uint64
	index    uint64
	record.Entry
}
