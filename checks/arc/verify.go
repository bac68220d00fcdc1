package arc

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/internal/idn"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// Options says how chains are validated. The zero value is RFC 8617 with the
// strictness of RFC 8301.
type Options struct {
	// Off leaves the family out.
	Off bool
	// AcceptSHA1 accepts rsa-sha1, and MinBits, unless 0, RSA keys of fewer
	// bits than 1024, as Rspamd does.
	AcceptSHA1 bool
	MinBits    int
	// Jitter is how far the newest message signature may be from the future,
	// or how long it may have been expired; 0 means 6 hours, negative none.
	Jitter time.Duration
	// TrustedSealers are domains, as d= of a seal has them, whose seals are
	// trusted: what they found before they forwarded the message is believed.
	TrustedSealers []string
}

// maxOldest is how many message signatures are verified, from the newest on;
// all but that one only serve Result.OldestPass.
const maxOldest = 10

// Verify validates the chain of m as of now. The keys are asked for at the
// same time.
func Verify(ctx context.Context, r resolver.Resolver, m *mail.Message, now time.Time, o Options) Result {
	v := newVerifier(m, now, o, nil)
	v.verify(ctx, r)
	return v.result
}

// A verifier validates the chain of one message.
type verifier struct {
	options Options
	policy  dkimsig.Policy
	now     time.Time
	keys    *dkimsig.KeyCache
	message *mail.Message
	header  *dkimsig.Header
	body    *dkimsig.Body
	sets    []set
	replies map[string]resolver.Reply // by key name
	result  Result
	noDNS   bool  // there was no DNS to ask
	hashed  int64 // bytes of header fields that were hashed
}

// A set is the three fields of one instance.
type set struct {
	results, message, seal dkimsig.RawField
	text                   string // of the results
	ams, as                *dkimsig.Signature
	amsErr, asErr          error // why they can't be used
}

func newVerifier(m *mail.Message, now time.Time, o Options, keys *dkimsig.KeyCache) *verifier {
	block := m.Raw()[:len(m.Raw())-len(m.Body())]
	return &verifier{
		options: o, now: now, keys: keys, message: m,
		policy: dkimsig.Policy{SHA1: o.AcceptSHA1, MinBits: o.MinBits},
		header: dkimsig.NewHeader(block[:min(len(block), m.Limits().HeaderBytes)]),
		body:   dkimsig.NewBody(m.Body()),
		result: Result{Status: StatusNone},
	}
}

// fail ends the validation.
func (v *verifier) fail(reason string) {
	v.result.Status, v.result.Reason = StatusFail, clip(reason)
}

func (v *verifier) malformed(reason string) {
	v.fail(reason)
	v.result.Malformed = true
}

func (v *verifier) verify(ctx context.Context, r resolver.Resolver) {
	if !v.collect() {
		return
	}
	v.describe()
	if !v.chainValues() {
		return
	}
	last := &v.sets[len(v.sets)-1]
	if last.amsErr == nil {
		last.amsErr = last.ams.InTime(v.now, v.options.Jitter)
	}
	if last.amsErr != nil {
		v.failed("cannot verify 1 of 1 signatures:", last.ams.Domain, last.amsErr)
		return
	}
	v.ask(ctx, r)
	if err := v.holds(last); err != nil {
		v.failed("signature check failed: fail,", last.ams.Domain, err)
		return
	}
	if !v.seals() {
		return
	}
	v.result.Status = StatusPass
	v.oldest()
	v.trust()
}

// failed notes that a signature does not hold, in Rspamd's words. domain is
// what d= says, whether or not it is a domain.
func (v *verifier) failed(what, domain string, err error) {
	const most = 255
	v.fail(fmt.Sprintf("%s {[1] = sig:%s:%v}", what, domain[:min(len(domain), most)], err))
	v.result.Temporary = errors.Is(err, errTemporary)
}

// chainValues checks cv= of all seals (RFC 8617 section 5.2 step 3.3).
func (v *verifier) chainValues() bool {
	for i, s := range v.sets {
		switch cv := s.as.Chain; {
		case cv == "":
			v.malformed(fmt.Sprintf("no cv on i=%d", i+1))
		case i == 0 && cv != "none":
			v.malformed(`cv is not "none" for i=1`)
		case i > 0 && cv != "pass":
			v.fail(fmt.Sprintf("cv is %.20s on i=%d", cv, i+1))
		default:
			continue
		}
		return false
	}
	return true
}

// ask gets the keys of the newest message signature, of all seals, and of the
// other message signatures that are verified.
func (v *verifier) ask(ctx context.Context, r resolver.Resolver) {
	var questions []resolver.Question
	v.replies = map[string]resolver.Reply{}
	add := func(s *dkimsig.Signature, err error) {
		if err != nil {
			return
		}
		name := s.KeyName()
		if _, twice := v.replies[name]; !twice {
			v.replies[name] = resolver.Reply{}
			questions = append(questions, resolver.Question{Name: name, Type: resolver.TypeTXT})
		}
	}
	last := len(v.sets) - 1
	add(v.sets[last].ams, v.sets[last].amsErr)
	for i := last; i >= 0; i-- {
		add(v.sets[i].as, v.sets[i].asErr)
	}
	for i := last - 1; i > last-maxOldest && i >= 0; i-- {
		add(v.sets[i].ams, v.sets[i].amsErr)
	}
	v.result.Authentic = len(questions) > 0
	for i, reply := range resolver.LookupAll(ctx, r, questions...) {
		v.result.Authentic = v.result.Authentic && reply.Err == nil && reply.Answer.Authentic
		v.replies[questions[i].Name] = reply
		v.noDNS = v.noDNS || errors.Is(reply.Err, resolver.ErrNoDNS)
	}
}

