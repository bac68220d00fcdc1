// Package external asks other programs what they think of a message:
// SpamAssassin's spamd, another Rspamd, an ICAP server, DCC's dccifd, pyzor and
// razor behind their sockets, and olefy for the macros of office files. It is
// external_services of Rspamd 4.1.6, with its symbols; nothing is asked until
// the options name servers.
//
// Each rule has a symbol for what it found and one, with _FAIL at its end, that
// says that nobody answered. Neither has a weight: an operator who trusts a
// scanner gives its symbol one (winnow.Layer.Weights); the factor of a hit is the
// scanner's own score where it has one. A message is sent as it was received.
package external

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

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
	sender string
	server string // authority for URLs
}

// An answer is what a scanner said.
type answer struct {
	Found   bool
	Bulk    bool // DCC: the second symbol
	Factor  float64
	Options []string
	Part    string `json:",omitempty"`
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
}

func newScanner(r Rule, dial peer.Dialer) *scanner {
	s := &scanner{Rule: r, kind: kinds()[r.Type]}
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
	group := []string{"external_services"}
	s.found = &symbols.Def{Name: s.Symbol, Groups: group, Doc: s.doc}
	s.failed = &symbols.Def{Name: strings.TrimSuffix(s.Symbol, "_REJECT") + "_FAIL", Groups: group, Doc: "the scanner behind " + s.Symbol + " did not answer"}
	if r.Type == DCC {
		s.bulk = &symbols.Def{Name: strings.TrimSuffix(s.Symbol, "_REJECT") + "_BULK", Groups: group, Doc: "DCC knows many copies of the message"}
	}
	return s
}

func (s *scanner) check() *checks.Check {
	c := &checks.Check{
		Name: "external_" + strings.ToLower(s.Symbol), Doc: s.doc, Symbols: []*symbols.Def{s.found, s.failed},
		Requires: checks.Facts(relay.Fact), Needs: checks.Needs{Net: true}, Run: s.run,
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
	answers, ok := checks.Observe(t, "answers", func() []answer {
		var list []answer
		for _, q := range questions {
			list = append(list, s.put(ctx, t, q))
		}
		return list
	})
	if !ok {
		answers = []answer{{Failed: "not recorded"}}
	}
	for i := range answers {
		s.raise(t, &answers[i])
	}
	return nil
}

// maxParts bounds the parts of a message that are sent.
const maxParts = 32

// questions are the message, or the parts that the scanner is for.
func (s *scanner) questions(t *checks.Task) []*question {
	q := question{data: t.Message().Raw(), env: t.Envelope(), client: relay.Of(t), sender: t.Message().EnvelopeFrom().Addr}
	if s.parts == nil {
		if len(q.data) > s.MaxSize {
			return nil
		}
		return []*question{&q}
	}
	var list []*question
	for _, p := range t.Message().Parts() {
		if len(list) == maxParts || p.IsMultipart() || !s.parts(p) {
			continue
		}
		if data := p.Content(); len(data) > 0 && len(data) <= s.MaxSize {
			part := q
			part.data, part.part = data, p
			list = append(list, &part)
		}
	}
	return list
}

// put asks one question. Why it was not answered is said in few words: symbols
// are shown to people whom the host's addresses do not concern.
func (s *scanner) put(ctx context.Context, t *checks.Task, q *question) (a answer) {
	q.server = "localhost"
	err := s.peers.Do(ctx, func(c net.Conn) (err error) {
		a, err = s.ask(&s.Rule, q)(c)
		return err
	})
	if q.part != nil {
		a.Part = q.part.Path
	}
	if err == nil {
		return a
	}
	t.Log().Debug("no answer", "symbol", s.Symbol, "err", err)
	a = answer{Part: a.Part, Failed: "connection failed"}
	if refused, ok := errors.AsType[*replyError](err); ok {
		a.Failed = refused.says
	} else if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		a.Failed = "no answer in time"
	}
	return a
}

func (s *scanner) raise(t *checks.Task, a *answer) {
	h := symbols.Hit{Def: s.found, Factor: a.Factor, Options: a.Options}
	for _, p := range t.Message().Parts() {
		if a.Part != "" && p.Path == a.Part {
			h.Evidence = checks.Part(p)
		}
	}
	switch {
	case a.Failed != "":
		h.Def, h.Factor, h.Options = s.failed, 1, []string{a.Failed}
	case a.Bulk && s.bulk != nil:
		h.Def = s.bulk
	case !a.Found:
		return
	}
	t.HitAt(h)
}
