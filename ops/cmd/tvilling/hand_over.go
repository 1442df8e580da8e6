package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/spf13/cobra"

	"tvilling/protocol"
)

const (
	handOverFor      = 2 * time.Minute // the longest that a node takes
	maxPatientInput  = 64              // bytes
	maxSigningKeyPEM = 64 << 10
)

// handedOver is what hand-over is told, and prints.
type handedOver struct {
	System     string `json:"iss"`
	Cluster    string `json:"aud"`
	Employee   string `json:"sub"`
	Commission string `json:"commission"`
	Patient    string `json:"patient"`
	ID         string `json:"jti"`
	Made       int64  `json:"iat"`
	From       int64  `json:"nbf"`
	Ends       int64  `json:"exp"`
}

func (c *cli) handOver() *cobra.Command {
	var h handedOver
	var keyFile string
	cmd := &cobra.Command{
		Use:   "hand-over --key FILE --system ID --cluster ID --employee ID --commission ID",
		Short: "Make a token as a record system does when it sends a user to Tvilling with a patient, for tests",
		Long: `Make a token as a record system does when it sends a user to Tvilling with a patient,
for tests. It is good for two minutes and is used once. The patient's id is read from
standard input: arguments are seen by everybody on the machine, and kept by shells.

  echo 199701062383 | tvilling hand-over --key journal.key --system SE2321000016-1COS \
      --cluster demo --employee SE2321000016-1ANN --commission SE2321000016-1UPP

Send it as the field token of a form to /hand-over of a data node.
ops/docs/signing-in.md says what it holds, and how a cluster is told whose it takes.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, alg, err := signingKey(keyFile)
			if err != nil {
				return err
			}
			if err := h.complete(cmd.InOrStdin(), time.Now()); err != nil {
				return err
			}
			token, err := h.sign(key, alg)
			if err != nil {
				return err
			}
			answer := struct {
				Token string `json:"token"`
			}{token}
			return c.print(answer, func(w io.Writer) { fmt.Fprintln(w, token) })
		},
	}
	cmd.Flags().StringVar(&keyFile, "key", "", "`file` with the system's private key, PEM (PKCS 8): P-256, Ed25519 or RSA")
	cmd.Flags().StringVar(&h.System, "system", "", "HSA-`id` of the record system")
	cmd.Flags().StringVar(&h.Cluster, "cluster", "", "`id` of the cluster, as in its cluster file")
	cmd.Flags().StringVar(&h.Employee, "employee", "", "HSA-`id` of the user")
	cmd.Flags().StringVar(&h.Commission, "commission", "", "HSA-`id` of the commission to work under")
	c.formatFlag(cmd)
	return cmd
}

// complete reads the patient, and checks what was given. It never quotes the patient.
func (h *handedOver) complete(in io.Reader, at time.Time) error {
	text, err := io.ReadAll(io.LimitReader(in, maxPatientInput))
	if err != nil {
		return fmt.Errorf("reading the patient's id: %w", err)
	}
	h.Patient = strings.TrimSpace(string(text))
	if _, err := protocol.ParsePatientID(h.Patient); err != nil {
		return usage("standard input holds no patient's id: twelve characters")
	}
	_, systemErr := protocol.ParseSourceID(h.System)
	_, employeeErr := protocol.ParseEmployeeID(h.Employee)
	_, commissionErr := protocol.ParseCommissionID(h.Commission)
	switch {
	case systemErr != nil:
		return usage("--system: an HSA-id is needed")
	case employeeErr != nil:
		return usage("--employee: an HSA-id is needed")
	case commissionErr != nil:
		return usage("--commission: an HSA-id is needed")
	case h.Cluster == "":
		return usage("--cluster: which one? Its id stands in the cluster file")
	}
	h.ID, h.Made, h.From, h.Ends = rand.Text(), at.Unix(), at.Unix(), at.Add(handOverFor).Unix()
	return nil
}

func (h *handedOver) sign(key any, alg jose.SignatureAlgorithm) (string, error) {
	payload, err := json.Marshal(h)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return signed.CompactSerialize()
}

// signingKey reads a private key, and says how it signs.
func signingKey(path string) (key any, alg jose.SignatureAlgorithm, err error) {
	if path == "" {
		return nil, "", usage("--key: the record system's private key is needed")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", usage("--key: %v", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSigningKeyPEM))
	if err != nil {
		return nil, "", usage("--key: %v", err)
	}
	if block, _ := pem.Decode(text); block != nil {
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	switch k := key.(type) {
	case ed25519.PrivateKey:
		return k, jose.EdDSA, nil
	case *rsa.PrivateKey:
		return k, jose.PS256, nil
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P256() {
			return k, jose.ES256, nil
		}
	}
	return nil, "", usage("--key: %s holds no private key of P-256, Ed25519 or RSA in PKCS 8", path)
}
