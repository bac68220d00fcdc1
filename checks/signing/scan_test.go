package signing_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/mail"
	sign "github.com/winnowmail/winnow/signing"
)

func at() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

const letter = "From: Ann <ann@example.com>\r\nTo: bob@example.org\r\nSubject: hello\r\n\r\nHello Bob\r\n"

// outgoing is a user's envelope.
func outgoing() mail.Envelope {
	return mail.Envelope{ClientIP: netip.MustParseAddr("198.51.100.7"), User: "ann@example.com", From: "ann@example.com", HasFrom: true, Rcpts: []string{"bob@example.org"}}
}

// keyFile writes the key of a seed.
func keyFile(t *testing.T, path string, seed byte) ed25519.PrivateKey {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	if err := os.WriteFile(path, key.Seed(), 0o600); err != nil {
		t.Fatal(err)
	}
	when := at().Add(time.Duration(seed) * time.Second)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	return key
}

func withFile(path string) signing.Options {
	r := sign.DKIM()
	r.Domains = map[string][]sign.Selector{"example.com": {{Selector: "mail", Path: path}}}
	r.Fallback = false
	return signing.Options{DKIM: &r}
}

// verifies reports whether the DKIM-Signature of a message is key's.
func verifies(t *testing.T, raw string, key ed25519.PrivateKey) bool {
	t.Helper()
	dns := published(t, map[string]any{"mail._domainkey.example.com": key.Public()})
	m := mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})
	sigs := dkim.Verify(t.Context(), dns, m, at(), dkim.Options{})
	return len(sigs) == 1 && sigs[0].Status == "pass" && sigs[0].Domain == "example.com"
}

// note returns the only note of a result.
func note(t *testing.T, res *winnow.Result) string {
	t.Helper()
	if len(res.Notes) != 1 {
		t.Errorf("notes %v, want one", res.Notes)
		return ""
	}
	return res.Notes[0].Text
}

func TestSignedInAScan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	key := keyFile(t, path, 1)
	res, signed := scan(t, withFile(path), outgoing(), letter, at())
	if !verifies(t, signed, key) {
		t.Errorf("not verified: %s", signed)
	}
	var reply struct {
		Symbols   map[string]struct{ Options []string }
		Signature string `json:"dkim-signature"`
		Milter    struct {
			Add map[string]any `json:"add_headers"`
		}
	}
	if err := json.Unmarshal(res.JSON(), &reply); err != nil {
		t.Fatal(err)
	}
	if o := reply.Symbols["DKIM_SIGNED"].Options; len(o) != 1 || o[0] != "example.com:s=mail" {
		t.Errorf("options %v", o)
	}
	if !strings.HasPrefix(reply.Signature, "v=1; a=ed25519-sha256;") || len(reply.Milter.Add) > 0 || len(res.Notes) > 0 {
		t.Errorf("reply %+v, notes %v", reply, res.Notes)
	}
}

// The Result says in one sentence why a message was not signed.
func TestReasons(t *testing.T) {
	dir := t.TempDir()
	gone, open := filepath.Join(dir, "gone"), filepath.Join(dir, "open")
	keyFile(t, open, 1)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "broken")
	if err := os.WriteFile(broken, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	stranger, other := outgoing(), outgoing()
	stranger.User, other.User = "", "eve@example.net"
	for _, c := range []struct {
		path string
		env  mail.Envelope
		want string
	}{
		{gone, outgoing(), "not signed for example.com with selector mail: key file " + gone + ": no such file or directory"},
		{open, outgoing(), "not signed for example.com with selector mail: key file " + open + ": everybody on the machine may read it (chmod o-rw)"},
		{broken, outgoing(), "not signed for example.com with selector mail: key file " + broken + ": no usable private key: it is neither PEM nor DER in PKCS #1 or PKCS #8 nor an Ed25519 seed"},
		{gone, stranger, "not signed: the client 198.51.100.7 is neither authenticated nor local"},
		{gone, other, `not signed: the user's domain "example.net" is another than the signature's, "example.com"`},
	} {
		res, out := scan(t, withFile(c.path), c.env, letter, at())
		if got := note(t, res); got != c.want {
			t.Errorf("got %q\nwant %q", got, c.want)
		}
		if out != letter || res.Has("DKIM_SIGNED") || res.Action != actions.NoAction {
			t.Errorf("%s: action %s, message %q", c.path, res.Action, out)
		}
		if !bytes.Contains(res.JSON(), []byte(`"messages":{"dkim_signing":"not signed`)) {
			t.Errorf("the reply does not say it: %s", res.JSON())
		}
	}
}

