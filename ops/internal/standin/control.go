package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const maxControlBytes = 4 << 10

// maxListed bounds the posts of one page of the log's listing.
const maxListed = 1000

// Ways to fail.
const (
	failFault   = "fault"   // a SOAP fault
	failError   = "error"   // a result code that says so; of a contract without them, a fault
	failGarbage = "garbage" // no XML
	failClose   = "close"   // the connection is closed without an answer
)

// behaviour is what a service is told to do. The zero value answers truly.
type behaviour struct {
	Stall    bool   `json:"stall"`
	Fail     string `json:"fail,omitempty"`
	Lie      string `json:"lie,omitempty"`
	Calls    int    `json:"calls"`
	Waiting  int    `json:"waiting"` // calls that are held
	released chan struct{}
}

// order changes a behaviour; what is left out stays.
type order struct {
	Stall  *bool   `json:"stall"`
	Fail   *string `json:"fail"`
	Lie    *string `json:"lie"`
	Resync bool    `json:"resync"`
}

var errOrder = errors.New("stand-in: an order that cannot be carried out")

// controlHelp is what GET /control says beside the state.
const controlHelp = `POST /control/{blocks|consents|relations|directory|engagement|log} {"stall":bool} {"fail":"fault|error|garbage|close|"} {"lie":"more-forever|backwards|wrong-provider|empty|duplicate|wrong-namespace|"} {"resync":true}; POST /control/{blocks|lifts|consents|relations|commissions}/cancel?id=ID; GET /control/log?after=N`

func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/control"), "/"), "/")
	switch {
	case r.Method == http.MethodGet && path[0] == "":
		reply(w, http.StatusOK, s.state())
	case r.Method == http.MethodGet && path[0] == "log" && len(path) == 1:
		s.listPosts(w, r)
	case r.Method == http.MethodPost && len(path) == 2 && path[1] == "cancel":
		s.cancel(w, path[0], r.URL.Query().Get("id"))
	case r.Method == http.MethodPost && len(path) == 1:
		s.command(w, r, path[0])
	default:
		reply(w, http.StatusNotFound, map[string]string{"error": controlHelp})
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller is gone: nothing to tell
}

// state is everything that one may want to look at.
func (s *Server) state() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.look()
	out := struct {
		Help     string               `json:"help"`
		File     string               `json:"file"` // ok, or why it could not be read
		Services map[string]behaviour `json:"services"`
		Rows     map[string]int       `json:"rows"`
		Posts    int                  `json:"posts"`
	}{controlHelp, "ok", map[string]behaviour{}, map[string]int{}, len(s.store.posts.all)}
	if s.store.fail != nil {
		out.File = s.store.fail.Error()
	}
	for name, told := range s.told {
		out.Services[name] = *told
	}
	at := s.store.tick()
	out.Rows["blocks"] = len(s.store.blocks.standing(at))
	out.Rows["lifts"] = len(s.store.lifts.standing(at))
	out.Rows["consents"] = len(s.store.consents.standing(at))
	out.Rows["relations"] = len(s.store.relations.standing(at))
	out.Rows["commissions"] = len(s.store.commissions.standing(at))
	return out
}

// listPosts tells of the posts that came in after a number of them.
func (s *Server) listPosts(w http.ResponseWriter, r *http.Request) {
	after := 0
	if text := r.URL.Query().Get("after"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			reply(w, http.StatusBadRequest, map[string]string{"error": "after is a number of posts"})
			return
		}
		after = n
	}
	s.mu.Lock()
	all := s.store.posts.all
	after = min(after, len(all))
	some := slices.Clone(all[after:min(len(all), after+maxListed)])
	total := len(all)
	s.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{"posts": some, "next": after + len(some), "total": total})
}

func (s *Server) cancel(w http.ResponseWriter, kind, id string) {
	s.mu.Lock()
	s.store.look()
	n := s.store.cancel(kind, id)
	s.mu.Unlock()
	if n == 0 {
		reply(w, http.StatusNotFound, map[string]string{"error": "nothing of that kind stands under that id"})
		return
	}
	reply(w, http.StatusOK, map[string]int{"cancelled": n})
}

func (s *Server) command(w http.ResponseWriter, r *http.Request, name string) {
	var o order
	d := json.NewDecoder(io.LimitReader(r.Body, maxControlBytes))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": "not JSON as it is wanted here: " + controlHelp})
		return
	}
	told, err := s.tell(name, o)
	if err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	reply(w, http.StatusOK, told)
}

// tell carries out an order, whole or not at all.
func (s *Server) tell(name string, o order) (behaviour, error) {
	service, ok := s.services[name]
	switch {
	case !ok:
		return behaviour{}, fmt.Errorf("%w: no such service", errOrder)
	case o.Fail != nil && *o.Fail != "" && !slices.Contains([]string{failFault, failError, failGarbage, failClose}, *o.Fail):
		return behaviour{}, fmt.Errorf("%w: fail is fault, error, garbage or close, or empty", errOrder)
	case o.Lie != nil && *o.Lie != "" && !slices.Contains(service.lies, *o.Lie):
		return behaviour{}, fmt.Errorf("%w: the lies of %s are %s", errOrder, name, strings.Join(service.lies, ", "))
	case o.Resync && name != "blocks":
		return behaviour{}, fmt.Errorf("%w: only blocks have a latest cancellation", errOrder)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.told[name]
	if o.Fail != nil {
		told.Fail = *o.Fail
	}
	if o.Lie != nil {
		told.Lie = *o.Lie
	}
	if o.Resync {
		s.store.cancelled(s.store.tick())
	}
	if o.Stall != nil && *o.Stall != told.Stall {
		if told.Stall = *o.Stall; told.Stall {
			told.released = make(chan struct{})
		} else {
			close(told.released)
		}
	}
	return *told, nil
}
