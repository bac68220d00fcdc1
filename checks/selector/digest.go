package selector

import (
	"encoding/base32"
	"encoding/binary"
	"math"

	"golang.org/x/crypto/blake2b"

	"github.com/winnowmail/winnow/internal/keyhash"
)

// digest reads the arguments of a digest: its encoding and the hash.
func (p *parser) digest(c call) (func(string) string, error) {
	if err := p.count(c, 0, 2); err != nil {
		return nil, err
	}
	if err := p.oneOf(c, 0, "hex", "base32", "bleach32", "rbase32", "base64"); err != nil {
		return nil, err
	}
	if err := p.oneOf(c, 1, "blake2", "sha256", "sha1", "sha512", "md5"); err != nil {
		return nil, err
	}
	encode, sum := encoder(c.text(0, "hex")), hash(c.text(1, "blake2"))
	return func(s string) string { return encode(sum(s)) }, nil
}

// hash is a hash function; BLAKE2b has the key that Rspamd uses for parts of mails.
func hash(name string) func(string) []byte {
	if name != "blake2" {
		return keyhash.Sum(name)
	}
	key := blake2b.Sum512([]byte("rspamd"))
	return func(s string) []byte {
		h, _ := blake2b.New512(key[:]) // a key of 64 bytes is no error
		h.Write([]byte(s))
		return h.Sum(nil)
	}
}

func encoder(name string) func([]byte) string {
	switch name {
	case "bleach32":
		return base32.NewEncoding("qpzry9x8gf2tvdw0s3jn54khce6mua7l").WithPadding(base32.NoPadding).EncodeToString
	case "rbase32":
		return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString
	}
	return keyhash.Encoding(name)
}

// packers write numbers as C has them on machines with the low byte first, by
// the letters of Lua's string.pack.
func packers() map[string]func([]byte, float64) []byte {
	le := binary.LittleEndian
	return map[string]func([]byte, float64) []byte{
		"f": func(b []byte, n float64) []byte { return le.AppendUint32(b, math.Float32bits(float32(n))) },
		"d": func(b []byte, n float64) []byte { return le.AppendUint64(b, math.Float64bits(n)) },
		"b": func(b []byte, n float64) []byte { return append(b, byte(int64(n))) },
		"h": func(b []byte, n float64) []byte { return le.AppendUint16(b, uint16(int64(n))) },
		"i": func(b []byte, n float64) []byte { return le.AppendUint32(b, uint32(int64(n))) },
		"l": func(b []byte, n float64) []byte { return le.AppendUint64(b, uint64(int64(n))) },
	}
}
