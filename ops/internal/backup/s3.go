package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3 is how a bucket is reached. Credentials are not in it: they come from the
// environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) or from a
// file of profiles (AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE).
type S3 struct {
	Endpoint string // URL; empty: Amazon's
	Region   string // empty: asked for
}

// Limits of talking to a bucket.
const (
	amazon        = "https://s3.amazonaws.com"
	s3Silence     = 2 * time.Minute // for an answer to begin
	s3Tries       = 4               // of one request
	partFloor     = 16 << 20        // bytes of one part; it is held in memory
	maxParts      = 9_000           // of 10 000 that the protocol has: sealing adds a little
	s3DialTimeout = 10 * time.Second
	s3Removal     = 10 * time.Second // of the parts of a backup that was given up
)

// bucket keeps backups as objects, under a prefix. An object that is written in parts
// is there when the last is, or not at all.
type bucket struct {
	client         *minio.Client
	bucket, prefix string
}

func openS3(name, prefix string, o S3) (Place, error) {
	if o.Endpoint == "" {
		o.Endpoint = amazon
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.User != nil {
		return nil, fmt.Errorf("%w: the endpoint is to be a URL of scheme, host and port alone", ErrPlace)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, fmt.Errorf("%w: %s: an endpoint is spoken to over https (http on loopback alone)", ErrPlace, u.Redacted())
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: s3DialTimeout}).DialContext,
		TLSHandshakeTimeout: s3DialTimeout, ResponseHeaderTimeout: s3Silence, MaxIdleConnsPerHost: 4, DisableCompression: true,
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{},
		}),
		Secure: u.Scheme == "https", Region: o.Region, Transport: transport, MaxRetries: s3Tries,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	return &bucket{client: client, bucket: name, prefix: prefix}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// String implements Place.
func (b *bucket) String() string { return "s3://" + b.bucket + "/" + b.prefix }

// fault says what the service refused, in words that hold no credential.
func (b *bucket) fault(err error) error {
	var refused minio.ErrorResponse
	if errors.As(err, &refused) && refused.Code != "" {
		if refused.Code == minio.NoSuchKey {
			return fmt.Errorf("%w: %s", ErrNone, b)
		}
		return fmt.Errorf("%w: %s: %s: %s", ErrPlace, b, refused.Code, refused.Message)
	}
	return fmt.Errorf("%w: %s: %w", ErrPlace, b, err)
}

// Create implements Place.
func (b *bucket) Create(ctx context.Context, name string, size int64) (Sink, error) {
	_, err := b.client.StatObject(ctx, b.bucket, b.prefix+name, minio.StatObjectOptions{})
	if err == nil {
		return nil, fmt.Errorf("%w: %s%s", ErrExists, b, name)
	}
	if err := b.fault(err); !errors.Is(err, ErrNone) {
		return nil, err
	}
	from, to := io.Pipe()
	s := &objectSink{to: to, ended: make(chan error, 1)}
	// Who gives up is let go at once; the parts that were sent need a moment to be removed.
	upload, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		_ = to.CloseWithError(ctx.Err())
		time.AfterFunc(s3Removal, cancel)
	})
	go func() {
		defer cancel()
		defer stop()
		_, err := b.client.PutObject(upload, b.bucket, b.prefix+name, from, -1, minio.PutObjectOptions{
			ContentType: "application/octet-stream", PartSize: uint64(max(partFloor, size/maxParts)), NumThreads: 1,
		})
		if err != nil {
			err = b.fault(err)
			_ = from.CloseWithError(err)
		}
		s.ended <- err
	}()
	return s, nil
}

// PutManifest implements Place.
func (b *bucket) PutManifest(ctx context.Context, name string, text []byte) error {
	_, err := b.client.PutObject(ctx, b.bucket, b.prefix+name+suffix, bytes.NewReader(text), int64(len(text)),
		minio.PutObjectOptions{ContentType: "application/json"})
	if err != nil {
		return b.fault(err)
	}
	return nil
}

// Open implements Place.
func (b *bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := b.client.GetObject(ctx, b.bucket, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, b.fault(err)
	}
	if _, err := object.Stat(); err != nil {
		_ = object.Close()
		return nil, fmt.Errorf("%s: %w", name, b.fault(err))
	}
	return object, nil
}

// Manifests implements Place.
func (b *bucket) Manifests(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing when enough is known
	var names []string
	for o := range b.client.ListObjects(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.prefix}) {
		if o.Err != nil {
			return nil, b.fault(o.Err)
		}
		if strings.HasSuffix(o.Key, suffix) {
			names = append(names, strings.TrimPrefix(o.Key, b.prefix))
		}
		if len(names) > maxKept {
			break
		}
	}
	return names, nil
}

// objectSink hands what is written to an upload.
type objectSink struct {
	to    *io.PipeWriter
	ended chan error // of the upload, once
	done  bool
}

var errAborted = errors.New("the backup was given up")

// Write implements io.Writer.
func (s *objectSink) Write(p []byte) (int, error) { return s.to.Write(p) }

// Commit implements Sink.
func (s *objectSink) Commit() error {
	_ = s.to.Close() // never fails
	s.done = true
	return <-s.ended
}

// Abort implements Sink: the parts that were sent are removed.
func (s *objectSink) Abort() error {
	if s.done {
		return nil
	}
	s.done = true
	_ = s.to.CloseWithError(errAborted) // never fails
	<-s.ended
	return nil
}
