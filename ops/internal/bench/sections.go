package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"tvilling/ops/internal/notes"
	"tvilling/ops/internal/sourceclient"
	"tvilling/ops/internal/viewer"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// The sections whose rows are compared.
const (
	sectionOpen = "openers, patient alone"
	sectionShow = "openers, 20 documents"
)

func sectionSend(records int) string { return fmt.Sprintf("senders, %d a message", records) }

// errMeasure is a measurement that went wrong, so that its figure would mean nothing.
var errMeasure = errors.New("the measurement went wrong")

// sending makes senders: each writes about a patient of its own, at the data nodes in
// turn, over connections that are kept.
func (b *bench) sending(n, records int) (acts []act, done func(), err error) {
	nodes := dataNodes(b.cluster.Topology())
	var clients []*sourceclient.Client
	done = func() {
		for _, c := range clients {
			c.Close()
		}
	}
	for first := range nodes {
		c, err := b.source(nodes, first)
		if err != nil {
			done()
			return nil, nil, err
		}
		clients = append(clients, c)
	}
	for i := range n {
		client, patient := clients[i%len(clients)], b.people.write[i%len(b.people.write)]
		acts = append(acts, func(ctx context.Context) error {
			all := make([]notes.Note, records)
			for k := range all {
				all[k] = note(patient, k, b.edition.Add(1), ownProvider, ownUnit)
			}
			receipt, err := client.Put(ctx, sourceclient.Message{Contract: protocol.CareDocumentation, Body: notes.Answer(all...)})
			if err == nil && receipt.Changed != records {
				err = fmt.Errorf("%w: %d of %d records changed", errMeasure, receipt.Changed, records)
			}
			return err
		})
	}
	return acts, done, nil
}

// source is a client of the source system that tries one node first.
func (b *bench) source(nodes []admin.Node, first int) (*sourceclient.Client, error) {
	made := filepath.Join(b.cluster.Made(), "sources", sourceSystem)
	config := sourceclient.Config{Certificate: made + ".pem", Key: made + ".key",
		Authority: filepath.Join(b.cluster.OperatorDir(), filepath.FromSlash(admin.FileAuthority))}
	for i := range nodes {
		config.Addresses = append(config.Addresses, nodes[(first+i)%len(nodes)].Source)
	}
	return sourceclient.New(config)
}

// viewers are connected, each with a patient open.
type viewers struct {
	all      []*viewer.Viewer
	patients []string
}

func (v viewers) close() {
	for _, one := range v.all {
		if one != nil {
			one.Close()
		}
	}
}

// viewers connects n viewers, each with a patient of its own.
func (b *bench) viewers(ctx context.Context, n int) (viewers, error) {
	return connect(ctx, dataNodes(b.cluster.Topology()), n, func(i int) string { return b.people.open[i%len(b.people.open)] })
}

// connect connects n viewers, at the nodes in turn, and opens a patient in each.
func connect(ctx context.Context, nodes []admin.Node, n int, patient func(i int) string) (viewers, error) {
	v := viewers{all: make([]*viewer.Viewer, n), patients: make([]string, n)}
	faults := make([]error, n)
	var connecting sync.WaitGroup
	for i := range n {
		v.patients[i] = patient(i)
		connecting.Go(func() {
			one, err := viewer.Dial(ctx, nodes[i%len(nodes)].Origin, personKey(i))
			if err == nil {
				v.all[i] = one
				_, err = one.Open(ctx, v.patients[i])
			}
			faults[i] = err
		})
	}
	connecting.Wait()
	if err := errors.Join(faults...); err != nil {
		v.close()
		return viewers{}, err
	}
	return v, nil
}

func (b *bench) viewing(section string, v viewers) group {
	g := group{what: "opens", times: 1}
	for i, one := range v.all {
		patient := v.patients[i]
		if section == sectionOpen {
			g.acts = append(g.acts, func(ctx context.Context) error {
				_, err := one.Open(ctx, patient)
				return err
			})
			continue
		}
		g.acts = append(g.acts, func(ctx context.Context) error { return showAll(ctx, one) })
	}
	return g
}

// showAll opens the view, and wants all of it.
func showAll(ctx context.Context, v *viewer.Viewer) error {
	items, err := v.Show(ctx)
	if err == nil && len(items) != documents {
		err = fmt.Errorf("%w: %d documents, not %d", viewer.ErrView, len(items), documents)
	}
	return err
}

