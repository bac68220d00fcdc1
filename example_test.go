package winnow_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// ordinary is a message without faults; testMessage is the one that every spam
// filter rejects.
const (
	header = "From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\n" +
		"Message-ID: <1@example.org>\r\nSubject: Hello\r\n\r\n"
	ordinary    = header + "Is lunch on Friday still on?\r\n"
	testMessage = header + "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
)

// A server scans a message at DATA: the Scanner is made once, and Reply is what
// the client is told.
func ExampleScanner_Scan() {
	ctx := context.Background()
	scanner, err := winnow.New(winnow.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)

	res, err := scanner.Scan(ctx, &winnow.Message{
		Envelope: mail.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mx.example.org",
			From: "ann@example.org", HasFrom: true, Rcpts: []string{"bob@example.net"},
		},
		Body: winnow.FromBytes([]byte(testMessage)),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Action, res.Has("GTUBE"))
	fmt.Println(res.Reply.Code, res.Reply.Enhanced, res.Reply.Text)
	// Output:
	// reject true
	// 554 5.7.1 Gtube pattern
}

// Header edits of a verdict are applied to the message on delivery. A forged
// X-Spam does not survive.
func ExampleApply() {
	ctx := context.Background()
	advert := &symbols.Def{Name: "ADVERT", Doc: "the message advertises", Weight: 7}
	scanner, err := winnow.New(winnow.Options{Checks: []*checks.Check{{
		Name: "advert", Doc: "finds advertisements", Symbols: []*symbols.Def{advert},
		Run: func(_ context.Context, t *checks.Task) error {
			t.Hit(advert)
			return nil
		},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)

	raw := []byte("X-Spam: No\r\n" + ordinary)
	res, err := scanner.Scan(ctx, &winnow.Message{Body: winnow.FromBytes(raw)})
	if err != nil {
		log.Fatal(err)
	}
	delivered, err := winnow.Apply(raw, res.Edits)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Action)
	fmt.Println(strings.ReplaceAll(string(delivered), "\r\n", "\n"))
	// Output:
	// add header
	// X-Spam: Yes
	// From: Ann <ann@example.org>
	// To: bob@example.net
	// Date: Mon, 2 Nov 2026 10:00:00 +0100
	// Message-ID: <1@example.org>
	// Subject: Hello
	//
	// Is lunch on Friday still on?
}

// Each recipient has settings of their own; For gives the verdict for one.
func ExampleSettings() {
	ctx := context.Background()
	scanner, err := winnow.New(winnow.Options{
		// A program asks its database here.
		Settings: func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
			if r.Rcpt == "abuse@example.net" {
				return &winnow.Settings{Layer: winnow.Layer{Disable: []string{"GTUBE"}}}, nil
			}
			return nil, nil // those of the site
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)

	rcpts := []string{"bob@example.net", "abuse@example.net"}
	res, err := scanner.Scan(ctx, &winnow.Message{
		Envelope: mail.Envelope{Rcpts: rcpts}, Body: winnow.FromBytes([]byte(testMessage)),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, rcpt := range rcpts {
		fmt.Println(rcpt, res.For(rcpt).Action)
	}
	// Output:
	// bob@example.net reject
	// abuse@example.net no action
}

// A host's own check counts beside the built-in ones. The store is Memory here;
// packages storage/bolt and storage/redis keep their content.
func Example_check() {
	ctx := context.Background()
	busy := &symbols.Def{Name: "BUSY_SENDER", Doc: "the sender wrote more than twice in an hour", Weight: 7}
	check := &checks.Check{
		Name: "busy", Doc: "counts a sender's messages", Symbols: []*symbols.Def{busy}, Needs: checks.Needs{Store: true},
		Run: func(ctx context.Context, t *checks.Task) error {
			if t.Store() == nil {
				return nil
			}
			n, err := t.Store().Increment(ctx, "busy:"+t.Envelope().From, 1, time.Hour)
			if err == nil && n > 2 {
				t.Hit(busy, fmt.Sprint(n, " messages"))
			}
			return nil // a store that fails is the frame's to tell
		},
	}
	scanner, err := winnow.New(winnow.Options{
		Checks: []*checks.Check{check}, Store: storage.NewMemory(storage.MemoryOptions{}),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)

	for range 3 {
		res, err := scanner.Scan(ctx, &winnow.Message{
			Envelope: mail.Envelope{From: "ann@example.org", HasFrom: true}, Body: winnow.FromBytes([]byte(ordinary)),
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(res.Has("BUSY_SENDER"), res.Action)
	}
	// Output:
	// false no action
	// false no action
	// true add header
}
