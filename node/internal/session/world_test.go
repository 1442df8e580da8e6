package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"tvilling/node/internal/identity"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/record"
	"tvilling/node/internal/sealing"
	"tvilling/node/internal/timing"
	"tvilling/protocol"
	"tvilling/raftfsm"
	"tvilling/raftfsm/command"
)

// Who and where, in every test.
const (
	ownProvider   = "SE1000000001-P1"
	ownUnit       = "SE1000000001-U1"
	sameUnit      = "SE1000000001-U2" // another unit of the own care provider
	otherProvider = "SE2000000002-P2"
	otherUnit     = "SE2000000002-U9"
	doctorID      = "SE1000000001-D1"
	source        = "SE3000000003-S1"
	doctorKey     = "doctor"
	nurseKey      = "nurse"    // at the other unit
	outsiderKey   = "outsider" // at the other care provider
	auditorKey    = "auditor"  // who follows up
	dayMillis     = 24 * 60 * 60 * 1000
)

var (
	patient    = must(protocol.ParsePatientID("191212121212"))
	stranger   = must(protocol.ParsePatientID("199701062383"))
	doctor     = must(protocol.ParseEmployeeID(doctorID))
	commission = must(protocol.ParseCommissionID("SE1000000001-C1"))
	improper   = must(protocol.ParseCommissionID("SE1000000001-C2")) // for statistics
	nurse      = must(protocol.ParseEmployeeID("SE1000000001-N1"))
	nursing    = must(protocol.ParseCommissionID("SE1000000001-C3"))
	outsider   = must(protocol.ParseEmployeeID("SE2000000002-D9"))
	outside    = must(protocol.ParseCommissionID("SE2000000002-C9"))
	auditor    = must(protocol.ParseEmployeeID("SE1000000001-A1"))
	auditing   = must(protocol.ParseCommissionID("SE1000000001-C4"))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// tester is what a test and a property have in common.
type tester interface {
	Helper()
	Cleanup(func())
	Error(...any)
	Fatal(...any)
	Fatalf(string, ...any)
}

// world is a node's surroundings: a real state machine, and a log that is applied to it.
type world struct {
	t       tester
	fsm     *raftfsm.FSM
	ring    *sealing.Ring
	service *Service
	logged  *safeBuilder

	mu     sync.Mutex
	index  uint64
	before func(command.Command) // called before a proposal is applied, without the lock
	dead   bool                  // nothing is committed
	silent time.Time             // no leader has been heard since; zero: one is heard now
	epoch  uint64

	proposals, commands int // that sessions have made
}

// safeBuilder keeps what is logged.
type safeBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuilder) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuilder) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// newWorld makes a node with a doctor, a patient in care, and fresh projections.
func newWorld(t *testing.T, limits func(*Limits)) *world {
	t.Helper()
	return newWorldIn(t, t.TempDir(), limits)
}

func newWorldIn(t tester, dir string, limits func(*Limits)) *world {
	t.Helper()
	fsm, err := raftfsm.Open(dir, raftfsm.Options{BootID: "test", InitialMmapBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, fsm: fsm, ring: must(sealing.NewRing()), logged: &safeBuilder{}, epoch: 7}
	t.Cleanup(func() { // P8, in every test: nobody is in the log
		for _, id := range []string{patient.Reveal(), doctor.Reveal(), nurse.Reveal(), "Disa"} {
			if strings.Contains(w.logged.String(), id) {
				t.Error(id, "is logged")
			}
		}
	})
	t.Cleanup(func() {
		if err := fsm.Close(); err != nil {
			t.Error(err)
		}
	})
	choice := must(identity.NewChoice(protocol.Demo, func() []identity.Person {
		return []identity.Person{
			{Key: doctorKey, Name: "Disa Doktor", Title: "Läkare", Employee: doctor},
			{Key: nurseKey, Name: "Siv Syster", Title: "Sjuksköterska", Employee: nurse},
			{Key: outsiderKey, Name: "Urban Utanför", Title: "Läkare", Employee: outsider},
			{Key: auditorKey, Name: "Lo Granskare", Title: "Handläggare", Employee: auditor},
		}
	}))
	l := DefaultLimits()
	if limits != nil {
		limits(&l)
	}
	w.service = must(New(Config{
		Node: "a1", Site: "a", Environment: protocol.Demo, Identity: choice, State: fsm, Cluster: w, Ring: w.ring,
		Alternates: []string{"ws://b1.example/stream"}, Limits: l,
		Logger: slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}))
	w.register()
	w.refresh()
	w.commission(commission, "Vård och behandling")
	w.commission(improper, "Statistik")
	w.relate(0)
	w.proposals, w.commands = 0, 0
	return w
}

// Propose is the log: what is proposed is applied at once, unless the world is dead.
func (w *world) Propose(ctx context.Context, commands ...command.Command) ([]command.Result, error) {
	w.mu.Lock()
	before, dead := w.before, w.dead
	w.proposals++
	w.commands += len(commands)
	w.mu.Unlock()
	if dead {
		<-ctx.Done()
		return nil, errors.New("no quorum")
	}
	if before != nil {
		before(commands[0])
	}
	return w.apply(commands...), nil
}

func (w *world) apply(commands ...command.Command) []command.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.results(w.fsm.Apply(w.entry(commands)))
}

