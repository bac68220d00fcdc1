package winnow_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/winnowmail/winnow/resolver"
)

// txt and hosts make answers.
func txt(name string, texts ...string) resolver.Answer {
	var a resolver.Answer
	for _, s := range texts {
		r := resolver.Record{Name: name, Type: resolver.TypeTXT, TTL: 60}
		for ; len(s) > 255; s = s[255:] {
			r.Strings = append(r.Strings, s[:255])
		}
		r.Strings = append(r.Strings, s)
		a.Records = append(a.Records, r)
	}
	return a
}

func hosts(name string, qtype uint16, n int) resolver.Answer {
	var a resolver.Answer
	for i := range n {
		r := resolver.Record{Name: name, Type: qtype, TTL: 60, Host: fmt.Sprintf("h%d.%s", i, name), Preference: uint16(i)}
		switch qtype {
		case resolver.TypeA:
			r.IP = netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
		case resolver.TypeAAAA:
			r.IP = netip.MustParseAddr("2001:db8::" + fmt.Sprintf("%x", i%65535+1))
		}
		a.Records = append(a.Records, r)
	}
	return a
}

// record is the beginning of a record of the kind that lives under a name.
func record(name string) string {
	switch {
	case strings.HasPrefix(name, "_dmarc."):
		return "v=DMARC1; p=reject; "
	case strings.Contains(name, "._domainkey."):
		return "v=DKIM1; k=rsa; "
	}
	return "v=spf1 "
}

// filler is what makes a record of that kind longer and keeps it valid.
func filler(name string) string {
	switch record(name)[2:4] {
	case "DM", "DK":
		return "x=y; "
	}
	return "ip4:203.0.113.1 "
}

// random are bytes that depend on a name.
func random(name string, n int) []byte {
	var b []byte
	for i := uint64(0); len(b) < n; i++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(name), i))
		b = append(b, sum[:]...)
	}
	return b[:n]
}

func kind(k resolver.Kind) resolver.Func {
	return func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: k}
	}
}

// spfOnly answers TXT questions for SPF records with f.
func spfOnly(f func(name string) string) resolver.Func {
	return func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		if qtype == resolver.TypeTXT && record(name) == "v=spf1 " {
			return txt(name, f(name)), nil
		}
		return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindNXDomain}
	}
}

// hostileDNS are the resolvers; each answers by the question alone.
func hostileDNS() map[string]resolver.Func {
	const big = 64 << 10
	flood := map[uint16]resolver.Answer{}
	for qtype, n := range map[uint16]int{resolver.TypeMX: 1000, resolver.TypePTR: 1000, resolver.TypeA: 100, resolver.TypeAAAA: 100} {
		flood[qtype] = hosts("example.net", qtype, n)
	}
	return map[string]resolver.Func{
		"64 KiB TXT": func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
			if qtype != resolver.TypeTXT {
				return hosts(name, qtype, 1), nil
			}
			fill := filler(name)
			return txt(name, record(name)+strings.Repeat(fill, big/len(fill))), nil
		},
		"64 KiB of one tag": func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
			return txt(name, record(name)+"p="+strings.Repeat("A", big)), nil
		},
		"hundreds of TXT": func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
			var texts []string
			for i := range 300 {
				texts = append(texts, fmt.Sprint(record(name), filler(name), i))
			}
			return txt(name, texts...), nil
		},
		"a thousand records": func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
			if qtype == resolver.TypeTXT {
				return txt(name, record(name)+"mx a ptr mx:example.net a:example.net -all"), nil
			}
			return flood[qtype], nil
		},
		"CNAME and nothing": func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
			var a resolver.Answer
			for i := range 500 {
				a.Records = append(a.Records, resolver.Record{Name: name, Type: resolver.TypeCNAME, Host: fmt.Sprintf("c%d.%s", i, name)})
			}
			return a, nil
		},
		"CNAME loop":    kind(resolver.KindLoop),
		"redirect loop": spfOnly(func(name string) string { return "v=spf1 redirect=" + name }),
		"redirects on and on": spfOnly(func(name string) string {
			return fmt.Sprintf("v=spf1 redirect=r%d.example.net", len(name)+1) + strings.Repeat(" ", len(name))
		}),
		"includes without end": spfOnly(func(name string) string { return "v=spf1 include:a." + name + " include:b." + name + " -all" }),
		"macros without end": spfOnly(func(name string) string {
			return "v=spf1 " + strings.Repeat("exists:%{i}.%{s}.%{l1r-}.%{d}.%{v}.%{h} ", 500) + "-all"
		}),
		"random bytes": func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
			b := random(name, 2000)
			r := resolver.Record{Name: name, Type: qtype, TTL: 60, Preference: uint16(b[0])}
			switch qtype {
			case resolver.TypeA:
				r.IP = netip.AddrFrom4([4]byte(b))
			case resolver.TypeAAAA:
				r.IP = netip.AddrFrom16([16]byte(b))
			case resolver.TypeTXT:
				return txt(name, string(b), record(name)+string(b)), nil
			default:
				r.Host = resolver.Canonical(string(b[:200]))
			}
			return resolver.Answer{Records: []resolver.Record{r}}, nil
		},
		"everything is listed": func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
			a := hosts(name, qtype, 1)
			if qtype == resolver.TypeTXT {
				a = txt(name, "listed")
			}
			if qtype == resolver.TypeA {
				a.Records[0].IP = netip.MustParseAddr("127.0.0.2")
			}
			return a, nil
		},
		"SERVFAIL": kind(resolver.KindServFail),
		"timeout":  kind(resolver.KindTimeout),
		"lame":     kind(resolver.KindLame),
		"refused":  kind(resolver.KindRefused),
		"a foreign error": func(context.Context, string, uint16) (resolver.Answer, error) {
			return resolver.Answer{}, errors.New("resolver: \xff\xfe went away")
		},
	}
}

