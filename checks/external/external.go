// Package external asks other programs what they think of a message:
// SpamAssassin's spamd, another Rspamd, an ICAP server, DCC's dccifd, pyzor and
// razor behind their sockets, olefy for the macros of office files, and p0f for
// the client's system. It is external_services and p0f of Rspamd 4.1.6, with
// their symbols; nothing is asked until the options name servers.
//
// Each rule has a symbol for what it found and one, with _FAIL at its end, that
// says that nobody answered. Neither has a weight: an operator who trusts a
// scanner gives its symbol one (winnow.Layer.Weights); the factor of a hit is the
// scanner's own score where it has one. A message is sent as it was received.
// Answers about the same bytes, or the same client, are kept in the Scanner's
// store for a while.
package external

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/peer"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// A question is what a scanner is asked about.
type question struct {
	data   []byte // the message, or a part's content
	part   *mail.Part
	env    *mail.Envelope
	client relay.Client
	ip     netip.Addr // of the client that is connected
	sender string
	server string // authority for URLs
}

// An answer is what a scanner said.
type answer struct {
	Found   bool
	Bulk    bool // DCC: the second symbol
	Factor  float64
	Options []string
	Failed  string `json:",omitempty"` // why there is none
}

// New returns the family that asks.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "external_services", Doc: "what other programs think of the message", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	for i := range o.Rules {
		f.Checks = append(f.Checks, newScanner(o.Rules[i], o.Dial).check())
	}
	return f
}

// A scanner is a rule at work.
type scanner struct {
	Rule
	kind
	peers               *peer.Group
	found, failed, bulk *symbols.Def
	patterns            []pattern
}

// A pattern is what findings of one form raise.
type pattern struct {
	*regexp.Regexp
	def *symbols.Def
}

func newScanner(r Rule, dial peer.Dialer) *scanner {
	s := &scanner{Rule: r, kind: kinds()[r.Type]}
	if r.Whole {
		s.parts = nil
	}
	s.peers = peer.New(peer.Options{Servers: r.Servers, Dial: dial, Timeout: r.Timeout, Tries: r.Tries})
	if s.MaxSize == 0 {
		s.MaxSize = 512 << 10
		if s.parts != nil {
			s.MaxSize = 20 << 20
		}
	}
	if s.Symbol == "" {
		s.Symbol = s.symbol
	}
	if s.Expire == 0 {
		s.Expire = s.expire
	}
	group := []string{"external_services"}
	s.found = &symbols.Def{Name: s.Symbol, Groups: group, Doc: s.doc}
	s.failed = &symbols.Def{Name: strings.TrimSuffix(s.Symbol, "_REJECT") + "_FAIL", Groups: group, Doc: "the scanner behind " + s.Symbol + " did not answer"}
	if r.Type == DCC {
		s.bulk = &symbols.Def{Name: strings.TrimSuffix(s.Symbol, "_REJECT") + "_BULK", Groups: group, Doc: "DCC knows many copies of the message"}
	}
	own := map[string]*symbols.Def{s.Symbol: s.found}
	for _, p := range r.Patterns {
		if own[p.Symbol] == nil {
			own[p.Symbol] = &symbols.Def{Name: p.Symbol, Groups: group, Doc: "a finding that the operator listed; otherwise " + s.Symbol + " tells of it"}
		}
		s.patterns = append(s.patterns, pattern{regexp.MustCompile(p.Regexp), own[p.Symbol]}) // Validate compiled it
	}
	return s
}

func (s *scanner) check() *checks.Check {
	c := &checks.Check{
		Name: "external_" + strings.ToLower(s.Symbol), Doc: s.doc, Symbols: []*symbols.Def{s.found, s.failed},
		Requires: checks.Facts(relay.Fact), Needs: checks.Needs{Net: true, Store: s.Expire > 0}, Run: s.run,
	}
	for _, p := range s.patterns {
		if !slices.Contains(c.Symbols, p.def) {
			c.Symbols = append(c.Symbols, p.def)
		}
	}
	if s.bulk != nil {
		c.Symbols = append(c.Symbols, s.bulk)
	}
	return c
}

func (s *scanner) run(ctx context.Context, t *checks.Task) error {
	if !s.Local && relay.Of(t).Local || !s.Authenticated && t.Authenticated() {
		return nil
	}
	questions := s.questions(t)
	if len(questions) == 0 {
		return nil
	}
	known := s.recall(ctx, t, questions)
	var open []*question
	for _, q := range questions {
		if _, ok := known[s.key(q)]; !ok {
			open = append(open, q)
			known[s.key(q)] = answer{Failed: "not recorded"}
		}
	}
	if len(open) > 0 {
		answers, _ := checks.Observe(t, "answers", func() []answer { return s.askAll(ctx, t, open) })
		for i, a := range answers[:min(len(answers), len(open))] {
			known[s.key(open[i])] = a
			s.remember(ctx, t, open[i], a)
		}
	}
	for _, q := range questions {
		s.raise(t, q, known[s.key(q)])
	}
	return nil
}

