package settings

// callbacks are names by which Rspamd's settings turn whole modules on and off:
// the symbols of the functions that raise the others. They are not raised here,
// and stand for the family that does the work.
func callbacks() map[string]string {
	return map[string]string{
		"ALIASES_CHECK": "aliases", "ARC_CALLBACK": "arc", "ARC_CHECK": "arc", "ASN_CHECK": "asn", "DKIM_CHECK": "dkim", "DKIM_SIGNED": "dkim_signing",
		"DMARC_CALLBACK": "dmarc", "DMARC_CHECK": "dmarc", "FORGED_CALLBACK": "forged_recipients", "GREYLIST_CHECK": "greylist", "GREYLIST_SAVE": "greylist",
		"HFILTER_CHECK": "hfilter", "KNOWN_MID_CALLBACK": "mid", "MIME_TYPES_CALLBACK": "mime_types", "MX_CHECK": "mx_check", "NEURAL_CHECK": "neural",
		"RATELIMIT_CHECK": "ratelimit", "RBL_CALLBACK": "rbl", "RDNS_CHECK": "rdns", "REPLIES_CHECK": "replies", "SPAMTRAP_CHECK": "spamtrap",
		"SPF_CHECK": "spf", "URL_SUSPECT_CHECK": "urls", "CHARTABLE_CHECK": "chartable", "MAILLIST_CHECK": "maillist",
	}
}
