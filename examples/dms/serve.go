package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/controller"
	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/quarantine"
	"github.com/winnowmail/winnow/storage"
)

// serve scans until ctx ends.
func (c *config) serve(ctx context.Context, o winnow.Options) (err error) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	passed, err := passedSockets()
	if err != nil {
		return err
	}
	defer passed.close()
	if c.client != nil {
		defer c.client.Close()
	}
	end, err := c.remember(ctx, &o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := c.files.exports(&o); err != nil {
		return err
	}
	scanner, err := winnow.New(o)
	if err != nil {
		return err
	}
	live := winnow.NewLive(scanner)
	counters := &controller.Counters{}
	api, err := c.api(live, o, counters, c.ready(ctx, o))
	if err != nil {
		return err
	}
	listener, err := passed.controller(c.controller)
	if err != nil {
		return err
	}
	mta, err := c.milterServer(live, counters, passed.milters())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := httpServer(api, o.Log)
	o.Log.Info("listening", "controller", listener.Addr().String(), "milter", strings.Join(mta.addresses(), ","), "profile", c.profile, "dns", c.dns, "maps", c.maps)
	failed := make(chan error, 1+len(mta.listeners))
	go func() { failed <- server.Serve(listener) }()
	mta.serve(failed)
	c.notify(daemon.SdNotifyReady)
	if err := c.wait(ctx, live, o, failed, hangup); err != nil {
		return err
	}
	o.Log.Info("shutting down")
	c.notify(daemon.SdNotifyStopping)
	return shutdown(server, mta, live)
}

// api is the HTTP API with the daemon's own pages beside it, and the guard before
// all of it.
func (c *config) api(live *winnow.Live, o winnow.Options, counters *controller.Counters, ready func(context.Context) error) (http.Handler, error) {
	serve := controller.Options{Scanner: live, Counters: counters, Log: o.Log, Ready: ready, Rules: c.files.setup != nil}
	if o.Learner != nil || o.Classifiers != nil {
		serve.Teacher = live
	}
	if c.history.kept != nil {
		serve.History = c.history.kept
	}
	api, err := controller.New(serve)
	if err != nil {
		return nil, err
	}
	c.access.guard, err = controller.NewGuard(c.access.access(c.files.setup), o.Log)
	if err != nil {
		return nil, err
	}
	return c.access.guard.Handler(c.beside(o.Store, api)), nil
}

func httpServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute, // a mail over a slow line
		WriteTimeout:      3 * time.Minute, // counted from the end of the header: includes ReadTimeout and the scan
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    256 << 10, // a thousand recipients
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// beside serves what the controller does not know.
func (c *config) beside(kv storage.KV, api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	if kv != nil {
		mux.Handle("/buckets", bucketsHandler(kv))
	}
	if c.greylist.on {
		mux.Handle("/greylist/release", c.greylist.handler(kv))
	}
	if store, ok := kv.(storage.Store); ok && c.kept.keys != "" {
		copies := quarantine.Handler(quarantine.Open(store))
		mux.Handle("/quarantine", copies)
		mux.Handle("/quarantine/", copies)
	}
	return mux
}

// shutdown answers what is in flight and ends the scans.
func shutdown(server *http.Server, mta *milterServer, live *winnow.Live) error {
	drain, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- mta.shutdown(drain) }()
	err := errors.Join(server.Shutdown(drain), <-served)
	last, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	return errors.Join(err, live.Close(last))
}

// remember opens the store, if there is one, with what learns and reports there;
// end closes it.
func (c *config) remember(ctx context.Context, o *winnow.Options) (end func() error, err error) {
	store, err := state.Open(ctx, c.state, o.Log)
	if err != nil {
		return nil, err
	}
	if err := c.own.open(ctx, c.files.stores(), o.Log); err != nil {
		return nil, errors.Join(err, closeStore(store))
	}
	c.own.use(o)
	if store == nil {
		return c.own.close, nil
	}
	o.Store = store
	c.files.lists.use(store)
	end = func() error {
		if o.Learner != nil {
			if err := o.Learner.Close(); err != nil { // lessons are safe
				o.Log.Warn("what was seen of the latest mail is lost", "err", err)
			}
		}
		return errors.Join(c.own.close(), store.Close())
	}
	o.Classifiers, err = c.model.Classifiers(c.own.of("bayes", store))
	if err == nil && c.model.Fused() {
		o.Learner, err = state.Learner(ctx, c.own.of("bayes", store), c.perUser, o.Log)
	}
	if err == nil {
		err = errors.Join(c.autolearn.after(o), c.known.after(o, c.files.families().Spamtrap))
	}
	if err != nil {
		return nil, errors.Join(err, end())
	}
	if err := errors.Join(c.history.after(o, c.own.of("history_redis", store), c.profile), c.neural.after(o, c.own.of("neural", store))); err != nil {
		return nil, errors.Join(err, end())
	}
	if c.dmarc.email != "" {
		o.After = append(o.After, c.dmarc.after(store))
	}
	if err := c.kept.after(o, store); err != nil {
		return nil, errors.Join(err, end())
	}
	return end, nil
}

// readyBudget is how long the store may take to answer whoever asks for /ready.
const readyBudget = time.Second

// ready tells why mail should go elsewhere, nil if there is no reason.
func (c *config) ready(stopping context.Context, o winnow.Options) func(context.Context) error {
	return func(ctx context.Context) error {
		if stopping.Err() != nil {
			return errors.New("shutting down")
		}
		if o.Store != nil {
			ctx, cancel := context.WithTimeout(ctx, readyBudget)
			defer cancel()
			if _, err := o.Store.Get(ctx, "ready"); err != nil && !errors.Is(err, storage.ErrNotFound) {
				return errors.New("the store does not answer")
			}
		}
		if o.Learner != nil {
			return o.Learner.Ready()
		}
		return nil
	}
}

// notify tells systemd, if that started the program.
func (c *config) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		c.log.Warn("systemd is not told", "state", state, "err", err)
	}
}

// listen makes the listener of the HTTP API.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-controller: %s", strings.TrimPrefix(err.Error(), "listen tcp: "))
	}
	return l, nil
}
