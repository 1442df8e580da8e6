package release

import (
	"math"
	"time"

	"tvilling/protocol/admin"
)

// Sight is the cluster as it was seen once.
type Sight struct {
	At      time.Time
	Leader  string
	Wanted  string // who was to lead then; set by whoever looks
	Members map[string]admin.Member
	Numbers map[string]Numbers // by node; one that tells none is not there
	Feeds   []admin.Feed
}

// Numbers are what a node has counted since it was started. NaN is not used: a number
// that a node does not tell is zero, and no sign rests on it.
type Numbers struct {
	Requests float64
	Failed   float64
	Opens    []Bucket // how long opening took, cumulative
}

// Bucket is one of a histogram: how many took at most Seconds.
type Bucket struct {
	Seconds float64
	Count   float64
}

// percentile is below what a share of all lie, taking those of a bucket to lie evenly in
// it: by bounds alone, a little more could look like more than twice as much. What is
// longer than the last bound is taken for that. 0: there are fewer than least.
func percentile(buckets []Bucket, share, least float64) float64 {
	if len(buckets) == 0 {
		return 0
	}
	all := buckets[len(buckets)-1].Count
	if all == 0 || all < least {
		return 0
	}
	var below Bucket
	for _, b := range buckets {
		if math.IsInf(b.Seconds, 0) {
			break
		}
		if b.Count >= share*all && b.Count > below.Count {
			return below.Seconds + (b.Seconds-below.Seconds)*(share*all-below.Count)/(b.Count-below.Count)
		}
		below = b
	}
	return below.Seconds
}

// since is what was counted after an earlier account of the same process; without one
// that fits, everything.
func since(now, before []Bucket) []Bucket {
	if len(now) != len(before) {
		return now
	}
	out := make([]Bucket, len(now))
	for i := range now {
		out[i] = Bucket{now[i].Seconds, now[i].Count - before[i].Count}
		if out[i].Count < 0 || now[i].Seconds != before[i].Seconds {
			return now
		}
	}
	return out
}
