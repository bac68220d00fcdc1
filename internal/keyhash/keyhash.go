// Package keyhash hashes texts and writes the hashes as names in DNS lists and
// keys in stores have them. Hashes and encodings have Rspamd's names.
package keyhash

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"

	"golang.org/x/crypto/blake2b"

	"github.com/winnowmail/winnow/internal/zbase32"
)

// Sum returns the hash function blake2 (BLAKE2b-512), sha512, sha384, sha256,
// sha1 or md5; nil if name is none of these.
func Sum(name string) func(text string) []byte {
	switch name {
	case "blake2":
		return func(s string) []byte { h := blake2b.Sum512([]byte(s)); return h[:] }
	case "sha512":
		return func(s string) []byte { h := sha512.Sum512([]byte(s)); return h[:] }
	case "sha384":
		return func(s string) []byte { h := sha512.Sum384([]byte(s)); return h[:] }
	case "sha256":
		return func(s string) []byte { h := sha256.Sum256([]byte(s)); return h[:] }
	case "sha1":
		return func(s string) []byte { h := sha1.Sum([]byte(s)); return h[:] }
	case "md5":
		return func(s string) []byte { h := md5.Sum([]byte(s)); return h[:] }
	}
	return nil
}

// Encoding returns what writes a hash in base32 (package zbase32), base64 or
// hex; nil if name is none of these.
func Encoding(name string) func(hash []byte) string {
	switch name {
	case "base32":
		return zbase32.Encode
	case "base64":
		return base64.StdEncoding.EncodeToString
	case "hex":
		return hex.EncodeToString
	}
	return nil
}

// Key returns a text hashed and written, or as it is if sum is "", and of that
// the first length bytes, 0 meaning all. Sum and encoding are names that Sum
// and Encoding know.
func Key(text, sum, encoding string, length int) string {
	if sum != "" {
		text = Encoding(encoding)(Sum(sum)(text))
	}
	if length > 0 && length < len(text) {
		text = text[:length]
	}
	return text
}
