package backup

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeS3 is as much of an S3 service as backups use: one bucket, in memory.
type fakeS3 struct {
	t testing.TB

	mu      sync.Mutex
	objects map[string][]byte
	parts   map[string]map[int][]byte // of uploads that are under way
	uploads int
	calls   []string // METHOD kind
	refuse  func(call string, r *http.Request) int
}

// newS3 serves it on loopback, with credentials in the environment.
func newS3(t testing.TB) (*fakeS3, S3) {
	t.Helper()
	f := &fakeS3{t: t, objects: map[string][]byte{}, parts: map[string]map[int][]byte{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	if t, ok := t.(*testing.T); ok {
		t.Setenv("AWS_ACCESS_KEY_ID", "test-key")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "test-secret")
	}
	return f, S3{Endpoint: server.URL, Region: "eu-north-1"}
}

func kindOf(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodGet && strings.Count(strings.Trim(r.URL.Path, "/"), "/") == 0:
		return "list"
	case q.Has("uploads"):
		return "begin"
	case q.Has("partNumber"):
		return "part"
	case q.Has("uploadId") && r.Method == http.MethodPost:
		return "complete"
	case q.Has("uploadId") && r.Method == http.MethodDelete:
		return "abort"
	}
	return map[string]string{http.MethodPut: "put", http.MethodHead: "head", http.MethodGet: "get"}[r.Method]
}

// ServeHTTP implements http.Handler.
func (f *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=test-key/") {
		f.refused(w, http.StatusForbidden)
		return
	}
	kind := kindOf(r)
	body, err := bodyOf(r)
	if err != nil {
		f.refused(w, http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, kind)
	if f.refuse != nil {
		if status := f.refuse(kind, r); status != 0 {
			f.refused(w, status)
			return
		}
	}
	f.do(w, r, kind, body)
}

func (f *fakeS3) do(w http.ResponseWriter, r *http.Request, kind string, body []byte) {
	name, id := r.URL.Path, r.URL.Query().Get("uploadId")
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body)))
	switch kind {
	case "put":
		f.objects[name] = body
	case "head", "get":
		object, ok := f.objects[name]
		if !ok {
			f.refused(w, http.StatusNotFound)
			return
		}
		w.Header().Set("Last-Modified", "Sun, 22 Nov 2026 10:00:00 GMT")
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(object)))
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(object)))
	case "begin":
		f.uploads++
		id = strconv.Itoa(f.uploads)
		f.parts[id] = map[int][]byte{}
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)
	case "part":
		number, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
		f.parts[id][number] = body
	case "complete":
		var whole []byte
		for number := 1; number <= len(f.parts[id]); number++ {
			whole = append(whole, f.parts[id][number]...)
		}
		f.objects[name] = whole
		delete(f.parts, id)
		fmt.Fprint(w, `<CompleteMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><ETag>"1"</ETag></CompleteMultipartUploadResult>`)
	case "abort":
		delete(f.parts, id)
		w.WriteHeader(http.StatusNoContent)
	case "list":
		f.list(w, r)
	default:
		f.refused(w, http.StatusBadRequest)
	}
}

func (f *fakeS3) list(w http.ResponseWriter, r *http.Request) {
	type content struct {
		Key          string
		LastModified string
		Size         int
	}
	answer := struct {
		XMLName  xml.Name `xml:"ListBucketResult"`
		Contents []content
	}{}
	root := strings.TrimSuffix(r.URL.Path, "/") + "/"
	for name, object := range f.objects {
		if key, ok := strings.CutPrefix(name, root); ok && strings.HasPrefix(key, r.URL.Query().Get("prefix")) {
			answer.Contents = append(answer.Contents, content{key, "2026-11-22T10:00:00.000Z", len(object)})
		}
	}
	slices.SortFunc(answer.Contents, func(a, b content) int { return strings.Compare(a.Key, b.Key) })
	_ = xml.NewEncoder(w).Encode(answer)
}

func (f *fakeS3) refused(w http.ResponseWriter, status int) {
	code := map[int]string{http.StatusForbidden: "AccessDenied", http.StatusNotFound: "NoSuchKey", http.StatusInsufficientStorage: "QuotaExceeded"}[status]
	if code == "" {
		code = "InvalidRequest"
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>as the test says</Message></Error>", code)
}

// bodyOf reads what is sent, in signed chunks too.
func bodyOf(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return io.ReadAll(r.Body)
	}
	var whole []byte
	in := bufio.NewReader(r.Body)
	for {
		head, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(head), ";")
		n, err := strconv.ParseInt(size, 16, 32)
		if err != nil || n == 0 {
			return whole, err
		}
		chunk := make([]byte, n+2)
		if _, err := io.ReadFull(in, chunk); err != nil {
			return nil, err
		}
		whole = append(whole, chunk[:n]...)
	}
}

// left names the objects, and counts the uploads that are under way.
func (f *fakeS3) left() (names []string, underWay int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name := range f.objects {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, len(f.parts)
}

func digestOf(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) }
