package aliases

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// Options is what the operator knows about aliases. The zero value resolves
// tags and Gmail addresses only.
type Options struct {
	// Off leaves the family out.
	Off          bool
	LocalDomains []string
	// Virtual maps whole addresses, as Postfix's virtual table.
	Virtual map[string]string
	// System maps local parts to users or addresses, as /etc/aliases. Of
	// several targets the first counts.
	System map[string][]string
	// Depth is how many aliases may lead to each other; 0 means 10.
	Depth int
	// NoTags leaves what is behind a plus sign, NoGmail the dots in Gmail's addresses.
	NoTags, NoGmail bool
	// NoHeader and NoEnvelope leave the addresses of the header, or of the envelope,
	// as they are.
	NoHeader, NoEnvelope bool
}

// A resolver is Options ready for look-ups. It is immutable.
type resolver struct {
	local   map[string]bool
	virtual map[string]string
	system  map[string]string
	depth   int

	noTags, noGmail, noHeader, noEnvelope bool
}

func newResolver(o Options) *resolver {
	r := &resolver{local: map[string]bool{}, virtual: map[string]string{}, system: map[string]string{}, depth: o.Depth, noTags: o.NoTags, noGmail: o.NoGmail, noHeader: o.NoHeader, noEnvelope: o.NoEnvelope}
	if r.depth <= 0 {
		r.depth = 10
	}
	for _, d := range o.LocalDomains {
		r.local[mail.DomainKey(d)] = true
	}
	for k, v := range o.Virtual {
		r.virtual[key(k)] = key(v)
	}
	for k, v := range o.System {
		if len(v) > 0 {
			r.system[strings.ToLower(k)] = key(v[0])
		}
	}
	return r
}

// key returns an address as the tables have it.
func key(addr string) string { return (&mail.Address{Addr: addr}).Key() }

// canonical follows aliases from addr; ok is false when there is none.
func (r *resolver) canonical(addr string) (string, bool) {
	if len(r.virtual) == 0 && len(r.system) == 0 {
		return "", false
	}
	start := key(addr)
	now := start
	for seen := []string{now}; len(seen) <= r.depth; seen = append(seen, now) {
		next, ok := r.step(now)
		if !ok {
			break
		}
		now = next
		if slices.Contains(seen, next) {
			break
		}
	}
	return now, now != start
}

func (r *resolver) step(addr string) (string, bool) {
	if to, ok := r.virtual[addr]; ok {
		return to, true
	}
	user, domain, ok := strings.Cut(addr, "@")
	if !ok {
		return "", false
	}
	to, ok := r.system[user]
	if ok && !strings.Contains(to, "@") {
		to += "@" + domain
	}
	return to, ok
}

// A rewriter rewrites addresses of one side and collects their tags.
type rewriter struct {
	*resolver
	tags    []string
	changed bool
}

// list rewrites the first n addresses of as; as itself stays as it is.
func (w *rewriter) list(as []mail.Address, n int) []mail.Address {
	cloned := false
	for i := range as[:min(n, len(as))] {
		a, ok := w.address(as[i])
		if !ok {
			continue
		}
		if !cloned {
			as, cloned = slices.Clone(as), true
		}
		as[i] = a
	}
	return as
}

// address rewrites one address and reports whether anything changed.
func (w *rewriter) address(a mail.Address) (mail.Address, bool) {
	user, tags := w.withoutTag(a.User, a.Domain)
	changed := user != a.User
	if changed {
		for _, t := range tags {
			if t != "" && !slices.Contains(w.tags, t) {
				w.tags = append(w.tags, t)
			}
		}
		a = withMailbox(a, user, a.Domain)
	}
	if to, ok := w.canonical(a.Addr); ok {
		if user, domain, ok := strings.Cut(to, "@"); ok && user != "" && domain != "" {
			a = withMailbox(a, user, domain)
			changed = true
		}
	}
	w.changed = w.changed || changed
	return a, changed
}

func withMailbox(a mail.Address, user, domain string) mail.Address {
	if user == "" || domain == "" {
		return a
	}
	a.User, a.Domain, a.Addr = user, domain, user+"@"+domain
	a.Raw = "<" + a.Addr + ">"
	if a.Name != "" {
		a.Raw = `"` + a.Name + `" ` + a.Raw
	}
	return a
}

// withoutTag takes tags off a local part. Gmail ignores dots.
func (r *resolver) withoutTag(user, domain string) (plain string, tags []string) {
	if d := mail.DomainKey(domain); !r.noGmail && (d == "gmail.com" || d == "googlemail.com") {
		user = strings.ReplaceAll(user, ".", "")
	}
	if base, rest, ok := strings.Cut(user, "+"); ok && base != "" && !r.noTags {
		return base, strings.Split(rest, "+")
	}
	return user, nil
}
