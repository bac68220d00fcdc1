package settings

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/perlre"
	"github.com/winnowmail/winnow/lists"
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

// listed makes tests of a string or a list of them; of names that begin with
// "map:" by lists of a kind.
func (r *reader) listed(v *ucl.Value, kind lists.Kind, one func(s string) (test, error)) (test, error) {
	names, err := v.AsStrings()
	if err != nil {
		return nil, err
	}
	var tests []test
	for _, s := range names {
		t, err := r.mapped(s, kind)
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
func (r *reader) mapped(s string, kind lists.Kind) (test, error) {
	source, ok := strings.CutPrefix(s, "map:")
	if !ok {
		return nil, nil
	}
	return r.list(source, kind)
}

// list tells whether a list has a key.
func (r *reader) list(source string, kind lists.Kind) (test, error) {
	l, err := r.Lists.List(lists.Definition{Kind: kind, Sources: []string{source}})
	if err != nil {
		return nil, err
	}
	*r.named = append(*r.named, l)
	return func(key string) bool { _, ok := l.Snapshot().Find(key); return ok }, nil
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
func (r *reader) addresses(v *ucl.Value) (addressTest, error) {
	names, err := v.AsStrings()
	if err != nil {
		return nil, err
	}
	var tests []addressTest
	for _, s := range names {
		t, err := r.address(s)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", s, err)
		}
		tests = append(tests, t)
	}
	return func(a address) bool { return slices.ContainsFunc(tests, func(t addressTest) bool { return t(a) }) }, nil
}

func (r *reader) address(s string) (addressTest, error) {
	if t, err := r.mapped(s, lists.Keys); t != nil || err != nil {
		return func(a address) bool { return t(a.key) }, err
	}
	switch domain, isDomain := strings.CutPrefix(s, "@"); {
	case strings.HasPrefix(s, "/"):
		occurs, err := perlre.Test(s)
		return func(a address) bool { return occurs(a.written) }, err
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
func (r *reader) text(v *ucl.Value) (test, error) {
	return r.listed(v, lists.Keys, func(s string) (test, error) {
		if !strings.HasPrefix(s, "/") {
			return func(v string) bool { return strings.EqualFold(v, s) }, nil
		}
		return perlre.Test(s)
	})
}

// networks reads what names addresses of hosts: an address, a network or
// "map:SOURCE", or a list of them.
func (r *reader) networks(v *ucl.Value) (func(netip.Addr) bool, error) {
	t, err := r.listed(v, lists.Nets, func(s string) (test, error) {
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
func (r *reader) networkMap(v *ucl.Value) (func(netip.Addr) bool, error) {
	if v.Kind != ucl.String {
		return r.networks(v)
	}
	t, err := r.list(v.Text, lists.Nets)
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
	occurs, err := perlre.Test(s)
	if err != nil {
		return nil, err
	}
	return func(values []string) bool { return slices.ContainsFunc(values, occurs) }, nil
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
