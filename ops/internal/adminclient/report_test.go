package adminclient

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"tvilling/protocol/admin"
)

func TestReportsAreReadToTheirEnd(t *testing.T) {
	c, at := newCluster(t)
	var asked []uint64
	stuck := false
	c.serve(t, at["a1"], "a1", func(w http.ResponseWriter, r *http.Request) {
		var q admin.ReportQuery
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.Method+" "+r.URL.Path != "POST "+admin.PathReport || q.Kind != "provider" {
			t.Errorf("%s %s: %+v, %v", r.Method, r.URL, q, err)
		}
		asked = append(asked, q.After)
		page := admin.Report{Rows: make([]admin.ReportRow, 2), After: q.After + 2, More: q.After < 4}
		if q.After == 2 {
			page.Rows = nil // a page may be empty
		}
		if stuck {
			page.After, page.More = q.After, true
		}
		_ = json.NewEncoder(w).Encode(page)
	})
	client, q := c.open(t), admin.ReportQuery{Kind: "provider"}
	r, err := client.Reports(t.Context(), "a1", q, 100)
	if err != nil || len(r.Rows) != 4 || r.More || len(asked) != 3 || asked[2] != 4 {
		t.Errorf("%d rows, more %v, asked %v: %v", len(r.Rows), r.More, asked, err)
	}
	for limit, more := range map[int]bool{1: true, 2: true, 3: true, 4: false} {
		r, err := client.Reports(t.Context(), "a1", q, limit)
		if err != nil || len(r.Rows) != limit || r.More != more {
			t.Errorf("limit %d: %d rows, more %v, %v", limit, len(r.Rows), r.More, err)
		}
	}
	stuck = true
	if _, err := client.Reports(t.Context(), "a1", q, 100); !errors.Is(err, ErrAnswer) {
		t.Errorf("a report without an end: %v", err)
	}
}
