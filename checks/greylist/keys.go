package greylist

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/zbase32"
	"github.com/winnowmail/winnow/mail"
)

// key makes a key of Rspamd's: a prefix and twenty characters of the digest.
func key(prefix string, texts ...string) string { return prefix + zbase32.Digest(texts...)[:20] }

// keys are those that tell the message again.
func (o Options) keys(t *checks.Task) []string {
	list := []string{o.bodyKey(t), o.metaKey(t)}
	return append(list, o.signatureKeys(t)...)
}

// bodyKey knows a message by its content: the body, the subject, the recipients
// and the author. For Rspamd the empty line before the body belongs to it.
func (o Options) bodyKey(t *checks.Task) string {
	m := t.Message()
	body := withLineBefore(m)
	texts := append([]string{string(body[:min(len(body), o.MaxBody)]), m.Header().Text("Subject")}, recipients(m)...)
	author := "<>"
	if from := m.From(); len(from) > 0 {
		author = cmp.Or(from[0].Addr, author)
	}
	return key("rgb", append(texts, author)...)
}

// withLineBefore returns the body with the line end before it.
func withLineBefore(m *mail.Message) []byte {
	raw := m.Raw()
	at := len(raw) - len(m.Body())
	if at > 0 && raw[at-1] == '\n' {
		at--
	}
	if at > 0 && raw[at-1] == '\r' {
		at--
	}
	return raw[at:]
}

// metaKey knows a message by its envelope and the client's network.
func (o Options) metaKey(t *checks.Task) string {
	from := t.Message().EnvelopeFrom().Addr
	if from == "" && !t.Envelope().HasFrom {
		from = "<>"
	}
	return o.envelopeKey(from, recipients(t.Message()), relay.Of(t).IP)
}

func (o Options) envelopeKey(from string, rcpts []string, client netip.Addr) string {
	texts := append([]string{from}, slices.Sorted(slices.Values(rcpts))...)
	bits := o.IPv6Bits
	if client.Is4() {
		bits = o.IPv4Bits
	}
	if p, err := client.Prefix(bits); err == nil {
		texts = append(texts, p.Addr().String())
	}
	return key("rgm", texts...)
}

func recipients(m *mail.Message) []string {
	var list []string
	for _, r := range m.EnvelopeRcpts() {
		list = append(list, r.Addr)
	}
	slices.Sort(list)
	return list
}

// hostKey is where it is noted that mail of the client has passed; "" if that
// does not count. Rspamd has no such key.
func (o Options) hostKey(t *checks.Task) string {
	ip := relay.Of(t).IP
	if o.HostExpire < 0 || !ip.IsValid() || t.Exact() {
		return ""
	}
	return key("rgh", ip.String())
}

// maxSignatures bounds the signatures by which a message is known.
const maxSignatures = 4

// signatureKeys know a message by who signed it, and its recipients. Rspamd has
// no such keys.
func (o Options) signatureKeys(t *checks.Task) []string {
	if o.NoDKIM || t.Exact() {
		return nil
	}
	sigs, _ := dkim.Fact.Get(t)
	var list []string
	for _, s := range sigs {
		if s.Status != "pass" {
			continue
		}
		k := key("rgd", append([]string{mail.DomainKey(s.Domain)}, recipients(t.Message())...)...)
		if !slices.Contains(list, k) && len(list) < maxSignatures {
			list = append(list, k)
		}
	}
	return list
}

// bySignature adds what is known of the signers.
func (o Options) bySignature(ctx context.Context, t *checks.Task, r *record) {
	keys := o.signatureKeys(t)
	if len(keys) == 0 {
		return
	}
	values, err := t.Store().GetMany(ctx, keys)
	if err != nil {
		return // Result.Incomplete names the check.
	}
	for _, v := range values {
		o.judge(t, r, "dkim", v)
	}
	if r.Early != "" {
		r.Early = "dkim"
	}
}
