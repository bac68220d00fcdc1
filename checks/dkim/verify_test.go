package dkim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

func now() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// keys are the test's, made once.
type keys struct {
	rsa *rsa.PrivateKey
	ed  ed25519.PrivateKey
	dns resolver.Resolver
}

func newKeys(t testing.TB, bits int) keys {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	pub, ed, _ := ed25519.GenerateKey(rand.Reader)
	der, _ := x509.MarshalPKIXPublicKey(r.Public())
	return keys{r, ed, records{
		"r._domainkey.example.org": {"v=DKIM1; p=" + base64.StdEncoding.EncodeToString(der)},
		"e._domainkey.example.org": {"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(pub)},
	}}
}

// records answers TXT questions.
type records map[string][]string

func (r records) Lookup(_ context.Context, name string, qtype uint16) (a resolver.Answer, err error) {
	for _, text := range r[resolver.Canonical(name)] {
		a.Records = append(a.Records, resolver.Record{Name: name, Type: qtype, Strings: []string{text}})
	}
	if a.Records == nil {
		err = &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindNXDomain}
	}
	return a, err
}

func verifyRaw(t testing.TB, dns resolver.Resolver, raw string, o Options) []Signature {
	t.Helper()
	return Verify(t.Context(), dns, mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{}), now(), o)
}

const message = "From: Ann <ann@example.org>\r\nTo: bob@example.com\r\nSubject:  the \r\n\t report\r\nDate: Sat, 31 Oct 2026 12:00:00 +0000\r\n\r\nHello  Bob,\r\n\r\n the report is \t done. \r\n\r\n\r\n"

// What go-msgauth signs verifies, in every combination; what changed on the
// way shows.
func TestAgainstPeer(t *testing.T) {
	k := newKeys(t, 1024)
	for _, hc := range []msgauth.Canonicalization{msgauth.CanonicalizationSimple, msgauth.CanonicalizationRelaxed} {
		for _, bc := range []msgauth.Canonicalization{msgauth.CanonicalizationSimple, msgauth.CanonicalizationRelaxed} {
			for selector, signer := range map[string]crypto.Signer{"r": k.rsa, "e": k.ed} {
				var signed bytes.Buffer
				err := msgauth.Sign(&signed, strings.NewReader(message), &msgauth.SignOptions{
					Domain: "example.org", Selector: selector, Signer: signer, Hash: crypto.SHA256,
					HeaderCanonicalization: hc, BodyCanonicalization: bc, HeaderKeys: []string{"From", "To", "Subject", "Date", "From"},
				})
				if err != nil {
					t.Fatal(err)
				}
				for what, c := range map[string]struct{ raw, want string }{
					"as sent":        {signed.String(), "pass"},
					"LF":             {strings.ReplaceAll(signed.String(), "\r\n", "\n"), "pass"},
					"field added":    {"X-Seen: yes\r\n" + signed.String(), "pass"},
					"From added":     {"From: eve@example.net\r\n" + signed.String(), "fail"},
					"header changed": {strings.Replace(signed.String(), "bob@", "rob@", 1), "fail"},
					"body changed":   {strings.Replace(signed.String(), "done.", "late.", 1), "fail"},
					"body white":     {strings.Replace(signed.String(), "Hello  Bob,", "Hello Bob, ", 1), map[msgauth.Canonicalization]string{msgauth.CanonicalizationSimple: "fail", msgauth.CanonicalizationRelaxed: "pass"}[bc]},
					"header white":   {strings.Replace(signed.String(), "To: bob", "To:  bob", 1), map[msgauth.Canonicalization]string{msgauth.CanonicalizationSimple: "fail", msgauth.CanonicalizationRelaxed: "pass"}[hc]},
					"lines added":    {signed.String() + "\r\n\r\n", "pass"},
				} {
					m := mail.Parse([]byte(c.raw), mail.Envelope{}, mail.Limits{})
					if sigs := Verify(t.Context(), k.dns, m, time.Now(), Options{}); len(sigs) != 1 || string(sigs[0].Status) != c.want {
						t.Errorf("%s/%s %s, %s: %+v, want %s", hc, bc, selector, what, sigs, c.want)
					}
				}
			}
		}
	}
}

