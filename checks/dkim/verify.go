package dkim

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// Options says how signatures are verified. The zero value is RFC 8301.
type Options struct {
	// Off leaves the family out.
	Off bool
	// AcceptSHA1 accepts rsa-sha1, and MinBits, unless 0, RSA keys of fewer
	// bits than 1024. Rspamd accepts rsa-sha1, and any key.
	AcceptSHA1 bool
	MinBits    int
	// MaxSignatures bounds the signatures that are verified, from the top;
	// 0 means 5 as Rspamd.
	MaxSignatures int
	// Jitter is how far a signature may be from the future, or how long it may
	// have been expired; 0 means 6 hours, negative none.
	Jitter time.Duration
	// AcceptPartial accepts a good signature even if its l= leaves more than a
	// tenth of the body unsigned; without it the check makes such a result
	// "policy". Verify itself always returns the signature's own result.
	AcceptPartial bool
}

// These limits are fixed.
const (
	maxSignatures = 5
	// maxFields bounds the DKIM-Signature fields that are looked at, those
	// that can't be read among them.
	maxFields = 50
)

func (o Options) withDefaults() Options {
	if o.MaxSignatures <= 0 {
		o.MaxSignatures = maxSignatures
	}
	return o
}

// Verify verifies the DKIM signatures of m as of now, from the top. The keys
// are asked for at the same time. Failures, those of DNS too, are the Status of
// a signature.
func Verify(ctx context.Context, r resolver.Resolver, m *mail.Message, now time.Time, o Options) []Signature {
	v := verifier{options: o.withDefaults(), now: now}
	v.verify(ctx, r, m)
	return v.signatures()
}

// A verifier verifies the signatures of one message.
type verifier struct {
	options Options
	now     time.Time
	keys    *dkimsig.KeyCache
	found   []*signature
	hashed  int64 // bytes of the header that were hashed
	noDNS   bool  // there was no DNS to ask
	block   []byte
	header  *dkimsig.Header // of block, made when first needed
	body    *dkimsig.Body
}

// A signature is a Signature that is being verified.
type signature struct {
	Signature
	field  *mail.Field
	parsed *dkimsig.Signature // nil: it is not to be verified
	record string             // the key record that was used
	total  int64              // length of the canonical body
}

func (v *verifier) signatures() []Signature {
	out := make([]Signature, len(v.found))
	for i, s := range v.found {
		out[i] = s.Signature
	}
	return out
}

func (v *verifier) verify(ctx context.Context, r resolver.Resolver, m *mail.Message) {
	v.collect(m.Header())
	var questions []resolver.Question
	for _, s := range v.found {
		if s.parsed != nil {
			questions = append(questions, resolver.Question{Name: s.parsed.KeyName(), Type: resolver.TypeTXT})
		}
	}
	replies := resolver.LookupAll(ctx, r, questions...)
	v.body = dkimsig.NewBody(m.Body())
	v.block = block(m)
	for _, s := range v.found {
		if s.parsed != nil {
			v.one(s, replies[0])
			replies = replies[1:]
		}
	}
}

// collect reads the fields.
func (v *verifier) collect(h *mail.Header) {
	fields := h.All(dkimsig.DKIM.FieldName())
	good := 0
	for _, f := range fields[:min(len(fields), maxFields)] {
		p, err := dkimsig.ParseSignature(dkimsig.DKIM, f.Raw())
		if p.Domain == "" && !isEmpty(f) {
			continue // without a domain nobody signed
		}
		if late := p.InTime(v.now, v.options.Jitter); late != nil && (err == nil || errors.Is(err, dkimsig.ErrValue)) {
			err = late
		}
		s := &signature{field: f, parsed: p, Signature: Signature{
			Domain: clip(p.Domain), Selector: clip(p.Selector), Identity: clip(p.Identity),
			Algorithm: clip(p.AlgorithmText), Value: clip(p.ValueText[:min(len(p.ValueText), 8)]),
		}}
		v.found = append(v.found, s)
		if err != nil {
			s.parsed = nil
			s.permerror(err)
			// Rspamd finds a damaged b= only later, when it verifies.
			s.Ignored = !errors.Is(err, dkimsig.ErrValue) && p.Domain != ""
			if p.Domain == "" {
				s.Reason = "empty field"
			}
			continue
		}
		if good++; good == v.options.MaxSignatures {
			return
		}
	}
}

