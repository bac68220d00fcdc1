package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/storage"
)

const bucketsUsage = `usage: dms buckets [flags] list
       dms buckets [flags] show KEY...
       dms buckets [flags] unblock KEY...

Looks after the buckets of -ratelimit and -user-limit: list shows those that
were full last, show any by their keys, and unblock empties them. A running
daemon is asked through its controller, unless -state says where its buckets are:
in Redis they are there at any time, and Rspamd's with them; a file is locked while
the daemon runs.
`

// bucketsTime is how long the command waits for a server.
const bucketsTime = 10 * time.Second

// A bucketsJob is what the command line asks for.
type bucketsJob struct {
	controller, where, verb string
	keys                    []string
}

// bucketsCommand is "dms buckets"; it returns the exit code.
func bucketsCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var j bucketsJob
	flags := flag.NewFlagSet("dms buckets", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&j.controller, "controller", "127.0.0.1:11334", "`address` of the daemon's controller")
	flags.StringVar(&j.where, "state", "", state.Usage)
	err := parseMixed(flags, args)
	if errors.Is(err, flag.ErrHelp) || flags.Arg(0) == "help" {
		fmt.Fprint(stdout, bucketsUsage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	}
	if err == nil {
		err = j.parse(flags.Args())
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms buckets: %v\n", err)
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, bucketsTime)
	defer cancel()
	do := j.ask
	if j.where != "" {
		do = j.open
	}
	if err := do(ctx, stdout); err != nil {
		fmt.Fprintf(stderr, "dms buckets: %v\n", err)
		return 1
	}
	return 0
}

func (j *bucketsJob) parse(args []string) error {
	if len(args) == 0 {
		return errors.New("say list, show KEY or unblock KEY")
	}
	j.verb, j.keys = args[0], args[1:]
	switch j.verb {
	case "list":
		if len(j.keys) > 0 {
			return fmt.Errorf("unexpected argument %q", j.keys[0])
		}
	case "show", "unblock":
		if len(j.keys) == 0 {
			return fmt.Errorf("%s needs the key of a bucket; list shows them", j.verb)
		}
	default:
		return fmt.Errorf("%q is none of list, show and unblock", j.verb)
	}
	return checkBucketKeys(j.keys)
}

func checkBucketKeys(keys []string) error {
	for _, k := range keys {
		if !strings.HasPrefix(k, ratelimit.Prefix) || k == ratelimit.List || storage.CheckKey(k) != nil {
			return fmt.Errorf("%q is no key of a bucket, which begin with %s", k, ratelimit.Prefix)
		}
	}
	return nil
}

// do does the job on a store.
func (j *bucketsJob) do(ctx context.Context, s storage.Store, out io.Writer) error {
	switch j.verb {
	case "unblock":
		return ratelimit.Unblock(ctx, s, j.keys...)
	case "list":
		list, err := ratelimit.LastFull(ctx, s, time.Now())
		if err != nil {
			return err
		}
		return printBuckets(out, list)
	}
	list := make([]ratelimit.State, len(j.keys))
	for i, k := range j.keys {
		var err error
		if list[i], err = ratelimit.Look(ctx, s, k, time.Now()); err != nil {
			return err
		}
	}
	return printBuckets(out, list)
}

// open does the job on the store that -state names, which is there already.
func (j *bucketsJob) open(ctx context.Context, out io.Writer) error {
	file := !strings.Contains(j.where, "://")
	if file {
		if _, err := os.Stat(filepath.Join(j.where, state.File)); err != nil {
			return fmt.Errorf("-state: %w", err)
		}
	}
	store, err := state.Open(ctx, j.where, slog.New(slog.DiscardHandler))
	if err != nil && file {
		return fmt.Errorf("%w (while the daemon runs it holds its file: ask its controller, without -state)", err)
	}
	if err != nil {
		return err
	}
	return errors.Join(j.do(ctx, store, out), store.Close())
}

// ask has the daemon do the job.
func (j *bucketsJob) ask(ctx context.Context, out io.Writer) error {
	method := http.MethodGet
	if j.verb == "unblock" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+j.controller+"/buckets?"+url.Values{"key": j.keys}.Encode(), nil)
	if err != nil {
		return err
	}
	res, err := controllerClient().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		reply, _ := io.ReadAll(io.LimitReader(res.Body, 500))
		return fmt.Errorf("%s: %s", res.Status, strings.TrimSpace(string(reply)))
	}
	_, err = io.Copy(out, res.Body)
	return err
}

// bucketsHandler serves GET /buckets, a table of the buckets of the query's keys, or
// of those that were full last, and POST /buckets, which empties those of the keys:
// 204, 400 for what is no key and 503 for a store that fails.
func bucketsHandler(kv storage.KV) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		j := bucketsJob{verb: "list", keys: r.URL.Query()["key"]}
		switch post := r.Method == http.MethodPost; {
		case !post && r.Method != http.MethodGet && r.Method != http.MethodHead:
			http.Error(w, "GET or POST it", http.StatusMethodNotAllowed)
			return
		case checkBucketKeys(j.keys) != nil, post && len(j.keys) == 0, len(j.keys) > 100:
			http.Error(w, "one to 100 keys of buckets are needed", http.StatusBadRequest)
			return
		case post:
			j.verb = "unblock"
		case len(j.keys) > 0:
			j.verb = "show"
		}
		var table strings.Builder
		if err := j.do(r.Context(), storage.Full(kv), &table); err != nil {
			http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
			return
		}
		if j.verb == "unblock" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, table.String())
	})
}

func printBuckets(out io.Writer, list []ratelimit.State) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tLEVEL\tRATE\tLIMIT\tOF\tLAST FULL")
	for _, s := range list {
		rate, full := "?", "?" // only Rspamd knows, or it was never full
		if s.Burst > 0 {
			rate = (ratelimit.Bucket{Burst: s.Burst, Rate: s.Rate}).Text()
			full = s.Bucket.Filled.UTC().Format(time.DateTime)
		}
		fmt.Fprintf(w, "%s\t%.4g\t%s\t%s\t%q\t%s\n", s.Key, s.Bucket.Level, rate, s.Limit, s.Value, full)
	}
	return w.Flush()
}
