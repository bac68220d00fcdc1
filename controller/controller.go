// Package controller speaks Rspamd's HTTP protocol: clients that talk to
// Rspamd's scanner, such as rspamc and mail servers' plugins, can talk to a
// winnow.Scanner through it.
//
// It serves /ping, /healthy, /ready and /checkv2, with /check and /symbols as
// older names for the same, /checkv3, which has both as parts of a form, /stat, /statreset and /bayes/classifiers, with a
// Teacher /learnspam, /learnham and /learnclass, and with a History /history and
// /historyreset. The envelope comes in request
// headers, the message is the body, the reply is one JSON object
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
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
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
	counters counters
}

// New makes the handler.
func New(o Options) (http.Handler, error) {
	if o.Scanner == nil {
		return nil, errors.New("controller: no Scanner")
	}
	h := &handler{scanner: o.Scanner, teacher: o.Teacher, rows: o.History, ready: o.Ready, rules: o.Rules, maxBody: o.MaxBody, log: o.Log, counters: counters{began: time.Now()}}
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
	case "/stat", "/statreset":
		h.stat(w, r, r.URL.Path == "/statreset")
	case "/history":
		h.history(w, r)
	case "/historyreset":
		h.historyReset(w, r)
	case "/bayes/classifiers":
		h.classifiers(w, r)
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

// errBody is wrapped by errors of the request's body.
var errBody = errors.New("can't read the message")

func (h *handler) check(w http.ResponseWriter, r *http.Request) {
	req, ok := h.read(w, r, r.Header)
	if !ok {
		return
	}
	var res *winnow.Result
	var seeds []checks.Seeded
	if req.owner != "" {
		seeds = append(seeds, checks.Seed(statistics.Owner, req.owner))
	}
	err := h.withBody(w, r, req, func() (err error) {
		res, err = h.scanner.Scan(settings.WithRequest(r.Context(), &req.settings), &req.message, seeds...)
		return err
	})
	h.answer(w, r, req, res, err)
}

// perUser reports whether single users' lessons are learned and asked.
func (h *handler) perUser() bool { return h.teacher != nil && h.teacher.Learned().Users }

// read reads the request's headers. Where they can't be obeyed it answers, and ok
// is false.
func (h *handler) read(w http.ResponseWriter, r *http.Request, header http.Header) (req *request, ok bool) {
	req, err := parseRequest(header)
	if err == nil && req.owner != "" && !h.perUser() {
		req.warn("deliver-to is not supported without lessons of single users, and was not obeyed")
		req.owner = ""
	}
	if err == nil && r.URL.RawQuery != "" {
		err = errors.New("a query string is not supported: send the values as request headers")
	}
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, errEncoding) {
			status = http.StatusUnsupportedMediaType
		}
		fail(w, status, "%v", err)
		return nil, false
	}
	if err := h.settle(r, req); err != nil {
		fail(w, http.StatusBadRequest, "settings: %v", err)
		return nil, false
	}
	return req, true
}

// withBody gives the request's message its body and calls do, unless the body
// can't be read or is too long.
func (h *handler) withBody(w http.ResponseWriter, r *http.Request, req *request, do func() error) error {
	if r.ContentLength > h.maxBody {
		return &http.MaxBytesError{Limit: h.maxBody}
	}
	body := newBody(http.MaxBytesReader(w, r.Body, h.maxBody))
	req.message.Body = body.message(r.ContentLength)
	req.head = body.ahead
	var err error
	if body.err == nil { // else there is nothing to wait for
		err = do()
	}
	if err == nil {
		body.drain()
	}
	if body.err != nil {
		err = fmt.Errorf("%w: %w", errBody, body.err)
	}
	return err
}

