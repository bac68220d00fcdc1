package winnow_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/mail"
)

// A host that has verified SPF and DKIM seeds its results, and reads facts of
// the Result, here the signatures and the score that they gave.
func Example_facts() {
	ctx := context.Background()
	scanner, err := winnow.New(winnow.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)

	res, err := scanner.Scan(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(ordinary))},
		checks.Seed(spf.Fact, spf.Result{Status: spf.StatusPass, Domain: "example.org"}),
		checks.Seed(dkim.Fact, []dkim.Signature{{Status: dkim.StatusPass, Domain: "example.org", Selector: "mail"}}),
	)
	if err != nil {
		log.Fatal(err)
	}
	if signatures, ok := dkim.Fact.From(res); ok {
		fmt.Println(signatures[0].Domain, signatures[0].Status)
	}
	for _, name := range []string{"R_SPF_ALLOW", "R_DKIM_ALLOW"} {
		if s := res.Symbol(name); s != nil {
			fmt.Println(name, s.Score)
		}
	}
	// Output:
	// example.org pass
	// R_SPF_ALLOW -0.2
	// R_DKIM_ALLOW -0.2
}

// A Session gives verdicts before the message is there, so that a server can
// hang up at MAIL FROM.
func ExampleSession() {
	ctx := context.Background()
	banned := &checks.Check{
		Name: "banned", Doc: "refuses senders of a domain that is banned", Needs: checks.Needs{Phase: checks.MailFrom},
		Run: func(_ context.Context, t *checks.Task) error {
			if strings.HasSuffix(t.Envelope().From, "@spam.example") {
				t.PreResult(actions.PreResult{Action: actions.Reject, Message: "We take no mail from you"})
			}
			return nil
		},
	}
	scanner, err := winnow.New(winnow.Options{Checks: []*checks.Check{banned}})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)

	session, err := scanner.NewSession(mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mx.example.org"})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	for _, from := range []string{"eve@spam.example", "ann@example.org"} {
		res, err := session.MailFrom(ctx, from)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("MAIL", from, res.Action)
	}
	if _, err := session.Rcpt(ctx, "bob@example.net"); err != nil {
		log.Fatal(err)
	}
	res, err := session.Data(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(ordinary))})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("DATA", res.Action)
	// Output:
	// MAIL eve@spam.example reject
	// MAIL ann@example.org no action
	// DATA no action
}
