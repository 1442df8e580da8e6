package store

// Bucket numbers a part of the file. The numbers go into the state hash and into
// snapshots: append only, never reuse.
type Bucket uint8

// The buckets that hold the state.
const (
	noBucket    Bucket = iota
	Headers            // subject(16) contract(1) document key(16)
	Bodies             // subject(16) document key(16); apart from the headers, so that a list does not read them
	Sets               // subject(16) contract(1) source
	Blocks             // subject(16) row key(16)
	Consents           // subject(16) row key(16)
	Relations          // subject(16) row key(16)
	Commissions        // subject(16) row key(16)
	Revisions          // subject(16)
	Feeds              // projection(1)
	Intents            // index(8)
	Sources            // source
	Log                // sequence(8)
	LogIDs             // entry id(16)
	LogSubjects        // subject(16) sequence(8)
	Cluster            // a word
	Persons            // subject(16) row key(16)
	Tree               // number of a hash(8): those of the log's tree but for the leaves'
	Checkpoints        // entries(8)
	Refused            // sequence(8)
	Coverage           // care provider, contract(1) since(8)
	bucketEnd
)

// names are the buckets' names in the file.
var names = [bucketEnd]string{
	Headers: "headers", Bodies: "bodies", Sets: "sets", Blocks: "blocks", Consents: "consents",
	Relations: "relations", Commissions: "commissions", Revisions: "revisions", Feeds: "feeds",
	Intents: "intents", Sources: "sources", Log: "log", LogIDs: "logids", LogSubjects: "logsubjects",
	Cluster: "cluster", Persons: "persons", Tree: "tree", Checkpoints: "checkpoints", Refused: "refused",
	Coverage: "coverage",
}

// metaBucket holds what is about the file and not part of the state.
const metaBucket = "meta"

var (
	metaPosition = []byte("position")
	metaID       = []byte("id")
)

// String returns the bucket's name.
func (b Bucket) String() string {
	if b == noBucket || b >= bucketEnd {
		return "unknown bucket"
	}
	return names[b]
}

// Known reports whether b is one of the buckets.
func (b Bucket) Known() bool { return b > noBucket && b < bucketEnd }

// Buckets returns every bucket in order.
func Buckets() []Bucket {
	all := make([]Bucket, 0, bucketEnd-1)
	for b := noBucket + 1; b < bucketEnd; b++ {
		all = append(all, b)
	}
	return all
}

// fill is how full bbolt makes the pages of a bucket: those that only grow at their
// end are packed.
func (b Bucket) fill() float64 {
	if b == Log || b == Intents || b == Tree {
		return 0.98
	}
	return 0.5
}

func bucketNamed(name []byte) Bucket {
	for b := noBucket + 1; b < bucketEnd; b++ {
		if names[b] == string(name) {
			return b
		}
	}
	return noBucket
}