// answer writes the reply for a scan that ended, or did not begin because of err.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, req *request, res *winnow.Result, err error) {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		fail(w, http.StatusRequestEntityTooLarge, "message is longer than %d bytes", tooLarge.Limit)
		return
	}
	switch {
	case errors.Is(err, errBody):
		fail(w, http.StatusBadRequest, "%v", err)
	case errors.Is(err, winnow.ErrClosed):
		fail(w, http.StatusServiceUnavailable, "shutting down")
	case errors.Is(err, context.Canceled): // the client has gone, or the server gave the request up
		fail(w, http.StatusServiceUnavailable, "the request was given up")
	case errors.Is(err, winnow.ErrBusy):
		fail(w, http.StatusServiceUnavailable, "too many messages at once")
	case errors.Is(err, winnow.ErrMessage) && req.settings.Says(): // a reload took away what settings that were checked name
		fail(w, http.StatusBadRequest, "%v", err)
	case err != nil:
		h.log.Error("scan", "queue_id", req.message.Envelope.QueueID, "err", err)
		fail(w, http.StatusInternalServerError, "%v", err)
	default:
		h.counters.scan(res)
		h.record(r, req, res)
		if req.milter || bareLines(res.Message().Raw()) {
			res = foldBare(res)
		}
		reply(w, http.StatusOK, "application/json", withWarnings(res.JSON(), req.warnings))
	}
}

// settle turns the request's settings into the Scanner's. Where rules decide about
// them, it only refuses those that don't hold.
func (h *handler) settle(r *http.Request, req *request) error {
	q := &req.settings
	q.Warn, q.Header = req.warn, r.Header.Values
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		q.Client = from.Addr().WithZone("").Unmap()
	}
	if !q.Says() {
		return nil
	}
	if q.Apply != nil {
		req.silent = req.silent || q.Apply.NoLog
	}
	set := q.Settings(h.scanner)
	if err := h.scanner.Check(*set); err != nil || h.rules {
		return err
	}
	req.message.Settings = set
	return nil
}

// bareLines reports whether the lines of a message end with LF alone.
func bareLines(raw []byte) bool {
	i := bytes.IndexByte(raw, '\n')
	return i >= 0 && (i == 0 || raw[i-1] != '\r')
}

// foldBare makes folded values end their lines with LF alone: that is what the
// milter protocol has (an MTA would double a CR), and what the client can put
// into a message with such lines. Rspamd 4.1.6 replies the same. The Result
// itself stays as it is, since the Scanner's Afters read it too.
func foldBare(res *winnow.Result) *winnow.Result {
	folded := *res
	folded.Edits = slices.Clone(res.Edits)
	for i := range folded.Edits {
		folded.Edits[i].Value = strings.ReplaceAll(folded.Edits[i].Value, "\r\n", "\n")
	}
	return &folded
}

func (h *handler) record(r *http.Request, req *request, res *winnow.Result) {
	if req.silent {
		return
	}
	env := &req.message.Envelope
	h.log.LogAttrs(r.Context(), slog.LevelInfo, "scanned",
		slog.String("action", string(res.Action)), slog.Float64("score", res.Score), slog.Float64("required", res.Required),
		slog.String("queue_id", env.QueueID), slog.String("ip", ipText(env.ClientIP)), slog.String("from", env.From),
		slog.Int("rcpts", len(env.Rcpts)), slog.Int("size", len(res.Message().Raw())), slog.Duration("took", res.Took),
		slog.Int("incomplete", len(res.Incomplete)), slog.String("file", req.filename), slog.String("tag", req.tag))
}

// withWarnings adds the member "warnings" to a JSON object.
func withWarnings(object []byte, warnings []string) []byte {
	if len(warnings) == 0 {
		return object
	}
	list, err := json.Marshal(warnings)
	if err != nil {
		return object
	}
	object = append(object[:len(object)-1:len(object)-1], `,"warnings":`...)
	return append(append(object, list...), '}')
}

func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m {
			return true
		}
	}
	for _, m := range methods {
		w.Header().Add("Allow", m)
	}
	fail(w, http.StatusMethodNotAllowed, "%s does not take %s", r.URL.Path, r.Method)
	return false
}

func fail(w http.ResponseWriter, status int, format string, args ...any) {
	body, _ := json.Marshal(map[string]string{"error": fmt.Sprintf(format, args...)}) // strings always marshal
	reply(w, status, "application/json", body)
}

func reply(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone is no matter
}
