// Package hfilter looks at the names that a sending server and a sender give:
// HELO, the name by reverse DNS, the sender's domain. Names that providers
// make for their customers' lines, addresses in place of names and names that
// lead nowhere in DNS are not what mail servers use. It also knows messages
// that are little but links.
//
// Of mail from local and authenticated clients only the links are looked at.
package hfilter

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Options says what is looked at. The zero value is what Rspamd does by
// default: all but the host of the Message-ID.
type Options struct {
	// Off leaves the family out.
	Off bool
	// These leave something out of what is looked at.
	NoHelo, NoHostname, NoSender, NoRecipients, NoLinks bool
	// MessageID looks up the right-hand side of the Message-ID as if it were
	// the sender's domain.
	MessageID bool
	// CheckLocal and CheckAuthenticated also look at local clients and at those
	// that logged in.
	CheckLocal, CheckAuthenticated bool
}

// skips reports whether the client is one not to look at.
func (o Options) skips(t *checks.Task) bool {
	return t.Authenticated() && !o.CheckAuthenticated || relay.Of(t).Local && !o.CheckLocal
}

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"hfilter"}, Weight: weight, Doc: doc}
}

var (
	heloBadIP  = def("HFILTER_HELO_BADIP", 4.5, "HELO is an IP address that no server on the Internet has")
	heloBareIP = def("HFILTER_HELO_BAREIP", 3, "HELO is an IP address")
	helo1      = def("HFILTER_HELO_1", 0.5, "HELO is hardly, but somewhat like a customer's line")
	helo2      = def("HFILTER_HELO_2", 1, "HELO is a little like the name of a customer's line")
	helo3      = def("HFILTER_HELO_3", 2, "HELO is like the name of a customer's line")
	helo4      = def("HFILTER_HELO_4", 2.5, "HELO is much like the name of a customer's line")
	helo5      = def("HFILTER_HELO_5", 3, "HELO is the name of a customer's line, or no name for the Internet")

	host1       = def("HFILTER_HOSTNAME_1", 0.5, "the client's name is hardly, but somewhat like a customer's line")
	host2       = def("HFILTER_HOSTNAME_2", 1, "the client's name is a little like that of a customer's line")
	host3       = def("HFILTER_HOSTNAME_3", 2, "the client's name is like that of a customer's line")
	host4       = def("HFILTER_HOSTNAME_4", 2.5, "the client's name is much like that of a customer's line")
	host5       = def("HFILTER_HOSTNAME_5", 3, "the client's name is that of a customer's line")
	hostUnknown = def("HFILTER_HOSTNAME_UNKNOWN", 2.5, "the client has no name")

	bounce     = def("HFILTER_FROM_BOUNCE", 0, "nothing is known about the sender but HELO")
	bounceMany = def("HFILTER_RCPT_BOUNCEMOREONE", 1.5, "a bounce has more than one recipient")

	urlOnly    = def("HFILTER_URL_ONLY", 2.2, "the text is little but links")
	urlOneLine = def("HFILTER_URL_ONELINE", 2.5, "the text is two lines of links")

	heloVerdict = verdict{
		notFQDN:   def("HFILTER_HELO_NOT_FQDN", 2, "HELO is no full domain name"),
		noAddress: def("HFILTER_HELO_NORES_A_OR_MX", 0.3, "HELO has neither address nor mail server"),
		deadMX:    def("HFILTER_HELO_NORESOLVE_MX", 0.2, "HELO has no address and its mail server has none"),
		otherIP:   def("HFILTER_HELO_IP_A", 1, "HELO does not lead to the client's address"),
	}
	fromVerdict = verdict{
		notFQDN:   def("HFILTER_FROMHOST_NOT_FQDN", 3, "the sender's domain is no full domain name"),
		noAddress: def("HFILTER_FROMHOST_NORES_A_OR_MX", 1.5, "the sender's domain has neither address nor mail server"),
		deadMX:    def("HFILTER_FROMHOST_NORESOLVE_MX", 0.5, "the sender's domain has no address and its mail server has none"),
	}
	midVerdict = verdict{
		notFQDN:   def("HFILTER_MID_NOT_FQDN", 0.5, "the host in Message-ID is no full domain name"),
		noAddress: def("HFILTER_MID_NORES_A_OR_MX", 0.5, "the host in Message-ID has neither address nor mail server"),
		deadMX:    def("HFILTER_MID_NORESOLVE_MX", 0.5, "the host in Message-ID has no address and its mail server has none"),
	}
)

// Validate returns what is wrong with the options: if they leave nothing to
// look at, Off has to be set instead.
func (o Options) Validate() error {
	v := valid.Of("hfilter")
	nothing := o.NoHelo && o.NoHostname && o.NoSender && o.NoRecipients && o.NoLinks && !o.MessageID
	v.If(nothing && !o.Off, "Off", "nothing is left to look at, set it")
	return v.Err()
}

