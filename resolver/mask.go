package resolver

import (
	"context"
	"strings"
)

// Mask returns a resolver that keeps secrets in names out of sight, as the
// ones that access to a paid list depends on. domains maps what is shown to
// what is asked, "{key}.list.example" to "s3cret.list.example": for a question
// at or under a shown domain r is asked under the other, and answers and
// errors come back under the shown one. So whoever asks, records or logs
// questions above it never sees the secret, and a name from a message can't
// carry it elsewhere.
func Mask(r Resolver, domains map[string]string) Resolver {
	if len(domains) == 0 {
		return r
	}
	m := &mask{next: r}
	for shown, asked := range domains {
		m.domains = append(m.domains, masked{Canonical(shown), Canonical(asked)})
	}
	return m
}

type mask struct {
	next    Resolver
	domains []masked
}

type masked struct{ shown, asked string }

func (m *mask) Lookup(ctx context.Context, name string, qtype uint16) (Answer, error) {
	q := Question{Canonical(name), qtype}
	for _, d := range m.domains {
		if real, ok := moved(q.Name, d.shown, d.asked); ok {
			return d.lookup(ctx, m.next, q, real)
		}
	}
	return m.next.Lookup(ctx, q.Name, qtype)
}

func (d masked) lookup(ctx context.Context, next Resolver, q Question, real string) (Answer, error) {
	a, err := next.Lookup(ctx, real, q.Type)
	if err != nil {
		e := asError(q, err)
		e.Detail = strings.ReplaceAll(e.Detail, d.asked, d.shown)
		return Answer{}, e
	}
	a = a.clone()
	for i := range a.Records {
		for _, name := range []*string{&a.Records[i].Name, &a.Records[i].Host, &a.Records[i].Mailbox} {
			if shown, ok := moved(Canonical(*name), d.asked, d.shown); ok {
				*name = shown
			}
		}
	}
	return a, nil
}

// moved returns name with its end, the domain from, replaced by to; ok tells
// whether it is at or under from.
func moved(name, from, to string) (string, bool) {
	prefix, ok := strings.CutSuffix(name, from)
	if !ok || prefix != "" && !strings.HasSuffix(prefix, ".") {
		return name, false
	}
	return prefix + to, true
}
