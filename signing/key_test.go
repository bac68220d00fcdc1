package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

func pkcs8(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func asPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestParseKey(t *testing.T) {
	r, ed := keys()["rsa"].(*rsa.PrivateKey), keys()["ed25519"].(ed25519.PrivateKey)
	pkcs1 := x509.MarshalPKCS1PrivateKey(r)
	b64 := base64.StdEncoding.EncodeToString
	for name, c := range map[string]struct {
		text string
		want crypto.Signer
	}{
		"PKCS #1 PEM":        {asPEM("RSA PRIVATE KEY", pkcs1), r},
		"PKCS #8 PEM":        {"\n" + asPEM("PRIVATE KEY", pkcs8(t, r)), r},
		"PEM with CRLF":      {strings.ReplaceAll(asPEM("PRIVATE KEY", pkcs8(t, r)), "\n", "\r\n"), r},
		"text before":        {asPEM("EC PARAMETERS", []byte{1}) + asPEM("PRIVATE KEY", pkcs8(t, r)), r},
		"Ed25519 PEM":        {asPEM("PRIVATE KEY", pkcs8(t, ed)), ed},
		"PKCS #1 DER":        {string(pkcs1), r},
		"PKCS #8 DER":        {string(pkcs8(t, r)), r},
		"base64 of PKCS #1":  {b64(pkcs1), r},
		"base64 in lines":    {wrap(b64(pkcs8(t, r))), r},
		"Ed25519 DER":        {string(pkcs8(t, ed)), ed},
		"seed":               {string(ed.Seed()), ed},
		"seed and public":    {string(ed), ed},
		"base64 of the seed": {b64(ed.Seed()) + "\n", ed},
		"base64 of both":     {b64(ed), ed},
	} {
		key, err := ParseKey([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(c.want.Public()) {
			t.Errorf("%s: another key", name)
		}
	}
}

// A binary form keeps all its bytes, also those that are blanks in text.
func TestParseKeyBlankBytes(t *testing.T) {
	for _, blank := range " \n\t\r\v\f" {
		seed := append([]byte{byte(blank)}, bytes.Repeat([]byte{7}, ed25519.SeedSize-1)...)
		seed[len(seed)-1] = byte(blank)
		key := ed25519.NewKeyFromSeed(seed)
		for name, data := range map[string][]byte{"seed": seed, "DER": pkcs8(t, key), "both": key} {
			got, err := ParseKey(data)
			if err != nil || !key.Equal(got) {
				t.Errorf("%s with %q: %v", name, blank, err)
			}
		}
	}
}

func wrap(s string) string {
	var b strings.Builder
	for len(s) > 64 {
		b.WriteString(s[:64] + "\n")
		s = s[64:]
	}
	return b.String() + s + "\n"
}

func TestParseKeyRefuses(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 512)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(keys()["rsa"].Public())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"": "empty", "  \n": "empty", "hello": "neither PEM nor DER", strings.Repeat("x", 70<<10): "longer than",
		strings.Repeat("\x00", 64):                                   "halves",
		asPEM("PUBLIC KEY", public):                                  "public key",
		asPEM("CERTIFICATE", []byte{1}):                              "no private key",
		asPEM("ENCRYPTED PRIVATE KEY", nil):                          "encrypted",
		asPEM("PRIVATE KEY", []byte("junk")):                         "neither",
		asPEM("PRIVATE KEY", pkcs8(t, ec)):                           "RSA and Ed25519",
		asPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(short)): "1024 to 8192 bits, this one 512",
		"-----BEGIN": "no private key",
	} {
		key, err := ParseKey([]byte(text))
		if !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, %v; want %q", text, key, err, want)
		}
	}
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	write := func(text string, mode os.FileMode, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Chmod(path, mode), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	one, two := string(keys()["ed25519"].(ed25519.PrivateKey)), strings.Repeat("\x02", 32)
	id := Identity{Domain: "example.com", Selector: "s", Path: path}
	var f Files
	public := func() string {
		key, err := f.Key(t.Context(), id)
		if err != nil {
			return err.Error()
		}
		return string(key.Public().(ed25519.PublicKey))
	}
	if got := public(); !strings.Contains(got, path) || !strings.Contains(got, "no such file") || strings.Count(got, path) != 1 {
		t.Errorf("missing: %s", got)
	}
	write(one, 0o600, now())
	first := public()
	if first != one[32:] {
		t.Errorf("first: %q", first)
	}
	// Neither time nor size changed: what was read stays.
	write(strings.Repeat("\x01", 64), 0o600, now())
	if got := public(); got != first {
		t.Errorf("read again: %q", got)
	}
	write(two, 0o640, now())
	if got := public(); got == first || len(got) != 32 {
		t.Errorf("not read again: %q", got)
	}
	write(one, 0o600, now().Add(time.Second))
	if got := public(); got != first {
		t.Errorf("not read again: %q", got)
	}
	write(one, 0o644, now())
	if got := public(); !strings.Contains(got, path) || !strings.Contains(got, "everybody") {
		t.Errorf("readable: %s", got)
	}
	f.AllowReadable = true
	if got := public(); got != first {
		t.Errorf("readable, allowed: %s", got)
	}
	f.AllowReadable = false
	write("junk", 0o600, now().Add(time.Minute))
	if got := public(); !strings.Contains(got, path) || !strings.Contains(got, "no usable private key") {
		t.Errorf("junk: %s", got)
	}
	id.Path = t.TempDir()
	if got := public(); !strings.Contains(got, "no regular file") {
		t.Errorf("directory: %s", got)
	}
}