func TestVerdictAgainstSigning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	keyFile(t, path, 1)
	for _, c := range []struct {
		pre  *actions.PreResult
		skip bool
		want string
	}{
		{nil, true, ""},
		{&actions.PreResult{Action: actions.Reject}, false, `not signed: the action is "reject"`},
		{&actions.PreResult{Action: actions.SoftReject}, false, `not signed: the action is "soft reject"`},
		{&actions.PreResult{Action: actions.AddHeader}, false, ""},
		{&actions.PreResult{Action: actions.AddHeader}, true, `not signed: the action is "add header"`},
		{&actions.PreResult{Action: actions.RewriteSubject}, false, "not signed: the subject will be rewritten, which would break the signature"},
	} {
		o := withFile(path)
		o.DKIM.SkipSpam = c.skip
		pre := &checks.Check{Name: "pre", Doc: "d", Run: func(_ context.Context, t *checks.Task) error {
			if c.pre != nil {
				t.PreResult(*c.pre)
			}
			return nil
		}}
		s, err := winnow.New(winnow.Options{Families: []*checks.Family{}, Checks: append(signing.New(o).Checks, pre)})
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.Scan(t.Context(), &winnow.Message{Envelope: outgoing(), Body: winnow.FromBytes([]byte(letter))})
		if err != nil {
			t.Fatal(err)
		}
		if c.want == "" {
			if !res.Has("DKIM_SIGNED") {
				t.Errorf("%+v: not signed: %v", c, res.Notes)
			}
		} else if got := note(t, res); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// A new key file is taken without a restart, and a recorded scan gives the
// same result when the key is gone.
func TestReloadAndReplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first := keyFile(t, path, 1)
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{signing.New(withFile(path))}, Clock: at})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	do := func() *winnow.Result {
		res, err := s.Scan(t.Context(), &winnow.Message{Envelope: outgoing(), Body: winnow.FromBytes([]byte(letter)), Record: true})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	one := do()
	if !verifies(t, onTop(one.Edits)+letter, first) {
		t.Error("the first key did not sign")
	}
	second := keyFile(t, path, 2)
	two := do()
	if !verifies(t, onTop(two.Edits)+letter, second) {
		t.Error("the second key did not sign")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	three := do()
	for i, res := range []*winnow.Result{one, two, three} {
		data, err := json.Marshal(res.Transcript)
		if err != nil {
			t.Fatal(err)
		}
		var tr winnow.Transcript
		if err := json.Unmarshal(data, &tr); err != nil {
			t.Fatal(err)
		}
		again, err := tr.Replay(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		res.Took, again.Took = 0, 0
		if !bytes.Equal(res.JSON(), again.JSON()) {
			t.Errorf("scan %d\n%s\nreplayed\n%s", i, res.JSON(), again.JSON())
		}
		if bytes.Contains(data, first.Seed()[:16]) {
			t.Error("the key is in the transcript")
		}
	}
}

// At start the operator hears of keys that can't be used.
func TestStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone")
	var log bytes.Buffer
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{signing.New(withFile(path))}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	for _, want := range []string{"level=WARN", path, "example.com", "no such file"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, log.String())
		}
	}
	bad := withFile(path)
	bad.DKIM.Selector = "a b"
	if _, err := winnow.New(winnow.Options{Families: []*checks.Family{signing.New(bad)}}); err == nil || !strings.Contains(err.Error(), "selector") {
		t.Errorf("bad rules: %v", err)
	}
}

// A key source that hangs costs the signature and not the message.
func TestSlowSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := sign.DKIM()
		r.Keys = sign.KeyFunc(hang)
		s, err := winnow.New(winnow.Options{Families: []*checks.Family{signing.New(signing.Options{DKIM: &r})}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(t.Context())
		res, err := s.Scan(t.Context(), &winnow.Message{Envelope: outgoing(), Body: winnow.FromBytes([]byte(letter))})
		if err != nil || len(res.Incomplete) != 1 || res.Incomplete[0].Check != "dkim_signing" {
			t.Errorf("%v, incomplete %+v", err, res.Incomplete)
		}
	})
}

func hang(ctx context.Context, _ sign.Identity) (crypto.Signer, error) {
	<-ctx.Done()
	return nil, errors.New("too late")
}

// Two hosts seal one after the other; Mail::DKIM follows the chain.
func TestChain(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	record, err := sign.Record(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	r := sign.ARC()
	r.Keys = sign.Keys{"arc._domainkey.example.org": key}
	o := signing.Options{ARC: &signing.ARC{Rules: r, ServID: "mx.example.org"}}
	env := outgoing()
	env.User = ""
	res, first := scan(t, o, env, letter, at())
	if !res.Has("ARC_SIGNED") {
		t.Fatalf("not sealed: %v", res.Notes)
	}
	res, second := scan(t, o, env, first, at(), checks.Seed(arc.Fact, arc.Result{Status: "pass"}))
	if got := res.Symbol("ARC_SIGNED"); got == nil || got.Options[0] != "example.org:s=arc:i=2" {
		t.Fatalf("second set: %v, notes %v", got, res.Notes)
	}
	dns := map[string]string{"arc._domainkey.example.org": record}
	for i, raw := range []string{first, second} {
		if got := mailDKIM(t, raw, dns); !strings.HasPrefix(got, "pass") {
			t.Errorf("with %d sets Mail::DKIM says %q:\n%s", i+1, got, raw)
		}
	}
	if got := mailDKIM(t, strings.Replace(second, "Hello Bob", "Hello Eve", 1), dns); strings.HasPrefix(got, "pass") {
		t.Error("Mail::DKIM passes a changed message")
	}
	res, _ = scan(t, o, env, first, at(), checks.Seed(arc.Fact, arc.Result{Status: "fail", Temporary: true}))
	if got := note(t, res); !strings.Contains(got, "nobody verified its ARC chain") {
		t.Errorf("with a DNS failure: %q", got)
	}
}
