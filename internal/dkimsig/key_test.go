package dkimsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func spki(k crypto.Signer) string {
	der, _ := x509.MarshalPKIXPublicKey(k.Public())
	return base64.StdEncoding.EncodeToString(der)
}

func TestParseKey(t *testing.T) {
	r := rsaKey(t, 1024)
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	edText := base64.StdEncoding.EncodeToString(ed)
	pkcs1 := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&r.PublicKey))
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for _, c := range []struct {
		record string
		ok     bool
		check  func(*Key) bool
	}{
		{"v=DKIM1; k=rsa; p=" + spki(r), true, func(k *Key) bool { return k.Bits == 1024 && k.Email && !k.Strict && !k.Testing }},
		{"p=" + pkcs1, true, func(k *Key) bool { return k.Type == "rsa" }},
		{"p=" + spki(r)[:40] + " \r\n\t" + spki(r)[40:] + ";", true, nil},
		{"k=ed25519; p=" + edText, true, func(k *Key) bool { return k.Type == "ed25519" }},
		{"t=y:s; s=email:x; h=sha256 : sha1; n=note; p=" + pkcs1, true, func(k *Key) bool { return k.Testing && k.Strict && k.Email && len(k.Hashes) == 2 }},
		{"s=*; p=" + pkcs1, true, func(k *Key) bool { return k.Email }},
		{"s=web; p=" + pkcs1, true, func(k *Key) bool { return !k.Email }},
		{"v=DKIM2; p=" + pkcs1, false, nil}, {"v=spf1 -all", false, nil}, {"v=DKIM1", false, nil}, {"", false, nil},
		{"v=DKIM1; p=", false, nil}, {"p=!!!", false, nil}, {"p=" + spki(ec), false, nil}, {"k=dsa; p=" + pkcs1, false, nil},
		{"k=ed25519; p=" + pkcs1, false, nil}, {"k=ed25519; p=" + edText[:40], false, nil},
		{"p=" + pkcs1 + "; p=" + pkcs1, false, nil}, {"p=" + strings.Repeat("A", 64<<10), false, nil},
		{"p=" + strings.Repeat("A", 12<<10), false, nil},
	} {
		k, err := ParseKey(c.record)
		if (err == nil) != c.ok || (k != nil) != c.ok || c.check != nil && !c.check(k) {
			t.Errorf("%.60q: %+v %v", c.record, k, err)
		}
	}
	if _, err := ParseKey("p="); !errors.Is(err, ErrRevoked) {
		t.Error(err)
	}
}

func TestVerify(t *testing.T) {
	r := rsaKey(t, 1024)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	sum, sum1 := sha256.Sum256([]byte("x")), sha1.Sum([]byte("x"))
	for _, signer := range []crypto.Signer{r, ed} {
		a, err := SignerAlgorithm(signer)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := Sign(signer, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		k := &Key{Type: a.Key, Public: signer.Public()}
		if p, ok := k.Public.(*rsa.PublicKey); ok {
			k.Public = p
		}
		other := sha256.Sum256(nil)
		if !k.Verify(a, sum[:], sig) || k.Verify(a, other[:], sig) || k.Verify(a, sum[:], sig[1:]) || k.Verify(a, sum[:], nil) {
			t.Errorf("%s: wrong", a)
		}
		if k.Verify(Algorithm{"ecdsa", crypto.SHA256}, sum[:], sig) {
			t.Errorf("%s: another algorithm", a)
		}
	}
	old, _ := rsa.SignPKCS1v15(nil, r, crypto.SHA1, sum1[:])
	k := &Key{Type: "rsa", Public: r.Public()}
	if !k.Verify(Algorithm{"rsa", crypto.SHA1}, sum1[:], old) || k.Verify(Algorithm{"rsa", crypto.SHA256}, sum[:], old) {
		t.Error("SHA-1")
	}
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if _, err := Sign(ec, sum[:]); err == nil {
		t.Error("signed with ECDSA")
	}
}

// shortSign signs as PKCS #1 v1.5 with a key that crypto/rsa would refuse.
func shortSign(n, d *big.Int, digest []byte) []byte {
	size := (n.BitLen() + 7) / 8
	prefix := "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
	em := "\x00\x01" + strings.Repeat("\xff", size-3-len(prefix)-len(digest)) + "\x00" + prefix + string(digest)
	return new(big.Int).Exp(new(big.Int).SetBytes([]byte(em)), d, n).FillBytes(make([]byte, size))
}

// shortKey makes an RSA key of 512 bits.
func shortKey(t *testing.T) (pub *rsa.PublicKey, d *big.Int) {
	t.Helper()
	e, one := big.NewInt(65537), big.NewInt(1)
	for {
		p, _ := rand.Prime(rand.Reader, 256)
		q, _ := rand.Prime(rand.Reader, 256)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		if d = new(big.Int).ModInverse(e, phi); d != nil && p.Cmp(q) != 0 {
			return &rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, d
		}
	}
}

func TestShortKeys(t *testing.T) {
	pub, d := shortKey(t)
	k, err := ParseKey("p=" + base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(pub)))
	if err != nil || k.Bits < 511 {
		t.Fatal(k, err)
	}
	sum := sha256.Sum256([]byte("x"))
	sig := shortSign(pub.N, d, sum[:])
	a := Algorithm{"rsa", crypto.SHA256}
	if !k.Verify(a, sum[:], sig) {
		t.Error("good signature")
	}
	sig[5] ^= 1
	if k.Verify(a, sum[:], sig) || k.Verify(a, sum[:], sig[1:]) || k.Verify(a, sum[:], append(sig, 0)) {
		t.Error("bad signature")
	}
	s := &Signature{Algorithm: a}
	if (Policy{}).Allows(s, k) == nil || (Policy{MinBits: 500}).Allows(s, k) != nil {
		t.Error("policy on short keys")
	}
}

