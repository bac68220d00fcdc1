// Smtpd is an SMTP server that asks winnow about every message: it rejects,
// tags or accepts. It is the code that a server with winnow inside needs;
// session.go is the part to copy.
//
//	go run ./examples/smtpd -listen 127.0.0.1:2525 -dir /tmp/mail -dns system
//
// With -dns, mail whose scan DNS holds up for too long is put off: the client
// is told to try again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/dnsclient"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("smtpd", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	listen := flags.String("listen", "127.0.0.1:2525", "`address` to listen on")
	dir := flags.String("dir", "", "`directory` to deliver to, a file a message (required)")
	dns := flags.String("dns", "none", "whom to ask: `ADDR[,ADDR]`, system (resolv.conf) or none")
	patterns := flags.String("gtube", "default", "test `patterns` that are recognised: default (GTUBE, which rejects), all (YJS, ZJS and AJS too) or disable")
	timeout := flags.Duration("timeout", 0, "how long a scan may take (default 8s)")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(stdout, "usage: smtpd -dir directory [flags]")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	}
	if err == nil && (*dir == "" || flags.NArg() > 0) {
		err = errors.New("usage: smtpd -dir directory [-listen address] [-dns servers]")
	}
	o := winnow.Options{Timeout: *timeout}
	if err == nil {
		var families standard.Options
		families.GTUBE, err = gtube.ParseOptions(*patterns)
		o.Families = standard.Families(families)
	}
	if err == nil && *dns != "none" {
		var client *dnsclient.Client
		client, err = dnsclient.New(dnsclient.Options{Servers: strings.Split(*dns, ",")})
		if err == nil {
			defer client.Close()
			o.DNS = resolver.Options{Resolver: client, SoftRejectOnTimeout: true}
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "smtpd: %v\n", err)
		return 2
	}
	listener, err := net.Listen("tcp", *listen)
	if err == nil {
		fmt.Fprintf(stdout, "listening on %s\n", listener.Addr())
		err = serve(ctx, listener, *dir, o)
	}
	if err != nil {
		fmt.Fprintf(stderr, "smtpd: %v\n", err)
		return 1
	}
	return 0
}

// serve takes mail until ctx ends.
func serve(ctx context.Context, listener net.Listener, dir string, o winnow.Options) error {
	defer listener.Close()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	scanner, err := winnow.New(o)
	if err != nil {
		return err
	}
	server := smtp.NewServer(&backend{scanner: scanner, name: "mx.example.net", deliver: into(dir)})
	server.Domain = "mx.example.net"
	server.ReadTimeout, server.WriteTimeout = 5*time.Minute, 5*time.Minute
	server.MaxMessageBytes, server.MaxRecipients, server.MaxLineLength = 25<<20, 100, 4096
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(end), scanner.Close(end))
}

// into delivers to a directory, a file a message.
func into(dir string) func(from string, msg []byte) error {
	return func(from string, msg []byte) error {
		f, err := os.CreateTemp(dir, "*.eml")
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := fmt.Fprintf(f, "Return-Path: <%s>\r\n%s", from, msg); err != nil {
			return err
		}
		return f.Close()
	}
}