// flood applies more changes at once than the feed holds for a reader.
func (w *world) flood(docs ...doc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var logs []*raft.Log
	for len(docs) > 0 {
		var commands []command.Command
		for _, d := range docs[:min(100, len(docs))] {
			commands = append(commands, command.Command{Kind: command.KindPutSnapshot, Version: 1, Intent: record.NewID(), Body: w.snapshotOf(patient, d.contract, false, d)})
		}
		docs = docs[len(commands):]
		logs = append(logs, w.entry(commands))
	}
	for _, answer := range w.fsm.ApplyBatch(logs) {
		w.results(answer)
	}
}

func (w *world) entry(commands []command.Command) *raft.Log {
	data, err := command.Encode(command.Entry{Level: command.Level, Stamp: time.Now().UnixMilli(), Commands: commands})
	if err != nil {
		panic(err)
	}
	w.index++
	return &raft.Log{Index: w.index, Term: 1, Type: raft.LogCommand, Data: data}
}

func (w *world) results(answer any) []command.Result {
	results, ok := answer.([]command.Result)
	if !ok {
		panic(fmt.Sprint(answer))
	}
	return results
}

func (w *world) HeardFromLeader() (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.silent.IsZero() {
		return w.silent, true
	}
	return time.Now(), true
}

func (w *world) Position() protocol.Position {
	return protocol.Position{Epoch: w.epoch, Index: w.fsm.AppliedIndex()}
}

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *world) do(kind command.Kind, body any) command.Result {
	w.t.Helper()
	r := w.apply(command.Command{Kind: kind, Version: 1, Intent: record.NewID(), Body: body})[0]
	if r.Status != command.StatusDone {
		w.t.Fatalf("command %d: status %d", kind, r.Status)
	}
	return r
}

// register lets the source write every contract.
func (w *world) register() {
	w.t.Helper()
	r := command.RegisterSource{Source: source}
	for _, c := range protocol.Contracts() {
		r.Contracts = append(r.Contracts, uint8(c))
	}
	w.do(command.KindRegisterSource, r)
}

var pages = []command.Kind{command.KindBlockPage, command.KindConsentPage, command.KindRelationPage, command.KindCommissionPage, command.KindPersonPage}

// refresh says that every projection is known as of now, but those left out.
func (w *world) refresh(but ...command.Kind) {
	w.t.Helper()
next:
	for _, kind := range pages {
		for _, b := range but {
			if b == kind {
				continue next
			}
		}
		w.do(kind, command.FeedPage{AsOf: time.Now().UnixMilli(), Watermark: "w"})
	}
}

// keepFresh refreshes every minute until the context ends, but for those left out.
func (w *world) keepFresh(ctx context.Context, but ...command.Kind) {
	for ctx.Err() == nil {
		w.refresh(but...)
		select {
		case <-time.After(time.Minute):
		case <-ctx.Done():
		}
	}
}

// keepFreshFor keeps fresh until the test ends.
func (w *world) keepFreshFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go w.keepFresh(ctx)
}

func (w *world) row(kind command.Kind, bucket sealing.Bucket, subject command.Subject, key [16]byte, plain []byte) {
	w.t.Helper()
	w.do(kind, command.FeedPage{AsOf: time.Now().UnixMilli(), Watermark: "w", Upserts: []command.Row{{
		RowKey: command.RowKey{Subject: subject, Key: key},
		Digest: w.ring.Digest(plain), Sealed: w.ring.Seal(bucket, sealing.Place(subject, key), plain),
	}}})
}

