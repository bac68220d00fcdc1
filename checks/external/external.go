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
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/peer"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Options says who is asked.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Rules are the scanners, in the order of their symbols.
	Rules []Rule
	// Dial makes the connections, (*net.Dialer).DialContext for one; nil means
	// that. The configuration digest does not know it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error) `json:"-"`
}

// A Rule is one scanner.
type Rule struct {
	Type Type
	// Symbol is what a finding raises; "" means the type's own, see Types.
	Symbol string
	// Servers are addresses of servers that do the same, "host:port" or
	// "unix:/path".
	Servers []string
	// Timeout bounds one try; 0 means 5 s. The scan's own Timeout holds all the
	// same.
	Timeout time.Duration
	// Tries is how often it is asked at most, each time at the next server; 0
	// means 2.
	Tries int
	// MaxSize is the most bytes of a message or part that are sent; what is
	// larger is not looked at. 0 means 512 KiB for whole messages, 20 MiB for
	// parts.
	MaxSize int
	// Service is the path of an ICAP server's service, "" meaning "scan".
	Service string
	// Local and Authenticated say whether mail of the own networks and of users
	// is looked at too.
	Local, Authenticated bool
	// Bulk is from how many reports on DCC calls a checksum bulk; 0 means
	// 999,999, which is also what "many" counts.
	Bulk int
}

// A Type is a kind of scanner.
type Type string

// The types.
const (
	SpamAssassin Type = "spamassassin" // spamd, protocol SPAMC/1.5
	Rspamd       Type = "rspamd"       // /checkv2 over HTTP; winnow's own dms too
	ICAP         Type = "icap"         // RFC 3507, RESPMOD for each attachment
	DCC          Type = "dcc"          // dccifd
	Pyzor        Type = "pyzor"        // pyzor check behind a socket
	Razor        Type = "razor"        // razorfy
	Oletools     Type = "oletools"     // olefy, for each office file
)

// kind is what the types differ by.
type kind struct {
	symbol, doc string
	parts       func(*mail.Part) bool // which parts are sent; nil: the message is
	ask         func(r *Rule, q *question) func(net.Conn) (answer, error)
}

// Types lists the types with their symbols.
func Types() map[Type]string {
	all := map[Type]string{}
	for t, k := range kinds() {
		all[t] = k.symbol
	}
	return all
}

func kinds() map[Type]kind {
	return map[Type]kind{
		SpamAssassin: {symbol: "SPAMD", doc: "SpamAssassin's score of the message", ask: askSpamd},
		Rspamd:       {symbol: "RSPAMD", doc: "another Rspamd's score of the message", ask: askRspamd},
		ICAP:         {symbol: "ICAP", doc: "an ICAP server found something in an attachment", parts: attached, ask: askICAP},
		DCC:          {symbol: "DCC_REJECT", doc: "DCC would refuse the message", ask: askDCC},
		Pyzor:        {symbol: "PYZOR", doc: "others reported the message to Pyzor", ask: askPyzor},
		Razor:        {symbol: "RAZOR", doc: "others reported the message to Razor", ask: askRazor},
		Oletools:     {symbol: "OLETOOLS", doc: "an office file has macros that start by themselves and look suspicious", parts: office, ask: askOlefy},
	}
}

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

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("external_services")
	names := map[string]bool{}
	for i, r := range o.Rules {
		field := valid.At("Rules", i)
		k, ok := kinds()[r.Type]
		v.If(!ok, field+".Type", "no scanner %q", r.Type)
		if r.Symbol != "" {
			v.Symbol(field+".Symbol", r.Symbol)
			k.symbol = r.Symbol
		}
		v.If(names[k.symbol], field+".Symbol", "another rule has %s", k.symbol)
		names[k.symbol] = true
		v.If(len(r.Servers) == 0, field+".Servers", "missing")
		for j, s := range r.Servers {
			if _, _, err := peer.Address(s); err != nil {
				v.Add(valid.At(field+".Servers", j), "%w", err)
			}
		}
		v.If(r.Timeout < 0, field+".Timeout", "%v is negative", r.Timeout)
		v.Number(field+".Tries", int64(r.Tries), 0, 10)
		v.Number(field+".MaxSize", int64(r.MaxSize), 0, 1<<30)
		v.Number(field+".Bulk", int64(r.Bulk), 0, many)
		v.If(r.Service != "" && r.Type != ICAP, field+".Service", "only ICAP has services")
		v.If(strings.ContainsFunc(r.Service, func(c rune) bool { return c <= ' ' || c >= 0x7f }), field+".Service", "%q is no path", r.Service)
		v.If(r.Bulk != 0 && r.Type != DCC, field+".Bulk", "only DCC counts reports")
	}
	return v.Err()
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

// A replyError is a reply that is none.
type replyError struct{ says string }

func (e *replyError) Error() string { return e.says }

func badReply(format string, args ...any) error { return &replyError{fmt.Sprintf(format, args...)} }

// maxReply bounds what a scanner may say.
const maxReply = 1 << 20

// exchange sends what is given, says that this is all, and returns the reply.
func exchange(c net.Conn, request ...[]byte) ([]byte, error) {
	buffers := net.Buffers(request)
	if _, err := buffers.WriteTo(c); err != nil {
		return nil, err
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return nil, err
		}
	}
	reply, err := io.ReadAll(io.LimitReader(c, maxReply+1))
	if err != nil {
		return nil, err
	}
	if len(reply) > maxReply {
		return nil, badReply("the reply is too long")
	}
	return reply, nil
}

// line makes a line of text that a sender may have chosen.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return -1
		}
		return r
	}, s)
}

func ipText(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}

// number reads a finite number of usual size.
func number(s string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil && f > -1e6 && f < 1e6
}
