package upstream

import (
	"fmt"
	"time"

	"tvilling/protocol"
)

// localClock reads and writes the services' times: Swedish local, without a zone.
type localClock struct{ loc *time.Location }

func newLocalClock() (localClock, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return localClock{}, fmt.Errorf("%w: %w", ErrFeed, err)
	}
	return localClock{loc: loc}, nil
}

// text writes a time to the millisecond.
func (c localClock) text(at protocol.Instant) string {
	return time.UnixMilli(int64(at)).In(c.loc).Format("2006-01-02T15:04:05.000")
}
