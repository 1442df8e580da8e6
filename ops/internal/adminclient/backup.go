package adminclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"tvilling/protocol/admin"
)

// backupSilence is how long a node may send nothing of a backup before it is given up.
// The first byte comes when the node has written a copy of its state.
const backupSilence = 10 * time.Minute

// errSilent is a node that sends nothing more.
var errSilent = errors.New("the node sends nothing more of the backup")

// Backup asks one node for a backup. The state is read from what is returned, which
// ends well only if it is all there, as the manifest says; the caller closes it.
func (c *Client) Backup(ctx context.Context, node string) (admin.BackupManifest, io.ReadCloser, error) {
	m, ok := c.topology.Member(node)
	if !ok {
		return admin.BackupManifest{}, nil, fmt.Errorf("%w: %q", ErrNoMember, node)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	alarm := time.AfterFunc(backupSilence, func() { cancel(errSilent) })
	s := &backupStream{ctx: ctx, cancel: cancel, alarm: alarm}
	manifest, err := s.open(c.http[node], node, "https://"+m.Admin+admin.PathBackup)
	if err == nil && manifest.Cluster != c.topology.Cluster {
		err = fmt.Errorf("%w: a backup of the cluster %.80q, and this is %q", ErrAnswer, manifest.Cluster, c.topology.Cluster)
	}
	if err != nil {
		return manifest, nil, errors.Join(s.cause(err), s.Close())
	}
	return manifest, s, nil
}

// backupStream is a backup on its way.
type backupStream struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	alarm  *time.Timer
	body   io.ReadCloser
	state  io.Reader
}

func (s *backupStream) open(client *http.Client, node, url string) (admin.BackupManifest, error) {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return admin.BackupManifest{}, err
	}
	response, err := client.Do(r)
	if err != nil {
		return admin.BackupManifest{}, fmt.Errorf("%w: %s: %w", ErrUnreachable, node, err)
	}
	s.body = response.Body
	if response.StatusCode != http.StatusOK {
		problem := &ProblemError{Node: node, Status: response.StatusCode}
		raw, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
		if json.Unmarshal(raw, &problem.Problem) != nil || problem.Problem.Code == "" {
			return admin.BackupManifest{}, fmt.Errorf("%w: status %s", ErrAnswer, response.Status)
		}
		return admin.BackupManifest{}, problem
	}
	in := bufio.NewReaderSize(response.Body, 1<<20)
	manifest, err := admin.ReadBackupManifest(in)
	if err != nil {
		return manifest, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	s.state = manifest.State(in)
	return manifest, nil
}

// Read implements io.Reader.
func (s *backupStream) Read(p []byte) (int, error) {
	n, err := s.state.Read(p)
	if n > 0 {
		s.alarm.Reset(backupSilence)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("the connection to the node broke, or it ended: %w", s.cause(err))
	}
	return n, err
}

// Close implements io.Closer.
func (s *backupStream) Close() error {
	s.alarm.Stop()
	s.cancel(nil)
	if s.body == nil {
		return nil
	}
	return s.body.Close()
}

// cause is why the context ended, if it did.
func (s *backupStream) cause(err error) error {
	if cause := context.Cause(s.ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// Answering names the members that answer at their operator addresses with a
// certificate of the cluster: to look whether a cluster is alive, where no operator's
// directory is at hand. A port that is open without a node behind it does not answer.
func Answering(ctx context.Context, t admin.Topology, authority *x509.CertPool) []string {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answers := make([]bool, len(t.Members))
	var all sync.WaitGroup
	for i, m := range t.Members {
		all.Go(func() { answers[i] = shows(ctx, m, admin.Identity{Cluster: t.Cluster, Node: m.ID}, authority) })
	}
	all.Wait()
	var ids []string
	for i, m := range t.Members {
		if answers[i] {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// shows tells whether a member shows its certificate.
func shows(ctx context.Context, m admin.Node, want admin.Identity, authority *x509.CertPool) bool {
	dialer := tls.Dialer{Config: &tls.Config{
		MinVersion: tls.VersionTLS13, RootCAs: authority,
		VerifyConnection: func(state tls.ConnectionState) error {
			got, err := admin.ParseIdentity(state.PeerCertificates[0].URIs)
			if err == nil && got != want {
				err = ErrWrongNode
			}
			return err
		},
	}}
	conn, err := dialer.DialContext(ctx, "tcp", m.Admin)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
