package dnsclient

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestServers(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1":           "192.0.2.1:53",
		"192.0.2.1:5353":      "192.0.2.1:5353",
		"2001:db8::1":         "[2001:db8::1]:53",
		"[2001:db8::1]":       "[2001:db8::1]:53",
		"[2001:db8::1]:5353":  "[2001:db8::1]:5353",
		"::ffff:192.0.2.1":    "192.0.2.1:53",
		"fe80::1%lo":          "[fe80::1%lo]:53",
		"":                    "",
		"ns.example":          "",
		"192.0.2.1:":          "",
		"192.0.2.1:0":         "",
		"192.0.2.1:70000":     "",
		"192.0.2.256":         "",
		"224.0.0.1":           "",
		"192.0.2.1,192.0.2.2": "",
		"system":              "",
	} {
		got, err := parseServer(in)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%q: %v, %v; want %q", in, got, err, want)
		}
	}
}

func TestResolvConf(t *testing.T) {
	const text = `# comment
domain example.org
search example.org example.net
nameserver 192.0.2.1
nameserver	2001:db8::1 trailing
;nameserver 192.0.2.9
nameserver ns.example
 nameserver 192.0.2.2
nameserver
options ndots:5 timeout:3 attempts:99 rotate edns0
options timeout:x attempts: attempts:0
`
	conf, err := parseResolvConf(strings.NewReader(text))
	want := []netip.AddrPort{
		netip.MustParseAddrPort("192.0.2.1:53"), netip.MustParseAddrPort("[2001:db8::1]:53"), netip.MustParseAddrPort("192.0.2.2:53"),
	}
	if err != nil || !slices.Equal(conf.servers, want) || conf.timeout != 3*time.Second || conf.attempts != 5 || !conf.rotate {
		t.Errorf("%+v, %v", conf, err)
	}
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, servers := range [][]string{nil, {"system"}} {
		c, err := New(Options{Servers: servers, ResolvConf: path})
		if err != nil {
			t.Fatal(err)
		}
		if c.o.Timeout != 3*time.Second || c.o.Attempts != 15 || !c.o.Rotate || len(c.servers) != 3 {
			t.Errorf("%+v", c.o)
		}
		c.Close()
	}
	c, err := New(Options{Servers: []string{"192.0.2.1"}, ResolvConf: path})
	if err != nil || c.o.Timeout != DefaultTimeout || c.o.Attempts != DefaultAttempts || c.o.Rotate {
		t.Errorf("with servers, resolv.conf counts: %v", err)
	}
}

func TestWrongOptions(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(empty, []byte("search example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{
		{ResolvConf: empty}, {ResolvConf: empty + ".not"}, {ResolvConf: filepath.Dir(empty)},
		{Servers: []string{"ns.example"}}, {Servers: []string{"192.0.2.1", "system"}}, {Servers: make([]string, 100)},
		{Servers: []string{"192.0.2.1"}, Timeout: -1}, {Servers: []string{"192.0.2.1"}, Attempts: 1000},
		{Servers: []string{"192.0.2.1"}, FailureTTL: time.Hour}, {Servers: []string{"192.0.2.1"}, CacheBytes: 1000},
	} {
		if _, err := New(o); err == nil || !strings.HasPrefix(err.Error(), "dnsclient: ") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
