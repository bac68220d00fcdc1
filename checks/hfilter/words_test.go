package hfilter

import (
	"regexp"
	"strings"
	"testing"
)

// patterns writes the table as regular expressions, one for each sight.
func patterns(t *hostWords) (list []*regexp.Regexp, weights []int) {
	before := map[place]string{
		anywhere: "", afterSep: "[.-]", afterDigit: "[0-9][.-]?", afterNumber: "[-.0-9][0-9][.-]?",
		afterNumberSep: "[-.0-9][0-9][.-]", afterLongNumber: "[-.0-9][0-9]{3}[.-]?", afterSepSep: "[-.0-9][.-]",
	}
	after := map[place]string{
		anywhere: "", beforeSep: "[.-]", beforeDigit: "[.-][0-9]", beforeNumber: "[.-][0-9]{2}",
		beforeDigitMore: "[.-][0-9][-.0-9]", beforeDigitAny: "[.-]?[0-9]",
	}
	for _, words := range t {
		for _, w := range words {
			prefix := ""
			if w.prefix != "" {
				prefix = "[" + w.prefix + "]?"
			}
			for _, s := range w.sights {
				list = append(list, regexp.MustCompile("(?i)"+before[s.before]+prefix+w.text+after[s.after]))
				weights = append(weights, s.weight)
			}
		}
	}
	return list, weights
}

// FuzzHost compares the scanner with regular expressions, and sees that the
// other readers of names bear anything.
func FuzzHost(f *testing.F) {
	for _, s := range []string{
		"", "mx.example.org", "98-dyn.example.org", "dyn-9-8.example.org", "clients-12", "1234clients", "-123.client.", "9.|dsl3", "12xdsl",
		"adsl-dynamic7", "a.vps.b", "7dhcp", "host.0", "in-addr.1", "dsl-line9", "1-.dynip-", "[192.168.1.1]", "fe80::1", "::1", "1x2-3.4", "a..b", ".",
		"100.64.0.1", "10.0.0.255", "KABEL.7", "9.cable", "dial-up.9", "-dialup-", "255.255.255.255.255", "e.in-addr.arpa", "x.LAN",
	} {
		f.Add(s)
	}
	words := newHostWords()
	list, weights := patterns(words)
	f.Fuzz(func(t *testing.T, s string) {
		isFQDN(s)
		words.weighHelo(s)
		classify(stripBrackets(s))
		if len(s) > 80 || strings.ContainsAny(s, "ſK") { // these fold to s and k
			return
		}
		want := 0
		for i, re := range list {
			if weights[i] > want && re.MatchString(s) {
				want = weights[i]
			}
		}
		if got, word := words.weigh(s); got != want {
			t.Errorf("weigh(%q) = %d (%s), the patterns say %d", s, got, word, want)
		}
	})
}

func TestWeigh(t *testing.T) {
	words := newHostWords()
	for _, c := range []struct {
		host string
		want int
	}{
		{"mx.example.org", 0}, {"mail-host1.example.org", 0}, {"natasha.example.org", 0}, {"4nations.example.org", 0}, {"dynamo.example.org", 0},
		{"ip-98-7.dyn.example.org", 5}, {"dyn.example.org", 0}, {"p9.dsl.example.org", 4}, {"cust7.example.org", 0}, {"customers-7.example.org", 1},
		{"c-98-7.client.comcast.example", 1}, {"98-7.comcast.example", 5}, {"7.comcast.example", 0}, {"a.comcast.example", 0}, {"1234clients.example.org", 5}, {"12clients.example.org", 0},
		{"user.pool.cable.example.org", 4}, {"broadband.example.org", 0}, {"broadband-7.example.org", 5}, {"my-HOST.example.org", 2},
	} {
		if got, word := words.weigh(c.host); got != c.want {
			t.Errorf("weigh(%q) = %d (%s), want %d", c.host, got, word, c.want)
		}
	}
}

