package admin

import (
	"net/http"
	"strings"
)

// maxOperatorName bounds what the record keeps of an operator's name.
const maxOperatorName = 64

// operatorOf is who calls, as the certificate names them. The caller's server has
// verified the certificate.
func operatorOf(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return "operator without a certificate"
	}
	certificate := r.TLS.PeerCertificates[0]
	name := certificate.Subject.CommonName
	if name == "" {
		name = certificate.SerialNumber.Text(16)
	}
	return strings.ToValidUTF8(name[:min(len(name), maxOperatorName)], "")
}
