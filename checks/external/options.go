package external

import (
	"context"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/peer"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
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
	// Name is the scanner's name as people read it, ${SCANNER} of Message; "" means
	// the type.
	Name string `json:",omitempty"`
	// Action is what a finding asks for; "" means none. Other than reject it is a
	// minimum. Message is the text of the SMTP reply, in which ${SCANNER} and
	// ${VIRUS} stand for the names; "" means DefaultMessage.
	Action  actions.Action `json:",omitempty"`
	Message string         `json:",omitempty"`
	// Ignore are findings, as options of symbols have them, that are none.
	Ignore []string `json:",omitempty"`
	// MaxSize is the most bytes of a message or part that are sent; what is
	// larger is not looked at, which a note says. 0 means 512 KiB for whole
	// messages, 20 MiB for parts. What has fewer bytes than MinSize is not sent.
	MaxSize int
	MinSize int `json:",omitempty"`
	// Whole has ICAP and Oletools look at the message instead of its parts.
	Whole bool `json:",omitempty"`
	// Expire is how long the Scanner's store keeps what was said of some bytes, or
	// of a client; 0 means the type's own time (Types), negative that it keeps
	// nothing. DCC and Rspamd, which look at the envelope too, are always asked.
	Expire time.Duration
	// Service is the path of an ICAP server's service, "" meaning "scan".
	Service string
	// Local and Authenticated say whether mail of the own networks and of users
	// is looked at too.
	Local, Authenticated bool
	// Extended has Oletools report all macros with a word that starts them or is
	// suspicious: first letters for what olevba found, then the words.
	Extended bool
	// Patterns give findings a symbol of their own, by the options that the rule's
	// symbol has else; the first that matches counts. P0F, ICAP and Oletools have
	// such findings.
	Patterns []Pattern
	// Bulk is from how many reports on DCC calls a checksum bulk; 0 means
	// 999,999, which is also what "many" counts. Fuz1 and Fuz2 are the same for
	// the checksums of these names; 0 means Bulk.
	Bulk       int
	Fuz1, Fuz2 int `json:",omitempty"`
}

// DefaultMessage is Rule.Message's.
const DefaultMessage = `${SCANNER}: threat found: "${VIRUS}"`

// A Pattern gives findings that match Regexp a symbol.
type Pattern struct{ Symbol, Regexp string }

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
	P0F          Type = "p0f"          // p0f's socket for queries, about the connected client
)

// kind is what the types differ by.
type kind struct {
	symbol, doc string
	parts       func(*mail.Part) bool // which parts are sent; nil: the message is
	client      bool                  // the client is asked about, not the message
	named       bool                  // each option is a finding
	expire      time.Duration         // how long an answer holds; 0: it depends on more than the bytes
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
		SpamAssassin: {symbol: "SPAMD", doc: "SpamAssassin's score of the message", expire: time.Hour, ask: askSpamd},
		Rspamd:       {symbol: "RSPAMD", doc: "another Rspamd's score of the message", ask: askRspamd},
		ICAP: {symbol: "ICAP", doc: "an ICAP server found something in an attachment", parts: attached, named: true, expire: time.Hour,
			ask: askICAP},
		DCC:   {symbol: "DCC_REJECT", doc: "DCC would refuse the message", ask: askDCC},
		Pyzor: {symbol: "PYZOR", doc: "others reported the message to Pyzor", expire: 2 * time.Hour, ask: askPyzor},
		Razor: {symbol: "RAZOR", doc: "others reported the message to Razor", expire: 2 * time.Hour, ask: askRazor},
		Oletools: {symbol: "OLETOOLS", doc: "an office file has macros that start by themselves and look suspicious", parts: office, named: true,
			expire: 24 * time.Hour, ask: askOlefy},
		P0F: {symbol: "P0F", doc: "what system the client runs, by its packets", client: true, named: true, expire: 2 * time.Hour, ask: askP0F},
	}
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
		peer.Validate(v, field, r.Servers, r.Timeout, r.Tries, r.MaxSize)
		v.Number(field+".Bulk", int64(r.Bulk), 0, many)
		v.Number(field+".Fuz1", int64(r.Fuz1), 0, many)
		v.Number(field+".Fuz2", int64(r.Fuz2), 0, many)
		v.If(r.Action == actions.NoAction, field+".Action", "%q changes nothing, leave it empty", r.Action)
		v.If(r.MinSize < 0, field+".MinSize", "%d is negative", r.MinSize)
		v.If(r.Whole && ok && k.parts == nil, field+".Whole", "%s looks at the whole message anyway", r.Type)
		v.If(r.Service != "" && r.Type != ICAP, field+".Service", "only ICAP has services")
		v.If(strings.ContainsFunc(r.Service, func(c rune) bool { return c <= ' ' || c >= 0x7f }), field+".Service", "%q is no path", r.Service)
		v.If(r.Expire > 0 && ok && k.expire == 0, field+".Expire", "the answers of %s are about more than the bytes", r.Type)
		v.If(r.Extended && r.Type != Oletools, field+".Extended", "only olevba reports more")
		v.If(len(r.Patterns) > 0 && ok && !k.named, field+".Patterns", "%s names no findings", r.Type)
		for j, p := range r.Patterns {
			at := valid.At(field+".Patterns", j)
			v.Symbol(at+".Symbol", p.Symbol)
			v.If(names[p.Symbol] || p.Symbol == k.symbol+"_FAIL", at+".Symbol", "%s says something else", p.Symbol)
			if _, err := regexp.Compile(p.Regexp); err != nil {
				v.Add(at+".Regexp", "%w", err)
			}
		}
		for _, p := range r.Patterns {
			names[p.Symbol] = true
		}
		v.If((r.Bulk != 0 || r.Fuz1 != 0 || r.Fuz2 != 0) && r.Type != DCC, field+".Bulk", "only DCC counts reports")
	}
	return v.Err()
}
