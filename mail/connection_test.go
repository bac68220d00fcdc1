package mail

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/netip"
	"testing"
)

type namedAddr string

func (namedAddr) Network() string  { return "proxied" }
func (a namedAddr) String() string { return string(a) }

func TestAddrOf(t *testing.T) {
	var none *net.TCPAddr
	for _, c := range []struct {
		addr net.Addr
		want string
	}{
		{nil, ""}, {none, ""}, {&net.TCPAddr{}, ""},
		{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25}, "192.0.2.1"},
		{&net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 25}, "2001:db8::1"},
		{&net.UDPAddr{IP: net.ParseIP("fe80::1"), Port: 25, Zone: "eth0"}, "fe80::1"},
		{&net.IPAddr{IP: net.IPv4(192, 0, 2, 1)}, "192.0.2.1"},
		{&net.UnixAddr{Name: "192.0.2.1", Net: "unix"}, ""},
		{net.TCPAddrFromAddrPort(netip.MustParseAddrPort("[::ffff:192.0.2.1]:1")), "192.0.2.1"},
		{namedAddr("[2001:db8::1]:25"), "2001:db8::1"}, {namedAddr("::ffff:192.0.2.1"), "192.0.2.1"}, {namedAddr("mx.example.org:25"), ""},
	} {
		want := netip.Addr{}
		if c.want != "" {
			want = netip.MustParseAddr(c.want)
		}
		if got := AddrOf(c.addr); got != want {
			t.Errorf("%v: %v, want %v", c.addr, got, want)
		}
	}
}

func TestTLSOf(t *testing.T) {
	client := &x509.Certificate{Subject: pkix.Name{CommonName: "client.example.org"}, Issuer: pkix.Name{CommonName: "Test CA"}}
	for _, c := range []struct {
		state *tls.ConnectionState
		want  TLS
	}{
		{nil, TLS{}},
		{&tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256}, TLS{}},
		{&tls.ConnectionState{HandshakeComplete: true, Version: tls.VersionTLS13, CipherSuite: tls.TLS_CHACHA20_POLY1305_SHA256,
			PeerCertificates: []*x509.Certificate{client}}, TLS{"TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256", "client.example.org", "Test CA"}},
		{&tls.ConnectionState{HandshakeComplete: true, Version: tls.VersionTLS10, CipherSuite: tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
			TLS{Version: "TLSv1", Cipher: "DES-CBC3-SHA"}},
	} {
		if got := TLSOf(c.state); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.state, got, c.want)
		}
	}
}

// TestCiphers has OpenSSL's names of all suites before TLS 1.3 that Go knows.
func TestCiphers(t *testing.T) {
	want := map[string]string{
		"TLS_RSA_WITH_RC4_128_SHA":                      "RC4-SHA",
		"TLS_RSA_WITH_3DES_EDE_CBC_SHA":                 "DES-CBC3-SHA",
		"TLS_RSA_WITH_AES_128_CBC_SHA":                  "AES128-SHA",
		"TLS_RSA_WITH_AES_256_CBC_SHA":                  "AES256-SHA",
		"TLS_RSA_WITH_AES_128_CBC_SHA256":               "AES128-SHA256",
		"TLS_RSA_WITH_AES_128_GCM_SHA256":               "AES128-GCM-SHA256",
		"TLS_RSA_WITH_AES_256_GCM_SHA384":               "AES256-GCM-SHA384",
		"TLS_ECDHE_ECDSA_WITH_RC4_128_SHA":              "ECDHE-ECDSA-RC4-SHA",
		"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA":          "ECDHE-ECDSA-AES128-SHA",
		"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA":          "ECDHE-ECDSA-AES256-SHA",
		"TLS_ECDHE_RSA_WITH_RC4_128_SHA":                "ECDHE-RSA-RC4-SHA",
		"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA":           "ECDHE-RSA-DES-CBC3-SHA",
		"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA":            "ECDHE-RSA-AES128-SHA",
		"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA":            "ECDHE-RSA-AES256-SHA",
		"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256":       "ECDHE-ECDSA-AES128-SHA256",
		"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256":         "ECDHE-RSA-AES128-SHA256",
		"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256":         "ECDHE-RSA-AES128-GCM-SHA256",
		"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256":       "ECDHE-ECDSA-AES128-GCM-SHA256",
		"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384":         "ECDHE-RSA-AES256-GCM-SHA384",
		"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384":       "ECDHE-ECDSA-AES256-GCM-SHA384",
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256":   "ECDHE-RSA-CHACHA20-POLY1305",
		"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
	}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if s.SupportedVersions[0] >= tls.VersionTLS13 {
			continue
		}
		if got := tlsCipher(tls.VersionTLS12, s.ID); got != want[s.Name] {
			t.Errorf("%s: %q, want %q", s.Name, got, want[s.Name])
		}
	}
	if got := tlsCipher(tls.VersionTLS12, 0xabcd); got != "0xABCD" {
		t.Errorf("an unknown suite: %q", got)
	}
}
