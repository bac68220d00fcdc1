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
	"slices"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/settings"
)

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
		h.counters.Scan(res)
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
