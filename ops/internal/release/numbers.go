package release

import (
	"bufio"
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
)

// What is read of a node's metrics. A node that does not show one is not judged by it.
const (
	numberRequests = "tvilling_requests_total"
	numberFailed   = "tvilling_requests_failed_total"
	numberOpens    = "tvilling_open_seconds_bucket"
)

// Limits of what is read.
const (
	maxNumberLine = 4 << 10
	maxBuckets    = 256
)

// parseNumbers reads what the signs need of a text as Prometheus reads it. Series of
// one name that differ by labels are added up; what is not understood is passed over.
func parseNumbers(text []byte) Numbers {
	var n Numbers
	opens := map[float64]float64{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(make([]byte, maxNumberLine), maxNumberLine)
	for lines.Scan() {
		name, labels, value, ok := series(lines.Text())
		if !ok {
			continue
		}
		switch name {
		case numberRequests:
			n.Requests += value
		case numberFailed:
			n.Failed += value
		case numberOpens:
			_, after, found := strings.Cut(labels, `le="`)
			bound, _, closed := strings.Cut(after, `"`)
			le, err := strconv.ParseFloat(bound, 64)
			if found && closed && err == nil && !math.IsNaN(le) && (len(opens) < maxBuckets || opens[le] > 0) {
				opens[le] += value
			}
		}
	}
	for le, count := range opens {
		n.Opens = append(n.Opens, Bucket{le, count})
	}
	slices.SortFunc(n.Opens, func(a, b Bucket) int {
		if a.Seconds < b.Seconds {
			return -1
		}
		return 1
	})
	return n
}

// series takes a line apart. Values that are no finite count are none.
func series(line string) (name, labels string, value float64, ok bool) {
	if strings.HasPrefix(line, "#") {
		return "", "", 0, false
	}
	rest := line
	if open := strings.IndexByte(line, '{'); open >= 0 {
		end := strings.LastIndexByte(line, '}')
		if end < open {
			return "", "", 0, false
		}
		name, labels, rest = line[:open], line[open+1:end], line[end+1:]
	} else if name, rest, ok = strings.Cut(line, " "); !ok {
		return "", "", 0, false
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return "", "", 0, false
	}
	value, err := strconv.ParseFloat(fields[0], 64)
	return name, labels, value, err == nil && value >= 0 && !math.IsInf(value, 0)
}
