package winnow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/worktest"
	"github.com/winnowmail/winnow/resolver"
)

// The tests here scan hostile messages with all built-in checks before a DNS
// that lies, floods and fails in every way: a scan always ends without an
// error, asks no more than its share, and can be replayed.

// guarded are Options with all checks, the MX check too, before a resolver
// that is counted.
func guarded(dns *resolver.Counter) winnow.Options {
	o := builtin()
	o.Families = standard.Families(standard.Options{
		RBL: rbl.Options{NoMonitoring: true}, MX: &mxcheck.Options{IPv6: true},
	})
	o.DNS.Resolver = dns
	return o
}

// TestHostileDNS scans hostile messages before hostile DNS: every message
// before some, some before every one, the long ones before one: what is done
// with an answer does not depend on a message's length. Every scan is replayed;
// the way through JSON, which would be most of the work, is gone by every
// message and after every kind of answer once.
func TestHostileDNS(t *testing.T) {
	messages := hostileMail(someMail)
	for name, dns := range hostileDNS() {
		t.Run(name, func(t *testing.T) {
			chosen := messages
			if name != "64 KiB TXT" && name != "random bytes" {
				chosen = map[string][]byte{}
				for _, mailName := range []string{"signed", "signatures", "URLs"} {
					chosen[mailName] = messages[mailName]
				}
			}
			scanHostile(t, dns, chosen, func(mailName string) bool { return mailName == "signed" || name == "random bytes" })
		})
	}
	t.Run("long messages", func(t *testing.T) {
		scanHostile(t, hostileDNS()["random bytes"], hostileMail(worktest.Size(muchMail)), func(string) bool { return false })
	})
}

// scanHostile holds that scans of messages before a resolver end, ask no more
// than they may and can be replayed, those that are to be written after they
// were written as JSON.
func scanHostile(t *testing.T, dns resolver.Resolver, messages map[string][]byte, written func(mailName string) bool) {
	count := &resolver.Counter{Resolver: dns}
	o := guarded(count)
	o.Timeout = time.Hour // on however busy a machine
	s := newScanner(t, o)
	defer closeNow(t, s)
	for mailName, raw := range messages {
		before := count.Asked()
		m := &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(raw), Record: true}
		m.Envelope.ClientName = ""
		res, err := s.Scan(t.Context(), m)
		if err != nil {
			t.Fatalf("%s: %v", mailName, err)
		}
		asked := count.Asked() - before
		if asked > resolver.DefaultMaxQueries {
			t.Errorf("%s: %d questions", mailName, asked)
		}
		if len(res.Incomplete) > 0 {
			t.Errorf("%s: incomplete %v", mailName, res.Incomplete)
		}
		t.Logf("%-30s %3d questions %7.1f ms %8d bytes", mailName, asked, res.Took.Seconds()*1000, len(raw))
		replays(t, s, mailName, res, written(mailName))
		if n := count.Asked() - before; n != asked {
			t.Errorf("%s: the replay asked %d questions", mailName, n-asked)
		}
	}
}

