package rivta

import (
	"strconv"
	"strings"
)

// element is one XML element of a record, without its namespace: minor versions put
// their additions in namespaces of their own and mean the same. Attributes and text
// beside children stand as children, so that nothing is lost.
type element struct {
	name     string
	text     string // of a leaf, without white space around
	children []*element
	parent   *element
	line     int
	ordinal  int  // among siblings that are not kept; 0: count them
	taken    bool // already in the header or in another node
}

// textName is the label of text that stands beside children.
const textName = "text"

func (e *element) leaf() bool { return len(e.children) == 0 }

// empty reports that there is nothing left to show.
func (e *element) empty() bool {
	if e.taken || e.leaf() {
		return e.taken || e.text == ""
	}
	for _, c := range e.children {
		if !c.empty() {
			return false
		}
	}
	return true
}

// child returns the first child of the name. Letter case is ignored: the contracts
// themselves write HSAId, HSAid and hsaid.
func (e *element) child(name string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if strings.EqualFold(c.name, name) {
			return c
		}
	}
	return nil
}

// all returns the elements at a path of names parted by "/".
func (e *element) all(path string) []*element {
	name, rest, more := strings.Cut(path, "/")
	var found []*element
	for _, c := range e.children {
		switch {
		case !strings.EqualFold(c.name, name):
		case more:
			found = append(found, c.all(rest)...)
		default:
			found = append(found, c)
		}
	}
	return found
}

// find returns the first element at any of the paths, or nil.
func (e *element) find(paths ...string) *element {
	for _, path := range paths {
		if found := e.all(path); len(found) > 0 {
			return found[0]
		}
	}
	return nil
}

// says returns the text of a leaf; of nil and of groups nothing.
func (e *element) says() string {
	if e == nil || !e.leaf() {
		return ""
	}
	return e.text
}

// take marks elements as shown elsewhere.
func take(elements ...*element) {
	for _, e := range elements {
		if e != nil {
			e.taken = true
		}
	}
}

// place names where e stands: the path from the root and the line. A name that is in
// none of the package's own tables is written "*", since a message can put anything
// into a name as well.
func (e *element) place() string {
	if e == nil {
		return "the message"
	}
	var b strings.Builder
	e.writePath(&b)
	b.WriteString(", line ")
	b.WriteString(strconv.Itoa(e.line))
	return b.String()
}

func (e *element) writePath(b *strings.Builder) {
	if e.parent != nil {
		e.parent.writePath(b)
		b.WriteByte('/')
	}
	if knownName(e.name) {
		b.WriteString(e.name)
	} else {
		b.WriteByte('*')
	}
	if n, many := e.position(); many {
		b.WriteByte('[')
		b.WriteString(strconv.Itoa(n))
		b.WriteByte(']')
	}
}

// position counts e among its siblings of the same name.
func (e *element) position() (n int, many bool) {
	if e.ordinal > 0 || e.parent == nil {
		return e.ordinal, e.ordinal > 0
	}
	same := 0
	for _, c := range e.parent.children {
		if c.name == e.name {
			same++
		}
		if c == e {
			n = same
		}
	}
	return n, same > 1 && n > 0
}
