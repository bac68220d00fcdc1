package received

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	once       = def("ONCE_RECEIVED", 0.1, "the message passed one server at most")
	onceStrict = def("ONCE_RECEIVED_STRICT", 4, "the message passed one server at most and came from a name that dial-up customers have")
	directToMX = def("DIRECT_TO_MX", 0, "a mail program delivered the message itself, from an address without name")
)

// OnceOptions are about mail straight from its sender.
type OnceOptions struct {
	// Off leaves the family out.
	Off bool
	// Good and Bad are words in client names, lower case: Good those of
	// servers, whose mail raises nothing ("mail" if nil), Bad those of dial-up
	// customers ("static" and "dynamic" if nil).
	Good, Bad []string
	// Whitelist are clients that are not looked at.
	Whitelist []netip.Prefix
	// CheckLocal and CheckAuthenticated also look at local clients and at those
	// that logged in.
	CheckLocal, CheckAuthenticated bool
}

// Validate returns what is wrong with the options.
func (o OnceOptions) Validate() error {
	v := valid.Of("once_received")
	v.Words("Good", o.Good)
	v.Words("Bad", o.Bad)
	v.Networks("Whitelist", o.Whitelist)
	return v.Err()
}

// NewOnce returns the family once_received, about mail straight from its
// sender.
func NewOnce(o OnceOptions) *checks.Family {
	f := &checks.Family{Name: "once_received", Doc: "mail straight from its sender", Err: o.Validate()}
	if o.Off || f.Err != nil {
		f.Config = o
		return f
	}
	if o.Good == nil {
		o.Good = []string{"mail"}
	}
	if o.Bad == nil {
		o.Bad = []string{"static", "dynamic"}
	}
	f.Config = o
	f.Checks = []*checks.Check{{
		Name:     "once-received",
		Doc:      "mail straight from its sender",
		Symbols:  []*symbols.Def{once, onceStrict, directToMX},
		Requires: checks.Facts(relay.Fact, rdns.Fact),
		Run:      func(_ context.Context, t *checks.Task) error { return o.run(t) },
	}}
	return f
}

// run counts servers for mail from strangers, as Rspamd 4.1.6: a mail program
// on a client without a name says so, unless the look-up of that failed; a client whose name is not a server's
// counts twice unless the newest header knows it by such a name. If nothing is
// known of the connection, it raises nothing.
func (o OnceOptions) run(t *checks.Task) error {
	if o.skips(t) {
		return nil
	}
	hops := t.Message().Hops()
	if countReal(hops) > 1 {
		return nil
	}
	name := rdns.Name(t)
	if name == "" {
		if r, _ := rdns.Fact.Get(t); relay.Of(t).IP.IsValid() && (!r.Failed || t.Exact()) {
			t.Hit(once)
			hitProgram(t)
		}
		return nil
	}
	if wordIn(name, o.Good) != "" {
		return nil
	}
	h := symbols.Hit{Def: once, Factor: 1}
	if len(hops) > 0 {
		h.Evidence = checks.Field(hops[0].Field)
	}
	bad := wordIn(name, o.Bad)
	if bad == "" && o.doubtful(hops) {
		h.Factor = 2
	}
	t.HitAt(h)
	if bad != "" {
		t.HitAt(symbols.Hit{Def: onceStrict, Factor: 1, Options: []string{bad}, Evidence: h.Evidence})
	}
	return nil
}

// doubtful reports whether there is a newest hop and the client's name in it is
// no server's.
func (o OnceOptions) doubtful(hops []mail.Received) bool {
	return len(hops) > 0 && wordIn(strings.ToLower(hops[0].Seen.Name), o.Good) == ""
}

// hitProgram raises DIRECT_TO_MX when a mail program names itself.
func hitProgram(t *checks.Task) {
	for _, name := range [...]string{"User-Agent", "X-Mailer"} {
		if f := t.Message().Header().Get(name); f != nil {
			t.HitField(directToMX, f, f.Text())
			return
		}
	}
}

// wordIn returns the first of words that name contains, "" for none.
func wordIn(name string, words []string) string {
	for _, p := range words {
		if strings.Contains(name, p) {
			return p
		}
	}
	return ""
}

// skips reports whether the client is one not to look at.
func (o OnceOptions) skips(t *checks.Task) bool {
	c := relay.Of(t)
	if t.Authenticated() && !o.CheckAuthenticated || c.Local && !o.CheckLocal {
		return true
	}
	return slices.ContainsFunc(o.Whitelist, func(p netip.Prefix) bool { return p.Contains(c.IP.Unmap()) })
}
