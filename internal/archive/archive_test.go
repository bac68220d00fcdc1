package archive

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"slices"
	"testing"
	"unicode/utf16"
)

func zipFile(names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		f, _ := w.Create(n)
		f.Write([]byte("content of " + n))
	}
	w.Close()
	return b.Bytes()
}

func vint(v uint64) (b []byte) {
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

// rar5Block makes a block: CRC, size, then the header's own bytes.
func block5(header, data []byte) []byte {
	b := append([]byte{0, 0, 0, 0}, vint(uint64(len(header)))...)
	return append(append(b, header...), data...)
}

func rar5(encrypted bool, names ...string) []byte {
	b := []byte("Rar!\x1a\x07\x01\x00")
	b = append(b, block5([]byte{1, 0, 0}, nil)...)
	for _, n := range names {
		h := []byte{2, 2}
		var extra []byte
		if encrypted {
			extra = []byte{2, 1, 0}
			h = append([]byte{2, 3}, vint(uint64(len(extra)))...)
		}
		h = append(h, vint(5)...)   // data
		h = append(h, 0, 9, 0x20)   // flags, size, attributes
		h = append(h, 0, 1)         // compression, host
		h = append(h, byte(len(n))) // name
		h = append(append(h, n...), extra...)
		b = append(b, block5(h, []byte("12345"))...)
	}
	return append(b, block5([]byte{5, 0, 0}, nil)...)
}

func rar4(flags uint16, names ...string) []byte {
	le := binary.LittleEndian
	b := []byte("Rar!\x1a\x07\x00")
	b = append(b, 0, 0, 0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0)
	for _, n := range names {
		h := make([]byte, 32)
		h[2] = 0x74
		le.PutUint16(h[3:], 0x8000|flags)
		le.PutUint16(h[5:], uint16(32+len(n)))
		le.PutUint32(h[7:], 4)
		le.PutUint32(h[11:], 100)
		le.PutUint16(h[26:], uint16(len(n)))
		b = append(append(append(b, h...), n...), "data"...)
	}
	return b
}

// sevenZip makes a 7z file with a plain header; codec is that of its one folder.
func sevenZip(codec []byte, names ...string) []byte {
	b := append([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), make([]byte, 24)...)
	h := []byte{szHeader, szMainStreams,
		szPackInfo, 0, 1, szSize, 5, szEnd,
		szUnpackInfo, szFolder, 1, 0, 1, byte(len(codec))}
	h = append(h, codec...)
	h = append(h, szUnpackSize, 9, szEnd, szEnd)
	h = append(h, szFilesInfo, byte(len(names)))
	data := []byte{0}
	for _, n := range names {
		for _, u := range append(utf16.Encode([]rune(n)), 0) {
			data = append(data, byte(u), byte(u>>8))
		}
	}
	h = append(h, szName, byte(len(data)))
	h = append(h, data...)
	h = append(h, szEnd, szEnd)
	return append(b, h...)
}

func TestList(t *testing.T) {
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Name = "inner.exe"
	w.Close()
	var plain bytes.Buffer
	gzip.NewWriter(&plain).Close()
	cases := []struct {
		name, file string
		data       []byte
		kind       string
		files      []string
		encrypted  bool
	}{
		{"zip", "a.zip", zipFile("a.txt", "b/c.exe"), "zip", []string{"a.txt", "b/c.exe"}, false},
		{"zip with comment before", "a.zip", append([]byte("PK\x03\x04"), zipFile()...), "zip", nil, false},
		{"rar5", "a.rar", rar5(false, "x.scr", "y.txt"), "rar", []string{"x.scr", "y.txt"}, false},
		{"rar5 encrypted", "a.rar", rar5(true, "x.scr"), "rar", []string{"x.scr"}, true},
		{"rar4", "a.rar", rar4(0, "old.exe"), "rar", []string{"old.exe"}, false},
		{"7z", "a.7z", sevenZip([]byte{0x21}, "naïve.js"), "7z", []string{"naïve.js"}, false},
		{"7z encrypted", "a.7z", sevenZip([]byte{6, 0xf1, 7, 1}, "a.js"), "7z", []string{"a.js"}, true},
		{"gzip with name", "a.gz", gz.Bytes(), "gz", []string{"inner.exe"}, false},
		{"gzip without name", "doc.pdf.gz", plain.Bytes(), "gz", []string{"doc.pdf"}, false},
	}
	for _, c := range cases {
		a, ok := List(c.data, c.file)
		if !ok {
			t.Errorf("%s: not read", c.name)
			continue
		}
		var names []string
		for _, f := range a.Files {
			names = append(names, f.Name)
		}
		if a.Kind != c.kind || !slices.Equal(names, c.files) || a.Encrypted != c.encrypted {
			t.Errorf("%s: got %+v", c.name, *a)
		}
	}
}

func TestListMarks(t *testing.T) {
	if a, ok := List(rar4(4, "secret.exe"), ""); !ok || !a.Files[0].Encrypted {
		t.Errorf("encrypted RAR 4 member: %+v", a)
	}
	b := sevenZip([]byte{0x21}, "a")
	b[32] = szEncodedHeader
	if a, ok := List(b, ""); !ok || !a.Unreadable {
		t.Errorf("packed 7z header: %+v", a)
	}
	if a, ok := List(zipFile("invoice\u202efdp.exe"), ""); !ok || !a.Obfuscated {
		t.Errorf("right-to-left override: %+v", a)
	}
	if _, ok := List([]byte("PK\x03\x04 and nothing more"), ""); ok {
		t.Error("a ZIP file without directory was read")
	}
}

func TestListBound(t *testing.T) {
	names := make([]string, MaxFiles+50)
	for i := range names {
		names[i] = "f"
	}
	if a, ok := List(zipFile(names...), ""); !ok || len(a.Files) != MaxFiles {
		t.Errorf("got %d files", len(a.Files))
	}
}

func FuzzList(f *testing.F) {
	f.Add(zipFile("a.txt", "b.exe"))
	f.Add(rar5(true, "x.scr"))
	f.Add(rar4(4, "old.exe"))
	f.Add(sevenZip([]byte{6, 0xf1, 7, 1}, "a.js"))
	f.Add([]byte("\x1f\x8b\x08\x0c\x00\x00\x00\x00\x00\x00\x01\x00xname\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, _ := List(b, "name.tar.gz")
		if len(a.Files) > MaxFiles {
			t.Errorf("%d files", len(a.Files))
		}
	})
}
