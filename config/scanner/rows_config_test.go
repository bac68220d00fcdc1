package scanner

// ownConfig is what stands in for the files of the tests' configurations, beside
// the facts of the rows.
func ownConfig(name string) string {
	return map[string]string{
		"settings.conf": `settings {
			empty_symbols_enabled { ip = "5.5.5.5"; apply { symbols_enabled = []; } }
		}`,
		"settings_merge.conf": `settings {
			merge_profile { id = "merge_profile"; apply { symbols_enabled = [MERGE_TEST_BASIC, MERGE_HARD_DEP, MERGE_WEAK_DEP]; } }
		}`,
		"force_actions.conf": `actions { unknown_weight = 1; }
		force_actions { rules {
			FORCE_REJECT_TO_ADD_HEADER { action = "add header"; expression = "UBER_REJECT"; require_action = ["reject"]; }
			FORCE_NO_ACTION_TO_REJECT { action = "reject"; expression = "UBER_HAM"; require_action = ["no action"]; }
			FORCE_ADD_HEADER_TO_NO_ACTION { action = "no action"; expression = "UBER_ADD_HEADER"; require_action = ["add header"]; }
		} }
		settings {
			id_reject { apply { symbols { UBER_REJECT = 100500.0; } } }
			id_no_action { apply { symbols { UBER_HAM = 1.0; } } }
			id_add_header { apply { actions { reject = 100500; "add header" = 50500; } symbols { UBER_ADD_HEADER = 50500.0; } } }
		}`,
		"composites.conf":         `composites { EXPRESSIONS { expression = "(EXPRESSIONS_A | ~EXPRESSIONS_B) & !EXPRESSIONS_C"; score = 5.0; } }`,
		"dynamic_composites.conf": `composites { dynamic = "maps/dynamic_composites.map.1"; }`,
		"milter_headers.conf": `milter_headers {
			use = [remove-headers, x-spam-level, x-spamd-bar, x-virus];
			routines {
				remove-headers { headers { "X-Spam-Level" = 0; } }
				x-spamd-bar { header = "My-Spamd-Bar"; remove = null; }
				x-virus { symbols = [SIMPLE_TEST]; }
			}
		}
		settings { id_milter_headers_override { apply { plugins { milter_headers { routines = [authentication-results, x-spam-level]; } } } } }`,
		"spamassassin.conf": `spamassassin { rules = "$RULES"; }`,
		"hfilter.conf":      `hfilter { helo_enabled = true; }`,
		"grow_factor.conf":  `actions { reject = 15; "add header" = 6; greylist = 4; }`,
		"whitelist.conf": `group whitelist {
			max_score = 100; min_score = -100;
			symbols { WHITELIST_DMARC { weight = -2; } WHITELIST_DMARC_DKIM { weight = -2; } BLACKLIST_DMARC { weight = 2; } BLACKLIST_DMARC_DKIM { weight = 2; } BLACKLIST_SPF { weight = 1; } }
		}
		group policies { max_score = 100; symbols { R_SPF_ALLOW { weight = 1; } R_DKIM_REJECT { weight = 1; } } }`,
		"regexp_maps.conf": `multimap {
			ADVANCE_FEE_SA_RULES { type = "regexp_rules"; map = "maps/advance_fee_rules.map"; }
			SA_SELECTOR_RULES { type = "regexp_rules"; map = "maps/sa_selector_rules.map"; }
		}`,
		"merged.conf": mergedConfig,
	}[name]
}

// mergedConfig are the rules of the configuration that most of the tests share and
// that no row names. The hash that its lists have in Lua is written as their keys.
const mergedConfig = `
aliases {
	enabled = true; system_aliases = "maps/test_unix_aliases.map"; virtual_aliases = "maps/test_virtual_aliases.map";
	local_domains = [example.com, mail.example.com, internal.example.com]; max_recursion_depth = 10;
	expand_multiple = true; enable_gmail_rules = true; enable_plus_aliases = true;
}
mid { source { url = ["maps/mid.list"]; } }
mime_types { extension_map { html = "text/html"; pdf = ["application/octet-stream", "application/pdf"]; } filename_whitelist = "maps/mime_types.wl"; }
phishing { strict_domains { STRICT_PHISHING = ["maps/strict.phishing"]; STRICTER_PHISHING = ["maps/stricter.phishing"]; } }
spf { external_relay = ["maps/external_relay_ip.list"]; }
multimap {
	DYN_MULTIMAP { type = "hostname"; map = "maps/dynamic_symbols.map"; dynamic_symbols = true; regexp = true; score = 1.0; }
}
rbl { url_whitelist = ["rspamd-test.com"]; rbls {
	fake {
		from = true; ipv4 = true; ipv6 = true; received = true; rbl = "fake.rbl"; symbol = "FAKE_RBL_UNKNOWN"; unknown = true; returncodes_matcher = "regexp";
		symbols_prefixes { received = 'FAKE_RECEIVED_RBL'; from = 'FAKE_RBL'; } returncodes { CODE_2 = '^127\.0\.0\.2$'; CODE_3 = '^127\.0\.0\.3$'; }
	}
	fake_whitelist {
		from = true; ipv4 = true; ipv6 = true; received = true; is_whitelist = true; rbl = "fake.wl"; symbol = "FAKE_WL_RBL_UNKNOWN"; unknown = true;
		returncodes { FAKE_WL_RBL_CODE_2 = "127%.0%.0%.2"; FAKE_WL_RBL_CODE_3 = "127%.0%.0%.3"; }
	}
} }
surbl { whitelist = ["rspamd-test.com"]; rules {
	DBL { suffix = "test2.uribl"; no_ip = true; check_emails = true; check_dkim = true; ips { DBL_SPAM = "127.0.1.2"; DBL_PHISH = "127.0.1.4"; } }
	URIBL_MULTI { suffix = "test3.uribl"; check_dkim = true; check_emails = true; bits { URIBL_BLOCKED = 1; URIBL_BLACK = 2; URIBL_GREY = 4; URIBL_RED = 8; } }
	SPAMHAUS_ZEN_URIBL { suffix = "test4.uribl"; resolve_ip = true; check_emails = true; ips {
		URIBL_SBL = "127.0.0.2"; URIBL_SBL_CSS = "127.0.0.3"; URIBL_XBL = ["127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7"];
		URIBL_PBL = ["127.0.0.10", "127.0.0.11"]; URIBL_DROP = "127.0.0.9";
	} }
} }
emails { whitelist = ["rspamd-test.com"]; }
url_suspect { enabled = true; }
`

// caseRules are rules of SpamAssassin that the rows of its module name.
const caseRules = `
freemail_domains outlook.com hotmail.com
header FREEMAIL_FROM eval:check_freemail_from()
header FREEMAIL_ENVFROM_END_DIGIT eval:check_freemail_header('EnvelopeFrom', '\d@')
header FREEMAIL_SUBJECT eval:check_freemail_header('Subject')
header TEST_XFOO X-Foo =~ /.{1,50}/
header TEST_XBAR X-Bar =~ /.{1,50}/
meta TEST_META1 TEST_XFOO && TEST_XBAR
meta TEST_META2 TEST_META1 && SIMPLE_TEST
meta TEST_META4 TEST_META2 && TEST_XBAR
header USER_IN_BLACKLIST eval:check_from_in_blacklist()
header USER_IN_WHITELIST eval:check_from_in_whitelist()
header USER_IN_BLACKLIST_TO eval:check_to_in_blacklist()
header USER_IN_WHITELIST_TO eval:check_to_in_whitelist()
blacklist_to xxx@example.com
blacklist_from yy@example.com
`