// isEmpty reports whether a field has no tags at all. That is a broken signature
// (RFC 6376 section 6.1.1), not one of nobody.
func isEmpty(f *mail.Field) bool { return strings.Trim(f.Value(), "; \t\r\n") == "" }

// clip makes text of a signature, good or bad, fit to be shown.
func clip(s string) string {
	const most = 255
	return strings.ToValidUTF8(s[:min(len(s), most)], "\uFFFD")
}

// block returns the header block, up to the limit of what is looked at.
func block(m *mail.Message) []byte {
	n := len(m.Raw()) - len(m.Body())
	return m.Raw()[:min(n, m.Limits().HeaderBytes)]
}

func (s *signature) result(status Status, reason string) { s.Status, s.Reason = status, reason }

// maxRecord bounds the text of a key record that is kept.
const maxRecord = 4 << 10

// key notes the record of the key.
func (s *signature) key(record string) {
	s.record, s.Record = record, strings.ToValidUTF8(record[:min(len(record), maxRecord)], "\uFFFD")
}

func (s *signature) permerror(err error) { s.result(StatusPermError, err.Error()) }

// one verifies one signature with the records of its key.
func (v *verifier) one(s *signature, reply resolver.Reply) {
	switch {
	case errors.Is(reply.Err, resolver.ErrNoDNS):
		v.noDNS = true
		s.result(StatusTempError, "no DNS")
		return
	case resolver.IsNotFound(reply.Err):
		s.permerror(errors.New("no key record"))
		return
	case reply.Err != nil:
		s.result(StatusTempError, "key could not be had: "+reply.Err.Error())
		return
	}
	s.Authentic = reply.Answer.Authentic
	policy := dkimsig.Policy{SHA1: v.options.AcceptSHA1, MinBits: v.options.MinBits}
	records := reply.Answer.Texts()
	keys, err := policy.Usable(v.keys, s.parsed, records)
	if err != nil {
		s.key(strings.Join(records[:min(len(records), 1)], ""))
		s.permerror(err)
		return
	}
	s.key(keys[0].Record)
	if !v.bodyHolds(s) {
		return
	}
	digest := v.headerHash(s)
	for _, k := range keys {
		if k.Verify(s.parsed.Algorithm, digest, s.parsed.Value) {
			s.result(StatusPass, "")
			s.Testing = k.Testing
			s.key(k.Record)
			return
		}
	}
	s.result(StatusFail, "signature does not fit the header")
	s.Testing = keys[0].Testing
}

// bodyHolds compares the body hash; if it differs s has its result.
func (v *verifier) bodyHolds(s *signature) bool {
	var err error
	s.total, err = v.body.Check(s.parsed)
	if l := s.parsed.Length; l >= 0 && l < s.total {
		s.Partial, s.Unsigned = true, s.total-l
	}
	switch {
	case err == nil:
		return true
	case errors.Is(err, dkimsig.ErrBodyHash):
		s.result(StatusFail, err.Error())
	case errors.Is(err, dkimsig.ErrBodyForms):
		s.result(StatusPolicy, err.Error())
	default:
		s.permerror(err)
	}
	return false
}

func (v *verifier) headerHash(s *signature) []byte {
	if v.header == nil {
		v.header = dkimsig.NewHeader(v.block)
	}
	fields := dkimsig.Select(v.header, s.parsed.Names)
	w := s.parsed.Algorithm.Hash.New()
	v.hashed += dkimsig.WriteSigned(w, s.parsed, fields)
	return w.Sum(nil)
}
