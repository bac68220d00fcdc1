package dnsclient

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
)

// reply packs a reply to a question with records in the text form of zone files.
func reply(t testing.TB, name string, qtype uint16, lines ...string) []byte {
	t.Helper()
	m := new(dns.Msg).SetReply(new(dns.Msg).SetQuestion(name, qtype))
	m.Compress = true
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		m.Answer = append(m.Answer, rr)
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fill returns a reply of the greatest length to the question a.example, with
// as many copies of a record as fit; at is where the first one begins.
func fill(head []byte, record func(i int) []byte) []byte {
	msg := bytes.Clone(head)
	n := 0
	for {
		r := record(len(msg))
		if len(msg)+len(r) > 65535 || n == 65535 {
			break
		}
		msg = append(msg, r...)
		n++
	}
	binary.BigEndian.PutUint16(msg[6:], uint16(n))
	return msg
}

// hostile are replies of 64 KiB that are costly to read.
func hostile(t testing.TB) map[string][]byte {
	head := reply(t, "a.example.", dns.TypeTXT)
	rr := func(owner []byte, qtype uint16, data []byte) []byte {
		b := bytes.Clone(owner)
		b = binary.BigEndian.AppendUint16(b, qtype)
		b = append(b, 0, 1, 0, 0, 0, 60)
		b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
		return append(b, data...)
	}
	question := []byte{0xc0, 12}
	ladder := bytes.Clone(head) // a name of as many pointers as a reader follows
	rungs := []byte{}
	for i := range 120 {
		to := 12
		if i > 0 {
			to = len(head) + 12 + 2*(i-1)
		}
		rungs = binary.BigEndian.AppendUint16(rungs, 0xc000|uint16(to))
	}
	ladder = append(ladder, rr(question, dns.TypeNULL, rungs)...)
	top := len(head) + 12 + 2*119
	owner := binary.BigEndian.AppendUint16(nil, 0xc000|uint16(top))
	long := []byte{}
	for range 3 {
		long = append(append(long, 63), bytes.Repeat([]byte{0xff}, 63)...)
	}
	long = append(long, 0)
	return map[string][]byte{
		"one TXT": fill(head, func(int) []byte {
			return rr(question, dns.TypeTXT, bytes.Repeat(append([]byte{255}, make([]byte, 255)...), 250))
		}),
		"empty strings":   fill(head, func(int) []byte { return rr(question, dns.TypeTXT, make([]byte, 60000)) }),
		"many TXT":        fill(head, func(int) []byte { return rr(question, dns.TypeTXT, []byte{0}) }),
		"pointer ladders": fill(ladder, func(int) []byte { return rr(owner, dns.TypeCNAME, owner) }),
		"long names":      fill(head, func(int) []byte { return rr(long, dns.TypeCNAME, long) }),
		"CNAME ring": fill(head, func(at int) []byte {
			return rr([]byte{0xc0, 12}, dns.TypeCNAME, []byte{1, byte('a' + at%20), 0xc0, 12})
		}),
	}
}

// TestHostileReplies holds that a reply of the greatest length costs no more
// than a few records' worth of memory for each of its own bytes.
func TestHostileReplies(t *testing.T) {
	for name, msg := range hostile(t) {
		start := headerLen + len("\x01a\x07example\x00") + 4
		var r response
		var err error
		allocs := testing.AllocsPerRun(1, func() { r, err = parse(msg, "a.example", dns.TypeTXT, start) })
		t.Logf("%s: %d bytes, %d records, %q, %v; %.0f allocations", name, len(msg), len(r.records), r.kind, err, allocs)
		if allocs > float64(len(msg)) {
			t.Errorf("%s: %.0f allocations for %d bytes", name, allocs, len(msg))
		}
	}
}

func TestPackWritesOneSpelling(t *testing.T) {
	for in, want := range map[string]string{
		".":                             ".",
		"a.example":                     "a.example",
		`a\.b.example`:                  `a\.b.example`,
		`a\@b\032.example`:              `a@b\032.example`,
		strings.Repeat("x", 63):         strings.Repeat("x", 63),
		strings.Repeat("x", 64):         "",
		strings.Repeat("x.", 126) + "x": strings.Repeat("x.", 126) + "x",
		strings.Repeat("x.", 127) + "x": "",
		"a..b":                          "",
		".a":                            "",
	} {
		q, err := pack(resolver.Canonical(in), dns.TypeA)
		if (err == nil) != (want != "") || err == nil && q.name != want {
			t.Errorf("%q: %q, %v; want %q", in, q.name, err, want)
		}
		if err != nil {
			continue
		}
		for _, edns := range []bool{true, false} {
			var m dns.Msg
			q.finish(7, edns)
			if err := m.Unpack(q.last); err != nil || m.Id != 7 || (m.IsEdns0() != nil) != edns {
				t.Errorf("%q: sent %v, %v", in, &m, err)
			}
		}
	}
}

func TestMixCase(t *testing.T) {
	q, err := pack(`abcdefgh.\200[{example.org`, dns.TypeA)
	if err != nil {
		t.Fatal(err)
	}
	q.mixCase([]byte{0xff, 0x55, 0})
	got := string(q.wire[headerLen : q.questionEnd-4])
	if !strings.EqualFold(strings.ToValidUTF8(got, ""), strings.ToValidUTF8("\x08abcdefgh\x0a\xc8[{example\x03org\x00", "")) || got == strings.ToLower(got) || got == strings.ToUpper(got) {
		t.Errorf("%q", got)
	}
	q.mixCase(make([]byte, 3))
	if got := string(q.wire[headerLen : q.questionEnd-4]); got != "\x08abcdefgh\x0a\xc8[{example\x03org\x00" {
		t.Errorf("%q", got)
	}
}

func TestAnswersOnlyItself(t *testing.T) {
	q, err := pack("a.example", dns.TypeA)
	if err != nil {
		t.Fatal(err)
	}
	q.finish(0x1234, true)
	good := reply(t, "A.Example.", dns.TypeA)
	binary.BigEndian.PutUint16(good, 0x1234)
	if !q.answers(good, false) || q.answers(good, true) {
		t.Error("case")
	}
	for i := range good {
		if i == 2 || i == 3 || i >= 6 && i < headerLen { // flags, other counts
			continue
		}
		bad := bytes.Clone(good)
		bad[i] ^= 0x80
		if q.answers(bad, false) {
			t.Errorf("byte %d does not matter", i)
		}
		if q.answers(good[:i], false) {
			t.Errorf("%d bytes are enough", i)
		}
	}
}

// FuzzReply reads any bytes as the reply to a question.
func FuzzReply(f *testing.F) {
	f.Add(reply(f, "a.example.", dns.TypeTXT, `a.example. 60 IN TXT "x" "\255"`)[headerLen:], dns.TypeTXT)
	f.Add(reply(f, "a.example.", dns.TypeA, "a.example. 60 IN CNAME b.example.", "b.example. 60 IN A 192.0.2.1")[headerLen:], dns.TypeA)
	f.Add(reply(f, "a.example.", dns.TypeMX, `a.example. 60 IN MX 10 \@\ \.\200.example.`)[headerLen:], dns.TypeMX)
	f.Add(reply(f, "a.example.", dns.TypeSOA, "a.example. 60 IN SOA . . 1 2 3 4 5")[headerLen:], dns.TypeSOA)
	f.Add([]byte("\x01a\x07example\x00\x00\x01\x00\x01\xc0\x1b\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x1b"), dns.TypeA)
	for _, msg := range hostile(f) {
		f.Add(msg[headerLen:], dns.TypeTXT)
	}
	f.Fuzz(func(t *testing.T, body []byte, qtype uint16) {
		if !supported(qtype) {
			return
		}
		q, err := pack("a.example", qtype)
		if err != nil {
			t.Fatal(err)
		}
		q.finish(7, true)
		for _, counts := range []string{"\x00\x01\x00\x02\x00\x01\x00\x01", "\x00\x01\xff\xff\x00\x00\x00\x00"} {
			msg := append([]byte("\x00\x07\x80\x00"+counts), body...)
			if len(msg) > 65535 {
				return
			}
			q.answers(msg, false)
			r, err := parse(msg, q.name, qtype, q.questionEnd)
			if err != nil {
				continue
			}
			if n := len(msg) / 11; len(r.records) > n {
				t.Errorf("%d records of %d bytes", len(r.records), len(msg))
			}
			if r.kind == "" && r.next == "" && len(r.records) == 0 && r.rcode == 0 && len(msg) >= q.questionEnd {
				t.Error("an answer without records")
			}
			for _, rec := range r.records {
				text, _ := rec.MarshalText()
				var again resolver.Record
				if err := again.UnmarshalText(text); err != nil || !reflect.DeepEqual(again, rec) {
					t.Errorf("%+v became %+v (%v) by %q", rec, again, err, text)
				}
			}
		}
	})
}

// FuzzName packs any name: what can be packed has one spelling.
func FuzzName(f *testing.F) {
	for _, s := range []string{"a.example", `\000\@.x`, "..", `\`, "A\xff b", `\.\\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		canon := resolver.Canonical(name)
		q, err := pack(canon, dns.TypeA)
		if err != nil {
			return
		}
		got, _, err := unpackName(q.wire[:q.questionEnd], headerLen)
		if err != nil || got != canon {
			t.Errorf("%q: canonical %q, on the wire %q, %v", name, canon, got, err)
		}
		if theirs, _, err := dns.UnpackDomainName(q.wire[:q.questionEnd], headerLen); err != nil || resolver.Canonical(theirs) != got {
			t.Errorf("%q: read as %q, by miekg/dns as %q, %v", name, got, theirs, err)
		}
	})
}

func FuzzResolvConf(f *testing.F) {
	f.Add("nameserver 192.0.2.1\noptions timeout:1 attempts:3 rotate\n")
	f.Fuzz(func(t *testing.T, text string) {
		conf, err := parseResolvConf(strings.NewReader(text))
		if err == nil && (len(conf.servers) > maxServers || conf.attempts > maxConfAttempts || conf.timeout < 0) {
			t.Errorf("%+v", conf)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	msgs := hostile(b)
	msgs["small TXT"] = reply(b, "a.example.", dns.TypeTXT, `a.example. 60 IN TXT "v=spf1 include:_spf.example.org ip4:192.0.2.0/24 -all"`)
	for name, msg := range msgs {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(msg)))
			for b.Loop() {
				parse(msg, "a.example", dns.TypeTXT, headerLen+15)
			}
		})
	}
}
