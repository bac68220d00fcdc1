package signing

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/mail"
)

// now is when the tests sign.
func now() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// keys are the keys of the tests, made once a run.
var keys = sync.OnceValue(func() map[string]crypto.Signer {
	rsaKey, err := rsa.GenerateKey(nil, 2048)
	if err != nil {
		panic(err)
	}
	return map[string]crypto.Signer{
		"rsa": rsaKey, "ed25519": ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)),
	}
})

const letter = "Received: from a.example.com by mx.example.org; Sun, 1 Nov 2026 10:00:00 +0000\n" +
	"From: Ann <ann@example.com>\nTo: bob@example.org,\n\tcarol@example.org\nSubject:  two  spaces \n" +
	"Date: Sun, 1 Nov 2026 10:00:00 +0000\nMessage-ID: <1@example.com>\nMIME-Version: 1.0\n" +
	"X-Not-Signed: yes\n\nHello  Bob, \n\nthis is a letter.\t\n\n\n"

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// messages are letters of the kinds that canonicalization has to do with.
func messages() map[string]string {
	return map[string]string{
		"letter":     crlf(letter),
		"no body":    crlf("From: a@example.com\nSubject: x\n\n"),
		"empty body": crlf("From: a@example.com\n\n\n\n\n"),
		"unfinished": crlf("From: a@example.com\n\nno line end"),
		"8 bit":      crlf("From: \"J\xc3\xb6rg\" <a@example.com>\nSubject: gr\xfc\xdfe\n\n\xe4\xf6\xfc\n"),
		"twice":      crlf("From: a@example.com\nTo: b@example.org\nTo: c@example.org\nreply-to : d@example.com\nX: 1\n\nx\n"),
		"blanks":     crlf("From : a@example.com\nSubject\t: x\nTo  :b@example.org\nTo: c@example.org\n\nx\n"),
		"long":       crlf("From: a@example.com\nSubject: " + strings.Repeat("word ", 150) + "\n\n" + strings.Repeat(strings.Repeat("x", 990)+"\n", 50)),
		"every":      everyHeader(),
	}
}

// everyHeader has every field that is signed by default.
func everyHeader() string {
	var b strings.Builder
	list, _ := readHeaders(DefaultHeaders)
	for _, w := range list {
		fmt.Fprintf(&b, "%s: value of %s\r\n", w.name, w.name)
	}
	return b.String() + "\r\nbody\r\n"
}

func (f Field) line() string { return f.Name + ": " + f.Value + "\r\n" }

func parse(raw string) *mail.Message { return mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{}) }

func TestSignaturesVerify(t *testing.T) {
	for alg, key := range keys() {
		record, err := Record(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ header, body Canonicalization }{{"", ""}, {Relaxed, Simple}, {Simple, Relaxed}, {Simple, Simple}} {
			for name, raw := range messages() {
				t.Run(fmt.Sprintf("%s/%s/%s/%s", alg, c.header, c.body, name), func(t *testing.T) {
					format := Format{Header: c.header, Body: c.body}
					f, err := format.Sign(parse(raw), Identity{Domain: "example.com", Selector: "sel"}, key, now())
					if err != nil {
						t.Fatal(err)
					}
					verify(t, f.line()+raw, record)
					for line := range strings.Lines(f.line()) {
						if len(line) > 80 {
							t.Errorf("a line of %d bytes: %q", len(line), line)
						}
					}
				})
			}
		}
	}
}

// verify asks go-msgauth's verifier.
func verify(t *testing.T, raw, record string) {
	t.Helper()
	vs, err := dkim.VerifyWithOptions(strings.NewReader(raw), &dkim.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) {
			if name != "sel._domainkey.example.com" {
				return nil, fmt.Errorf("asked for %s", name)
			}
			return []string{record}, nil
		},
	})
	if err != nil || len(vs) != 1 || vs[0].Err != nil {
		t.Errorf("not verified: %v, %+v\n%s", err, vs, raw[:min(len(raw), 1500)])
	}
}

// rsaKey is the tests' RSA key as such.
func rsaKey() *rsa.PrivateKey { return keys()["rsa"].(*rsa.PrivateKey) }

// checkSignature verifies a signature that sealer's key made.
func checkSignature(t testing.TB, f Field, m *mail.Message) {
	t.Helper()
	_, key := sealer()
	s := readSignature(t, f)
	v := viewOf(m)
	sum, err := v.body.Hash(s.BodyCanon, s.Algorithm.Hash, -1)
	if err != nil || !bytes.Equal(sum.Sum, s.BodyHash) {
		t.Errorf("body hash %x, %v; want %x", sum.Sum, err, s.BodyHash)
	}
	pub := &dkimsig.Key{Type: "ed25519", Public: key.Public()}
	if !pub.Verify(s.Algorithm, headerHash(s, v.header, s.Algorithm.Hash), s.Value) {
		t.Errorf("not verified: %s", f.Value)
	}
}

