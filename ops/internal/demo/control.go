package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// fileControl is the socket by which a demo that runs is told what to do with its nodes.
const fileControl = "control.sock"

// Limits of an order.
const (
	orderWithin    = 90 * time.Second // a node that is replaced drains first
	maxOrderBytes  = 4 << 10
	maxAnswerBytes = 64 << 10
	maxSocketPath  = 100 // the kernel takes 107 bytes, other systems 103
)

// Errors of orders.
var (
	ErrNoDemo = errors.New("no demo runs there")
	ErrOrder  = errors.New("the demo did not carry it out")
	ErrBusy   = errors.New("another order for this node is being carried out")
)

// Act is what can be done with a node of a demo that runs.
type Act string

// The acts.
const (
	ActStart   Act = "start"
	ActStop    Act = "stop"
	ActKill    Act = "kill"
	ActPause   Act = "pause"
	ActResume  Act = "resume"
	ActReplace Act = "replace"
)

// Acts are all of them.
func Acts() []Act { return []Act{ActStart, ActStop, ActKill, ActPause, ActResume, ActReplace} }

// NodeState is a node's process, as the demo answers an order.
type NodeState struct {
	Node   string `json:"node"`
	PID    int    `json:"pid"` // 0: it does not run
	Binary string `json:"binary"`
	Error  string `json:"error,omitempty"`
}

// ordered lets one order for a node be carried out at a time. One that comes meanwhile
// is refused: a node that is ending does not run, and must not be started beside itself.
type ordered struct {
	mu    sync.Mutex
	nodes map[string]bool
}

func (o *ordered) begin(id string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.nodes[id] {
		return fmt.Errorf("%s: %w", id, ErrBusy)
	}
	o.nodes[id] = true
	return nil
}

func (o *ordered) end(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.nodes, id)
}

// order does one act.
func (c *Cluster) order(ctx context.Context, act Act, id, binary string) error {
	if _, ok := c.topology.Member(id); !ok {
		return fmt.Errorf("%w: %q", ErrNoNode, id)
	}
	if running := c.PID(id) != 0; !running && (act == ActStop || act == ActKill) {
		return fmt.Errorf("%s: %w", id, ErrNotRunning)
	}
	switch act {
	case ActStart:
		return c.StartNode(id)
	case ActStop:
		return c.StopNode(id)
	case ActKill:
		return c.KillNode(id)
	case ActPause:
		return c.PauseNode(id)
	case ActResume:
		return c.ResumeNode(id)
	case ActReplace:
		return c.Replace(ctx, id, binary)
	}
	return fmt.Errorf("%w: no such act", ErrOrder)
}

// Control takes orders at a socket in the demo's directory, which this user alone can
// reach, until it is closed.
func (c *Cluster) Control() (io.Closer, error) {
	path := c.path(fileControl)
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("%w: the path of %s is longer than a socket's may be (%d bytes): choose a shorter one", ErrDirectory, fileControl, maxSocketPath)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDirectory, err)
	}
	if err := os.Chmod(path, 0o600); err != nil { // the directory is ours alone already
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrDirectory, err), l.Close())
	}
	orders := &ordered{nodes: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /node/{id}/{act}", func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Binary string `json:"binary"`
		}
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrderBytes)).Decode(&asked)
		id := r.PathValue("id")
		if err == nil {
			err = orders.begin(id)
		}
		if err == nil {
			defer orders.end(id)
			// Who asked may go away; a node is not left half replaced for that.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), orderWithin)
			defer cancel()
			err = c.order(ctx, Act(r.PathValue("act")), id, asked.Binary)
		}
		state := NodeState{Node: id, PID: c.PID(id), Binary: c.Binary(id)}
		if err != nil {
			state.Error = err.Error()
			w.WriteHeader(http.StatusConflict)
		}
		_ = json.NewEncoder(w).Encode(state) // who asked has gone: nobody is left to tell
	})
	mux.HandleFunc("GET /node/{id}", func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		state := NodeState{Node: id, PID: c.PID(id), Binary: c.Binary(id)}
		if _, ok := c.topology.Member(id); !ok {
			state.Error = ErrNoNode.Error()
			w.WriteHeader(http.StatusNotFound)
		}
		_ = json.NewEncoder(w).Encode(state) // as above
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }() // it ends when it is closed
	return server, nil
}

// HasControl reports whether a directory is that of a demo that was started there.
func HasControl(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, fileControl))
	return err == nil && info.Mode()&os.ModeSocket != 0
}

// Order tells the demo that runs in a directory what to do with a node.
func Order(ctx context.Context, dir string, act Act, id, binary string) (NodeState, error) {
	if binary != "" {
		var err error
		if binary, err = runnable(binary); err != nil {
			return NodeState{}, err
		}
	}
	asked, err := json.Marshal(map[string]string{"binary": binary})
	if err != nil {
		return NodeState{}, err
	}
	at := "/node/" + url.PathEscape(id) + "/" + url.PathEscape(string(act))
	return call(ctx, dir, http.MethodPost, at, string(asked))
}

// State asks the demo that runs in a directory what a node runs.
func State(ctx context.Context, dir, id string) (NodeState, error) {
	return call(ctx, dir, http.MethodGet, "/node/"+url.PathEscape(id), "")
}

func call(ctx context.Context, dir, method, at, body string) (NodeState, error) {
	client := http.Client{Timeout: orderWithin + 5*time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, fileControl))
		}}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, method, "http://demo"+at, strings.NewReader(body))
	if err != nil {
		return NodeState{}, err
	}
	response, err := client.Do(r)
	if err != nil {
		return NodeState{}, fmt.Errorf("%w: %w", ErrNoDemo, err)
	}
	defer response.Body.Close()
	var state NodeState
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswerBytes)).Decode(&state); err != nil {
		return state, fmt.Errorf("%w: status %s", ErrOrder, response.Status)
	}
	if state.Error != "" {
		return state, fmt.Errorf("%w: %s", ErrOrder, state.Error)
	}
	return state, nil
}