func TestHeloForms(t *testing.T) {
	for _, c := range []struct {
		helo string
		want kind
	}{
		{"", emptyHelo}, {"rspamc.local", emptyHelo}, {"mx.example.org", aName}, {"10.example.org", aName}, {"1.2.3", aName},
		{"8.8.8.8", bareIP}, {"8x8-8.8", bareIP}, {"8.8.8.8.8", aName}, {"8-8-8-8-", aName}, {"2a00::1", bareIP}, {"g:1", aName},
		{"0.1.2.3", badIP}, {"10.1.2.3", badIP}, {"010.1.2.3", bareIP}, {"127.0.0.1", badIP}, {"10.1.2.3.example.org", badIP}, {"10.1.2.", aName},
		{"100.64.0.1", badIP}, {"100.127.0.1", badIP}, {"100.63.0.1", bareIP}, {"100.128.0.1", bareIP}, {"169.254.9.9", badIP}, {"169.253.9.9", bareIP},
		{"172.16.0.1", badIP}, {"172.31.0.1", badIP}, {"172.15.0.1", bareIP}, {"172.32.0.1", bareIP}, {"172.016.0.1", bareIP}, {"172.1600.0.1", bareIP},
		{"192.168.0.1", badIP}, {"192.0.0.1", badIP}, {"192.0.2.1", badIP}, {"192.0.1.1", bareIP}, {"192.88.99.1", badIP}, {"192.88.98.1", bareIP},
		{"198.51.100.1", badIP}, {"198.51.101.1", bareIP}, {"203.0.113.1", badIP}, {"203.0.114.1", bareIP}, {"8.8.8.255", badIP}, {"8.8.8.255.example", aName},
		{"::1", badIP}, {"::2", aName}, {"fc00::1", badIP}, {"fc01::1", bareIP}, {"FE80::1", badIP}, {"fe80:1::1", bareIP}, {"fec0:1::1", badIP}, {"fee0::1", bareIP},
		{"2001:DB8::1", badIP}, {"2001:db8:1::1", bareIP}, {"fe8", aName}, {"fe80:", bareIP},
	} {
		if got := classify(c.helo); got != c.want {
			t.Errorf("classify(%q) = %d, want %d", c.helo, got, c.want)
		}
	}
}

func TestFQDN(t *testing.T) {
	label := strings.Repeat("a", 63)
	for _, c := range []struct {
		name string
		want bool
	}{
		{"a.bc", true}, {"a.bc.", true}, {"a.b", false}, {"ab.c", false}, {"abc", false}, {"abcd", false}, {"a.bc..", false}, {".abc", false}, {"a..bc", false},
		{"-a.bcd", false}, {"a-.bcd", false}, {"a.-bc", true}, {"a_b.cd", false}, {label + ".org", true}, {label + "a.org", false}, {"a." + label + "a", false},
		{strings.Repeat("a.", 125) + "abc", true}, {strings.Repeat("a.", 126) + "abc", false}, {"8.8.8.88", true}, {"ä.example", false},
	} {
		if got := isFQDN(c.name); got != c.want {
			t.Errorf("isFQDN(%q) = %v", c.name, got)
		}
	}
}

func TestAtHome(t *testing.T) {
	for helo, want := range map[string]bool{
		"": false, "PC": true, "pc.LAN": true, "pc.local": true, "lan.example.org": false, "pc.localnet": false,
		"1.2.3.4.in-addr.arpa": true, "x.arpa": false, "in-addr.arpa": false, "[": true,
	} {
		if got := atHome(helo); got != want {
			t.Errorf("atHome(%q) = %v", helo, got)
		}
	}
}

func BenchmarkWeigh(b *testing.B) {
	words := newHostWords()
	hosts := []string{"mail-ej1-f54.example.com", "cpc3-midd2-3-0-cust79.midd.cable.example.com", "outbound.protection.example.com"}
	b.ReportAllocs()
	for b.Loop() {
		for _, h := range hosts {
			words.weigh(h)
		}
	}
}