// replays holds that a recorded scan gives the same when it is replayed; when
// written, after it was written as JSON and read back.
func replays(t *testing.T, s *winnow.Scanner, name string, res *winnow.Result, written bool) {
	t.Helper()
	transcript := res.Transcript
	if written {
		data, err := json.Marshal(transcript)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		transcript = new(winnow.Transcript)
		if err := json.Unmarshal(data, transcript); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	again, err := transcript.Replay(t.Context(), s)
	if err != nil {
		t.Fatalf("%s: replay: %v", name, err)
	}
	res.Took, again.Took = 0, 0
	if a, b := res.JSON(), again.JSON(); !bytes.Equal(a, b) {
		t.Errorf("%s:\nscan   %.2000s\nreplay %.2000s", name, a, b)
	}
}

// TestTemporaryFailures: DNS that fails is told apart from DNS that says no,
// by every check.
func TestTemporaryFailures(t *testing.T) {
	raw := hostileMail(1)["signed"]
	dns := hostileDNS()
	for name, want := range map[string][]string{
		"SERVFAIL":        {"R_SPF_DNSFAIL", "R_DKIM_TEMPFAIL", "ARC_DNSFAIL", "DMARC_DNSFAIL", "ASN_FAIL", "RDNS_DNSFAIL", "MX_DNS_FAIL"},
		"timeout":         {"R_SPF_DNSFAIL", "R_DKIM_TEMPFAIL", "ARC_DNSFAIL", "DMARC_DNSFAIL", "ASN_FAIL", "RDNS_DNSFAIL", "MX_DNS_FAIL"},
		"lame":            {"R_SPF_DNSFAIL", "R_DKIM_TEMPFAIL", "ARC_DNSFAIL", "DMARC_DNSFAIL", "ASN_FAIL"},
		"refused":         {"R_SPF_DNSFAIL", "R_DKIM_TEMPFAIL", "ARC_DNSFAIL", "DMARC_DNSFAIL", "ASN_FAIL"},
		"CNAME loop":      {"R_SPF_DNSFAIL", "R_DKIM_TEMPFAIL", "ARC_DNSFAIL", "DMARC_DNSFAIL", "ASN_FAIL"},
		"a foreign error": {"R_SPF_DNSFAIL", "R_DKIM_TEMPFAIL", "ARC_DNSFAIL", "DMARC_DNSFAIL", "ASN_FAIL"},

		"CNAME and nothing":    {"R_SPF_NA", "R_DKIM_PERMFAIL", "DMARC_NA", "RDNS_NONE", "MX_NONE"},
		"redirect loop":        {"R_SPF_PERMFAIL"},
		"redirects on and on":  {"R_SPF_PERMFAIL"},
		"includes without end": {"R_SPF_PERMFAIL"},
		"macros without end":   {"R_SPF_PERMFAIL"},
		"hundreds of TXT":      {"R_SPF_PERMFAIL"},
	} {
		o := guarded(&resolver.Counter{Resolver: dns[name]})
		o.Timeout = time.Hour
		s := newScanner(t, o)
		m := &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(raw)}
		m.Envelope.ClientName = ""
		res, err := s.Scan(t.Context(), m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, symbol := range want {
			if !res.Has(symbol) {
				t.Errorf("%s: no %s in %.3000s", name, symbol, res.JSON())
			}
		}
		if strings.Contains(want[0], "DNSFAIL") && (res.Has("R_SPF_NA") || res.Has("DMARC_NA") || res.Has("R_DKIM_PERMFAIL") || res.Has("MX_NONE")) {
			t.Errorf("%s: a failure counts as an answer: %.3000s", name, res.JSON())
		}
		closeNow(t, s)
	}
}

// TestSilentDNS: a resolver that never answers keeps a scan until its time is
// up and no longer; the result says what is missing, and the mail is put off.
func TestSilentDNS(t *testing.T) {
	for name, queryTimeout := range map[string]time.Duration{"the scan's time": time.Hour, "the question's time": 0} {
		synctest.Test(t, func(t *testing.T) {
			silent := resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
				<-ctx.Done()
				return resolver.Answer{}, ctx.Err()
			})
			o := guarded(&resolver.Counter{Resolver: silent})
			o.DNS.SoftRejectOnTimeout, o.DNS.QueryTimeout = true, queryTimeout
			s := newScanner(t, o)
			began := time.Now()
			res, err := s.Scan(t.Context(), &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(hostileMail(1)["signed"]), Record: true})
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("%s: the scan took %v", name, took)
			}
			var pending []string
			for _, i := range res.Incomplete {
				pending = append(pending, i.Check)
			}
			if name == "the scan's time" {
				for _, check := range []string{"spf", "dkim", "rbl"} {
					if !slices.Contains(pending, check) {
						t.Errorf("%s: %s is not among %v", name, check, pending)
					}
				}
			}
			if len(pending) > 0 && res.Action != actions.SoftReject {
				t.Errorf("%s: %v with %v pending", name, res.Action, pending)
			}
			t.Logf("%s: %v after %v, pending %v", name, res.Action, time.Since(began), pending)
			closeNow(t, s)
		})
	}
}

// BenchmarkHostile measures whole scans of what is known to be expensive for
// others.
func BenchmarkHostile(b *testing.B) {
	messages, servers := hostileMail(muchMail), hostileDNS()
	for _, c := range []struct{ dns, mail string }{
		{"CNAME and nothing", "signed"},
		{"CNAME and nothing", "folded header"},
		{"64 KiB TXT", "folded header"},
		{"64 KiB TXT", "folded signature"},
		{"64 KiB TXT", "headers × names"},
		{"64 KiB TXT", "names five times"},
		{"64 KiB TXT", "signatures"},
		{"64 KiB TXT", "ARC sets"},
		{"64 KiB TXT", "signed"},
		{"64 KiB of one tag", "signed"},
		{"a thousand records", "signed"},
		{"redirect loop", "signed"},
		{"includes without end", "signed"},
		{"macros without end", "signed"},
	} {
		b.Run(c.dns+"/"+c.mail, func(b *testing.B) {
			s, err := winnow.New(guarded(&resolver.Counter{Resolver: servers[c.dns]}))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close(b.Context())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Scan(b.Context(), &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(messages[c.mail])}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
