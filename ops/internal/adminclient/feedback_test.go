package adminclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"tvilling/protocol/admin"
)

// Every data node is asked to its end, and one that does not answer is named.
func TestFeedbackOfEveryNode(t *testing.T) {
	c, at := newCluster(t)
	stuck := false
	c.serve(t, at["a1"], "a1", func(w http.ResponseWriter, r *http.Request) {
		page := admin.Feedback{Node: "a1", Next: 2, Entries: []admin.FeedbackEntry{{Node: "a1", Number: 2, Hour: "2026-11-22T14:00:00Z"}}}
		if r.URL.Path != admin.PathFeedback {
			t.Errorf("asked for %s", r.URL.Path)
		}
		if r.URL.Query().Get("after") == "0" {
			page = admin.Feedback{Node: "a1", Next: 1, More: true, Entries: []admin.FeedbackEntry{{Node: "a1", Number: 1, Hour: "2026-11-22T12:00:00Z"}}}
		}
		page.More = page.More || stuck
		_ = json.NewEncoder(w).Encode(page)
	})
	client := c.open(t)
	all, err := client.Feedback(t.Context(), "")
	if err != nil || len(all.Entries) != 2 || fmt.Sprint(all.Missing) != "[b1]" {
		t.Errorf("%+v, %v", all, err)
	}
	c.serve(t, at["b1"], "b1", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(admin.Feedback{Node: "b1", Next: 9, Entries: []admin.FeedbackEntry{{Node: "b1", Number: 9, Hour: "2026-11-22T13:00:00Z"}}})
	})
	all, err = client.Feedback(t.Context(), "")
	if err != nil || len(all.Entries) != 3 || all.Entries[1].Node != "b1" || all.Missing != nil {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err = client.Feedback(t.Context(), "b1"); err != nil || len(all.Entries) != 1 {
		t.Errorf("of one node: %+v, %v", all, err)
	}
	if _, err := client.Feedback(t.Context(), "nobody"); !errors.Is(err, ErrNoMember) {
		t.Errorf("of nobody: %v", err)
	}
	stuck = true
	if _, err := client.Feedback(t.Context(), "a1"); !errors.Is(err, ErrAnswer) {
		t.Errorf("without an end: %v", err)
	}
}

func TestFeedbackOfNobody(t *testing.T) {
	c, at := newCluster(t)
	for _, l := range at {
		_ = l.Close()
	}
	if _, err := c.open(t).Feedback(t.Context(), ""); !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v", err)
	}
}