// New returns the family: one check for each step of the SMTP dialogue.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "hfilter", Doc: "names of clients and senders, texts that are little but links", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	add := func(c *checks.Check) { f.Checks = append(f.Checks, c) }
	if !o.NoHelo || !o.NoHostname {
		add(clientCheck(o))
	}
	if !o.NoSender {
		add(&checks.Check{
			Name:     "hfilter-sender",
			Doc:      "the sender's domain",
			Symbols:  append(fromVerdict.symbols(), bounce),
			Requires: checks.Facts(relay.Fact),
			Needs:    checks.Needs{DNS: true, Queries: maxQueries, Phase: checks.MailFrom},
			Run:      func(ctx context.Context, t *checks.Task) error { return runSender(ctx, t, o) },
		})
	}
	if !o.NoRecipients {
		add(&checks.Check{
			Name:     "hfilter-recipients",
			Doc:      "bounces to many",
			Symbols:  []*symbols.Def{bounceMany},
			Requires: checks.Facts(relay.Fact),
			Needs:    checks.Needs{Phase: checks.Rcpt},
			Run:      func(_ context.Context, t *checks.Task) error { return runRecipients(t, o) },
		})
	}
	if o.MessageID {
		add(&checks.Check{
			Name:     "hfilter-messageid",
			Doc:      "the host in Message-ID",
			Symbols:  midVerdict.symbols(),
			Requires: checks.Facts(relay.Fact),
			Needs:    checks.Needs{DNS: true, Queries: maxQueries},
			Run:      func(ctx context.Context, t *checks.Task) error { return runMessageID(ctx, t, o) },
		})
	}
	if !o.NoLinks {
		add(&checks.Check{
			Name:    "hfilter-links",
			Doc:     "texts that are little but links",
			Symbols: []*symbols.Def{urlOnly, urlOneLine},
			Run:     runLinks,
		})
	}
	return f
}

func clientCheck(o Options) *checks.Check {
	words := newHostWords()
	c := &checks.Check{
		Name:     "hfilter-client",
		Doc:      "HELO and the client's name",
		Requires: checks.Facts(relay.Fact, rdns.Fact),
		Needs:    checks.Needs{Phase: checks.MailFrom},
		Run:      func(ctx context.Context, t *checks.Task) error { return runClient(ctx, t, o, words) },
	}
	if !o.NoHelo {
		c.Needs.DNS, c.Needs.Queries = true, maxQueries
		c.Symbols = append(heloVerdict.symbols(), heloBadIP, heloBareIP, helo1, helo2, helo3, helo4, helo5)
	}
	if !o.NoHostname {
		c.Symbols = append(c.Symbols, host1, host2, host3, host4, host5, hostUnknown)
	}
	return c
}

// runClient weighs HELO and the client's name; the heavier one counts, HELO
// when they are equal.
func runClient(ctx context.Context, t *checks.Task, o Options, words *hostWords) error {
	if o.skips(t) {
		return nil
	}
	c := relay.Of(t)
	heloWeight, hostWeight := 0, 0
	helo := stripBrackets(c.Helo)
	if !o.NoHelo {
		heloWeight = weighClientHelo(ctx, t, words, c, helo)
	}
	name := rdns.Name(t)
	if !o.NoHostname {
		if name != "" {
			hostWeight, _ = words.weigh(name)
		} else if rdns.Unknown(t) {
			t.Hit(hostUnknown)
		}
	}
	switch {
	case heloWeight > 0 && heloWeight >= hostWeight:
		t.Hit([]*symbols.Def{helo1, helo2, helo3, helo4, helo5}[heloWeight-1], helo)
	case hostWeight > 0:
		t.Hit([]*symbols.Def{host1, host2, host3, host4, host5}[hostWeight-1], name)
	}
	return nil
}

// weighClientHelo raises what is wrong about HELO; a HELO without weight is
// looked up.
func weighClientHelo(ctx context.Context, t *checks.Task, words *hostWords, c relay.Client, helo string) int {
	if c.Helo == localClient {
		return 0
	}
	switch classify(helo) {
	case badIP:
		t.Hit(heloBadIP, helo, "1")
	case bareIP:
		t.Hit(heloBareIP, helo, "1")
	case aName:
		if w := words.weighHelo(helo); w > 0 {
			return w
		}
		if c.IP.IsValid() {
			heloVerdict.judge(ctx, t, helo, c.IP)
		}
	}
	return 0
}

// runSender looks up the domain of the envelope sender. As in Rspamd, a message
// counts as a bounce only if the envelope says nothing about the sender; a null
// sender says something.
func runSender(ctx context.Context, t *checks.Task, o Options) error {
	if o.skips(t) {
		return nil
	}
	c := relay.Of(t)
	from := t.Message().EnvelopeFrom()
	if !from.Valid && from.Raw == "" {
		if !o.NoHelo && c.Helo != "" && c.Helo != localClient {
			t.Hit(bounce, stripBrackets(c.Helo))
		}
		return nil
	}
	if _, host, ok := strings.Cut(from.Addr, "@"); ok && host != "" && !strings.Contains(host, "@") {
		fromVerdict.judge(ctx, t, host, netip.Addr{})
	}
	return nil
}

// runRecipients counts the recipients of bounces: mail of the null sender and
// of postmasters.
func runRecipients(t *checks.Task, o Options) error {
	if o.skips(t) {
		return nil
	}
	from := t.Message().EnvelopeFrom()
	if from.Addr != "" && from.User != "postmaster" {
		return nil
	}
	n := len(t.Message().EnvelopeRcpts())
	if n == 0 {
		n = len(t.Message().Recipients())
	}
	if n > 1 {
		t.Hit(bounceMany, strconv.Itoa(n))
	}
	return nil
}

func runMessageID(ctx context.Context, t *checks.Task, o Options) error {
	f := t.Message().Header().Get("message-id")
	if f == nil || o.skips(t) {
		return nil
	}
	parts := strings.SplitN(strings.Trim(strings.TrimSpace(mail.StripComments(f.Text())), "<>"), "@", 3)
	if len(parts) != 2 || slices.Contains(parts, "") || strings.Contains(parts[1], "local") {
		return nil
	}
	midVerdict.judge(ctx, t, parts[1], netip.Addr{})
	return nil
}
