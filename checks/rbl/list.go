package rbl

import (
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// A What is something of a message that a list can be asked about. Its text
// stands in a hit's options after the value, "url" and "email" for the plural
// ones.
type What string

// What can be asked.
const (
	From         What = "from"         // the client's address
	Received     What = "received"     // addresses in Received headers
	HELO         What = "helo"         // the client's greeting
	RDNS         What = "rdns"         // the client's name by reverse DNS
	DKIM         What = "dkim"         // domains whose signature is good
	URLs         What = "urls"         // hosts of URLs, those of images apart
	Images       What = "images"       // hosts of images' URLs, with URLs or alone
	ContentURLs  What = "content_urls" // hosts of URLs in documents (PDF), with URLs or alone
	NumericURLs  What = "numeric_urls" // of the URLs only those whose host is an address
	Emails       What = "emails"       // addresses in the text
	ReplyTo      What = "replyto"      // the first address of Reply-To
	EnvelopeFrom What = "from_smtp"    // the envelope sender
	HeaderFrom   What = "from_mime"    // the first address of From
	MessageID    What = "mid"          // the domain of Message-ID
)

const selected What = "" // in list.order: what Selectors give

// label returns the name that options have for w.
func (w What) label() string {
	switch w {
	case URLs, Images, ContentURLs, NumericURLs:
		return "url"
	case Emails:
		return "email"
	}
	return string(w)
}

// A Code says which answers raise a symbol.
type Code struct {
	Symbol string
	// Answers are addresses whose octets may be ranges and alternatives:
	// "127.0.0.2", "127.0.0.4-7", "127.0.0-9,11-255.3", "127.0.10.*".
	Answers []string
	// Bits raise the symbol when all bits of one of them are set in the
	// answer, read as a number: 8 for 127.0.0.8 and 127.0.0.12.
	Bits []uint32
	// Patterns are regular expressions over the answer's text, anywhere in it.
	Patterns []string
	// Blocked says that the list refuses to answer this resolver: it has
	// asked too much, or is an open one. Such an answer lists nothing.
	Blocked bool
}

// A Sum is a hash function.
type Sum string

// The hash functions, named as in Rspamd. Blake2 is BLAKE2b-512.
const (
	MD5    Sum = "md5"
	SHA1   Sum = "sha1"
	SHA256 Sum = "sha256"
	SHA384 Sum = "sha384"
	SHA512 Sum = "sha512"
	Blake2 Sum = "blake2"
)

// A Format is a way to write a hash.
type Format string

// The formats; Hex is the default. Base32 is Rspamd's own.
const (
	Hex    Format = "hex"
	Base32 Format = "base32"
	Base64 Format = "base64"
)

// A Hash says how a list hides what it lists. The zero value does not hash.
type Hash struct {
	Sum    Sum
	Format Format
	Length int // characters kept, 0: all
}

// A Selector asks a list about values of the operator's choice.
type Selector struct {
	Label string // what options call it
	// Select is a selector (package checks/selector) that gives what to ask; Values is
	// a function that does, in its place. It must depend on the task alone.
	Select string
	Values func(*checks.Task) []string `json:"-"`
}

// Hops narrows down which Received headers count. Positions begin with 1 at
// the newest header; negative ones count from the oldest, which is -1.
type Hops struct {
	Min, Max int // 0: no bound
	// With and Without are facts about a hop: "ssl", "authenticated".
	With, Without []string
}

// A List is one DNS list: what it is asked, and what its answers mean. Fields
// are named after Rspamd's options of module rbl.
type List struct {
	// Name is the list's name in Options.Without and in files, Rspamd's where
	// there is one; "" means Symbol. It is unique.
	Name string
	// Symbol is raised by the list: hits of answers without a code, its failures
	// (Symbol_FAIL). It is unique.
	Symbol string
	// Zone is the domain the list answers under. A label in braces stands for
	// a key of Options.Keys.
	Zone string
	// Checks says what is asked; empty means From.
	Checks    []What
	Selectors []Selector
	// Codes say what answers mean; without any, every answer raises Symbol.
	Codes []Code
	// Unknown raises Symbol for an answer that no code knows.
	Unknown bool
	// Prefixes change symbols by what was asked: with From = "RBL", code
	// symbol "X" becomes "RBL_X".
	Prefixes map[What]string
	// Symbols describes the symbols that the list raises, prefixes included.
	// One that is not described gets weight 0 and group rbl.
	Symbols []symbols.Def

	NoIPv4, NoIPv6 bool // not asked about such addresses
	// NoIP leaves out URLs whose host is an address.
	NoIP bool
	// FullHost asks about whole host names of URLs and addresses instead of
	// their registrable domains.
	FullHost bool
	// Compose are rules for domains below which strangers have names: with
	// "x.example" one label more than these is asked about, with
	// "*.x.example" the whole host, with "!x.example" the registrable domain
	// all the same.
	Compose []string
	Hash    Hash
	// DomainOnly asks about the domains of mail addresses, not the addresses;
	// Delimiter stands for "@" otherwise: "." by default, "@" with Hash.
	DomainOnly bool
	Delimiter  string
	// DKIMDomainOnly reduces signing domains to registrable ones; DKIMMatchFrom
	// asks only about a signing domain that is that of the first From address.
	DKIMDomainOnly, DKIMMatchFrom bool
	Hops                          Hops
	// ResolveIP asks about the addresses that a name has instead of the name.
	ResolveIP bool

	// White makes the list's symbols, those of Except apart, keep other lists
	// from being asked about the same value for the same reason.
	White  bool
	Except []string
	// Known are domains that the list is not asked about, beside Options.Known.
	Known []string
	// IgnoreWhite asks in spite of white lists and known domains,
	// IgnoreKnown in spite of known domains.
	IgnoreWhite, IgnoreKnown bool
	// ExcludeUsers and ExcludeLocal leave out mail of users that logged in
	// and from the host's own networks; ExcludeLocal also the host's own
	// addresses in Received headers.
	ExcludeUsers, ExcludeLocal bool
	// Limit bounds the questions of one message; 0 means 64.
	Limit int

	// NoMonitoring leaves the list out of the health checks.
	NoMonitoring bool
	// Listed and Unlisted are the keys of the health check: what the list
	// must list and must not. Empty means as RFC 5782 section 5 has it:
	// 127.0.0.2 and 127.0.0.1, "test" and "invalid" for a list of names. "-"
	// means that there is none.
	Listed, Unlisted string

	// changed tells that files changed a built-in list: it may describe symbols that it
	// raises no more.
	changed bool
}

// DefaultLimit is the default of List.Limit, Rspamd's limit for a message.
const DefaultLimit = 64
