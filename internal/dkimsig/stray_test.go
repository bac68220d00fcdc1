package dkimsig

import (
	"crypto"
	"crypto/sha256"
	"testing"
)

// Signers differ in what a CR alone is: each reading holds, and no other text.
func TestCheckStrayCR(t *testing.T) {
	for _, c := range []struct {
		raw, canonical string
		holds          bool
	}{
		{"one\rtwo\r\n", "one\r\ntwo\r\n", true},
		{"one\rtwo\r\n", "one two\r\n", true},
		{"one\rtwo\r\n", "one\rtwo\r\n", true},
		{"one\ntwo\r\n", "one\r\ntwo\r\n", true},
		{"one\ntwo\r\n", "one two\r\n", false},
		{"one\rtwo\r\n", "onetwo\r\n", false},
		{"one\r\r\ntwo", "one\r\ntwo\r\n", true},
		{"one\r\ntwo\r\n", "one two\r\n", false},
	} {
		sum := sha256.Sum256([]byte(c.canonical))
		s := &Signature{BodyCanon: Relaxed, Algorithm: Algorithm{Hash: crypto.SHA256}, Length: -1, BodyHash: sum[:]}
		if _, err := NewBody([]byte(c.raw)).Check(s); (err == nil) != c.holds {
			t.Errorf("%q signed as %q: %v", c.raw, c.canonical, err)
		}
	}
}

// Readings of a CR are tried a bounded number of times, and never at the cost
// of signatures that hold.
func TestCheckStrayCRIsBounded(t *testing.T) {
	b := NewBody([]byte("one\rtwo\r\n"))
	for i := range MaxBodyForms - 1 {
		s := &Signature{BodyCanon: Relaxed, Algorithm: Algorithm{Hash: crypto.SHA256}, Length: int64(i), BodyHash: []byte("no")}
		if _, err := b.Check(s); err != ErrBodyHash {
			t.Fatal(i, err)
		}
	}
	sum := sha256.Sum256([]byte("one\r\ntwo\r\n"))
	s := &Signature{BodyCanon: Relaxed, Algorithm: Algorithm{Hash: crypto.SHA256}, Length: -1, BodyHash: sum[:]}
	if _, err := b.Check(s); err != nil {
		t.Error(err)
	}
	if most := int64(MaxBodyForms+maxOthers) * int64(len("one\rtwo\r\n")); b.Read() > most {
		t.Errorf("%d bytes read, at most %d", b.Read(), most)
	}
}