func (w *world) unrow(kind command.Kind, subject command.Subject, key [16]byte) {
	w.t.Helper()
	w.do(kind, command.FeedPage{AsOf: time.Now().UnixMilli(), Watermark: "w", Removes: []command.RowKey{{Subject: subject, Key: key}}})
}

// care is a commission for care, of a member of staff at a unit.
func care(id protocol.CommissionID, provider, unit string) projection.Commission {
	return projection.Commission{
		ID: id.Reveal(), Name: "Vård och behandling", Purpose: "Vård och behandling",
		Rights:   []projection.Right{{Activity: "Läsa", InformationClass: "alla", Scope: "SJF"}},
		CareUnit: unit, CareUnitName: "Vårdcentralen", CareProvider: provider, CareProviderName: "Regionen",
		EmployeeName: "Disa Doktor", EmployeeTitle: "Läkare",
	}
}

func (w *world) commissionOf(employee protocol.EmployeeID, c projection.Commission) {
	w.t.Helper()
	w.row(command.KindCommissionPage, sealing.Commissions, w.ring.Employee(employee), w.ring.Key(projection.CommissionDomain, c.ID), projection.AppendCommission(nil, c))
}

func (w *world) commission(id protocol.CommissionID, purpose string) {
	w.t.Helper()
	c := care(id, ownProvider, ownUnit)
	c.Name, c.Purpose = purpose, purpose
	w.commissionOf(doctor, c)
}

func (w *world) dismiss(id protocol.CommissionID) {
	w.t.Helper()
	w.unrow(command.KindCommissionPage, w.ring.Employee(doctor), w.ring.Key(projection.CommissionDomain, id.Reveal()))
}

func (w *world) relateTo(id protocol.PatientID, provider, unit string, end protocol.Instant) {
	w.t.Helper()
	w.row(command.KindRelationPage, sealing.Relations, w.ring.Patient(id), w.ring.Key(projection.RelationDomain, provider, unit, ""),
		projection.AppendRelation(nil, projection.Relation{CareProvider: provider, CareUnit: unit, Start: now() - dayMillis, End: end}))
}

func (w *world) relate(end protocol.Instant) {
	w.t.Helper()
	w.relateTo(patient, ownProvider, ownUnit, end)
}

func (w *world) unrelate() {
	w.t.Helper()
	w.unrow(command.KindRelationPage, w.ring.Patient(patient), w.ring.Key(projection.RelationDomain, ownProvider, ownUnit, ""))
}

func (w *world) consentOf(id protocol.PatientID, c projection.Consent) {
	w.t.Helper()
	c.Start = now()
	w.row(command.KindConsentPage, sealing.Consents, w.ring.Patient(id), w.ring.Key(projection.ConsentDomain, c.ID), projection.AppendConsent(nil, c))
}

func (w *world) consent(id string, end protocol.Instant) {
	w.t.Helper()
	w.consentOf(patient, projection.Consent{ID: id, CareProvider: ownProvider, CareUnit: ownUnit, End: end})
}

func (w *world) unconsent(id string) {
	w.t.Helper()
	w.unrow(command.KindConsentPage, w.ring.Patient(patient), w.ring.Key(projection.ConsentDomain, id))
}

func (w *world) blockOf(id protocol.PatientID, b projection.Block) {
	w.t.Helper()
	w.row(command.KindBlockPage, sealing.Blocks, w.ring.Patient(id), w.ring.Key(projection.BlockDomain, b.ID), projection.AppendBlock(nil, b))
}

// block blocks the other care provider's records outside it.
func (w *world) block(id string) {
	w.t.Helper()
	w.blockOf(patient, projection.Block{ID: id, CareProvider: otherProvider})
}

func (w *world) unblock(id string) {
	w.t.Helper()
	w.unrow(command.KindBlockPage, w.ring.Patient(patient), w.ring.Key(projection.BlockDomain, id))
}

// person is what the population register says of a patient.
func (w *world) person(id protocol.PatientID, p projection.Person) {
	w.t.Helper()
	w.row(command.KindPersonPage, sealing.Persons, w.ring.Patient(id), w.ring.Key(projection.PersonDomain), projection.AppendPerson(nil, p))
}

