package dmarc

import (
	"context"
	"mime"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Munged is raised when From is rewritten.
var Munged = &symbols.Def{
	Name: "DMARC_MUNGED", Groups: []string{"policies", "dmarc"},
	Doc: "From is rewritten for a mailing list, so that the list's copies pass DMARC",
}

// Munging rewrites From of messages to a mailing list, whose copies fail
// DMARC otherwise: it becomes "Name via list <list@example.org>", and the
// author's address goes to X-Original-From and Reply-To.
type Munging struct {
	// Lists are the addresses of the lists, in any case.
	Lists []string
	// Any rewrites messages that fail DMARC too, not only those that pass.
	Any bool
	// StrictOnly rewrites only messages that pass where the policy is reject
	// or quarantine.
	StrictOnly bool
	// ReplyToList lets answers go to the list instead of the author.
	ReplyToList bool
}

func (m *Munging) check() *checks.Check {
	return &checks.Check{
		Name:     "dmarc_munging",
		Doc:      "rewrites From for mailing lists",
		Symbols:  []*symbols.Def{Munged},
		Requires: checks.Facts(Fact),
		Run:      func(_ context.Context, t *checks.Task) error { m.run(t); return nil },
	}
}

func (m *Munging) run(t *checks.Task) {
	if r, ok := Fact.Get(t); !ok || !m.wants(r) {
		return
	}
	list, ok := m.list(t.Message().Recipients())
	from := t.Message().From()
	if !ok || len(from) == 0 || from[0].Addr == "" {
		return
	}
	author := from[0]
	name := author.Name
	if name == "" {
		name = author.User
	}
	edit := func(name, value string, index int) {
		t.Edit(actions.HeaderEdit{Name: name, Value: mail.FoldHeader(name, value, ""), Index: index})
	}
	reply := address("", author)
	if m.ReplyToList {
		reply = address("", list)
	}
	if f := t.Message().Header().Get("Reply-To"); f != nil {
		reply = strings.TrimSpace(oneLine(f.Value())) + ", " + reply
		t.Edit(actions.HeaderEdit{Remove: true, Name: "Reply-To", Index: 1})
	}
	t.Edit(actions.HeaderEdit{Remove: true, Name: "From"})
	edit("From", address(name+" via "+list.User, list), 1)
	edit("X-Original-From", address(author.Name, author), 0)
	edit("Reply-To", reply, 0)
	t.HitField(Munged, t.Message().Header().Get("From"), author.Addr)
}

func (m *Munging) wants(r Result) bool {
	if m.StrictOnly && (r.Status != StatusPass || r.Policy != "reject" && r.Policy != "quarantine") {
		return false
	}
	return r.Status == StatusPass || m.Any && r.Status == StatusFail
}

// list returns the first recipient that is a list.
func (m *Munging) list(rcpts []mail.Address) (mail.Address, bool) {
	i := slices.IndexFunc(rcpts, func(a mail.Address) bool {
		return a.Domain != "" && slices.ContainsFunc(m.Lists, func(l string) bool { return a.Same(&mail.Address{Addr: l}) })
	})
	if i < 0 {
		return mail.Address{}, false
	}
	return rcpts[i], true
}

// address writes a mailbox (RFC 5322 section 3.4) in ASCII, or in UTF-8 where
// the address itself is.
func address(name string, a mail.Address) string {
	spec := oneLine(a.Addr)
	if strings.ContainsAny(a.User, " \t\"(),:;<>@[\\]") {
		spec = quote(a.User) + "@" + oneLine(a.Domain)
	}
	if name == "" {
		return "<" + spec + ">"
	}
	name = oneLine(name)
	if encoded := mime.QEncoding.Encode("utf-8", name); encoded != name {
		return encoded + " <" + spec + ">"
	}
	if strings.ContainsAny(name, "\"(),.:;<>@[\\]") {
		name = quote(name)
	}
	return name + " <" + spec + ">"
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(oneLine(s)) + `"`
}

// oneLine makes control characters spaces.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
