package sender

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/mail"
)

var (
	missing        = def("MISSING_FROM", 2, "no From header, or an empty one")
	multiple       = def("MULTIPLE_FROM", 8, "From names several addresses")
	invalid        = def("FROM_INVALID", 2, "the address in From is not one by RFC 5321")
	invalid8Bit    = def("INVALID_FROM_8BIT", 6, "the address in From has raw 8-bit characters")
	envInvalid     = def("ENVFROM_INVALID", 2, "the envelope sender is no address by RFC 5321")
	noName         = def("FROM_NO_DN", 0, "From has no display name")
	nameIsAddr     = def("FROM_DN_EQ_ADDR", 1, "the display name in From is the address again")
	hasName        = def("FROM_HAS_DN", 0, "From has a display name")
	nameTitle      = def("FROM_NAME_HAS_TITLE", 1, "the display name in From begins with Mr, Mrs or Dr")
	nameSpaces     = def("FROM_NAME_EXCESS_SPACE", 1, "the display name in From has two spaces in a row")
	eqEnv          = def("FROM_EQ_ENVFROM", 0, "From and the envelope sender are the same")
	neqEnv         = def("FROM_NEQ_ENVFROM", 0, "From and the envelope sender differ")
	toEqFrom       = def("TO_EQ_FROM", 0, "the only recipient in the header is the sender")
	toDomainEqFrom = def("TO_DOM_EQ_FROM_DOM", 0, "the only recipient in the header is in the sender's domain")
	spoofName      = def("SPOOF_DISPLAY_NAME", 8, "the display name in From shows an address in a recipient's domain that is not the sender's")
	otherName      = def("FROM_NEQ_DISPLAY_NAME", 4, "the display name in From shows an address in another domain than the sender's")
	infoToInfo     = def("INFO_TO_INFO_LU", 2, "list mail from an info@ address to an info@ address")
)

func runFrom(_ context.Context, t *checks.Task) error {
	field := t.Message().Header().Get("From")
	if field.Text() == "" {
		t.HitField(missing, field)
	}
	if all := t.Message().From(); len(all) > 1 {
		raws := make([]string, len(all))
		for i := range all {
			raws[i] = all[i].Raw
		}
		t.HitField(multiple, field, raws...)
	}
	env := aliases.EnvelopeFrom(t)
	if env.Addr != "" && !env.Valid {
		t.Hit(envInvalid)
	}
	from := aliases.From(t)
	if len(from) == 0 {
		return nil
	}
	first := &from[0]
	if !first.Valid {
		t.HitField(invalid, field)
	}
	if first.Is8Bit {
		t.HitField(invalid8Bit, field)
	}
	displayName(t, field, first)
	switch {
	case env.Valid && env.Same(first):
		t.HitField(eqEnv, field)
	case env.Addr != "":
		t.HitField(neqEnv, field, first.Addr, env.Addr)
	}
	compareTo(t, field, first)
	shownAddress(t, field, first)
	listToInfo(t, field, first)
	return nil
}

// commented tells a comment between the words of a display name, of which
// Rspamd leaves the spaces around it.
func commented(field *mail.Field, a *mail.Address) bool {
	name, _, _ := strings.Cut(field.Text(), "<")
	open, end := strings.IndexByte(name, '('), strings.LastIndexByte(name, ')')
	return a.Comment != "" && open >= 0 && end > open &&
		strings.TrimSpace(name[:open]) != "" && strings.TrimSpace(name[end+1:]) != ""
}

// displayName judges the form of the display name.
func displayName(t *checks.Task, field *mail.Field, a *mail.Address) {
	switch {
	case a.Name == "":
		t.HitField(noName, field)
		return
	case a.NameIsAddr():
		t.HitField(nameIsAddr, field)
		return
	}
	t.HitField(hasName, field)
	name := strings.ToLower(a.Name)
	if title := titleOf(name); title != "" {
		t.HitField(nameTitle, field, title)
	}
	if t.Exact() && commented(field, a) {
		t.HitField(nameSpaces, field)
		return
	}
	for i := 1; i < len(name); i++ {
		if isSpace(name[i]) && isSpace(name[i-1]) {
			t.HitField(nameSpaces, field)
			break
		}
	}
}

// titleOf returns the title that a lower-case name begins with.
func titleOf(name string) string {
	for _, title := range [...]string{"mrs", "mr", "dr"} {
		if rest, ok := strings.CutPrefix(name, title); ok && rest != "" && (rest[0] == '.' || isSpace(rest[0])) {
			return title
		}
	}
	return ""
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// compareTo compares From with the only recipient.
func compareTo(t *checks.Task, field *mail.Field, from *mail.Address) {
	to := aliases.Recipients(t)
	if len(to) != 1 {
		return
	}
	switch {
	case to[0].Same(from):
		t.HitField(toEqFrom, field)
	case to[0].SameDomain(from):
		t.HitField(toDomainEqFrom, field)
	}
}

// shownAddress looks for an address in the display name.
func shownAddress(t *checks.Task, field *mail.Field, from *mail.Address) {
	if strings.IndexByte(from.Name, '@') < 0 {
		return
	}
	shown := mail.ParseAddressList(from.Name, 1)
	if len(shown) == 0 || strings.IndexByte(shown[0].Domain, '.') < 0 || shown[0].SameDomain(from) {
		return
	}
	d := otherName
	for _, rcpts := range [...][]mail.Address{aliases.Recipients(t), aliases.EnvelopeRcpts(t)} {
		for i := range rcpts {
			if rcpts[i].SameDomain(&shown[0]) {
				d = spoofName
			}
		}
	}
	t.HitField(d, field, options(from.Domain, shown[0].Domain)...)
}

// options drops the empty options.
func options(all ...string) []string {
	kept := all[:0]
	for _, o := range all {
		if o != "" {
			kept = append(kept, o)
		}
	}
	return kept
}

func listToInfo(t *checks.Task, field *mail.Field, from *mail.Address) {
	if !strings.EqualFold(from.User, "info") || !t.Message().Header().Has("List-Unsubscribe") {
		return
	}
	for _, rcpt := range aliases.EnvelopeRcpts(t) {
		if strings.EqualFold(rcpt.User, "info") {
			t.HitField(infoToInfo, field)
			return
		}
	}
}
