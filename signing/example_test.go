package signing_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/signing"
)

// A mail server that signs without a Scanner.
func ExampleSigner_Sign() {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)) // yours comes from signing.ParseKey
	rules := signing.DKIM()
	rules.Selector = "2026"
	rules.Keys = signing.Keys{"2026._domainkey.example.com": key}
	signer, err := signing.New(rules)
	if err != nil {
		panic(err)
	}
	for _, user := range []string{"ann@example.com", "eve@example.net"} {
		env := mail.Envelope{From: "ann@example.com", HasFrom: true}
		m := mail.Parse([]byte("From: ann@example.com\r\nSubject: hello\r\n\r\nHello\r\n"), env, mail.Limits{})
		out := signer.Sign(context.Background(), m, signing.Client{User: user}, time.Unix(1793534400, 0), resolver.None)
		for _, f := range out.Fields {
			fmt.Printf("%s: %.49s\n", f.Name, f.Value)
		}
		for _, n := range out.Notes {
			fmt.Println(n)
		}
	}
	// Output:
	// DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=examp
	// not signed: the user's domain "example.net" is another than the signature's, "example.com"
}
