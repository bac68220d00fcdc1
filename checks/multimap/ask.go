package multimap

import (
	"context"
	"net/netip"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/relay"
)

// maxKeys bounds the keys that a table is asked about in one scan.
const maxKeys = 256

// ask asks the rule's table about values. A table that does not answer has none of
// them.
func (r *rule) ask(ctx context.Context, t *checks.Task, values []value) (found []match) {
	var keys []string
	of := map[string]int{} // the value of a key
	add := func(key string, n int) {
		if _, dup := of[key]; !dup && len(keys) < maxKeys && key != "" {
			keys, of[key] = append(keys, key), n
		}
	}
	for n, v := range values {
		if v.ip.IsValid() {
			for _, key := range networks(v.ip) {
				add(key, n)
			}
			continue
		}
		for _, s := range v.texts {
			add(s, n)
			for _, other := range spellings(s) {
				add(other, n)
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	got, err := r.Table.Lookup(ctx, r.table(t), keys)
	if err != nil {
		t.Log().Debug("a table does not answer", "symbol", r.Symbol, "err", err)
		return nil
	}
	for _, key := range keys {
		if entry, ok := got[key]; ok {
			found = append(found, match{Symbol: r.Symbol, Value: of[key], Entry: entry})
		}
	}
	return found
}

// networks returns an address and the networks that have it, from the narrowest on,
// down to those that Rspamd asks about.
func networks(ip netip.Addr) []string {
	list := []string{ip.String()}
	least := 64
	if ip.Is4() {
		least = 8
	}
	for bits := ip.BitLen(); bits >= least; bits-- {
		p, _ := ip.Prefix(bits)
		list = append(list, p.String())
	}
	return list
}

// table returns the name of the table to ask, with what stands for parts of the
// message.
func (r *rule) table(t *checks.Task) string {
	if !strings.Contains(r.Name, "${") {
		return r.Name
	}
	rcpt, from := aliases.EnvelopeRcpts(t), aliases.EnvelopeFrom(t)
	if len(rcpt) == 0 {
		rcpt = aliases.Recipients(t)
	}
	pairs := []string{"${ip}", "", "${from}", from.Addr, "${from_domain}", from.Domain, "${principal_recipient}", "", "${principal_recipient_domain}", ""}
	if ip := relay.Of(t).IP; ip.IsValid() {
		pairs[1] = ip.Unmap().String()
	}
	if len(rcpt) > 0 {
		pairs[7], pairs[9] = rcpt[0].Addr, rcpt[0].Domain
	}
	return strings.NewReplacer(pairs...).Replace(r.Name)
}
