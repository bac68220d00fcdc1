package rbl

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/idn"
	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// An item is one value of a message that a list is asked about.
type item struct {
	what  What
	value string // as options show it
	key   string // as the question begins, before hashing
}

// option is what a hit says of the value.
func (i item) option() string { return i.value + ":" + i.what.label() }

// isIPv6 tells values of which Rspamd looks up what stands before the first
// colon in the results of white lists, and so finds none.
func (i item) isIPv6() bool { return strings.Contains(i.value, ":") }

// A subject is one message as lists see it; what several lists ask about is
// found once.
type subject struct {
	t       *checks.Task
	half    half
	client  relay.Client
	clientT string // the client's address as text
	clientK string // and reversed
	hops    []hop
	seen    bool // hops is filled in
	rdns    string
	signers []string // domains of good signatures
	urls    []chosenURLs
	mails   [2]*[]*mail.URL // all, and one of each registrable domain
	mid     string
	midSeen bool
	free    []request // room for requests
	items1  []item    // room for their first items
	names   strings.Builder
}

// request returns a new request with room for one item.
func (s *subject) request() *request {
	if len(s.free) == 0 {
		room := s.half.usual()
		s.free, s.items1 = make([]request, room), make([]item, room)
	}
	r := &s.free[0]
	r.items = s.items1[:0:1]
	s.free, s.items1 = s.free[1:], s.items1[1:]
	return r
}

// name returns labels and suffix put together. Names share memory, which is
// made for many at once.
func (s *subject) name(labels, suffix string) string {
	need := len(labels) + len(suffix)
	if s.names.Cap()-s.names.Len() < need {
		room := 1 << 10
		if s.half.client {
			room = 1 << 8
		}
		s.names.Reset()
		s.names.Grow(max(room, need))
	}
	start := s.names.Len()
	s.names.WriteString(labels)
	s.names.WriteString(suffix)
	return s.names.String()[start:]
}

func newSubject(t *checks.Task, h half) *subject {
	s := &subject{t: t, half: h, client: relay.Of(t), rdns: strings.TrimSuffix(rdns.Name(t), ".")}
	s.client.IP = s.client.IP.Unmap()
	if s.client.IP.IsValid() {
		s.clientT, s.clientK = s.client.IP.String(), resolver.ReverseLabels(s.client.IP)
	}
	if h.client {
		return s
	}
	sigs, _ := dkim.Fact.Get(t)
	for _, sig := range sigs {
		if d := domain(sig.Domain); sig.Status == "pass" && !sig.Ignored && !slices.Contains(s.signers, d) {
			s.signers = append(s.signers, d)
		}
	}
	return s
}

// items calls add for what the half asks the list, in the list's order.
func (s *subject) items(l *list, add func(item)) {
	plain := func(w What, value string) {
		if value != "" {
			add(item{w, value, value})
		}
	}
	for _, w := range l.order {
		if !s.half.wants(l, w) {
			continue
		}
		switch w {
		case From:
			if l.takes(s.client.IP) {
				add(item{From, s.clientT, s.clientK})
			}
		case RDNS:
			if s.rdns != "unknown" {
				plain(RDNS, domain(s.rdns))
			}
		case HELO:
			plain(HELO, domain(s.client.Helo))
		case Received:
			s.received(l, add)
		case URLs:
			s.links(l, plain)
		case Emails:
			s.mailboxes(l, plain)
		default:
			s.header(l, w, plain)
		}
	}
}

// header adds what the fields of the message and the envelope say.
func (s *subject) header(l *list, w What, plain func(What, string)) {
	switch w {
	case DKIM:
		s.signed(l, plain)
	case EnvelopeFrom:
		plain(EnvelopeFrom, l.sender(aliases.EnvelopeFrom(s.t)))
	case HeaderFrom:
		if from := aliases.From(s.t); len(from) > 0 {
			plain(HeaderFrom, l.sender(from[0]))
		}
	case MessageID:
		plain(MessageID, l.cased(domain(s.messageID())))
	case ReplyTo:
		if a := s.t.Message().ReplyTo(); len(a) > 0 && a[0].Addr != "" {
			plain(ReplyTo, l.mailbox(a[0].User, a[0].Domain))
		}
	case selected:
		for _, sel := range l.selectors {
			for _, v := range sel.Values(s.t) {
				plain(What(sel.Label), v)
			}
		}
	}
}

