// Package composites holds the built-in composites: symbols that are raised
// when an expression over other symbols is true. They join weak signs to a
// strong one, or take back the weight of signs that something else explains.
//
// Expressions and policies are those of Rspamd 4.1.6. One may name symbols that
// no check of a Scanner raises; these are then false.
package composites

import (
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// Default returns new values of the built-in composites.
func Default() []score.Composite {
	var all []score.Composite
	for _, table := range [...][]entry{excuses(), authentication(), origin(), content()} {
		for _, e := range table {
			group := e.groups
			if group == nil {
				group = []string{"composite"}
			}
			all = append(all, score.Composite{
				Def:        &symbols.Def{Name: e.name, Groups: group, Weight: e.weight, Doc: e.doc, MaxShots: 1},
				Expression: e.expression,
				Policy:     e.policy,
			})
		}
	}
	return all
}

// An entry is a composite in short.
type entry struct {
	name       string
	groups     []string // nil: composite
	weight     float64
	policy     score.Policy
	expression string
	doc        string
}

// excuses take back what a mailing list, a forwarder or a known program
// explains.
func excuses() []entry {
	headers := []string{"headers"}
	return []entry{
		{"FORGED_RECIPIENTS_MAILLIST", headers, 0, score.RemoveAll, "FORGED_RECIPIENTS & -MAILLIST",
			"recipients differ from the envelope because a mailing list sent the message"},
		{"FORGED_SENDER_MAILLIST", headers, 0, score.RemoveAll, "FORGED_SENDER & -MAILLIST",
			"the sender differs from the envelope because a mailing list sent the message"},
		{"FORGED_SENDER_FORWARDING", nil, 0, score.RemoveWeight, "FORGED_SENDER & g:forwarding",
			"the sender differs from the envelope because the message was forwarded"},
		{"FORGED_RECIPIENTS_FORWARDING", nil, 0, score.RemoveWeight, "FORGED_RECIPIENTS & g:forwarding",
			"recipients differ from the envelope because the message was forwarded"},
		{"FORGED_SENDER_VERP_SRS", nil, 0, score.RemoveAll, "FORGED_SENDER & (ENVFROM_PRVS | ENVFROM_VERP)",
			"the envelope sender differs because it is tagged"},
		{"FORGED_MUA_MAILLIST", []string{"mua"}, 0, score.RemoveAll, "g:mua & -MAILLIST",
			"a mailing list changed what a mail program wrote"},
		{"BROKEN_HEADERS_MAILLIST", nil, 0, score.RemoveWeight, "BROKEN_HEADERS & -MAILLIST",
			"a mailing list broke the header"},
		{"SPF_FAIL_FORWARDING", nil, 0, score.RemoveWeight, "g:forwarding & (R_SPF_SOFTFAIL | R_SPF_FAIL)",
			"SPF fails because the message was forwarded"},
		{"IP_SCORE_FREEMAIL", nil, 0, score.RemoveWeight, "FREEMAIL_FROM & SENDER_REP_SPAM",
			"the address's reputation says nothing about one user of a free mail provider"},
		{"APPLE_MAILER_COMMON", nil, 0, score.RemoveAll, "APPLE_MAILER & MV_CASE",
			"Apple Mail spells Mime-Version so"},
		{"APPLE_IOS_MAILER_COMMON", nil, 0, score.RemoveAll, "APPLE_IOS_MAILER & (MV_CASE | MIME_MA_MISSING_TEXT)",
			"the iPhone's mail program writes messages of this form"},
		{"INVALID_MSGID_ALLOWED", []string{"mid"}, 0, score.RemoveAll, "~KNOWN_MID & ^INVALID_MSGID",
			"the domain that signed is known for such Message-IDs"},
		{"MISSING_MID_ALLOWED", []string{"mid"}, 0, score.RemoveAll, "~KNOWN_NO_MID & ^MISSING_MID",
			"the domain that signed is known to write no Message-ID"},
	}
}

func authentication() []entry {
	return []entry{
		{"AUTH_NA", nil, 1, score.RemoveWeight, "R_DKIM_NA & R_SPF_NA & DMARC_NA & ARC_NA",
			"the sender's domain has nothing to authenticate its mail with"},
		{"AUTH_NA_OR_FAIL", nil, 1, score.RemoveWeight,
			"R_DKIM_PERMFAIL & !R_DKIM_TEMPFAIL & R_SPF_NA & DMARC_NA & ARC_NA",
			"every way to authenticate the message is missing or failed for good"},
		{"BOUNCE_NO_AUTH", nil, 1, score.RemoveAll, "(AUTH_NA | AUTH_NA_OR_FAIL) & (BOUNCE | SUBJ_BOUNCE_WORDS)",
			"a bounce of a domain that authenticates nothing"},
		{"DKIM_MIXED", nil, 0, score.RemoveWeight, "-R_DKIM_ALLOW & (R_DKIM_TEMPFAIL | R_DKIM_PERMFAIL | R_DKIM_REJECT)",
			"one DKIM signature is good, so the bad ones don't count"},
		{"DMARC_POLICY_ALLOW_WITH_FAILURES", []string{"policies", "dmarc"}, -0.5, score.RemoveWeight,
			"DMARC_POLICY_ALLOW & (R_SPF_SOFTFAIL | R_SPF_FAIL | R_DKIM_REJECT)",
			"DMARC passes by one of SPF and DKIM, the other fails"},
		{"BAD_REP_POLICIES", nil, 0.1, score.RemoveAll,
			"(~g-:policies) & (-g+:fuzzy | -g+:statistics | -g+:surbl | -g+:rbl)",
			"the message is authentic, but of a bad sender or with bad content"},
		{"VIOLATED_DIRECT_SPF", nil, 3.5, score.Leave, "(R_SPF_FAIL | R_SPF_SOFTFAIL) & (RCVD_COUNT_ZERO | RCVD_NO_TLS_LAST)",
			"SPF fails for a message that came directly or without TLS"},
		{"RCVD_DKIM_ARC_DNSWL_MED", nil, -0.5, score.Leave, "(R_DKIM_ALLOW | ARC_ALLOW) & RCVD_IN_DNSWL_MED",
			"signed and from a server with medium trust at DNSWL"},
		{"RCVD_DKIM_ARC_DNSWL_HI", nil, -1, score.Leave, "(R_DKIM_ALLOW | ARC_ALLOW) & RCVD_IN_DNSWL_HI",
			"signed and from a server with high trust at DNSWL"},
		{"RCVD_UNAUTH_PBL", nil, 2, score.Leave, "RECEIVED_SPAMHAUS_PBL & !RCVD_VIA_SMTP_AUTH",
			"relayed from an address of end users that did not log in"},
	}
}

func origin() []entry {
	compromised, scams := []string{"compromised_hosts"}, []string{"scams"}
	return []entry{
		{"SUSPICIOUS_AUTH_ORIGIN", nil, 0, score.Leave,
			"(HAS_XOIP | RCVD_FROM_SMTP_AUTH) & " +
				"(!(RECEIVED_SPAMHAUS_PBL | SPAMHAUS_FAIL | RECEIVED_SPAMHAUS_BLOCKED | RECEIVED_SPAMHAUS_BLOCKED_OPENRESOLVER)" +
				" | RECEIVED_SPAMHAUS_XBL | RECEIVED_SPAMHAUS_SBL | RECEIVED_BLOCKLISTDE)",
			"a user logged in from an address that is listed or not of end users"},
		{"ABUSE_FROM_INJECTOR", compromised, 2, score.Leave,
			"SUSPICIOUS_AUTH_ORIGIN & (RCVD_HELO_USER | FAKE_REPLY | HAS_IPFS_GATEWAY_URL | HTML_SHORT_LINK_IMG_1)",
			"a suspicious login sends what stolen accounts send"},
		{"COMPROMISED_ACCT_BULK", compromised, 3, score.Leave, "(HAS_XOIP | RCVD_FROM_SMTP_AUTH) & DCC_BULK",
			"a single user sends bulk mail: the account is probably stolen"},
		{"UNDISC_RCPTS_BULK", nil, 3, score.Leave, "DCC_BULK & (MISSING_TO | R_UNDISC_RCPT)",
			"bulk mail that hides its recipients"},
		{"HACKED_WP_PHISHING", compromised, 4.5, score.Leave,
			"(HAS_X_POS | HAS_PHPMAILER_SIG) & HAS_WP_URI & (PHISHING | CRACKED_SURBL | PH_SURBL_MULTI | DBL_PHISH | " +
				"DBL_ABUSE_PHISH | URIBL_BLACK | PHISHED_OPENPHISH | PHISHED_PHISHTANK)",
			"phishing that a hacked WordPress site sent"},
		{"AUTOGEN_PHP_SPAMMY", nil, 1, score.Leave,
			"(HAS_X_POS | HAS_PHPMAILER_SIG | HAS_X_PHP_SCRIPT) & (SUBJECT_ENDS_QUESTION | SUBJECT_ENDS_EXCLAIM | MANY_INVISIBLE_PARTS)",
			"a PHP script sent the message, and it has signs of spam"},
		{"FREEMAIL_REPLYTO_NEQ_FROM", nil, 2, score.Leave,
			"FREEMAIL_REPLYTO & !REPLYTO_EQ_FROM & !REPLYTO_ADDR_EQ_FROM & !FREEMAIL_REPLYTO_NEQ_FROM_DOM",
			"answers go to another address than From, at a free mail provider"},
		{"FREEMAIL_AFF", scams, 4, score.Leave,
			"(FREEMAIL_FROM | FREEMAIL_ENVFROM | FREEMAIL_REPLYTO | FREEMAIL_MDN) & " +
				"(TO_DN_RECIPIENTS | R_UNDISC_RCPT | CD_MM_BODY) & " +
				"(INTRODUCTION | FROM_NAME_HAS_TITLE | FREEMAIL_REPLYTO_NEQ_FROM_DOM | SUBJECT_HAS_CURRENCY)",
			"advance fee fraud by way of a free mail provider"},
		{"SUSPICIOUS_MDN", scams, 2, score.Leave, "(FREEMAIL_MDN | DISPOSABLE_MDN) & !(FREEMAIL_FROM | FREEMAIL_ENVFROM)",
			"the receipt goes to a free or disposable mailbox, the message is of another domain"},
	}
}

func content() []entry {
	return []entry{
		{"SHORT_PART_BAD_HEADERS", []string{"blankspam"}, 7, score.Leave, "MISSING_ESSENTIAL_HEADERS & SINGLE_SHORT_PART",
			"hardly any header and hardly any text"},
		{"PHISH_EMOTION", nil, 1, score.Leave,
			"(PHISHING | DBL_PHISH | PHISHED_OPENPHISH | PHISHED_PHISHTANK) & (SUBJECT_ENDS_QUESTION | SUBJECT_ENDS_EXCLAIM)",
			"phishing with a subject that wants to stir up"},
		{"HAS_ANON_DOMAIN", nil, 0.1, score.Leave, "HAS_GUC_PROXY_URI | URIBL_RED | DBL_ABUSE_REDIR | HAS_ONION_URI",
			"links that hide who owns their target"},
		{"SUSPICIOUS_URL_IN_SUSPICIOUS_MESSAGE", nil, 1, score.Leave,
			"(REDIRECTOR_URL | HAS_ANON_DOMAIN | HAS_IPFS_GATEWAY_URL) & (-g+:fuzzy | -g+:statistics | -g+:surbl | -g+:rbl)",
			"links that hide their target in a message that is suspicious otherwise"},
		{"REDIRECTOR_URL_ONLY", nil, 1, score.Leave, "HFILTER_URL_ONLY & REDIRECTOR_URL",
			"the message is nothing but a link that hides its target"},
		{"LEAKED_PASSWORD_SCAM", []string{"scams"}, 7, score.Leave,
			"BITCOIN_ADDR & (LEAKED_PASSWORD_SCAM_RE | R_MIXED_CHARSET | R_EMPTY_IMAGE)",
			"extortion: a bitcoin address beside words or tricks of that scam"},
		{"MIME_BAD_EXT_IN_OBFUSCATED_ARCHIVE", nil, 8, score.Leave, "MIME_BAD_EXTENSION and MIME_OBFUSCATED_ARCHIVE",
			"a dangerous file in an archive that hides what it is"},
		{"MIME_BAD_EXT_WITH_BAD_UNICODE", nil, 8, score.Leave, "MIME_BAD_EXTENSION and MIME_BAD_UNICODE",
			"a dangerous file whose name hides its extension by Unicode tricks"},
	}
}
