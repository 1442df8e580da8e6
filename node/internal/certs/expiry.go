package certs

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"tvilling/protocol/admin"
)

// shown are the files whose certificates run out, by the name that they are told by.
var shown = [...]struct {
	name, file string
	trusted    bool // authorities, not a chain
}{
	{"node", admin.FileNodeCert, false}, {"authority", admin.FileAuthority, true},
	{"sources", admin.FileSources, true}, {"staff", admin.FileStaff, true}, {"client", admin.FileClientCert, false},
	{"upstream", admin.FileUpstreamCert, false}, {"upstream authority", admin.FileUpstream, true},
}

// expiries reads when the certificates of each file run out. One that is not there is
// left out.
func expiries(at func(name string) string) (all []admin.Certificate, err error) {
	for _, s := range shown {
		text, err := read(at(s.file))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		until, err := expiry(text, s.trusted)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrFiles, at(s.file), err)
		}
		all = append(all, admin.Certificate{Name: s.name, Until: until.UTC().Format(time.RFC3339)})
	}
	return all, nil
}

// expiry is when a file is of no more use: with the certificate that is shown, or with
// the last of the authorities that are trusted, the old one beside the new.
func expiry(text []byte, trusted bool) (until time.Time, err error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return until, nil
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return time.Time{}, err
		}
		if c.NotAfter.After(until) {
			until = c.NotAfter
		}
		if !trusted {
			return until, nil
		}
	}
}