// links adds the hosts of URLs.
func (s *subject) links(l *list, plain func(What, string)) {
	for _, u := range s.chosen(l.kind, l.limit) {
		var key string
		if u.Flags&mail.URLNumeric != 0 {
			ip, _ := netip.ParseAddr(u.Host)
			key = resolver.ReverseLabels(ip)
		}
		if key == "" {
			key = l.hostOf(u)
		}
		plain(URLs, key)
	}
}

// mailboxes adds the addresses in the text.
func (s *subject) mailboxes(l *list, plain func(What, string)) {
	for _, u := range s.addresses(l.DomainOnly && len(l.compose) == 0, l.limit) {
		domain := u.Host
		if l.DomainOnly {
			domain = l.hostOf(u)
		}
		plain(Emails, l.mailbox(u.User, domain))
	}
}

// hostOf returns what of a URL's host the list is asked about.
func (l *list) hostOf(u *mail.URL) string {
	switch {
	case len(l.compose) > 0:
		return l.compose.of(u.Host, u.TLD)
	case l.FullHost:
		return u.Host
	}
	return u.TLD
}

// takes reports whether a list is asked about addresses of ip's family.
func (l *list) takes(ip netip.Addr) bool {
	return ip.Is4() && !l.NoIPv4 || ip.Is6() && !l.NoIPv6
}

// mailbox writes an address of the text as the list has it, "" if it lacks a
// half.
func (l *list) mailbox(user, domain string) string {
	user, domain = mailbox(user, domain)
	switch {
	case user == "" || domain == "":
		return ""
	case l.DomainOnly:
		return domain
	}
	return user + l.Delimiter + domain
}

// sender writes a sender's address, or its domain, "" if it is not proper.
func (l *list) sender(a mail.Address) string {
	if !a.Valid || a.Literal {
		return ""
	}
	if l.DomainOnly {
		return l.cased(domain(a.Domain))
	}
	return a.Key()
}

// domain returns a domain name in ASCII, as lists have it (RFC 5782 section
// 4), or the text itself if it is none.
func domain(name string) string {
	if ascii, ok := idn.ToASCII(name); ok {
		return ascii
	}
	return name
}

// cased lower-cases what is going to be hashed; in names, case does not matter.
func (l *list) cased(s string) string {
	if l.Hash.Sum != "" {
		return strings.ToLower(s)
	}
	return s
}

// signed adds the domains of good signatures.
func (s *subject) signed(l *list, plain func(What, string)) {
	var from string
	if l.DKIMMatchFrom {
		a := aliases.From(s.t)
		if len(a) == 0 {
			return
		}
		from = l.registrable(a[0].DomainKey())
	}
	for _, d := range s.signers {
		if l.DKIMDomainOnly || l.DKIMMatchFrom {
			d = l.registrable(d)
		}
		if !l.DKIMMatchFrom || idn.Same(d, from) {
			plain(DKIM, d)
		}
	}
}

// registrable returns the domain that someone registered, the host itself
// where there is none or the list wants whole names.
func (l *list) registrable(host string) string {
	d, ok := publicsuffix.ESLD(host)
	switch {
	case ok && len(l.compose) > 0:
		return l.compose.of(strings.ToLower(host), d)
	case ok && !l.FullHost:
		return d
	}
	return host
}

// messageID returns what stands right of "@" in Message-ID, unless it is an
// address literal.
func (s *subject) messageID() string {
	if !s.midSeen {
		s.midSeen = true
		id := s.t.Message().Header().Text("message-id")
		if i := strings.IndexByte(id, '@'); i >= 0 {
			if end := strings.LastIndexByte(id, '>'); end > i && id[i+1] != '[' {
				s.mid = id[i+1 : end]
			}
		}
	}
	return s.mid
}