// The cache is bounded: paths can come from templates filled by mail.
func TestFilesForget(t *testing.T) {
	var f Files
	for i := range 3 * maxFiles {
		f.keep(strings.Repeat("x", i%7)+string(rune('a'+i%26))+time.Duration(i).String(), fileKey{})
		if len(f.keys) > maxFiles {
			t.Fatalf("%d keys are kept", len(f.keys))
		}
	}
}

func TestProblems(t *testing.T) {
	dir := t.TempDir()
	good, open := filepath.Join(dir, "good"), filepath.Join(dir, "open")
	for path, mode := range map[string]os.FileMode{good: 0o600, open: 0o644} {
		if err := os.WriteFile(path, keys()["ed25519"].(ed25519.PrivateKey).Seed(), mode); err != nil {
			t.Fatal(err)
		}
	}
	r := DKIM()
	r.Domains = map[string][]Selector{"good.example": {{"s", good}}, "open.example": {{"s", open}}, "gone.example": {{"s", filepath.Join(dir, "gone")}}}
	var err error
	if r.KeyTable, err = ParseKeyTable("t table.example:s:" + dir + "/none\nu %:s:" + dir + "/%"); err != nil {
		t.Fatal(err)
	}
	r.SigningTable = &SigningTable{}
	s, err := New(r)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, err := range s.Problems(t.Context()) {
		got = append(got, err.Error())
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{"gone.example", dir + "/gone", "open.example", open, "table.example", dir + "/none"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in:\n%s", want, all)
		}
	}
	if len(got) != 3 {
		t.Errorf("%d problems:\n%s", len(got), all)
	}

	r = DKIM()
	r.Path = filepath.Join(dir, "gone")
	if s, err = New(r); err != nil {
		t.Fatal(err)
	}
	if p := s.Problems(t.Context()); len(p) != 1 || !strings.Contains(p[0].Error(), "any domain") {
		t.Errorf("of a single path: %v", p)
	}
}

func TestRecord(t *testing.T) {
	for alg, key := range keys() {
		record, err := Record(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if k, err := dkimsig.ParseKey(record); err != nil || k.Type != alg || !publishes(record, key.Public()) {
			t.Errorf("%s: %v, %v", record, k, err)
		}
		text := ZoneRecord("example.com", "sel", record)
		if !strings.HasPrefix(text, "sel._domainkey.example.com. IN TXT (\n") {
			t.Errorf("zone: %s", text)
		}
		var joined string
		for i, piece := range strings.Split(text, `"`) {
			if i%2 == 1 {
				joined += piece
				if len(piece) > 255 {
					t.Errorf("a string of %d bytes", len(piece))
				}
			}
		}
		if joined != record {
			t.Errorf("zone holds %s, want %s", joined, record)
		}
	}
	if _, err := Record("key"); err == nil {
		t.Error("a string was taken for a key")
	}
}

func TestCheckKey(t *testing.T) {
	key := keys()["ed25519"]
	record, _ := Record(key.Public())
	other, _ := Record(keys()["rsa"].Public())
	z, err := zone.Parse("good._domainkey.example.com TXT \"" + record + "\"\n" +
		"second._domainkey.example.com TXT \"junk\"\nsecond._domainkey.example.com TXT \"" + record + "\"\n" +
		"other._domainkey.example.com TXT \"" + other[:200] + "\" \"" + other[200:] + "\"\n" +
		"revoked._domainkey.example.com TXT \"v=DKIM1; p=\"\nbroken._domainkey.example.com !servfail\n")
	if err != nil {
		t.Fatal(err)
	}
	for selector, want := range map[string]string{
		"good": "", "second": "", "other": "publishes this key", "revoked": "publishes this key", "missing": "no public key at missing._domainkey.example.com", "broken": "nobody could tell",
	} {
		for _, allow := range []bool{false, true} {
			r := DKIM()
			r.Selector, r.CheckKey, r.AllowKeyMismatch = selector, true, allow
			r.Keys = KeyFunc(func(context.Context, Identity) (crypto.Signer, error) { return key, nil })
			out := sign(t, r, z)
			if signed := len(out.Fields) == 1; signed != (want == "" || allow) {
				t.Errorf("%s, allowed %v: %+v", selector, allow, out)
			}
			if notes := strings.Join(out.Notes, "|"); (notes == "") != (want == "") || !strings.Contains(notes, want) {
				t.Errorf("%s, allowed %v: notes %q, want %q", selector, allow, notes, want)
			}
		}
	}
}

// sign has a letter of ann@example.com signed.
func sign(t *testing.T, r Rules, dns resolver.Resolver) Outcome {
	t.Helper()
	s, err := New(r)
	if err != nil {
		t.Fatal(err)
	}
	m := mail.Parse([]byte(crlf(letter)), mail.Envelope{From: "ann@example.com", HasFrom: true}, mail.Limits{})
	return s.Sign(t.Context(), m, user("ann@example.com"), now(), dns)
}

// One key that can't be had leaves the other signature alone.
func TestSeveralSelectors(t *testing.T) {
	r := DKIM()
	r.Domains = map[string][]Selector{"example.com": {{Selector: "one"}, {Selector: "two"}, {Selector: "three"}}}
	r.Keys = Keys{"one._domainkey.example.com": keys()["rsa"], "three._domainkey.example.com": keys()["ed25519"]}
	out := sign(t, r, resolver.None)
	if len(out.Fields) != 2 || len(out.Signed) != 2 || out.Signed[1] != (Signed{"example.com", "three", 0}) {
		t.Errorf("signed %+v", out.Signed)
	}
	if len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "not signed for example.com with selector two") {
		t.Errorf("notes %q", out.Notes)
	}
}
