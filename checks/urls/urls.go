// Package urls looks at the URLs of a message: how they are written (user
// info, numeric hosts, look-alike characters, hosts that can't exist), what
// they name (onion services, WordPress paths, redirectors, gateways), and
// how many there are.
//
// Rspamd's PHISHING and OMOGRAPH_URL are here too. Its older R_SUSPICIOUS_URL
// and ZERO_WIDTH_SPACE_URL are not, since they only work when the rules of this
// family are off.
package urls

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Options chooses the lists of facts the family works with.
type Options struct {
	// Off leaves the family out.
	Off bool
	// SuspiciousTLDs are public suffixes without leading dot that abuse
	// prefers. nil means the list that comes with the package; a list that is
	// not nil and empty means that there are none.
	SuspiciousTLDs []string
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("urls")
	v.Domains("SuspiciousTLDs", trimDots(o.SuspiciousTLDs))
	return v.Err()
}

func trimDots(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.TrimPrefix(s, ".")
	}
	return out
}

// New returns the family of how URLs are written and what they name.
func New(o Options) *checks.Family {
	if o.SuspiciousTLDs == nil {
		o.SuspiciousTLDs = []string{"tk", "ml", "ga", "cf", "gq"} // free registration without verification
	}
	f := &checks.Family{Name: "urls", Doc: "how links are written and what they name", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	tlds := map[string]bool{}
	for _, s := range trimDots(o.SuspiciousTLDs) {
		tlds[strings.ToLower(s)] = true
	}
	f.Checks = []*checks.Check{
		{
			Name:    "urls-writing",
			Doc:     "how URLs are written",
			Symbols: writingSymbols(),
			Run:     func(_ context.Context, t *checks.Task) error { return runWriting(t, tlds) },
		},
		{
			Name:    "urls-targets",
			Doc:     "what URLs name",
			Symbols: targetSymbols(),
			Run:     runTargets,
		},
		{
			Name:    "urls-message",
			Doc:     "URLs in the subject, an odd number of URLs",
			Symbols: []*symbols.Def{countOdd, inSubject},
			Run:     runMessage,
		},
	}
	return f
}

func group() []string { return []string{"url"} }

var (
	countOdd = &symbols.Def{
		Name: "URI_COUNT_ODD", Groups: group(), Weight: 1,
		Doc: "the alternatives of a message together have an odd number of URLs",
	}
	inSubject = &symbols.Def{
		Name: "URL_IN_SUBJECT", Groups: []string{"subject"}, Weight: 4,
		Doc: "Subject has a URL; one without scheme counts little, one that is all of Subject in full",
	}
)

func runMessage(_ context.Context, t *checks.Task) error {
	m := t.Message()
	if ct := m.Header().Get("content-type"); ct != nil && hasPrefixFold(ct.Text(), "multipart/alternative") {
		n := 0
		for _, u := range m.URLs() {
			if u.Flags&(mail.URLSubject|mail.URLHTMLDisplayed|mail.URLSpecial|mail.URLOutside) == 0 {
				n += u.Count
			}
		}
		if n%2 == 1 {
			t.HitAt(symbols.Hit{Def: countOdd, Factor: 1, Options: []string{strconv.Itoa(n)}})
		}
	}
	f := m.Header().Get("subject")
	for _, u := range m.URLs() {
		if u.Flags&mail.URLSubject == 0 || u.Flags&mail.URLImage != 0 {
			continue
		}
		factor := 0.25
		switch {
		case u.Flags&mail.URLSchemeless != 0:
			factor = 0.1
		case f != nil && u.Text == f.Text():
			factor = 1
		}
		t.HitAt(symbols.Hit{Def: inSubject, Factor: factor, Options: []string{u.Unicode}, Evidence: checks.Field(f)})
		break
	}
	return nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// validText reports whether the decoded URL is readable text.
func validText(u *mail.URL) bool { return utf8.ValidString(u.Text) }
