package main

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tvilling/protocol/admin"
)

func TestAnnouncementOfFlags(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	said := announcing{swedish: "Text", english: "Words"}
	with := func(change func(*announcing)) announcing { f := said; change(&f); return f }
	for _, tt := range []struct {
		name, kind  string
		f           announcing
		from, until string // empty from: refused
	}{
		{"ongoing", "ongoing", said, "2026-11-22T12:00:00Z", ""},
		{"ongoing until", "ongoing", with(func(f *announcing) { f.lasts = time.Hour }), "2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z"},
		{"planned in", "planned", with(func(f *announcing) { f.in, f.lasts = 2*time.Hour, 30*time.Minute }), "2026-11-22T14:00:00Z", "2026-11-22T14:30:00Z"},
		{"planned from", "planned", with(func(f *announcing) { f.from, f.until = "2026-11-23T14:00:00+01:00", "2026-11-23T15:00:00+01:00" }), "2026-11-23T14:00:00+01:00", "2026-11-23T15:00:00+01:00"},
		{"planned at no time", "planned", said, "", ""},
		{"two beginnings", "planned", with(func(f *announcing) { f.from, f.in = "2026-11-23T14:00:00+01:00", 1 }), "", ""},
		{"two ends", "ongoing", with(func(f *announcing) { f.until, f.lasts = "2026-11-23T14:00:00+01:00", 1 }), "", ""},
		{"no English", "ongoing", announcing{swedish: "Text"}, "", ""},
		{"no time", "planned", with(func(f *announcing) { f.from = "tomorrow" }), "", ""},
		{"over", "ongoing", with(func(f *announcing) { f.from, f.until = "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z" }), "", ""},
		{"ends first", "planned", with(func(f *announcing) { f.in, f.until = 3*time.Hour, "2026-11-22T14:00:00Z" }), "", ""},
		{"back", "planned", with(func(f *announcing) { f.in = -time.Hour }), "", ""},
	} {
		a, err := tt.f.announcement(tt.kind, now)
		if tt.from == "" {
			var wrong *usageError
			if !errors.As(err, &wrong) {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		want := admin.Announcement{Kind: tt.kind, From: tt.from, Until: tt.until, Swedish: "Text", English: "Words"}
		if diff := cmp.Diff(want, a, cmpopts.IgnoreFields(admin.Announcement{}, "ID")); diff != "" || err != nil || len(a.ID) != 32 {
			t.Errorf("%s: %v, id %q\n%s", tt.name, err, a.ID, diff)
		}
	}
	if at, err := momentOf("--from", "2026-11-22 14:00", now); err != nil || !at.Equal(time.Date(2026, 11, 22, 14, 0, 0, 0, time.Local)) {
		t.Errorf("%v, %v", at, err)
	}
}

// Staff read Swedish time, in summer and in winter.
func TestSwedishTime(t *testing.T) {
	for _, c := range []struct{ from, until, want string }{
		{"2026-11-30T13:00:00Z", "2026-11-30T14:30:00Z", "2026-11-30 14:00–15:30"},
		{"2026-06-30T13:00:00Z", "", "from 2026-06-30 15:00"},
		{"2026-11-30T08:00:00-05:00", "2026-11-30T23:30:00Z", "2026-11-30 14:00 – 2026-12-01 00:30"},
		{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25 02:30 +0200 – 2026-10-25 02:30 +0100"}, // the night with an hour twice
		{"", "", "-"},
	} {
		if got := swedishTime(admin.Announcement{From: c.from, Until: c.until}); got != c.want {
			t.Errorf("%s to %s is %q, want %q", c.from, c.until, got, c.want)
		}
	}
}
