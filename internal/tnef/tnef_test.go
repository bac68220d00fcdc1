package tnef

import (
	"encoding/hex"
	"testing"
)

// TestDecompress: the two examples of [MS-OXRTFCP] section 3, and what is not
// compressed.
func TestDecompress(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"simple":    {"2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af86e0e0f4f0203206865e80a6c6c6f20d06f726c647d0a800fa0", ""},
		"crossed":   {"1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0", "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"},
		"plain":     {"110000000500000 04d454c4100000000", ""},
		"cut off":   {"1a0000001c0000004c5a4675e2d44b5141000420", "{\\rtf1 "},
		"no header": {"1a00", ""},
	} {
		b, err := hex.DecodeString(c.in)
		if err != nil {
			continue
		}
		if got := string(decompress(b)); c.want != "" && got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// FuzzFiles: no more files than asked for, and no more bytes than the stream has,
// but for those of RTF.
func FuzzFiles(f *testing.F) {
	f.Add([]byte("\x78\x9f\x3e\x22\x01\x00\x01\x10\x80\x01\x00\x02\x00\x00\x00a\x00\x00\x00"))
	f.Add([]byte("\x78\x9f\x3e\x22\x01\x00\x01\x03\x90\x06\x00\x14\x00\x00\x00\x01\x00\x00\x00\x1f\x10\x13\x10\x02\x00\x00\x00\x01\x00\x00\x00a\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		files := Files(b, 8)
		if len(files) > 8 {
			t.Fatalf("%d files", len(files))
		}
		for _, x := range files {
			if most := len(b); len(x.Content) > most && (x.Kind != RTF || len(x.Content) > perByte*most) {
				t.Fatalf("%d bytes of %d", len(x.Content), most)
			}
		}
	})
}
