package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"strconv"

	"github.com/winnowmail/winnow/controller"
	"github.com/winnowmail/winnow/milter"
)

// milterFlags are what -milter and its companions say.
type milterFlags struct {
	listen            listFlag
	mode              modeFlag
	owner, clientCA   string
	failOpen, discard bool
	quarantine        bool
}

func (m *milterFlags) register(flags *flag.FlagSet) {
	m.mode = 0o660
	flags.Var(&m.listen, "milter", "`address` HOST:PORT or unix:PATH where MTAs ask by the milter protocol; may be repeated")
	flags.Var(&m.mode, "milter-mode", "`mode` of the milter's socket files, octal")
	flags.StringVar(&m.owner, "milter-owner", "", "`USER[:GROUP]` of the milter's socket files")
	flags.StringVar(&m.clientCA, "client-ca", "", "take the subject of a client's certificate for the user who logged in, where this `issuer` made it")
	flags.BoolVar(&m.failOpen, "milter-fail-open", false, "let the MTA accept what could not be scanned, instead of putting it off")
	flags.BoolVar(&m.discard, "discard-on-reject", false, "accept what is to be rejected and drop it")
	flags.BoolVar(&m.quarantine, "quarantine-on-reject", false, "let the MTA hold what is to be rejected")
}

// A listFlag may be given several times.
type listFlag []string

func (l *listFlag) String() string { return "" }

// Set takes one occurrence of the flag.
func (l *listFlag) Set(s string) error {
	if s == "" {
		return errors.New("no address")
	}
	*l = append(*l, s)
	return nil
}

// A modeFlag is a file's mode in octal.
type modeFlag fs.FileMode

func (m *modeFlag) String() string { return fmt.Sprintf("%#o", uint32(*m)) }

// Set implements flag.Value.
func (m *modeFlag) Set(s string) error {
	n, err := strconv.ParseUint(s, 8, 9)
	if err != nil {
		return fmt.Errorf("%q is no octal mode", s)
	}
	*m = modeFlag(n)
	return nil
}

// A milterServer is the milter on all its addresses; it may have none.
type milterServer struct {
	server    *milter.Server
	listeners []net.Listener
}

// milterServer listens where the flags say, and on sockets that were passed; counters
// count its scans.
func (c *config) milterServer(scanner milter.Scanner, counters *controller.Counters, passed []net.Listener) (*milterServer, error) {
	server, err := milter.New(milter.Options{
		Scanner: scanner, Log: c.log.Logger, Done: func(o *milter.Outcome) {
			if o.Result != nil {
				counters.Scan(o.Result)
			}
			c.log.milter(o)
		},
		ClientCA: c.milter.clientCA, FailOpen: c.milter.failOpen, DiscardOnReject: c.milter.discard, QuarantineOnReject: c.milter.quarantine,
	})
	if err != nil {
		return nil, errors.Join(err, (&milterServer{listeners: passed}).close())
	}
	m := &milterServer{server: server, listeners: passed}
	for _, address := range c.milter.listen {
		l, err := milter.Listen(address, fs.FileMode(c.milter.mode), c.milter.owner)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("-milter: %w", err), m.close())
		}
		m.listeners = append(m.listeners, l)
	}
	return m, nil
}

// addresses are those that the listeners got.
func (m *milterServer) addresses() []string {
	var all []string
	for _, l := range m.listeners {
		all = append(all, l.Addr().String())
	}
	return all
}

// serve tells failed of a listener that ends before the shutdown.
func (m *milterServer) serve(failed chan<- error) {
	for _, l := range m.listeners {
		go func() {
			if err := m.server.Serve(l); err != nil {
				failed <- err
			}
		}()
	}
}

func (m *milterServer) shutdown(ctx context.Context) error { return m.server.Shutdown(ctx) }

// close closes listeners that never served.
func (m *milterServer) close() error {
	var errs []error
	for _, l := range m.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
