package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/history"
	"github.com/winnowmail/winnow/storage/bolt"
)

const historyUsage = `usage: dms history -state WHERE [flags]
       dms history -controller ADDRESS [flags]

It prints the rows that -history keeps, newest first. A state directory is locked
while a daemon uses it: then the daemon's controller is to be asked.
`

// A historySearch is what the flags of "dms history" say.
type historySearch struct {
	historyFlags
	where, controller, profile string
	json, journal              bool
	values                     url.Values // see history.ParseQuery
}

func (s *historySearch) register(flags *flag.FlagSet) {
	flags.StringVar(&s.where, "state", "", state.Usage)
	flags.StringVar(&s.controller, "controller", "", "`address` of the controller of the daemon that keeps the rows")
	flags.StringVar(&s.profile, "profile", "", "the daemon's -profile, which says what the list in Redis is called")
	flags.StringVar(&s.key, "history-key", "", "the daemon's -history-key, if it has a list in Redis")
	flags.StringVar(&s.hash, "history-hash", "", "the daemon's -history-hash, so that rows are found by what is hashed")
	flags.BoolVar(&s.journal, "journal", false, "the daemon's -history is a time, so that rows in Redis are no list of Rspamd's")
	flags.BoolVar(&s.json, "json", false, "print rows as JSON, one a line")
	s.values = url.Values{}
	for name, usage := range map[string]string{
		"id": "queue `ID` or digest", "message-id": "`Message-ID`", "address": "`address` of a sender, recipient or user",
		"symbol": "`NAME` of a symbol", "action": "`action`, such as reject", "user": "show what this `user` may see: mail to and from them",
		"since": "from `when` on: a time (RFC 3339), or how long ago (36h)", "until": "up to `when`", "limit": "`number` of rows; by default 200", "skip": "leave out a `number` of rows",
	} {
		flags.Func(name, usage, func(v string) error { s.values.Set(name, v); return nil })
	}
}

// searchHistory is "dms history"; it returns the exit code.
func searchHistory(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var s historySearch
	flags := flag.NewFlagSet("dms history", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	s.register(flags)
	if code, done := parseFlags(flags, args, historyUsage, stdout, stderr); done {
		return code
	}
	var err error
	if flags.NArg() > 0 || (s.where == "") == (s.controller == "") {
		err = errors.New("one of -state and -controller is needed, and nothing else")
	}
	var q history.Query
	if err == nil {
		q, err = history.ParseQuery(s.values, time.Now())
	}
	if err != nil {
		return complain(stderr, 2, err)
	}
	var rows []history.Row
	if s.controller != "" {
		rows, err = askController(ctx, s.controller, q)
	} else {
		rows, err = s.search(ctx, q)
	}
	if err == nil {
		err = printRows(stdout, rows, s.json)
	}
	if err != nil {
		return complain(stderr, 1, err)
	}
	return 0
}

func complain(stderr io.Writer, code int, err error) int {
	fmt.Fprintf(stderr, "dms history: %v\n", err)
	return code
}

// search looks into the state itself.
func (s *historySearch) search(ctx context.Context, q history.Query) (rows []history.Row, err error) {
	s.keep = fmt.Sprint(history.MaxListRows)
	if s.journal || !strings.Contains(s.where, "://") && s.key == "" {
		s.keep = "1000000h"
	}
	store, err := state.Open(ctx, s.where, slog.New(slog.DiscardHandler))
	if errors.Is(err, bolt.ErrLocked) {
		return nil, fmt.Errorf("%w: a daemon has it open, so ask that: dms history -controller ADDRESS", err)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	h, err := s.open(store, s.profile)
	if err != nil {
		return nil, err
	}
	return h.Search(ctx, q)
}

// maxAnswer bounds what a controller may answer.
const maxAnswer = 256 << 20

// askController asks a daemon.
func askController(ctx context.Context, address string, q history.Query) ([]history.Row, error) {
	if q.Limit == 0 {
		q.Limit = history.DefaultLimit // else it might be no search, which returns all rows
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	u := url.URL{Scheme: "http", Host: address, Path: "/history", RawQuery: q.Values().Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("-controller: %w", err)
	}
	res, err := controllerClient().Do(req)
	if err != nil {
		return nil, fmt.Errorf("-controller: %w", err)
	}
	defer res.Body.Close()
	var answer struct {
		Error string
		Rows  []history.Row
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("-controller: %w", err)
	}
	if answer.Error != "" || res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("-controller: %s %s", res.Status, answer.Error)
	}
	return answer.Rows, nil
}

// printRows prints a line a row: when, what was done, score, from, to, id and subject.
func printRows(w io.Writer, rows []history.Row, asJSON bool) error {
	for i := range rows {
		r := &rows[i]
		if asJSON {
			line, err := json.Marshal(r)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
				return err
			}
			continue
		}
		names := make([]string, 0, len(r.Symbols))
		for name, s := range r.Symbols {
			if s.Score != 0 {
				names = append(names, fmt.Sprintf("%s(%.2f)", name, s.Score))
			}
		}
		slices.Sort(names)
		_, err := fmt.Fprintf(w, "%s %q %.2f/%.2f ip=%s from=%q rcpts=%q id=%q subject=%q symbols=%s\n",
			time.Unix(int64(r.UnixTime), 0).UTC().Format(time.RFC3339), r.Action, r.Score, r.Required, r.IP, r.SenderSMTP,
			strings.Join(r.RcptSMTP, ","), r.MessageID, r.Subject, strings.Join(names, ","))
		if err != nil {
			return err
		}
	}
	return nil
}
