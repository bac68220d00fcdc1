package mail

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// image notes an <img>.
func (t *htmlTree) image(b *Block) {
	m := &Image{Block: b}
	src, ok := b.Attr("src")
	if !ok {
		src, _ = b.Attr("href")
	}
	m.Src = src
	if v, ok := b.Attr("width"); ok {
		m.Width = leadingNumber(v)
	}
	if v, ok := b.Attr("height"); ok {
		m.Height = leadingNumber(v)
	}
	if v, ok := b.Attr("style"); ok && (m.Width == 0 || m.Height == 0) {
		m.size(styleSize(v))
	}
	switch {
	case len(src) > 4 && strings.HasPrefix(src, "cid:"):
		m.Src, m.Embedded = src[4:], true
	case len(src) > 5 && strings.HasPrefix(src, "data:"):
		m.Embedded, m.Data = true, true
		t.h.DataURLs = true
		m.size(dataImage(src))
	case src != "":
		if u, ok := parseHref(src); ok {
			u.Source = SourceHTML
			u.Flags |= URLImage
			m.URL = &u
		}
	}
	m.InLink = b.inLink
	t.h.Images = append(t.h.Images, m)
	b.image = m
}

// size fills in what attributes did not tell.
func (m *Image) size(w, h int) {
	if m.Width == 0 {
		m.Width = w
	}
	if m.Height == 0 {
		m.Height = h
	}
}

// styleSize returns width and height in pixels of a style attribute.
func styleSize(style string) (w, h int) {
	for style = lowerASCII(style); style != ""; {
		var d string
		d, style = cutDeclaration(style)
		name, value, _ := strings.Cut(d, ":")
		switch strings.TrimSpace(name) {
		case "width":
			w = leadingNumber(strings.TrimSpace(value))
		case "height":
			h = leadingNumber(strings.TrimSpace(value))
		}
	}
	return w, h
}

// leadingNumber reads the digits at the beginning of s, at most a million.
func leadingNumber(s string) int {
	n := 0
	for i := 0; i < len(s) && digitByte(s[i]); i++ {
		n = min(n*10+int(s[i]-'0'), 1e6)
	}
	return n
}

// dataImage returns the size of the image in a data: URL.
func dataImage(src string) (w, h int) {
	_, enc, ok := strings.Cut(src, ";base64,")
	if !ok {
		return 0, 0
	}
	// The size stands at the beginning, in JPEG behind the comments.
	const most = 64 << 10
	enc = strings.TrimSpace(enc)
	enc = enc[:min(len(enc), most)&^3]
	buf := make([]byte, base64.StdEncoding.DecodedLen(len(enc)))
	n, _ := base64.StdEncoding.Decode(buf, []byte(enc))
	return imageSize(buf[:n])
}

// imageSize reads width and height from the header of a PNG, GIF, JPEG, BMP
// or WebP image; zeros if it can't.
func imageSize(b []byte) (w, h int) {
	switch {
	case len(b) >= 24 && string(b[:8]) == "\x89PNG\r\n\x1a\n":
		return int(binary.BigEndian.Uint32(b[16:])), int(binary.BigEndian.Uint32(b[20:]))
	case len(b) >= 10 && string(b[:4]) == "GIF8":
		return int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))
	case len(b) >= 26 && string(b[:2]) == "BM":
		return int(int32(binary.LittleEndian.Uint32(b[18:]))), abs(int(int32(binary.LittleEndian.Uint32(b[22:]))))
	case len(b) >= 30 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return webpSize(b)
	case len(b) >= 4 && b[0] == 0xff && b[1] == 0xd8:
		return jpegSize(b[2:])
	}
	return 0, 0
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

func webpSize(b []byte) (w, h int) {
	switch string(b[12:16]) {
	case "VP8 ":
		return int(binary.LittleEndian.Uint16(b[26:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[28:]) & 0x3fff)
	case "VP8L":
		v := binary.LittleEndian.Uint32(b[21:])
		return int(v&0x3fff) + 1, int(v>>14&0x3fff) + 1
	case "VP8X":
		return int(b[24]) | int(b[25])<<8 | int(b[26])<<16 + 1, int(b[27]) | int(b[28])<<8 | int(b[29])<<16 + 1
	}
	return 0, 0
}

// jpegSize looks for the frame header among the segments of a JPEG file.
func jpegSize(b []byte) (w, h int) {
	for len(b) >= 9 {
		if b[0] != 0xff {
			return 0, 0
		}
		m := b[1]
		switch {
		case m == 0xff:
			b = b[1:]
			continue
		case m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc:
			return int(binary.BigEndian.Uint16(b[7:])), int(binary.BigEndian.Uint16(b[5:]))
		case m == 0xd8 || m >= 0xd0 && m <= 0xd7:
			b = b[2:]
			continue
		}
		n := int(binary.BigEndian.Uint16(b[2:])) + 2
		if n < 4 || n > len(b) {
			return 0, 0
		}
		b = b[n:]
	}
	return 0, 0
}
