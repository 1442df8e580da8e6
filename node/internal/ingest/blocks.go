package ingest

import (
	"strconv"
	"strings"
	"time"

	"tvilling/node/internal/projection"
	"tvilling/node/internal/upstream"
)

// placeVersion begins the text of a place in a feed.
const placeVersion = "1"

// blockFeed follows the block service. Its deltas never say what was taken back: when
// they say that something was, and now and then since the end of a lift before its time
// is not even said, everything is read.
type blockFeed struct{ Source[Blocks] }

// blockPlace is how far blocks have been read.
type blockPlace struct {
	full      int64  // when everything was last read, milliseconds since 1970; 0: it has to be read again
	cancelled string // the latest cancellation that was known then
	next      string // packed mark
}

func (p blockPlace) String() string {
	return strings.Join([]string{placeVersion, strconv.FormatInt(p.full, 36), p.next, p.cancelled}, " ")
}

func parseBlockPlace(text string) (p blockPlace, ok bool) {
	parts := strings.Split(text, " ")
	if len(parts) != 4 || parts[0] != placeVersion {
		return blockPlace{}, false
	}
	full, err := strconv.ParseInt(parts[1], 36, 64)
	return blockPlace{full: full, next: parts[2], cancelled: parts[3]}, err == nil
}

func (f blockFeed) feed(r *round) error {
	clock, err := upstream.NewClock()
	if err != nil {
		return err
	}
	place, ok := parseBlockPlace(r.watermark)
	from, err := clock.Unpack(place.next)
	age := r.asked - place.full
	if !ok || err != nil || from.IsZero() || age < 0 || age >= f.Full.Milliseconds() {
		return f.full(r)
	}
	a, err := f.Service.Blocks(r.ctx, from.Overlap())
	if err != nil {
		return err
	}
	if err := r.ahead(a.Next.Earliest()); err != nil {
		return err
	}
	if a.Cancelled.Text() != place.cancelled || a.Next.Before(from) {
		return f.full(r)
	}
	d, err := r.compare(said{rows: f.rows(r, a.Blocks)})
	if err != nil {
		return err
	}
	place.next = a.Next.Pack()
	return r.write(d, place.String(), r.asOf)
}

// full reads everything.
func (f blockFeed) full(r *round) error {
	a, err := f.Service.Blocks(r.ctx, upstream.Mark{})
	if err != nil {
		return err
	}
	if err := r.ahead(a.Next.Earliest()); err != nil {
		return err
	}
	place := blockPlace{full: r.asked, cancelled: a.Cancelled.Text(), next: a.Next.Pack()}
	if gap := time.Duration(a.Next.Latest()-a.Cancelled.Latest()) * time.Millisecond; gap.Abs() < sameSecond {
		place.full = 0 // another cancellation may yet get the same time: look once more
	}
	return r.replace(said{rows: f.rows(r, a.Blocks)}, place.String())
}

func (f blockFeed) rows(r *round, blocks []upstream.Block) []row {
	rows := make([]row, len(blocks))
	for i, b := range blocks {
		rows[i] = r.patientRow(b.Patient, projection.AppendBlock(nil, b.Row), projection.BlockDomain, b.Row.ID)
	}
	return rows
}
