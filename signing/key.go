package signing

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
)

// MaxKeyBytes is the most that is read of a key; an RSA key of 8192 bits in
// PEM has 6.4 KB.
const MaxKeyBytes = 64 << 10

// The sizes of RSA keys that sign: below, RFC 8301 section 3.2 forbids it;
// above, a signature takes too long and no verifier has to accept it.
const (
	minRSABits = 1024
	maxRSABits = 8192
)

// ErrKey is wrapped by the errors about private keys that can't be used. They
// never show a part of the key.
var ErrKey = errors.New("no usable private key")

func keyErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrKey, fmt.Sprintf(format, args...))
}

// ParseKey reads a private key in the forms that Rspamd 4.1.6 reads: PEM
// (PKCS #1 or PKCS #8), the same as DER, the seed (32 bytes) or the whole (64
// bytes) of an Ed25519 key, and DER or seed in base64. The key is RSA of 1024
// to 8192 bits or Ed25519.
func ParseKey(data []byte) (crypto.Signer, error) {
	if len(data) > MaxKeyBytes {
		return nil, keyErrorf("longer than %d bytes", MaxKeyBytes)
	}
	// Binary forms come first: their last byte may be one that text calls a
	// blank.
	if key, err := parseRaw(data); err == nil {
		return key, nil
	}
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0:
		return nil, keyErrorf("it is empty")
	case bytes.HasPrefix(data, []byte("-----BEGIN")):
		return parsePEM(data)
	}
	if der, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(data), nil))); err == nil {
		if key, err := parseRaw(der); err == nil {
			return key, nil
		}
	}
	return parseRaw(data)
}

// parsePEM takes the first block with a private key; blocks of other things,
// as OpenSSL writes before an EC key, are passed over.
func parsePEM(data []byte) (crypto.Signer, error) {
	for {
		block, rest := pem.Decode(data)
		switch {
		case block == nil:
			return nil, keyErrorf("the PEM text holds no private key")
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
			return nil, keyErrorf("it is encrypted")
		case block.Type == "RSA PRIVATE KEY" || block.Type == "PRIVATE KEY":
			return parseDER(block.Bytes)
		case block.Type == "PUBLIC KEY" || block.Type == "RSA PUBLIC KEY":
			return nil, keyErrorf("it is a public key")
		}
		data = rest
	}
}

func parseRaw(data []byte) (crypto.Signer, error) {
	switch len(data) {
	case ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(data), nil
	case ed25519.PrivateKeySize:
		key := ed25519.NewKeyFromSeed(data[:ed25519.SeedSize])
		if !bytes.Equal(key, data) {
			return nil, keyErrorf("its halves don't belong together")
		}
		return key, nil
	}
	return parseDER(data)
}

func parseDER(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return checkRSA(key)
	}
	any, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, keyErrorf("it is neither PEM nor DER in PKCS #1 or PKCS #8 nor an Ed25519 seed")
	}
	switch key := any.(type) {
	case *rsa.PrivateKey:
		return checkRSA(key)
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, keyErrorf("DKIM knows RSA and Ed25519 keys only")
}

func checkRSA(key *rsa.PrivateKey) (crypto.Signer, error) {
	if err := checkSize(key.N.BitLen()); err != nil {
		return nil, err
	}
	return key, nil
}

func checkSize(bits int) error {
	if bits < minRSABits || bits > maxRSABits {
		return keyErrorf("an RSA key has %d to %d bits, this one %d", minRSABits, maxRSABits, bits)
	}
	return nil
}
