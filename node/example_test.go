package node_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"tvilling/node"
	"tvilling/node/internal/upstream/upstreamtest"
	"tvilling/protocol/admin"
)

// register is what no service tells: who works here, and which source may deliver what.
const register = `
[[employee]]
id = "SE2321000016-1ANN"

[[source]]
id = "SE2321000016-1SRC"
contracts = ["GetDiagnosis"]
`

// answer is what a source system answers to GetDiagnosis, of the shortest kind.
const answer = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
<r:GetDiagnosisResponse xmlns:r="urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2" xmlns="urn:riv:clinicalprocess:healthcond:description:2">
<r:diagnosis><diagnosisHeader><documentId>D-1</documentId><sourceSystemHSAId>SE2321000016-1SRC</sourceSystemHSAId>
<patientId><id>199701062383</id><type>1.2.752.129.2.1.3.1</type></patientId>
<accountableHealthcareProfessional><authorTime>20260301120000</authorTime>
<healthcareProfessionalCareUnitHSAId>SE2321000016-1EKN</healthcareProfessionalCareUnitHSAId>
<healthcareProfessionalCareGiverHSAId>SE2321000016-1REG</healthcareProfessionalCareGiverHSAId></accountableHealthcareProfessional>
<approvedForPatient>true</approvedForPatient></diagnosisHeader>
<diagnosisBody><typeOfDiagnosis>Huvuddiagnos</typeOfDiagnosis><diagnosisCode><code>J45.9</code><codeSystem>1.2.752.116.1.1.1.1.3</codeSystem><displayName>Astma</displayName></diagnosisCode></diagnosisBody>
</r:diagnosis><r:result><resultCode>OK</resultCode><logId>1</logId></r:result></r:GetDiagnosisResponse></e:Body></e:Envelope>`

// A program of one's own can hold a node: here one that runs alone, is fed, and takes
// an answer of a source system.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "tvilling-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	registerFile := filepath.Join(dir, "register.toml")
	if err := os.WriteFile(registerFile, []byte(register), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	national := httptest.NewServer(upstreamtest.New(upstreamtest.Rows{})) // in the place of the services that feed it
	defer national.Close()
	at := &admin.Service{URL: national.URL, EverySeconds: 1}
	of := &admin.Service{URL: national.URL, EverySeconds: 1, CareProviders: []string{"SE2321000016-1REG"}}
	services := admin.Upstream{System: "SE2321000016-1TVI", Blocks: at, Directory: at, Consents: of, Relations: of}
	n, err := node.Open(node.Alone(dir, "127.0.0.1:0", registerFile, services))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()

	if err := n.WaitReady(ctx); err != nil {
		fmt.Println(err)
	}
	index, err := n.Put(ctx, "SE2321000016-1SRC", "GetDiagnosis", []byte(answer))
	fmt.Println("durable:", index > 0, err)

	stop()
	fmt.Println("ended:", errors.Join(<-ended, n.Close()))
	// Output:
	// durable: true <nil>
	// ended: <nil>
}
