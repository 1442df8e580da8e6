package node

import (
	"time"

	"tvilling/node/internal/proof"
	"tvilling/node/internal/record"
	"tvilling/protocol/admin"
	"tvilling/raftfsm"
)

// Log returns how the access log is kept and handed on. It needs no keys.
func (s state) Log(now time.Time) (admin.LogStatus, error) {
	v, err := s.fsm.View()
	if err != nil {
		return admin.LogStatus{}, err
	}
	defer v.Close()
	status := admin.LogStatus{Entries: v.LogLength()}
	size, note, ok := v.Checkpoint()
	if ok {
		if c, holds := proof.Proved(s.from, size, string(note)); holds {
			status.Checkpoint, status.CheckpointAt = size, c.At.UTC().Format(time.RFC3339)
		}
	}
	status.UnprovenSeconds = waited(v, status.Checkpoint, now)
	if s.from.Upstream.Log != nil {
		e := v.Export()
		status.Export = &admin.ExportStatus{
			Through: e.Through, Waiting: status.Entries - min(e.Through, status.Entries),
			OldestSeconds: waited(v, e.Through, now), Refused: e.Refused, RefusedEntries: v.ExportRefused(0, admin.MaxRefusedShown),
		}
	}
	return status, nil
}

// waited is how long the entry after a number has stood; 0: there is none.
func waited(v *raftfsm.View, after uint64, now time.Time) int64 {
	for _, l := range v.Log(after, 1) {
		return max(0, int64(now.Sub(record.Drawn(l.ID)).Seconds()))
	}
	return 0
}

// Written is when the access log's entry after a number was; zero: there is none.
func (s state) Written(after uint64) (time.Time, error) {
	v, err := s.fsm.View()
	if err != nil {
		return time.Time{}, err
	}
	defer v.Close()
	for _, l := range v.Log(after, 1) {
		return record.Drawn(l.ID), nil
	}
	return time.Time{}, nil
}