func TestPolicy(t *testing.T) {
	sha2 := &Signature{Algorithm: Algorithm{"rsa", crypto.SHA256}, Domain: "example.org", Identity: "a@x.example.org"}
	weak := &Signature{Algorithm: Algorithm{"rsa", crypto.SHA1}, Domain: "example.org"}
	for i, c := range []struct {
		p  Policy
		s  *Signature
		k  Key
		ok bool
	}{
		{Policy{}, sha2, Key{Type: "rsa", Email: true, Bits: 1024}, true},
		{Policy{}, sha2, Key{Type: "rsa", Email: true, Bits: 8192}, true},
		{Policy{}, sha2, Key{Type: "rsa", Email: true, Bits: 8193}, false},
		{Policy{MaxBits: 1 << 20}, sha2, Key{Type: "rsa", Email: true, Bits: 8193}, false},
		{Policy{MaxBits: 2048}, sha2, Key{Type: "rsa", Email: true, Bits: 4096}, false},
		{Policy{}, sha2, Key{Type: "rsa", Email: true, Bits: 1023}, false},
		{Policy{}, sha2, Key{Type: "rsa", Bits: 1024}, false},
		{Policy{}, sha2, Key{Type: "ed25519", Email: true}, false},
		{Policy{}, sha2, Key{Type: "rsa", Email: true, Bits: 1024, Hashes: []string{"sha1"}}, false},
		{Policy{}, sha2, Key{Type: "rsa", Email: true, Bits: 1024, Strict: true}, false},
		{Policy{}, weak, Key{Type: "rsa", Email: true, Bits: 1024, Strict: true}, false},
		{Policy{SHA1: true}, weak, Key{Type: "rsa", Email: true, Bits: 1024, Strict: true}, true},
	} {
		if err := c.p.Allows(c.s, &c.k); (err == nil) != c.ok {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestUsable(t *testing.T) {
	r := rsaKey(t, 1024)
	s := &Signature{Algorithm: Algorithm{"rsa", crypto.SHA256}}
	good := "p=" + spki(r)
	keys, err := Policy{}.Usable(nil, s, []string{"text", "p=", good, good})
	if err != nil || len(keys) != 2 || keys[0].Record != good {
		t.Error(keys, err)
	}
	if _, err := (Policy{}).Usable(nil, s, []string{"p=", "text"}); !errors.Is(err, ErrRevoked) {
		t.Error(err)
	}
	if _, err := (Policy{}).Usable(nil, s, nil); !errors.Is(err, ErrNotKey) {
		t.Error(err)
	}
	many := make([]string, 1000)
	for i := range many {
		many[i] = good
	}
	if keys, _ := (Policy{}).Usable(nil, s, many); len(keys) != MaxRecords {
		t.Errorf("%d keys", len(keys))
	}
}

func TestKeyCache(t *testing.T) {
	c := new(KeyCache)
	r := "p=" + spki(rsaKey(t, 1024))
	a, _ := c.Parse(r)
	if b, _ := c.Parse(r); a != b || a == nil {
		t.Error("read twice")
	}
	for i := range 3 * KeyCacheSize {
		if _, err := c.Parse(fmt.Sprintf("p=%d", i)); err == nil {
			t.Fatal("no error")
		}
		if i%100 == 0 {
			if b, _ := c.Parse(r); a != b {
				t.Fatalf("forgotten after %d others though in use", i)
			}
		}
	}
	if n := len(c.new) + len(c.old); n > KeyCacheSize {
		t.Errorf("%d records kept", n)
	}
	if _, err := c.Parse("p=" + strings.Repeat(" ", KeyCacheRecord)); !errors.Is(err, ErrRevoked) || len(c.new)+len(c.old) > KeyCacheSize {
		t.Error(err)
	}
}
