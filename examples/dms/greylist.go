package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/storage"
)

// greylistFlags are what -greylist and its companion say.
type greylistFlags struct {
	on      bool
	timeout time.Duration
}

func (g *greylistFlags) register(flags *flag.FlagSet) {
	flags.BoolVar(&g.on, "greylist", false, "put suspicious mail off until it comes again; dms greylist release lets it through at once; needs -state")
	flags.DurationVar(&g.timeout, "greylist-timeout", 0, "how long -greylist puts mail off; by default 5 `minutes`")
}

// options returns the family's, nil without -greylist.
func (g *greylistFlags) options() (*greylist.Options, error) {
	if !g.on {
		return nil, nil
	}
	o := &greylist.Options{Timeout: g.timeout}
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("-greylist-timeout: %w", err)
	}
	return o, nil
}

// handler serves POST /greylist/release with the query's client, from and rcpt,
// which may be repeated: 204, or 400 for a query that names no message and 503
// for a store that fails.
func (g *greylistFlags) handler(store storage.KV) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		client, err := netip.ParseAddr(q.Get("client"))
		o, err2 := g.options()
		switch {
		case r.Method != http.MethodPost:
			http.Error(w, "POST it", http.StatusMethodNotAllowed)
		case errors.Join(err, err2) != nil || len(q["rcpt"]) == 0:
			http.Error(w, "client is an address, and one rcpt is needed", http.StatusBadRequest)
		case greylist.Release(r.Context(), store, *o, client, q.Get("from"), q["rcpt"]...) != nil:
			http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

const greylistUsage = `usage: dms greylist release -client ADDRESS [flags] RECIPIENT...

Lets a mail that is put off through when it comes again, whenever that is. The
daemon is asked through its controller.
`

// greylistCommand is "dms greylist"; it returns the exit code.
func greylistCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("dms greylist release", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	controller := flags.String("controller", "127.0.0.1:11334", "`address` of the daemon's controller")
	client := flags.String("client", "", "`address` of the client that sends it (required)")
	from := flags.String("from", "", "envelope `sender`; by default the null sender")
	err := error(flag.ErrHelp)
	if len(args) > 0 && args[0] == "release" {
		err = parseMixed(flags, args[1:])
	} else if len(args) > 0 && strings.Trim(args[0], "-") != "help" && args[0] != "-h" {
		err = fmt.Errorf("unknown command %q", args[0])
	}
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, greylistUsage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	}
	if _, bad := netip.ParseAddr(*client); err == nil && bad != nil {
		err = fmt.Errorf("-client: %q is no address", *client)
	}
	if err == nil && flags.NArg() == 0 {
		err = errors.New("a recipient is needed")
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms greylist: %v\n", err)
		return 2
	}
	if err := releaseGreylisted(ctx, *controller, *client, *from, flags.Args()); err != nil {
		fmt.Fprintf(stderr, "dms greylist: %v\n", err)
		return 1
	}
	return 0
}

func releaseGreylisted(ctx context.Context, controller, client, from string, rcpts []string) error {
	query := url.Values{"client": {client}, "from": {from}, "rcpt": rcpts}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+controller+"/greylist/release?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	res, err := controllerClient().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNoContent {
		return nil
	}
	reply, _ := io.ReadAll(io.LimitReader(res.Body, 500))
	return fmt.Errorf("%s: %s", res.Status, strings.TrimSpace(string(reply)))
}
