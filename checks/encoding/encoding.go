// Package encoding judges how header fields are encoded: bytes that RFC 2047
// wants encoded and are not, and encoded words around plain ASCII, by which
// senders hide words from filters that look at raw fields.
package encoding

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// A field is one header field with what can be wrong with it.
type field struct {
	name          string
	needs         *symbols.Def // nil: not looked at
	base64, qtext *symbols.Def
}

func fields() []field {
	return []field{
		{"subject", needs("SUBJECT", "Subject"), excessB("SUBJ", "Subject"), excessQ("SUBJ", "Subject")},
		{"from", needs("FROM", "From"), excessB("FROM", "From"), excessQ("FROM", "From")},
		{"to", needs("TO", "To"), excessB("TO", "To"), excessQ("TO", "To")},
		{"reply-to", nil, excessB("REPLYTO", "Reply-To"), excessQ("REPLYTO", "Reply-To")},
		{"cc", nil, excessB("CC", "Cc"), excessQ("CC", "Cc")},
	}
}

func needs(prefix, name string) *symbols.Def {
	return &symbols.Def{
		Name: prefix + "_NEEDS_ENCODING", Groups: []string{"headers"}, Weight: 1,
		Doc: name + " has control or 8-bit characters and no encoded word",
	}
}

func excessB(prefix, name string) *symbols.Def {
	return &symbols.Def{
		Name: prefix + "_EXCESS_BASE64", Groups: []string{"excessb64"}, Weight: 1.5,
		Doc: name + " is encoded in base64 although it is plain ASCII",
	}
}

func excessQ(prefix, name string) *symbols.Def {
	return &symbols.Def{
		Name: prefix + "_EXCESS_QP", Groups: []string{"excessqp"}, Weight: 1.2,
		Doc: name + " is encoded in the Q encoding although it is plain ASCII",
	}
}

// New returns the family.
func New() *checks.Family {
	fs := fields()
	c := &checks.Check{
		Name: "encoding",
		Doc:  "missing and needless RFC 2047 encoding of Subject and address fields",
		Run:  func(_ context.Context, t *checks.Task) error { return run(t, fs) },
	}
	for _, f := range fs {
		if f.needs != nil {
			c.Symbols = append(c.Symbols, f.needs)
		}
		c.Symbols = append(c.Symbols, f.base64, f.qtext)
	}
	return &checks.Family{Name: "encoding", Doc: "how the header and the parts are encoded", Checks: []*checks.Check{c}}
}

func run(t *checks.Task, fs []field) error {
	h := t.Message().Header()
	for _, f := range fs {
		all := h.All(f.name)
		if len(all) == 0 {
			continue
		}
		b, q := encodedBy(all)
		switch {
		case b == nil && q == nil:
			if f.needs != nil {
				if bad := h.FindRaw(f.name, needed); bad != nil {
					t.HitField(f.needs, bad)
				}
			}
		case h.Find(f.name, needed) == nil, t.Exact() && q != nil && q.UnknownCharset():
			if b != nil {
				t.HitField(f.base64, b)
			}
			if q != nil {
				t.HitField(f.qtext, q)
			}
		}
	}
	return nil
}

// encodedBy returns the first field with a B encoded word and the first with
// a Q encoded word.
func encodedBy(fs []*mail.Field) (b, q *mail.Field) {
	for _, f := range fs {
		v := f.Value()
		if b == nil && hasWord(v, "?B?") {
			b = f
		}
		if q == nil && hasWord(v, "?Q?") {
			q = f
		}
	}
	return b, q
}

// hasWord reports whether, without white space between them, "=?", a charset
// and then mark occur in v.
func hasWord(v, mark string) bool {
	for {
		i := strings.Index(v, "=?")
		if i < 0 {
			return false
		}
		v = v[i+2:]
		n := ascii.Span(v, notSpace)
		if n > 1 && ascii.ContainsFold(v[1:n], mark) {
			return true
		}
		v = v[n:]
	}
}

func notSpace(c byte) bool { return !ascii.IsSpace(c) }

// needed reports whether the decoded text has characters that had to be
// encoded.
func needed(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= 0x7f || c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return true
		}
	}
	return false
}
