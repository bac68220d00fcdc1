package signing

import (
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

func FuzzParseKey(f *testing.F) {
	der, err := x509.MarshalPKCS8PrivateKey(keys()["ed25519"])
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(asPEM("PRIVATE KEY", der)))
	f.Add([]byte(asPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey()))))
	f.Add(der)
	f.Add([]byte(keys()["ed25519"].(ed25519.PrivateKey)))
	f.Add([]byte("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := ParseKey(data)
		if (key == nil) != (err != nil) || err != nil && !errors.Is(err, ErrKey) {
			t.Fatalf("%v, %v", key, err)
		}
		if err != nil {
			return
		}
		if _, err := (Format{}).Sign(parse(crlf(letter)), Identity{Domain: "example.com", Selector: "s"}, key, now()); err != nil && !strings.Contains(err.Error(), "rsa") {
			t.Fatalf("a key that does not sign: %v", err)
		}
	})
}

func FuzzTables(f *testing.F) {
	f.Add("*@example.com one\n# comment\n", "one %:sel:/keys/%/k\ntwo example.com:./x", "ann@example.com")
	f.Add("*?*@* %", "*.com %:ed:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", "a@b.com")
	f.Fuzz(func(t *testing.T, signing, keys, from string) {
		r := DKIM()
		var err, err2 error
		r.SigningTable, err = ParseSigningTable(signing)
		r.KeyTable, err2 = ParseKeyTable(keys)
		if err != nil || err2 != nil {
			return
		}
		m := mail.Parse([]byte("From: "+from+"\r\n\r\nx\r\n"), mail.Envelope{From: "a@example.com", HasFrom: true}, mail.Limits{})
		d := r.Decide(m, user("ann@example.com"))
		if (len(d.Sign) == 0) != (d.Reason != "") {
			t.Fatalf("%+v", d)
		}
		for _, id := range d.Sign {
			// What the message says can't lead a path elsewhere.
			if strings.Count(id.Path, "/") > strings.Count(keys, "/") || strings.Count(id.Path, "..") > strings.Count(keys, "..") {
				t.Fatalf("path %q of key table %q and %q", id.Path, keys, from)
			}
		}
	})
}

// FuzzSign holds that whatever is signed verifies.
func FuzzSign(f *testing.F) {
	for _, raw := range messages() {
		f.Add([]byte(raw), false)
	}
	f.Add([]byte("ARC-Seal: i=1; cv=none\r\nARC-Message-Signature: i=1\r\nARC-Authentication-Results: i=1; x\r\nFrom: a@example.com\n\nx\r\r\n"), true)
	f.Fuzz(func(t *testing.T, raw []byte, simple bool) {
		m := mail.Parse(raw, mail.Envelope{}, mail.Limits{})
		var format Format
		if simple {
			format.Header, format.Body = Simple, Simple
		}
		id, key := sealer()
		field, err := format.Sign(m, id, key, now())
		if err == nil {
			checkSignature(t, field, m)
		}
		fields, err := format.Seal(m, id, key, now(), "mx.example.org; none", ChainPass)
		if err == nil && len(fields) != 3 {
			t.Fatalf("%d fields", len(fields))
		}
	})
}
