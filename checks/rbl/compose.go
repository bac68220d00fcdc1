package rbl

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/internal/dnsname"
	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/mail"
)

// A composition says how many labels of a host name are asked about, by
// registrable domain, as Rspamd's url_compose_map.
type composition map[string][]composeRule

// A composeRule is one rule of List.Compose.
type composeRule struct {
	base   string // the rule's domain
	whole  bool   // "*.": the whole host
	except bool   // "!": the registrable domain after all
}

func newComposition(rules []string) (composition, error) {
	c := composition{}
	for _, text := range rules {
		var r composeRule
		s := strings.ToLower(text)
		s, r.except = strings.CutPrefix(s, "!")
		r.base, r.whole = strings.CutPrefix(s, "*.")
		r.base = mail.DomainKey(r.base)
		if !dnsname.Askable(r.base) {
			return nil, fmt.Errorf("%q is no rule", text)
		}
		domain, ok := publicsuffix.ESLD(r.base)
		if !ok {
			return nil, errors.New(text + " is not below a domain that someone registered")
		}
		c[domain] = append(c[domain], r)
	}
	for _, rules := range c {
		slices.SortStableFunc(rules, func(a, b composeRule) int {
			if a.except != b.except {
				if a.except {
					return -1
				}
				return 1
			}
			return cmp.Compare(strings.Count(b.base, "."), strings.Count(a.base, "."))
		})
	}
	return c, nil
}

// of returns what of host is asked about; domain is its registrable domain.
// Exceptions count first, then the longest rule that fits.
func (c composition) of(host, domain string) string {
	for _, r := range c[domain] {
		switch asked, ok := r.apply(host); {
		case ok && r.except:
			return domain
		case ok:
			return asked
		}
	}
	return domain
}

// apply returns what of a host the rule asks about: all of it, or one label
// more than the rule has.
func (r composeRule) apply(host string) (string, bool) {
	below, ok := strings.CutSuffix(host, r.base)
	if !ok || below != "" && !strings.HasSuffix(below, ".") {
		return "", false
	}
	if r.whole || below == "" {
		return host, true
	}
	return host[strings.LastIndexByte(below[:len(below)-1], '.')+1:], true
}
