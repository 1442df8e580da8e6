package simulation

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing/synctest"
	"time"

	"tvilling/node/internal/cluster"
	"tvilling/node/internal/cluster/clustertest"
	"tvilling/node/internal/identity"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/sealing"
	"tvilling/protocol"
	"tvilling/protocol/admin"
	"tvilling/raftfsm/command"
)

// Whom and where there is.
const (
	ownProvider   = "SE1000000001-P1"
	ownUnit       = "SE1000000001-U1"
	otherProvider = "SE2000000002-P2"
	otherUnit     = "SE2000000002-U9"
	sourceID      = "SE3000000003-S1"
	staff         = 3
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// world is a cluster and its surroundings. Its steps are made by one goroutine.
type world struct {
	faultsAt
	net      *clustertest.Network
	ledger   *ledger
	security *security
	ring     *sealing.Ring
	people   identity.Choice
	browsers []*browser
	patients []protocol.PatientID
	dir      string
	tasks    sync.WaitGroup

	mu      sync.Mutex
	acked   []acknowledged
	intents uint64
	doubts  []doubt
	used    map[[16]byte]bool // access entries that something received rests on
}

// faultsAt is what a run is made of.
type faultsAt struct {
	seed     uint64
	defect   defect
	dice     *rand.Rand // of the steps alone: nothing else draws from it
	logger   *slog.Logger
	topology admin.Topology
	tuning   cluster.Tuning
	members  []*member
	weather  clustertest.Weather
}

// newWorld makes a cluster of three or of five that has not been started.
func newWorld(seed uint64, d defect, log io.Writer) *world {
	dice := rand.New(rand.NewPCG(seed, 1))
	ring := must(sealing.NewRing())
	w := &world{
		net: clustertest.New(), ledger: newLedger(ring), security: newSecurity(), ring: ring,
		used:     map[[16]byte]bool{},
		patients: []protocol.PatientID{must(protocol.ParsePatientID("191212121212")), must(protocol.ParsePatientID("199701062383"))},
		dir:      must(os.MkdirTemp(memory(), "simulation-")),
		faultsAt: faultsAt{
			seed: seed, defect: d, dice: dice,
			logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			tuning: cluster.Tuning{
				Heartbeat: 600 * time.Millisecond, CommitTimeout: 60 * time.Millisecond, TransportTimeout: 2500 * time.Millisecond,
				SnapshotThreshold: uint64(10 + dice.IntN(60)), TrailingLogs: uint64(dice.IntN(40)), SnapshotInterval: time.Second,
				ProgressLimit: 12 * time.Second,
			},
		},
	}
	ids := []string{"a1", "b1", "w"}
	if dice.IntN(2) == 0 {
		ids = []string{"a1", "a2", "b1", "b2", "w"}
	}
	w.topology = admin.Topology{Cluster: "simulated", Environment: admin.Demo}
	for i, id := range ids {
		n := admin.Node{ID: id, Site: id[:1], Role: admin.RoleData, Peer: "127.0.0.1:0", Admin: "127.0.0.1:0"}
		if id == "w" {
			n.Role = admin.RoleWitness
		} else {
			n.Client, n.Source, n.Origin = "127.0.0.1:0", "127.0.0.1:0", "http://127.0.0.1"
		}
		w.topology.Members = append(w.topology.Members, n)
		disk := newDisk(rand.New(rand.NewPCG(seed, uint64(100+i))), time.Duration(1+dice.IntN(4))*time.Millisecond, w.ledger.stored)
		disk.lies = d == liesAboutSync
		w.members = append(w.members, &member{id: id, role: n.Role, disk: disk, dir: filepath.Join(w.dir, id)})
	}
	w.hire()
	w.calm()
	return w
}

// memory is a directory whose files are in memory, where there is one.
func memory() string {
	const shared = "/dev/shm"
	if info, err := os.Stat(shared); err == nil && info.IsDir() {
		return shared
	}
	return os.TempDir()
}

// hire makes the members of staff, each with a browser.
func (w *world) hire() {
	var people []identity.Person
	for i := range staff {
		b := &browser{
			world: w, who: must(protocol.ParseEmployeeID(fmt.Sprintf("SE1000000001-D%d", i))), person: fmt.Sprint("doctor ", i),
			for_: must(protocol.ParseCommissionID(fmt.Sprintf("SE1000000001-C%d", i))),
		}
		w.browsers = append(w.browsers, b)
		people = append(people, identity.Person{Key: b.person, Name: "Disa Doktor", Employee: b.who})
	}
	w.people = must(identity.NewChoice(protocol.Demo, func() []identity.Person { return people }))
}

// calm is the weather of a good day.
func (w *world) calm() {
	w.weather = clustertest.Weather{Seed: w.seed, Delay: 500 * time.Microsecond, Jitter: time.Millisecond}
	w.net.SetWeather(w.weather)
}

func (w *world) intent() (i command.Intent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.intents++
	binary.BigEndian.PutUint64(i[:], w.intents)
	i[15] = 1
	return i
}

func (w *world) quorum() int { return len(w.members)/2 + 1 }

// holders counts the disks that hold an entry.
func (w *world) holders(p place) (n int) {
	for _, m := range w.members {
		if m.disk.holds(p.index, p.term) {
			n++
		}
	}
	return n
}

// received checks P1, at the moment when something of a patient is received. The ledger
// may be about to note what was accepted: a doubt is looked at again at the next step.
func (w *world) received(who protocol.EmployeeID, d disclosed) {
	d.at = time.Now()
	if w.rests(who, d) == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doubts = append(w.doubts, doubt{who, d})
}

// doubt is a disclosure whose record was not found.
type doubt struct {
	who protocol.EmployeeID
	disclosed
}

func (w *world) rests(who protocol.EmployeeID, d disclosed) *fault {
	id, f := recordedBefore(d, w.ledger.accessesOf(who), w.ledger.isAccepted, w.holders, w.quorum())
	if f == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.used[id] = true
	}
	return f
}

