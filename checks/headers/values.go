package headers

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	httpURLInFrom = &symbols.Def{
		Name: "R_HTTP_URL_IN_FROM", Groups: []string{"headers"}, Weight: 5,
		Doc: "a web address stands in From before the mail address",
	}
	noSpaceInFrom = &symbols.Def{
		Name: "R_NO_SPACE_IN_FROM", Groups: []string{"headers"}, Weight: 1,
		Doc: "no space separates name and address in From",
	}
	replyToQuoteYahoo = &symbols.Def{
		Name: "REPTO_QUOTE_YAHOO", Groups: []string{"headers"}, Weight: 2,
		Doc: "Reply-To of a Yahoo user has a quoted name, which Yahoo does not write",
	}
	fakeReply = &symbols.Def{
		Name: "FAKE_REPLY", Groups: []string{"headers"}, Weight: 1,
		Doc: "the subject says that it is a reply, but nothing refers to an earlier message",
	}
	stoxReplyType = &symbols.Def{
		Name: "STOX_REPLY_TYPE", Groups: []string{"headers"}, Weight: 1,
		Doc: "Content-Type has the parameter reply-type=original of stock spam",
	}
)

func runValues(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	hit := func(d *symbols.Def, f *mail.Field) {
		if f != nil {
			t.HitField(d, f)
		}
	}
	hit(httpURLInFrom, h.FindRaw("from", startsURL))
	hit(noSpaceInFrom, h.FindRaw("from", addressSticks))
	hit(stoxReplyType, h.Find("content-type", hasReplyType))
	if !h.Has("in-reply-to") && !h.Has("references") {
		hit(fakeReply, h.Find("subject", isReply))
	}
	if f := h.Find("reply-to", quotedName); f != nil && ofYahoo(h) {
		hit(replyToQuoteYahoo, f)
	}
	return nil
}

// startsURL reports whether an http or https URL stands at the beginning of v
// or after a quote or white space; in Q encoding the colon is "=3A".
func startsURL(v string) bool {
	for at := 0; ; {
		i := strings.Index(v[at:], "//")
		if i < 0 {
			return false
		}
		at += i + 2
		if at >= len(v) || ascii.IsSpace(v[at]) {
			continue
		}
		head, ok := strings.CutSuffix(v[:at-2], ":")
		if !ok && len(head) > 3 && ascii.EqualFold(head[len(head)-3:], "=3A") {
			head, ok = head[:len(head)-3], true
		}
		if ok && endsInScheme(head) {
			return true
		}
	}
}

func endsInScheme(s string) bool {
	for _, scheme := range [...]string{"https", "http"} {
		n := len(s) - len(scheme)
		if n < 0 || !ascii.EqualFold(s[n:], scheme) {
			continue
		}
		if n == 0 || s[n-1] == '"' || s[n-1] == '\'' || ascii.IsSpace(s[n-1]) {
			return true
		}
	}
	return false
}

// addressSticks reports whether "<local@domain>" follows directly on another
// character.
func addressSticks(v string) bool {
	plain := func(c byte) bool { return ascii.IsWord(c) || c == '-' || c == '.' }
	for i := 1; i < len(v); i++ {
		if v[i] != '<' || ascii.IsSpace(v[i-1]) {
			continue
		}
		user := v[i+1:]
		n := ascii.Span(user, plain)
		if n == 0 || n == len(user) || user[n] != '@' {
			i += n
			continue
		}
		domain := user[n+1:]
		d := ascii.Span(domain, plain)
		if d > 0 && d < len(domain) && domain[d] == '>' {
			return true
		}
		i += n + d
	}
	return false
}

func hasReplyType(v string) bool {
	_, params, ok := strings.Cut(v, "text/plain; ")
	return ok && strings.Contains(params, " reply-type=original")
}

// isReply knows the reply prefixes of several languages, dots and spaces
// allowed before the colon.
func isReply(subject string) bool {
	head, _, ok := strings.Cut(subject, ":")
	if !ok || len(head) > 64 {
		return false
	}
	switch strings.ToLower(strings.TrimRight(head, ". \t")) {
	case "antw", "atb", "aw", "bls", "odp", "re", "res", "rif", "sv", "ynt":
		return true
	}
	return false
}

// quotedName finds two quotes and, but for white space, "<" after the second.
func quotedName(v string) bool {
	i := strings.IndexByte(v, '"')
	if i < 0 {
		return false
	}
	for rest := v[i+1:]; ; {
		_, after, ok := strings.Cut(rest, `"`)
		if !ok {
			return false
		}
		if n := ascii.Span(after, ascii.IsSpace); n < len(after) && after[n] == '<' {
			return true
		}
		rest = after
	}
}

// ofYahoo reports whether From or Message-ID is of yahoo.com.
func ofYahoo(h *mail.Header) bool {
	return h.Find("from", atYahoo) != nil || h.Find("message-id", atYahoo) != nil
}

func atYahoo(v string) bool {
	const host = "@yahoo.com"
	for {
		i := ascii.IndexFold(v, host)
		if i < 0 {
			return false
		}
		v = v[i+len(host):]
		if v == "" || !ascii.IsWord(v[0]) {
			return true
		}
	}
}
