package adminclient

import (
	"context"
	"errors"
	"net/http"

	"tvilling/protocol/admin"
)

// Report asks for a page of a report of the access log. A node gives it ten seconds. That
// it was read is in the log; who asks twice is in it twice.
func (c *Client) Report(ctx context.Context, node string, q admin.ReportQuery) (admin.Report, error) {
	return firstWithin(ctx, c, node, actTimeout, func(ctx context.Context, id string) (admin.Report, error) {
		return call[admin.Report](ctx, c, id, http.MethodPost, admin.PathReport, q)
	})
}

// Reports asks for a report page by page until it ends, or the rows are as many as a
// limit. More tells that they ended there.
func (c *Client) Reports(ctx context.Context, node string, q admin.ReportQuery, limit int) (admin.Report, error) {
	all := admin.Report{Rows: []admin.ReportRow{}, Counts: []admin.ReportCount{}}
	for {
		page, err := c.Report(ctx, node, q)
		if err != nil {
			return all, err
		}
		all.Rows, all.Counts = append(all.Rows, page.Rows...), append(all.Counts, page.Counts...)
		all.More, all.After = page.More, page.After
		switch {
		case len(all.Rows) >= limit && (page.More || len(all.Rows) > limit):
			all.Rows, all.More = all.Rows[:limit], true
			return all, nil
		case !page.More:
			return all, nil
		case page.After == q.After && len(page.Rows) > 0:
			return all, errors.Join(ErrAnswer, errors.New("a report that goes on where it was"))
		}
		q.After = page.After
	}
}