// kills kills the leader again and again under a few openers.
func (b *bench) kills(ctx context.Context) error {
	k := Failover{}
	for n := range b.o.Kills {
		first, all, err := b.kill(ctx)
		if err != nil {
			return fmt.Errorf("killing the leader, round %d: %w", n+1, err)
		}
		k.First, k.All = append(k.First, millis(first)), append(k.All, millis(all))
		fmt.Fprintf(b.said, "leader killed: first open accepted after %.0f ms, at every node after %.0f ms\n", millis(first), millis(all))
	}
	slices.Sort(k.First)
	slices.Sort(k.All)
	b.report.Failover = k
	return nil
}

// kill ends the leader as a power cut does, and measures until an open that was asked
// for after that is accepted: at the first of the other nodes, and at the last.
func (b *bench) kill(ctx context.Context) (first, all time.Duration, err error) {
	status, err := b.cluster.Operator().Status(ctx, "")
	if err != nil {
		return 0, 0, err
	}
	var others viewers
	defer func() { others.close() }()
	for i, m := range dataNodes(b.cluster.Topology()) {
		if m.ID == status.Leader {
			continue
		}
		one, err := viewer.Dial(ctx, m.Origin, personKey(i))
		if err != nil {
			return 0, 0, err
		}
		others.all = append(others.all, one)
		if _, err := one.Open(ctx, b.people.open[i]); err != nil {
			return 0, 0, err
		}
	}
	pid := b.cluster.PID(status.Leader)
	if pid == 0 {
		return 0, 0, fmt.Errorf("%w: the leader is %q", errMeasure, status.Leader)
	}
	started := time.Now()
	if err := b.cluster.KillNode(status.Leader); err != nil {
		return 0, 0, err
	}
	first, all, shown, err := accepted(ctx, started, others)
	b.shown += shown
	if err != nil {
		return 0, 0, err
	}
	if err := b.cluster.StartNode(status.Leader); err != nil {
		return 0, 0, err
	}
	return first, all, b.cluster.WaitReady(ctx)
}

// accepted waits until every viewer has had a view opened that it asked for now.
func accepted(ctx context.Context, since time.Time, v viewers) (first, all time.Duration, shown int, err error) {
	took, faults := make([]time.Duration, len(v.all)), make([]error, len(v.all))
	var waiting sync.WaitGroup
	for i, one := range v.all {
		waiting.Go(func() {
			faults[i] = showAll(ctx, one)
			took[i] = time.Since(since)
		})
	}
	waiting.Wait()
	return slices.Min(took), slices.Max(took), len(took), errors.Join(faults...)
}

// account looks for every view in the access log: P1, and after the kills P4.
func (b *bench) account(ctx context.Context) error {
	var after uint64
	for {
		page, err := b.cluster.Operator().Record(ctx, "", after, 1000)
		if err != nil {
			return fmt.Errorf("reading the access log: %w", err)
		}
		for _, e := range page.Entries {
			if e.Activity == "Läsa" && e.Outcome == "permit" {
				b.report.Account.Recorded++
			}
		}
		if len(page.Entries) < 1000 { // each page adds an entry about its own reading
			break
		}
		after = page.Next
	}
	b.report.Account.Shown = b.shown
	return nil
}

// maxFile bounds what is read of the site.
const maxFile = 4 << 20

var programLink = regexp.MustCompile(`/assets/[\w.-]+\.wasm`)

// programBytes is how large the browser's program is as it is sent to a browser that
// takes brotli.
func programBytes(ctx context.Context, origin string) (int, error) {
	page, _, err := fetch(ctx, origin+"/")
	if err != nil {
		return 0, err
	}
	program, encoding, err := fetch(ctx, origin+programLink.FindString(string(page)))
	if err == nil && encoding != "br" {
		err = fmt.Errorf("%w: the program comes in encoding %q", errMeasure, encoding)
	}
	return len(program), err
}

func fetch(ctx context.Context, url string) (body []byte, encoding string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Accept-Encoding", "br")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("%w: %s answers %s", errMeasure, url, answer.Status)
	}
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxFile))
	return body, answer.Header.Get("Content-Encoding"), err
}
