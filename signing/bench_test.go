package signing

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

// tenK is a letter of 10 KB.
func tenK() *mail.Message {
	return parse(crlf(strings.TrimRight(letter, "\n") + "\n" + strings.Repeat("Dear Bob,  this is a line of the usual length of lines, with  gaps. \n", 140)))
}

func BenchmarkSign(b *testing.B) {
	for alg, key := range keys() {
		b.Run(alg, func(b *testing.B) {
			m := tenK()
			form, err := (&Format{}).read(DefaultHeaders)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(m.Raw())))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := form.sign(viewOf(m), Identity{Domain: "example.com", Selector: "sel"}, key, now()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSeal(b *testing.B) {
	for alg, key := range keys() {
		b.Run(alg, func(b *testing.B) {
			m := tenK()
			form, err := (&Format{}).read(DefaultARCHeaders)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := form.seal(viewOf(m), Identity{Domain: "example.com", Selector: "sel"}, key, now(), "mx.example.org; spf=pass", ChainNone); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	r := DKIM()
	r.Path = "/keys/$domain.$selector.key"
	m := mail.Parse([]byte(crlf(letter)), mail.Envelope{From: "ann@example.com", HasFrom: true}, mail.Limits{})
	b.ReportAllocs()
	for b.Loop() {
		r.Decide(m, user("ann@example.com"))
	}
}