const dkimTags = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s%d; h=From:Subject:To:Date; bh=%s; b=%s"

func dkimSignature(n int) string {
	hash := base64.StdEncoding.EncodeToString(random("bh", 32))
	return fmt.Sprintf("DKIM-Signature: "+dkimTags+"\r\n", n, hash, base64.StdEncoding.EncodeToString(random(fmt.Sprint("b", n), 128)))
}

func arcSet(n int) string {
	hash, sig := base64.StdEncoding.EncodeToString(random("bh", 32)), base64.StdEncoding.EncodeToString(random(fmt.Sprint("a", n), 128))
	cv := "pass"
	if n == 1 {
		cv = "none"
	}
	return fmt.Sprintf("ARC-Seal: i=%d; a=rsa-sha256; cv=%s; d=example.org; s=s; b=%s\r\n"+
		"ARC-Message-Signature: i=%d; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s; h=From:Subject; bh=%s; b=%s\r\n"+
		"ARC-Authentication-Results: i=%d; mx.example.net; spf=pass; dkim=pass; arc=none\r\n", n, cv, sig, n, hash, sig, n)
}

const hostileHead = "From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nReply-To: ann@reply.example.org\r\nSubject: hello\r\n" +
	"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n"

const hostileBody = "\r\nsee https://www.example.org/login?id=1 and ann@mail.example.org\r\n"

// muchMail and someMail are how often hostileMail repeats things: as an attacker
// would, and more often than any bound of a check allows.
const (
	muchMail = 5_000
	someMail = 250
)

// hostileMail are the messages: "signed" and those that repeat something n times
// or as many bytes.
func hostileMail(n int) map[string][]byte {
	many := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	field := func(i int) string { return fmt.Sprintf("X-H%d: %d\r\n", i, i) }
	name := func(i int) string { return fmt.Sprintf("X-H%d:", i) }
	signed := func(names, extra string) string {
		return strings.Replace(dkimSignature(0), "h=From:Subject:To:Date;", "h=From:"+names+"Date;"+extra, 1)
	}
	folded := many(n, func(int) string { return "\r\n\t" + strings.Repeat("x", 77) })
	mails := map[string]string{
		"signed":     dkimSignature(1) + arcSet(1) + hostileHead,
		"signatures": many(n, dkimSignature) + hostileHead,
		"ARC sets":   many(n/3, func(i int) string { return arcSet(i + 1) }) + hostileHead,
		"folded signature": strings.Replace(dkimSignature(1), "; b=", "; z="+folded+"; b=", 1) +
			hostileHead,
		"folded header": signed("X-Folded:", "") + "X-Folded:" + folded + "\r\n" + hostileHead,
		"headers × names": signed(many(n, name), "") + many(n, field) +
			hostileHead,
		"one name again and again": signed(strings.Repeat("X-H1:", n), "") + strings.Repeat(field(1), n) + hostileHead,
		"names five times": many(5, func(i int) string {
			return strings.Replace(signed(many(n, name), ""), "s=s0", fmt.Sprint("s=s", i), 1)
		}) + many(n, field) + hostileHead,
		"Received": many(n, func(i int) string {
			return fmt.Sprintf("Received: from h%d.example.org (h%d.example.org [198.51.%d.%d]) by mx.example.net; Sun, 22 Nov 2026 10:00:00 +0000\r\n", i, i, i>>8, i&255)
		}) + hostileHead,
		"results": many(n, func(i int) string {
			return fmt.Sprintf("Authentication-Results: mx%d.example.net; spf=pass smtp.mailfrom=a@example.org\r\n", i)
		}) + hostileHead,
		"senders": "From: " + many(n, func(i int) string { return fmt.Sprintf("a@d%d.example.org,\r\n ", i) }) + "b@example.org\r\n" + hostileHead,
	}
	all := map[string][]byte{}
	for name, head := range mails {
		all[name] = []byte(head + hostileBody)
	}
	all["URLs"] = []byte(hostileHead + "\r\n" + many(n, func(i int) string {
		return fmt.Sprintf("https://h%d.example%d.org/p/%d?q=%d a%d@d%d.example.org\r\n", i, i, i, i, i, i)
	}))
	all["body"] = []byte(dkimSignature(1) + hostileHead + "\r\n" + strings.Repeat("a line \t of text  \r\n\r\n", n*5))
	return all
}
