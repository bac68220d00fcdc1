// Package passhash makes and checks the hashes of passwords that Rspamd's
// controller takes: $1$SALT$KEY and $2$SALT$KEY, where SALT (20 bytes) and KEY (32
// bytes) are written in the base 32 of package zbase32. The key of the first is
// PBKDF2 of 16,000 rounds with keyed BLAKE2b-512 in place of an HMAC, as rspamadm
// pw -t pbkdf2 makes it; that of the second, rspamadm's default, is Catena's.
// Either takes some ten milliseconds.
package passhash

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"strings"

	"golang.org/x/crypto/blake2b"

	"github.com/winnowmail/winnow/internal/zbase32"
)

const (
	rounds   = 16000
	saltSize = 20
	keySize  = 32
)

// ErrForm is the error of texts that are no hashes.
var ErrForm = errors.New("it is no hash of the form $1$SALT$KEY or $2$SALT$KEY")

// Hash returns the hash of a password, with a random salt.
func Hash(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	return "$1$" + zbase32.Encode(salt) + "$" + zbase32.Encode(derive(password, salt))
}

// Check says whether hash is one of password. The error is ErrForm.
func Check(hash, password string) (bool, error) {
	form, salt, key, err := read(hash)
	if err != nil {
		return false, err
	}
	made := []byte(nil)
	if form == "2" {
		made = catena(password, salt, catenaDepth, catenaGarlic, catenaData, keySize)
	} else {
		made = derive(password, salt)
	}
	return subtle.ConstantTimeCompare(key, made) == 1, nil
}

// Validate returns ErrForm for a text that is no hash.
func Validate(hash string) error {
	_, _, _, err := read(hash)
	return err
}

// Is reports whether Rspamd would take a text as a hash, whole or not, rather than
// as a password.
func Is(text string) bool {
	return strings.HasPrefix(text, "$1") || strings.HasPrefix(text, "$2")
}

// read takes a hash to pieces.
func read(hash string) (form string, salt, key []byte, err error) {
	fields := strings.Split(strings.TrimSpace(hash), "$")
	if len(fields) != 4 || fields[0] != "" || fields[1] != "1" && fields[1] != "2" {
		return "", nil, nil, ErrForm
	}
	salt, ok := zbase32.Decode(fields[2])
	key, ok2 := zbase32.Decode(fields[3])
	if !ok || !ok2 || len(salt) != saltSize || len(key) != keySize {
		return "", nil, nil, ErrForm
	}
	return fields[1], salt, key, nil
}

// derive is the key of a password: one block of PBKDF2 (RFC 8018, 5.2), cut.
func derive(password string, salt []byte) []byte {
	key := []byte(password)
	if len(key) > blake2b.Size {
		sum := blake2b.Sum512(key)
		key = sum[:]
	}
	h, err := blake2b.New512(key)
	if err != nil {
		panic(err) // only for keys that are longer
	}
	h.Write(binary.BigEndian.AppendUint32(append([]byte(nil), salt...), 1))
	u := h.Sum(nil)
	block := append([]byte(nil), u...)
	for range rounds - 1 {
		h.Reset()
		h.Write(u)
		u = h.Sum(u[:0])
		for i := range block {
			block[i] ^= u[i]
		}
	}
	return block[:keySize]
}
