package upstream

import (
	"testing"
	"time"

	"tvilling/node/internal/projection"
)

func TestInstantIsReadTheBlockingWay(t *testing.T) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, text, start, end string }{
		{"with a zone", "2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z"},
		{"with a zone and a space", "2026-10-25 02:30:00Z", "2026-10-25T02:30:00Z", "2026-10-25T02:30:00Z"},
		{"winter", "2026-01-31T10:00", "2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"},
		{"summer", "2026-07-31 10:00:30", "2026-07-31T08:00:30Z", "2026-07-31T08:00:30Z"},
		{"a day", "2026-07-31", "2026-07-30T22:00:00Z", "2026-07-31T21:59:59.999Z"},
		{"the day that ends in winter", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59.999Z"},
		{"the hour before it comes twice", "2026-10-25T01:59:59", "2026-10-24T23:59:59Z", "2026-10-24T23:59:59Z"},
		{"the hour that comes twice", "2026-10-25T02:30", "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z"},
		{"the hour after it came twice", "2026-10-25T03:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
		{"the hour that never comes", "2026-03-29T02:30", "2026-03-29T01:30:00Z", "2026-03-29T00:30:00Z"},
		{"the hour before the one that never comes", "2026-03-29T01:30", "2026-03-29T00:30:00Z", "2026-03-29T00:30:00Z"},
		{"the hour after the one that never comes", "2026-03-29T03:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
	}
	for _, c := range cases {
		for which, want := range map[bound]string{starts: c.start, ends: c.end} {
			got, err := instant(c.text, loc, which)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if text := time.UnixMilli(int64(got)).UTC().Format(time.RFC3339Nano); text != want {
				t.Errorf("%s, ends %v: %s, want %s", c.name, which, text, want)
			}
		}
	}
	for _, text := range []string{"2026", "2026-1-1", "20260101", "2026-02-29", "2026-01-01T24:00", "2026-01-01T10:00:00+banana", " 2026-01-01", "1970-01-01T00:00:00Z", "0001-01-01"} {
		if got, err := instant(text, loc, starts); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}

func TestCivilHasNoZone(t *testing.T) {
	for text, want := range map[string]string{"": "", "2026-01-31": "2026-01-31", "2026-01-31T10:00": "2026-01-31 10:00", "2026-01-31 10:00:05": "2026-01-31 10:00:05"} {
		if got, err := civil(text); err != nil || got.String() != want {
			t.Errorf("%q: %v, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"2026-01-31T10:00:00Z", "2026-01-31T10:00:00+01:00", "x", "2026"} {
		if got, err := civil(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("[[patient]]\npatient = \"199701062383\"\nlinked = [\"191212121212\"]\n"))
	f.Add([]byte("[[employee]]\n[[source]]\nid = 10:00:00\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		snapshot, err := parse(text)
		if err != nil {
			return
		}
		for _, p := range snapshot.Patients {
			if p.ID.IsZero() || len(p.Row.Linked) > projection.MaxLinked {
				t.Fatal("a patient of no id, or of too many, was taken")
			}
		}
	})
}
