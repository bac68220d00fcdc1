package arc

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

func now() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// A sealer seals messages; all its domains have the same key.
type sealer struct {
	key   ed25519.PrivateKey
	asked atomic.Int64
}

func newSealer() *sealer {
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	return &sealer{key: key}
}

func (s *sealer) Lookup(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
	s.asked.Add(1)
	if strings.HasPrefix(name, "slow.") {
		return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindTimeout}
	}
	text := "k=ed25519; p=" + base64.StdEncoding.EncodeToString(s.key.Public().(ed25519.PublicKey))
	return resolver.Answer{Records: []resolver.Record{{Name: name, Type: qtype, Strings: []string{text}}}}, nil
}

// A hop is what one set says.
type hop struct{ domain, selector, cv, results string }

// seal puts a set on top of the message.
func (s *sealer) seal(message string, h hop) string {
	head, body, _ := strings.Cut(message, "\r\n\r\n")
	header := dkimsig.NewHeader([]byte(head + "\r\n"))
	n := len(header.All("ARC-Seal")) + 1
	sum, _ := dkimsig.NewBody([]byte(body)).Hash(dkimsig.Relaxed, crypto.SHA256, -1)
	results := fmt.Sprintf("ARC-Authentication-Results: i=%d; mx.%s; %s\r\n", n, h.domain, h.results)
	signature := fmt.Sprintf("ARC-Message-Signature: i=%d; a=ed25519-sha256; c=relaxed/relaxed; d=%s; s=%s; h=from:subject; bh=%s; b=",
		n, h.domain, h.selector, base64.StdEncoding.EncodeToString(sum.Sum))
	w := crypto.SHA256.New()
	dkimsig.HashHeader(w, dkimsig.Relaxed, dkimsig.Select(header, []string{"from", "subject"}), []byte(signature), len(signature), len(signature))
	signature += s.sign(w.Sum(nil))
	seal := fmt.Sprintf("ARC-Seal: i=%d; a=ed25519-sha256; d=%s; s=%s; cv=%s; b=", n, h.domain, h.selector, h.cv)
	var covered []dkimsig.RawField
	for i := n - 2; i >= 0; i-- { // the oldest set is the lowest
		for _, name := range []string{"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"} {
			covered = append(covered, header.All(name)[i])
		}
	}
	covered = append(covered, []byte(results), []byte(signature))
	w.Reset()
	dkimsig.HashHeader(w, dkimsig.Relaxed, covered, []byte(seal), len(seal), len(seal))
	return seal + s.sign(w.Sum(nil)) + signature + results + message
}

func (s *sealer) sign(digest []byte) string {
	sig, _ := dkimsig.Sign(s.key, digest)
	return base64.StdEncoding.EncodeToString(sig) + "\r\n"
}

func (s *sealer) verify(t testing.TB, raw string, o Options) Result {
	t.Helper()
	return Verify(t.Context(), s, mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{}), now(), o)
}

const message = "From: Ann <ann@example.org>\r\nSubject: report\r\n\r\nIt is done.\r\n"

func first(results string) hop { return hop{"list.example.net", "a", "none", results} }

func TestTrust(t *testing.T) {
	s := newSealer()
	o := Options{TrustedSealers: []string{"LIST.example.net", "hub.example.net"}}
	pass := "dmarc=pass header.from=example.org"
	one := s.seal(message, first(pass))
	for _, c := range []struct {
		why, raw string
		trusted  int
		softens  bool
	}{
		{"one", one, 1, true},
		{"two", s.seal(one, hop{"hub.example.net", "b", "pass", "dmarc=fail"}), 1, true},
		{"a stranger after it", s.seal(one, hop{"other.example", "b", "pass", pass}), 0, false},
		{"a stranger before it", s.seal(s.seal(message, hop{"other.example", "a", "none", pass}), hop{"hub.example.net", "b", "pass", "dmarc=fail"}), 2, false},
		{"DMARC failed", s.seal(message, first("dmarc=fail header.from=example.org")), 1, false},
		{"another From then", s.seal(message, first("dmarc=pass header.from=example.com")), 1, false},
		{"no From told", s.seal(message, first("spf=pass; dmarc=pass")), 1, true},
		{"in a comment", s.seal(message, first("spf=fail (; dmarc=pass) ; dmarc=none")), 1, false},
		{"in quotes", s.seal(message, first(`spf=fail reason="x; dmarc=pass "`)), 1, false},
	} {
		r := s.verify(t, c.raw, o)
		if r.Status != "pass" || r.Trusted != c.trusted || r.SoftensDMARC != c.softens {
			t.Errorf("%s: %+v", c.why, r)
		}
		if r := s.verify(t, c.raw, Options{}); r.Status != "pass" || r.Trusted != 0 || r.SoftensDMARC {
			t.Errorf("%s, nobody trusted: %+v", c.why, r)
		}
	}
}

