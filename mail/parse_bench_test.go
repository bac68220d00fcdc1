package mail

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// ordinaryMail is a message of about 12 KB as mail programs write it: a long
// header, text and page in quoted-printable, a small picture.
func ordinaryMail() []byte {
	var b strings.Builder
	for i := range 5 {
		fmt.Fprintf(&b, "Received: from mx%d.example.org (mx%d.example.org [192.0.2.%d])\n\tby mx.example.net with ESMTPS id 4F2A%d\n\tfor <bob@example.net>; Sun,  1 Nov 2026 12:00:0%d +0000\n", i, i, i, i, i)
	}
	b.WriteString("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail;\n\th=from:to:subject:date; bh=" + strings.Repeat("A", 43) + "=;\n\tb=" + strings.Repeat("B", 170) + "\n")
	b.WriteString("From: =?utf-8?q?Ann_M=C3=BCller?= <ann@example.org>\nTo: Bob <bob@example.net>\nSubject: =?utf-8?B?R3LDvMOfZSBhdXMgTcO8bmNoZW4=?=\nDate: Sun, 1 Nov 2026 12:00:00 +0000\nMessage-ID: <1@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=\"----=_a\"\n\n")
	b.WriteString("------=_a\nContent-Type: multipart/alternative; boundary=\"----=_b\"\n\n------=_b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n")
	b.WriteString(strings.Repeat("Ein Satz mit einem =C3=9C und noch ein paar Worten, die hier stehen m=C3=BC=\nssen.\n", 20))
	b.WriteString("\n------=_b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<html><body>")
	b.WriteString(strings.Repeat("<p style=3D\"color:#333\">Ein Satz mit einem =C3=9C und <a href=3D\"https://www.example=\n.org/\">noch</a> ein paar Worten.</p>\n", 35))
	b.WriteString("</body></html>\n------=_b--\n------=_a\nContent-Type: image/png; name=\"logo.png\"\nContent-Transfer-Encoding: base64\nContent-ID: <logo@example.org>\n\n")
	pic := base64.StdEncoding.EncodeToString([]byte("\x89PNG\r\n\x1a\n" + strings.Repeat("pixels.", 400)))
	for ; len(pic) > 76; pic = pic[76:] {
		b.WriteString(pic[:76] + "\n")
	}
	b.WriteString(pic + "\n------=_a--\n")
	return []byte(strings.ReplaceAll(b.String(), "\n", "\r\n"))
}

func BenchmarkParse(b *testing.B) {
	raw := ordinaryMail()
	b.Run("header", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		b.ReportAllocs()
		for b.Loop() {
			Parse(raw, Envelope{}, Limits{})
		}
	})
	b.Run("tree", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		b.ReportAllocs()
		for b.Loop() {
			Parse(raw, Envelope{}, Limits{}).Parts()
		}
	})
	b.Run("texts", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		b.ReportAllocs()
		for b.Loop() {
			m := Parse(raw, Envelope{}, Limits{})
			for _, f := range m.Header().Fields() {
				f.Text()
			}
			for _, x := range m.Texts() {
				x.UTF8()
			}
		}
	})
}