// Errors of signatures, in Rspamd's words where it has any.
var (
	errTemporary = errors.New("key could not be had")
	errReject    = errors.New("reject")
)

// keysOf returns the keys that a signature may be verified with.
func (v *verifier) keysOf(s *dkimsig.Signature) ([]*dkimsig.Key, error) {
	reply, asked := v.replies[s.KeyName()]
	switch {
	case !asked:
		return nil, errTemporary
	case resolver.IsNotFound(reply.Err):
		return nil, fmt.Errorf("dns request to %s failed: no records with this name", s.KeyName())
	case reply.Err != nil:
		return nil, fmt.Errorf("%w: %w", errTemporary, reply.Err)
	}
	return v.policy.Usable(v.keys, s, reply.Answer.Texts())
}

// holds verifies the message signature of one set.
func (v *verifier) holds(s *set) error {
	if s.amsErr != nil {
		return s.amsErr
	}
	keys, err := v.keysOf(s.ams)
	if err != nil {
		return err
	}
	if _, err := v.body.Check(s.ams); errors.Is(err, dkimsig.ErrBodyHash) {
		return errReject
	} else if err != nil {
		return err
	}
	w := s.ams.Algorithm.Hash.New()
	v.hashed += dkimsig.WriteSigned(w, s.ams, dkimsig.Select(v.header, s.ams.Names))
	return fits(s.ams, keys, w.Sum(nil))
}

func fits(s *dkimsig.Signature, keys []*dkimsig.Key, digest []byte) error {
	for _, k := range keys {
		if k.Verify(s.Algorithm, digest, s.Value) {
			return nil
		}
	}
	return errReject
}

// seals verifies all seals from the newest on (step 8).
func (v *verifier) seals() bool {
	digests := v.sealDigests()
	for i := len(v.sets) - 1; i >= 0; i-- {
		s := &v.sets[i]
		err := s.asErr
		var keys []*dkimsig.Key
		if err == nil {
			keys, err = v.keysOf(s.as)
		}
		if err == nil {
			err = fits(s.as, keys, digests[i])
		}
		if err != nil {
			v.failed("seal check failed: fail,", s.as.Domain, err)
			return false
		}
	}
	return true
}

// sealDigests hashes what each seal covers: all sets before it, its own
// results and message signature, and itself (section 5.1.1). What seals have
// in common is hashed once.
func (v *verifier) sealDigests() [][]byte {
	digests := make([][]byte, len(v.sets))
	prefix := map[crypto.Hash]hash.Cloner{}
	for _, s := range v.sets {
		if s.asErr == nil && prefix[s.as.Algorithm.Hash] == nil {
			prefix[s.as.Algorithm.Hash] = s.as.Algorithm.Hash.New().(hash.Cloner)
		}
	}
	var buf []byte
	for i, s := range v.sets {
		buf = dkimsig.Relaxed.AppendField(dkimsig.Relaxed.AppendField(buf[:0], s.results), s.message)
		v.add(prefix, buf)
		if s.asErr == nil {
			w, _ := prefix[s.as.Algorithm.Hash].Clone()
			v.hashed += dkimsig.WriteSigned[dkimsig.RawField](w, s.as, nil)
			digests[i] = w.Sum(nil)
		}
		buf = dkimsig.Relaxed.AppendField(buf[:0], s.seal)
		v.add(prefix, buf)
	}
	return digests
}

func (v *verifier) add(to map[crypto.Hash]hash.Cloner, b []byte) {
	for _, w := range to {
		w.Write(b)
		v.hashed += int64(len(b))
	}
}

// oldest finds the oldest message signature that holds with all later ones
// (steps 5 to 7). It says nothing about signatures that are not verified.
func (v *verifier) oldest() {
	last := len(v.sets) - 1
	for i := last - 1; i >= 0; i-- {
		if i == last-maxOldest || v.holds(&v.sets[i]) != nil {
			v.result.OldestPass = i + 2
			return
		}
	}
}

// trust looks for sealers that the operator trusts, from the last one back:
// what came before a sealer that is not trusted may be made up.
func (v *verifier) trust() {
	for i := len(v.sets) - 1; i >= 0; i-- {
		if !slices.ContainsFunc(v.options.TrustedSealers, func(d string) bool { return idn.Same(d, v.sets[i].as.Domain) }) {
			break
		}
		v.result.Trusted = i + 1
	}
	if n := v.result.Trusted; n > 0 {
		said := readResults(v.sets[n-1].text)
		v.result.SoftensDMARC = said.dmarc == "pass" && v.isFrom(said.from)
	}
}

// isFrom reports whether domain, if it is given, is that of the one address
// in From.
func (v *verifier) isFrom(domain string) bool {
	if domain == "" {
		return true
	}
	from := v.message.From()
	return len(from) == 1 && idn.Same(from[0].Domain, domain)
}
