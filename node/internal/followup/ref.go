package followup

import (
	"fmt"

	"tvilling/node/internal/record"
)

// entry is an entry of the log that was opened, and its place.
type entry struct {
	sequence uint64
	index    uint64
	record.Entry
}

// find finds an entry by its id, as a browser and reports show it or as the national
// log does. An id that several begin with is nobody's.
func (s *Service) find(id string) (entry, error) {
	prefix, err := record.ParseID(id)
	if err != nil {
		return entry{}, fmt.Errorf("%w: %w", ErrNoEntry, err)
	}
	v, err := s.cfg.State.View()
	if err != nil {
		return entry{}, err
	}
	defer v.Close()
	found := v.LogFind(prefix)
	if len(found) != 1 {
		return entry{}, ErrNoEntry
	}
	e, ok, err := s.open(found[0])
	if err == nil && !ok {
		err = fmt.Errorf("%w: its key was destroyed", ErrNoEntry)
	}
	return e, err
}
