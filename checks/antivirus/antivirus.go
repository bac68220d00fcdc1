// Package antivirus has clamd look for viruses, in the whole message as it was
// received or in its attachments. It is antivirus of Rspamd 4.1.6 with the type
// clamav; nothing is asked until the options name servers.
//
// A finding raises the rule's symbol, or that of the first pattern which the
// virus's name matches, and asks for the rule's action. What clamd calls encrypted
// or full of macros (its options AlertEncrypted and AlertOLE2Macros) has symbols of
// its own. Where no server answers, or clamd refuses, the rule's _FAIL symbol
// says so, and OnFail decides what becomes of the message: by default nothing. No
// symbol has a weight; winnow.Layer.Weights gives them one.
//
// What was found in some bytes, and that nothing was, is kept in the Scanner's
// store for a while. Connections are kept open for the next message (clamd's
// IDSESSION). The servers' answers are part of a transcript.
package antivirus

import (
	"context"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/peer"
	"github.com/winnowmail/winnow/internal/valid"
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
	// Name is the scanner's name as people read it, ${SCANNER} of Message; ""
	// means "clamav". Names, in lower case, are unique: what the store keeps has
	// them in its keys.
	Name string
	// Symbol is what a finding raises; "" means CLAM_VIRUS. With _FAIL, _ENCRYPTED
	// and _MACRO at its end it names the other outcomes.
	Symbol string
	// Servers are addresses of servers that do the same, "host:port" or
	// "unix:/path".
	Servers []string
	// Timeout bounds one try; 0 means 3 s. The scan's own Timeout holds all the
	// same: where it ends first the check was cut off and no _FAIL is raised.
	Timeout time.Duration
	// Tries is how often it is asked at most, each time at the next server; 0
	// means 2.
	Tries int
	// MaxSize is the most bytes of a message or part that are sent; what is
	// larger is not looked at, which a note says. It should be no more than clamd's
	// StreamMaxLength. 0 means 25,000,000.
	MaxSize int

	// Whole sends the message as it was received, which clamd takes apart itself.
	// Otherwise it gets the attachments, each decoded, and, where Text and Images
	// say so, texts that are shown and pictures. 32 parts are sent at most.
	Whole, Text, Images bool

	// Action is what a finding asks for; "" means none. Other than reject it is a
	// minimum.
	Action actions.Action
	// Message is the text of the SMTP reply, in which ${SCANNER} and ${VIRUS} stand
	// for the names; "" means `${SCANNER}: virus found: "${VIRUS}"`.
	Message string
	// OnFail is the least action where there is no answer, such as
	// actions.SoftReject; "" means none.
	OnFail actions.Action

	// Patterns choose a symbol by the virus's name; the first that matches counts.
	Patterns []Pattern
	// Ignore are names of viruses that are none.
	Ignore []string
	// Expire is how long the store keeps what was found; 0 means an hour, negative
	// that it keeps nothing.
	Expire time.Duration
}

// A Pattern gives viruses whose name matches Regexp a symbol of their own.
type Pattern struct{ Symbol, Regexp string }

// The defaults of a Rule.
const (
	DefaultName    = "clamav"
	DefaultSymbol  = "CLAM_VIRUS"
	DefaultTimeout = 3 * time.Second
	DefaultMaxSize = 25_000_000
	DefaultMessage = `${SCANNER}: virus found: "${VIRUS}"`
	DefaultExpire  = time.Hour
)

// Mailserver is docker-mailserver's rule: the whole message, rejected with its
// reply.
func Mailserver(servers ...string) Rule {
	return Rule{Name: "ClamAV", Servers: servers, Whole: true, Action: actions.Reject, Message: `${SCANNER} FOUND VIRUS "${VIRUS}"`}
}

// ParseServers makes options of a program's flag: Mailserver's rule for the servers,
// which stand between commas; "" means none.
func ParseServers(list string) (o Options, err error) {
	if list == "" {
		return o, nil
	}
	servers := strings.Split(list, ",")
	for _, s := range servers {
		if _, _, err := peer.Address(s); err != nil {
			return o, err
		}
	}
	o.Rules = []Rule{Mailserver(servers...)}
	return o, nil
}

