package winnow_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
)

// builtin are Options with everything built in and a clock that stands still.
func builtin() winnow.Options {
	o := options()
	o.Families, o.Checks = nil, nil
	return o
}

// realMail returns the mails of testdata and made-up ones of the sizes and
// shapes that real mail has.
func realMail(tb testing.TB) map[string][]byte {
	tb.Helper()
	all := map[string][]byte{
		"empty":   {},
		"plain":   []byte(plain),
		"letter":  letter(12 << 10),
		"nested":  nested(40),
		"broken":  []byte("From a\r\n: x\r\nno colon\r\nFrom: =?utf-8?b?////?= <@@>\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\n--\r\n\x00\xff"),
		"headers": []byte(strings.Repeat("X-Long: "+strings.Repeat("a ", 500)+"\r\n", 300) + "\r\n"),
	}
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no mail in testdata (%v)", err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		all[f] = data
	}
	return all
}

// letter makes a newsletter of about n bytes: headers, a text and an HTML
// part with links and pictures.
func letter(n int) []byte {
	var b bytes.Buffer
	for i := range 4 {
		fmt.Fprintf(&b, "Received: from mx%d.example.org (mx%d.example.org [192.0.2.%d])\r\n\tby mx%d.example.net (Postfix) with ESMTPS id 4F%d\r\n\tfor <reader@example.net>; Sun, 22 Nov 2026 10:0%d:00 +0000 (UTC)\r\n", i, i, i+1, i, i, i)
	}
	b.WriteString("From: =?utf-8?q?The_Gazette?= <news@example.org>\r\nTo: Reader <reader@example.net>\r\nSubject: =?utf-8?b?V2hhdCBpcyBuZXc=?=\r\n" +
		"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1.2@example.org>\r\nMIME-Version: 1.0\r\nList-Id: <news.example.org>\r\n" +
		"List-Unsubscribe: <https://example.org/u?id=1>\r\nContent-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
	for i := 0; b.Len() < n/3; i++ {
		fmt.Fprintf(&b, "Story %d: read on at https://www.example.org/story/%d?ref=mail and tell us what you think.\r\n", i, i)
	}
	b.WriteString("\r\n--b1\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><head><style>p { color: #333 }</style></head><body>\r\n")
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "<table width=3D\"600\"><tr><td style=3D\"font-size: 14px; color: #222\"><a href=\r\n=3D\"https://www.example.org/story/%d?ref=3Dmail\">Story %d</a><img src=3D\"https:=\r\n//img.example.org/%d.png\" width=3D\"200\" height=3D\"100\"></td></tr></table>\r\n", i, i, i)
	}
	b.WriteString("</body></html>\r\n--b1--\r\n")
	return b.Bytes()
}

// nested makes a message of n multiparts in each other.
func nested(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("Content-Type: text/plain\r\n\r\nhere\r\n")
	return b.Bytes()
}

func envelope() mail.Envelope {
	return mail.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.4"), ClientName: "mx3.example.org", Helo: "mx3.example.org",
		From: "bounce@example.org", HasFrom: true, Rcpts: []string{"reader@example.net"},
	}
}

// The same mail gives the same JSON, one after the other and side by side,
// and again when it is replayed.
func TestRealMailIsTheSameForAll(t *testing.T) {
	s := newScanner(t, builtin())
	defer closeNow(t, s)
	for name, raw := range realMail(t) {
		first, err := s.Scan(t.Context(), &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(raw), Record: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(first.Incomplete) > 0 {
			t.Errorf("%s: incomplete %v", name, first.Incomplete)
		}
		first.Took = 0
		want := first.JSON()
		if !json.Valid(want) {
			t.Errorf("%s: no JSON: %s", name, want)
		}
		same := func(res *winnow.Result, err error) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			res.Took = 0
			if got := res.JSON(); !bytes.Equal(got, want) {
				t.Errorf("%s: got %s\nwant %s", name, got, want)
			}
		}
		same(first.Transcript.Replay(t.Context(), s))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				same(s.Scan(t.Context(), &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(raw)}))
				first.Explain()
			})
		}
		wg.Wait()
	}
}

// Under the exact profile four people, one of them with a tagged address, are
// similar recipients; a replay under the default shows what changes.
func TestRspamdExact(t *testing.T) {
	raw := "From: ann@example.org\r\nTo: eve+x@example.net, bob@example.com, carl.jones@example.org, dora@mail.example.net\r\n\r\nhello\r\n"
	o := builtin()
	o.Profile = winnow.RspamdExact()
	exact := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(raw)), Record: true})
	if !exact.Has("SUSPICIOUS_RECIPS") {
		t.Errorf("%s", exact.JSON())
	}
	s, err := winnow.New(builtin())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	again, err := exact.Transcript.Replay(t.Context(), s)
	if err != nil || again.Has("SUSPICIOUS_RECIPS") || !again.OtherConfig {
		t.Errorf("%v, %s", err, again.JSON())
	}
}

func TestProfiles(t *testing.T) {
	for _, p := range []winnow.Profile{winnow.Rspamd(), winnow.RspamdExact(), winnow.Rspamd34(), winnow.DMS()} {
		for _, noMaps := range []bool{false, true} {
			o := builtin()
			var so standard.Options
			if noMaps {
				so = so.WithoutMaps()
			}
			o.Profile, o.Families = p, standard.Families(so)
			res := scan(t, o, &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(letter(4096))})
			if !res.Has("SUBJ_EXCESS_BASE64") || res.Required == 0 || len(res.Incomplete) > 0 {
				t.Errorf("%s: %s", p.Name(), res.JSON())
			}
		}
	}
}

func BenchmarkScan(b *testing.B) {
	s, err := winnow.New(builtin())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close(b.Context())
	ham, err := os.ReadFile("testdata/ham.eml")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		raw  []byte
	}{{"tiny", []byte(plain)}, {"ham", ham}, {"letter-12k", letter(12 << 10)}, {"letter-100k", letter(100 << 10)}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.raw)))
			b.ReportAllocs()
			for b.Loop() {
				res, err := s.Scan(b.Context(), &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(c.raw)})
				if err != nil {
					b.Fatal(err)
				}
				res.JSON()
			}
		})
	}
}
