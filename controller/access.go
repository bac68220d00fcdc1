package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/internal/passhash"
)

// Access says who may use the HTTP API, as Rspamd's worker-controller.inc does. The
// zero value lets everybody do everything.
type Access struct {
	// Password lets clients read and scan, and, without an EnablePassword, change
	// things, too. Both are hashes as dms pw and rspamadm pw make them ($1$, $2$),
	// or texts; "" means none.
	Password, EnablePassword string
	// Trusted are networks whose clients need no password (secure_ip). Of a proxy
	// among them the client that it names in X-Forwarded-For or X-Real-IP counts.
	// If there are any, others need one even where none is set.
	Trusted []netip.Prefix
	// MaxFailures is how many wrong passwords of one address are looked at within
	// Window, 0 means 10, and of all together ten times as many; Window 0 means a
	// minute. Addresses of IPv6 count by their /64.
	MaxFailures int
	Window      time.Duration
}

// Validate returns what is wrong with the passwords.
func (a Access) Validate() error {
	for name, hash := range map[string]string{"password": a.Password, "enable password": a.EnablePassword} {
		if passhash.Is(hash) && passhash.Validate(hash) != nil {
			return fmt.Errorf("controller: %s: %w", name, passhash.ErrForm)
		}
	}
	if a.MaxFailures < 0 || a.Window < 0 {
		return errors.New("controller: the number of failures and their time can't be negative")
	}
	return nil
}

// A Guard asks clients for passwords. Its Access may change while it serves.
type Guard struct {
	now atomic.Pointer[rules]
	log *slog.Logger
}

// rules are an Access in use.
type rules struct {
	Access
	read, change []*secret // any of them lets do it
	failures     *failures
}

// NewGuard makes a Guard. log is told of clients that are refused (Info); nil is
// silent.
func NewGuard(a Access, log *slog.Logger) (*Guard, error) {
	g := &Guard{log: log}
	if log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	return g, g.Set(a)
}

// Set puts another Access in force. Passwords that stay are not asked for anew.
func (g *Guard) Set(a Access) error {
	if err := a.Validate(); err != nil {
		return err
	}
	known := map[string]*secret{}
	r := &rules{Access: a}
	if was := g.now.Load(); was != nil {
		for _, s := range slices.Concat(was.read, was.change) {
			known[s.want] = s
		}
		if was.MaxFailures == a.MaxFailures && was.Window == a.Window {
			r.failures = was.failures
		}
	}
	if r.failures == nil {
		r.failures = newFailures(a.MaxFailures, a.Window)
	}
	of := func(text string) []*secret {
		if text == "" {
			return nil
		}
		if known[text] == nil {
			known[text] = newSecret(text)
		}
		return []*secret{known[text]}
	}
	r.read, r.change = of(a.Password), of(a.EnablePassword)
	if len(r.change) == 0 {
		r.change = r.read
	} else if a.Password != a.EnablePassword {
		r.read = append(r.read, r.change...)
	}
	g.now.Store(r)
	return nil
}

// Handler asks for a password before it lets a request through to next, which does
// not see one that was in the query. /ping, /healthy and /ready are everybody's.
// Requests that change things (Changes) need the EnablePassword.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		password, r := passwordOf(r)
		switch r.URL.Path {
		case "/ping", "/healthy", "/ready":
			next.ServeHTTP(w, r)
			return
		}
		client, trusted := g.client(r)
		switch err := g.now.Load().allow(r.Context(), client, trusted, password, Changes(r)); {
		case err == nil:
			next.ServeHTTP(w, r)
		case errors.Is(err, errTooMany):
			g.log.Info("too many wrong passwords", "client", client)
			fail(w, http.StatusTooManyRequests, "Too many authentication failures")
		default:
			g.log.Info("unauthorized", "client", client, "path", r.URL.Path, "why", err)
			fail(w, http.StatusUnauthorized, "Unauthorized")
		}
	})
}

// Changes reports whether a request changes what the daemon keeps: a lesson, a reset,
// and any method but GET and HEAD on a path where others don't read or scan.
func Changes(r *http.Request) bool {
	switch r.URL.Path {
	case "/learnspam", "/learnham", "/learnclass", "/statreset", "/historyreset":
		return true
	case "/checkv2", "/check", "/symbols", "/auth", "/stat", "/history", "/bayes/classifiers":
		return false
	}
	return r.Method != http.MethodGet && r.Method != http.MethodHead
}

// passwordOf is the password of a request, which no longer has one in its query.
func passwordOf(r *http.Request) (string, *http.Request) {
	password := r.Header.Get("Password")
	if !strings.Contains(r.URL.RawQuery, "password") {
		return password, r
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || !query.Has("password") {
		return password, r
	}
	if password == "" {
		password = query.Get("password")
	}
	query.Del("password")
	bare := r.WithContext(r.Context())
	u := *r.URL
	u.RawQuery = query.Encode()
	bare.URL, bare.RequestURI = &u, u.RequestURI()
	return password, bare
}

// client is whom a request is from, and whether he is trusted: an address, or who
// came over a socket of the file system.
func (g *Guard) client(r *http.Request) (ip netip.Addr, trusted bool) {
	rules := g.now.Load()
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	ip = from.Addr().WithZone("").Unmap()
	if trusted = err != nil || rules.trusts(ip); !trusted {
		return ip, false
	}
	for _, name := range []string{"X-Forwarded-For", "X-Real-IP"} {
		values := r.Header.Values(name)
		if len(values) == 0 {
			continue
		}
		list := strings.Split(values[len(values)-1], ",")
		named, err := netip.ParseAddr(strings.TrimSpace(list[len(list)-1]))
		named = named.WithZone("").Unmap()
		if err != nil {
			return ip, false
		}
		return named, rules.trusts(named)
	}
	return ip, true
}

func (r *rules) trusts(ip netip.Addr) bool {
	return slices.ContainsFunc(r.Trusted, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// Why requests are refused.
var (
	errNoPassword  = errors.New("no password")
	errPlaceholder = errors.New("a placeholder for a password")
	errWrong       = errors.New("a wrong password")
	errTooMany     = errors.New("too many wrong passwords")
)

// allow says whether a request may go on, and keeps count of wrong passwords.
func (r *rules) allow(ctx context.Context, client netip.Addr, trusted bool, password string, changes bool) error {
	known := r.read
	if changes {
		known = r.change
	}
	switch {
	case trusted, len(r.Trusted) == 0 && r.Password == "" && (r.EnablePassword == "" || !changes):
		return nil
	case password == "":
		return errNoPassword
	case r.failures.blocked(client):
		return errTooMany
	case password == "q1" || password == "q2": // of Rspamd's own files
		r.failures.add(client)
		return errPlaceholder
	}
	err := r.failures.check(ctx, client, known, password)
	if err == nil {
		r.failures.forget(client)
	}
	return err
}
