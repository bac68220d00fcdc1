package profile

// RspamdExact is Rspamd() to the letter: the checks follow Rspamd 4.1.6, and
// composites its expressions, where they otherwise differ on purpose.
func RspamdExact() Profile {
	p := Rspamd()
	p.Name = "rspamd-exact"
	p.Exact = true
	p.Metric.Expressions = map[string]string{
		"AUTH_NA_OR_FAIL": "!(R_DKIM_NA & R_SPF_NA & DMARC_NA & ARC_NA) & (R_DKIM_NA | R_DKIM_TEMPFAIL | R_DKIM_PERMFAIL) & " +
			"(R_SPF_NA | R_SPF_DNSFAIL) & DMARC_NA & (ARC_NA | ARC_DNSFAIL)",
		"SUSPICIOUS_AUTH_ORIGIN": "(HAS_XOIP | RCVD_FROM_SMTP_AUTH) & " +
			"(!RECEIVED_SPAMHAUS_PBL | RECEIVED_SPAMHAUS_XBL | RECEIVED_SPAMHAUS_SBL | RECEIVED_BLOCKLISTDE)",
	}
	return p
}
