package dkimsig

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// A Key is a key record (RFC 6376 section 3.6.1, RFC 8463).
type Key struct {
	Type   string   // k=: "rsa" or "ed25519"
	Hashes []string // h=, nil: all
	// Email tells that the key may sign mail (s=), Strict that i= may not be
	// below d= (t=s), Testing that the domain only tries DKIM (t=y).
	Email, Strict, Testing bool
	Public                 crypto.PublicKey
	Bits                   int    // of an RSA modulus
	Record                 string // the text that was read
}

// Errors of key records beside syntax.
var (
	ErrRevoked = errors.New("key is revoked")
	ErrNotKey  = errors.New("not a DKIM key record")
)

// MaxRecord bounds the bytes of a key record that is looked at. RSA keys of
// MaxBits take 1.5 kB.
const MaxRecord = 16 << 10

// ParseKey reads the text of a key record, its strings joined.
func ParseKey(record string) (*Key, error) {
	if len(record) > MaxRecord {
		return nil, fmt.Errorf("key record of %d bytes", len(record))
	}
	tags, err := ParseTags(record)
	if err != nil {
		return nil, fmt.Errorf("key record: %w", err)
	}
	if v, ok := tags.Get("v"); ok && v != "DKIM1" {
		return nil, fmt.Errorf("%w: v=%.20s", ErrNotKey, v)
	}
	k := &Key{Type: "rsa", Email: true, Record: record}
	if v, ok := tags.Get("k"); ok {
		k.Type = strings.ToLower(v)
	}
	if h, ok := tags.Get("h"); ok {
		k.Hashes = splitList(strings.ToLower(h))
	}
	if s, ok := tags.Get("s"); ok {
		k.Email = slices.ContainsFunc(splitList(s), func(v string) bool {
			return v == "*" || strings.EqualFold(v, "email")
		})
	}
	flags, _ := tags.Get("t")
	for _, f := range splitList(flags) {
		k.Strict = k.Strict || strings.EqualFold(f, "s")
		k.Testing = k.Testing || strings.EqualFold(f, "y")
	}
	p, ok := tags.Get("p")
	if !ok {
		return nil, fmt.Errorf("%w: no p=", ErrNotKey)
	}
	if err := k.public(p); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *Key) public(p string) error {
	if p == "" {
		return ErrRevoked
	}
	if k.Type != "rsa" && k.Type != "ed25519" {
		return fmt.Errorf("key of unknown type k=%.20s", k.Type)
	}
	der, err := decode(p)
	if err != nil {
		return errors.New("p= is no base64")
	}
	if k.Type == "ed25519" {
		if len(der) != ed25519.PublicKeySize {
			return fmt.Errorf("ed25519 key of %d bytes", len(der))
		}
		k.Public = ed25519.PublicKey(der)
		return nil
	}
	pub, err := parseRSA(der)
	if err != nil {
		return errors.New("p= is no RSA key")
	}
	k.Public, k.Bits = pub, pub.N.BitLen()
	return nil
}

// parseRSA reads a SubjectPublicKeyInfo, or the RSAPublicKey in it as some
// publish.
func parseRSA(der []byte) (*rsa.PublicKey, error) {
	if pub, err := x509.ParsePKIXPublicKey(der); err == nil {
		if pub, ok := pub.(*rsa.PublicKey); ok {
			return pub, nil
		}
	}
	return x509.ParsePKCS1PublicKey(der)
}

// A Policy says which signatures are good enough. The zero value is RFC 8301:
// no SHA-1, RSA keys from 1024 bits.
type Policy struct {
	// SHA1 accepts rsa-sha1, as Rspamd does.
	SHA1 bool
	// MinBits and MaxBits bound RSA moduli; 0 means 1024 and 8192. Keys above
	// 8192 bits are never used.
	MinBits, MaxBits int
}

// MaxBits is the largest RSA modulus in bits.
const MaxBits = 8192

// Allows returns why the signature may not be verified with the key, nil if
// it may: the key's own restrictions (RFC 6376 section 6.1.2), then the
// policy's.
func (p Policy) Allows(s *Signature, k *Key) error {
	a := s.Algorithm
	switch {
	case k.Type != a.Key:
		return fmt.Errorf("%s key for %s", k.Type, a)
	case k.Hashes != nil && !slices.Contains(k.Hashes, hashName(a.Hash)):
		return errors.New("key is not for this hash")
	case !k.Email:
		return errors.New("key is not for mail")
	case k.Strict && s.Kind == DKIM && s.SubdomainIdentity():
		return errors.New("key does not allow i= below d=")
	case a.Hash == crypto.SHA1 && !p.SHA1:
		return errors.New("rsa-sha1 is too weak")
	case k.Type != "rsa":
		return nil
	}
	low, high := p.MinBits, p.MaxBits
	if low == 0 {
		low = 1024
	}
	if high == 0 || high > MaxBits {
		high = MaxBits
	}
	if k.Bits < low || k.Bits > high {
		return fmt.Errorf("RSA key of %d bits", k.Bits)
	}
	return nil
}

// MaxRecords bounds the records of one name that are looked at.
const MaxRecords = 8

// Usable returns the keys among the records of the signature's KeyName that it
// may be verified with. If there is none, the error says why the first record
// can't be used.
func (p Policy) Usable(c *KeyCache, s *Signature, records []string) (keys []*Key, err error) {
	for _, record := range records[:min(len(records), MaxRecords)] {
		k, bad := c.Parse(record)
		if bad == nil {
			bad = p.Allows(s, k)
		}
		if bad == nil {
			keys = append(keys, k)
		} else if err == nil {
			err = bad
		}
	}
	switch {
	case len(keys) > 0:
		return keys, nil
	case err == nil:
		return nil, ErrNotKey
	}
	return nil, err
}

// Verify reports whether sig is the key's signature of digest, which was made
// with a.Hash.
func (k *Key) Verify(a Algorithm, digest, sig []byte) bool {
	switch pub := k.Public.(type) {
	case ed25519.PublicKey:
		return a.Key == "ed25519" && ed25519.Verify(pub, digest, sig)
	case *rsa.PublicKey:
		if a.Key != "rsa" {
			return false
		}
		if pub.N.BitLen() < 1024 {
			return verifyShort(pub, a.Hash, digest, sig)
		}
		return rsa.VerifyPKCS1v15(pub, a.Hash, digest, sig) == nil
	}
	return false
}

// verifyShort verifies with keys that crypto/rsa refuses for their length
// (RFC 8017 section 8.2.2).
func verifyShort(pub *rsa.PublicKey, h crypto.Hash, digest, sig []byte) bool {
	prefix := map[crypto.Hash]string{
		crypto.SHA1:   "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
		crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
	}[h]
	size := pub.Size()
	pad := size - 3 - len(prefix) - len(digest)
	s := new(big.Int).SetBytes(sig)
	if pad < 8 || len(sig) != size || s.Cmp(pub.N) >= 0 || pub.E < 3 {
		return false
	}
	want := "\x00\x01" + strings.Repeat("\xff", pad) + "\x00" + prefix + string(digest)
	got := new(big.Int).Exp(s, big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, size))
	return subtle.ConstantTimeCompare(got, []byte(want)) == 1
}
