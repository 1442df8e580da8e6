package admin

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrCheckpoint is a text that is no statement about an access log.
var ErrCheckpoint = errors.New("not a checkpoint of an access log")

// Checkpoint is a statement about a cluster's access log: that its first Size entries
// have the tree Root. It is signed as a note (golang.org/x/mod/sumdb/note), by several
// nodes; the text is the form that transparency logs use: origin, size, root, then our
// own line with the time.
type Checkpoint struct {
	Cluster string
	Size    uint64
	Root    [32]byte
	At      time.Time // when the leader made it, to the second

	Generation Generation // of the cluster's history that this log is of
}

// Generation names a history of the cluster, as a checkpoint says it: a recovery or a
// restored backup begins a new one, whose log may lack what an older one had. The first
// has no id, and stands in no checkpoint: the zero value is the first too.
type Generation struct {
	Number uint32
	ID     [16]byte
}

// First tells whether it is.
func (g Generation) First() bool { return g.Number <= 1 }

const (
	timeLine       = "time "
	generationLine = "generation "
)

// origin names the log in a checkpoint.
func origin(cluster string) string { return "tvilling/" + cluster + "/access-log" }

// SignerName is what a node is called in a signature.
func SignerName(cluster, node string) string { return "tvilling/" + cluster + "/" + node }

// SignerNode returns the node of a signature's name, if it is of the cluster.
func SignerNode(cluster, name string) (node string, ok bool) {
	node, ok = strings.CutPrefix(name, "tvilling/"+cluster+"/")
	return node, ok && node != "" && !strings.Contains(node, "/")
}

// Text returns what is signed.
func (c Checkpoint) Text() string {
	text := fmt.Sprintf("%s\n%d\n%s\n%s%s\n", origin(c.Cluster), c.Size, base64.StdEncoding.EncodeToString(c.Root[:]),
		timeLine, c.At.UTC().Format(time.RFC3339))
	if !c.Generation.First() {
		text += fmt.Sprintf("%s%d %x\n", generationLine, c.Generation.Number, c.Generation.ID)
	}
	return text
}

// parseGeneration reads the line of a generation after the first.
func parseGeneration(line string) (g Generation, err error) {
	number, id, _ := strings.Cut(strings.TrimPrefix(line, generationLine), " ")
	n, err := strconv.ParseUint(number, 10, 32)
	b, hexErr := hex.DecodeString(id)
	if err != nil || hexErr != nil || n < 2 || len(b) != len(g.ID) {
		return g, fmt.Errorf("%w: its generation is none", ErrCheckpoint)
	}
	g.Number = uint32(n)
	copy(g.ID[:], b)
	return g, nil
}

// ParseCheckpoint reads what Text wrote, and nothing else.
func ParseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 && len(lines) != 6 || lines[len(lines)-1] != "" {
		return Checkpoint{}, fmt.Errorf("%w: it has neither four lines nor five", ErrCheckpoint)
	}
	var c Checkpoint
	name, log := strings.CutSuffix(lines[0], "/access-log")
	cluster, ours := strings.CutPrefix(name, "tvilling/")
	if !log || !ours || cluster == "" || strings.Contains(cluster, "/") {
		return Checkpoint{}, fmt.Errorf("%w: it names another kind of log", ErrCheckpoint)
	}
	c.Cluster = cluster
	var err error
	if c.Size, err = strconv.ParseUint(lines[1], 10, 63); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: its size is no number", ErrCheckpoint)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return Checkpoint{}, fmt.Errorf("%w: its root is no hash", ErrCheckpoint)
	}
	copy(c.Root[:], root)
	if c.At, err = time.Parse(time.RFC3339, strings.TrimPrefix(lines[3], timeLine)); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: its time is no time", ErrCheckpoint)
	}
	if len(lines) == 6 {
		if c.Generation, err = parseGeneration(lines[4]); err != nil {
			return Checkpoint{}, err
		}
	}
	if c.Text() != text {
		return Checkpoint{}, fmt.Errorf("%w: it is not written as one is", ErrCheckpoint)
	}
	return c, nil
}

// Leaf is what the log's tree holds of one entry. The state machine makes the same
// eighty bytes.
type Leaf struct {
	Sequence   uint64
	Index      uint64 // of the raft entry that added it
	ID         [16]byte
	Subject    [16]byte // the patient's pseudonym
	Commitment [32]byte // SHA-256 of the plain entry
}

// Data returns the leaf's bytes.
func (l Leaf) Data() []byte {
	b := make([]byte, 0, 80)
	b = binary.BigEndian.AppendUint64(b, l.Sequence)
	b = binary.BigEndian.AppendUint64(b, l.Index)
	b = append(b, l.ID[:]...)
	b = append(b, l.Subject[:]...)
	return append(b, l.Commitment[:]...)
}
