package mail

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// An Address is one mailbox of an address list. Parsing is tolerant (groups,
// routes, comments, 8-bit, "a@b <c@d>"): Valid tells whether it was proper.
type Address struct {
	Name    string // display name, decoded; "" if none
	Comment string // text of RFC 5322 comments around it, decoded
	Group   string // name of the group it stands in, decoded
	User    string // local part, unquoted
	Domain  string // as written; of an address literal what stands in the brackets
	Addr    string // User@Domain; "" for an empty address
	Raw     string // the piece of the header it was read from
	Valid   bool   // RFC 5321 syntax, internationalized as RFC 6531; "<>" is valid
	Is8Bit  bool   // not Valid, with raw bytes above 0x7f in the address itself
	Quoted  bool   // local part was a quoted string
	Literal bool   // the domain is an address literal
}

// defaultAddresses bounds an address list when the caller gives no limit.
const defaultAddresses = 1000

// ParseAddress reads one SMTP path or mailbox, "<a@b>" or "a@b", by RFC 5321
// section 4.1.2 with source routes and RFC 6531 characters. What is not a
// path is still split at its last "@", with Valid false.
func ParseAddress(s string) Address {
	if a, ok := parsePath(s); ok {
		return a
	}
	return guessAddress(strings.Trim(s, asciiSpace))
}

// ParseAddressList reads a header's address list from its raw value, encoded
// words decoded after the structure was read. At most limit addresses are
// returned (0: 1,000). Semicolons separate like commas, as Rspamd 4.1.6 takes
// them, and end a group where one is open.
func ParseAddressList(value string, limit int) []Address {
	if limit <= 0 {
		limit = defaultAddresses
	}
	return parseList(value, limit, false, guesses(maxGuesses))
}

// lazyAddr holds the addresses of the header and the envelope once they were
// asked for.
type lazyAddress struct {
	headerOnce, envOnce                    sync.Once
	from, to, cc, bcc, replyTo, recipients []Address
	envFrom                                Address
	envRcpts                               []Address
}

// From returns the addresses of all From headers.
func (m *Message) From() []Address { return m.headerAddrs().from }

// To returns the addresses of all To headers; Cc, Bcc and ReplyTo likewise.
func (m *Message) To() []Address { return m.headerAddrs().to }

// Cc returns the addresses of all Cc headers.
func (m *Message) Cc() []Address { return m.headerAddrs().cc }

// Bcc returns the addresses of all Bcc headers.
func (m *Message) Bcc() []Address { return m.headerAddrs().bcc }

// ReplyTo returns the addresses of the first Reply-To header.
func (m *Message) ReplyTo() []Address { return m.headerAddrs().replyTo }

// Recipients returns To, Cc and Bcc together in the order of the headers, as
// Rspamd's mime recipients.
func (m *Message) Recipients() []Address { return m.headerAddrs().recipients }

func (m *Message) headerAddrs() *lazyAddress {
	l := &m.lazyAddress
	l.headerOnce.Do(func() { m.readAddrs(l) })
	return l
}

func (m *Message) readAddrs(l *lazyAddress) {
	h := m.Header()
	for _, f := range h.All("From") {
		if left := defaultAddresses - len(l.from); left > 0 {
			l.from = append(l.from, parseList(f.Value(), left, len(l.from) > 0, guesses(int(f.guesses)))...)
		}
	}
	if f := h.Get("Reply-To"); f != nil {
		l.replyTo = parseList(f.Value(), defaultAddresses, false, guesses(int(f.guesses)))
	}
	type list struct {
		into *[]Address
		f    *Field
	}
	var lists []list
	for _, f := range h.All("To") {
		lists = append(lists, list{&l.to, f})
	}
	for _, f := range h.All("Cc") {
		lists = append(lists, list{&l.cc, f})
	}
	for _, f := range h.All("Bcc") {
		lists = append(lists, list{&l.bcc, f})
	}
	slices.SortStableFunc(lists, func(a, b list) int { return cmp.Compare(a.f.off, b.f.off) })
	for _, e := range lists {
		left := defaultAddresses - len(l.recipients)
		if left <= 0 {
			break
		}
		as := parseList(e.f.Value(), left, len(l.recipients) > 0, guesses(int(e.f.guesses)))
		*e.into = append(*e.into, as...)
		l.recipients = append(l.recipients, as...)
	}
}
