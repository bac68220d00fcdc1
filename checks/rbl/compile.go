package rbl

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/internal/dnsname"
	"github.com/winnowmail/winnow/internal/keyhash"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// A list is a List made ready.
type list struct {
	List
	zone   string // with placeholders for keys
	suffix string // "." and zone
	asks   map[What]bool
	order  []What  // asks in the order in which items takes them, one for all kinds of URLs
	kind   urlKind // the URLs to ask about
	limit  int
	codes  []code
	// defs holds for each prefix ("" without) a Def per code, the one for
	// unknown answers last.
	defs  map[string][]*symbols.Def
	fail  *symbols.Def
	white map[*symbols.Def]bool
	// selectors are Selectors with their functions.
	selectors []Selector
	requires  []checks.Requirement
	known     map[string]bool
	compose   composition
	// early means that the check for the client raises the list's symbols for
	// what is known at connect, only that the list has no others.
	early, only bool
	exempt      bool // known domains are asked about as well
}

func (l *List) name() string { return cmp.Or(l.Name, l.Symbol) }

// compile validates a list and makes its symbols; known tells Defs of other
// lists of the same name. field is the one that is wrong.
func compile(l List, keys map[string]string, known *defs) (c *list, field string, err error) {
	c = &list{List: l, asks: map[What]bool{}, limit: l.Limit}
	if l.Symbol == "" {
		return nil, "Symbol", fmt.Errorf("missing, zone %q", l.Zone)
	}
	for _, step := range []struct {
		field string
		do    func(map[string]string) error
	}{
		{"Zone", c.readZone}, {"Checks", c.readChecks}, {"Selectors", c.readSelectors}, {"Hops", c.readHops},
		{"Compose", c.readCompose}, {"Codes", c.readCodes}, {"Hash", c.readHash}, {"Limit", c.readLimits},
	} {
		if err := step.do(keys); err != nil {
			return nil, step.field, err
		}
	}
	if err := c.makeDefs(known); err != nil {
		return nil, "Symbols", err
	}
	c.known = map[string]bool{}
	for _, d := range l.Known {
		c.known[mail.DomainKey(d)] = true
	}
	c.exempt = l.IgnoreWhite || l.IgnoreKnown || c.asks[From] || c.asks[Received]
	return c, "", nil
}

// readZone checks the zone and its placeholders.
func (l *list) readZone(keys map[string]string) error {
	l.zone = mail.DomainKey(l.Zone)
	l.suffix = "." + l.zone
	if !dnsname.Askable(l.zone) {
		return fmt.Errorf("%q is no domain", l.Zone)
	}
	for label := range strings.SplitSeq(l.zone, ".") {
		name, ok := placeholder(label)
		switch key := keys[name]; {
		case !ok:
		case key == "":
			return fmt.Errorf("there is no key %q", name)
		case !dnsname.Askable(key) || strings.Contains(key, "."):
			return fmt.Errorf("the secret of key %q is no label of a domain", name) // and stays one
		}
	}
	return nil
}

// placeholder returns the key that a label stands for.
func placeholder(label string) (name string, ok bool) {
	if len(label) > 2 && label[0] == '{' && label[len(label)-1] == '}' {
		return label[1 : len(label)-1], true
	}
	return "", false
}

func (l *list) readChecks(map[string]string) error {
	// The client comes first, what a sender can write without end last: so a
	// limit leaves out the latter.
	every := []What{From, RDNS, HELO, DKIM, EnvelopeFrom, HeaderFrom, MessageID, selected, ReplyTo, URLs, Images, ContentURLs, NumericURLs, Emails, Received}
	for _, w := range l.Checks {
		if w == selected || !slices.Contains(every, w) {
			return fmt.Errorf("%q is nothing that can be asked", w)
		}
		l.asks[w] = true
	}
	if len(l.Checks) == 0 && len(l.Selectors) == 0 {
		l.asks[From] = true
	}
	l.kind = urlKind{l.asks[URLs], l.asks[Images], l.asks[ContentURLs], l.asks[NumericURLs], l.NoIP, len(l.Compose) > 0}
	for _, w := range every {
		if l.asks[w] || w == selected && len(l.Selectors) > 0 || w == URLs && l.kind.any() {
			l.order = append(l.order, w)
		}
	}
	return nil
}

func (l *list) readSelectors(map[string]string) error {
	for _, s := range l.Selectors {
		if s.Label == "" || (s.Values == nil) == (s.Select == "") {
			return errors.New("a selector lacks its label, or has not one of a text and a function")
		}
		if s.Values == nil {
			sel, err := selector.Parse(s.Select, selector.Options{})
			if err != nil {
				return err
			}
			s.Values, l.requires = sel.Eval, append(l.requires, sel.Requires()...)
		}
		l.selectors = append(l.selectors, s)
	}
	return nil
}

func (l *list) readHops(map[string]string) error {
	for _, f := range slices.Concat(l.Hops.With, l.Hops.Without) {
		if f != "ssl" && f != "authenticated" {
			return fmt.Errorf("%q is no fact about a hop", f)
		}
	}
	return nil
}

func (l *list) readCompose(map[string]string) (err error) {
	l.compose, err = newComposition(l.Compose)
	return err
}

func (l *list) readCodes(map[string]string) error {
	for _, c := range l.Codes {
		var compiled code
		if c.Symbol == "" {
			return errors.New("a code without symbol")
		}
		if len(c.Answers)+len(c.Bits)+len(c.Patterns) == 0 {
			return fmt.Errorf("%s has no answers and no bits", c.Symbol)
		}
		for _, a := range c.Answers {
			p, err := parsePattern(a)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Symbol, err)
			}
			compiled.patterns = append(compiled.patterns, p)
		}
		for _, text := range c.Patterns {
			re, err := regexp.Compile(text)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Symbol, err)
			}
			compiled.texts = append(compiled.texts, re)
		}
		if slices.Contains(c.Bits, 0) {
			return fmt.Errorf("%s: bits without a bit", c.Symbol)
		}
		compiled.bits = c.Bits
		l.codes = append(l.codes, compiled)
	}
	return nil
}

func (l *list) readHash(map[string]string) error {
	if l.Hash.Sum != "" && keyhash.Sum(string(l.Hash.Sum)) == nil {
		return fmt.Errorf("%q is no hash function", l.Hash.Sum)
	}
	if l.Hash.Format != "" && keyhash.Encoding(string(l.Hash.Format)) == nil {
		return fmt.Errorf("%q is no format", l.Hash.Format)
	}
	if l.Hash.Length < 0 {
		return errors.New("negative length")
	}
	return nil
}

func (l *list) readLimits(map[string]string) error {
	if l.Limit < 0 {
		return errors.New("negative")
	}
	if l.limit == 0 {
		l.limit = DefaultLimit
	}
	if l.Delimiter == "" {
		l.Delimiter = "."
		if l.Hash.Sum != "" {
			l.Delimiter = "@"
		}
	}
	return nil
}
