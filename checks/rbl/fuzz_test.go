package rbl

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/dnsname"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"127.0.0.2", "127.0.0-9,11-255.3", "*.*.*.*", "127.0.0.%d+", "1-2-3.4", "127.0.0.-1", ",,,"} {
		f.Add(s, uint32(0x7f000002))
	}
	f.Fuzz(func(t *testing.T, s string, ip uint32) {
		p, err := parsePattern(s)
		if err != nil {
			return
		}
		b := [4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}
		if plain, err := netip.ParseAddr(s); err == nil && plain.Is4() && p.matches(b) != (plain.As4() == b) {
			t.Errorf("%q matches %v: %t", s, b, p.matches(b))
		}
	})
}

// FuzzQuestions scans hostile text: whatever stands in it, questions are names
// that DNS can carry, under the zones of the lists, and no more than allowed.
func FuzzQuestions(f *testing.F) {
	f.Add("mail.example.org", "ann@example.org", "see http://a.example.com/ and http://192.0.2.1/ or write b@example.net")
	f.Add("[192.0.2.1]", `"a b"@x`, "http://bücher.example/ http://a..b/ http://-x-.com/ http://xn--/ http://[2001:db8::1]/")
	f.Add("{dqs}.thief.example", "a@{dqs}.thief.example", "http://{dqs}.thief.example/ \\.\\.@\\.com +@+.net <a@b>")
	f.Add(strings.Repeat("a.", 200), strings.Repeat("x", 300)+"@"+strings.Repeat("y", 100)+".com", strings.Repeat("u@e.com v@f.net ", 50))
	o := Options{Lists: append(Default(), SpamhausDQS()[3]), Keys: map[string]string{DQSKey: "s3cret"}, NoMonitoring: true}
	family := New(o).Checks
	zones := make([]string, len(o.Lists))
	for i, l := range o.Lists {
		zones[i] = "." + l.Zone
	}
	f.Fuzz(func(t *testing.T, helo, from, text string) {
		m := mail.Parse([]byte("From: "+from+"\r\nReply-To: "+from+"\r\nMessage-ID: <"+helo+"@"+helo+">\r\n\r\n"+text),
			mail.Envelope{Helo: helo, ClientName: helo, From: from, HasFrom: true, ClientIP: netip.MustParseAddr("192.0.2.1")}, mail.Limits{})
		st := &checks.State{Message: m}
		asked := make(chan string, 4096)
		st.DNS = func(*checks.Check) resolver.Resolver {
			return resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
				asked <- name
				return resolver.Answer{Records: []resolver.Record{{Name: name, Type: qtype, IP: netip.MustParseAddr("127.0.0.2")}}}, nil
			})
		}
		for _, c := range family {
			if _, err := st.Run(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		close(asked)
		n := 0
		for name := range asked {
			n++
			under := false
			for _, z := range zones {
				under = under || strings.HasSuffix(name, z)
			}
			if !under || len(name) > maxQuestion || !dnsname.Askable(name) || strings.ToLower(name) != name {
				t.Errorf("asked about %q", name)
			}
		}
		if n > DefaultMaxQueries+8 {
			t.Errorf("%d questions", n)
		}
	})
}

// FuzzList makes lists of any JSON: they are refused or work.
func FuzzList(f *testing.F) {
	for _, l := range append(Default(), Optional()...) {
		b, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint32(0x7f000002))
	}
	f.Add([]byte(`{"Symbol":"X","Zone":"{k}.x","Checks":["from"],"Codes":[{"Symbol":"C","Answers":["*.*.*.*"],"Bits":[1]}],"Prefixes":{"from":"P","helo":""}}`), uint32(1))
	f.Fuzz(func(t *testing.T, data []byte, ip uint32) {
		var l List
		if json.Unmarshal(data, &l) != nil {
			return
		}
		c, _, err := compile(l, map[string]string{"k": "s"}, newDefs())
		if err != nil {
			return
		}
		o := c.interpret([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)})
		for _, w := range append(l.Checks, From) {
			if !c.asks[w] {
				continue
			}
			for _, i := range o.codes {
				if c.def(i, w) == nil {
					t.Errorf("code %d of %+v has no symbol for %s", i, l, w)
				}
			}
			if c.def(len(c.codes), w) == nil && len(c.codes) == 0 {
				t.Errorf("%+v has no symbol for %s", l, w)
			}
		}
		c.question("example.org")
		c.probe(c.unlistedKey())
	})
}