// doc is a document to put.
type doc struct {
	contract       protocol.Contract
	id             string
	provider, unit string
	text           string
}

func (w *world) key(d doc) protocol.DocumentKey {
	return w.ring.DocumentKey(d.contract, must(protocol.ParseSourceID(source)), d.id)
}

// put writes documents of one contract, without removing any.
func (w *world) put(docs ...doc) command.Result {
	w.t.Helper()
	return w.putOf(patient, docs...)
}

func (w *world) putOf(id protocol.PatientID, docs ...doc) command.Result {
	w.t.Helper()
	return w.do(command.KindPutSnapshot, w.snapshotOf(id, docs[0].contract, false, docs...))
}

// replace makes the documents the whole set of the contract.
func (w *world) replace(contract protocol.Contract, docs ...doc) command.Result {
	w.t.Helper()
	return w.do(command.KindPutSnapshot, w.snapshotOf(patient, contract, true, docs...))
}

func (w *world) snapshotOf(id protocol.PatientID, contract protocol.Contract, complete bool, docs ...doc) command.PutSnapshot {
	subject := w.ring.Patient(id)
	set := command.PutSnapshot{Subject: subject, Contract: uint8(contract), Source: source, Complete: complete, At: time.Now().UnixMilli()}
	for _, d := range docs {
		key := w.key(d)
		head := protocol.Header{RecordID: d.id, Contract: d.contract, Source: must(protocol.ParseSourceID(source)), Patient: id, Title: d.text}
		if d.provider != "" {
			head.CareProvider, head.CareUnit = must(protocol.ParseCareProviderID(d.provider)), must(protocol.ParseCareUnitID(d.unit))
		}
		body := protocol.Body{Sections: []protocol.Section{{Label: "text", Nodes: []protocol.Node{{Kind: protocol.NodeText, Label: "text", Text: d.text}}}}}
		header, plain := protocol.AppendHeader(nil, &head), protocol.AppendBody(nil, &body)
		set.Documents = append(set.Documents, command.SealedDocument{
			Key: key, CareProvider: d.provider, CareUnit: d.unit, Digest: w.ring.Digest(header, plain),
			Header: w.ring.Seal(sealing.Headers, sealing.Place(subject, key), header), Body: w.ring.Seal(sealing.Bodies, sealing.Place(subject, key), plain),
		})
		if complete {
			set.Keep = append(set.Keep, key)
		}
	}
	return set
}

// The documents of most tests.
var (
	ownDoc   = doc{protocol.Diagnosis, "own", ownProvider, ownUnit, "egen diagnos"}
	sameDoc  = doc{protocol.Diagnosis, "same", ownProvider, sameUnit, "grannens diagnos"}
	otherDoc = doc{protocol.Diagnosis, "other", otherProvider, otherUnit, "en annans diagnos"}
	lostDoc  = doc{protocol.Diagnosis, "lost", "", "", "ingens diagnos"}
)

func (w *world) putUsual() { w.t.Helper(); w.put(ownDoc, sameDoc, otherDoc, lostDoc) }

// log reads the access log.
func (w *world) log() (entries []record.Entry) {
	w.t.Helper()
	v := must(w.fsm.View())
	defer v.Close()
	for _, l := range v.Log(0, 1000) {
		plain, err := w.ring.OpenLog(sealing.Place(l.Subject, l.ID), l.Sealed)
		if err != nil {
			w.t.Fatal(err)
		}
		entries = append(entries, must(record.Decode(plain)))
	}
	return entries
}

// activities lists what the access log says was done, and how it went.
func (w *world) activities() (all []string) {
	w.t.Helper()
	for _, e := range w.log() {
		word := "no"
		if e.Decision.Permit {
			word = "yes"
		}
		all = append(all, fmt.Sprintf("%v: %s", e.Activity, word))
	}
	return all
}

// requests is what was opened, shown and read, each with what failed of it.
func (w *world) requests() (all []uint64) {
	asked := w.service.Requests()
	for _, c := range []*timing.Count{&asked.Open, &asked.Show, &asked.Body} {
		n, failed := c.Read()
		all = append(all, n, failed)
	}
	return all
}
