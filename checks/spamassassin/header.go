package spamassassin

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks/texts"
	"github.com/winnowmail/winnow/mail"
)

// modifiers are what may follow a header's name after a colon.
func modifiers() []string {
	return []string{"raw", "addr", "name", "domain", "user", "first", "last", "case"}
}

// relayHeaders are those that SpamAssassin makes of the Received headers.
func relayHeaders() []string {
	return []string{"x-spam-relays-external", "x-spam-relays-untrusted", "x-spam-relays-trusted", "x-spam-relays-internal"}
}

// knownHeader says why a header with modifiers is not understood.
func knownHeader(what string) error {
	name, mods, _ := strings.Cut(what, ":")
	if name == "" || strings.ContainsAny(name, " \t|") {
		return fmt.Errorf("header %q is not understood", what)
	}
	for m := range strings.SplitSeq(mods, ":") {
		if mods != "" && !slices.Contains(modifiers(), m) {
			return fmt.Errorf("the modifier :%s of a header is not understood", m)
		}
	}
	return nil
}

// headerKey is the key of a header with its modifiers: its name in lower case,
// unless it is one of SpamAssassin's own, whose case counts.
func headerKey(what string) string {
	name, _, _ := strings.Cut(what, ":")
	switch name {
	case "ALL", "EnvelopeFrom", "ToCc", "MESSAGEID":
		return "@" + strings.ToLower(what)
	}
	return strings.ToLower(what)
}

// given says what a pattern looks at that is bound to key: a header with its
// modifiers, or the URLs.
func (e *evaluation) given(key string) []texts.Text {
	if key == "uri" {
		return e.uris()
	}
	list := e.header(key)
	if len(list) == 0 {
		if e.absent == nil {
			e.absent = map[string]bool{}
		}
		e.absent[key] = true
	}
	return list
}

// uris are the URLs as they were found and in their normal form, and addresses
// in texts as mailto.
func (e *evaluation) uris() []texts.Text {
	var out []texts.Text
	m := e.task.Message()
	for _, u := range m.URLs() {
		out = append(out, texts.Text{Text: u.Text, Part: u.Part})
		if u.Raw != u.Text {
			out = append(out, texts.Text{Text: u.Raw, Part: u.Part})
		}
	}
	for _, u := range m.Emails() {
		out = append(out, texts.Text{Text: "mailto:" + u.User + "@" + u.Host, Part: u.Part})
	}
	return out
}

// header gives the values of a header.
func (e *evaluation) header(key string) []texts.Text {
	name, mods, _ := strings.Cut(key, ":")
	m := e.task.Message()
	raw := strings.Contains(mods, "raw")
	switch name {
	case "@all":
		return []texts.Text{{Text: allHeaders(m, raw)}}
	case "@envelopefrom":
		if from := m.EnvelopeFrom(); from.Addr != "" {
			return modified([]texts.Text{{Text: from.Addr}}, mods)
		}
		return nil
	}
	if slices.Contains(relayHeaders(), name) {
		if s := e.relay().header(name); s != "" {
			return []texts.Text{{Text: s}}
		}
		return nil
	}
	var out []texts.Text
	for _, n := range fieldNames(name) {
		for _, f := range m.Header().All(n) {
			text := f.Text()
			if raw {
				text = f.Value()
			}
			out = append(out, texts.Text{Text: text, Field: f})
		}
	}
	return modified(out, mods)
}

// fieldNames spells out SpamAssassin's names for several headers.
func fieldNames(name string) []string {
	switch name {
	case "@tocc":
		return []string{"to", "cc"}
	case "@messageid":
		return []string{"message-id", "resent-message-id", "x-message-id"}
	}
	return []string{name}
}

// allHeaders is the message's header with its values decoded, or as received.
func allHeaders(m *mail.Message, raw bool) string {
	if raw {
		return string(m.Raw()[:len(m.Raw())-len(m.Body())])
	}
	var b strings.Builder
	for _, f := range m.Header().Fields() {
		b.WriteString(f.Name() + ": " + f.Text() + "\n")
	}
	return b.String()
}

// modified applies what stands after colons.
func modified(list []texts.Text, mods string) []texts.Text {
	for m := range strings.SplitSeq(mods, ":") {
		switch m {
		case "first":
			list = list[:min(1, len(list))]
		case "last":
			list = list[max(0, len(list)-1):]
		case "addr", "name", "domain", "user":
			var out []texts.Text
			for _, x := range list {
				for _, a := range mail.ParseAddressList(x.Text, 100) {
					if s := map[string]string{"addr": a.Addr, "name": a.Name, "domain": a.Domain, "user": a.User}[m]; s != "" {
						out = append(out, texts.Text{Text: s, Field: x.Field})
					}
				}
			}
			list = out
		}
	}
	return list
}

// relays are the hops of a message, those of the own networks apart.
type relays struct{ trusted, other []mail.Received }

// relay parts the hops: those from the top on that are of the own networks are
// trusted, and what they took over is all that is known of the rest.
func (e *evaluation) relay() *relays {
	if e.relays != nil {
		return e.relays
	}
	e.relays = &relays{}
	hops := e.task.Message().Received()
	i := 0
	for i < len(hops) && own(hops[i].Addr()) {
		i++
	}
	e.relays.trusted, e.relays.other = hops[:i], hops[i:]
	return e.relays
}

func own(ip netip.Addr) bool {
	return ip.IsValid() && (ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast())
}

func (r *relays) header(name string) string {
	list := r.other
	if strings.HasSuffix(name, "-trusted") || strings.HasSuffix(name, "-internal") {
		list = r.trusted
	}
	var b strings.Builder
	for i := range list {
		h := &list[i]
		ip, auth := "", ""
		if a := h.Addr(); a.IsValid() {
			ip = a.Unmap().String()
		}
		if h.Authenticated {
			auth = h.With
		}
		fmt.Fprintf(&b, "[ ip=%s rdns=%s helo=%s by=%s ident= envfrom= intl=0 id=%s auth=%s msa=0 ] ", ip, h.Seen.Name, h.Said.Helo, h.By, h.ID, auth)
	}
	return strings.TrimSpace(b.String())
}
