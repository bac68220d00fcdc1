package standard_test

import (
	"net/netip"
	"testing"

	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
)

// seenAndSaid are hops of a relay that saw 192.0.2.77 and whose client, or its
// host, said 198.51.100.1.
func seenAndSaid() []string {
	return []string{
		"from [192.0.2.77] (helo=[198.51.100.1])\n by mail.corp.example with esmtp (Exim 4.96) id 1",
		"from [192.0.2.77] (helo=pc ident=[198.51.100.1])\n by mail.corp.example with esmtp (Exim 4.96) id 1",
		"from unknown (HELO [198.51.100.1]) (192.0.2.77)\n by mail.corp.example with SMTP",
		"from unknown (HELO pc) (198.51.100.1@192.0.2.77)\n by mail.corp.example with SMTP",
		"from [198.51.100.1] (unknown [192.0.2.77])\n by mail.corp.example (Postfix) with ESMTP id 1",
		"from pc (x [198.51.100.1]) (unknown [192.0.2.77])\n by mail.corp.example with ESMTP id 1",
		"from [192.0.2.77] ([198.51.100.1])\n by mail.corp.example (chasquid) with ESMTP",
	}
}

// Behind a relay of the host's own, SPF, DMARC and lists judge the address that
// the relay saw, in the form of each server, and never one that the client
// said (RFC 5321 section 4.4).
func TestRelayedForms(t *testing.T) {
	const dns = `
said.example TXT "v=spf1 ip4:198.51.100.1 -all"
_dmarc.said.example TXT "v=DMARC1; p=reject"
seen.example TXT "v=spf1 ip4:192.0.2.77 -all"
_dmarc.seen.example TXT "v=DMARC1; p=reject"
77.2.0.192.zen.spamhaus.org A 127.0.0.2
1.100.51.198.list.dnswl.org A 127.0.10.3
`
	rules := []relay.Rule{
		{Symbol: "OWN_RELAY", Strategy: relay.IPMap, Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.9/32")}},
		{Symbol: "OWN_RELAY", Strategy: relay.Count, Count: 2},
	}
	domains := []struct {
		name             string
		present, missing []string
	}{
		{"said.example", []string{"OWN_RELAY", "R_SPF_FAIL", "RBL_SPAMHAUS_SBL"}, []string{"R_SPF_ALLOW", "DMARC_POLICY_ALLOW", "RCVD_IN_DNSWL_HI"}},
		{"seen.example", []string{"OWN_RELAY", "R_SPF_ALLOW", "DMARC_POLICY_ALLOW"}, []string{"R_SPF_FAIL", "DMARC_POLICY_REJECT"}},
	}
	for _, rule := range rules {
		o := standard.Options{Relays: relay.Options{Rules: []relay.Rule{rule}}}
		for _, hop := range seenAndSaid() {
			for _, d := range domains {
				got := scan(t, o, dns, relayed(hop, d.name), relayEnvelope(d.name))
				for _, name := range d.present {
					if !has(got, name) {
						t.Errorf("%s, %s, %s: no %s in %v", rule.Strategy, hop, d.name, name, got)
					}
				}
				for _, name := range d.missing {
					if has(got, name) {
						t.Errorf("%s, %s, %s: %s", rule.Strategy, hop, d.name, name)
					}
				}
			}
		}
	}
}

func relayed(hop, domain string) string {
	return "Received: from mail.corp.example (mail.corp.example [203.0.113.9])\n by mx.example.net with ESMTP id 2; Fri, 27 Nov 2026 03:00:01 +0000\n" +
		"Received: " + hop + "; Fri, 27 Nov 2026 03:00:00 +0000\nFrom: Anna <anna@" + domain + ">\nTo: bob@example.net\nSubject: papers\n\nHello Bob.\n"
}

func relayEnvelope(domain string) mail.Envelope {
	return mail.Envelope{
		ClientIP: netip.MustParseAddr("203.0.113.9"), Helo: "mail.corp.example", ClientName: "mail.corp.example",
		From: "anna@" + domain, HasFrom: true, Rcpts: []string{"bob@example.net"},
	}
}