// up are the members that run, data nodes only if wished.
func (w *world) up(data bool) (all []*member) {
	for _, m := range w.members {
		if m.proc != nil && (!data || m.role == admin.RoleData) {
			all = append(all, m)
		}
	}
	return all
}

// until waits for a level, within bounds.
func (w *world) until(limit time.Duration, reached func() bool) bool {
	for deadline := time.Now().Add(limit); !reached(); {
		if time.Now().After(deadline) || w.ledger.first() != nil {
			return reached()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

// leader is who leads and has shown that it can commit.
func (w *world) leader() *member {
	for _, m := range w.up(true) {
		if _, ok := m.proc.cluster.HeardFromLeader(); ok && m.proc.cluster.IsLeader() {
			return m
		}
	}
	return nil
}

// settle starts everybody and fills the cluster with what the browsers need.
func (w *world) settle() *fault {
	for _, m := range w.members {
		if err := w.start(m); err != nil {
			return broken("world", "starting %s: %v", m.id, err)
		}
	}
	if !w.until(time.Minute, func() bool { return w.leader() != nil }) {
		return broken("liveness", "nobody leads")
	}
	for _, c := range w.contents() {
		if r, err := w.propose(w.leader().proc, c.Kind, c.Body); err != nil || r.Status != command.StatusDone {
			return broken("liveness", "filling the cluster: %v, %v", r, err)
		}
	}
	return nil
}

// contents are commands that the cluster begins with.
func (w *world) contents() (all []command.Command) {
	add := func(kind command.Kind, body any) {
		all = append(all, command.Command{Kind: kind, Body: body})
	}
	add(command.KindRegisterSource, command.RegisterSource{Source: sourceID, Contracts: []uint8{uint8(protocol.Diagnosis)}})
	for _, kind := range []command.Kind{command.KindBlockPage, command.KindConsentPage, command.KindPersonPage} {
		add(kind, w.page())
	}
	for i := range w.browsers {
		add(command.KindCommissionPage, w.page(w.commission(i)))
	}
	for i := range w.patients {
		add(command.KindRelationPage, w.page(w.relation(i)))
		add(command.KindConsentPage, w.page(w.consent(i)))
		add(command.KindPutSnapshot, w.put(i, 0))
	}
	return all
}

func (w *world) page(rows ...command.Row) command.FeedPage {
	return command.FeedPage{AsOf: time.Now().UnixMilli(), Watermark: "w", Upserts: rows}
}

func (w *world) row(bucket sealing.Bucket, subject command.Subject, key [16]byte, plain []byte) command.Row {
	return command.Row{RowKey: command.RowKey{Subject: subject, Key: key}, Digest: w.ring.Digest(plain), Sealed: w.ring.Seal(bucket, sealing.Place(subject, key), plain)}
}

func (w *world) commission(i int) command.Row {
	b := w.browsers[i]
	id := b.for_.Reveal()
	return w.row(sealing.Commissions, w.ring.Employee(b.who), w.ring.Key(projection.CommissionDomain, id), projection.AppendCommission(nil, projection.Commission{
		ID: id, Name: "Vård", Purpose: "Vård och behandling", Rights: []projection.Right{{Activity: "Läsa", InformationClass: "alla", Scope: "SJF"}},
		CareUnit: ownUnit, CareUnitName: "Vårdcentralen", CareProvider: ownProvider, CareProviderName: "Regionen", EmployeeName: "Disa Doktor",
	}))
}

func (w *world) relation(patient int) command.Row {
	return w.row(sealing.Relations, w.ring.Patient(w.patients[patient]), w.ring.Key(projection.RelationDomain, ownProvider, ownUnit, ""),
		projection.AppendRelation(nil, projection.Relation{CareProvider: ownProvider, CareUnit: ownUnit, Start: protocol.Instant(time.Now().Add(-time.Hour).UnixMilli())}))
}

func (w *world) block(patient int) command.Row {
	return w.row(sealing.Blocks, w.ring.Patient(w.patients[patient]), w.ring.Key(projection.BlockDomain, "block"),
		projection.AppendBlock(nil, projection.Block{ID: "block", CareProvider: otherProvider}))
}

func (w *world) consent(patient int) command.Row {
	return w.row(sealing.Consents, w.ring.Patient(w.patients[patient]), w.ring.Key(projection.ConsentDomain, "consent"),
		projection.AppendConsent(nil, projection.Consent{ID: "consent", CareProvider: ownProvider, CareUnit: ownUnit, Start: protocol.Instant(time.Now().UnixMilli())}))
}

// put is an answer of the source: documents of both care providers, in some version.
func (w *world) put(patient, version int) command.PutSnapshot {
	id := w.patients[patient]
	subject := w.ring.Patient(id)
	set := command.PutSnapshot{Subject: subject, Contract: uint8(protocol.Diagnosis), Source: sourceID, Complete: true, At: time.Now().UnixMilli()}
	for i, from := range [][2]string{{ownProvider, ownUnit}, {otherProvider, otherUnit}, {otherProvider, otherUnit}} {
		if i == 2 && version%3 == 1 {
			continue // taken away by the source
		}
		source := must(protocol.ParseSourceID(sourceID))
		name := fmt.Sprint("document ", i)
		key := w.ring.DocumentKey(protocol.Diagnosis, source, name+id.Reveal())
		head := protocol.Header{
			RecordID: name, Contract: protocol.Diagnosis, Source: source, Patient: id, Title: fmt.Sprint("version ", version),
			CareProvider: must(protocol.ParseCareProviderID(from[0])), CareUnit: must(protocol.ParseCareUnitID(from[1])),
		}
		header, body := protocol.AppendHeader(nil, &head), protocol.AppendBody(nil, &protocol.Body{})
		set.Documents = append(set.Documents, command.SealedDocument{
			Key: key, CareProvider: from[0], CareUnit: from[1], Digest: w.ring.Digest(header, body),
			Header: w.ring.Seal(sealing.Headers, sealing.Place(subject, key), header), Body: w.ring.Seal(sealing.Bodies, sealing.Place(subject, key), body),
		})
		set.Keep = append(set.Keep, key)
	}
	return set
}

// farewells is how long raft may go on offering leadership to a node that has closed.
const farewells = 30 * time.Second

// close ends everything.
func (w *world) close() {
	w.net.Heal()
	for _, b := range w.browsers {
		b.hangUp()
	}
	synctest.Wait()
	for _, m := range w.members {
		if p := m.proc; p != nil {
			p.machine.dead.Store(true)
			m.disk.crash(false)
			w.net.Resume(m.id)
			_ = p.net.Close()
			p.hangUp()
			w.tasks.Go(func() { p.end(false) })
		}
	}
	w.tasks.Wait()
	time.Sleep(farewells)
	_ = os.RemoveAll(w.dir)
}
