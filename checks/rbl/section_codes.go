package rbl

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/selector"
)

// A listReading is a list as a section says it. What its codes mean depends on
// another key, so they are read at the end.
type listReading struct {
	list    *List
	codes   option.Value
	matcher matcher
}

// A matcher says how the answers of returncodes are written.
type matcher string

const (
	equality   matcher = "equality"
	luaPattern matcher = "luapattern"
	regular    matcher = "regexp"
	glob       matcher = "glob"
	radix      matcher = "radix"
)

func matchers() map[string]matcher {
	m := map[string]matcher{}
	for _, kind := range []matcher{equality, luaPattern, regular, glob, radix} {
		m[string(kind)] = kind
	}
	return m
}

// code finds the code of a symbol, or adds one.
func (l *List) code(symbol string) *Code {
	i := slices.IndexFunc(l.Codes, func(c Code) bool { return c.Symbol == symbol })
	if i < 0 {
		l.Codes = append(l.Codes, Code{Symbol: symbol, Blocked: strings.Contains(symbol, "BLOCKED")})
		i = len(l.Codes) - 1
	}
	return &l.Codes[i]
}

// fresh takes the codes of files in place of the built-in ones.
func (l *List) fresh(symbols map[string]bool) {
	l.Codes = slices.DeleteFunc(slices.Clone(l.Codes), func(c Code) bool { return !symbols[c.Symbol] })
}

// returnCodes takes the codes. As in Rspamd, those with a percent sign or a bracket
// are patterns of Lua where no matcher is named.
func (r *listReading) returnCodes() error {
	if r.codes == nil {
		return nil
	}
	codes, order := map[string]*Code{}, []string{}
	for symbol, item := range r.codes.All() {
		list, err := item.AsStrings()
		if err != nil {
			return err
		}
		order = append(order, symbol)
		c := &Code{}
		for _, text := range list {
			if err := c.answer(r.matcher, text); err != nil {
				return item.Errorf("%w", err)
			}
		}
		codes[symbol] = c
	}
	r.list.fresh(keysOf(codes))
	for _, symbol := range order {
		c := r.list.code(symbol)
		c.Answers, c.Patterns = codes[symbol].Answers, codes[symbol].Patterns
	}
	return nil
}

// answer adds one answer.
func (c *Code) answer(m matcher, text string) error {
	address := text
	switch m {
	case radix:
		return c.network(text)
	case glob:
		c.Patterns = append(c.Patterns, "^"+strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(text))+"$")
		return nil
	case regular:
		address = text
		if strings.HasPrefix(text, "^") && strings.HasSuffix(text, "$") {
			address = strings.NewReplacer(`\.`, ".", "^", "", "$", "").Replace(text)
		}
	default:
		address = answer(text)
	}
	_, err := parsePattern(address)
	switch {
	case err == nil && (m != regular || address != text):
		c.Answers = append(c.Answers, address)
		return nil
	case m == regular:
		if _, err = regexp.Compile(text); err == nil {
			c.Patterns = append(c.Patterns, text)
		}
	case strings.ContainsAny(text, "%["):
		var re string
		if re, err = fromLua(text); err == nil {
			c.Patterns = append(c.Patterns, "^(?:"+re+")$")
		}
	}
	return err
}

// network adds a network in CIDR notation as ranges of octets.
func (c *Code) network(text string) error {
	p, err := netip.ParsePrefix(text)
	if ip, single := netip.ParseAddr(text); single == nil {
		p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	if err != nil || !p.Addr().Is4() {
		return fmt.Errorf("%q is no network of IPv4 addresses", text)
	}
	base, bits := p.Masked().Addr().As4(), p.Bits()
	var octets []string
	for _, b := range base {
		own := min(max(bits, 0), 8)
		bits -= 8
		switch last := b | byte(0xff>>own); {
		case own == 8:
			octets = append(octets, strconv.Itoa(int(b)))
		default:
			octets = append(octets, fmt.Sprintf("%d-%d", b, last))
		}
	}
	c.Answers = append(c.Answers, strings.Join(octets, "."))
	return nil
}

func keysOf[T any](m map[string]T) map[string]bool {
	has := map[string]bool{}
	for key := range maps.Keys(m) {
		has[key] = true
	}
	return has
}

// answer is a Lua pattern, as files in the field have them, in this package's
// form.
func answer(text string) string {
	return strings.NewReplacer("%d+", "*", "%d*", "*", ".+", ".*", "^", "", "$", "", "%.", ".").Replace(text)
}

// fromLua writes a pattern of Lua as a regular expression: classes, sets and
// repetitions; what is no regular expression (%b, %f, captures of before) is an error.
func fromLua(text string) (string, error) {
	var b strings.Builder
	classes := map[byte]string{'d': "0-9", 'a': "A-Za-z", 'w': "0-9A-Za-z", 'x': "0-9A-Fa-f", 's': " \t", 'p': `!-/:-@\[-` + "`{-~"}
	set := false
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '%' && i+1 < len(text):
			i++
			class, known := classes[text[i]]
			switch {
			case known && set:
				b.WriteString(class)
			case known:
				b.WriteString("[" + class + "]")
			case 'a' <= text[i]|0x20 && text[i]|0x20 <= 'z' || '0' <= text[i] && text[i] <= '9':
				return "", fmt.Errorf("%%%c of a Lua pattern is not understood: use the matcher regexp", text[i])
			default:
				b.WriteString(regexp.QuoteMeta(text[i : i+1]))
			}
		case ch == '[' || ch == ']':
			set = ch == '['
			b.WriteByte(ch)
		case ch == '-' && !set:
			b.WriteString("*?")
		case strings.IndexByte(`{}|\`, ch) >= 0:
			b.WriteString(`\` + string(ch))
		default:
			b.WriteByte(ch)
		}
	}
	_, err := regexp.Compile(b.String())
	return b.String(), err
}

func (l *List) returnBits(v option.Value) error {
	for symbol, item := range v.All() {
		var bits []uint32
		for _, one := range item.Items() {
			text, err := one.AsString()
			if err != nil {
				return err
			}
			n, err := strconv.ParseUint(text, 0, 32)
			if err != nil || n == 0 {
				return one.Errorf("%q is no number of bits", text)
			}
			bits = append(bits, uint32(n))
		}
		l.code(symbol).Bits = bits
	}
	return nil
}

// selectors takes one selector, or several by the labels that options have.
func (l *List) selectors(v option.Value) error {
	add := func(label string, v option.Value) error {
		text, err := v.AsString()
		if err != nil {
			return err
		}
		if _, err := selector.Parse(text, selector.Options{}); err != nil {
			return v.Errorf("%w", err)
		}
		l.Selectors = append(l.Selectors, Selector{Label: label, Select: text})
		return nil
	}
	l.Selectors = nil
	if !v.IsObject() {
		return add("selector", v)
	}
	for label, item := range v.All() {
		if err := add(label, item); err != nil {
			return err
		}
	}
	slices.SortFunc(l.Selectors, func(a, b Selector) int { return cmp.Compare(a.Label, b.Label) })
	return nil
}

// known takes the domains that the list is not asked about.
func (l *List) known(v option.Value) error {
	list, err := v.Entries()
	l.Known = append(slices.Clip(l.Known), list...)
	return err
}

// composed takes the rules of url_compose_map.
func (l *List) composed(v option.Value) error {
	list, err := v.Entries()
	if err != nil {
		return err
	}
	if _, err := newComposition(list); err != nil {
		return v.Errorf("%w", err)
	}
	l.Compose = list
	return nil
}