// The same message, key and time give the same signature.
func TestSignIsDeterministic(t *testing.T) {
	for alg, key := range keys() {
		var last Field
		for range 3 {
			f, err := Format{}.Sign(parse(crlf(letter)), Identity{Domain: "example.com", Selector: "sel"}, key, now())
			if err != nil || last.Value != "" && f != last {
				t.Fatalf("%s: %v then %v (%v)", alg, last, f, err)
			}
			last = f
		}
	}
}

func TestTags(t *testing.T) {
	f, err := Format{Expire: time.Hour, Headers: "(o)from:(x)cc:subject:(x)to:list-id"}.Sign(
		parse(crlf(letter)), Identity{Domain: "example.com", Selector: "sel"}, keys()["ed25519"], now())
	if err != nil {
		t.Fatal(err)
	}
	flat := strings.ReplaceAll(f.Value, "\r\n\t", " ")
	want := "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=sel; x=1793538000; t=1793534400; h=from:from:subject:to:to; bh="
	if !strings.HasPrefix(flat, want) {
		t.Errorf("got %s, want %s", flat, want)
	}
}

// A field added after signing breaks the signature where the name is
// over-signed.
func TestOverSigning(t *testing.T) {
	record, _ := Record(keys()["ed25519"].Public())
	f, err := Format{}.Sign(parse(crlf(letter)), Identity{Domain: "example.com", Selector: "sel"}, keys()["ed25519"], now())
	if err != nil {
		t.Fatal(err)
	}
	for added, good := range map[string]bool{
		"": true, "X-Added: 1\r\n": true, "Sender: x@example.net\r\n": true, "List-Id: <x>\r\n": true,
		"From: evil@example.net\r\n": false, "Cc: x@example.net\r\n": false, "Reply-To: x@example.net\r\n": false, "Date: now\r\n": false,
	} {
		vs, err := dkim.VerifyWithOptions(strings.NewReader(added+f.line()+crlf(letter)), &dkim.VerifyOptions{
			LookupTXT: func(string) ([]string, error) { return []string{record}, nil },
		})
		if err != nil || len(vs) != 1 || (vs[0].Err == nil) != good {
			t.Errorf("with %q: %v, %+v; want good %v", added, err, vs, good)
		}
	}
}

func TestHeaderLists(t *testing.T) {
	for _, list := range []string{
		"", "subject", "from:", "from: :to", "from:arc-seal", "from:return-path", "from:(z)to", "from:b\x00d", "from:to;x",
		strings.Repeat("from:", 300) + "from",
	} {
		if _, err := readHeaders(list); err == nil {
			t.Errorf("%.60q was taken", list)
		}
	}
	for _, list := range []string{DefaultHeaders, DefaultARCHeaders, "From", " (O) From : (x)To "} {
		if _, err := readHeaders(list); err != nil {
			t.Errorf("%q: %v", list, err)
		}
	}
}

// A message that the parser saw a part of is not signed, and neither is one
// whose signature would be without end.
func TestUnsignable(t *testing.T) {
	id, key := Identity{Domain: "example.com", Selector: "sel"}, keys()["ed25519"]
	for name, m := range map[string]*mail.Message{
		"long":      mail.Parse([]byte(crlf(letter)), mail.Envelope{}, mail.Limits{Size: 300}),
		"header":    mail.Parse([]byte(crlf(letter)), mail.Envelope{}, mail.Limits{HeaderBytes: 100}),
		"fields":    mail.Parse([]byte(crlf(letter)), mail.Envelope{}, mail.Limits{Headers: 3}),
		"odd line":  parse("From: a@example.com\r\nno field\r\n\r\nx\r\n"),
		"odd names": parse("0: x\r\n1: y\r\n\r\nx\r\n"),
		"odd name":  parse("0: "),
		"thousands": parse("From: a@example.com\r\n" + strings.Repeat("To: b@example.org\r\n", 9000) + "\r\nx\r\n"),
	} {
		if f, err := (Format{}).Sign(m, id, key, now()); err == nil {
			t.Errorf("%s: signed: %.100s", name, f.Value)
		}
	}
	for _, id := range []Identity{{}, {Domain: "example.com"}, {Domain: "example.com; l=0", Selector: "sel"}, {Domain: "example.com", Selector: "a\r\nb"}} {
		if f, err := (Format{}).Sign(parse(crlf(letter)), id, key, now()); err == nil {
			t.Errorf("signed for %+v: %.100s", id, f.Value)
		}
	}
}