func TestOldestPass(t *testing.T) {
	s := newSealer()
	raw := message
	for i := range 5 {
		cv := "pass"
		if i == 0 {
			cv = "none"
		}
		if i == 3 {
			raw = strings.Replace(raw, "Subject: report", "Subject: [list] report", 1)
		}
		raw = s.seal(raw, hop{fmt.Sprintf("h%d.example", i), "s", cv, "spf=pass"})
	}
	r := s.verify(t, raw, Options{})
	if r.Status != "pass" || r.OldestPass != 4 || len(r.Sets) != 5 {
		t.Errorf("%+v", r)
	}
	want := Set{Domain: "h1.example", Selector: "s", Chain: "pass", Results: "mx.h1.example; spf=pass", MessageDomain: "h1.example", MessageSelector: "s"}
	if r.Sets[1] != want {
		t.Errorf("%+v", r.Sets[1])
	}
	if s.asked.Load() != 5 {
		t.Errorf("%d questions for five keys", s.asked.Load())
	}
	data, err := json.Marshal(r)
	var got Result
	if err != nil || json.Unmarshal(data, &got) != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%s %v", data, err)
	}
}

// Of a long chain the last message signatures are verified.
func TestOldestPassOfMany(t *testing.T) {
	for changed, want := range map[int]int{-1: 6, 3: 6, 5: 6, 6: 7, 10: 11, 14: 15} {
		s := newSealer()
		raw := message
		for i := range 15 {
			cv := "pass"
			if i == 0 {
				cv = "none"
			}
			if i == changed {
				raw = strings.Replace(raw, "Subject: report", "Subject: [list] report", 1)
			}
			raw = s.seal(raw, hop{fmt.Sprintf("h%d.example", i), "s", cv, "spf=pass"})
		}
		if r := s.verify(t, raw, Options{}); r.Status != "pass" || r.OldestPass != want {
			t.Errorf("changed before set %d: %s, oldest %d, want %d", changed+1, r.Status, r.OldestPass, want)
		}
	}
}

func TestBrokenChains(t *testing.T) {
	s := newSealer()
	one := s.seal(message, first("spf=pass"))
	two := s.seal(one, hop{"hub.example.net", "b", "pass", "arc=pass"})
	without := func(raw, prefix string) string {
		var out strings.Builder
		for line := range strings.Lines(raw) {
			if !strings.HasPrefix(line, prefix) {
				out.WriteString(line)
			}
		}
		return out.String()
	}
	for _, c := range []struct {
		why, raw             string
		malformed, temporary bool
	}{
		{"no seals", without(one, "ARC-Seal"), true, false},
		{"no message signatures", without(one, "ARC-Message"), true, false},
		{"no results", without(one, "ARC-Auth"), true, false},
		{"second results gone", without(two, "ARC-Authentication-Results: i=2"), true, false},
		{"first seal gone", without(two, "ARC-Seal: i=1"), true, false},
		{"a seal twice", "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=a.example; s=s; b=AA==\r\n" + one, true, false},
		{"results twice", strings.Replace(two, "Results: i=2", "Results: i=1", 1), true, false},
		{"results of instance 3", strings.Replace(two, "Results: i=2", "Results: i=3", 1), true, false},
		{"begins with pass", s.seal(message, hop{"a.example", "a", "pass", "spf=pass"}), true, false},
		{"goes on with none", s.seal(one, hop{"a.example", "a", "none", "spf=pass"}), false, false},
		{"found broken", s.seal(one, hop{"a.example", "a", "fail", "arc=fail"}), false, false},
		{"body changed", two + "more\r\n", false, false},
		{"first results changed", strings.Replace(two, "i=1; mx.list.example.net; spf=pass", "i=1; mx.list.example.net; spf=fail", 1), false, false},
		{"no key for now", s.seal(one, hop{"a.example", "slow", "pass", "arc=pass"}), false, true},
		{"no key of the first seal for now", s.seal(s.seal(message, hop{"a.example", "slow", "none", "spf=pass"}), hop{"b.example", "s", "pass", "arc=pass"}), false, true},
	} {
		r := s.verify(t, c.raw, Options{TrustedSealers: []string{"list.example.net"}})
		if r.Status != "fail" || r.Reason == "" || r.Malformed != c.malformed || r.Temporary != c.temporary || r.Trusted != 0 || r.SoftensDMARC {
			t.Errorf("%s: %+v", c.why, r)
		}
	}
	if r := s.verify(t, message, Options{}); r.Status != "none" {
		t.Errorf("%+v", r)
	}
	long := "d=\xff" + strings.Repeat("x", 100_000)
	for why, times := range map[string]int{"the seal": 1, "all": -1} { // the seal is on top
		r := s.verify(t, strings.Replace(one, "d=list.example.net", long, times), Options{})
		if r.Status != "fail" || len(r.Reason) > 1000 || !utf8.ValidString(r.Reason) {
			t.Errorf("a long domain in %s: %s, a reason of %d bytes", why, r.Status, len(r.Reason))
		}
	}
}

