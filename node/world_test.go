package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tvilling/node/internal/certs/certstest"
	"tvilling/node/internal/projection"
	"tvilling/node/internal/upstream"
	"tvilling/node/internal/upstream/upstreamtest"
	"tvilling/protocol"
	"tvilling/protocol/admin"
)

// Who takes part in every test.
const (
	system     = "SE2321000016-1SRC"
	patientID  = "199701062383"
	employeeID = "SE2321000016-1ANN"
	startLimit = 30 * time.Second // for a node or a cluster to be ready
)

// registerText lets one be anna, and the system deliver diagnoses.
const registerText = `
[[person]]
key = "anna"
name = "Anna Ek"
title = "Läkare"
employee = "SE2321000016-1ANN"

[[employee]]
id = "SE2321000016-1ANN"

[[source]]
id = "SE2321000016-1SRC"
contracts = ["GetDiagnosis"]
`

// feedRows let anna open the patient.
func feedRows(t testing.TB) upstreamtest.Rows {
	t.Helper()
	anna, fault := protocol.ParseEmployeeID(employeeID)
	patient, err := protocol.ParsePatientID(patientID)
	if err != nil || fault != nil {
		t.Fatal(err, fault)
	}
	return upstreamtest.Rows{
		Commissions: []upstream.Commission{{Employee: anna, Row: projection.Commission{
			ID: "SE2321000016-1UPP", Name: "Vård och behandling, Vårdcentralen Eken", Purpose: "Vård och behandling",
			Rights:   []projection.Right{{Activity: "Läsa", InformationClass: "alla", Scope: "SJF"}},
			CareUnit: "SE2321000016-1EKN", CareUnitName: "Vårdcentralen Eken", CareProvider: "SE2321000016-1REG", CareProviderName: "Regionen",
			EmployeeName: "Anna Ek", EmployeeTitle: "Läkare",
		}}},
		Relations: []upstream.Relation{{ID: "r1", Patient: patient, Row: projection.Relation{
			CareProvider: "SE2321000016-1REG", CareUnit: "SE2321000016-1EKN", Employee: employeeID,
			Start: 915145200000, End: 4102441200000, // 1999 to 2100
		}}},
	}
}

// upstreamAt is the part of a cluster file that names services which all answer at url.
func upstreamAt(url string, seconds int) admin.Upstream {
	service := func(providers ...string) *admin.Service {
		return &admin.Service{URL: url, EverySeconds: seconds, CareProviders: providers}
	}
	return admin.Upstream{
		System: "SE2321000016-1TVI", Blocks: service(), Directory: service(),
		Consents: service("SE2321000016-1REG"), Relations: service("SE2321000016-1REG"),
	}
}

// serveUpstream serves the rows on loopback, and writes a register beside.
func serveUpstream(t *testing.T) (register string, u admin.Upstream) {
	t.Helper()
	server := httptest.NewServer(upstreamtest.New(feedRows(t)))
	t.Cleanup(server.Close)
	register = filepath.Join(t.TempDir(), "register.toml")
	if err := os.WriteFile(register, []byte(registerText), 0o600); err != nil {
		t.Fatal(err)
	}
	return register, upstreamAt(server.URL, 1)
}

