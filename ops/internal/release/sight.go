package release

import (
	"time"

	"tvilling/protocol/admin"
)

// Sight is the cluster as it was seen once.
type Sight struct {
	At      time.Time
	Leader  string
	Wanted  string // who was to lead then; set by whoever looks
	Level   uint16 // that is active
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

// percentile is the bound of the bucket that a share of all lie in; 0: there are fewer
// than least.
func percentile(buckets []Bucket, share, least float64) float64 {
	if len(buckets) == 0 {
		return 0
	}
	all := buckets[len(buckets)-1].Count
	if all < least {
		return 0
	}
	for _, b := range buckets {
		if b.Count >= share*all {
			return b.Seconds
		}
	}
	return 0
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