// TestBoundedWork counts what long chains make the verifier do: the number of
// bytes hashed must not grow with the square of the sets.
func TestBoundedWork(t *testing.T) {
	s := newSealer()
	long := message
	for i := range 50 {
		cv := "pass"
		if i == 0 {
			cv = "none"
		}
		long = s.seal(long, hop{fmt.Sprintf("h%d.example", i), "s", cv, "x=" + strings.Repeat("y", 15_000)})
	}
	for _, c := range []struct {
		why, raw  string
		code      string
		questions int64
		hashed    int64
	}{
		{"50 sets of 15 kB", long, "pass", 50, 1 << 20},
		{"51 sets", s.seal(long, hop{"x.example", "s", "pass", "x=y"}), "fail", 0, 0},
		{"10,000 seals", strings.Repeat("ARC-Seal: i=1; a=rsa-sha256; d=a.example; s=s; b=AA==; cv=none\r\n", 10_000) + message, "fail", 0, 0},
		{"1 MB of folds", strings.Replace(s.seal(message, first("spf=pass")), "mx.list", strings.Repeat("\r\n ", 1<<18)+"mx.list", 1), "pass", 1, 4096},
	} {
		m := mail.Parse([]byte(c.raw), mail.Envelope{}, mail.Limits{})
		s.asked.Store(0)
		start := time.Now()
		v := newVerifier(m, now(), Options{}, nil)
		v.verify(t.Context(), dnsscan.Limit(s, New(Options{}).Checks[0].Needs.Queries)) // as in a scan
		took := time.Since(start)
		if string(v.result.Status) != c.code || s.asked.Load() != c.questions || v.hashed > c.hashed || v.body.Read() > int64(len(m.Body())) {
			t.Errorf("%s: %s (%.80s), %d questions, %d bytes of header hashed, %d of body read", c.why, v.result.Status, v.result.Reason, s.asked.Load(), v.hashed, v.body.Read())
		}
		t.Logf("%s: %v", c.why, took.Round(10*time.Microsecond))
	}
}

func FuzzVerify(f *testing.F) {
	s := newSealer()
	one := s.seal(message, first("spf=pass; dmarc=pass (p=none) header.from=example.org"))
	f.Add([]byte(one))
	f.Add([]byte(s.seal(one, hop{"hub.example.net", "b", "pass", "arc=pass"})))
	f.Add([]byte("ARC-Seal: i=1; cv=none\r\nARC-Message-Signature: i=1\r\nARC-Authentication-Results: i=1;\r\n\r\n"))
	o := Options{AcceptSHA1: true, MinBits: 1, TrustedSealers: []string{"list.example.net"}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := Verify(t.Context(), s, mail.Parse(raw, mail.Envelope{}, mail.Limits{}), now(), o)
		switch {
		case r.Status != "none" && r.Status != "pass" && r.Status != "fail",
			(r.Status == "fail") != (r.Reason != ""),
			r.Status == "pass" && len(r.Sets) == 0,
			r.SoftensDMARC && (r.Trusted == 0 || r.Status != "pass"),
			r.Trusted > len(r.Sets), r.OldestPass > len(r.Sets):
			t.Errorf("%+v", r)
		}
		for _, set := range r.Sets {
			readResults(set.Results)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	s := newSealer()
	raw := s.seal(message+strings.Repeat("The quick brown fox jumps over the lazy dog.\r\n", 220), first("spf=pass"))
	m := mail.Parse([]byte(s.seal(raw, hop{"hub.example.net", "b", "pass", "arc=pass"})), mail.Envelope{}, mail.Limits{})
	keys := new(dkimsig.KeyCache)
	b.ReportAllocs()
	for b.Loop() {
		v := newVerifier(m, now(), Options{}, keys)
		if v.verify(b.Context(), s); v.result.Status != "pass" {
			b.Fatal(v.result)
		}
	}
}
