// Package controller speaks Rspamd's HTTP protocol: clients that talk to
// Rspamd's scanner, such as rspamc and mail servers' plugins, can talk to a
// winnow.Scanner through it.
//
// It serves /ping, /healthy, /ready and /checkv2, with /check and /symbols as
// older names for the same, /checkv3, which has both as parts of a form, /auth,
// /stat, /statreset and /bayes/classifiers, with a Teacher /learnspam, /learnham
// and /learnclass, and with a History /history and /historyreset. The envelope
// comes in request headers, the message is the body, the reply is one JSON object
// (winnow.Result.JSON, with header values folded by LF alone for "Milter: yes"
// and for messages with such lines).
// Errors are {"error": "…"}. A request header that Rspamd knows and this
// package does not obey, or that can't be read, is named in the reply's
// "warnings": nothing is dropped in silence. A header that would change what
// is scanned (Compression, File, Message-Length …) is refused instead.
//
// The handler of New has no authentication: a Guard before it asks for Rspamd's
// passwords. There is no TLS. The program examples/dms serves both.
package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/settings"
)

// A Scanner is a *winnow.Scanner or, where the configuration can be loaded
// anew, a *winnow.Live.
type Scanner interface {
	Scan(ctx context.Context, m *winnow.Message, seeds ...checks.Seeded) (*winnow.Result, error)
	Check(set winnow.Settings) error
	settings.Names
}

// Options configures New.
type Options struct {
	// Scanner does the work; it is required. The handler does not close it.
	// Its Options.Admission bounds how many bodies are in memory: but for the
	// first 32 KiB a body is read when it was admitted.
	Scanner Scanner
	// Teacher takes what clients want learned, as corrections by people; nil
	// serves no lessons.
	Teacher Teacher
	// History has the rows of /history; nil serves none.
	History History
	// MaxBody bounds the bytes of one request's body; 0 means 100 MiB. Longer
	// ones are refused with status 413. The Scanner's own limits may cut a
	// message earlier.
	MaxBody int64
	// Rules tells that the Scanner's Options.Settings is that of settings.Rules: it
	// decides about the headers Settings, Settings-ID, Maxscore and Softscore.
	// Without rules the first of them lies over what the Scanner has, and an id is
	// unknown.
	Rules bool
	// Counters are those of /stat; nil counts what comes through the handler only. A
	// program whose Scanner is asked in other ways too counts those scans there.
	Counters *Counters
	// Ready, if set, tells why clients should go elsewhere, nil if there is no
	// reason; /ready asks it.
	Ready func(ctx context.Context) error
	// Log gets one line a scan (Info), unless the client says "Log: no"; nil
	// is silent.
	Log *slog.Logger
}

type handler struct {
	scanner  Scanner
	teacher  Teacher
	rows     History
	ready    func(ctx context.Context) error
	rules    bool
	maxBody  int64
	log      *slog.Logger
	counters *Counters
}

// New makes the handler.
func New(o Options) (http.Handler, error) {
	if o.Scanner == nil {
		return nil, errors.New("controller: no Scanner")
	}
	h := &handler{scanner: o.Scanner, teacher: o.Teacher, rows: o.History, ready: o.Ready, rules: o.Rules, maxBody: o.MaxBody, log: o.Log, counters: o.Counters}
	if h.counters == nil {
		h.counters = &Counters{}
	}
	h.counters.begin()
	if h.maxBody <= 0 {
		h.maxBody = 100 << 20
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "winnow")
	defer h.recovered(w, r)
	h.counters.request()
	switch r.URL.Path {
	case "/ping":
		if allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost) {
			reply(w, http.StatusOK, "text/plain", []byte("pong\r\n"))
		}
	case "/healthy", "/ready":
		if allow(w, r, http.MethodGet, http.MethodHead) {
			h.health(w, r)
		}
	case "/checkv2", "/check", "/symbols":
		if allow(w, r, http.MethodPost, http.MethodPut) {
			h.check(w, r)
		}
	case "/checkv3":
		if allow(w, r, http.MethodPost, http.MethodPut) {
			h.checkForm(w, r)
		}
	case "/learnspam", "/learnham", "/learnclass":
		h.learn(w, r)
	case "/auth":
		h.auth(w, r)
	case "/stat", "/statreset":
		h.stat(w, r, r.URL.Path == "/statreset")
	case "/history":
		h.history(w, r)
	case "/historyreset":
		h.historyReset(w, r)
	case "/bayes/classifiers":
		h.classifiers(w, r)
	case "/counters":
		fail(w, http.StatusNotImplemented, "how often each symbol was found is not counted; the history finds the scans that have one")
	case "/fuzzyadd", "/fuzzydel", "/fuzzydelhash":
		fail(w, http.StatusNotImplemented, "there are no fuzzy hashes; /learnspam and /learnham take the message")
	default:
		fail(w, http.StatusNotFound, "unknown path: %q", r.URL.Path)
	}
}

// health answers /healthy, which says that the process serves, and /ready, which
// says that it can do its work: with status 500 if not, as Rspamd does.
func (h *handler) health(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ready" && h.ready != nil {
		if err := h.ready(r.Context()); err != nil {
			fail(w, http.StatusInternalServerError, "not ready: %v", err)
			return
		}
	}
	reply(w, http.StatusOK, "application/json", []byte(`{"success":true}`))
}

// recovered answers a request in which something panicked; other requests on
// the connection go on.
func (h *handler) recovered(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	h.log.Error("panic", "path", r.URL.Path, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	fail(w, http.StatusInternalServerError, "internal error")
}
