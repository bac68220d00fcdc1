package milterheaders

import (
	"maps"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/internal/valid"
)

// Options says which headers are added. The zero value adds none.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Extended switches x-spamd-result, x-rspamd-server, x-rspamd-queue-id and
	// x-rspamd-action on ("extended_spam_headers" of Rspamd).
	Extended bool
	// Use names the routines, besides those of Extended, in the order in which
	// they write; see Routines for all.
	Use []string
	// Server is the host's name in X-Rspamd-Server; "" means the envelope's
	// MTAName, and without that the header is left out.
	Server string
	// Local and Authenticated also write for clients of the own networks, and
	// for those that logged in; the lists do so for single routines.
	Local, Authenticated               bool
	LocalHeaders, AuthenticatedHeaders []string
	// ExtendedRcpts are addresses, local parts, or domains with an @ before
	// them: mail to these alone gets the headers whoever sent it.
	ExtendedRcpts []string
	// Headers changes the defaults of routines, by their names.
	Headers map[string]Header
	// Add are the fields of the routine add-headers, Remove the names of those
	// that remove-headers takes away.
	Add    []Field
	Remove []string
	// AuthRes says how authentication-results writes.
	AuthRes authheader.Options
}

// A Header is what can be changed of one routine; zero fields leave what it
// has.
type Header struct {
	Name string // of the field
	// Keep leaves the fields of that name that the message came with; else they
	// are removed, since anybody may have written them.
	Keep bool
	// Value is what spam-header writes; "" is "Junk".
	Value string
	// Char is what x-spam-level repeats, "" being "*". Positive, Negative and
	// Neutral are the same for x-spamd-bar: "+", "-" and "/".
	Char, Positive, Negative, Neutral string
	// Symbols are those of x-virus, which writes the first option of each.
	Symbols []string
	// ByName sorts the symbols of x-spamd-result by name; else those that count
	// most come first.
	ByName bool
}

// A Field is a header field to add.
type Field struct{ Name, Value string }

const (
	xSpamdResult          = "x-spamd-result"
	xRspamdServer         = "x-rspamd-server"
	xRspamdQueueID        = "x-rspamd-queue-id"
	xRspamdAction         = "x-rspamd-action"
	xSpamdBar             = "x-spamd-bar"
	xSpamLevel            = "x-spam-level"
	xSpamStatus           = "x-spam-status"
	xVirus                = "x-virus"
	spamHeader            = "spam-header"
	addHeaders            = "add-headers"
	removeHeaders         = "remove-headers"
	authenticationResults = "authentication-results"
)

// defaults are the routines with the names of their headers.
func defaults() map[string]string {
	return map[string]string{
		xSpamdResult: "X-Spamd-Result", xRspamdServer: "X-Rspamd-Server", xRspamdQueueID: "X-Rspamd-Queue-Id",
		xRspamdAction: "X-Rspamd-Action", xSpamdBar: "X-Spamd-Bar", xSpamLevel: "X-Spam-Level", xSpamStatus: "X-Spam-Status",
		xVirus: "X-Virus", spamHeader: "Deliver-To", addHeaders: "", removeHeaders: "", authenticationResults: "",
	}
}

// Routines lists the names of the routines, sorted.
func Routines() []string {
	return slices.Sorted(maps.Keys(defaults()))
}

// missing says why a routine of Rspamd is none here.
func missing(name string) string {
	switch name {
	case "remove-spam-flag", "remove-header":
		return "X-Spam always goes, and remove-headers takes any other"
	case "x-os-fingerprint", "my-x-os-fingerprint":
		return "external_services raises P0F with the client's system, and no header tells of it"
	case "fuzzy-hashes", "stat-signature":
		return "winnow has no such hashes"
	}
	return ""
}

// header is what a routine writes with.
func (o Options) header(name string) Header {
	h := o.Headers[name]
	for field, value := range map[*string]string{
		&h.Name: defaults()[name], &h.Value: "Junk", &h.Char: "*", &h.Positive: "+", &h.Negative: "-", &h.Neutral: "/",
	} {
		if *field == "" {
			*field = value
		}
	}
	return h
}

// routines are those to run, in order and once each.
func (o Options) routines() []string {
	var use []string
	if o.Extended {
		use = append(use, xSpamdResult, xRspamdServer, xRspamdQueueID, xRspamdAction)
	}
	for _, name := range o.Use {
		if !slices.Contains(use, name) {
			use = append(use, name)
		}
	}
	return use
}

// WritesAuthRes reports whether Authentication-Results is among the headers.
func (o Options) WritesAuthRes() bool {
	return !o.Off && slices.Contains(o.Use, authenticationResults)
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("milter_headers")
	for i, name := range o.Use {
		known(v, valid.At("Use", i), name)
	}
	for i, name := range o.LocalHeaders {
		known(v, valid.At("LocalHeaders", i), name)
	}
	for i, name := range o.AuthenticatedHeaders {
		known(v, valid.At("AuthenticatedHeaders", i), name)
	}
	v.Words("ExtendedRcpts", o.ExtendedRcpts)
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		h, field := o.Headers[name], valid.Key("Headers", name)
		known(v, field, name)
		v.If(h.Name != "" && !fieldName(h.Name), field+".Name", "%q is no field name", h.Name)
		for _, s := range []string{h.Value, h.Char, h.Positive, h.Negative, h.Neutral} {
			v.If(!printable(s), field, "%q does not fit into a header", s)
		}
	}
	for i, f := range o.Add {
		v.If(!fieldName(f.Name), valid.At("Add", i)+".Name", "%q is no field name", f.Name)
		v.If(!printable(f.Value), valid.At("Add", i)+".Value", "%q does not fit into a header", f.Value)
	}
	for i, name := range o.Remove {
		v.If(!fieldName(name), valid.At("Remove", i), "%q is no field name", name)
	}
	v.If(!printable(o.Server), "Server", "%q does not fit into a header", o.Server)
	v.If(slices.Contains(o.Use, xVirus) && len(o.Headers[xVirus].Symbols) == 0, `Headers["x-virus"].Symbols`, "missing: x-virus writes what they found")
	v.If(slices.Contains(o.Use, addHeaders) && len(o.Add) == 0, "Add", "missing: add-headers writes these")
	v.If(slices.Contains(o.Use, removeHeaders) && len(o.Remove) == 0, "Remove", "missing: remove-headers takes these away")
	if err := o.AuthRes.Validate(); err != nil {
		v.Add("AuthRes", "%w", err)
	}
	return v.Err()
}

// known wants a routine's name.
func known(v *valid.Fields, field, name string) {
	if _, ok := defaults()[name]; ok {
		return
	}
	if why := missing(name); why != "" {
		v.Add(field, "no routine %q: %s", name, why)
		return
	}
	v.Add(field, "no routine %q%s", name, nearest.Hint(name, slices.Values(Routines())))
}

func fieldName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' })
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f })
}

// removal takes away what the message came with under a name.
func removal(name string) actions.HeaderEdit { return actions.HeaderEdit{Remove: true, Name: name} }
