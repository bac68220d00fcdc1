package mxcheck

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// serve listens on loopback and treats each connection with f.
func serve(t *testing.T, f func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(c)
			}()
		}
	}()
	return netip.MustParseAddrPort(l.Addr().String())
}

// says is a server that greets and then waits for the client to go.
func says(text string) func(net.Conn) {
	return func(c net.Conn) {
		io.WriteString(c, text)
		io.Copy(io.Discard, c)
	}
}

// TestProbe connects to real listeners.
func TestProbe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := netip.MustParseAddrPort(l.Addr().String())
	l.Close()
	hangs := func(c net.Conn) { io.Copy(io.Discard, c) }
	for name, tc := range map[string]struct {
		at           netip.AddrPort
		verify, quit bool
		want         string
		readTimeout  time.Duration
	}{
		"accepts":              {at: serve(t, hangs), want: "gd"},
		"refuses":              {at: closed, want: "rf"},
		"refuses, verified":    {at: closed, verify: true, want: "rf"},
		"greets":               {at: serve(t, says("220 mx ESMTP\r\n")), verify: true, want: "gd"},
		"greets, bare code":    {at: serve(t, says("220\r\n")), verify: true, want: "gd"},
		"greets, bare LF":      {at: serve(t, says("220 mx\n")), verify: true, want: "gd"},
		"first line is enough": {at: serve(t, says("220-mx\r\n")), verify: true, want: "gd"},
		"greets in two lines":  {at: serve(t, says("220-mx\r\n220 ready\r\n")), verify: true, quit: true, want: "gd"},
		"second line is bad":   {at: serve(t, says("220-mx\r\n554 no\r\n")), verify: true, quit: true, want: "err:554"},
		"hangs":                {at: serve(t, hangs), verify: true, readTimeout: time.Millisecond, want: "tr"},
		"hangs in the line":    {at: serve(t, says("220 mx")), verify: true, readTimeout: 50 * time.Millisecond, want: "tr"},
		"closes at once":       {at: serve(t, func(net.Conn) {}), verify: true, want: "inv"},
		"later":                {at: serve(t, says("421 4.3.2 later\r\n")), verify: true, want: "err:421"},
		"never":                {at: serve(t, says("554-no\r\n")), verify: true, want: "err:554"},
		"other code":           {at: serve(t, says("250 hello\r\n")), verify: true, want: "inv"},
		"a shell":              {at: serve(t, says("SSH-2.0-OpenSSH_9.9\r\n")), verify: true, want: "inv"},
		"no end":               {at: serve(t, says("220 "+strings.Repeat("x", 1<<20))), verify: true, want: "inv"},
		"no end of lines":      {at: serve(t, says(strings.Repeat("220-x\r\n", 1<<16))), verify: true, quit: true, want: "inv"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Port: tc.at.Port(), VerifyGreeting: tc.verify, SendQuit: tc.quit, ReadTimeout: tc.readTimeout, Dial: new(net.Dialer).DialContext}
			c := &check{Options: o.withDefaults()}
			if got := c.probe(t.Context(), tc.at.Addr()); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

// TestQuit: a server that is told good-bye gets it after its greeting.
func TestQuit(t *testing.T) {
	got := make(chan string, 1)
	at := serve(t, func(c net.Conn) {
		io.WriteString(c, "220 mx\r\n")
		b, _ := io.ReadAll(c)
		got <- string(b)
	})
	o := Options{Port: at.Port(), VerifyGreeting: true, SendQuit: true, Dial: new(net.Dialer).DialContext}
	c := &check{Options: o.withDefaults()}
	if code := c.probe(t.Context(), at.Addr()); code != "gd" {
		t.Error(code)
	}
	if s := <-got; s != "QUIT\r\n" {
		t.Errorf("the server got %q", s)
	}
}

// TestProbeEndsWithItsContext: neither a dialer nor a server that hangs keeps
// a scan.
func TestProbeEndsWithItsContext(t *testing.T) {
	at := serve(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	ctx, cancel := context.WithCancel(t.Context())
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c := &check{Options: Options{Dial: hang}.withDefaults()}
	if code := c.probe(ctx, at.Addr()); c.ttl(code) != 0 {
		t.Errorf("a canceled connection is kept as %s", code)
	}
	ctx, cancel = context.WithCancel(t.Context())
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		defer cancel()
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	c = &check{Options: Options{Dial: dial, Port: at.Port(), VerifyGreeting: true, ReadTimeout: time.Hour}.withDefaults()}
	c.probe(ctx, at.Addr())
}

func TestConnectTimeout(t *testing.T) {
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
	}
	c := &check{Options: Options{Dial: hang, ConnectTimeout: time.Millisecond}.withDefaults()}
	if code := c.probe(t.Context(), netip.MustParseAddr("127.0.0.1")); code != "tc" {
		t.Error(code)
	}
}

func FuzzGreeting(f *testing.F) {
	for _, s := range []string{"220 mx\r\n", "220-a\r\n220 b\r\n", "554", "22", "\xff\x00\n", "220-\n4210\n", "421\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, all := range []bool{false, true} {
			code := readGreeting(bytes.NewReader(b), all)
			if o, _, ok := outcome(code); !ok || o == Refused || o == TimeoutConnect {
				t.Errorf("%q: %q", b, code)
			}
		}
	})
}

func BenchmarkGreeting(b *testing.B) {
	greeting := []byte("220-mx.example.org ESMTP ready\r\n220-no advertisements, please\r\n220 go on\r\n")
	b.ReportAllocs()
	for b.Loop() {
		readGreeting(bytes.NewReader(greeting), true)
	}
}

// TestClasses holds the edges of the address classes.
func TestClasses(t *testing.T) {
	for ip, want := range map[string]string{
		"10.0.0.0": "local", "172.15.255.255": "", "172.16.0.0": "local", "172.32.0.0": "", "192.168.255.255": "local",
		"100.63.255.255": "", "100.64.0.0": "local", "100.128.0.0": "", "fc00::1": "local", "fdff::1": "local", "fe00::1": "",
		"127.255.255.255": "local", "::1": "local", "169.254.1.1": "bogon", "fe80::1": "bogon", "0.1.2.3": "bogon", "::": "bogon",
		"192.0.0.8": "bogon", "192.0.1.1": "", "192.0.2.1": "bogon", "198.51.100.1": "bogon", "203.0.113.1": "bogon",
		"192.88.99.1": "bogon", "198.18.0.1": "bogon", "198.20.0.1": "", "223.255.255.255": "", "224.0.0.1": "bogon",
		"255.255.255.255": "bogon", "64:ff9b::1": "bogon", "100::1": "bogon", "2001:db8::1": "bogon", "2001:db9::1": "", "ff02::1": "bogon",
	} {
		addr := netip.MustParseAddr(ip)
		got := ""
		switch {
		case isBogon(addr):
			got = "bogon"
		case isLocal(addr):
			got = "local"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", ip, got, want)
		}
	}
}
