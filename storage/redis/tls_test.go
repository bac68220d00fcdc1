package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage/redis"
)

// certificate writes a self-signed one for the address and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	what := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis.example.org"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"redis.example.org"},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	public, err := x509.CreateCertificate(rand.Reader, what, what, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", public), write("key.pem", "PRIVATE KEY", secret)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	server := redistest.Start(t, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert)
	addr := redistest.FreeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	server.Must("CONFIG", "SET", "tls-port", port)
	o, err := redis.Parse("rediss://" + addr + "?ca=" + cert + "&cert=" + cert + "&key=" + key)
	if err != nil {
		t.Fatal(err)
	}
	suite(t, o)
	for _, wrong := range []string{
		"rediss://" + addr, // The certificate is nobody's that is known.
		"rediss://" + addr + "?ca=" + cert + "&server_name=other.example.org&cert=" + cert + "&key=" + key,
		"rediss://" + server.Addr + "?ca=" + cert, // speaks no TLS
		"redis://" + addr,
	} {
		o, err := redis.Parse(wrong)
		if err != nil {
			t.Fatal(err)
		}
		o.Connect, o.Timeout, o.DialTimeout = true, time.Second, time.Second
		if _, err := redis.Open(t.Context(), o); err == nil {
			t.Errorf("Open of %s: %v", wrong, err)
		}
	}
	o, err = redis.Parse("rediss://" + addr + "?connect=true&server_name=redis.example.org&ca=" + cert + "&cert=" + cert + "&key=" + key)
	if err != nil {
		t.Fatal(err)
	}
	open(t, o)
}
