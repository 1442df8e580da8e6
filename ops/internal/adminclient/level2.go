package adminclient

import (
	"context"
	"net/http"
	"net/url"

	"tvilling/protocol/admin"
)

// Announcements lists what the operation tells those who use the client.
func (c *Client) Announcements(ctx context.Context, node string) (admin.Announcements, error) {
	return first(ctx, c, node, func(ctx context.Context, id string) (admin.Announcements, error) {
		return call[admin.Announcements](ctx, c, id, http.MethodGet, admin.PathAnnounced, nil)
	})
}

// Announce tells everybody who uses the client. With an ID of the caller's own it is the
// same however often it is told, so that the next node is asked if one does not answer;
// without, it is told to one node.
func (c *Client) Announce(ctx context.Context, node string, a admin.Announcement) (admin.Done, error) {
	tell := func(ctx context.Context, id string) (admin.Done, error) {
		return call[admin.Done](ctx, c, id, http.MethodPost, admin.PathAnnounced, a)
	}
	if a.ID != "" {
		return firstWithin(ctx, c, node, actTimeout, tell)
	}
	status, err := c.Status(ctx, node)
	if err != nil {
		return admin.Done{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	return tell(ctx, status.Node)
}

// Withdraw takes back what was told. One that is not told is withdrawn already.
func (c *Client) Withdraw(ctx context.Context, node, announcement string) (admin.Done, error) {
	path := admin.PathAnnounced + "?" + url.Values{"id": {announcement}}.Encode()
	return firstWithin(ctx, c, node, actTimeout, func(ctx context.Context, id string) (admin.Done, error) {
		return call[admin.Done](ctx, c, id, http.MethodDelete, path, nil)
	})
}

// NoteBackup says that a backup was restored and found true. It is the same however
// often it is said.
func (c *Client) NoteBackup(ctx context.Context, node string, m admin.BackupManifest) (admin.Done, error) {
	return firstWithin(ctx, c, node, actTimeout, func(ctx context.Context, id string) (admin.Done, error) {
		return call[admin.Done](ctx, c, id, http.MethodPost, admin.PathVerified, m)
	})
}