func (s *scanner) askAll(ctx context.Context, t *checks.Task, questions []*question) (list []answer) {
	for _, q := range questions {
		list = append(list, s.put(ctx, t, q))
	}
	return list
}

// maxParts bounds the parts of a message that are sent.
const maxParts = 32

// questions are the message, the parts that the scanner is for, or the client.
func (s *scanner) questions(t *checks.Task) []*question {
	q := question{data: t.Message().Raw(), env: t.Envelope(), client: relay.Of(t), sender: t.Message().EnvelopeFrom().Addr}
	q.ip, _ = t.Message().Client()
	if s.client {
		if !q.ip.IsValid() {
			return nil
		}
		return []*question{&q}
	}
	pieces := []*question{&q}
	if s.parts != nil {
		pieces = nil
		for _, p := range t.Message().Parts() {
			if !p.IsMultipart() && s.parts(p) && len(p.Content()) > 0 {
				part := q
				part.data, part.part = p.Content(), p
				pieces = append(pieces, &part)
			}
		}
	}
	pieces = slices.DeleteFunc(pieces, func(q *question) bool { return len(q.data) < s.MinSize })
	asked := slices.DeleteFunc(slices.Clone(pieces), func(q *question) bool { return len(q.data) > s.MaxSize })
	asked = asked[:min(len(asked), maxParts)]
	if len(asked) < len(pieces) {
		t.Note("the scanner behind "+s.Symbol+" did not look at all of the message: it is too large, or has too many parts", s.found)
	}
	return asked
}

// put asks one question. Why it was not answered is said in few words: symbols
// are shown to people whom the host's addresses do not concern.
func (s *scanner) put(ctx context.Context, t *checks.Task, q *question) (a answer) {
	q.server = "localhost"
	err := s.peers.Do(ctx, func(c net.Conn) (err error) {
		a, err = s.ask(&s.Rule, q)(c)
		return err
	})
	if err == nil {
		return a.bounded()
	}
	t.Log().Debug("no answer", "symbol", s.Symbol, "err", err)
	a = answer{Failed: "connection failed"}
	if refused, ok := errors.AsType[*replyError](err); ok {
		a.Failed = refused.says
	} else if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		a.Failed = "no answer in time"
	}
	return a
}

func (s *scanner) raise(t *checks.Task, q *question, a answer) {
	h := symbols.Hit{Def: s.found, Factor: a.Factor, Options: a.Options}
	if q.part != nil {
		h.Evidence = checks.Part(q.part)
	}
	switch {
	case a.Failed != "":
		h.Def, h.Factor, h.Options = s.failed, 1, []string{a.Failed}
	case a.Bulk && s.bulk != nil:
		h.Def = s.bulk
	case !a.Found:
		return
	}
	if h.Def == s.failed {
		t.HitAt(h)
		return
	}
	if len(s.Ignore) > 0 && len(h.Options) > 0 {
		h.Options = slices.DeleteFunc(slices.Clone(h.Options), func(o string) bool { return slices.Contains(s.Ignore, o) })
		if len(h.Options) == 0 {
			return
		}
	}
	if h.Def != s.found || len(s.patterns) == 0 {
		t.HitAt(h)
	} else {
		s.raiseNamed(t, h)
	}
	s.act(t, h)
}

// act asks for the rule's action.
func (s *scanner) act(t *checks.Task, h symbols.Hit) {
	if s.Action == "" {
		return
	}
	name := cmp.Or(s.Name, string(s.Type))
	text := strings.NewReplacer("${SCANNER}", name, "${VIRUS}", strings.Join(h.Options, "; ")).Replace(cmp.Or(s.Message, DefaultMessage))
	t.PreResult(actions.PreResult{Action: s.Action, Least: s.Action != actions.Reject, Check: name, Message: text}, h.Def)
}

// raiseNamed raises the symbols of the patterns that findings match, and the
// rule's own with those that match none.
func (s *scanner) raiseNamed(t *checks.Task, h symbols.Hit) {
	var order []*symbols.Def
	options := map[*symbols.Def][]string{}
	for _, o := range h.Options {
		def := s.found
		if i := slices.IndexFunc(s.patterns, func(p pattern) bool { return p.MatchString(o) }); i >= 0 {
			def = s.patterns[i].def
		}
		if options[def] == nil {
			order = append(order, def)
		}
		options[def] = append(options[def], o)
	}
	for _, def := range order {
		h.Def, h.Options = def, options[def]
		t.HitAt(h)
	}
}
