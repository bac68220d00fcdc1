package milter_test

import (
	"context"
	"errors"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/milter"
)

// A program that serves a milter until it is interrupted. Postfix reaches it with
// smtpd_milters = inet:127.0.0.1:11332.
func ExampleNew() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	scanner, err := winnow.New(winnow.Options{})
	if err != nil {
		log.Fatal(err)
	}
	server, err := milter.New(milter.Options{Scanner: scanner})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := milter.Listen("inet:127.0.0.1:11332", 0, "")
	if err != nil {
		log.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		log.Print(err)
	case <-ctx.Done():
	}

	patience, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := errors.Join(server.Shutdown(patience), scanner.Close(patience)); err != nil {
		log.Fatal(err)
	}
}
