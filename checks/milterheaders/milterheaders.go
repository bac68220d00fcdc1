// Package milterheaders adds headers that tell whoever reads the delivered
// message what the scan found: score and symbols, the action, a bar of plus
// signs, Authentication-Results. The routines, their names and their headers
// are those of Rspamd 4.1.6's milter_headers; like there, nothing is added
// until routines are named, and mail of local clients and of users is left
// alone unless the options say otherwise.
//
// The headers are edits of the verdict (winnow.Verdict.Edits): a milter turns
// them into commands, /checkv2 replies with them, winnow.Apply writes them.
package milterheaders

import (
	"context"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
)

// Use are the routines that settings choose for a message, in place of Options.Use.
// Names of none are passed over.
var Use = checks.Fact[[]string]{Name: "milter_headers"}

// New returns the family that adds the headers.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "milter_headers", Doc: "adds headers that tell what the scan found", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	if use := o.routines(); len(use) > 0 {
		f.Checks = []*checks.Check{{
			Name:     "milter_headers",
			Doc:      f.Doc,
			Stage:    checks.Late,
			Priority: 10,
			Requires: append(checks.Facts(authheader.Facts()...), checks.Facts(Use)...),
			Run:      func(_ context.Context, t *checks.Task) error { o.run(t, use); return nil },
		}}
	}
	return f
}

// run decides which routines write for this message; they do so when there is
// a verdict.
func (o Options) run(t *checks.Task, use []string) {
	var todo []string
	if own, ok := Use.Get(t); ok {
		use = own
	}
	for _, name := range use {
		switch {
		case !slices.Contains(Routines(), name):
		case o.skips(t, name):
		case name == authenticationResults:
			if by := t.DecidedBy(); by == nil || !by.Test {
				o.AuthRes.Add(t)
			}
		default:
			todo = append(todo, name)
		}
	}
	if len(todo) == 0 {
		return
	}
	queueID, server := t.Envelope().QueueID, o.Server
	if server == "" {
		server = t.Envelope().MTAName
	}
	t.EditJudged(func(v *checks.Judged) []actions.HeaderEdit {
		if v.By != nil && v.By.Test { // as Rspamd, which looks no further then
			return nil
		}
		w := writer{o: o, v: v, queueID: queueID, server: server}
		for _, name := range todo {
			w.routine(name)
		}
		return w.edits
	})
}

// skips reports whether a routine leaves this message alone.
func (o Options) skips(t *checks.Task, name string) bool {
	if len(o.ExtendedRcpts) > 0 && o.extended(t.Envelope().Rcpts) {
		return false
	}
	return !o.Local && relay.Of(t).Local && !slices.Contains(o.LocalHeaders, name) ||
		!o.Authenticated && t.Authenticated() && !slices.Contains(o.AuthenticatedHeaders, name)
}

// extended reports whether all recipients are in ExtendedRcpts.
func (o Options) extended(rcpts []string) bool {
	for _, r := range rcpts {
		key := mail.AddressKey(r)
		user, domain := key, ""
		if at := strings.LastIndexByte(key, '@'); at >= 0 {
			user, domain = key[:at], key[at:]
		}
		if !slices.ContainsFunc(o.ExtendedRcpts, func(e string) bool {
			switch at := strings.LastIndexByte(e, '@'); {
			case at < 0:
				return e == user
			case at == 0:
				return mail.DomainKey(e[1:]) == strings.TrimPrefix(domain, "@")
			}
			return mail.AddressKey(e) == key
		}) {
			return false
		}
	}
	return len(rcpts) > 0
}
