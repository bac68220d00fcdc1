package dkim

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// TestBoundedWork counts what hostile messages make the verifier do.
func TestBoundedWork(t *testing.T) {
	k := newKeys(t, 1024)
	good := k.sign(t, message, "s=e;")
	var fields, names strings.Builder
	for i := range 9_990 {
		fmt.Fprintf(&fields, "X-%d: value\r\n", i)
		fmt.Fprintf(&names, "x-%d:", 9_989-i)
	}
	wide := strings.Replace(good, "h=from:to;", "h="+names.String()+"from:to;", 1)
	folded := strings.Repeat("\r\n x", 1<<18)
	big := map[string][]string{"e._domainkey.example.org": {"k=ed25519; p=" + strings.Repeat("A", 64<<10)}}
	many := map[string][]string{"e._domainkey.example.org": make([]string, 5000)}
	for i := range many["e._domainkey.example.org"] {
		many["e._domainkey.example.org"][i] = k.dns.(records)["e._domainkey.example.org"][0]
	}
	lengths := ""
	for i := range 5 {
		lengths += k.sign(t, message, fmt.Sprintf("s=e; l=%d ;", i))
	}
	unicode := strings.Repeat("\u4e00\u5f35\u6f22", 1<<20/9)
	hash := strings.Repeat("A", 43) + "="
	for _, c := range []struct {
		what, raw string
		dns       records
		questions int64
		found     int
		hashed    int64 // bytes of the header, at most
		passes    int64 // over the body, at most
	}{
		{"10,000 signatures", strings.Repeat(good, 10_000) + message, nil, 5, 5, 5 * 1000, 1},
		{"10,000 signatures of nobody", strings.Repeat("DKIM-Signature: v=1\r\n", 10_000) + message, nil, 0, 0, 0, 0},
		{"10,000 broken signatures", strings.Repeat("DKIM-Signature: d=example.org\r\n", 10_000) + message, nil, 0, maxFields, 0, 0},
		{"10,000 fields, 10,000 names", wide + fields.String() + message, nil, 1, 1, 400_000, 1},
		{"1 MB field folded, signed", good + strings.Replace(message, "To: bob", "To: bob"+folded, 1), nil, 1, 1, 1 << 20, 1},
		{"1 MB folds in the signature", strings.Replace(good, "b=", "b="+strings.Repeat("\r\n ", 1<<18), 1) + message, nil, 1, 1, 1000, 1},
		{"1 MB of tags", "DKIM-Signature: d=example.org; " + strings.Repeat("a=b;", 1<<18) + "\r\n" + message, nil, 0, 1, 0, 0},
		{"1 MB of Unicode in d=", "DKIM-Signature: v=1; a=rsa-sha256; d=" + unicode + "; s=s; h=from; b=AA==; bh=" + hash + "\r\n" + message, nil, 0, 1, 0, 0},
		{"1 MB of Unicode in i=", strings.Replace(good, "h=from", "i=@"+unicode+"; h=from", 1) + message, nil, 0, 1, 0, 0},
		{"names of Unicode", strings.Repeat("DKIM-Signature: v=1; a=rsa-sha256; d="+strings.Repeat(unicode[:180]+".", 4)+"example.org; s=s; h=from; b=AA==; bh="+hash+"\r\n", 1000) + message, nil, 0, maxFields, 0, 0},
		{"key of 64 KiB", good + message, big, 1, 1, 0, 0},
		{"5,000 key records", good + strings.Replace(message, "bob", "rob", 1), many, 1, 1, 1000, 1},
		{"body lengths", lengths + message, nil, 5, 5, 5000, 5},
	} {
		dns := c.dns
		if dns == nil {
			dns = k.dns.(records)
		}
		var questions atomic.Int64
		count := resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
			questions.Add(1)
			return dns.Lookup(ctx, name, qtype)
		})
		m := mail.Parse([]byte(c.raw), mail.Envelope{}, mail.Limits{})
		v := verifier{options: Options{}.withDefaults(), now: now()}
		start := time.Now()
		v.verify(t.Context(), count, m)
		took := time.Since(start)
		if questions.Load() != c.questions || len(v.found) != c.found || v.hashed > c.hashed {
			t.Errorf("%s: %d questions, %d signatures, %d bytes of header hashed", c.what, questions.Load(), len(v.found), v.hashed)
		}
		if read, body := v.body.Read(), int64(len(m.Body())); read > c.passes*body {
			t.Errorf("%s: %d bytes of body read of %d", c.what, read, body)
		}
		t.Logf("%s: %v", c.what, took.Round(10*time.Microsecond))
	}
}

// Several questions are on their way at the same time.
func TestQuestionsAtOnce(t *testing.T) {
	k := newKeys(t, 1024)
	raw := k.sign(t, message, "s=r;") + k.sign(t, message, "s=e;") + message
	arrived, all := make(chan struct{}), make(chan struct{})
	go func() {
		<-arrived
		<-arrived
		close(all)
	}()
	dns := resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
		arrived <- struct{}{}
		<-all // both are here
		return k.dns.Lookup(ctx, name, qtype)
	})
	for _, s := range verifyRaw(t, dns, raw, Options{}) {
		if s.Status != "pass" {
			t.Errorf("%+v", s)
		}
	}
}

func FuzzVerify(f *testing.F) {
	k := newKeys(f, 1024)
	f.Add([]byte(k.sign(f, message, "s=e;") + message))
	f.Add([]byte(k.sign(f, message, "s=r; l=3 ; i=@x.example.org; x=1900000000;") + message))
	f.Add([]byte("DKIM-Signature: v=1; a=rsa-sha1; d=\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, s := range Verify(t.Context(), k.dns, mail.Parse(raw, mail.Envelope{}, mail.Limits{}), now(), Options{AcceptSHA1: true, MinBits: 1}) {
			switch s.Status {
			case "pass", "fail", "policy", "temperror", "permerror":
			default:
				t.Errorf("%+v", s)
			}
			if (s.Status == "pass") != (s.Reason == "") {
				t.Errorf("%+v", s)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	k := newKeys(b, 2048)
	line := "The quick brown fox jumps over the lazy dog, and so on and on.\r\n"
	for _, c := range []struct {
		name, tags string
		size       int
	}{{"rsa2048/10KB", "s=r;", 10 << 10}, {"ed25519/10KB", "s=e;", 10 << 10}, {"rsa2048/1MB", "s=r;", 1 << 20}} {
		raw := message + strings.Repeat(line, c.size/len(line))
		raw = k.sign(b, raw, c.tags) + raw
		m := mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			cache := new(dkimsig.KeyCache)
			for b.Loop() {
				v := verifier{options: Options{}.withDefaults(), now: now(), keys: cache}
				v.verify(b.Context(), k.dns, m)
				if v.found[0].Status != "pass" {
					b.Fatal(v.found[0].Signature)
				}
			}
		})
	}
}
