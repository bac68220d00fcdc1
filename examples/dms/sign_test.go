package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	verifier "github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

// TestSignatureHolds puts the reply's signature on top of the message as an
// MTA and other clients do, and has it verified.
func TestSignatureHolds(t *testing.T) {
	dir := t.TempDir()
	runDKIM(t, 0, "dir", dir)
	base := filepath.Join(dir, "dkim", "rsa-2048-mail-example.com.")
	dns := zone.New(resolver.Record{
		Name: "mail._domainkey.example.com", Type: resolver.TypeTXT, Strings: []string{strings.TrimSpace(read(t, base+"public.dns.txt"))},
	})
	url, _, stop := start(t, "-profile", "dms", "-sign", "example.com:mail:"+base+"private.txt")
	defer stop()
	defer http.DefaultClient.CloseIdleConnections()
	const lf = "From: ann@example.com\nTo: bob@example.net\nSubject: hello\n there\n\nHello,\n\nhow are you?\n"
	crlf := strings.ReplaceAll(lf, "\n", "\r\n")
	for _, c := range []struct {
		header, value string
		raw, eol      string
	}{
		{"Milter", "yes", crlf, "\n"},
		{"Flags", "milter", crlf, "\n"},
		{"Milter", "Yes", lf, "\n"},
		{"Milter", "no", lf, "\n"},
		{"Milter", "no", crlf, "\r\n"},
	} {
		sig := signature(t, url, c.header, c.value, c.raw)
		if strings.Count(sig, "\n") < 3 || strings.Count(sig, "\n") != strings.Count(sig, c.eol) || strings.Count(sig, "\r") != strings.Count(c.eol, "\r")*strings.Count(sig, "\n") {
			t.Errorf("%s: %s: lines of %q", c.header, c.value, sig)
		}
		signed := strings.ReplaceAll("DKIM-Signature: "+sig+"\n"+c.raw, "\r\n", "\n")
		m := mail.Parse([]byte(strings.ReplaceAll(signed, "\n", "\r\n")), mail.Envelope{}, mail.Limits{})
		if got := verifier.Verify(t.Context(), dns, m, time.Now(), verifier.Options{}); len(got) != 1 || got[0].Status != "pass" {
			t.Errorf("%s: %s: %+v", c.header, c.value, got)
		}
	}
}

// signature asks the daemon for the signature of a local message.
func signature(t *testing.T, url, header, value, raw string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/checkv2", strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("IP", "10.1.2.3")
	req.Header.Set(header, value)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var reply struct {
		Signature string `json:"dkim-signature"`
	}
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	return reply.Signature
}
