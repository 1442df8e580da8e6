package upstream

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// reader reads an answer token by token, and one field at a time into memory.
type reader struct {
	in  io.LimitedReader
	dec *xml.Decoder
}

var errCharset = errors.New("another encoding than UTF-8")

func (r *reader) begin() {
	r.dec = xml.NewDecoder(&r.in)
	r.dec.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errCharset }
}

// element is a field of an answer, with what stands in it.
type element struct {
	name     string
	text     string
	children []*element
}

// fieldName is an element's name as the newer domains write it: older ones begin it with
// a capital.
func fieldName(local string) string {
	if local == "" || local[0] < 'A' || local[0] > 'Z' {
		return local
	}
	return string(local[0]-'A'+'a') + local[1:]
}

// get returns the text of the first child of that name; empty: there is none.
func (e *element) get(name string) string {
	if child := e.child(name); child != nil {
		return child.text
	}
	return ""
}

func (e *element) child(name string) *element {
	for _, child := range e.children {
		if child.name == name {
			return child
		}
	}
	return nil
}

// answer reads a whole message: an envelope with the contract's response or a fault.
func (r *reader) answer(c contract, take func(*element) error) error {
	start, more, err := r.next()
	if errors.Is(err, io.EOF) {
		err = malformed("empty")
	}
	if err == nil && (!more || start.Name != xml.Name{Space: envelopeSpace, Local: "Envelope"}) {
		err = malformed("no SOAP envelope")
	}
	if err != nil {
		return err
	}
	found := false
	for {
		if start, more, err = r.next(); err != nil {
			return err
		} else if !more {
			break
		}
		switch {
		case start.Name != xml.Name{Space: envelopeSpace, Local: "Body"}:
			err = r.skip()
		case found:
			err = malformed("two bodies")
		default:
			found, err = true, r.body(c, take)
		}
		if err != nil {
			return err
		}
	}
	if !found {
		return malformed("no body")
	}
	if _, more, err := r.next(); more || !errors.Is(err, io.EOF) {
		return malformed("something after the envelope")
	}
	return nil
}

func (r *reader) body(c contract, take func(*element) error) error {
	start, more, err := r.next()
	switch {
	case err != nil:
		return err
	case !more:
		return malformed("an empty body")
	case start.Name == xml.Name{Space: envelopeSpace, Local: "Fault"}:
		return r.fault(start)
	case start.Name != xml.Name{Space: c.space, Local: c.name + "Response"}:
		return malformed("the response of another contract")
	}
	if err := r.fields(c, c.space, take); err != nil {
		return err
	}
	if _, more, err := r.next(); err != nil || more {
		return errors.Join(err, malformed("more than one response"))
	}
	return nil
}

// fields reads the children of the response. Where the contract wraps its fields in an
// element of the interaction's own, it is entered; elements of other namespaces are
// extensions, and passed over.
func (r *reader) fields(c contract, wrapper string, take func(*element) error) error {
	for {
		start, more, err := r.next()
		if err != nil || !more {
			return err
		}
		known := start.Name.Space == c.space || start.Name.Space == c.types
		switch {
		case known && c.fields[fieldName(start.Name.Local)]:
			err = r.field(start, take)
		case wrapper != "" && start.Name.Space == wrapper:
			err = r.fields(c, "", take)
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
}

func (r *reader) field(start xml.StartElement, take func(*element) error) error {
	e, err := r.tree(start)
	if err != nil {
		return err
	}
	return take(e)
}

// fault reads a SOAP fault. Of its texts only a code of the platform is kept.
func (r *reader) fault(start xml.StartElement) error {
	e, err := r.tree(start)
	if err != nil {
		return err
	}
	code := "none that is known"
	if text := e.get("faultstring"); len(text) >= faultCodeMaxBytes && isPlatformCode(text[:faultCodeMaxBytes]) {
		code = text[:faultCodeMaxBytes]
	}
	return fmt.Errorf("%w: a SOAP fault; the platform's code: %s", ErrUnavailable, code)
}

func isPlatformCode(s string) bool {
	return strings.HasPrefix(s, "VP") && strings.Trim(s[2:], "0123456789") == ""
}

// tree reads an element with everything in it.
func (r *reader) tree(start xml.StartElement) (*element, error) {
	root := &element{name: fieldName(start.Name.Local)}
	open, count := []*element{root}, 1
	for len(open) > 0 {
		t, err := r.token()
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch t := t.(type) {
		case xml.StartElement:
			if count++; count > maxElements || len(open) >= maxElementDepth {
				return nil, malformed("too many elements in a row, or nested too deep")
			}
			child := &element{name: fieldName(t.Name.Local)}
			top.children = append(top.children, child)
			open = append(open, child)
		case xml.CharData:
			if len(top.text)+len(t) > maxElementText {
				return nil, malformed("a text that is too long")
			}
			top.text += string(t)
		case xml.EndElement:
			top.text = strings.TrimSpace(top.text)
			open = open[:len(open)-1]
		}
	}
	return root, nil
}

// next returns the next child's start, or false at the end of the element that is open.
func (r *reader) next() (xml.StartElement, bool, error) {
	for {
		t, err := r.token()
		if err != nil {
			return xml.StartElement{}, false, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t, true, nil
		case xml.EndElement:
			return xml.StartElement{}, false, nil
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return xml.StartElement{}, false, malformed("text where only elements may stand")
			}
		}
	}
}

func (r *reader) skip() error {
	for depth := 1; depth > 0; {
		t, err := r.token()
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > maxElementDepth {
				return malformed("nested too deep")
			}
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// token returns the next start, end or text. Its errors are this package's own: those
// of encoding/xml repeat what they read.
func (r *reader) token() (xml.Token, error) {
	for {
		t, err := r.dec.Token()
		var syntax *xml.SyntaxError
		switch {
		case r.in.N <= 0:
			return nil, malformed(fmt.Sprintf("larger than %d bytes", MaxAnswerBytes))
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case errors.Is(err, errCharset):
			return nil, malformed(errCharset.Error())
		case errors.As(err, &syntax):
			return nil, malformed("not XML, or it ends in the middle")
		case err != nil:
			return nil, fmt.Errorf("%w: reading its answer: %w", ErrUnavailable, err)
		}
		switch t := t.(type) {
		case xml.Directive:
			return nil, malformed("a document type declaration")
		case xml.StartElement, xml.EndElement, xml.CharData:
			return t, nil
		}
	}
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrAnswer, what) }
