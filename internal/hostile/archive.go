package hostile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"strings"
)

// sevenZip puts a header behind the 32 bytes at the beginning of a 7z file.
func sevenZip(header string) []byte {
	b := append([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), make([]byte, 24)...)
	binary.LittleEndian.PutUint64(b[20:], uint64(len(header)))
	return append(b, header...)
}

// number7z is a two-byte number of the 7z header.
func number7z(n int) string { return string([]byte{0x80 | byte(n>>8), byte(n)}) }

// folders7z begins a 7z header with as many folders as the reader takes, or a
// quarter of n bytes of them, and stays within the section.
func folders7z(n int, folder string) (header string, count int) {
	count = min(8191, n/4/len(folder)+1)
	return "\x01\x04\x07\x0b" + number7z(count) + "\x00" + strings.Repeat(folder, count), count
}

// SevenZip are 7z files: properties that are named again, each of which walks a
// table that was given once.
func SevenZip() []Shape {
	with := func(folder, before, unit string) func(n int) []byte {
		return func(n int) []byte {
			h, _ := folders7z(n, folder)
			return sevenZip(h + before + fill(unit, n-len(h)))
		}
	}
	shape := func(name string, f func(n int) []byte) Shape {
		return Shape{"7z " + name, "application/x-7z-compressed", "a.7z", f}
	}
	const one = "\x01\x00" // a folder of one coder without a name
	return []Shape{
		shape("sizes again", with(one, "\x00\x08", "\x09")),
		shape("digests again", with(one, "\x00\x08", "\x0a\x00")),
		shape("substreams again", with(one, "\x00", "\x08\x00")),
		shape("folders again", func(n int) []byte {
			return sevenZip("\x01\x04\x07" + fill("\x0b"+number7z(1000)+"\x00"+strings.Repeat(one, 1000), n))
		}),
		shape("sizes of nothing", with("\x00", "", "\x0c")),
		shape("digests of nothing", with("\x00", "", "\x0a\x00")),
		shape("sections again", func(n int) []byte {
			return sevenZip("\x01" + fill("\x04\x06\x00\x00\x00\x00", n))
		}),
		shape("many streams", func(n int) []byte { // one folder that says it has as many as can be
			return sevenZip("\x01\x04\x07\x0b\x01\x00\x01\x10\x01" + number7z(8191) + fill("\x00\x00", n))
		}),
		shape("name tables again", func(n int) []byte {
			return sevenZip("\x01\x05\x01" + fill("\x11\x07\x00a\x00.\x00x\x00", n))
		}),
		shape("one long name", func(n int) []byte {
			n = max(n, 64)
			return sevenZip("\x01\x05\x01\x11\xf0" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) + "\x00" + fill("a\x00", n))
		}),
	}
}

// entry is one entry of a ZIP file's central directory; all point at the
// beginning of the file.
func entry(name, extra string) string {
	b := make([]byte, 46)
	copy(b, "PK\x01\x02\x14\x00\x14\x00")
	binary.LittleEndian.PutUint32(b[20:], 1<<20)
	binary.LittleEndian.PutUint32(b[24:], 1<<30)
	binary.LittleEndian.PutUint16(b[28:], uint16(len(name)))
	binary.LittleEndian.PutUint16(b[30:], uint16(len(extra)))
	return string(b) + name + extra
}

// directory makes a ZIP file of one member and of that central directory.
func directory(entries string) []byte {
	member := "PK\x03\x04\x14\x00" + strings.Repeat("\x00", 20) + "\x01\x00\x00\x00a"
	end := make([]byte, 22)
	copy(end, "PK\x05\x06")
	binary.LittleEndian.PutUint32(end[12:], uint32(len(entries)))
	binary.LittleEndian.PutUint32(end[16:], uint32(len(member)))
	return []byte(member + entries + string(end))
}