// sign makes a signature with own tags.
func (k keys) sign(t testing.TB, raw, tags string) string {
	t.Helper()
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	algorithm, signer := "rsa-sha256", crypto.Signer(k.rsa)
	if strings.Contains(tags, "s=e;") {
		algorithm, signer = "ed25519-sha256", k.ed
	}
	sum, _ := dkimsig.NewBody([]byte(body)).Hash(dkimsig.Relaxed, crypto.SHA256, -1)
	if _, l, ok := strings.Cut(tags, "l="); ok {
		var n int64
		fmt.Sscan(l, &n)
		sum, _ = dkimsig.NewBody([]byte(body)).Hash(dkimsig.Relaxed, crypto.SHA256, n)
	}
	field := fmt.Sprintf("DKIM-Signature: v=1; a=%s; c=relaxed/relaxed; d=example.org; h=from:to; %s bh=%s; b=", algorithm, tags, base64.StdEncoding.EncodeToString(sum.Sum))
	w := crypto.SHA256.New()
	h := dkimsig.NewHeader([]byte(head + "\r\n"))
	dkimsig.HashHeader(w, dkimsig.Relaxed, dkimsig.Select(h, []string{"from", "to"}), []byte(field), len(field), len(field))
	sig, err := dkimsig.Sign(signer, w.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	return field + base64.StdEncoding.EncodeToString(sig) + "\r\n"
}

func TestTimes(t *testing.T) {
	k := newKeys(t, 1024)
	at := func(d time.Duration) int64 { return now().Add(d).Unix() }
	for _, c := range []struct {
		tags string
		o    Options
		want string
	}{
		{fmt.Sprintf("s=e; t=%d; x=%d;", at(-time.Hour), at(time.Hour)), Options{}, "pass"},
		{fmt.Sprintf("s=e; x=%d;", at(-5*time.Hour)), Options{}, "pass"},
		{fmt.Sprintf("s=e; x=%d;", at(-7*time.Hour)), Options{}, "permerror"},
		{fmt.Sprintf("s=e; x=%d;", at(-time.Minute)), Options{Jitter: -1}, "permerror"},
		{fmt.Sprintf("s=e; x=%d;", at(-7*time.Hour)), Options{Jitter: 8 * time.Hour}, "pass"},
		{fmt.Sprintf("s=e; t=%d;", at(5*time.Hour)), Options{}, "pass"},
		{fmt.Sprintf("s=e; t=%d;", at(7*time.Hour)), Options{}, "permerror"},
		{"s=e; t=0; x=99999999999999;", Options{}, "pass"},
	} {
		sigs := verifyRaw(t, k.dns, k.sign(t, message, c.tags)+message, c.o)
		if len(sigs) != 1 || string(sigs[0].Status) != c.want || sigs[0].Ignored != (c.want == "permerror") {
			t.Errorf("%s: %+v, want %s", c.tags, sigs, c.want)
		}
	}
}

func TestPartial(t *testing.T) {
	k := newKeys(t, 1024)
	const total = int64(len("Hello Bob,\r\n\r\n the report is done.\r\n"))
	for _, c := range []struct {
		l        int64
		want     string
		unsigned int64
	}{{total, "pass", 0}, {total - 1, "pass", 1}, {0, "pass", total}, {total + 1, "permerror", 0}} {
		sigs := verifyRaw(t, k.dns, k.sign(t, message, fmt.Sprintf("s=e; l=%d ;", c.l))+message, Options{})
		if s := sigs[0]; string(s.Status) != c.want || s.Unsigned != c.unsigned || s.Partial != (c.unsigned > 0) {
			t.Errorf("l=%d: %+v", c.l, s)
		}
	}
}

func TestSeveral(t *testing.T) {
	k := newKeys(t, 1024)
	good := k.sign(t, message, "s=e;")
	var asked atomic.Int64
	dns := resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
		asked.Add(1)
		return k.dns.Lookup(ctx, name, qtype)
	})
	sigs := verifyRaw(t, dns, strings.Repeat(good, 20)+message, Options{})
	if len(sigs) != 5 {
		t.Errorf("%d signatures verified", len(sigs))
	}
	for _, s := range sigs {
		if s.Status != "pass" || s.Value == "" || s.Algorithm != "ed25519-sha256" {
			t.Errorf("%+v", s)
		}
	}
	if sigs := verifyRaw(t, k.dns, strings.Repeat(good, 3)+message, Options{MaxSignatures: 2}); len(sigs) != 2 {
		t.Errorf("%d signatures verified, 2 wanted", len(sigs))
	}
	bad := strings.Replace(good, "h=from", "h=x", 1)
	if sigs := verifyRaw(t, k.dns, strings.Repeat(bad, 6)+good+message, Options{}); len(sigs) != 7 || !sigs[0].Ignored || sigs[6].Status != "pass" {
		t.Errorf("%+v", sigs)
	}
	mute := "DKIM-Signature: v=1; a=rsa-sha256;\r\n"
	if sigs := verifyRaw(t, k.dns, mute+message, Options{}); len(sigs) != 0 {
		t.Errorf("a signature of nobody: %+v", sigs)
	}
	for _, value := range []string{"", " ", "\r\n \t", ";", " ;\r\n ;"} {
		sigs := verifyRaw(t, k.dns, "DKIM-Signature:"+value+"\r\n"+good+message, Options{})
		if len(sigs) != 2 || sigs[0].Status != StatusPermError || sigs[0].Ignored || sigs[1].Status != StatusPass {
			t.Errorf("an empty field %q: %+v", value, sigs)
		}
	}
}

func TestKeysByType(t *testing.T) {
	k := newKeys(t, 1024)
	r, e := k.sign(t, message, "s=r;"), k.sign(t, message, "s=e;")
	dns := k.dns.(records)
	swapped := records{"r._domainkey.example.org": dns["e._domainkey.example.org"], "e._domainkey.example.org": dns["r._domainkey.example.org"]}
	for _, s := range verifyRaw(t, swapped, r+e+message, Options{}) {
		if s.Status != "permerror" {
			t.Errorf("a key of another type: %+v", s)
		}
	}
	both := append(append([]string{"unrelated"}, dns["e._domainkey.example.org"]...), dns["r._domainkey.example.org"]...)
	for _, s := range verifyRaw(t, records{"r._domainkey.example.org": both, "e._domainkey.example.org": both}, r+e+message, Options{}) {
		if s.Status != "pass" {
			t.Errorf("several records: %+v", s)
		}
	}
	z, err := zone.Parse("e._domainkey.example.org !timeout\nr._domainkey.example.org !refused\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range verifyRaw(t, z, r+e+message, Options{}) {
		if s.Status != "temperror" {
			t.Errorf("DNS fails: %+v", s)
		}
	}
}

func TestFactSurvivesJSON(t *testing.T) {
	sigs := []Signature{{Domain: "a", Selector: "b", Status: "pass", Partial: true, Unsigned: 3, Testing: true}, {Status: "fail", Reason: "r", Identity: "i", Algorithm: "x", Value: "v", Ignored: true}}
	data, err := json.Marshal(sigs)
	var got []Signature
	if err != nil || json.Unmarshal(data, &got) != nil || !reflect.DeepEqual(got, sigs) {
		t.Errorf("%s %v", data, err)
	}
}
