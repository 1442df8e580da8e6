package admin

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"tvilling/protocol/admin"
)

// Limits of giving a backup.
const (
	backupLimit = 2 * time.Hour    // for all of it: then it is cut off, which the length that was promised shows
	chunkLimit  = 30 * time.Second // for the operator to take one chunk
	chunkBytes  = 1 << 20
)

// What a node answers when it gives no backup now.
var (
	ErrBackupBusy   = fmt.Errorf("%w: this node gives a backup already; wait for it, or ask another node", errState)
	ErrBackupNoRoom = fmt.Errorf("%w: this node has no room for a copy of its state", errState)
)

// Backups gives the state as a backup: what it is, and a snapshot that is whole when
// it is given, so that nothing waits for whoever reads it. The context is for both.
type Backups interface {
	Take(ctx context.Context) (admin.BackupManifest, io.ReadCloser, error)
}

// backup streams a backup. It takes longer than other calls may: the server's limit
// is replaced by one for each chunk.
func (e *endpoint) backup(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), backupLimit)
	defer cancel()
	deadlines := http.NewResponseController(w)
	manifest, state, err := e.Backups.Take(ctx)
	if err != nil {
		_ = deadlines.SetWriteDeadline(time.Now().Add(callTimeout))
		e.answer(func(*http.Request) (any, error) { return nil, fmt.Errorf("taking a backup: %w", err) }).ServeHTTP(w, r)
		return
	}
	defer state.Close()
	started := time.Now()
	sent, err := send(w, deadlines, manifest, state)
	log := e.Logger.With("operator", operatorOf(r), "index", manifest.Index, "bytes", sent, "of", manifest.Bytes, "seconds", time.Since(started).Seconds())
	if err != nil || sent < manifest.Bytes {
		log.Warn("backup cut off", "error", err)
		return
	}
	log.Info("backup given")
}

// send writes it chunk by chunk. What is sent too little is seen by the length.
func send(w http.ResponseWriter, deadlines *http.ResponseController, manifest admin.BackupManifest, state io.Reader) (sent int64, err error) {
	line, err := manifest.Line()
	if err != nil {
		return 0, err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(int64(len(line))+manifest.Bytes, 10))
	if _, err := w.Write(line); err != nil {
		return 0, err
	}
	chunk := make([]byte, chunkBytes)
	for end := time.Now().Add(backupLimit); ; {
		n, err := io.ReadFull(state, chunk)
		if n > 0 {
			limit := time.Now().Add(chunkLimit)
			if limit.After(end) {
				limit = end
			}
			_ = deadlines.SetWriteDeadline(limit)
			if _, err := w.Write(chunk[:n]); err != nil {
				return sent, err
			}
			sent += int64(n)
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return sent, nil
		default:
			return sent, err
		}
	}
}

// ageOf is how much of the state's time a verified backup lacks, in seconds; 0 without.
func ageOf(verified admin.BackupManifest, now time.Time) int64 {
	taken, err := time.Parse(time.RFC3339, verified.Taken)
	if err != nil {
		return 0
	}
	return int64(now.Sub(taken).Seconds())
}
