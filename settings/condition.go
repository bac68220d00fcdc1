package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/pattern"
	"github.com/winnowmail/winnow/mail"
)

// A subject is what conditions look at.
type subject struct {
	env     *mail.Envelope
	msg     *mail.Message // nil before DATA
	local   bool
	request *Request
}

// A need is what of a transaction a condition looks at.
type need uint8

const (
	client  need = iota // the connection
	dialog              // the sender, and who logged in
	message             // the recipients, all of which are known at DATA, or the message
)

// known reports whether the transaction has come that far.
func (s *subject) known(n need) bool {
	return n == client || s.msg != nil || n == dialog && s.env.HasFrom
}

// A condition is one of those of a rule. Its names are what an expression calls
// it by.
type condition struct {
	names []string
	need  need
	holds func(s *subject) bool
}

// A test is whether a value is one that a condition names.
type test func(value string) bool

// anyOf holds for what one of the tests holds for.
func anyOf(tests []test) test {
	return func(v string) bool { return slices.ContainsFunc(tests, func(t test) bool { return t(v) }) }
}

// listed makes tests of a string or a list of them.
func (o *Options) listed(v *ucl.Value, one func(s string) (test, error)) (test, error) {
	list, err := v.AsStrings()
	if err != nil {
		return nil, err
	}
	var tests []test
	for _, s := range list {
		t, err := o.mapped(s)
		if t == nil && err == nil {
			t, err = one(s)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", s, err)
		}
		tests = append(tests, t)
	}
	return anyOf(tests), nil
}

// mapped is the test of "map:SOURCE", nil for any other string.
func (o *Options) mapped(s string) (test, error) {
	source, ok := strings.CutPrefix(s, "map:")
	if !ok {
		return nil, nil
	}
	return o.list(source)
}

func (o *Options) list(source string) (test, error) {
	if o.List == nil {
		return nil, errors.New("there are no lists to follow")
	}
	return o.List(source)
}

// An addressTest is whether an address is one that a condition names.
type addressTest func(a address) bool

// An address is one that conditions look at, in the forms that they compare:
// as it is written, and in that of mail.Address.Key.
type address struct{ written, key, user, domain string }

func addressOf(a mail.Address) address {
	return address{written: a.Addr, key: a.Key(), user: strings.ToLower(a.User), domain: a.DomainKey()}
}

// addresses reads what names addresses: "user@domain", "@domain", "user",
// "/pattern/" or "map:SOURCE", or a list of them.
func (o *Options) addresses(v *ucl.Value) (addressTest, error) {
	list, err := v.AsStrings()
	if err != nil {
		return nil, err
	}
	var tests []addressTest
	for _, s := range list {
		t, err := o.address(s)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", s, err)
		}
		tests = append(tests, t)
	}
	return func(a address) bool { return slices.ContainsFunc(tests, func(t addressTest) bool { return t(a) }) }, nil
}

func (o *Options) address(s string) (addressTest, error) {
	if t, err := o.mapped(s); t != nil || err != nil {
		return func(a address) bool { return t(a.key) }, err
	}
	switch domain, isDomain := strings.CutPrefix(s, "@"); {
	case strings.HasPrefix(s, "/"):
		re, err := pattern.Read(s)
		return func(a address) bool { return re.MatchString(a.written) }, err
	case isDomain:
		key := mail.DomainKey(domain)
		return func(a address) bool { return a.domain == key }, nil
	case strings.Contains(s, "@"):
		key := strings.ToLower(mail.AddressKey(s))
		return func(a address) bool { return a.key == key }, nil
	}
	user := strings.ToLower(s)
	return func(a address) bool { return a.user == user }, nil
}

func anyAddress(list []mail.Address, t addressTest) bool {
	return slices.ContainsFunc(list, func(a mail.Address) bool { return t(addressOf(a)) })
}

// text reads what names strings: "text" in any case, "/pattern/" or "map:SOURCE",
// or a list of them.
func (o *Options) text(v *ucl.Value) (test, error) {
	return o.listed(v, func(s string) (test, error) {
		if !strings.HasPrefix(s, "/") {
			return func(v string) bool { return strings.EqualFold(v, s) }, nil
		}
		re, err := pattern.Read(s)
		return func(v string) bool { return re.MatchString(v) }, err
	})
}

// networks reads what names addresses of hosts: an address, a network or
// "map:SOURCE", or a list of them.
func (o *Options) networks(v *ucl.Value) (func(netip.Addr) bool, error) {
	t, err := o.listed(v, func(s string) (test, error) {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			var ip netip.Addr
			if ip, err = netip.ParseAddr(strings.Trim(s, "[]")); err != nil {
				return nil, err
			}
			p = netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen())
		}
		return func(v string) bool {
			ip, err := netip.ParseAddr(v)
			return err == nil && p.Contains(ip)
		}, nil
	})
	return func(ip netip.Addr) bool { return ip.IsValid() && t(ip.Unmap().WithZone("").String()) }, err
}

// networkMap reads ip_map: a list that is followed, or networks as they are.
func (o *Options) networkMap(v *ucl.Value) (func(netip.Addr) bool, error) {
	if v.Kind != ucl.String {
		return o.networks(v)
	}
	t, err := o.list(v.Text)
	return func(ip netip.Addr) bool { return ip.IsValid() && t(ip.Unmap().WithZone("").String()) }, err
}

// fields are what a condition on a header asks: that one value matches, that
// there is one or that there is none.
func fields(v *ucl.Value) (func(values []string) bool, error) {
	if v.Kind == ucl.Bool {
		return func(values []string) bool { return (len(values) > 0) == v.Bool }, nil
	}
	s, err := v.AsString()
	if err != nil {
		return nil, err
	}
	var re *regexp.Regexp
	if re, err = pattern.Read(s); err != nil {
		return nil, err
	}
	return func(values []string) bool { return slices.ContainsFunc(values, re.MatchString) }, nil
}

// compound are the names of the nth condition of a kind: by what it is about as
// it is written, by its place, and in letters that need no quotes.
func compound(kind, about string, n int) []string {
	plain := strings.NewReplacer("(", "[", ")", "]").Replace(strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(":-+&|>< ", r) {
			return '_'
		}
		return r
	}, about))
	return []string{kind + ":" + about, fmt.Sprintf("%s:%d", kind, n), kind + ":" + strings.ToLower(plain)}
}
