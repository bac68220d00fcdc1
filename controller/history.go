package controller

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// A History has rows of what was scanned, as JSON objects, newest first: a
// *history.History.
type History interface {
	// Latest returns n rows after the first skip, all of them if n is below 0.
	Latest(ctx context.Context, skip, n int) ([]json.RawMessage, error)
	// Find returns the rows that parameters of a URL ask for.
	Find(ctx context.Context, parameters url.Values) ([]json.RawMessage, error)
	// Reset forgets all rows.
	Reset(ctx context.Context) error
}

// history answers /history as Rspamd 4.1.6 does with its rows in Redis: from and to
// choose among them by number, the newest being 0 and the oldest -1. With other
// parameters it is a search (History.Find).
func (h *handler) history(w http.ResponseWriter, r *http.Request) {
	if h.rows == nil {
		fail(w, http.StatusNotFound, "no history is kept here")
		return
	}
	if !allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost) {
		return
	}
	parameters := r.URL.Query()
	rows, err := h.latest(r.Context(), parameters)
	if rows == nil && err == nil {
		if rows, err = h.rows.Find(r.Context(), parameters); err != nil {
			fail(w, http.StatusBadRequest, "%v", err)
			return
		}
	}
	if err != nil {
		fail(w, http.StatusGatewayTimeout, "%v", err)
		return
	}
	body, err := json.Marshal(map[string]any{"version": 2, "rows": rows})
	if err != nil {
		fail(w, http.StatusInternalServerError, "%v", err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	reply(w, http.StatusOK, "application/json", body)
}

// latest returns the rows between from and to; nil if something else is asked for.
func (h *handler) latest(ctx context.Context, parameters url.Values) ([]json.RawMessage, error) {
	bounds := [2]int{0, -1}
	for i, name := range []string{"from", "to"} {
		if n, err := strconv.Atoi(parameters.Get(name)); err == nil { // Rspamd ignores what is no number
			bounds[i] = n
		}
		parameters.Del(name)
	}
	parameters.Del("password") // of Rspamd's clients
	if len(parameters) > 0 {
		return nil, nil
	}
	from, to := bounds[0], bounds[1]
	if from >= 0 && to >= from && to-from < math.MaxInt {
		return h.rows.Latest(ctx, from, to-from+1)
	}
	rows, err := h.rows.Latest(ctx, 0, -1)
	if err != nil {
		return nil, err
	}
	if from < 0 {
		from = max(0, len(rows)+from)
	}
	if to < 0 {
		to += len(rows)
	}
	if from > to || from >= len(rows) {
		return []json.RawMessage{}, nil
	}
	return slices.Clip(rows[from : min(to, len(rows)-1)+1]), nil
}

// historyReset answers /historyreset.
func (h *handler) historyReset(w http.ResponseWriter, r *http.Request) {
	if h.rows == nil {
		fail(w, http.StatusNotFound, "no history is kept here")
		return
	}
	if !allow(w, r, http.MethodGet, http.MethodPost) {
		return
	}
	if err := h.rows.Reset(r.Context()); err != nil {
		fail(w, http.StatusGatewayTimeout, "%v", err)
		return
	}
	reply(w, http.StatusOK, "application/json", []byte(`{"success":true}`))
}
