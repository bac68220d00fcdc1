// Package headers looks at a message's header as a whole: which fields are
// there, how often, how their names are spelled, and a few values that are
// telling by themselves. Fields with a family of their own (Subject,
// Message-ID, addresses, Received, mail programs) are not looked at here.
package headers

import (
	"context"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "headers", Doc: "presence, structure and values of header fields", Checks: []*checks.Check{
		{
			Name:    "headers-structure",
			Doc:     "fields that must occur once, fields that are missing, odd spelling of field names",
			Symbols: structureSymbols(),
			Run:     runStructure,
		},
		{
			Name:    "headers-presence",
			Doc:     "fields whose mere existence says something about the sender",
			Symbols: presenceSymbols(),
			Run:     runPresence,
		},
		{
			Name:    "headers-values",
			Doc:     "telling values of From, Reply-To, Subject and Content-Type",
			Symbols: []*symbols.Def{httpURLInFrom, noSpaceInFrom, replyToQuoteYahoo, fakeReply, stoxReplyType},
			Run:     runValues,
		},
	}}
}

func runPresence(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	for _, p := range present {
		for _, name := range p.names {
			if f := h.Get(name); f != nil {
				t.HitField(p.def, f)
				break
			}
		}
	}
	if f := h.Find("content-description", isMailMessageBody); f != nil {
		t.HitField(cdMMBody, f)
	}
	if f := interspire(h); f != nil {
		t.HitField(hasInterspireSig, f)
	}
	return nil
}
