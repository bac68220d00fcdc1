package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/smtp"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/examples/internal/postfix"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/milter"
)

// certificate makes a certificate that signs itself, and a PEM file of it and its key.
func certificate(t *testing.T, name string) (cert tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	subject := pkix.Name{CommonName: name}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	file = filepath.Join(t.TempDir(), name+".pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// TestTLS has Postfix tell what it knows of a client's TLS connection and of its
// certificate, which it must trust, and forget it with the connection.
func TestTLS(t *testing.T) {
	_, file := certificate(t, "mx.test.example")
	cert, trusted := certificate(t, "client.example.org")
	scanner, err := winnow.New(winnow.Options{Families: []*checks.Family{}})
	if err != nil {
		t.Fatal(err)
	}
	defer scanner.Close(t.Context())
	seen := make(chan mail.TLS, 4)
	server, err := milter.New(milter.Options{Scanner: scanner, Done: func(o *milter.Outcome) { seen <- o.Envelope.TLS }})
	if err != nil {
		t.Fatal(err)
	}
	l, err := milter.Listen("127.0.0.1:0", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	defer func() {
		if err := server.Shutdown(t.Context()); err != nil || <-served != nil {
			t.Error(err)
		}
	}()
	mta := postfix.Start(t, "inet:"+l.Addr().String(), "smtpd_tls_security_level = may", "smtpd_tls_chain_files = "+file, "smtpd_tls_ask_ccert = yes", "smtpd_tls_CAfile = "+trusted)
	send := func(config *tls.Config) mail.TLS {
		c, err := smtp.Dial(mta.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if config != nil {
			if err := c.StartTLS(config); err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range []error{c.Mail("ann@example.org"), c.Rcpt("bob@test.example")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		w, err := c.Data()
		if err == nil {
			_, err = w.Write([]byte("Subject: x\r\n\r\nx\r\n"))
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return <-seen
	}
	with := &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}
	if got := send(with); got.Version != "TLSv1.3" || got.Cipher == "" || got.CertSubject != "client.example.org" || got.CertIssuer != "client.example.org" {
		t.Errorf("with a certificate: %+v", got)
	}
	if got := send(&tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}); got.Version != "TLSv1.2" || got.Cipher == "" || got.CertSubject != "" {
		t.Errorf("without one: %+v", got)
	}
	if got := send(nil); got != (mail.TLS{}) {
		t.Errorf("without TLS: %+v", got)
	}
}