func (r Rule) withDefaults() Rule {
	or := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	or(&r.Name, DefaultName)
	or(&r.Symbol, DefaultSymbol)
	or(&r.Message, DefaultMessage)
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	if r.MaxSize == 0 {
		r.MaxSize = DefaultMaxSize
	}
	if r.Expire == 0 {
		r.Expire = DefaultExpire
	}
	return r
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "antivirus", Doc: "viruses that clamd finds", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	for _, r := range o.Rules {
		f.Checks = append(f.Checks, newScanner(r.withDefaults(), o.Dial).check())
	}
	return f
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("antivirus")
	names, raised := map[string]bool{}, map[string]bool{}
	for i, r := range o.Rules {
		field := valid.At("Rules", i)
		r.validate(v, field)
		r = r.withDefaults()
		name := strings.ToLower(r.Name)
		v.If(names[name], field+".Name", "another rule is %q", r.Name)
		names[name] = true
		own := map[string]bool{r.Symbol: true, r.Symbol + "_FAIL": true, r.Symbol + "_ENCRYPTED": true, r.Symbol + "_MACRO": true}
		for j, p := range r.Patterns {
			v.Symbol(valid.At(field+".Patterns", j)+".Symbol", p.Symbol)
			v.If(own[p.Symbol] && p.Symbol != r.Symbol, valid.At(field+".Patterns", j)+".Symbol", "%s says something else", p.Symbol)
		}
		for _, p := range r.Patterns {
			own[p.Symbol] = true
		}
		for s := range own {
			v.If(raised[s], field+".Symbol", "another rule has %s", s)
			raised[s] = true
		}
	}
	return v.Err()
}

func (r *Rule) validate(v *valid.Fields, field string) {
	if r.Symbol != "" {
		v.Symbol(field+".Symbol", r.Symbol)
	}
	v.If(strings.ContainsFunc(r.Name, func(c rune) bool { return c < ' ' || c > '~' }) || len(r.Name) > 64, field+".Name", "%q is no name", r.Name)
	peer.Validate(v, field, r.Servers, r.Timeout, r.Tries, r.MaxSize)
	v.If(r.Whole && (r.Text || r.Images), field+".Whole", "the message has its texts and images already")
	for _, a := range []struct {
		field  string
		action actions.Action
	}{{".Action", r.Action}, {".OnFail", r.OnFail}} {
		v.If(a.action == actions.NoAction, field+a.field, "%q changes nothing, leave it empty", a.action)
		v.If(actions.Parse(string(a.action)) != a.action, field+a.field, "it is written %q", actions.Parse(string(a.action)))
	}
	if _, err := expand(r.Message, "", ""); err != nil {
		v.Add(field+".Message", "%w", err)
	}
	for j, p := range r.Patterns {
		if _, err := regexp.Compile(p.Regexp); err != nil {
			v.Add(valid.At(field+".Patterns", j)+".Regexp", "%w", err)
		}
	}
	v.Words(field+".Ignore", r.Ignore)
}

// defs are the symbols of a rule.
type defs struct {
	found, failed, encrypted, macro *symbols.Def
	patterns                        []*symbols.Def // of Patterns; equal names share one
}

func newDefs(r *Rule) (d defs, all []*symbols.Def) {
	def := func(name, doc string) *symbols.Def {
		for _, known := range all {
			if known.Name == name {
				return known
			}
		}
		n := &symbols.Def{Name: name, Groups: []string{"antivirus"}, Doc: doc}
		all = append(all, n)
		return n
	}
	d.found = def(r.Symbol, "clamd found a virus")
	d.encrypted = def(r.Symbol+"_ENCRYPTED", "clamd found something encrypted")
	d.macro = def(r.Symbol+"_MACRO", "clamd found an office file with macros")
	d.failed = def(r.Symbol+"_FAIL", "clamd did not look at the message, or not at all of it")
	for _, p := range r.Patterns {
		d.patterns = append(d.patterns, def(p.Symbol, "clamd found a virus whose name the operator listed"))
	}
	return d, all
}
