package messageid

import (
	"context"
	_ "embed" // the list
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	knownMID = &symbols.Def{
		Name: "KNOWN_MID", Groups: []string{"mid"},
		Doc: "a domain that signed the message is known to write such a Message-ID",
	}
	knownNoMID = &symbols.Def{
		Name: "KNOWN_NO_MID", Groups: []string{"mid"},
		Doc: "a domain that signed the message is known to write no Message-ID",
	}
)

// Options is what the operator knows of senders.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Known are domains that write a strange Message-ID, with a regular
	// expression (package regexp) for it, or none, with "". A good DKIM
	// signature of the domain itself has to prove it.
	Known map[string]string
}

//go:embed data/rspamd.txt
var bundled string

// Bundled returns the senders that come with Rspamd 4.1.6 (see NOTICE), for
// comparisons with Rspamd.
func Bundled() map[string]string {
	known, _ := ParseKnown(bundled) // the text is the package's own: a test sees that it is right
	return known
}

// ParseKnown reads Rspamd's form of Options.Known: a domain a line, then
// nothing or an expression between slashes with the flags i, m, s or u behind.
// "#" at the beginning of a line makes a comment. The error names the line.
func ParseKnown(text string) (map[string]string, error) {
	known := map[string]string{}
	num := 0
	for line := range strings.Lines(text) {
		num++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		domain, re := line, ""
		if i := strings.IndexAny(line, " \t"); i >= 0 {
			domain, re = line[:i], strings.TrimSpace(line[i:])
		}
		expr, err := bare(re)
		if err != nil {
			return nil, fmt.Errorf("line %d (%s): %w", num, domain, err)
		}
		known[mail.DomainKey(domain)] = expr
	}
	return known, nil
}

// bare turns /expression/flags into the form of package regexp.
func bare(re string) (string, error) {
	if re == "" {
		return "", nil
	}
	end := strings.LastIndexByte(re, '/')
	if re[0] != '/' || end < 1 {
		return "", fmt.Errorf("%s is no expression between slashes", re)
	}
	flags := strings.ReplaceAll(re[end+1:], "u", "") // as everything here is
	if strings.Trim(flags, "ims") != "" {
		return "", fmt.Errorf("unknown flags %q", re[end+1:])
	}
	if re = re[1:end]; flags != "" {
		re = "(?" + flags + ")" + re
	}
	return re, nil
}

func knownCheck(o Options) *checks.Check {
	known := compile(o.Known)
	c := &checks.Check{
		Name:     "messageid-known",
		Doc:      "a strange or missing Message-ID of a signer who is known for it",
		Symbols:  []*symbols.Def{knownMID, knownNoMID},
		Requires: checks.Facts(dkim.Fact),
		Run: func(_ context.Context, t *checks.Task) error {
			if len(known) > 0 {
				runKnown(t, known)
			}
			return nil
		},
	}
	return c
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("mid")
	for _, domain := range slices.Sorted(maps.Keys(o.Known)) {
		field := valid.Key("Known", domain)
		v.Domain(field, domain)
		if _, err := regexp.Compile(o.Known[domain]); err != nil {
			v.Add(field, "%w", err)
		}
	}
	return v.Err()
}

// compile makes valid options ready.
func compile(list map[string]string) map[string]*regexp.Regexp {
	known := make(map[string]*regexp.Regexp, len(list))
	for domain, expr := range list {
		known[mail.DomainKey(domain)] = nil
		if expr != "" {
			known[mail.DomainKey(domain)] = regexp.MustCompile(expr)
		}
	}
	return known
}

// runKnown looks for the first signer that explains the Message-ID.
func runKnown(t *checks.Task, known map[string]*regexp.Regexp) {
	sigs, _ := dkim.Fact.Get(t)
	f := t.Message().Header().Get("message-id")
	for _, s := range sigs {
		re, ok := known[mail.DomainKey(s.Domain)]
		if !ok || s.Status != "pass" || s.Ignored {
			continue
		}
		option := s.Domain + ":s=" + s.Selector
		switch {
		case re == nil && f == nil:
			t.Hit(knownNoMID, option)
			return
		case re != nil && f != nil && re.MatchString(f.Text()):
			t.HitField(knownMID, f, option)
			return
		}
	}
}
