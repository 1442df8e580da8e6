package raftfsm

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tvilling/raftfsm/command"
)

// P2: an identity that is linked with the patient's counts as the patient does.
func TestWhatChangedForALinkedIdentityIsStale(t *testing.T) {
	f := fresh(t)
	one(t, f, command.KindBlockPage, command.FeedPage{Upserts: []command.Row{row(3, 1, 1)}, AsOf: 1})  // 1
	one(t, f, command.KindPersonPage, command.FeedPage{Upserts: []command.Row{row(4, 1, 1)}, AsOf: 1}) // 2
	one(t, f, command.KindCanary, command.Canary{Node: "a1"})                                          // 3
	linked := func(all ...byte) (s []command.Subject) {
		for _, b := range all {
			s = append(s, key(b))
		}
		return s
	}
	for i, c := range []struct {
		decidedAt uint64
		linked    []command.Subject
		want      command.Status
	}{
		{1, linked(3), done}, {0, linked(3), stale}, {2, linked(3, 4), done}, {1, linked(3, 4), stale},
		{0, linked(5), done}, {0, nil, done},
	} {
		id := byte(10 * (i + 1))
		access := command.RecordAccess{DecidedAt: c.decidedAt, Patient: key(1), Actor: key(2), Permit: true, Entry: logEntry(1, id), Linked: c.linked}
		if got := one(t, f, command.KindRecordAccess, access); got.Status != c.want {
			t.Errorf("%d: access: %+v, want %d", i, got, c.want)
		}
		access.Permit, access.Entry.ID = false, key(id+1)
		if got := one(t, f, command.KindRecordAccess, access); got.Status != done {
			t.Errorf("%d: denial: %+v", i, got)
		}
		act := command.RegisterConsent{DecidedAt: c.decidedAt, Actor: key(2), Row: row(6, 1, 1), Entry: logEntry(6, id+2), Linked: c.linked}
		for n, kind := range []command.Kind{command.KindRegisterConsent, command.KindRegisterEmergency} {
			act.Row, act.Entry = row(id+byte(n), 1, 1), logEntry(id+byte(n), id+2+byte(n))
			if got := one(t, f, kind, act); got.Status != c.want {
				t.Errorf("%d: kind %d: %+v, want %d", i, kind, got, c.want)
			}
		}
	}
}

// The second step of an emergency takes the place of the first.
func TestEmergency(t *testing.T) {
	f := fresh(t)
	reader := f.Feed().Follow(key(1))
	defer reader.Close()
	step := func(decidedAt uint64, digest, id byte) command.Result {
		t.Helper()
		return one(t, f, command.KindRegisterEmergency, command.RegisterConsent{
			DecidedAt: decidedAt, Actor: key(9), Row: row(1, 5, digest), Entry: logEntry(1, id),
		})
	}
	if got, want := step(0, 1, 1), (command.Result{Status: done, Index: 1, Sequence: 1, Changed: 1}); got != want {
		t.Errorf("first step: %+v", got)
	}
	if got := step(0, 2, 2); got.Status != stale {
		t.Errorf("second step, decided before the first: %+v", got)
	}
	if got, want := step(1, 2, 2), (command.Result{Status: done, Index: 3, Sequence: 2, Changed: 1}); got != want {
		t.Errorf("second step: %+v", got)
	}
	if got := step(1, 2, 2); !got.Repeated || got.Sequence != 2 {
		t.Errorf("second step again: %+v", got)
	}
	v := view(t, f)
	if got := rowsOf(v, Consents, 1); got != "52 " || v.Revision(key(1)) != 3 {
		t.Errorf("rows %q, revision %d", got, v.Revision(key(1)))
	}
	want := []Change{
		{Index: 1, Kind: 22, Subject: key(1), Upserted: [][16]byte{key(5)}},
		{Index: 3, Kind: 22, Subject: key(1), Upserted: [][16]byte{key(5)}},
	}
	if diff := cmp.Diff(want, drain(t, reader)); diff != "" {
		t.Error(diff)
	}
}

// What the population register knows is a projection as the others are.
func TestPersons(t *testing.T) {
	f := fresh(t)
	page := func(p command.FeedPage) command.Result { t.Helper(); return one(t, f, command.KindPersonPage, p) }
	page(command.FeedPage{AsOf: 10, Watermark: "w1", Upserts: []command.Row{row(1, 1, 1), row(2, 1, 1), row(3, 1, 1)}}) // 1
	page(command.FeedPage{AsOf: 11, Upserts: []command.Row{row(2, 1, 2)}})                                              // 2
	got := page(command.FeedPage{AsOf: 12, Watermark: "w2", Upserts: []command.Row{row(2, 1, 2), row(3, 1, 1)},
		Removes: []command.RowKey{row(1, 1, 1).RowKey}}) // 3
	if want := (command.Result{Status: done, Index: 3, Unchanged: 2, Removed: 1}); got != want {
		t.Errorf("a page: %+v", got)
	}
	if got := one(t, f, command.KindErasePatient, command.ErasePatient{Subject: key(3)}); got.Removed != 1 { // 4
		t.Errorf("erase: %+v", got)
	}
	v := view(t, f)
	if got := rowsOf(v, Persons, 1) + "|" + rowsOf(v, Persons, 2) + "|" + rowsOf(v, Persons, 3); got != "|12 |" {
		t.Errorf("rows: %q", got)
	}
	for subject, want := range map[byte]uint64{1: 3, 2: 2, 3: 4} {
		if got := v.Revision(key(subject)); got != want {
			t.Errorf("revision of %d: %d, want %d", subject, got, want)
		}
	}
	if at, mark, known := v.Freshness(Persons); at != 12 || mark != "w2" || !known {
		t.Errorf("freshness: %d %q %t", at, mark, known)
	}
}
