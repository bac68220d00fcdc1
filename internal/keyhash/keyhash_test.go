package keyhash_test

import (
	"testing"

	"github.com/winnowmail/winnow/internal/keyhash"
)

func TestKey(t *testing.T) {
	for _, tc := range []struct {
		text, sum, encoding string
		length              int
		want                string
	}{
		{"192.0.2.7", "", "", 0, "192.0.2.7"},
		{"192.0.2.7", "", "", 3, "192"},
		{"i:192.0.2.7", "md5", "hex", 8, "623e086e"},
		{"i:192.0.2.7", "blake2", "base32", 10, "dbnumo9x1t"},
		{"user@example.net", "md5", "hex", 0, "0347eaff4a573d03a1ed99a78e59fe26"},
		{"user@example.net", "md5", "hex", 32, "0347eaff4a573d03a1ed99a78e59fe26"},
		{"user@example.net", "md5", "hex", 99, "0347eaff4a573d03a1ed99a78e59fe26"},
		{"a b", "sha256", "hex", 8, "c8687a08"},
		{"user.example.net", "blake2", "base32", 32, "oqeq4rfs3ru7obfsa7z6xb9uruybqjnd"},
		{"x", "sha1", "base64", 0, "EfatjsUqKYSrqv18O1FlA3hcIHI="},
		{"abc", "sha384", "hex", 12, "cb00753f45a3"},
		{"abc", "sha512", "hex", 12, "ddaf35a19361"},
	} {
		if got := keyhash.Key(tc.text, tc.sum, tc.encoding, tc.length); got != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
	}
}

func TestNamesThatNothingHas(t *testing.T) {
	for _, name := range []string{"", "MD5", "crc", "base16"} {
		if keyhash.Sum(name) != nil || keyhash.Encoding(name) != nil {
			t.Errorf("%q is known", name)
		}
	}
}
