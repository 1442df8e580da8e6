package gateway

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tvilling/protocol/admin"
	"tvilling/wasm/site"
)

// origins are the pages that may open a stream, in lower case, as browsers name them.
type origins struct {
	pages   []string // https://a1.example
	streams []string // wss://a1.example, of the members
}

// originsOf reads the members' origins. On loopback outside production the node's own
// page may be called by any of loopback's names.
func originsOf(t admin.Topology, self admin.Node) (o origins, err error) {
	for _, n := range t.Members {
		if n.Role != admin.RoleData {
			continue
		}
		u, err := url.Parse(n.Origin)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.Path != "" {
			return o, fmt.Errorf("%w: member %q: origin must be like https://a1.example", ErrConfig, n.ID)
		}
		page := strings.ToLower(u.Scheme + "://" + u.Host)
		o.pages = append(o.pages, page)
		o.streams = append(o.streams, "ws"+strings.TrimPrefix(page, "http"))
		if n.ID == self.ID && t.Environment != admin.Production && isLoopback(self.Client) {
			for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
				o.pages = append(o.pages, u.Scheme+"://"+net.JoinHostPort(name, u.Port()))
			}
		}
	}
	return o, nil
}

// allow reports whether a page may open a stream. Programs that are no browsers send
// no Origin; a browser always does, and cannot be made to leave it out. What a browser
// keeps (a session, a hand-over) is brought by a browser: with it, an Origin that is missing
// was taken away on the way, and whose page it was is not known.
func (o origins) allow(origin string, kept bool) bool {
	return origin == "" && !kept || slices.Contains(o.pages, strings.ToLower(origin))
}

// secured puts the headers on that every response to a browser carries.
func (g *Gateway) secured(h http.Handler) http.Handler {
	fixed := map[string]string{
		"Content-Security-Policy":      site.Policy(g.origins.streams),
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
		"Cross-Origin-Resource-Policy": "same-origin",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Permissions-Policy": "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), " +
			"hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), browsing-topics=(), clipboard-read=()",
		"Cache-Control": "no-store",
	}
	if g.cfg.Browsers != nil {
		fixed["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range fixed {
			w.Header().Set(name, value)
		}
		h.ServeHTTP(w, r)
	})
}
