// Milter is the smallest useful milter: Postfix or Sendmail asks it about each
// message, and it refuses, tags or accepts.
//
//	go run ./examples/milter -listen unix:/run/winnow.sock -dns system
//	postconf -e smtpd_milters=unix:/run/winnow.sock
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/milter"
	"github.com/winnowmail/winnow/resolver/dnsclient"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:11332", "`address` HOST:PORT or unix:PATH")
	dns := flag.String("dns", "none", "whom to ask: `ADDR[,ADDR]`, system (resolv.conf) or none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serve(ctx, *listen, *dns); err != nil {
		slog.Error("milter", "err", err)
		os.Exit(1)
	}
}

// serve answers until ctx ends, and then what is in flight.
func serve(ctx context.Context, listen, dns string) error {
	var o winnow.Options
	if dns != "none" {
		client, err := dnsclient.New(dnsclient.Options{Servers: strings.Split(dns, ",")})
		if err != nil {
			return err
		}
		defer client.Close()
		o.DNS.Resolver, o.DNS.SoftRejectOnTimeout = client, true
	}
	scanner, err := winnow.New(o)
	if err != nil {
		return err
	}
	server, err := milter.New(milter.Options{Scanner: scanner, Log: slog.Default()})
	if err != nil {
		return err
	}
	listener, err := milter.Listen(listen, 0o660, "")
	if err != nil {
		return err
	}
	slog.Info("listening", "address", listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(end), scanner.Close(end))
}