// diagnosisAnswer holds one diagnosis of the patient, at the unit where anna works.
const diagnosisAnswer = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
<r:GetDiagnosisResponse xmlns:r="urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2" xmlns="urn:riv:clinicalprocess:healthcond:description:2">
<r:diagnosis><diagnosisHeader><documentId>D-1</documentId><sourceSystemHSAId>SE2321000016-1SRC</sourceSystemHSAId>
<patientId><id>199701062383</id><type>1.2.752.129.2.1.3.1</type></patientId>
<accountableHealthcareProfessional><authorTime>20260301120000</authorTime>
<healthcareProfessionalCareUnitHSAId>SE2321000016-1EKN</healthcareProfessionalCareUnitHSAId>
<healthcareProfessionalCareGiverHSAId>SE2321000016-1REG</healthcareProfessionalCareGiverHSAId></accountableHealthcareProfessional>
<approvedForPatient>true</approvedForPatient></diagnosisHeader>
<diagnosisBody><typeOfDiagnosis>Huvuddiagnos</typeOfDiagnosis><diagnosisCode><code>J45.9</code><codeSystem>1.2.752.116.1.1.1.1.3</codeSystem><displayName>Astma</displayName></diagnosisCode></diagnosisBody>
</r:diagnosis><r:result><resultCode>OK</resultCode><logId>1</logId></r:result></r:GetDiagnosisResponse></e:Body></e:Envelope>`

// aloneIn is the configuration of a node alone, fed, on a port of its own.
func aloneIn(t *testing.T, dir string) Config {
	t.Helper()
	register, services := serveUpstream(t)
	return Alone(dir, "127.0.0.1:0", register, services)
}

// running is a node that runs until end is called, or the test ends.
type running struct {
	*Node
	t    *testing.T
	stop context.CancelFunc
	ran  chan error
}

func run(t *testing.T, cfg Config) *running {
	t.Helper()
	n, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{Node: n, t: t, stop: stop, ran: make(chan error, 1)}
	go func() { r.ran <- n.Run(ctx) }()
	t.Cleanup(r.end)
	return r
}

// ready waits until the node is.
func (r *running) ready() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), startLimit)
	defer cancel()
	if err := r.WaitReady(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// end ends the node in order. A second call does nothing.
func (r *running) end() {
	r.t.Helper()
	if r.stop == nil {
		return
	}
	r.stop()
	r.stop = nil
	if err := errors.Join(<-r.ran, r.Close()); err != nil {
		r.t.Errorf("the node's end: %v", err)
	}
}

// authorities sign what a cluster needs.
type authorities struct {
	t                       *testing.T
	cluster, sources, staff *certstest.Authority
}

func newAuthorities(t *testing.T) authorities {
	t.Helper()
	return authorities{t: t, cluster: certstest.New(t), sources: certstest.New(t), staff: certstest.New(t)}
}

// material makes a node's directory as init does, without the keyring.
func (a authorities) material(cluster, id, role string) string {
	a.t.Helper()
	dir := a.t.TempDir()
	cert, key := a.encode(a.cluster.Issue(admin.Identity{Cluster: cluster, Node: id}))
	files := map[string][]byte{admin.FileAuthority: a.cluster.PEM(), admin.FileNodeCert: cert, admin.FileNodeKey: key}
	if role == admin.RoleData {
		files[admin.FileSources], files[admin.FileStaff] = a.sources.PEM(), a.staff.PEM()
		files[admin.FileClientCert], files[admin.FileClientKey] = cert, key
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600)); err != nil {
			a.t.Fatal(err)
		}
	}
	return dir
}

func (a authorities) encode(cert tls.Certificate) (certPEM, keyPEM []byte) {
	a.t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
}

// free returns addresses on loopback that nobody listens on. They lie below those that a
// system gives to whoever asks for any port: one of these could be given away before its
// node is opened, or while it is closed.
func free(t *testing.T, n int) (all []string) {
	t.Helper()
	for range 100 * n {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 29800+rand.IntN(2900)))
		if err != nil {
			continue // taken
		}
		defer l.Close() // only when all are known, or one could be given twice
		if all = append(all, l.Addr().String()); len(all) == n {
			return all
		}
	}
	t.Fatal("no free ports")
	return nil
}

// member is a data node of a topology, on ports of its own.
func member(t *testing.T, id, site string) admin.Node {
	t.Helper()
	return memberAt(id, site, free(t, 4))
}

func memberAt(id, site string, at []string) admin.Node {
	return admin.Node{ID: id, Site: site, Role: admin.RoleData, Peer: at[0], Admin: at[1], Client: at[2], Source: at[3], Origin: "https://" + at[2]}
}

// single is a cluster of one member with everything that production needs.
func single(t *testing.T, environment string) Config {
	t.Helper()
	a := newAuthorities(t)
	cfg := Config{
		Topology: admin.Topology{Cluster: "test", Environment: environment, Members: []admin.Node{member(t, "a1", "A")}},
		Self:     "a1", DataDir: t.TempDir(), Material: a.material("test", "a1", admin.RoleData),
	}
	if err := NewKeyring(cfg.Material); err != nil {
		t.Fatal(err)
	}
	return cfg
}
