package dkimsig

import (
	"bytes"
	"crypto"
	"strings"
	"testing"
)

func FuzzParseSignature(f *testing.F) {
	for _, k := range []Kind{DKIM, ARCMessage, ARCSeal} {
		f.Add(byte(k), fieldWith(k))
		f.Add(byte(k), fieldWith(k, "h=from:to : subject", "l=10", "c=relaxed/simple", "i=@a.example.org", "t=1", "x=2"))
	}
	f.Add(byte(0), []byte("DKIM-Signature: b=\r\n\t;b=;"))
	f.Add(byte(1), []byte(":"))
	f.Fuzz(func(t *testing.T, kind byte, raw []byte) {
		k := Kind(kind % 3)
		s, err := ParseSignature(k, raw)
		if s.from < 0 || s.from > s.to || s.to > len(raw) {
			t.Fatalf("b= at %d to %d of %d", s.from, s.to, len(raw))
		}
		var w counter
		WriteSigned[RawField](&w, s, nil)
		if err != nil {
			return
		}
		if len(s.KeyName()) > 253 || strings.ContainsAny(s.KeyName(), " \r\n") {
			t.Errorf("key at %q", s.KeyName())
		}
		// What b= holds must not matter, whatever form it is hashed in.
		for _, c := range []Canon{Simple, Relaxed} {
			other := append(append(bytes.Clone(raw[:s.from]), "QUJD"...), raw[s.to:]...)
			o, err := ParseSignature(k, other)
			if err != nil {
				t.Fatalf("with another b=: %v", err)
			}
			var a, b bytes.Buffer
			HashHeader[RawField](&a, c, nil, s.raw, s.from, s.to)
			HashHeader[RawField](&b, c, nil, o.raw, o.from, o.to)
			if !bytes.Equal(a.Bytes(), b.Bytes()) {
				t.Errorf("%s: hash depends on b=: %q %q", c, a.Bytes(), b.Bytes())
			}
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add("v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC4GUGr+d/6SFNzVLYpphnRd0QPGKz2uWnV65RAxa1Pw352BqizqiKOBjgYGzj8pJQSs8tOvv/2k6jpI809RnESqOFgF0gu3UJbNnu3+cd8k/kiQj+q4cKKRpAT92ccxc7svhCNgN1sBGmROYZuysG3Vu3Dw7BLFp3EPqK9Bt9k0wIDAQAB")
	f.Add("k=ed25519; t=y:s; s=email; h=sha256; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
	f.Add("v=DKIM1; p=")
	f.Fuzz(func(t *testing.T, record string) {
		k, err := ParseKey(record)
		if (k == nil) == (err == nil) {
			t.Fatal(k, err)
		}
		if k == nil {
			return
		}
		if k.Type == "rsa" && k.Bits > MaxBits {
			return // Policy refuses it
		}
		k.Verify(Algorithm{k.Type, crypto.SHA256}, make([]byte, 32), make([]byte, 64))
	})
}

func FuzzCanon(f *testing.F) {
	f.Add([]byte("Subject: a  b\r\n\tc \r\n"), []byte("a \r\n\r\nb\t c\r\n\r\n"), int64(-1))
	f.Add([]byte("X :\n \r\r\n"), []byte("\r\r\n \n."), int64(3))
	f.Fuzz(func(t *testing.T, field, body []byte, length int64) {
		for _, c := range []Canon{Simple, Relaxed} {
			once := c.AppendField(nil, field)
			if twice := c.AppendField(nil, once); !bytes.Equal(once, twice) {
				t.Errorf("%s field: %q, again %q", c, once, twice)
			}
			if n := len(once); c == Relaxed && bytes.ContainsAny(once[:n-2], "\r\n") {
				t.Errorf("relaxed field folds: %q", once)
			}
			first, n := canonBody(c, string(body), -1)
			again, _ := canonBody(c, first, -1)
			if first != again || n != int64(len(first)) {
				t.Errorf("%s body: %q, again %q", c, first, again)
			}
			if cut, _ := canonBody(c, string(body), max(length, -1)); !strings.HasPrefix(first, cut) || length >= 0 && int64(len(cut)) != min(length, n) {
				t.Errorf("%s body cut at %d: %q of %q", c, length, cut, first)
			}
		}
		for _, f := range NewHeader(field).fields {
			if len(f) == 0 {
				t.Error("empty field")
			}
		}
	})
}
