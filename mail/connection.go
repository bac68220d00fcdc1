package mail

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
)

// AddrOf returns a connection's IP address for Envelope.ClientIP, without zone
// and port; an IPv4 address in IPv6 form becomes an IPv4 address. It returns
// the zero Addr for nil and for addresses of other kinds, such as a Unix
// socket's.
func AddrOf(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	var ip netip.Addr
	switch a := a.(type) {
	case *net.TCPAddr:
		ip = a.AddrPort().Addr() // no allocation, and nil gives the zero one
	case *net.UDPAddr:
		ip = a.AddrPort().Addr()
	case *net.UnixAddr:
	default: // an IP network's, or of a listener that reads the proxy protocol
		text := a.String()
		if ap, err := netip.ParseAddrPort(text); err == nil {
			ip = ap.Addr()
		} else if ip, err = netip.ParseAddr(text); err != nil {
			return netip.Addr{}
		}
	}
	return ip.Unmap().WithZone("")
}

// TLSOf returns a connection's encryption for Envelope.TLS in the words of
// Postfix and Rspamd, which are OpenSSL's: "TLSv1.3", "ECDHE-RSA-AES128-SHA".
// The names of the client's certificate are common names, whether or not the
// server verified it. TLSOf returns the zero TLS for nil and before the
// handshake.
func TLSOf(s *tls.ConnectionState) TLS {
	if s == nil || !s.HandshakeComplete {
		return TLS{}
	}
	t := TLS{Version: versionName(s.Version), Cipher: tlsCipher(s.Version, s.CipherSuite)}
	if len(s.PeerCertificates) > 0 {
		cert := s.PeerCertificates[0]
		t.CertSubject, t.CertIssuer = cert.Subject.CommonName, cert.Issuer.CommonName
	}
	return t
}

func versionName(v uint16) string {
	if v == tls.VersionTLS10 {
		return "TLSv1"
	}
	return strings.Replace(tls.VersionName(v), "TLS ", "TLSv", 1)
}

// tlsCipher brings the registered names of suites before TLS 1.3 into
// OpenSSL's form (openssl-ciphers(1)); later ones are the same.
func tlsCipher(version, suite uint16) string {
	name := tls.CipherSuiteName(suite)
	exchange, cipher, ok := strings.Cut(strings.TrimPrefix(name, "TLS_"), "_WITH_")
	if version >= tls.VersionTLS13 || !ok {
		return name
	}
	cipher = strings.NewReplacer(
		"3DES_EDE_CBC_", "DES-CBC3-", "_CBC_", "-", "AES_", "AES", "RC4_128", "RC4", "POLY1305_SHA256", "POLY1305", "_", "-",
	).Replace(cipher)
	if exchange == "RSA" {
		return cipher
	}
	return strings.ReplaceAll(exchange, "_", "-") + "-" + cipher
}
