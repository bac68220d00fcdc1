package dkimsig

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
)

// SignerAlgorithm returns the algorithm that key signs with: rsa-sha256 or
// ed25519-sha256.
func SignerAlgorithm(key crypto.Signer) (Algorithm, error) {
	switch key.Public().(type) {
	case *rsa.PublicKey:
		return Algorithm{"rsa", crypto.SHA256}, nil
	case ed25519.PublicKey:
		return Algorithm{"ed25519", crypto.SHA256}, nil
	}
	return Algorithm{}, fmt.Errorf("no DKIM algorithm for a %T", key.Public())
}

// Sign signs a header hash, made with the key's algorithm. The result goes
// into b= in base64.
func Sign(key crypto.Signer, digest []byte) ([]byte, error) {
	a, err := SignerAlgorithm(key)
	if err != nil {
		return nil, err
	}
	opts := a.Hash
	if a.Key == "ed25519" {
		opts = 0 // RFC 8463: PureEdDSA over the hash
	}
	return key.Sign(rand.Reader, digest, opts)
}
