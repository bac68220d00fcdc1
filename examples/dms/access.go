package main

import (
	"cmp"
	"flag"
	"net/http"
	"os"

	"github.com/winnowmail/winnow/config/scanner"
	"github.com/winnowmail/winnow/controller"
)

// accessFlags say who may use the HTTP API.
type accessFlags struct {
	password, enable string
	trusted          networksFlag
	guard            *controller.Guard // nil until the daemon serves
}

func (a *accessFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&a.password, "password", "", "`password` of the HTTP API, or better its hash as dms pw makes it: with it clients may read and scan, and without -enable-password change things, too")
	flags.StringVar(&a.enable, "enable-password", "", "`password` of the HTTP API, or its hash, for lessons and whatever else changes something")
	flags.Var(&a.trusted, "secure-ip", "`networks` whose clients need no password, by commas; all others need one then")
}

// access is what the flags say, and where they are silent the files.
func (a *accessFlags) access(setup *scanner.Setup) controller.Access {
	var files scanner.Access
	if setup != nil {
		files = setup.Daemon.Access
	}
	access := controller.Access(files)
	access.Password = cmp.Or(a.password, access.Password)
	access.EnablePassword = cmp.Or(a.enable, access.EnablePassword)
	if len(a.trusted) > 0 {
		access.Trusted = a.trusted
	}
	return access
}

// controllerClient is an HTTP client for subcommands that ask a daemon: it knows the
// password in the environment variable DMS_PASSWORD.
func controllerClient() *http.Client {
	return &http.Client{Transport: knowing(os.Getenv("DMS_PASSWORD"))}
}

// knowing is a transport that sends a password along.
type knowing string

func (k knowing) RoundTrip(r *http.Request) (*http.Response, error) {
	if k != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Password", string(k))
	}
	return http.DefaultTransport.RoundTrip(r)
}
