package signing

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// A Signer makes the signatures that rules ask for. It is safe for use by
// several goroutines.
type Signer struct {
	rules     Rules
	dkim, arc *form
	files     *Files
}

// An Outcome is what became of a message.
type Outcome struct {
	// Fields are to be put on top of the header in this order, each above the
	// one before.
	Fields []Field
	Signed []Signed
	// Notes say in one sentence each why there is no signature, or what is
	// doubtful about one.
	Notes []string
}

// Signed tells of a signature.
type Signed struct {
	Domain, Selector string
	Instance         int // of an ARC set, 0 for DKIM
}

// New validates rules and makes a Signer of them. Key files need not be there:
// see Problems.
func New(r Rules) (*Signer, error) {
	s := &Signer{rules: r, files: &Files{AllowReadable: r.AllowReadable}}
	var err error
	if s.dkim, err = r.Format.read(DefaultHeaders); err != nil {
		return nil, err
	}
	if s.arc, err = r.Format.read(DefaultARCHeaders); err != nil {
		return nil, err
	}
	if err = s.rules.normalize(); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return s, nil
}

// normalize validates the rules and writes their domains as Decide has them.
func (r *Rules) normalize() error {
	for _, src := range []*Source{&r.Domain, &r.NetworksDomain, &r.LocalDomain, &r.InboundDomain} {
		switch *src {
		case "", FromHeader, FromEnvelope, FromUser, FromRecipient:
			continue
		}
		domain := mail.DomainKey(string(*src))
		if !isDomain(domain) {
			return fmt.Errorf("%q is neither header, envelope, auth or recipient nor a domain", string(*src))
		}
		*src = Source(domain)
	}
	var err error
	if r.Domains, err = byDomain(r.Domains); err != nil {
		return err
	}
	if r.Selectors, err = byDomain(r.Selectors); err != nil {
		return err
	}
	if r.Paths, err = byDomain(r.Paths); err != nil {
		return err
	}
	return errors.Join(r.checkSelectors(), r.checkKeys())
}

func byDomain[T any](m map[string]T) (map[string]T, error) {
	out := make(map[string]T, len(m))
	for _, d := range slices.Sorted(maps.Keys(m)) {
		domain := mail.DomainKey(d)
		if !isDomain(domain) {
			return nil, fmt.Errorf("%q is no domain", d)
		}
		if _, twice := out[domain]; twice {
			return nil, fmt.Errorf("%q stands there twice", domain)
		}
		out[domain] = m[d]
	}
	return out, nil
}

func (r *Rules) checkSelectors() error {
	all := []string{r.Selector}
	for _, list := range r.Domains {
		for _, s := range list {
			all = append(all, s.Selector)
		}
	}
	for _, s := range append(all, slices.Collect(maps.Values(r.Selectors))...) {
		if s != "" && !isDomain(s) {
			return fmt.Errorf("%q is no selector", s)
		}
	}
	return nil
}

func (r *Rules) checkKeys() error {
	if (r.SigningTable == nil) != (r.KeyTable == nil) {
		return errors.New("a signing table needs a key table, and a key table a signing table")
	}
	if r.KeyTable == nil && r.Condition == nil && r.Keys == nil && len(r.Domains)+len(r.Paths) == 0 && (r.Path == "" || !r.Fallback) {
		return errors.New("no key is named: no domain has one, and there is no default path")
	}
	for _, p := range r.Networks {
		if !p.IsValid() {
			return errors.New("an invalid network")
		}
	}
	if r.KeyTable != nil || r.Condition != nil {
		return nil
	}
	for _, d := range slices.Sorted(maps.Keys(r.Domains)) {
		if why := r.keysOf(d, senders{}).Reason; why != "" {
			return errors.New(why)
		}
	}
	return nil
}

// Rules returns the rules in force.
func (s *Signer) Rules() *Rules { return &s.rules }

// Problems looks at the key files that the rules name outright and says which
// of them can't be used, each with file and domain.
func (s *Signer) Problems(ctx context.Context) []error {
	ids := s.rules.Identities()
	if p := s.rules.Path; p != "" && s.rules.Fallback && s.rules.KeyTable == nil && !strings.Contains(p, "$") {
		ids = append(ids, Identity{Domain: "any domain", Selector: s.rules.Selector, Path: p})
	}
	var errs []error
	for _, id := range ids {
		if id.Path == "" {
			continue
		}
		if _, err := s.files.Key(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("mail of %s will not be signed: %w", id.Domain, err))
		}
	}
	return errs
}