// asPostfix is a message as Postfix passes it on: an LF ends a line, CRs before
// it go, and any other CR is a space (smtpd_forbid_bare_newline,
// cleanup_replace_stray_cr_lf).
func asPostfix(raw string) string {
	var b strings.Builder
	for line := range strings.Lines(raw) {
		b.WriteString(strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\r", " ") + "\r\n")
	}
	return b.String()
}

// strays are messages with CRs and LFs that stand alone in the body.
func strays() map[string]string {
	const head = "From: a@example.com\r\nSubject: x\r\n\r\n"
	return map[string]string{
		"LF": head + "one\ntwo\r\n\nthree\n", "CR": head + "one\rtwo \r three\r\n", "CR CR LF": head + "one\r\r\ntwo\r\n",
		"LF CR": head + "one\n\rtwo\r\n", "final CR": head + "one\r\ntwo\r", "CRs at the end": head + "one\r\n\r\r\n\r\n", "only CRs": head + "\r\r\r\n",
	}
}

// A signature is for the body as an MTA passes it on, and still holds for the
// body as it came.
func TestStrayLineEnds(t *testing.T) {
	for name, raw := range strays() {
		for _, c := range []Canonicalization{Relaxed, Simple} {
			id := Identity{Domain: "example.com", Selector: "sel"}
			f, err := Format{Body: c}.Sign(parse(raw), id, keys()["rsa"], now())
			if err != nil {
				t.Fatal(err)
			}
			for _, seen := range []string{raw, asPostfix(raw)} {
				m := parse(f.line() + seen)
				s, err := dkimsig.ParseSignature(dkimsig.DKIM, m.Header().Get("DKIM-Signature").Raw())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := dkimsig.NewBody(m.Body()).Check(s); err != nil {
					t.Errorf("%s, %v: %q: %v", name, c, seen, err)
				}
			}
		}
	}
}

// TestOpenDKIM has signatures verified by OpenDKIM (Debian package opendkim).
func TestOpenDKIM(t *testing.T) {
	bin, err := exec.LookPath("opendkim")
	if err != nil {
		t.Skip("no opendkim: Debian package opendkim")
	}
	dir := t.TempDir()
	record, err := Record(keys()["rsa"].Public())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	conf := write("conf", "Mode v\nTestDNSData file:"+write("dns", "sel._domainkey.example.com "+record+"\n")+"\n")
	ask := func(raw string) string {
		cmd := exec.CommandContext(t.Context(), bin, "-x", conf, "-vv", "-t", write("mail", raw))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("opendkim: %v: %s", err, out)
		}
		return string(out)
	}
	n := 0
	for _, c := range []struct{ header, body Canonicalization }{{"", ""}, {Simple, Simple}} {
		for name, raw := range messages() {
			// Its test mode takes off the spaces around names and values and
			// wants a final line end and proper fields.
			if name == "unfinished" || name == "every" || name == "twice" || name == "blanks" || name == "letter" && c.header == Simple {
				continue
			}
			f, err := Format{Header: c.header, Body: c.body}.Sign(parse(raw), Identity{Domain: "example.com", Selector: "sel"}, keys()["rsa"], now())
			if err != nil {
				t.Fatal(err)
			}
			if out := ask(f.line() + raw); !strings.Contains(out, "dkim=pass") {
				t.Errorf("%s: opendkim says %s", name, out)
			}
			n++
		}
		for name, raw := range strays() {
			f, err := Format{Header: c.header, Body: c.body}.Sign(parse(raw), Identity{Domain: "example.com", Selector: "sel"}, keys()["rsa"], now())
			if err != nil {
				t.Fatal(err)
			}
			if out := ask(f.line() + asPostfix(raw)); !strings.Contains(out, "dkim=pass") {
				t.Errorf("%s: opendkim says %s", name, out)
			}
			n++
		}
	}
	t.Logf("OpenDKIM verified %d signatures", n)
	if out := ask(strings.Replace(crlf(letter), "letter", "better", 1)); strings.Contains(out, "dkim=pass") {
		t.Errorf("opendkim passes a message without signature: %s", out)
	}
}

// headerHash returns the hash of the header as the signature sees it.
func headerHash[F dkimsig.Field](s *dkimsig.Signature, h dkimsig.Fields[F], hash crypto.Hash) []byte {
	w := hash.New()
	dkimsig.WriteSigned(w, s, dkimsig.Select(h, s.Names))
	return w.Sum(nil)
}
