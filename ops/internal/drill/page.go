package drill

import (
	_ "embed"
	"html/template"
	"io"
)

// WritePage writes a report as a page that stands by itself: no script, nothing that is
// fetched.
func WritePage(w io.Writer, r Report) error { return page.Execute(w, view(r)) }

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))