// Zip are ZIP files.
func Zip() []Shape {
	shape := func(name string, f func(n int) []byte) Shape {
		return Shape{"zip " + name, "application/zip", "a.zip", f}
	}
	entries := func(unit string) func(n int) []byte {
		return func(n int) []byte { return directory(fill(unit, n)) }
	}
	return []Shape{
		shape("entries of one member", entries(entry("a", ""))),
		shape("eight-bit names", entries(entry("\xcf\xf0\xe8\xe2\xe5\xf2.exe", ""))),
		shape("long eight-bit names", entries(entry(fill("\xc4\x81\xcf\xf0\xe8\xe2\xe5\xf2 ", 4096), ""))),
		shape("long names", entries(entry(fill("\u202ea", 60_000), ""))),
		shape("extra fields", entries(entry("a", fill("\x01\x00\x00\x00", 60_000)))),
		shape("ends of directories", func(n int) []byte {
			return append(directory(entry("a", "")), fill("PK\x05\x06", n)...)
		}),
		shape("one in another", func(n int) []byte {
			b := directory(fill(entry("a.zip", ""), n/2))
			for range 10 {
				b = nested(b)
			}
			return b
		}),
		shape("itself", func(n int) []byte { // every member's data is the file from its beginning
			return directory(fill(entry("r/r.zip", ""), n))
		}),
		shape("one after another", func(n int) []byte {
			return []byte(fill(string(directory(fill(entry("a", ""), 512))), n))
		}),
	}
}

// nested stores a file in a ZIP file.
func nested(content []byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "a.zip", Method: zip.Store})
	if err == nil {
		_, err = f.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

// header4 is a file header of RAR 4 that says it has size bytes, whatever it
// has.
func header4(size int, name string) string {
	h := make([]byte, 32)
	h[2] = 0x74
	binary.LittleEndian.PutUint16(h[3:], 0x200)
	binary.LittleEndian.PutUint16(h[5:], uint16(size))
	binary.LittleEndian.PutUint16(h[26:], uint16(len(name)))
	return string(h) + name
}

// RAR are RAR files of both versions.
func RAR() []Shape {
	const start4, start5 = "Rar!\x1a\x07\x00", "Rar!\x1a\x07\x01\x00" + "\x00\x00\x00\x00\x03\x01\x00\x00"
	shape := func(name string, f func(n int) []byte) Shape {
		return Shape{"rar " + name, "application/vnd.rar", "a.rar", f}
	}
	file5 := func(name string, extra string) string {
		body := string([]byte{byte(len(name) & 0x7f)}) + name
		h := "\x02\x01" + vint(len(extra)) + "\x00\x00\x00\x00\x00" + body + extra
		return "\x00\x00\x00\x00" + vint(len(h)) + h
	}
	return []Shape{
		shape("4 headers", func(n int) []byte { return []byte(start4 + fill(header4(33, "a"), n)) }),
		shape("4 empty blocks", func(n int) []byte { return []byte(start4 + fill("\x00\x00\x7a\x00\x00\x07\x00", n)) }),
		shape("4 names that overlap", func(n int) []byte {
			long := strings.Repeat("n", min(60_000, max(n/2, 64)))
			return []byte(start4 + fill(header4(32, long)[:32], n/2) + long)
		}),
		shape("4 eight-bit names", func(n int) []byte {
			name := "\xcf\xf0\xe8\xe2\xe5\xf2"
			return []byte(start4 + fill(header4(32+len(name), name), n))
		}),
		shape("5 headers", func(n int) []byte { return []byte(start5 + fill(file5("a", ""), n)) }),
		shape("5 eight-bit names", func(n int) []byte { return []byte(start5 + fill(file5("\xcf\xf0\xe8\xe2\xe5\xf2", ""), n)) }),
		shape("5 extra records", func(n int) []byte { return []byte(start5 + fill(file5("a", fill("\x01\x05", 10_000)), n)) }),
		shape("5 empty blocks", func(n int) []byte { return []byte(start5 + fill("\x00\x00\x00\x00\x02\x03\x00", n)) }),
	}
}

// vint is a number of RAR 5.
func vint(n int) string {
	var b []byte
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return string(append(b, byte(n)))
}

// Streams are gzip and tar files.
func Streams() []Shape {
	member := "\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xffa.exe\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	tar := make([]byte, 512)
	copy(tar, "a.exe")
	copy(tar[124:], "77777777777\x00") // the size
	tar[156] = 'S'                     // sparse, in GNU's old format
	copy(tar[257:], "ustar  \x00")
	return []Shape{
		{"gzip members", "application/gzip", "a.gz", func(n int) []byte { return []byte(fill(member, n)) }},
		{"gzip name without end", "application/gzip", "a.gz", func(n int) []byte { return []byte(member[:10] + fill("\xcf\xf0", n)) }},
		{"tar headers", "application/x-tar", "a.tar", func(n int) []byte { return []byte(fill(string(tar), n)) }},
	}
}
