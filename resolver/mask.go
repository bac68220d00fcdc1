package resolver

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// Mask returns a resolver that keeps secrets in names out of sight, such as the
// key that gives access to a paid list. domains maps what is shown to what is
// asked, "{key}.list.example" to "s3cret.list.example": a question at or under
// a shown domain is put to r under the other one, and its answer or error comes
// back under the shown one. So whoever asks, records or logs questions above it
// never sees the secret, and a name from a message can't carry it elsewhere.
func Mask(r Resolver, domains map[string]string) Resolver {
	if len(domains) == 0 {
		return r
	}
	m := &mask{next: r}
	for shown, asked := range domains {
		m.domains = append(m.domains, masked{Canonical(shown), Canonical(asked)})
	}
	slices.SortFunc(m.domains, func(a, b masked) int { // the closest one counts
		return cmp.Or(cmp.Compare(len(b.shown), len(a.shown)), strings.Compare(a.shown, b.shown))
	})
	if st, ok := r.(Starter); ok {
		return &startingMask{m, st}
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
	real, d := m.real(q)
	a, err := m.next.Lookup(ctx, real.Name, qtype)
	return d.hide(q, a, err)
}

// real returns the question to ask for q, and the domain that hides it, nil
// for none.
func (m *mask) real(q Question) (Question, *masked) {
	for i := range m.domains {
		d := &m.domains[i]
		if name, ok := moved(q.Name, d.shown, d.asked); ok {
			return Question{name, q.Type}, d
		}
	}
	return q, nil
}

// hide brings a reply back under the shown domain.
func (d *masked) hide(q Question, a Answer, err error) (Answer, error) {
	if d == nil {
		return a, err
	}
	if err != nil {
		e := *ErrorOf(q, err) // which may be err itself
		e.Detail = strings.ReplaceAll(e.Detail, d.asked, d.shown)
		return Answer{}, &e
	}
	a = a.Clone()
	for i := range a.Records {
		for _, name := range []*string{&a.Records[i].Name, &a.Records[i].Host, &a.Records[i].Mailbox} {
			if shown, ok := moved(Canonical(*name), d.asked, d.shown); ok {
				*name = shown
			}
		}
	}
	return a, nil
}

// A startingMask is the mask of a Starter.
type startingMask struct {
	*mask
	starter Starter
}

// Start asks as Lookup does.
func (m *startingMask) Start(ctx context.Context, questions []Question, done func(i int, a Answer, err error)) {
	real, domains := make([]Question, len(questions)), make([]*masked, len(questions))
	for i, q := range questions {
		q.Name = Canonical(q.Name)
		real[i], domains[i] = m.real(q)
	}
	m.starter.Start(ctx, real, func(i int, a Answer, err error) {
		q := Question{Canonical(questions[i].Name), questions[i].Type}
		a, err = domains[i].hide(q, a, err)
		done(i, a, err)
	})
}

// Recall answers as Lookup does, if the resolver knows the reply.
func (m *startingMask) Recall(ctx context.Context, q Question) (Reply, bool) {
	known, ok := m.starter.(Recaller)
	if !ok {
		return Reply{}, false
	}
	q.Name = Canonical(q.Name)
	real, d := m.real(q)
	r, ok := known.Recall(ctx, real)
	if ok {
		r.Answer, r.Err = d.hide(q, r.Answer, r.Err)
	}
	return r, ok
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
