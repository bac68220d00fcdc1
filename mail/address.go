package mail

// An Address is one mailbox of an address list. Parsing is tolerant (groups,
// routes, comments, 8-bit, "a@b <c@d>"): Valid tells whether it was proper.
type Address struct {
	Name   string // display name, decoded; "" if none
	User   string // local part, unquoted
	Domain string // as written
	Addr   string // User@Domain; "" for an empty address
	Raw    string // the piece of the header it was read from
	Valid  bool   // RFC 5321 syntax
	Is8Bit bool   // raw bytes above 0x7f in the address itself
	Quoted bool   // local part was a quoted string
}

// ParseAddress reads one SMTP path or mailbox, "<a@b>" or "a@b".
func ParseAddress(s string) Address { panic("todo") }

// ParseAddressList reads a header's address list from its raw value, encoded
// words decoded after the structure was read. At most limit addresses are
// returned (0: 1,000).
func ParseAddressList(value string, limit int) []Address { panic("todo") }

// From returns the addresses of all From headers.
func (m *Message) From() []Address { panic("todo") }

// To returns the addresses of all To headers; Cc, Bcc and ReplyTo likewise.
func (m *Message) To() []Address { panic("todo") }

// Cc returns the addresses of all Cc headers.
func (m *Message) Cc() []Address { panic("todo") }

// Bcc returns the addresses of all Bcc headers.
func (m *Message) Bcc() []Address { panic("todo") }

// ReplyTo returns the addresses of the first Reply-To header.
func (m *Message) ReplyTo() []Address { panic("todo") }

// Recipients returns To, Cc and Bcc together in the order of the headers, as
// Rspamd's mime recipients.
func (m *Message) Recipients() []Address { panic("todo") }

// EnvelopeFrom returns the parsed envelope sender; EnvelopeRcpts the parsed
// envelope recipients.
func (m *Message) EnvelopeFrom() Address { panic("todo") }

// EnvelopeRcpts returns the parsed envelope recipients.
func (m *Message) EnvelopeRcpts() []Address { panic("todo") }