// Sign makes the DKIM signatures of a message.
func (s *Signer) Sign(ctx context.Context, m *mail.Message, c Client, now time.Time, dns resolver.Resolver) Outcome {
	v := sync.OnceValue(func() *view { return viewOf(m) })
	return s.each(ctx, m, c, dns, -1, func(id Identity, key crypto.Signer) ([]Field, int, error) {
		f, err := s.dkim.sign(v(), id, key, now)
		return []Field{f}, 0, err
	})
}

// Seal makes the ARC set of a message, for the first identity that the rules
// name. results and chain are as for Format.Seal; results is not called for a
// message that is not sealed.
func (s *Signer) Seal(ctx context.Context, m *mail.Message, c Client, now time.Time, dns resolver.Resolver, results func() string, chain Chain) Outcome {
	return s.each(ctx, m, c, dns, 1, func(id Identity, key crypto.Signer) ([]Field, int, error) {
		v := viewOf(m)
		fs, err := s.arc.seal(v, id, key, now, results(), chain)
		return fs, len(v.header.All(asName)) + 1, err
	})
}

// each makes a signature for each identity of a message, for at most n of
// them unless that is negative.
func (s *Signer) each(ctx context.Context, m *mail.Message, c Client, dns resolver.Resolver, n int, write func(Identity, crypto.Signer) ([]Field, int, error)) Outcome {
	var out Outcome
	d := s.rules.Decide(m, c)
	if len(d.Sign) == 0 {
		out.Notes = []string{"not signed: " + d.Reason}
		return out
	}
	if n >= 0 {
		d.Sign = d.Sign[:n]
	}
	for _, id := range d.Sign {
		fields, instance, note, err := s.one(ctx, id, dns, write)
		switch {
		case err != nil:
			out.Notes = append(out.Notes, fmt.Sprintf("not signed for %s with selector %s: %v", clean(id.Domain), clean(id.Selector), err))
			continue
		case note != "":
			out.Notes = append(out.Notes, note)
		}
		out.Fields = append(out.Fields, fields...)
		out.Signed = append(out.Signed, Signed{id.Domain, id.Selector, instance})
	}
	return out
}

func (s *Signer) one(ctx context.Context, id Identity, dns resolver.Resolver, write func(Identity, crypto.Signer) ([]Field, int, error)) (fields []Field, instance int, note string, err error) {
	if err := id.check(); err != nil {
		return nil, 0, "", err
	}
	key, err := s.key(ctx, id)
	if err != nil {
		return nil, 0, "", err
	}
	if s.rules.CheckKey {
		if why := published(ctx, dns, id, key); why != "" {
			if !s.rules.AllowKeyMismatch {
				return nil, 0, "", errors.New(why)
			}
			note = fmt.Sprintf("signed for %s with selector %s, but %s", id.Domain, id.Selector, why)
		}
	}
	fields, instance, err = write(id, key)
	return fields, instance, note, err
}

// check refuses what could not be published, or would be more than one tag.
func (id *Identity) check() error {
	if !isDomain(id.Domain) || !isDomain(id.Selector) {
		return errors.New("that is no domain with a selector")
	}
	return nil
}

func (s *Signer) key(ctx context.Context, id Identity) (crypto.Signer, error) {
	switch {
	case id.key != nil:
		return id.key.Signer, nil
	case id.Path != "":
		return s.files.Key(ctx, id)
	case s.rules.Keys != nil:
		return s.rules.Keys.Key(ctx, id)
	}
	return nil, keyErrorf("neither a file nor a source is named")
}

// published returns what is wrong with the published half of a key, "" if
// nothing is.
func published(ctx context.Context, dns resolver.Resolver, id Identity, key crypto.Signer) string {
	name := RecordName(id.Domain, id.Selector)
	a, err := dns.Lookup(ctx, name, resolver.TypeTXT)
	switch {
	case resolver.IsNotFound(err):
		return "there is no public key at " + name
	case err != nil:
		return "nobody could tell the public key at " + name
	}
	for _, record := range a.Texts() {
		if publishes(record, key.Public()) {
			return ""
		}
	}
	return "no record at " + name + " publishes this key"
}

// publishes reports whether a record has the public half of key. Whether the
// key may be used is the verifier's matter.
func publishes(record string, key crypto.PublicKey) bool {
	k, err := dkimsig.ParseKey(record)
	if err != nil {
		return false
	}
	pub, ok := k.Public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && pub.Equal(key)
}
