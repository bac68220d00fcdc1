package signing_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
	sign "github.com/winnowmail/winnow/signing"
)

// The signing cases of Rspamd's functional tests (131_dkim_signing and
// 320_arc_signing), their configurations written as rules. Keys are made here
// and published where Rspamd publishes its own. Cases that need Redis or the
// HTTP headers that carry a key are not among them.
func TestRspamdCases(t *testing.T) {
	dir := shared.Path(t, "suites/rspamd/messages")
	data, err := os.ReadFile(filepath.Join(dir, "dmarc/fail_none.eml"))
	if err != nil {
		t.Fatal(err)
	}
	message := string(data)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "eddsa.key")
	ed := keyFile(t, path, 1)
	dns := published(t, map[string]any{
		"dkim._domainkey.cacophony.za.org": rsaKey.Public(), "eddsa._domainkey.cacophony.za.org": ed.Public(),
		"dkim._domainkey.ed25519.za.org": ed.Public(), "dkim._domainkey.invalid.za.org": ed.Public(),
	})
	strict := func(r sign.Rules, selector string) *sign.Rules {
		r.Selector, r.CheckKey, r.AllowKeyMismatch = selector, true, false
		return &r
	}
	simple := strict(sign.DKIM(), "dkim")
	simple.Keys = sign.Keys{"dkim._domainkey.cacophony.za.org": rsaKey, "dkim._domainkey.invalid.za.org": rsaKey}
	eddsa := strict(sign.DKIM(), "eddsa")
	eddsa.Path = path
	maps := sign.DKIM()
	if maps.SigningTable, err = sign.ParseSigningTable("*@cacophony.za.org cacophony.za.org"); err != nil {
		t.Fatal(err)
	}
	if maps.KeyTable, err = sign.ParseKeyTable("cacophony.za.org %:eddsa:" + base64.StdEncoding.EncodeToString(ed.Seed())); err != nil {
		t.Fatal(err)
	}
	// Without modules.d/arc.conf the ARC module's own defaults are those of
	// DKIM.
	sealing := strict(sign.DKIM(), "dkim")
	sealing.Keys = simple.Keys
	round := sign.DKIM()
	round.UserMismatch = true
	round.Domains = map[string][]sign.Selector{"cacophony.za.org": {{Selector: "dkim"}}, "ed25519.za.org": {{Selector: "dkim", Path: path}}}
	round.Keys = simple.Keys
	seals := func(r *sign.Rules) signing.Options {
		return signing.Options{ARC: &signing.ARC{Rules: *r, ServID: "mx.example.org"}}
	}
	const bob = "bob@cacophony.za.org"
	other := "From: Rspamd <foo@invalid.za.org>\n\nhello\n"
	other25519 := strings.Replace(other, "invalid", "ed25519", 1)
	cases := []struct {
		name    string
		options signing.Options
		user    string
		message string
		before  func()
		want    string // symbol, "" none
		field   string // in the fields on top
	}{
		{"001_simple wrong public key", signing.Options{DKIM: simple}, "bob@invalid.za.org", other, nil, "", ""},
		{"001_simple signed", signing.Options{DKIM: simple}, bob, message, nil, "DKIM_SIGNED", "a=rsa-sha256"},
		{"003_eddsa wrong domain of the user", signing.Options{DKIM: eddsa}, "bob@example.tk", message, nil, "", ""},
		{"004_invalidate signed", signing.Options{DKIM: eddsa}, bob, message, nil, "DKIM_SIGNED", "a=ed25519-sha256"},
		{"004_invalidate key no longer matches", signing.Options{DKIM: eddsa}, bob, message, func() { keyFile(t, path, 2) }, "", ""},
		{"007_sign_maps signed", signing.Options{DKIM: &maps}, bob, message, func() { keyFile(t, path, 1) }, "DKIM_SIGNED", "d=cacophony.za.org; s=eddsa;"},
		{"320/001_simple signed", seals(sealing), bob, message, nil, "ARC_SIGNED", "i=1;"},
		{"320/001_simple wrong domain of the user", seals(sealing), "bob@example.tk", message, nil, "", ""},
		{"320/003_roundtrip Ed25519", seals(&round), "bob@ed25519.za.org", other25519, nil, "ARC_SIGNED", "a=ed25519-sha256"},
		{"320/004_ed25519", seals(&round), "bob@ed25519.za.org", other25519, nil, "ARC_SIGNED", "a=ed25519-sha256"},
	}
	good := 0
	for _, c := range cases {
		if c.before != nil {
			c.before()
		}
		res := scanWith(t, c.options, dns, mail.Envelope{User: c.user}, c.message)
		top := strings.ReplaceAll(onTop(res.Edits), "\r\n\t", " ")
		if (c.want == "") != (top == "") || c.want != "" && !res.Has(c.want) || !strings.Contains(top, c.field) {
			t.Errorf("%s: %s, notes %v", c.name, top, res.Notes)
			continue
		}
		good++
	}
	good += roundTrips(t, seals(&round), dns, mail.Envelope{User: bob}, message)
	t.Logf("Rspamd's signing cases: %d of %d", good, len(cases)+3)
}

// roundTrips are the cases that seal and validate, once and twice, and the one
// of the fields' order.
func roundTrips(t *testing.T, o signing.Options, dns resolver.Resolver, env mail.Envelope, raw string) (good int) {
	for i := 1; i <= 2; i++ {
		res := scanWith(t, o, dns, env, raw)
		raw = onTop(res.Edits) + raw
		m := mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})
		r := arc.Verify(t.Context(), dns, m, at(), arc.Options{})
		if !res.Has("ARC_SIGNED") || r.Status != "pass" || len(r.Sets) != i {
			t.Errorf("320/003_roundtrip, %d sets: %+v, notes %v\n%s", i, r, res.Notes, raw)
			continue
		}
		good++
		if i > 1 {
			continue
		}
		var names []string
		for _, e := range res.Edits {
			if !e.Remove {
				names = append(names, e.Name)
			}
		}
		if fmt.Sprint(names) != "[ARC-Authentication-Results ARC-Message-Signature ARC-Seal]" {
			t.Errorf("320/005_header_order: %v", names)
			continue
		}
		good++
	}
	return good
}

// published is a zone with keys.
func published(t *testing.T, keys map[string]any) resolver.Resolver {
	t.Helper()
	var b strings.Builder
	for name, key := range keys {
		record, err := sign.Record(key)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(name + " TXT")
		for ; len(record) > 200; record = record[200:] {
			b.WriteString(" \"" + record[:200] + "\"")
		}
		b.WriteString(" \"" + record + "\"\n")
	}
	z, err := zone.Parse(b.String())
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func scanWith(t *testing.T, o signing.Options, dns resolver.Resolver, env mail.Envelope, raw string) *winnow.Result {
	t.Helper()
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{}, Checks: append(signing.New(o).Checks, signing.Facts()), DNS: resolver.Options{Resolver: dns}, Clock: at})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte(raw))})
	if err != nil {
		t.Fatal(err)
	}
	return res
}
